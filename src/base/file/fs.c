/* fs.c: paths, folders, atomic and appending writes. */
#include "base/fs.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/str.h"

static bool means_absent(int fault) {
  return fault == ENOENT || fault == ENOTDIR;
}

vg_status vg_fs_exists(const char *path, bool *exists) {
  struct stat s;
  *exists = !stat(path, &s);
  return *exists || means_absent(errno) ? VG_OK : vg_fail_errno(path, "cannot look at it");
}

vg_status vg_fs_is_dir(const char *path, bool *is_dir) {
  struct stat s;
  const bool exists = !stat(path, &s);
  *is_dir = exists && S_ISDIR(s.st_mode);
  return exists || means_absent(errno) ? VG_OK : vg_fail_errno(path, "cannot look at it");
}

int vg_fs_unreadable(const char *path) {
  return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) ? errno : 0;
}

vg_status vg_fs_make_dirs(const char *path) {
  vg_status st = VG_OK;
  char *part = vg_strdup(path);
  if (!part) return VG_MEMORY;
  for (char *c = part + 1; *part; c++) {
    if (*c && *c != '/') continue;
    char kept = *c;
    *c = '\0';
    if (mkdir(part, 0777)) {
      int fault = errno;
      /* A read-only parent that is there already answers EROFS or EACCES, not EEXIST. */
      bool is_dir;
      st = vg_fs_is_dir(part, &is_dir);
      if (!st && !is_dir) {
        errno = fault == EEXIST ? ENOTDIR : fault;
        st = vg_fail_errno(part, "cannot make folder");
      }
      if (st) break;
    }
    *c = kept;
    if (!kept) break;
  }
  vg_free(part);
  return st;
}

vg_status vg_fs_require_writable_dir(const char *path) {
  vg_status st = vg_fs_make_dirs(path);
  if (st) return st;
  char *probe = vg_format("%s/.voxgan-XXXXXX", path);
  if (!probe) return VG_MEMORY;
  int fd = mkstemp(probe);
  if (fd < 0) {
    st = vg_fail_errno(path, "cannot write into folder");
  } else {
    close(fd);
    unlink(probe);
  }
  vg_free(probe);
  return st;
}

char *vg_fs_join(const char *dir, const char *name) {
  if (!*dir || *name == '/') return vg_strdup(name);
  return vg_format("%s%s%s", dir, vg_ends_with(dir, "/") ? "" : "/", name);
}

