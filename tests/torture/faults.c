/* faults.c: a preloaded library that makes one system call fail, for the tests.
 *
 *     FAULT='CALL N ERRNO [TEXT]' LD_PRELOAD=faults.so voxgan ...
 *
 * The N-th call (from 1) of CALL on a path that has TEXT in it fails with errno ERRNO (a number). N 0: every
 * such call fails. ERRNO -9: the process is killed (SIGKILL) in place of the call. CALL (its kin included: an
 * opendir is an open, a readdir a read, a symlink a link, a truncate a write): open, stat, write, rename,
 * fsync, mmap, close, flock, unlink, mkdir, read, link. FAULT_COUNT=FILE: nothing fails; at the end FILE has
 * "CALL N" lines, how often each call was made on such a path.
 * DELAY='CALL MS [TEXT]': every CALL on a path that has TEXT in it waits MS milliseconds first, as on a slow
 * file system. FAULT and DELAY are independent of each other.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALLS(X) \
  X(open) X(stat) X(write) X(rename) X(fsync) X(mmap) X(close) X(flock) X(unlink) X(mkdir) X(read) X(link)
enum {
#define ID(name) CALL_##name,
  CALLS(ID)
#undef ID
      N_CALLS
};
static const char *const names[] = {
#define NAME(name) #name,
    CALLS(NAME)
#undef NAME
};

static atomic_long counts[N_CALLS];
static int wanted = -1, fault;
static long which;
static char text[256];
static const char *count_file;
static int slow = -1, delay_ms;
static char slow_text[256];

__attribute__((constructor)) static void start(void) {
  const char *plan = getenv("FAULT"), *delay = getenv("DELAY");
  char call[16] = "";
  if (delay && sscanf(delay, "%15s %d %255s", call, &delay_ms, slow_text) >= 2) {
    for (int i = 0; i < N_CALLS; i++)
      if (!strcmp(call, names[i])) slow = i;
  }
  if (!plan || sscanf(plan, "%15s %ld %d %255s", call, &which, &fault, text) < 3) return;
  count_file = getenv("FAULT_COUNT");
  for (int i = 0; i < N_CALLS; i++)
    if (!strcmp(call, names[i])) wanted = i;
}

__attribute__((destructor)) static void end(void) {
  FILE *f = count_file ? fopen(count_file, "a") : NULL;
  for (int i = 0; f && i < N_CALLS; i++)
    if (counts[i]) fprintf(f, "%s %ld\n", names[i], (long)counts[i]);
  if (f) fclose(f);
}

static void wait_before(int call, const char *path) {
  if (call == slow && (!*slow_text || strstr(path, slow_text))) usleep((useconds_t)delay_ms * 1000);
}

/* Whether this call is to fail; errno is set then. */
static int hit(int call, const char *path) {
  if (!path) return 0;
  wait_before(call, path);
  if (*text && !strstr(path, text)) return 0;
  const long n = atomic_fetch_add(&counts[call], 1) + 1;
  if (count_file || call != wanted || (which && n != which)) return 0;
  if (fault < 0) (void)kill(getpid(), -fault);
  errno = fault;
  return 1;
}

static int hit_fd(int call, int fd) {
  char link[64], path[4096];
  const int kept = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (n <= 0) return 0;
  path[n] = '\0';
  return hit(call, path);
}

/* A path below an open folder. */
static int hit_at(int call, int at, const char *path) {
  if (at == AT_FDCWD || !path || *path == '/') return hit(call, path);
  char link[64], whole[8192];
  const int kept = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", at);
  const ssize_t n = readlink(link, whole, 4096);
  errno = kept;
  if (n <= 0) return 0;
  snprintf(whole + n, sizeof whole - (size_t)n, "/%s", path);
  return hit(call, whole);
}

#define REAL(type, name, ...)       \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define OPEN(name, at_type, at_arg, pass, at)                                   \
  int name(at_type const char *path, int flags, ...) {                          \
    REAL(int, name, at_arg const char *, int, ...);                             \
    va_list ap;                                                                 \
    va_start(ap, flags);                                                        \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0; \
    va_end(ap);                                                                 \
    return hit_at(CALL_open, at, path) ? -1 : real(pass path, flags, mode);     \
  }
#define NOTHING
#define AT_TYPE int at,
#define AT_ARG int,
#define AT_PASS at,
OPEN(open, NOTHING, NOTHING, NOTHING, AT_FDCWD)
OPEN(open64, NOTHING, NOTHING, NOTHING, AT_FDCWD)
OPEN(openat, AT_TYPE, AT_ARG, AT_PASS, at)
OPEN(openat64, AT_TYPE, AT_ARG, AT_PASS, at)

