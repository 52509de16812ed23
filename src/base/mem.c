/* mem.c: counted and checked allocation, with failures on demand for tests. */
#include "base/mem.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "voxgan/status.h"

static atomic_long live_blocks;
static atomic_long fail_at, fail_count;
static atomic_bool fail_once;

/* Volumes are written once from end to end. With 4 KiB pages, the page faults at first touch cost as much as
 * the work itself. A smaller block contains few whole huge pages. */
#define HUGE_PAGE ((uintptr_t)2 << 20)
#define HUGE_FROM ((size_t)4 << 20)

void vg_mem_prefer_huge_pages(void *p, size_t bytes) {
  if (bytes < HUGE_FROM) return;
  uintptr_t from = ((uintptr_t)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
  uintptr_t to = ((uintptr_t)p + bytes) & ~(HUGE_PAGE - 1);
  if (to > from) madvise((void *)from, to - from, MADV_HUGEPAGE); /* only a hint: failure does no harm */
}

static bool must_fail(void) {
  long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
  if (!at) return false;
  const long now = atomic_fetch_add(&fail_count, 1) + 1;
  return atomic_load_explicit(&fail_once, memory_order_relaxed) ? now == at : now >= at;
}

static bool bytes_of(size_t count, size_t size, size_t *bytes) {
  if (__builtin_mul_overflow(count, size, bytes) || *bytes > PTRDIFF_MAX) {
    vg_fail(VG_MEMORY, "out of memory: %zu x %zu bytes wanted", count, size);
    return false;
  }
  if (!*bytes) *bytes = 1;
  return true;
}

static void *counted(void *p, size_t bytes) {
  if (!p) {
    vg_fail(VG_MEMORY, "out of memory: %zu bytes wanted", bytes);
    return NULL;
  }
  atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
  vg_mem_prefer_huge_pages(p, bytes);
  return p;
}

void *vg_malloc(size_t count, size_t size) {
  size_t bytes;
  if (!bytes_of(count, size, &bytes)) return NULL;
  return counted(must_fail() ? NULL : malloc(bytes), bytes);
}

void *vg_calloc(size_t count, size_t size) {
  size_t bytes;
  if (!bytes_of(count, size, &bytes)) return NULL;
  return counted(must_fail() ? NULL : calloc(1, bytes), bytes);
}

void *vg_realloc(void *p, size_t count, size_t size) {
  size_t bytes;
  if (!p) return vg_malloc(count, size);
  if (!bytes_of(count, size, &bytes)) return NULL;
  void *q = must_fail() ? NULL : realloc(p, bytes);
  if (!q) vg_fail(VG_MEMORY, "out of memory: %zu bytes wanted", bytes);
  return q;
}

char *vg_strdup(const char *s) {
  size_t n = strlen(s) + 1;
  char *copy = vg_malloc(n, 1);
  if (copy) memcpy(copy, s, n);
  return copy;
}

void vg_free(void *p) {
  if (!p) return;
  atomic_fetch_sub_explicit(&live_blocks, 1, memory_order_relaxed);
  free(p);
}

static void fail(long n, bool once) {
  if (n) atomic_store(&fail_count, 0);
  atomic_store(&fail_once, once);
  atomic_store(&fail_at, n > 0 ? n : 0);
}

void vg_mem_fail_after(long n) {
  fail(n, false);
}

void vg_mem_fail_once(long n) {
  fail(n, true);
}

long vg_mem_asked(void) {
  return atomic_load(&fail_count);
}

long vg_mem_live(void) {
  return atomic_load(&live_blocks);
}

/* getrusage() counts what ran in this process before exec too: the memory of the program that started this
 * one, such as a Python with large libraries. The kernel's VmHWM begins with the program. */
size_t vg_mem_peak_rss(void) {
  char piece[256]; /* of a line: that of a user's groups may be long */
  size_t kib = 0;
  FILE *f = fopen("/proc/self/status", "re");
  while (f && !kib && fgets(piece, sizeof piece, f))
    if (!strncmp(piece, "VmHWM:", 6)) kib = strtoul(piece + 6, NULL, 10);
  if (f) fclose(f);
  if (kib) return kib * 1024;
  struct rusage use;
  return getrusage(RUSAGE_SELF, &use) ? 0 : (size_t)use.ru_maxrss * 1024;
}