const char *vg_fs_basename(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *vg_fs_dirname(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return vg_strdup(".");
  if (slash == path) return vg_strdup("/");
  return vg_format("%.*s", (int)(slash - path), path);
}

bool vg_fs_within(const char *path, const char *dir) {
  char *whole = realpath(dir, NULL), *at = vg_strdup(path);
  struct stat here;
  bool within = false;
  /* The leading part of path that exists. */
  for (char *up; at && stat(at, &here); at = up) {
    up = strcmp(at, "/") && strcmp(at, ".") ? vg_fs_dirname(at) : NULL;
    vg_free(at);
  }
  char *real = at ? realpath(at, NULL) : NULL;
  if (whole && real) {
    size_t n = strcmp(whole, "/") ? strlen(whole) : 0;
    within = !strncmp(real, whole, n) && (!real[n] || real[n] == '/');
  }
  free(whole); /* the C library's */
  free(real);
  vg_free(at);
  return within;
}

vg_status vg_fs_size(const char *path, uint64_t *bytes) {
  struct stat s;
  if (stat(path, &s)) return vg_fail_errno(path, "cannot open");
  *bytes = (uint64_t)s.st_size;
  return VG_OK;
}

/* Writes the whole buffer, or returns false with errno set. */
static bool write_all(int fd, const void *bytes, size_t len) {
  for (const char *from = bytes; len;) {
    /* Linux writes at most 2 GiB - 4 KiB a call. */
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

/* The name of a file before its rename. The serial number distinguishes the threads of one process. */
static char *partial_path(const char *path) {
  static atomic_uint serial;
  return vg_format("%s.tmp.%ld.%u", path, (long)getpid(), atomic_fetch_add(&serial, 1));
}

/* Opens path's folder for sync_folder. This happens before any write, so that a lack of memory fails before
 * anything has changed. *fd is -1 if the folder cannot be opened. Then either the write fails too and names
 * the fault, or the folder is writable but not readable. */
static vg_status open_folder_of(const char *path, int *fd) {
  char *dir = vg_fs_dirname(path);
  *fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  vg_free(dir);
  return dir ? VG_OK : VG_MEMORY;
}

/* Makes the names in a folder survive a power failure, if the file system supports it. Returns false with
 * errno set. */
static bool sync_folder(int fd) {
  return fd < 0 || !fsync(fd) || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
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
    st = vg_fail(VG_IO, "%s: cannot make a link: it would point to itself", path);
  } else if (!(tmp = partial_path(path))) {
    st = VG_MEMORY;
  } else if (symlink(whole, tmp) || rename(tmp, path)) {
    st = vg_fail_errno(path, "cannot make a link");
    unlink(tmp);
  }
  vg_free(tmp);
  free(whole); /* the C library's */
  return st;
}

vg_status vg_fs_write_atomic(const char *path, const void *bytes, size_t len) {
  int folder = -1;
  char *tmp = partial_path(path);
  vg_status st = tmp ? open_folder_of(path, &folder) : VG_MEMORY;
  if (st) goto out;
  int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    st = fail_write(path, len);
    goto out;
  }
  bool good = write_all(fd, bytes, len) && !fsync(fd);
  int fault = errno;
  if (close(fd) && good) good = false, fault = errno;
  if (good && rename(tmp, path)) good = false, fault = errno;
  if (!good) {
    unlink(tmp);
    errno = fault;
    st = fail_write(path, len);
  } else if (!sync_folder(folder)) {
    st = fail_write(path, len);
  }
out:
  close_folder(folder);
  vg_free(tmp);
  return st;
}

vg_status vg_fs_append(const char *path, const void *bytes, size_t len) {
  bool exists;
  int folder = -1;
  vg_status st = vg_fs_exists(path, &exists);
  if (!st && !exists) st = open_folder_of(path, &folder);
  if (st) return st;
  /* O_NONBLOCK: a pipe in its place would be waited for. */
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
  bool good = fd >= 0 && write_all(fd, bytes, len) && !fsync(fd);
  if (!good) st = fail_write(path, len);
  if (fd >= 0 && close(fd) && good) st = fail_write(path, len);
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

vg_status vg_fs_remove(const char *path) {
  return unlink(path) && errno != ENOENT ? vg_fail_errno(path, "cannot remove") : VG_OK;
}

vg_status vg_fs_truncate(const char *path, uint64_t bytes) {
  return truncate(path, (off_t)bytes) ? vg_fail_errno(path, "cannot truncate") : VG_OK;
}

size_t vg_fs_partial(const char *path) {
  size_t n = strlen(path), dots = 0;
  while (n && (isdigit((unsigned char)path[n - 1]) || path[n - 1] == '.')) dots += path[--n] == '.';
  return dots == 2 && n > 4 && !memcmp(path + n - 4, ".tmp", 4) ? n - 4 : 0;
}

vg_status vg_fs_sweep(const char *dir) {
  DIR *d = opendir(dir);
  if (!d) return vg_fail_errno(dir, "cannot read folder");
  vg_status st = VG_OK;
  for (const struct dirent *e; !st && (e = readdir(d));)
    if (vg_fs_partial(e->d_name) && unlinkat(dirfd(d), e->d_name, 0) && errno != ENOENT)
      st = vg_fail_in(vg_fail_errno(e->d_name, "cannot remove"), "%s", dir);
  closedir(d);
  return st;
}
