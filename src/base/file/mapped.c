/* mapped.c: files of the cache mapped into memory, read-only. */
#include <sys/mman.h>
#include "base/fs.h"

vg_status vg_map_open(const char *path, vg_map *map) {
  vg_file f;
  vg_status st = vg_file_open(path, &f);
  *map = (vg_map){NULL, 0};
  if (st) return st;
  if (f.size) {
    void *p = mmap(NULL, (size_t)f.size, PROT_READ, MAP_SHARED, f.fd, 0);
    if (p == MAP_FAILED)
      st = vg_fail_errno(path, "cannot map");
    else
      *map = (vg_map){p, (size_t)f.size};
  }
  vg_file_close(&f);
  return st;
}

void vg_map_release(vg_map *map) {
  if (map->bytes) munmap((void *)(uintptr_t)map->bytes, map->len);
  *map = (vg_map){NULL, 0};
}
