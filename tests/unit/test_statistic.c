/* Shares, areas under the curve and prediction limits: SciPy's values, and the edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/number/order_statistic.h"
#include "base/number/statistic.h"
#include "oracle.h"
#include "scratch.h"
#include "voxgan/rng.h"

static void as_scipy(void **state) {
  (void)state;
  require_python("numpy, scipy");
  const char *path = in_scratch("cases.txt");
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  static const size_t shares[][2] = {{0, 1}, {1, 1}, {0, 40}, {3, 40}, {40, 40}, {17, 1000}};
  for (size_t i = 0; i < 6; i++) {
    vg_estimate s = vg_statistic_share(shares[i][0], shares[i][1]);
    fprintf(f, "share %zu %zu %.17g %.17g %.17g\n", shares[i][0], shares[i][1], s.value, s.low, s.high);
  }
  vg_rng r = vg_rng_init(1, 2);
  for (int c = 0; c < 30; c++) {
    double high[40], low[40];
    size_t n = 1 + vg_rng_below(&r, 40), m = 1 + vg_rng_below(&r, 40);
    const double shift = c % 3; /* chance, better, and apart; ties in every second */
    for (size_t i = 0; i < n; i++) high[i] = vg_rng_normal(&r) + shift * shift * 2;
    for (size_t i = 0; i < m; i++) low[i] = vg_rng_normal(&r);
    if (c % 2) {
      for (size_t i = 0; i < n; i++) high[i] = round(high[i]);
      for (size_t i = 0; i < m; i++) low[i] = round(low[i]);
    }
    vg_estimate a = vg_statistic_auc(high, n, low, m);
    fprintf(f, "auc %zu %zu", n, m);
    for (size_t i = 0; i < n; i++) fprintf(f, " %.17g", high[i]);
    for (size_t i = 0; i < m; i++) fprintf(f, " %.17g", low[i]);
    fprintf(f, " %.17g %.17g %.17g\n", a.value, a.low, a.high);
    if (n < 3) continue;
    fprintf(f, "limit 0.001 %zu", n);
    for (size_t i = 0; i < n; i++) fprintf(f, " %.17g", high[i]);
    fprintf(f, " %.17g\n", vg_statistic_prediction_limit(high, n, 0.001));
  }
  for (int df = 1; df < 40; df += 3) fprintf(f, "t 0.999 %d %.17g\n", df, vg_statistic_t_quantile(0.999, df));
  for (int df = 2; df < 400; df += 57) fprintf(f, "t 0.95 %d %.17g\n", df, vg_statistic_t_quantile(0.95, df));
  fclose(f);
  assert_int_equal(run_python("rates_oracle.py", path, NULL), 0);
}

static void edges(void **state) {
  (void)state;
  assert_true(isnan(vg_statistic_share(0, 0).value) && isnan(vg_statistic_share(0, 0).high));
  assert_true(vg_statistic_share(0, 40).low == 0 && vg_statistic_share(0, 40).high > 0.05 &&
              vg_statistic_share(40, 40).high == 1);
  const double apart[] = {3, 4, 5}, below[] = {0, 1, 2}, nothing[] = {(double)NAN, (double)NAN};
  vg_estimate a = vg_statistic_auc(apart, 3, below, 3);
  assert_true(a.value == 1 && a.high == 1 && a.low > 0.4 && a.low < 0.9);
  a = vg_statistic_auc(below, 3, apart, 3);
  assert_true(a.value == 0 && a.low == 0 && a.high < 0.6);
  assert_true(isnan(vg_statistic_auc(nothing, 2, below, 3).value) &&
              isnan(vg_statistic_auc(below, 3, nothing, 2).value));
  const double gap[] = {3, (double)NAN, 5};
  assert_true(vg_statistic_auc(gap, 3, below, 3).value == 1);
  a = vg_statistic_auc(below, 1, below, 1);
  assert_true(a.value == 0.5 && a.low < 0.15 && a.high > 0.85);
  assert_true(isnan(vg_statistic_prediction_limit(apart, 2, 0.01)));
  assert_true(isnan(vg_statistic_prediction_limit((const double[]){1, 1, 1}, 3, 0.01)));
}

