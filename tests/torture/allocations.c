/* allocations.c: a preloaded library that makes one allocation of the voxel column fail, for the tests.
 *
 *     ALLOC=N LD_PRELOAD=allocations.so voxgan ...
 *
 * The N-th allocation (from 1) by the program, libvoxgan, the libraries below it or the C library on their
 * behalf gives NULL with ENOMEM. ALLOC_COUNT=FILE: nothing fails; at the end FILE has the number of
 * allocations.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *malloc(size_t), *calloc(size_t, size_t), *realloc(void *, size_t);

static const char *const ours[] = {"libvoxgan", "libcjson", "libdeflate", "libpng",
                                   "libz.",     "libznz",   "libnifti",   "libc."};
static struct range { uintptr_t from, to; } ranges[64];
static int n_ranges;
static atomic_long made;
static long which;
static const char *count_file;

static int note(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  int wanted = !*info->dlpi_name; /* the program itself has no name */
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) wanted |= strstr(info->dlpi_name, ours[i]) != NULL;
  for (int i = 0; wanted && i < info->dlpi_phnum && n_ranges < 64; i++) {
    const ElfW(Phdr) *p = info->dlpi_phdr + i;
    if (p->p_type != PT_LOAD || !(p->p_flags & PF_X)) continue;
    const uintptr_t from = info->dlpi_addr + p->p_vaddr;
    ranges[n_ranges++] = (struct range){from, from + p->p_memsz};
  }
  return 0;
}

__attribute__((constructor)) static void start(void) {
  const char *n = getenv("ALLOC");
  count_file = getenv("ALLOC_COUNT");
  if (!n && !count_file) return;
  dl_iterate_phdr(note, NULL);
  atomic_store(&made, 0);
  which = n ? atol(n) : 0;
}

__attribute__((destructor)) static void end(void) {
  const long n = atomic_load(&made);
  FILE *f = count_file ? fopen(count_file, "w") : NULL;
  if (f) fprintf(f, "%ld\n", n), fclose(f);
}

static int fails(const void *caller) {
  const uintptr_t at = (uintptr_t)caller;
  for (int i = 0; i < n_ranges; i++) {
    if (at < ranges[i].from || at >= ranges[i].to) continue;
    if (atomic_fetch_add(&made, 1) + 1 != which) return 0;
    errno = ENOMEM;
    return 1;
  }
  return 0;
}

void *malloc(size_t n) {
  return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}
void *calloc(size_t n, size_t size) {
  return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}
void *realloc(void *p, size_t n) {
  return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}
