/* mem.h: allocation with overflow checks, and a switch for tests that lets each allocation fail in turn.
 *
 * On failure all return NULL and set VG_MEMORY's message. Free blocks with vg_free() (NULL is legal). A
 * request for zero elements returns a valid one-byte block, so NULL always means failure.
 */
#ifndef VOXGAN_MEM_H
#define VOXGAN_MEM_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

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

/* Asks the kernel for huge pages in a large block from any allocator. vg_malloc() calls it. */
void vg_mem_prefer_huge_pages(void *p, size_t bytes);

/* Makes the n-th allocation from now (1: the next) and all later ones fail; 0 turns this off. */
void vg_mem_fail_after(long n);
/* Makes only the n-th fail, which finds code that goes on without what it could not get. */
void vg_mem_fail_once(long n);
/* The number of allocations since one of these two was called with another number than 0. */
long vg_mem_asked(void);
/* The number of live blocks, over all threads. */
long vg_mem_live(void);
/* The largest resident set of this program so far, in bytes. */
size_t vg_mem_peak_rss(void);

#ifdef __cplusplus
}
#endif
#endif
