/* fs.c: paths, folders, whole-file reads and atomic writes, locks, maps. (Walking: fs_walk.c.) */
#include "base/fs.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"

bool vg_fs_exists(const char *path) {
  struct stat s;
  return !stat(path, &s);
}

bool vg_fs_is_dir(const char *path) {
  struct stat s;
  return !stat(path, &s) && S_ISDIR(s.st_mode);
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
      if (!vg_fs_is_dir(part)) {
        errno = fault == EEXIST ? ENOTDIR : fault;
        st = vg_fail_errno(part, "cannot make folder");
        break;
      }
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
  /* The part of path that is there. */
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

static vg_status read_all(const char *path, int fd, void **bytes, size_t *len) {
  struct stat s;
  if (fstat(fd, &s)) return vg_fail_errno(path, "cannot read");
  if (S_ISDIR(s.st_mode)) return vg_fail(VG_IO, "%s: cannot read: is a folder", path);
  /* The size is a hint: pipes have none, and a file may grow. */
  size_t cap = S_ISREG(s.st_mode) ? (size_t)s.st_size + 1 : 65536, n = 0;
  char *buf = vg_malloc(cap, 1);
  if (!buf) return vg_fail_in(VG_MEMORY, "%s", path);
  for (;;) {
    ssize_t got = read(fd, buf + n, cap - n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      vg_status st = vg_fail_errno(path, "cannot read");
      vg_free(buf);
      return st;
    }
    if (!got) break;
    n += (size_t)got;
    if (n == cap) {
      char *more = vg_realloc(buf, cap * 2, 1);
      if (!more) {
        vg_free(buf);
        return vg_fail_in(VG_MEMORY, "%s", path);
      }
      buf = more;
      cap *= 2;
    }
  }
  buf[n] = '\0';
  *bytes = buf;
  *len = n;
  return VG_OK;
}

vg_status vg_fs_read(const char *path, void **bytes, size_t *len) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return vg_fail_errno(path, "cannot open");
  vg_status st = read_all(path, fd, bytes, len);
  close(fd);
  return st;
}

vg_status vg_fs_size(const char *path, uint64_t *bytes) {
  struct stat s;
  if (stat(path, &s)) return vg_fail_errno(path, "cannot open");
  *bytes = (uint64_t)s.st_size;
  return VG_OK;
}

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
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
    return vg_fail(VG_IO, "%s: cannot write %zu bytes: %s", path, len, strerror(errno));
  return vg_fail_errno(path, "cannot write");
}

/* Where a file is made before it is renamed. The serial number keeps threads of one process apart. */
static char *partial_path(const char *path) {
  static atomic_uint serial;
  return vg_format("%s.tmp.%ld.%u", path, (long)getpid(), atomic_fetch_add(&serial, 1));
}

vg_status vg_fs_link(const char *target, const char *path) {
  struct stat from, there;
  vg_status st = VG_OK;
  char *whole = realpath(target, NULL), *tmp = NULL;
  if (!whole || stat(whole, &from)) {
    st = vg_fail_errno(target, "cannot open");
  } else if (!lstat(path, &there) && there.st_dev == from.st_dev && there.st_ino == from.st_ino) {
    st = vg_fail(VG_IO, "%s: a link in its place would lead to itself", path);
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
  vg_status st = VG_OK;
  char *tmp = partial_path(path);
  if (!tmp) return VG_MEMORY;
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
  }
out:
  vg_free(tmp);
  return st;
}

vg_status vg_fs_append(const char *path, const void *bytes, size_t len) {
  vg_status st = VG_OK;
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  bool good = fd >= 0 && write_all(fd, bytes, len);
  if (!good) st = fail_write(path, len);
  if (fd >= 0 && close(fd) && good) st = fail_write(path, len);
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
  return truncate(path, (off_t)bytes) ? vg_fail_errno(path, "cannot cut off") : VG_OK;
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

vg_status vg_lock_take(const char *path, vg_lock *lock) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return vg_fail_errno(path, "cannot open lock");
  while (flock(fd, LOCK_EX)) {
    if (errno == EINTR && !vg_interrupted()) continue;
    vg_status st = errno == EINTR ? vg_fail(VG_INTERRUPTED, "interrupted while waiting for %s", path)
                                  : vg_fail_errno(path, "cannot lock");
    close(fd);
    return st;
  }
  lock->fd = fd;
  return VG_OK;
}

vg_status vg_lock_try(const char *path, vg_lock *lock, bool *taken) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return vg_fail_errno(path, "cannot open lock");
  *taken = !flock(fd, LOCK_EX | LOCK_NB) || errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP;
  if (*taken) {
    lock->fd = fd;
    return VG_OK;
  }
  vg_status st = errno == EWOULDBLOCK ? VG_OK : vg_fail_errno(path, "cannot lock");
  close(fd);
  return st;
}

bool vg_lock_held(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
  if (fd >= 0) close(fd);
  return held;
}

void vg_lock_release(vg_lock *lock) {
  if (lock->fd >= 0) close(lock->fd);
  lock->fd = -1;
}

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

static void sha256(const vg_map *pieces, size_t n, uint8_t sum[SHA256_DIGEST_LENGTH]) {
  SHA2_CTX ctx;
  SHA256Init(&ctx);
  for (size_t i = 0; i < n; i++) SHA256Update(&ctx, pieces[i].bytes, pieces[i].len);
  SHA256Final(sum, &ctx);
}

static void to_hex(const uint8_t sum[SHA256_DIGEST_LENGTH], char hex[VG_HASH_LEN]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
    hex[2 * i] = digits[sum[i] >> 4];
    hex[2 * i + 1] = digits[sum[i] & 15];
  }
  hex[VG_HASH_LEN - 1] = '\0';
}

void vg_hash_pieces(const vg_map *pieces, size_t n, char hex[VG_HASH_LEN]) {
  uint8_t sum[SHA256_DIGEST_LENGTH];
  sha256(pieces, n, sum);
  to_hex(sum, hex);
}

void vg_hash(const void *bytes, size_t len, char hex[VG_HASH_LEN]) {
  vg_hash_pieces(&(vg_map){bytes, len}, 1, hex);
}

void vg_hmac(const void *key, size_t key_len, const void *bytes, size_t len, char hex[VG_HASH_LEN]) {
  uint8_t block[SHA256_BLOCK_LENGTH] = {0}, sum[SHA256_DIGEST_LENGTH];
  const vg_map inner[] = {{block, sizeof block}, {bytes, len}},
               outer[] = {{block, sizeof block}, {sum, sizeof sum}};
  if (key_len > sizeof block)
    sha256(&(vg_map){key, key_len}, 1, block);
  else
    memcpy(block, key, key_len);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36;
  sha256(inner, 2, sum);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36 ^ 0x5c;
  sha256(outer, 2, sum);
  to_hex(sum, hex);
  explicit_bzero(block, sizeof block);
}

vg_status vg_hash_file(const char *path, char hex[VG_HASH_LEN]) {
  vg_map map;
  vg_status st = vg_map_open(path, &map);
  if (st) return st;
  vg_hash(map.len ? map.bytes : "", map.len, hex);
  vg_map_release(&map);
  return VG_OK;
}
