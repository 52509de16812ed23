/* test_brain.c: the brain mask of an image: any background, noise, heads, slabs and slices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "base/mem.h"
#include "mini_tree.h"
#include "prep/prep.h"
#include "voxgan/rng.h"

enum { NX = 40, NY = 44 };
#define RADIUS 20.0

/* A brain, which is a ball, and its mask. */
typedef struct ball {
  vg_volume image;
  vg_labelmap truth;
  size_t n;
} ball;

static ball make_ball(const char *axes, int slices, float background) {
  const vg_geometry g = mini_geometry(axes, NX, NY, slices, 1, 1, 1);
  const uint16_t all[5] = {0, 1, 1, 1, 1};
  return (ball){mini_image(g, RADIUS, background, 1), mini_labels(g, RADIUS, all), vg_geometry_voxels(&g)};
}

static void release(ball *b) {
  vg_volume_release(&b->image);
  vg_labelmap_release(&b->truth);
}

/* How many voxels of the brain mask differ from the truth. */
static size_t count_wrong(const ball *b, double *background) {
  size_t wrong = 0;
  uint8_t *mask = vg_malloc(b->n, 1);
  must(vg_brain_mask(&b->image, "v.nii", mask, background));
  for (size_t i = 0; i < b->n; i++) wrong += mask[i] != b->truth.data[i];
  vg_free(mask);
  return wrong;
}

static void mask_of_any_background(void **state) {
  (void)state;
  static const float backgrounds[] = {0, -3.6f, 1000, 17.25f};
  for (int k = 0; k < 4; k++) {
    ball b = make_ball("RAS", 42, backgrounds[k]);
    /* Negative noise, and voxels inside that equal the background: a hole to be filled. */
    size_t middle = (size_t)(21 * NY + 22) * NX + 20;
    for (size_t i = 0; i < 5; i++) b.image.data[middle + i] = backgrounds[k];
    b.image.data[middle + 7] = -50;
    /* A crumb in the corner is no brain. */
    b.image.data[(size_t)(2 * NY + 2) * NX + 2] = 500;
    double background;
    assert_int_equal(count_wrong(&b, &background), 0);
    assert_float_equal(background, backgrounds[k], 1e-6);
    release(&b);
  }
}

static void mask_in_noise(void **state) {
  (void)state;
  ball b = make_ball("LPS", 42, 0);
  vg_rng r = vg_rng_init(3, 4);
  for (size_t i = 0; i < b.n; i++) b.image.data[i] += (float)fabs(vg_rng_normal(&r)) * 8;
  b.image.data[17] = 9000; /* a spike must not spoil the cut */
  double background;
  assert_true(count_wrong(&b, &background) < b.n / 1000);
  assert_in_range((int)background, 1, 15);
  release(&b);
}

/* A scanner sets what lies outside its circle to 0: most of the outer faces. Inside it the air is noise. */
static void mask_in_noise_with_a_constant_rim(void **state) {
  (void)state;
  ball b = make_ball("LPS", 42, 0);
  vg_rng r = vg_rng_init(3, 5);
  for (size_t i = 0; i < b.n; i++) {
    const double x = (double)(i % NX) - 19.5, y = (double)(i / NX % NY) - 21.5;
    const float noise = 1 + (float)fabs(vg_rng_normal(&r)) * 8;
    if (x * x + y * y < 17 * 17) b.image.data[i] += noise;
    /* Dark fluid that a canal connects to the air. */
    if (x * x + y * y < 3 * 3 && i / (NX * NY) > 17) b.image.data[i] = noise;
  }
  double background;
  assert_true(count_wrong(&b, &background) < b.n / 1000);
  assert_true(background == 0);
  release(&b);
}

/* A slab of a skull-stripped brain ends in dark tissue, not in noise: every voxel of it is brain. */
static void mask_of_a_slab(void **state) {
  (void)state;
  ball b = make_ball("LPS", 12, 0);
  for (size_t i = 0; i < b.n; i++) {
    const size_t z = i / (NX * NY);
    if (b.truth.data[i] && (z < 2 || z > 9)) b.image.data[i] = 3;
  }
  assert_int_equal(count_wrong(&b, NULL), 0);
  release(&b);
}

static void mask_of_slice(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", NX, NY, 1, 1, 1, 5);
  vg_volume v = mini_image(g, RADIUS, 0, 1);
  uint8_t mask[NX * NY];
  /* A second piece, as where a slice cuts the temporal lobes, stays. */
  for (int y = 1; y < 9; y++)
    for (int x = 1; x < 9; x++) v.data[y * NX + x] = 80;
  v.data[22 * NX + 20] = 0;
  must(vg_brain_mask(&v, "v.nii", mask, NULL));
  assert_int_equal(mask[4 * NX + 4], 1);
  assert_int_equal(mask[22 * NX + 20], 1);
  assert_int_equal(mask[0], 0);
  for (size_t i = 0; i < NX * NY; i++) v.data[i] = 7;
  must_say(vg_brain_mask(&v, "dir/v.nii", mask, NULL), VG_DATA,
           "dir/v.nii: there is no brain: every voxel has the value 7");
  vg_volume_release(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mask_of_any_background),
      cmocka_unit_test(mask_in_noise),
      cmocka_unit_test(mask_in_noise_with_a_constant_rim),
      cmocka_unit_test(mask_of_a_slab),
      cmocka_unit_test(mask_of_slice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
