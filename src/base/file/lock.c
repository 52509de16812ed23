/* lock.c: advisory locks on files. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "base/fs.h"
#include "voxgan/log.h"

#define WAIT_LEAST_NS 1000000L /* between two tries; doubles after each */
#define WAIT_MOST_NS 64000000L

/* Polls instead of blocking in flock(). A signal may arrive just before the call or in another thread, and
 * with SA_RESTART the kernel resumes the wait. */
vg_status vg_lock_take(const char *path, vg_lock *lock) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return vg_fail_errno(path, "cannot open lock");
  vg_status st = VG_OK;
  for (long wait = WAIT_LEAST_NS; flock(fd, LOCK_EX | LOCK_NB);) {
    if (errno != EWOULDBLOCK && errno != EINTR) st = vg_fail_errno(path, "cannot lock");
    if (!st && vg_interrupted()) st = vg_fail(VG_INTERRUPTED, "interrupted while waiting for %s", path);
    if (st) {
      close(fd);
      return st;
    }
    nanosleep(&(struct timespec){.tv_nsec = wait}, NULL);
    if (wait < WAIT_MOST_NS) wait *= 2;
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
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
  if (fd >= 0) close(fd);
  return held;
}

void vg_lock_release(vg_lock *lock) {
  if (lock->fd >= 0) close(lock->fd);
  lock->fd = -1;
}
