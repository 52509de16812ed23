/* fs_write.c: files that appear whole or not at all, links, and lines that reach the disk. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file/partial.h"
#include "base/file/retry.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

/* Whole buffer or false with errno. */
static bool write_all(int fd, const void *bytes, size_t len) {
  for (const char *from = bytes; len;) {
    /* Linux takes at most 2 GiB - 4 KiB a call. */
    ssize_t put = write(fd, from, len < ((size_t)1 << 30) ? len : (size_t)1 << 30);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    from += put;
    len -= (size_t)put;
  }
  return true;
}

static vg_status fail_write(const char *path, size_t len) {
  char text[VG_ERRNO_TEXT];
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
    return vg_fail(VG_IO, "%s: cannot write %zu bytes: %s", path, len, vg_errno_text(errno, text));
  return vg_fail_errno(path, "cannot write");
}

/* Opens path's folder, for sync_folder. This comes before anything is written: where it lacks memory, nothing
 * has happened yet. *fd is -1 where the folder does not open; writing then names the fault, or the folder is
 * writable and not readable. */
static vg_status open_folder_of(const char *path, int *fd) {
  char *dir = vg_fs_dirname(path);
  *fd = dir ? vg_open_again(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  vg_free(dir);
  return dir ? VG_OK : VG_MEMORY;
}

/* Makes the names in a folder survive a power failure, where its file system can. False with errno. */
static bool sync_folder(int fd) {
  return fd < 0 || !vg_fsync_again(fd) || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

static void close_folder(int fd) {
  if (fd >= 0) close(fd);
}

vg_status vg_fs_link(const char *target, const char *path) {
  struct stat from, there;
  vg_status st = VG_OK;
  char *whole = realpath(target, NULL), *tmp = NULL;
  if (!whole || stat(whole, &from)) {
    st = vg_fail_errno(target, "cannot open");
  } else if (!lstat(path, &there) && there.st_dev == from.st_dev && there.st_ino == from.st_ino) {
    st = vg_fail(VG_IO, "%s: a link in its place would lead to itself", path);
  } else if (!symlink(whole, path)) {
    /* nothing was there */
  } else if (errno != EEXIST) {
    st = vg_fail_errno(path, "cannot make a link");
  } else if (!(tmp = vg_partial_name(path))) {
    st = VG_MEMORY;
  } else if (symlink(whole, tmp)) {
    st = vg_fail_errno(path, "cannot make a link");
  } else if (rename(tmp, path)) {
    st = vg_fail_errno(path, "cannot make a link");
    unlink(tmp);
  }
  vg_free(tmp);
  free(whole); /* the C library's */
  return st;
}

/* Gives the whole file its name; false with errno. */
typedef bool place_file(const char *from, const char *to);

static bool replace(const char *from, const char *to) {
  return !rename(from, to);
}

/* On a file system without hard links: takes the name first. */
static bool place_reserved(const char *from, const char *to) {
  if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE)) return true;
  if (errno == EEXIST || errno == ENOENT) return false;
  int fd = vg_open_again(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
  return fd >= 0 && !vg_close_once(fd) && !rename(from, to);
}

/* EEXIST where the name is taken. A server of NFS may have made the link although its answer was lost. */
static bool place_new(const char *from, const char *to) {
  struct stat s;
  bool made = !link(from, to);
  const int fault = errno;
  if (!made) made = !stat(from, &s) && s.st_nlink == 2;
  if (made) {
    (void)unlink(from);
    return true;
  }
  errno = fault;
  return fault != EEXIST && fault != ENOENT && place_reserved(from, to);
}

/* One try: writes beside path, fsyncs, places. False with errno. */
static bool write_once(const char *path, const void *bytes, size_t len, place_file *place, vg_status *st) {
  vg_partial tmp;
  if ((*st = vg_partial_open(path, &tmp)) != VG_OK) {
    return false;
  }
  /* The copy holds the lock until the file has its name; closing the first one shows late faults of writing.
   */
  const int held = fcntl(tmp.fd, F_DUPFD_CLOEXEC, 0);
  bool good = write_all(tmp.fd, bytes, len) && !vg_fsync_again(tmp.fd);
  int fault = errno;
  if (vg_close_once(tmp.fd) && good) good = false, fault = errno;
  if (good && !place(tmp.path, path)) good = false, fault = errno;
  if (!good) unlink(tmp.path);
  if (held >= 0) close(held);
  vg_free(tmp.path);
  errno = fault;
  return good;
}

static vg_status write_placed(const char *path, const void *bytes, size_t len, place_file *place) {
  int folder = -1;
  vg_status st = open_folder_of(path, &folder);
  if (st) return st;
  bool good = false;
  /* ENOENT: where locks fail now and then, a sweep may have removed the file. */
  for (int i = 0; i < 3 && !good && (!i || errno == ENOENT) && st != VG_MEMORY; i++)
    good = write_once(path, bytes, len, place, &st);
  if (good && !sync_folder(folder)) good = false;
  const int fault = errno;
  if (st != VG_MEMORY) st = good ? VG_OK : fail_write(path, len);
  close_folder(folder);
  errno = fault;
  return st;
}

vg_status vg_fs_write_atomic(const char *path, const void *bytes, size_t len) {
  return write_placed(path, bytes, len, replace);
}

vg_status vg_fs_write_new(const char *path, const void *bytes, size_t len, bool *made) {
  vg_status st = write_placed(path, bytes, len, place_new);
  *made = !st;
  return st == VG_IO && errno == EEXIST ? VG_OK : st;
}

vg_status vg_fs_append(const char *path, const void *bytes, size_t len) {
  bool exists;
  int folder = -1;
  vg_status st = vg_fs_exists(path, &exists);
  if (!st && !exists) st = open_folder_of(path, &folder);
  if (st) return st;
  /* O_NONBLOCK: a pipe in its place would be waited for. */
  int fd = vg_open_again(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK);
  bool good = fd >= 0 && write_all(fd, bytes, len) && !vg_fsync_again(fd);
  if (!good) st = fail_write(path, len);
  if (fd >= 0 && vg_close_once(fd) && good) st = fail_write(path, len);
  if (!st && !sync_folder(folder)) st = fail_write(path, len);
  close_folder(folder);
  return st;
}

vg_status vg_fs_append_line(const char *path, const char *line) {
  char *text = vg_format("%s\n", line);
  vg_status st = text ? vg_fs_append(path, text, strlen(text)) : VG_MEMORY;
  vg_free(text);
  return st;
}

vg_status vg_fs_require_writable_dir(const char *path) {
  vg_status st = vg_fs_make_dirs(path);
  if (st) return st;
  /* A file without a name, which nothing can leave behind. Not every file system has such. */
  const int fd = vg_open_again(path, O_TMPFILE | O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    return VG_OK;
  }
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
    return vg_fail_errno(path, "cannot write into folder");
  char *probe = vg_fs_join(path, ".voxgan");
  vg_partial file;
  if (!probe) return VG_MEMORY;
  st = vg_partial_open(probe, &file);
  if (st == VG_IO) st = vg_fail_errno(path, "cannot write into folder");
  if (!st) {
    unlink(file.path);
    close(file.fd);
    vg_free(file.path);
  }
  vg_free(probe);
  return st;
}
