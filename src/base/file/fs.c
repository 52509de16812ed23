/* fs.c: paths, folders, whole-file reads. */
#include "base/fs.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file/retry.h"
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

vg_status vg_fs_holds(const char *path, bool *exists) {
  char target[512];
  vg_status st = vg_fs_exists(path, exists);
  const ssize_t n = st || *exists ? -1 : readlink(path, target, sizeof target - 1);
  return n < 0 ? st
               : vg_fail(VG_DATA, "%s: cannot open: it is a link to %.*s, which is not there", path, (int)n,
                         target);
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
      /* For an existing folder below a read-only parent, mkdir() sets EROFS or EACCES, not EEXIST. */
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

vg_status vg_fs_remove(const char *path) {
  return unlink(path) && errno != ENOENT ? vg_fail_errno(path, "cannot remove") : VG_OK;
}

vg_status vg_fs_truncate(const char *path, uint64_t bytes) {
  return vg_truncate_again(path, (off_t)bytes) ? vg_fail_errno(path, "cannot truncate") : VG_OK;
}