int stat(const char *path, struct stat *s) {
  REAL(int, stat, const char *, struct stat *);
  return hit(CALL_stat, path) ? -1 : real(path, s);
}
int lstat(const char *path, struct stat *s) {
  REAL(int, lstat, const char *, struct stat *);
  return hit(CALL_stat, path) ? -1 : real(path, s);
}
int fstatat(int at, const char *path, struct stat *s, int flags) {
  REAL(int, fstatat, int, const char *, struct stat *, int);
  return hit_at(CALL_stat, at, path) ? -1 : real(at, path, s, flags);
}
int fstat(int fd, struct stat *s) {
  REAL(int, fstat, int, struct stat *);
  return hit_fd(CALL_stat, fd) ? -1 : real(fd, s);
}
int faccessat(int at, const char *path, int mode, int flags) {
  REAL(int, faccessat, int, const char *, int, int);
  return hit_at(CALL_stat, at, path) ? -1 : real(at, path, mode, flags);
}
ssize_t write(int fd, const void *bytes, size_t n) {
  REAL(ssize_t, write, int, const void *, size_t);
  return hit_fd(CALL_write, fd) ? -1 : real(fd, bytes, n);
}
ssize_t read(int fd, void *bytes, size_t n) {
  REAL(ssize_t, read, int, void *, size_t);
  return hit_fd(CALL_read, fd) ? -1 : real(fd, bytes, n);
}
ssize_t pread(int fd, void *bytes, size_t n, off_t at) {
  REAL(ssize_t, pread, int, void *, size_t, off_t);
  return hit_fd(CALL_read, fd) ? -1 : real(fd, bytes, n, at);
}
int rename(const char *from, const char *to) {
  REAL(int, rename, const char *, const char *);
  return hit(CALL_rename, to) ? -1 : real(from, to);
}
int renameat2(int at, const char *from, int to_at, const char *to, unsigned flags) {
  REAL(int, renameat2, int, const char *, int, const char *, unsigned);
  return hit_at(CALL_rename, to_at, to) ? -1 : real(at, from, to_at, to, flags);
}
int link(const char *from, const char *to) {
  REAL(int, link, const char *, const char *);
  return hit(CALL_link, to) ? -1 : real(from, to);
}
int symlink(const char *to, const char *path) {
  REAL(int, symlink, const char *, const char *);
  return hit(CALL_link, path) ? -1 : real(to, path);
}
int truncate(const char *path, off_t n) {
  REAL(int, truncate, const char *, off_t);
  return hit(CALL_write, path) ? -1 : real(path, n);
}
/* The loader's own calls cannot be caught: a library is only slow to open. */
void *dlopen(const char *path, int flags) {
  REAL(void *, dlopen, const char *, int);
  if (path) wait_before(CALL_open, path);
  return real(path, flags);
}
DIR *opendir(const char *path) {
  REAL(DIR *, opendir, const char *);
  return hit(CALL_open, path) ? NULL : real(path);
}
struct dirent *readdir(DIR *folder) {
  REAL(struct dirent *, readdir, DIR *);
  return hit_fd(CALL_read, dirfd(folder)) ? NULL : real(folder);
}
int fsync(int fd) {
  REAL(int, fsync, int);
  return hit_fd(CALL_fsync, fd) ? -1 : real(fd);
}
void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset) {
  REAL(void *, mmap, void *, size_t, int, int, int, off_t);
  return fd >= 0 && hit_fd(CALL_mmap, fd) ? MAP_FAILED : real(at, n, protection, flags, fd, offset);
}
/* The descriptor is closed also where the call fails, as on Linux. */
int close(int fd) {
  REAL(int, close, int);
  const int fails = hit_fd(CALL_close, fd);
  const int kept = errno;
  const int r = real(fd);
  if (fails) errno = kept;
  return fails ? -1 : r;
}
int flock(int fd, int operation) {
  REAL(int, flock, int, int);
  return hit_fd(CALL_flock, fd) ? -1 : real(fd, operation);
}
int unlink(const char *path) {
  REAL(int, unlink, const char *);
  return hit(CALL_unlink, path) ? -1 : real(path);
}
int unlinkat(int at, const char *path, int flags) {
  REAL(int, unlinkat, int, const char *, int);
  return hit_at(CALL_unlink, at, path) ? -1 : real(at, path, flags);
}
int mkdir(const char *path, mode_t mode) {
  REAL(int, mkdir, const char *, mode_t);
  return hit(CALL_mkdir, path) ? -1 : real(path, mode);
}
