/* retry.h: system calls that a signal may interrupt, made again. Handlers are installed with SA_RESTART, but
 * some file systems (NFS, FUSE, Lustre) answer EINTR nevertheless. */
#ifndef VG_BASE_RETRY_H
#define VG_BASE_RETRY_H
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define VG_RETRIES 100 /* an interruption at every try is a fault */

static inline int vg_openat_again(int folder, const char *name, int flags) {
  int fd = -1;
  for (int i = 0; i < VG_RETRIES; i++)
    if ((fd = openat(folder, name, flags, 0666)) >= 0 || errno != EINTR) break;
  return fd;
}

static inline int vg_open_again(const char *path, int flags) {
  return vg_openat_again(AT_FDCWD, path, flags);
}

static inline DIR *vg_opendir_again(const char *path) {
  DIR *d = NULL;
  for (int i = 0; i < VG_RETRIES; i++)
    if ((d = opendir(path)) || errno != EINTR) break;
  return d;
}

static inline int vg_truncate_again(const char *path, off_t bytes) {
  int r = -1;
  for (int i = 0; i < VG_RETRIES; i++)
    if (!(r = truncate(path, bytes)) || errno != EINTR) break;
  return r;
}

static inline int vg_fsync_again(int fd) {
  int r = -1;
  for (int i = 0; i < VG_RETRIES; i++)
    if (!(r = fsync(fd)) || errno != EINTR) break;
  return r;
}

/* With LOCK_NB, which never waits: so this does not hide an interruption from a wait. */
static inline int vg_flock_again(int fd, int operation) {
  int r = -1;
  for (int i = 0; i < VG_RETRIES; i++)
    if (!(r = flock(fd, operation)) || errno != EINTR) break;
  return r;
}

/* Linux closes the descriptor before it answers EINTR, and a second close could hit another thread's file. */
static inline int vg_close_once(int fd) {
  const int r = close(fd);
  return r && errno == EINTR ? 0 : r;
}

#endif
