/* test_lock.c: half-written files and their writers, names that are taken once, and claims where flock()
 * fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scratch.h"
#include "base/file/partial.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/log.h"

/* Takes the C library's place in this program. */
static int flock_fault;
int flock(int fd, int how) {
  if (!flock_fault) return (int)syscall(SYS_flock, fd, how);
  errno = flock_fault;
  return -1;
}

static void put_file(const char *path, const char *text) {
  assert_int_equal(vg_fs_write_atomic(path, text, strlen(text)), VG_OK);
}

static size_t names_in(const char *dir) {
  size_t n = 0;
  DIR *d = opendir(dir);
  assert_non_null(d);
  while (readdir(d)) n++;
  closedir(d);
  return n - 2;
}

/* The name is random: two of them never meet, and no planted link is followed. */
static void test_names(void **state) {
  (void)state;
  char *one = vg_partial_name("x"), *two = vg_partial_name("x");
  assert_string_not_equal(one, two);
  assert_int_equal(vg_fs_partial(one), 1);
  vg_free(one);
  vg_free(two);
}

/* A sweep leaves a writer's file, and takes it once the writer is gone. */
static void test_writer(void **state) {
  (void)state;
  const char *dir = in_scratch("writer");
  vg_partial p;
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  assert_int_equal(vg_partial_open(in_scratch("writer/x"), &p), VG_OK);
  pid_t child = fork();
  if (!child) {
    close(p.fd); /* ours alone holds the lock */
    _exit(vg_fs_sweep(dir));
  }
  int status;
  waitpid(child, &status, 0);
  assert_int_equal(status, 0);
  assert_int_equal(names_in(dir), 1);
  close(p.fd);
  assert_int_equal(vg_fs_sweep(dir), VG_OK);
  assert_int_equal(names_in(dir), 0);
  vg_free(p.path);
}

/* Without locks nothing proves that a writer is dead, unless no other process writes there. */
static void test_no_locks_sweep(void **state) {
  (void)state;
  const char *dir = in_scratch("nolocks"), *name = "x.tmp.0123456789abcdef";
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  put_file(in_scratch("nolocks/x.tmp.0123456789abcdef"), "");
  int fd = open(dir, O_RDONLY | O_DIRECTORY);
  flock_fault = ENOSYS;
  assert_int_equal(vg_fs_sweep(dir), VG_OK);
  assert_int_equal(names_in(dir), 1);
  assert_int_equal(vg_fs_sweep_one(dir, fd, name, true), VG_OK);
  flock_fault = 0;
  assert_int_equal(names_in(dir), 0);
  close(fd);
}

static void test_links_stay(void **state) {
  (void)state;
  const char *dir = in_scratch("linked"), *name = "x.tmp.0123456789abcdef";
  struct stat s;
  assert_int_equal(vg_fs_make_dirs(dir), VG_OK);
  put_file(in_scratch("precious"), "precious");
  assert_int_equal(symlink(in_scratch("precious"), in_scratch("linked/x.tmp.0123456789abcdef")), 0);
  assert_int_equal(vg_fs_sweep(dir), VG_OK);
  assert_int_equal(names_in(dir), 1);
  int fd = open(dir, O_RDONLY | O_DIRECTORY);
  assert_int_equal(vg_fs_sweep_one(dir, fd, name, true), VG_OK);
  close(fd);
  assert_int_equal(names_in(dir), 0);
  assert_int_equal(stat(in_scratch("precious"), &s), 0);
  assert_int_equal(s.st_size, 8);
  /* A lock is never taken through a link. */
  vg_lock lock;
  bool taken;
  assert_int_equal(symlink(in_scratch("precious"), in_scratch("linked/lock")), 0);
  assert_int_equal(vg_lock_try(in_scratch("linked/lock"), &lock, &taken), VG_IO);
}

/* Of many that come at once, one makes the file, and it is whole. */
static void test_write_new(void **state) {
  (void)state;
  const char *path = in_scratch("once");
  int made = 0, go[2];
  assert_int_equal(pipe(go), 0);
  for (int i = 0; i < 8; i++) {
    if (fork()) continue;
    char text[100];
    bool mine = false;
    close(go[1]);
    if (read(go[0], text, 1)) _exit(9);
    snprintf(text, sizeof text, "child %d", i);
    _exit(vg_fs_write_new(path, text, strlen(text), &mine) ? 9 : mine);
  }
  close(go[0]);
  close(go[1]);
  for (int i = 0, status; i < 8; i++) {
    assert_true(wait(&status) > 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    made += WEXITSTATUS(status);
  }
  assert_int_equal(made, 1);
  void *text;
  size_t len;
  assert_int_equal(vg_fs_read(path, &text, &len), VG_OK);
  assert_int_equal(len, 7);
  assert_memory_equal(text, "child ", 6);
  vg_free(text);
}

/* A child takes the lock and ends as `how` says: 0 releases, SIGKILL does not. */
static pid_t holder(const char *path, int ready[2]) {
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child) return child;
  vg_lock lock;
  bool taken;
  if (vg_lock_try(path, &lock, &taken) || !taken || write(ready[1], "r", 1) != 1) _exit(1);
  pause();
  _exit(0);
}

