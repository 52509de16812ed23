/* mem.h: allocation with overflow checks and a switch for tests that fail each one in turn.
 *
 * All return NULL after setting VG_MEMORY's message; free with vg_free() (NULL is legal).
 * Zero elements give a valid one-byte block, so that NULL always means failure.
 */
#ifndef VOXGAN_MEM_H
#define VOXGAN_MEM_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/text.h"

#ifdef __cplusplus
extern "C" {
#endif

void *vg_malloc(size_t count, size_t size);
void *vg_calloc(size_t count, size_t size);
/* On failure the old block stays valid and owned by the caller. */
void *vg_realloc(void *p, size_t count, size_t size);
char *vg_strdup(const char *s);

#define VG_NEW(type) ((type *)vg_calloc(1, sizeof(type)))
#define VG_NEW_N(type, n) ((type *)vg_calloc((size_t)(n), sizeof(type)))

/* Asks the kernel for huge pages within a large block, be it from here or not; vg_malloc() does so itself. */
void vg_mem_prefer_huge_pages(void *p, size_t bytes);

/* Makes the n-th allocation from now fail (1 = the next), and all after it; 0 turns this off. */
void vg_mem_fail_after(long n);
/* Blocks allocated and not yet freed, over all threads. */
long vg_mem_live(void);
/* Highest resident set of this process, in bytes (getrusage). */
size_t vg_mem_peak_rss(void);

#ifdef __cplusplus
}
#endif
#endif
