/* test_boundary.c: the boundary metrics distinguish a tumour that belongs to its image from one pasted onto
 * it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "eval/metric/metric_boundary.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "voxgan/rng.h"

enum { SIDE = 48, N = SIDE * SIDE * SIDE };
static float real[N], synth[N], distance[N];
static uint8_t cells[N];
static vg_surface surface = {{0, 0, 0}, {SIDE, SIDE, SIDE}, distance};

static double from_centre(int i) {
  double d[3] = {i % SIDE - 23.5, i / SIDE % SIDE - 23.5, i / (SIDE * SIDE) - 23.5};
  return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

/* Tissue with a tumour of radius 9 whose edge is an arc tangent as wide as width mm. */
static void paint(float *image, double width, double level, uint64_t seed) {
  vg_rng r = vg_rng_init(seed, 0);
  for (int i = 0; i < N; i++) {
    double rim = 0.5 - atan((from_centre(i) - 9) / width) / 3.14159265;
    image[i] = (float)(-0.3 + level * rim + 0.02 * vg_rng_normal(&r));
  }
}

static int set_up(void **state) {
  (void)state;
  static uint8_t mask[N];
  for (int i = 0; i < N; i++) {
    cells[i] = from_centre(i) < 22;
    mask[i] = from_centre(i) < 9;
  }
  const int dim[3] = {SIDE, SIDE, SIDE};
  return vg_signed_distance(mask, dim, (const double[]){1, 1, 1}, distance);
}

static double value(const char *metric) {
  vg_regions regions;
  vg_metric_regions_init(&regions);
  assert_int_equal(vg_metric_regions_add(&regions, "tumour", NULL, 0), VG_OK);
  vg_metric_memo memo = {0};
  vg_metric_input in = {.dim = {SIDE, SIDE, SIDE},
                        .spacing = {1, 1, 1},
                        .regions = &regions,
                        .real = real,
                        .synth = synth,
                        .cells = cells,
                        .range = 2,
                        .real_surfaces = &surface,
                        .synth_surfaces = &surface,
                        .memo = &memo};
  double v;
  assert_int_equal(vg_metric_find(metric)->metric->compute(&in, &v), VG_OK);
  vg_metric_memo_release(&memo);
  return v;
}

static void test_pasted_blended_and_smeared(void **state) {
  (void)state;
  paint(real, 1.5, 0.8, 1);
  paint(synth, 1.5, 0.8, 2); /* another noise, the same tumour */
  double blended = value("boundary_sharpness"), gap = value("profile_gradient");
  assert_true(fabs(blended - 1) < 0.03 && gap < 0.03);
  assert_true(value("profile_intensity") < 0.002);
  paint(synth, 0.05, 0.8, 2); /* an edge of one voxel */
  assert_true(value("boundary_sharpness") > 1.3);
  assert_true(value("profile_gradient") > 0.2);
  paint(synth, 6, 0.8, 2);
  assert_true(value("boundary_sharpness") < 0.7);
}

static void test_intensity_of_the_tumour(void **state) {
  (void)state;
  paint(real, 1.5, 0.8, 1);
  paint(synth, 1.5, 0.4, 1);
  /* The profiles differ by 0.4 inside, 0 outside, 0.2 on average of a range of 2. */
  assert_true(fabs(value("profile_intensity") - 0.1) < 0.02);
}

static void test_without_a_surface(void **state) {
  (void)state;
  paint(real, 1.5, 0.8, 1);
  paint(synth, 1.5, 0.8, 2);
  surface.distance = NULL;
  static const char *const metrics[] = {"profile_intensity", "profile_gradient", "boundary_sharpness"};
  for (int k = 0; k < 3; k++) assert_true(isnan(value(metrics[k])));
  surface.distance = distance;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pasted_blended_and_smeared),
      cmocka_unit_test(test_intensity_of_the_tumour),
      cmocka_unit_test(test_without_a_surface),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