static void test_claims(void **state) {
  (void)state;
  static const int faults[] = {ENOLCK, ENOSYS, EOPNOTSUPP};
  for (int i = 0; i < 3; i++) {
    char name[32];
    snprintf(name, sizeof name, "claims%d", i);
    assert_int_equal(vg_fs_make_dirs(in_scratch(name)), VG_OK);
    snprintf(name, sizeof name, "claims%d/lock", i);
    const char *path = in_scratch(name);
    vg_lock lock;
    bool taken;
    int ready[2];
    char c;
    flock_fault = faults[i];
    pid_t child = holder(path, ready);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(vg_lock_try(path, &lock, &taken), VG_OK);
    assert_false(taken);
    assert_true(vg_lock_held(path));
    assert_non_null(strstr(vg_lock_holder(path), "if it has ended, remove"));
    /* Killed, it releases nothing: its claim is void by its process. */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_false(vg_lock_held(path));
    assert_int_equal(vg_lock_try(path, &lock, &taken), VG_OK);
    assert_true(taken);
    vg_lock_release(&lock);
    assert_false(vg_lock_held(path));
    assert_int_equal(vg_lock_take(path, &lock), VG_OK);
    vg_lock_release(&lock);
    flock_fault = 0;
    snprintf(name, sizeof name, "claims%d", i);
    assert_int_equal(names_in(in_scratch(name)), 1);
    close(ready[0]);
    close(ready[1]);
  }
}

/* The claim of another machine, or of another boot of this one, or a torn one: nobody can tell, so it stands.
 */
static void test_foreign_claims(void **state) {
  (void)state;
  static const char *const texts[] = {
      "voxgan claim 1 boot 00000000-0000-0000-0000-000000000000 space 4026531836 pid 1 start 5 host there\n",
      ""};
  const char *path = in_scratch("foreign"), *claim = in_scratch("foreign.claim.0123456789abcdef");
  for (int i = 0; i < 2; i++) {
    vg_lock lock;
    bool taken;
    put_file(claim, texts[i]);
    flock_fault = ENOSYS;
    assert_int_equal(vg_lock_try(path, &lock, &taken), VG_OK);
    assert_false(taken);
    assert_non_null(strstr(vg_lock_holder(path), claim));
    flock_fault = 0;
    assert_int_equal(access(claim, F_OK), 0);
  }
}

/* A process of the same number that began at another time is another process. */
static void test_reused_number(void **state) {
  (void)state;
  const char *path = in_scratch("reused");
  vg_lock lock;
  bool taken;
  flock_fault = ENOSYS;
  assert_int_equal(vg_lock_try(path, &lock, &taken), VG_OK);
  assert_true(taken);
  void *text;
  size_t len;
  assert_int_equal(vg_fs_read(lock.claim, &text, &len), VG_OK);
  char *start = strstr(text, " start "), edited[600];
  assert_non_null(start);
  snprintf(edited, sizeof edited, "%.*s start 1%s", (int)(start - (char *)text), (char *)text,
           strchr(start + 7, ' '));
  put_file(lock.claim, edited);
  assert_false(vg_lock_held(path));
  flock_fault = 0;
  vg_free(text);
  vg_lock_release(&lock);
}

/* Of eight that take turns, never two are inside. */
static void test_claims_exclude(void **state) {
  (void)state;
  const char *path = in_scratch("turns"), *inside = in_scratch("inside");
  flock_fault = ENOLCK;
  for (int i = 0; i < 8; i++) {
    if (fork()) continue;
    for (int k = 0; k < 20; k++) {
      vg_lock lock;
      if (vg_lock_take(path, &lock)) _exit(1);
      int fd = open(inside, O_WRONLY | O_CREAT | O_EXCL, 0666);
      if (fd < 0) _exit(2);
      close(fd);
      usleep(200);
      if (unlink(inside)) _exit(3);
      vg_lock_release(&lock);
    }
    _exit(0);
  }
  for (int i = 0, status; i < 8; i++) {
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  flock_fault = 0;
}

static void test_interrupted_claim(void **state) {
  (void)state;
  const char *path = in_scratch("waits");
  int ready[2], status;
  char c;
  flock_fault = ENOSYS;
  pid_t first = holder(path, ready);
  assert_int_equal(read(ready[0], &c, 1), 1);
  pid_t child = fork();
  if (!child) {
    vg_lock lock;
    vg_interrupt_install();
    vg_status st = vg_lock_take(path, &lock);
    _exit(vg_status_exit_code(st));
  }
  usleep(300000);
  kill(child, SIGINT);
  waitpid(child, &status, 0);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 130);
  kill(first, SIGKILL);
  waitpid(first, NULL, 0);
  flock_fault = 0;
  close(ready[0]);
  close(ready[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),          cmocka_unit_test(test_writer),
      cmocka_unit_test(test_no_locks_sweep), cmocka_unit_test(test_links_stay),
      cmocka_unit_test(test_write_new),      cmocka_unit_test(test_claims),
      cmocka_unit_test(test_foreign_claims), cmocka_unit_test(test_reused_number),
      cmocka_unit_test(test_claims_exclude), cmocka_unit_test(test_interrupted_claim),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