/* The interval of chance holds 0.5 about as often as it says. */
static void coverage(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(3, 4);
  int held = 0;
  for (int k = 0; k < 1000; k++) {
    double a[8], b[12];
    for (int i = 0; i < 8; i++) a[i] = vg_rng_normal(&r);
    for (int i = 0; i < 12; i++) b[i] = vg_rng_normal(&r);
    vg_estimate e = vg_statistic_auc(a, 8, b, 12);
    held += e.low <= 0.5 && e.high >= 0.5;
  }
  assert_in_range(held, 930, 980);
}

static double mean_of(double *v, size_t n) {
  return vg_statistic_mean(v, n);
}

static void medians_and_bootstrap(void **state) {
  (void)state;
  double odd[] = {5, 1, 3}, even[] = {4, 1, 9, 2}, drawn[200], v[40], low, high, again_low, again_high;
  assert_true(vg_statistic_median(odd, 3) == 3 && vg_statistic_median(even, 4) == 3);
  assert_true(isnan(vg_statistic_median(odd, 0)) && isnan(vg_statistic_mean(odd, 0)));
  assert_true(vg_statistic_mean(even, 4) == 4);
  for (int i = 0; i < 200; i++) drawn[i] = 199 - i;
  vg_statistic_interval(drawn, 200, VG_INTERVAL_RANKS, &low, &high);
  assert_true(low == 5 && high == 194);
  vg_statistic_interval(drawn, 200, VG_INTERVAL_LINEAR, &low, &high);
  assert_true(fabs(low - 4.975) < 1e-9 && fabs(high - 194.025) < 1e-9);
  /* The interval of a mean is about 2 standard errors to either side. */
  for (int i = 0; i < 40; i++) v[i] = i;
  assert_int_equal(vg_statistic_bootstrap(mean_of, v, 40, VG_INTERVAL_LINEAR, "test", &low, &high), VG_OK);
  const double error = sqrt((1600.0 - 1) / 12 / 40);
  assert_true(fabs(19.5 - low - 1.96 * error) < 0.4 && fabs(high - 19.5 - 1.96 * error) < 0.4);
  assert_int_equal(
      vg_statistic_bootstrap(mean_of, v, 40, VG_INTERVAL_LINEAR, "test", &again_low, &again_high), VG_OK);
  assert_true(low == again_low && high == again_high);
  assert_int_equal(vg_statistic_bootstrap(mean_of, v, 1, VG_INTERVAL_LINEAR, "test", &low, &high), VG_OK);
  assert_true(isnan(low) && isnan(high));
}

/* The values 0 to 200 in another order: each quantile is known. */
static void one_definition_of_quantiles(void **state) {
  (void)state;
  double sorted[201], both[2];
  float shuffled[201], kept[400];
  uint8_t mask[400];
  for (int i = 0; i < 201; i++) {
    sorted[i] = i * 7 % 201;
    shuffled[i] = (float)(i * 7 % 201);
  }
  vg_sort_f64(sorted, 201);
  for (int i = 0; i < 201; i++) assert_true(sorted[i] == i);
  for (int i = 0; i < 400; i++) {
    mask[i] = i % 2 == 0 ? 0 : (uint8_t)(i < 200 ? 1 : 3);
    kept[i] = i % 2 == 0 ? 1e6f : (float)(i / 2 * 7 % 200);
  }
  const double percent[] = {0, 0.5, 12.5, 33.25, 50, 99.5, 100};
  for (int k = 0; k < 7; k++) {
    assert_true(fabs(vg_quantile_f64(sorted, 201, percent[k] / 100) - 2 * percent[k]) < 1e-12);
    assert_true(vg_percentile_f32(shuffled, 201, percent[k]) == (float)(2 * percent[k]));
    /* 0 to 199 where the mask is set */
    assert_int_equal(vg_percentiles(kept, mask, 400, (const double[]){percent[k], 50}, both), VG_OK);
    assert_true(fabs(both[0] - 1.99 * percent[k]) < 1e-12 && both[1] == 99.5);
  }
  assert_true(vg_quantile_f64(sorted, 1, 0.7) == 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(medians_and_bootstrap),
      cmocka_unit_test(one_definition_of_quantiles),
      cmocka_unit_test(as_scipy),
      cmocka_unit_test(edges),
      cmocka_unit_test(coverage),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
