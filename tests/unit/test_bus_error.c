/* test_bus_error.c: a mapped file that becomes shorter ends the program with one line and exit code 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fs.h"
#include "base/signal/bus_error.h"
#include "scratch.h"

enum { BYTES = 1 << 20 };

static void *look(void *bytes) {
  unsigned sum = 0;
  for (int i = 0; i < BYTES; i += 4096) sum += ((const volatile uint8_t *)bytes)[i];
  return (void *)(uintptr_t)sum;
}

/* In a process of its own: maps the file, shortens it, and reads it in two threads. */
static void touch_a_shortened_file(const char *path, const char *errors) {
  vg_map map;
  pthread_t other;
  if (!freopen(errors, "w", stderr)) _exit(99);
  vg_bus_error_install("train");
  if (vg_map_open(path, &map) || map.len != BYTES || truncate(path, 5000)) _exit(98);
  if (pthread_create(&other, NULL, look, (void *)(uintptr_t)map.bytes)) _exit(97);
  look((void *)(uintptr_t)map.bytes);
  _exit(96);
}

static void says_which_file(void **state) {
  (void)state;
  char path[256], errors[256], wanted[512];
  uint8_t *bytes = calloc(BYTES, 1);
  snprintf(path, sizeof path, "%s", in_scratch("some case.case"));
  snprintf(errors, sizeof errors, "%s", in_scratch("errors"));
  assert_int_equal(vg_fs_write_atomic(path, bytes, BYTES), VG_OK);
  free(bytes);
  const pid_t child = fork();
  int how;
  if (!child) touch_a_shortened_file(path, errors);
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFEXITED(how));
  assert_int_equal(WEXITSTATUS(how), 1);
  void *said;
  size_t n;
  assert_int_equal(vg_fs_read(errors, &said, &n), VG_OK);
  snprintf(wanted, sizeof wanted,
           "voxgan train: %s: was shortened while it was in use, or its disk failed; run the command again\n",
           path);
  assert_string_equal((char *)said, wanted);
  vg_free(said);
}

/* Another cause keeps the default action. */
static void leaves_other_faults(void **state) {
  (void)state;
  const pid_t child = fork();
  int how;
  if (!child) {
    vg_bus_error_install("train");
    raise(SIGBUS);
    _exit(0);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFSIGNALED(how));
  assert_int_equal(WTERMSIG(how), SIGBUS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(says_which_file),
                                     cmocka_unit_test(leaves_other_faults)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
