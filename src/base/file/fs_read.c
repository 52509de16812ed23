/* fs_read.c: the door through which files are read. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file/retry.h"
#include "base/fs.h"
#include "base/mem.h"

static const char *kind_of(mode_t mode) {
  return S_ISDIR(mode)    ? "a folder"
         : S_ISFIFO(mode) ? "a pipe"
         : S_ISSOCK(mode) ? "a socket"
         : S_ISCHR(mode)  ? "a device"
         : S_ISBLK(mode)  ? "a device"
                          : "of an unknown kind";
}

vg_status vg_file_open(const char *path, vg_file *f) {
  struct stat s;
  vg_status st = VG_OK;
  *f = (vg_file){-1, 0};
  /* Opening a pipe waits for its writer, unless O_NONBLOCK is set; for regular files it has no meaning. */
  int fd = vg_open_again(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && errno == ENXIO) return vg_fail(VG_IO, "%s: cannot read: is a socket or a device", path);
  if (fd < 0) return vg_fail_errno(path, "cannot open");
  if (fstat(fd, &s))
    st = vg_fail_errno(path, "cannot read");
  else if (!S_ISREG(s.st_mode))
    st = vg_fail(VG_IO, "%s: cannot read: is %s", path, kind_of(s.st_mode));
  if (st)
    close(fd);
  else
    *f = (vg_file){fd, (uint64_t)s.st_size};
  return st;
}

void vg_file_close(vg_file *f) {
  if (f->fd >= 0) close(f->fd);
  f->fd = -1;
}

/* As much as there is, up to n bytes. Linux takes at most 2 GiB - 4 KiB a call. */
static vg_status read_some(const vg_file *f, const char *path, uint64_t at, char *to, size_t n, size_t *got) {
  for (*got = 0; *got < n;) {
    const size_t want = n - *got < ((size_t)1 << 30) ? n - *got : (size_t)1 << 30;
    const ssize_t now = pread(f->fd, to + *got, want, (off_t)(at + *got));
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return vg_fail_errno(path, "cannot read");
    if (!now) break;
    *got += (size_t)now;
  }
  return VG_OK;
}

vg_status vg_file_read(const vg_file *f, const char *path, uint64_t at, void *to, size_t n) {
  size_t got;
  vg_status st = read_some(f, path, at, to, n, &got);
  if (!st && got < n)
    st = vg_fail(VG_IO, "%s: cannot read: has become shorter since it was opened (%llu bytes then)", path,
                 (unsigned long long)f->size);
  return st;
}

static vg_status fail_size(const char *path, uint64_t most) {
  return vg_fail(VG_DATA, "%s: larger than the %llu bytes allowed", path, (unsigned long long)most);
}

static vg_status read_all(const char *path, const vg_file *f, uint64_t most, void **bytes, size_t *len) {
  /* The size is a hint: the files of /proc have none, and a file may grow. */
  size_t cap = (size_t)f->size + 1, n = 0;
  if (f->size > most) return fail_size(path, most);
  char *buf = vg_malloc(cap, 1);
  if (!buf) return vg_fail_in(VG_MEMORY, "%s", path);
  for (;;) {
    size_t got;
    vg_status st = read_some(f, path, n, buf + n, cap - n, &got);
    n += got;
    if (!st && n > most) st = fail_size(path, most);
    if (st) {
      vg_free(buf);
      return st;
    }
    if (n < cap) break;
    char *more = vg_realloc(buf, cap + 65536 + cap / 2, 1);
    if (!more) {
      vg_free(buf);
      return vg_fail_in(VG_MEMORY, "%s", path);
    }
    buf = more;
    cap += 65536 + cap / 2;
  }
  buf[n] = '\0';
  *bytes = buf;
  *len = n;
  return VG_OK;
}

vg_status vg_fs_read_most(const char *path, uint64_t most, void **bytes, size_t *len) {
  vg_file f;
  vg_status st = vg_file_open(path, &f);
  if (st) return st;
  st = read_all(path, &f, most, bytes, len);
  vg_file_close(&f);
  return st;
}

vg_status vg_fs_read_optional(const char *path, void **bytes, size_t *len) {
  bool exists;
  *bytes = NULL;
  *len = 0;
  vg_status st = vg_fs_exists(path, &exists);
  return st || !exists ? st : vg_fs_read(path, bytes, len);
}

vg_status vg_fs_read(const char *path, void **bytes, size_t *len) {
  return vg_fs_read_most(path, PTRDIFF_MAX - 65536, bytes, len);
}
