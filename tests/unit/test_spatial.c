/* test_spatial.c: samples that are turned, resized and bent, against what geometry says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "sample/sample.h"
#include "sample/spatial.h"

enum { NX = 40, NY = 36, NZ = 30, N = NX * NY * NZ };
static const double mm[3] = {3, 1, 1.5}; /* z, y, x */

/* A case whose image is linear in the place, and whose one class fills the half with x below the middle. */
static vg_case ramp_case(void) {
  static int16_t image[N];
  static uint8_t labels[N], brain[N];
  vg_case c = {.n_classes = 1, .n_series = 1, .image = image, .labels = labels, .brain = brain};
  memcpy(c.record.dim, (const int[3]){NX, NY, NZ}, sizeof c.record.dim);
  memcpy(c.record.spacing, (const double[3]){1.5, 1, 3}, sizeof c.record.spacing);
  for (int i = 0; i < N; i++) {
    const int x = i % NX, y = i / NX % NY, z = i / NX / NY;
    image[i] = (int16_t)(300 * x - 200 * y + 100 * z);
    labels[i] = x < NX / 2 ? 255 : 0;
    brain[i] = 255;
  }
  return c;
}

typedef struct drawn {
  int dim[3];
  size_t n;
  float *places, *scratch;
} drawn;

static drawn draw(const vg_case *c, const vg_augment *how, const int lo[3], const int dim[3], uint64_t seed) {
  drawn d = {{dim[0], dim[1], dim[2]}, (size_t)(dim[0] * dim[1] * dim[2]), NULL, NULL};
  d.places = vg_malloc(3 * d.n, sizeof *d.places);
  d.scratch = vg_malloc(vg_spatial_scratch(dim), sizeof *d.scratch);
  assert_true(d.places && d.scratch);
  vg_rng r = vg_rng_init(seed, 1);
  vg_spatial_draw(how, c, lo, dim, &r, d.scratch, d.places);
  return d;
}

static void release(drawn *d) {
  vg_free(d->places);
  vg_free(d->scratch);
}

/* The distance in mm between two voxels' places. */
static double apart(const drawn *d, size_t i, size_t k) {
  double sum = 0;
  for (size_t a = 0; a < 3; a++) {
    const double step = ((double)d->places[a * d->n + i] - (double)d->places[a * d->n + k]) * mm[a];
    sum += step * step;
  }
  return sqrt(sum);
}

static void nothing_asked_for_is_the_case_itself(void **state) {
  (void)state;
  vg_case c = ramp_case();
  const int lo[3] = {-3, 4, 25}, dim[3] = {12, 20, 24};
  static float labels[2][12 * 20 * 24], image[2][12 * 20 * 24];
  drawn d = draw(&c, &(vg_augment){.share = 1}, lo, dim, 1);
  assert_false(vg_spatial_wanted(&(vg_augment){.share = 1}));
  assert_false(vg_spatial_wanted(&(vg_augment){.rotate = 10}));
  assert_true(vg_spatial_wanted(&(vg_augment){.share = 0.5, .rotate = 10}));
  vg_case_patch(&c, lo, dim, labels[0], image[0]);
  vg_spatial_patch(&c, d.places, d.n, labels[1], image[1]);
  for (size_t i = 0; i < d.n; i++) {
    assert_float_equal(image[1][i], image[0][i], 1e-6);
    assert_float_equal(labels[1][i], labels[0][i], 1e-6);
  }
  release(&d);
}

