/* test_overlap.c: overlap metrics on masks made by hand: surfaces, empty masks, and the rules for lesions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "voxgan/metric.h"

enum { SIDE = 24, N = SIDE * SIDE * SIDE };
static uint8_t real[N], synth[N];

static int empty(void **state) {
  (void)state;
  memset(real, 0, N);
  memset(synth, 0, N);
  return 0;
}

static void cuboid(uint8_t *m, int x, int y, int z, int dx, int dy, int dz) {
  for (int k = z; k < z + dz; k++)
    for (int j = y; j < y + dy; j++)
      for (int i = x; i < x + dx; i++) m[(k * SIDE + j) * SIDE + i] = 1;
}

static double value(const char *metric, const char *challenge) {
  vg_regions regions;
  vg_metric_regions_init(&regions);
  assert_int_equal(vg_metric_regions_add(&regions, "tumour", (const uint8_t[]){1}, 1), VG_OK);
  vg_metric_memo memo = {0};
  vg_metric_input in = {.dim = {SIDE, SIDE, SIDE},
                        .spacing = {1, 1, 1},
                        .regions = &regions,
                        .real_labels = real,
                        .synth_labels = synth,
                        .memo = &memo};
  if (challenge) assert_int_equal(vg_metric_lesion_rules_find(challenge, &in.lesion_rules), VG_OK);
  double v;
  assert_int_equal(vg_metric_find(metric)->metric->compute(&in, &v), VG_OK);
  vg_metric_memo_release(&memo);
  return v;
}

static void expect(const char *metric, double expected) {
  double v = value(metric, NULL);
  if (isnan(expected) ? !isnan(v) : v != expected)
    print_error("%s: %.9g, expected %.9g\n", metric, v, expected);
  assert_true(isnan(expected) ? isnan(v) : v == expected);
}

static void expect_lesions(const char *challenge, double dice, double hd95) {
  double d = value("lesion_dice", challenge), h = value("lesion_hd95", challenge);
  if (fabs(d - dice) > 1e-9 || fabs(h - hd95) > 1e-5)
    print_error("%s: %.9g %.9g, expected %.9g %.9g\n", challenge ? challenge : "GLI", d, h, dice, hd95);
  assert_true(fabs(d - dice) <= 1e-9 && fabs(h - hd95) <= 1e-5);
}

static void test_both_empty(void **state) {
  (void)state;
  expect("dice", 1);
  expect("jaccard", 1);
  expect("sensitivity", NAN);
  expect("precision", NAN);
  expect("volume_difference", 0);
  expect("relative_volume_difference", 0);
  expect("hd95", 0);
  expect("assd", 0);
  expect("nsd", 1);
  expect_lesions("GLI", 1, 0);
}

static void test_one_empty(void **state) {
  (void)state;
  cuboid(real, 3, 3, 3, 10, 10, 10);
  expect("dice", 0);
  expect("jaccard", 0);
  expect("sensitivity", 0);
  expect("precision", NAN);
  expect("volume_difference", 1);
  expect("relative_volume_difference", 1);
  expect("hd95", INFINITY);
  expect("assd", INFINITY);
  expect("nsd", 0);
  expect_lesions("GLI", 0, 374);
  memcpy(synth, real, N);
  memset(real, 0, N);
  expect("sensitivity", NAN);
  expect("precision", 0);
  expect("volume_difference", 1);
  expect("relative_volume_difference", INFINITY);
  expect("hd95", INFINITY);
  expect_lesions("GLI", 0, 374);
}

static void test_known_distances(void **state) {
  (void)state;
  cuboid(real, 5, 5, 5, 1, 1, 1);
  cuboid(synth, 8, 9, 5, 1, 1, 1);
  expect("hd95", 5);
  expect("assd", 5);
  /* A plate of 100 against the same 3 up: every distance is 3. */
  empty(NULL);
  cuboid(real, 4, 4, 4, 10, 10, 1);
  cuboid(synth, 4, 4, 7, 10, 10, 1);
  expect("hd95", 3);
  expect("assd", 3);
  expect("nsd", 0);
  /* At most 1 mm apart, inclusive; and half of one plate against the other half and one that is 2 mm up. */
  empty(NULL);
  cuboid(real, 4, 4, 4, 10, 10, 1);
  cuboid(synth, 4, 4, 5, 10, 10, 1);
  expect("nsd", 1);
  empty(NULL);
  cuboid(real, 4, 4, 4, 10, 10, 1);
  cuboid(synth, 4, 4, 4, 10, 5, 1);
  cuboid(synth, 4, 9, 6, 10, 5, 1);
  /* Near are, of the real plate, the shared half and the next row (1 mm away), of the synthetic one the
   * shared half. */
  expect("nsd", (60 + 50) / 200.0);
  empty(NULL);
  cuboid(real, 4, 4, 4, 10, 10, 1);
  cuboid(synth, 4, 4, 7, 10, 10, 1);
  /* The whole grid: its surface is its outermost voxels. */
  empty(NULL);
  cuboid(real, 0, 0, 0, SIDE, SIDE, SIDE);
  cuboid(synth, 0, 0, 0, SIDE, SIDE, SIDE);
  expect("hd95", 0);
  /* A hole has a surface of its own: the six voxels beside it, 11 or 10 voxels from the nearest outermost
   * one. */
  synth[(12 * SIDE + 12) * SIDE + 12] = 0;
  int inner = SIDE - 2, outer = N - inner * inner * inner;
  double away = 3 * 11 + 3 * 10;
  assert_true(fabs(value("assd", NULL) - away / (2 * outer + 6)) < 1e-6);
}

