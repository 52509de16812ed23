/* test_progress.c: slow tasks are shown, quick ones are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "scratch.h"
#include "base/task/progress.h"
#include "voxgan/log.h"

static int kept;

static void catch_stderr(void) {
  fflush(stderr);
  kept = dup(2);
  int fd = open(in_scratch("stderr"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
  assert_true(kept >= 0 && fd >= 0);
  dup2(fd, 2);
  close(fd);
}

static const char *caught(void) {
  static char text[4096];
  int fd = open(in_scratch("stderr"), O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n < 0 ? 0 : n] = 0;
  return text;
}

static void let_go(void) {
  fflush(stderr);
  dup2(kept, 2);
  close(kept);
}

static int lines(const char *text) {
  int n = 0;
  for (; *text; text++) n += *text == '\n';
  return n;
}

static vg_status slow_piece(void *arg, size_t i) {
  (void)arg;
  usleep(i < 3 ? 1000 : 2500000);
  return VG_OK;
}

static void test_slow_task(void **state) {
  (void)state;
  vg_task quick, slow, inner;
  catch_stderr();
  vg_progress_watch("test");
  vg_task_begin(&quick, "quick", "steps", 3);
  vg_task_step(&quick);
  vg_task_end(&quick);
  /* No step ends, and yet there is a line. */
  vg_task_begin(&slow, "opening", "files", 57);
  vg_task_step(&slow);
  usleep(2000000);
  char first[4096];
  snprintf(first, sizeof first, "%s", caught());
  /* The second one only after ten seconds. */
  usleep(2500000);
  char second[4096];
  snprintf(second, sizeof second, "%s", caught());
  /* An inner task is shown before the outer one. */
  vg_task_begin(&inner, "hashing", "files", 0);
  usleep(2000000);
  vg_task_end(&inner);
  char third[4096];
  snprintf(third, sizeof third, "%s", caught());
  vg_task_end(&slow);
  vg_threads_set(2);
  vg_status st = vg_task_parallel("pieces", "pieces", 4, slow_piece, NULL);
  vg_task_begin(&slow, "opening", "files", 1);
  usleep(2100000);
  vg_task_end(&slow);
  vg_task_begin(&slow, "listing files", "found", 1);
  usleep(2100000);
  vg_task_end(&slow);
  char fourth[4096];
  snprintf(fourth, sizeof fourth, "%s", caught());
  vg_progress_unwatch();
  let_go();
  assert_int_equal(st, VG_OK);
  assert_int_equal(lines(first), 1);
  assert_non_null(strstr(first, "opening: 1 of 57 files, 2 s, about 1m"));
  assert_string_equal(first, second);
  assert_int_equal(lines(third), 2);
  assert_non_null(strstr(third, "hashing: 0 files, 2 s"));
  assert_non_null(strstr(fourth, "pieces: 3 of 4 pieces, 2 s"));
  assert_non_null(strstr(fourth, "opening: 0 of 1 file, 2 s"));
  assert_non_null(strstr(fourth, "listing files: 0 of 1 found, 2 s"));
}

/* Without a task, the command itself. A caller's own text goes before, and --quiet is quiet. */
static void test_command(void **state) {
  (void)state;
  catch_stderr();
  vg_progress_watch("wander");
  usleep(2000000);
  char first[4096], second[4096], third[4096];
  snprintf(first, sizeof first, "%s", caught());
  vg_progress_unwatch();
  vg_progress_watch("again");
  vg_progress("epoch 1");
  usleep(2000000);
  snprintf(second, sizeof second, "%s", caught());
  vg_progress_end();
  vg_progress_unwatch();
  vg_log_level before = vg_log_set_level(VG_LOG_WARN);
  vg_progress_watch("quiet");
  usleep(2000000);
  snprintf(third, sizeof third, "%s", caught());
  vg_progress_unwatch();
  vg_log_set_level(before);
  let_go();
  assert_non_null(strstr(first, "wander: working, 2 s"));
  assert_null(strstr(second, "again"));
  assert_non_null(strstr(second, "epoch 1"));
  assert_null(strstr(third, "quiet"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_slow_task), cmocka_unit_test(test_command)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
