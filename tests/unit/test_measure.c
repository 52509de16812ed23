/* test_measure.c: the measured facts of a tumour equal those of the head drawn here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"
#include "mini_tree.h"
#include "model_head.h"
#include "voxgan/edit.h"

static vg_tumour_facts facts_of(const vg_maps *m) {
  vg_tumour_facts f;
  must(vg_tumour_measure(m, &f));
  return f;
}

static void volumes_and_centre(void **state) {
  (void)state;
  static const double at[3] = {-28, -10, 12};
  for (int turned = 0; turned < 2; turned++) {
    vg_maps m = model_head(model_grid(1.5, 2, 2.5, turned ? 12 : 0), at, 18);
    vg_tumour_facts f = facts_of(&m);
    double voxel = 1.5 * 2 * 2.5 / 1000, centre[3], sum = 0;
    tumour_centre(&m, centre);
    assert_int_equal(f.components, 1);
    for (int k = 0; k < m.classes.n; k++) {
      double ml = k < 3 ? 0 : (double)count_code(&m, k + 1) * voxel;
      assert_true(fabs(f.ml[k] - ml) < 1e-9);
      sum += ml;
    }
    assert_true(fabs(f.total_ml - sum) < 1e-9 && f.total_ml > 20);
    for (int a = 0; a < 3; a++) assert_true(fabs(f.centre[a] - centre[a]) < 1e-6);
    assert_true(f.outside_ml == 0);
    assert_true(f.left_share == 1);
    vg_maps_release(&m);
  }
}

static void sides(void **state) {
  (void)state;
  static const struct {
    double x, least, most;
  } rows[] = {{30, 0, 0}, {-30, 1, 1}, {0, 0.4, 0.6}, {-9, 0.75, 0.99}, {9, 0.01, 0.25}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    double at[3] = {rows[i].x, -40, 10};
    vg_maps m = model_head(model_grid(2, 2, 2, 0), at, 18);
    vg_tumour_facts f = facts_of(&m);
    if (f.left_share < rows[i].least || f.left_share > rows[i].most)
      fail_msg("at x %g: %g is left", rows[i].x, f.left_share);
    vg_maps_release(&m);
  }
}

static void pieces_and_strays(void **state) {
  (void)state;
  static const double at[3] = {-30, -20, 12};
  vg_maps m = model_head(model_grid(2, 2, 2, 0), at, 12);
  const int *dim = m.geo.dim;
  size_t row = (size_t)dim[0], slice = row * (size_t)dim[1];
  size_t i = (size_t)(dim[2] / 2) * slice + (size_t)(dim[1] / 2) * row + (size_t)dim[0] * 3 / 4;
  assert_int_equal(facts_of(&m).components, 1);
  m.tumour[i] = MAKER_NECROSIS;
  m.tumour[i + row + slice + 1] = MAKER_OEDEMA; /* corner to corner: one piece */
  assert_int_equal(facts_of(&m).components, 2);
  m.tumour[i + 2 * slice - 4] = MAKER_OEDEMA;
  assert_int_equal(facts_of(&m).components, 3);
  m.tumour[0] = MAKER_OEDEMA;
  vg_tumour_facts f = facts_of(&m);
  assert_int_equal(f.components, 4);
  assert_true(fabs(f.outside_ml - 0.008) < 1e-12);
  vg_maps_release(&m);
}

static void none(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(3, 3, 3, 0), NULL, 0);
  vg_tumour_facts f = facts_of(&m);
  assert_int_equal(f.components, 0);
  assert_true(f.total_ml == 0 && f.left_share == 0 && f.centre[0] == 0);
  m.tumour[5] = MAKER_OEDEMA;
  memset(m.brain, 0, vg_geometry_voxels(&m.geo));
  assert_int_equal(vg_tumour_measure(&m, &f), VG_REFUSED);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(volumes_and_centre),
      cmocka_unit_test(sides),
      cmocka_unit_test(pieces_and_strays),
      cmocka_unit_test(none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
