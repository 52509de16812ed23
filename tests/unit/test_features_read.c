/* test_features_read.c: a plan that limits the subjects measures some of them, spread evenly, and each as
 * before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "scratch.h"
#include "eval/feature/features.h"
#include "eval/set/symmetric.h"
#include "voxgan/log.h"
#include "voxgan/phantom.h"
#include "voxgan/rng.h"

enum { SUBJECTS = 10, SOME = 4 };

static void test_some_subjects(void **state) {
  (void)state;
  vg_features whole[VG_FEATURE_SPACES_MAX] = {{0}}, some[VG_FEATURE_SPACES_MAX] = {{0}};
  vg_dataset ds = {0};
  vg_feature_plan plan;
  vg_phantom_settings set = {.layout = "brats2021", .first = 1, .seed = 1};
  set.subjects = SUBJECTS;
  for (int a = 0; a < 3; a++) set.size[a] = 16;
  vg_log_set_level(VG_LOG_WARN);
  assert_int_equal(vg_phantom_write(in_scratch("d"), &set), VG_OK);
  assert_int_equal(vg_dataset_add(&ds, in_scratch("d"), "auto", NULL, NULL), VG_OK);
  assert_int_equal(vg_features_plan_init(&plan, (const vg_dataset *const[]){&ds}, 1), VG_OK);
  assert_int_equal(vg_features_read(&plan, &ds, NULL, whole), VG_OK);
  plan.most = SOME;
  assert_int_equal(vg_features_read(&plan, &ds, NULL, some), VG_OK);
  for (int i = 0; vg_features_at(i); i++) {
    if (!(plan.spaces >> i & 1)) continue;
    const size_t dims = whole[i].dims;
    assert_int_equal(whole[i].n, SUBJECTS);
    assert_int_equal(whole[i].taken, SUBJECTS);
    assert_int_equal(some[i].n, SOME);
    assert_int_equal(some[i].of, SUBJECTS);
    assert_int_equal(some[i].dims, dims);
    for (size_t k = 0; k < SOME; k++) {
      const size_t subject = some[i].subject[k];
      assert_true(subject < SUBJECTS && (!k || subject > some[i].subject[k - 1] + 1));
      assert_memory_equal(some[i].values + k * dims, whole[i].values + subject * dims, dims * sizeof(float));
    }
  }
  vg_features_release(whole);
  vg_features_release(some);
  vg_dataset_release(&ds);
}

/* Two eigenvalues that are only rounding, and an element beside them that is larger than either. */
static void test_rounding(void **state) {
  (void)state;
  enum { N = 120, RANK = 3 };
  static double a[N * N], v[N][RANK], values[N];
  vg_rng r = vg_rng_init(5, 5);
  for (int scale = -200; scale <= 0; scale += 10) {
    double trace = 0;
    for (int i = 0; i < N; i++)
      for (int k = 0; k < RANK; k++) v[i][k] = i < 7 ? vg_rng_normal(&r) : v[i - 7][k];
    for (int i = 0; i < N; i++)
      for (int k = 0; k <= i; k++) {
        double sum = 0;
        for (int l = 0; l < RANK; l++) sum += v[i][l] * v[k][l] * pow(10, l ? scale : 0);
        a[i * N + k] = sum;
        if (i == k) trace += sum;
      }
    assert_int_equal(vg_set_eigenvalues(a, N, values), VG_OK);
    for (int i = 0; i < N; i++) trace -= values[i];
    assert_true(fabs(trace) < 1e-10 * N);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_some_subjects), cmocka_unit_test(test_rounding)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
