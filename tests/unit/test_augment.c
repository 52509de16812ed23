/* test_augment.c: the effect of augmentation on images: where, how strong, that it is random, and which
 * series are dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "sample/augment.h"

enum { D = 14, H = 16, W = 18, N = D * H * W };

static float inside[N], plain[2 * N], altered[2 * N], scratch[VG_AUGMENT_SCRATCH * N];
static const int dim[3] = {D, H, W};

static int setup(void **state) {
  (void)state;
  for (int z = 0, i = 0; z < D; z++)
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++, i++) {
        inside[i] =
            hypot(hypot(x - 8.5, y - 7.5), z - 6.5) < 6 ? 1.f / 255 : 0; /* as the loader cuts it out */
        for (int s = 0; s < 2; s++)
          plain[s * N + i] = inside[i] > 0 ? 0.9f * sinf((float)(x + 2 * y + 3 * z + s) * 0.3f) : -1;
      }
  return 0;
}

static void alter(const vg_augment *how, uint64_t key) {
  vg_rng r = vg_rng_init(7, key);
  memcpy(altered, plain, sizeof plain);
  vg_augment_alter(altered, 2, inside, dim, how, &r, scratch);
}

/* Measures the brain's values. which: 0 mean, 1 standard deviation, 2 mean difference of neighbours along x.
 */
static double measure(const float *v, int which) {
  double sum = 0, squares = 0, rough = 0, n = 0, m = 0;
  for (int i = 0; i < N; i++) {
    if (!(inside[i] > 0)) continue;
    sum += v[i], squares += v[i] * v[i], n++;
    if (i % W + 1 < W && inside[i + 1] > 0) rough += fabsf(v[i + 1] - v[i]), m++;
  }
  return which == 0 ? sum / n : which == 1 ? sqrt(squares / n - sum * sum / n / n) : rough / m;
}

static void each_by_itself(void **state) {
  (void)state;
  static const vg_augment each[] = {{.share = 1, .bias = 0.5},
                                    {.share = 1, .blur = 2},
                                    {.share = 1, .noise = 0.1},
                                    {.share = 1, .contrast = 0.5},
                                    {.share = 1, .gamma = 0.7}};
  for (int k = 0; k < 5; k++) {
    double far = 0;
    for (uint64_t key = 0; key < 20; key++) {
      alter(&each[k], key);
      for (int i = 0; i < 2 * N; i++) {
        assert_true(altered[i] >= -1 && altered[i] <= 1);
        if (!(inside[i % N] > 0)) assert_true(altered[i] == -1);
      }
      /* each series for itself */
      float other[N];
      for (int i = 0; i < N; i++) other[i] = altered[N + i] - plain[N + i] - (altered[i] - plain[i]);
      double d = 0;
      for (int i = 0; i < N; i++) d += fabsf(altered[i] - plain[i]) / N;
      assert_true(measure(other, 1) > 1e-5);
      far = fmax(far, d);
      const double sd[2] = {measure(plain, 1), measure(altered, 1)};
      if (k == 1) assert_true(sd[1] <= 1.02 * sd[0] && measure(altered, 2) <= 1.02 * measure(plain, 2));
      if (k == 1) assert_true(fabs(measure(altered, 0) - measure(plain, 0)) < 0.05);
      if (k == 2) assert_true(measure(altered, 2) > measure(plain, 2));
      /* a curve keeps the order of values */
      if (k >= 3)
        for (int i = 0; i + 37 < N; i++)
          if (inside[i] > 0 && inside[i + 37] > 0 && plain[i] < plain[i + 37])
            assert_true(altered[i] <= altered[i + 37] + 1e-6f);
    }
    if (!(far > 0.01)) fail_msg("alteration %d does nothing", k);
  }
}

/* The bias field is smooth: of an even image it leaves the logarithm of a quadratic. */
static void bias_is_smooth(void **state) {
  (void)state;
  float kept[2 * N];
  memcpy(kept, plain, sizeof plain);
  for (int i = 0; i < 2 * N; i++)
    if (inside[i % N] > 0) plain[i] = 0;
  double spread = 0;
  for (uint64_t key = 0; key < 10; key++) {
    alter(&(vg_augment){.share = 1, .bias = 1}, key);
    for (int i = 0; i + 3 < N; i++) {
      if (!(inside[i] > 0 && inside[i + 1] > 0 && inside[i + 2] > 0 && inside[i + 3] > 0)) continue;
      double v[4];
      for (int k = 0; k < 4; k++) v[k] = log((altered[i + k] + 1.0) / 2);
      assert_true(fabs(v[3] - 3 * v[2] + 3 * v[1] - v[0]) < 1e-4); /* third differences of a quadratic */
    }
    spread = fmax(spread, measure(altered, 1));
  }
  assert_true(spread > 0.05);
  memcpy(plain, kept, sizeof plain);
}

static void chance_alone(void **state) {
  (void)state;
  const vg_augment all = {.share = 0.5, .bias = 0.5, .blur = 1, .noise = 0.1, .contrast = 0.4, .gamma = 0.5};
  float first[2 * N];
  alter(&all, 3);
  memcpy(first, altered, sizeof first);
  alter(&all, 4);
  assert_memory_not_equal(first, altered, sizeof first);
  alter(&all, 3);
  assert_memory_equal(first, altered, sizeof first);
  alter(&(vg_augment){.share = 1}, 3);
  for (int i = 0; i < 2 * N; i++) assert_float_equal(altered[i], plain[i], 1e-6);
}

static void series_go_missing(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(1, 2);
  int gone[4] = {0}, alone[4] = {0};
  for (int t = 0; t < 2000; t++) {
    bool missing[VG_SERIES_MAX];
    vg_augment_drop(0.5, 4, &r, missing);
    int left = 0;
    for (int s = 0; s < 4; s++) gone[s] += missing[s], left += !missing[s];
    assert_true(left >= 1);
    vg_augment_drop(1, 4, &r, missing);
    left = 0;
    for (int s = 0; s < 4; s++) alone[s] += !missing[s], left += !missing[s];
    assert_int_equal(left, 1);
    vg_augment_drop(0.9, 1, &r, missing);
    assert_false(missing[0]);
  }
  /* of one in 16 that would lose all, one series of four comes back */
  for (int s = 0; s < 4; s++) {
    assert_in_range(gone[s], 900, 1040);
    assert_in_range(alone[s], 420, 580);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_by_itself),
      cmocka_unit_test(bias_is_smooth),
      cmocka_unit_test(chance_alone),
      cmocka_unit_test(series_go_missing),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
