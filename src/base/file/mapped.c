/* mapped.c: files mapped into memory, read-only. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fs.h"

vg_status vg_map_open(const char *path, vg_map *map) {
  vg_status st = VG_OK;
  struct stat s;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return vg_fail_errno(path, "cannot open");
  *map = (vg_map){NULL, 0};
  if (fstat(fd, &s)) {
    st = vg_fail_errno(path, "cannot read");
  } else if (!S_ISREG(s.st_mode)) {
    st = vg_fail(VG_IO, "%s: cannot map: not a regular file", path);
  } else if (s.st_size) {
    void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
      st = vg_fail_errno(path, "cannot map");
    else
      *map = (vg_map){p, (size_t)s.st_size};
  }
  close(fd);
  return st;
}

void vg_map_release(vg_map *map) {
  if (map->bytes) munmap((void *)(uintptr_t)map->bytes, map->len);
  *map = (vg_map){NULL, 0};
}