/* Between the voxels of a linear image, the value is that of the place. */
static void values_are_those_of_the_places(void **state) {
  (void)state;
  vg_case c = ramp_case();
  const int lo[3] = {10, 10, 12}, dim[3] = {9, 14, 15};
  static float labels[9 * 14 * 15], image[9 * 14 * 15], inside[9 * 14 * 15];
  const vg_augment how = {.share = 1, .rotate = 20, .scale = 0.3, .elastic = 2};
  drawn d = draw(&c, &how, lo, dim, 5);
  size_t within = 0;
  vg_spatial_patch(&c, d.places, d.n, labels, image);
  vg_spatial_brain(&c, d.places, d.n, inside);
  for (size_t i = 0; i < d.n; i++) {
    const double z = (double)d.places[i], y = (double)d.places[d.n + i], x = (double)d.places[2 * d.n + i];
    const bool in = z >= 0 && z <= NZ - 1 && y >= 0 && y <= NY - 1 && x >= 0 && x <= NX - 1;
    within += in;
    if (!in) continue;
    assert_float_equal(image[i], (300 * x - 200 * y + 100 * z) / 32767, 1e-5);
    assert_float_equal(labels[i], fmin(fmax(NX / 2 - x, 0), 1), 1e-4);
    assert_float_equal(inside[i], 1, 1e-5);
  }
  assert_true(within > d.n / 2);
  release(&d);
}

/* Rotation keeps all distances, and a change of size multiplies them by one factor within its bounds. */
static void distances_show_the_size(void **state) {
  (void)state;
  vg_case c = ramp_case();
  const int lo[3] = {5, 5, 5}, dim[3] = {8, 8, 8};
  const size_t last = 8 * 8 * 8 - 1;
  const double across = sqrt(49 * (mm[0] * mm[0] + mm[1] * mm[1] + mm[2] * mm[2]));
  double least = 9, most = 0;
  for (uint64_t seed = 0; seed < 50; seed++) {
    drawn d = draw(&c, &(vg_augment){.share = 1, .rotate = 90}, lo, dim, seed);
    assert_float_equal(apart(&d, 0, last), across, 1e-3);
    assert_float_equal(apart(&d, 7, 56), apart(&d, 0, 63), 1e-3);
    release(&d);
    d = draw(&c, &(vg_augment){.share = 1, .rotate = 90, .scale = 0.5}, lo, dim, seed);
    const double factor = across / apart(&d, 0, last);
    assert_float_equal(apart(&d, 0, 7) * factor, 7 * mm[2], 1e-2);
    least = fmin(least, factor);
    most = fmax(most, factor);
    release(&d);
  }
  assert_true(least > 1 / 1.5 - 1e-3 && least < 0.75 && most < 1.5 + 1e-3 && most > 1.35);
}

static void a_slice_stays_in_its_plane(void **state) {
  (void)state;
  vg_case c = ramp_case();
  const int lo[3] = {7, 2, 3}, dim[3] = {1, 30, 32};
  const vg_augment how = {.share = 1, .rotate = 30, .scale = 0.2, .elastic = 4};
  drawn d = draw(&c, &how, lo, dim, 3);
  size_t moved = 0;
  for (size_t i = 0; i < d.n; i++) {
    assert_true(d.places[i] == 7);
    moved += fabs((double)d.places[d.n + i] - (double)(i / 32 + 2)) > 0.5;
  }
  assert_true(moved > d.n / 2);
  release(&d);
}

/* The displacement is smooth, and as large as was asked for. */
static void bending_is_smooth(void **state) {
  (void)state;
  enum { SEEDS = 60 };
  vg_case c = ramp_case();
  const int lo[3] = {0, 0, 0}, dim[3] = {NZ, NY, NX};
  double most = 0, squares = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    drawn d = draw(&c, &(vg_augment){.share = 1, .elastic = 3}, lo, dim, seed);
    for (size_t i = 0; i + 1 < d.n; i++) {
      const double shift = ((double)d.places[2 * d.n + i] - (double)(i % NX)) * mm[2];
      squares += shift * shift / (double)d.n / SEEDS;
      if (i % NX + 1 < NX) most = fmax(most, fabs(apart(&d, i, i + 1) - mm[2]));
    }
    release(&d);
  }
  /* The mean square of an SD that is uniform from 0 to 3 mm is 3. */
  assert_true(squares > 2 && squares < 4.5);
  assert_true(most > 0.05 && most < mm[2]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_asked_for_is_the_case_itself),
      cmocka_unit_test(values_are_those_of_the_places),
      cmocka_unit_test(distances_show_the_size),
      cmocka_unit_test(a_slice_stays_in_its_plane),
      cmocka_unit_test(bending_is_smooth),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
