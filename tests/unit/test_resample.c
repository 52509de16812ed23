/* test_resample.c: means over voxels are resampled to another grid, and back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "grid/resample.h"

#define N 12

/* Mean over [a, b] of x^p. */
static double mean_power(double a, double b, int p) {
  return (pow(b, p + 1) - pow(a, p + 1)) / ((p + 1) * (b - a));
}

/* Away from the ends, means over voxels of a parabola become its means over finer voxels, whatever the ratio.
 */
static void parabolas_come_out_exactly(void **state) {
  (void)state;
  static const double steps[] = {0.5, 1.0 / 3, 0.7, 0.95};
  for (size_t s = 0; s < 4; s++)
    for (int p = 0; p <= 2; p++)
      for (int axis = 0; axis < 3; axis++) {
        const int fine = (int)(N / steps[s]);
        int in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
        double step[3] = {1, 1, 1}, start[3] = {0, 0, 0};
        float v[N], w[64];
        in[axis] = N;
        out[axis] = fine;
        step[axis] = steps[s];
        start[axis] = 0.1;
        for (int i = 0; i < N; i++) v[i] = (float)mean_power(i, i + 1, p);
        vg_resampler r;
        assert_int_equal(vg_resampler_init(&r, in, out, step, start, true), VG_OK);
        vg_resample(&r, v, w);
        for (int k = 0; k < fine; k++) {
          const double lo = k * steps[s] + 0.1;
          if (lo < 3 || lo > N - 4) continue;
          assert_float_equal(w[k], mean_power(lo, lo + steps[s], p), 2e-4);
        }
        vg_resampler_release(&r);
      }
}

/* Where it is not asked for, nothing exceeds its neighbours: fractions stay fractions. */
static void linear_stays_within(void **state) {
  (void)state;
  const int in[3] = {N, 1, 1}, out[3] = {2 * N, 1, 1};
  const double step[3] = {0.5, 1, 1}, start[3] = {0, 0, 0};
  for (int sharp = 0; sharp < 2; sharp++) {
    float v[N], w[2 * N], most = 0;
    for (int i = 0; i < N; i++) v[i] = i >= N / 2;
    vg_resampler r;
    assert_int_equal(vg_resampler_init(&r, in, out, step, start, sharp), VG_OK);
    vg_resample(&r, v, w);
    for (int k = 0; k < 2 * N - 6; k++) most = fmaxf(most, w[k]);
    assert_true(sharp ? most > 1.01f : most <= 1);
    vg_resampler_release(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parabolas_come_out_exactly),
      cmocka_unit_test(linear_stays_within),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
