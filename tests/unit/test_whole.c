/* test_whole.c: no double becomes an index out of bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include "base/number/order_statistic.h"
#include "base/whole.h"

static const double extremes[] = {NAN,    -NAN,   INFINITY,   -INFINITY,  DBL_MAX, -DBL_MAX, DBL_MIN, 5e-324,
                                  -1.0,   -0.0,   2147483647, 2147483648, 1e10,    -1e10,    1e19,    -1e19,
                                  0x1p53, 0x1p63, 0x1p64,     -0x1p63,    0.999,   -0.999,   1e-40};

static void test_bounds(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
    const double v = extremes[i];
    const int whole = vg_int_of(v);
    assert_true(whole >= -VG_INT_FAR && whole <= VG_INT_FAR);
    for (int n = 1; n < 5; n++) {
      assert_in_range(vg_index_of(v, n), 0, n - 1);
      assert_in_range(vg_rank_of(v, (size_t)n), 0, n - 1);
    }
    assert_in_range(vg_index_of(v, INT_MAX), 0, INT_MAX - 1);
    assert_true(vg_rank_of(v, SIZE_MAX) < SIZE_MAX);
    assert_int_equal(vg_rank_of(v, 0), 0);
    assert_true(vg_count_of(v) <= (size_t)1 << 53);
  }
}

static void test_values(void **state) {
  (void)state;
  assert_int_equal(vg_int_of(NAN), 0);
  assert_int_equal(vg_int_of(-7.9), -7);
  assert_int_equal(vg_int_of(7.9), 7);
  assert_int_equal(vg_int_of(-1e300), -VG_INT_FAR);
  assert_int_equal(vg_int_of(1e300), VG_INT_FAR);
  assert_int_equal(vg_index_of(2.999, 5), 2);
  assert_int_equal(vg_index_of(5, 5), 4);
  assert_int_equal(vg_index_of(-3, 5), 0);
  assert_int_equal(vg_rank_of(1e6, 2000000), 1000000);
  assert_int_equal(vg_count_of(-2), 0);
  assert_int_equal(vg_count_of(1e15), 1000000000000000);
  assert_true(vg_count_of(INFINITY) == (size_t)1 << 53);
}

static void test_quantiles(void **state) {
  (void)state;
  const double sorted[] = {1, 2, 4};
  assert_true(vg_quantile_f64(sorted, 3, NAN) != 3); /* any, but no crash */
  assert_true(vg_quantile_f64(sorted, 3, 1) == 4);
  assert_true(vg_quantile_f64(sorted, 3, 0.75) == 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_quantiles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
