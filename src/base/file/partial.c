/* partial.c: names and locks of half-written files, and the removal of those without a writer. */
#include "base/file/partial.h"
#include "base/file/retry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/str.h"

#define MARK ".tmp."
#define DIGITS 16

bool vg_random_hex(char hex[17]) {
  uint64_t bits;
  ssize_t got;
  do got = getrandom(&bits, sizeof bits, 0);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)sizeof bits) return false;
  snprintf(hex, 17, "%016llx", (unsigned long long)bits);
  return true;
}

bool vg_no_locks(int fault) {
  return fault == ENOLCK || fault == ENOSYS || fault == EOPNOTSUPP || fault == ENOTSUP;
}

char *vg_partial_name(const char *path) {
  char hex[17];
  return vg_random_hex(hex) ? vg_format("%s" MARK "%s", path, hex) : NULL;
}

/* True where the file is the writer's alone. A sweep may have taken it for a dead one just after it was made.
 */
static bool is_kept(int fd) {
  struct stat s;
  if (vg_flock_again(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) return false;
  return fstat(fd, &s) || s.st_nlink > 0;
}

vg_status vg_partial_open(const char *path, vg_partial *out) {
  for (int i = 0; i < VG_PARTIAL_TRIES; i++) {
    *out = (vg_partial){-1, vg_partial_name(path)};
    if (!out->path) return VG_MEMORY;
    out->fd = vg_open_again(out->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
    if (out->fd >= 0 && is_kept(out->fd)) return VG_OK;
    int fault = out->fd < 0 ? errno : EEXIST;
    if (out->fd >= 0) close(out->fd);
    vg_free(out->path);
    out->path = NULL;
    errno = fault;
    if (fault != EEXIST) break;
  }
  return VG_IO;
}

size_t vg_fs_partial(const char *path) {
  const size_t n = strlen(path), end = sizeof MARK - 1 + DIGITS;
  if (n <= end || path[n - end - 1] == '/') return 0;
  if (memcmp(path + n - end, MARK, sizeof MARK - 1) != 0) return 0;
  return strspn(path + n - DIGITS, "0123456789abcdef") == DIGITS ? n - end : 0;
}

/* Whether nobody writes the file any more. alone: the caller knows that there is no other writer, which
 * decides where the file system has no locks. */
static bool is_dead(int dir, const char *name, bool alone) {
  struct stat own, named;
  /* For writing: NFS makes a lock of its server of this one, which needs that. */
  int fd = vg_openat_again(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  bool dead = !vg_flock_again(fd, LOCK_EX | LOCK_NB) || (alone && vg_no_locks(errno));
  dead = dead && !fstat(fd, &own) && !fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) &&
         own.st_dev == named.st_dev && own.st_ino == named.st_ino;
  close(fd); /* the name is random: no new file takes it before it is removed */
  return dead;
}

vg_status vg_fs_sweep_one(const char *dir, int fd, const char *name, bool alone) {
  struct stat s;
  if (fstatat(fd, name, &s, AT_SYMLINK_NOFOLLOW)) return VG_OK; /* gone, or nothing that we may touch */
  /* A link has no lock. It is removed itself, and nothing that it leads to. */
  const bool dead = S_ISREG(s.st_mode) ? is_dead(fd, name, alone) : alone && S_ISLNK(s.st_mode);
  if (!dead || !unlinkat(fd, name, 0)) return VG_OK;
  if (errno == ENOENT || errno == EACCES || errno == EPERM || errno == EROFS) return VG_OK; /* another's */
  return vg_fail_in(vg_fail_errno(name, "cannot remove"), "%s", dir);
}

/* base: only half-written files of that name; NULL: all. */
static vg_status sweep(const char *dir, const char *base) {
  DIR *d = vg_opendir_again(dir);
  if (!d && base && errno == ENOENT) return VG_OK;
  if (!d) return vg_fail_errno(dir, "cannot read folder");
  vg_status st = VG_OK;
  for (const struct dirent *e; !st && (e = readdir(d));) {
    const size_t n = vg_fs_partial(e->d_name);
    const bool wanted = n && (!base || (n == strlen(base) && !memcmp(e->d_name, base, n)));
    if (wanted) st = vg_fs_sweep_one(dir, dirfd(d), e->d_name, false);
  }
  closedir(d);
  return st;
}

vg_status vg_fs_sweep(const char *dir) {
  return sweep(dir, NULL);
}

vg_status vg_fs_sweep_of(const char *path) {
  char *dir = vg_fs_dirname(path);
  vg_status st = dir ? sweep(dir, vg_fs_basename(path)) : VG_MEMORY;
  vg_free(dir);
  return st;
}
