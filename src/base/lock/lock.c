/* lock.c: advisory locks on files. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/lock/lock_claim.h"
#include "base/file/partial.h"
#include "base/file/retry.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/log.h"

#define WAIT_LEAST_NS 1000000L /* between two tries; doubles after each */
#define WAIT_MOST_NS 64000000L
#define QUIET_SECONDS 2.0

/* A file that was removed since it was opened locks nothing. */
static bool is_there(int fd) {
  struct stat s;
  return fstat(fd, &s) || s.st_nlink > 0;
}

static void say_claims(const char *path, int fault) {
  static atomic_bool said;
  char text[VG_ERRNO_TEXT];
  if (!atomic_exchange(&said, true))
    vg_info("%s: this file system has no locks (%s); files named .claim take their place", path,
            vg_errno_text(fault, text));
}

/* After flock() on fd failed: if the file system has no locks, makes a claim file instead. Closes fd. */
static vg_status claim_instead(const char *path, int fd, int fault,
                               vg_status (*claim)(const char *path, char **claim), vg_lock *lock,
                               bool *taken) {
  vg_status st = VG_OK;
  *taken = false;
  close(fd);
  if (vg_no_locks(fault)) {
    say_claims(path, fault);
    st = claim(path, &lock->claim);
    *taken = lock->claim != NULL;
  } else if (fault != EWOULDBLOCK && fault != EINTR) {
    errno = fault;
    st = vg_fail_errno(path, "cannot lock");
  }
  return st;
}

vg_status vg_lock_try(const char *path, vg_lock *lock, bool *taken) {
  *lock = (vg_lock){-1, NULL};
  *taken = false;
  for (;;) {
    int fd = vg_open_again(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return vg_fail_errno(path, "cannot open lock");
    if (!vg_flock_again(fd, LOCK_EX | LOCK_NB)) {
      *taken = is_there(fd);
      if (*taken)
        lock->fd = fd;
      else
        close(fd);
      if (*taken) return VG_OK;
      continue;
    }
    return claim_instead(path, fd, errno, vg_claim_make, lock, taken);
  }
}

/* Polls instead of blocking in flock(). A signal may arrive just before the call or in another thread, and
 * with SA_RESTART the kernel resumes the wait. */
vg_status vg_lock_take(const char *path, vg_lock *lock) {
  const double began = vg_now();
  bool taken = false, said = false;
  vg_status st = vg_lock_try(path, lock, &taken);
  for (long wait = WAIT_LEAST_NS; !st && !taken; st = st ? st : vg_lock_try(path, lock, &taken)) {
    if (vg_interrupted()) {
      st = vg_fail(VG_INTERRUPTED, "interrupted while waiting for %s", path);
      continue;
    }
    if (!said && vg_now() - began > QUIET_SECONDS) {
      vg_info("waiting for another process that holds %s%s", path, vg_lock_holder(path));
      said = true;
    }
    nanosleep(&(struct timespec){.tv_nsec = wait}, NULL);
    if (wait < WAIT_MOST_NS) wait *= 2;
  }
  return st;
}

vg_status vg_lock_share(const char *path, vg_lock *lock, bool *taken) {
  *lock = (vg_lock){-1, NULL};
  int fd = vg_open_again(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return vg_fail_errno(path, "cannot open lock");
  *taken = !vg_flock_again(fd, LOCK_SH | LOCK_NB);
  if (*taken) {
    lock->fd = fd;
    return VG_OK;
  }
  return claim_instead(path, fd, errno, vg_claim_add, lock, taken);
}

void vg_lock_admit(vg_lock *lock) {
  if (lock->fd >= 0) (void)vg_flock_again(lock->fd, LOCK_SH | LOCK_NB);
}

bool vg_lock_held(const char *path) {
  int fd = vg_open_again(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return false;
  bool held = false;
  if (vg_flock_again(fd, LOCK_SH | LOCK_NB))
    held = errno == EWOULDBLOCK || (vg_no_locks(errno) && vg_claim_held(path, NULL, 0));
  close(fd);
  return held;
}

const char *vg_lock_holder(const char *path) {
  static _Thread_local char text[1400];
  text[0] = '\0';
  (void)vg_claim_held(path, text, sizeof text);
  return text;
}

void vg_lock_release(vg_lock *lock) {
  if (lock->claim) (void)unlink(lock->claim);
  vg_free(lock->claim);
  if (lock->fd >= 0) close(lock->fd);
  *lock = (vg_lock){-1, NULL};
}