static void test_lesions_are_found_and_missed(void **state) {
  (void)state;
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(synth, 2, 2, 2, 4, 4, 4);
  expect_lesions("GLI", 1, 0);
  /* A speck that meets none is an error whatever its volume. */
  cuboid(synth, 20, 20, 20, 1, 1, 1);
  expect_lesions("GLI", 0.5, 187);
  empty(NULL);
  cuboid(synth, 20, 20, 20, 1, 1, 1);
  expect_lesions("GLI", 0, 374);
}

static void test_near_lesions_are_one(void **state) {
  (void)state;
  /* Five voxels lie between: three dilations of each join them, one does not. */
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(real, 11, 2, 2, 4, 4, 4);
  cuboid(synth, 2, 2, 2, 4, 4, 4);
  expect_lesions("MEN", 0.5, 187);
  double hd = value("hd95", NULL);
  assert_true(hd > 8 && hd < 10);
  expect_lesions("GLI", 2.0 * 64 / (128 + 64), hd);
}

static void test_small_lesions_are_passed_over(void **state) {
  (void)state;
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(synth, 2, 2, 2, 4, 4, 4);
  cuboid(real, 16, 16, 16, 5, 5, 2); /* 50 mm3 is not above 50 */
  expect_lesions("GLI", 1, 0);
  expect_lesions("MET", 0.5, 187);
  /* What meets it is not made up. */
  cuboid(synth, 16, 16, 16, 2, 2, 2);
  expect_lesions("GLI", 1, 0);
  real[(18 * SIDE + 16) * SIDE + 16] = 1; /* 51 */
  double dice = 2.0 * 8 / (51 + 8);
  assert_true(fabs(value("lesion_dice", "GLI") - (1 + dice) / 2) < 1e-9);
}

static void test_a_part_beside_a_lesion_belongs_to_it(void **state) {
  (void)state;
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(synth, 8, 2, 2, 4, 4, 4); /* two voxels off: within reach of three dilations, not of one */
  double hd = value("hd95", NULL);
  assert_true(hd == 6);
  expect_lesions("GLI", 0, hd);
  expect_lesions("MEN", 0, 374);
  assert_true(value("lesion_dice", "MEN") == 0);
}

static void test_a_part_may_meet_two_lesions(void **state) {
  (void)state;
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(real, 16, 2, 2, 4, 4, 4);
  cuboid(synth, 2, 2, 2, 18, 4, 4);
  double both = 18 * 16, dice = 2.0 * 64 / (64 + both);
  assert_true(fabs(value("lesion_dice", "GLI") - dice) < 1e-9);
}

/* The dilating structure has no corners, components join at corners. */
static void test_neighbourhoods(void **state) {
  (void)state;
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(real, 6, 6, 6, 4, 4, 4); /* meets the other at a corner: one lesion, under any rules */
  cuboid(synth, 2, 2, 2, 4, 4, 4);
  assert_true(fabs(value("lesion_dice", "MET") - 2.0 * 64 / (128 + 64)) < 1e-9);
  empty(NULL);
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(synth, 6, 6, 6, 4, 4, 4); /* diagonally past the corner: one dilation does not reach it */
  expect_lesions("MEN", 0, 374);
  empty(NULL);
  cuboid(real, 2, 2, 2, 4, 4, 4);
  cuboid(synth, 6, 6, 2, 4, 4, 4); /* past an edge: it does */
  assert_true(value("lesion_hd95", "MEN") < 374);
}

static void test_challenges(void **state) {
  (void)state;
  const vg_lesion_rules *r;
  int n = 0;
  for (; (r = vg_metric_lesion_rules_at(n)); n++) assert_true(r->dilations > 0 && r->above_mm3 > 0);
  assert_int_equal(n, 5);
  assert_int_equal(vg_metric_lesion_rules_find("MET", &r), VG_OK);
  assert_true(r->dilations == 1 && r->above_mm3 == 2);
  assert_int_equal(vg_metric_lesion_rules_find("GBM", &r), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "GLI"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, empty)
  const struct CMUnitTest tests[] = {
      TEST(test_both_empty),
      TEST(test_one_empty),
      TEST(test_known_distances),
      TEST(test_lesions_are_found_and_missed),
      TEST(test_near_lesions_are_one),
      TEST(test_small_lesions_are_passed_over),
      TEST(test_a_part_beside_a_lesion_belongs_to_it),
      TEST(test_a_part_may_meet_two_lesions),
      TEST(test_neighbourhoods),
      TEST(test_challenges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
