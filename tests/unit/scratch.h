/* scratch.h: a temporary folder for the files of a test program.
 *
 *     return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
 *     ... in_scratch("a.nii") ...   // borrowed until eight calls later
 */
#ifndef VG_TESTS_SCRATCH_H
#define VG_TESTS_SCRATCH_H
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch[64];

static inline int scratch_setup(void **state) {
  (void)state;
  snprintf(scratch, sizeof scratch, "/tmp/voxgan-test-XXXXXX");
  return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_unlink(const char *path, const struct stat *s, int type, struct FTW *f) {
  (void)s, (void)type, (void)f;
  return remove(path);
}

static inline int scratch_teardown(void **state) {
  (void)state;
  return nftw(scratch, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static inline bool exists(const char *path) {
  struct stat s;
  return !stat(path, &s);
}

static inline const char *in_scratch(const char *name) {
  static char paths[8][512];
  static int turn;
  char *path = paths[turn++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
  return path;
}

#endif
