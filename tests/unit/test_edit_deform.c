/* test_edit_deform.c: displacements are smooth, bounded and do not fold; deformed structures stay connected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "model_head.h"
#include "edit_case.h"
#include "edit/displace/warp.h"
#include "grid/grid.h"
#include "base/mem.h"

static const double left[3] = {-35, 10, 15};

static double determinant(double m[3][3]) {
  double d = 0;
  for (int i = 0; i < 3; i++)
    d += m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] - m[1][(i + 2) % 3] * m[2][(i + 1) % 3]);
  return d;
}

static void warps_do_not_fold(void **state) {
  (void)state;
  vg_geometry g = model_grid(3, 2, 4, 20);
  for (int amplitude = 2; amplitude <= 50; amplitude += 24) {
    vg_rng rng = vg_rng_init(3, 4);
    vg_warp w;
    must(vg_warp_random(&g, amplitude, 25, &rng, &w));
    double longest = 0, least = 1;
    float *row = vg_malloc(3 * (size_t)g.dim[0], sizeof *row);
    for (int z = 0; z < g.dim[2]; z++)
      for (int y = 0; y < g.dim[1]; y++) {
        vg_warp_row(&w, &g, y, z, row);
        for (int x = 0; x < g.dim[0]; x++) {
          double mm[3], d[3], jacobian[3][3], length = 0;
          vg_affine_apply(&g.affine, (double[]){x, y, z}, mm);
          vg_warp_at(&w, mm, d);
          for (int k = 0; k < 3; k++) {
            assert_float_equal(row[3 * x + k], d[k], 1e-4);
            length += d[k] * d[k];
          }
          longest = fmax(longest, sqrt(length));
          bool face =
              x == 0 || y == 0 || z == 0 || x == g.dim[0] - 1 || y == g.dim[1] - 1 || z == g.dim[2] - 1;
          if (face) assert_true(length < 1e-6);
          if (face || (x + y + z) % 3) continue;
          for (int a = 0; a < 3; a++) {
            double up[3], beyond[3] = {mm[0], mm[1], mm[2]};
            beyond[a] += 0.01;
            vg_warp_at(&w, beyond, up);
            for (int k = 0; k < 3; k++) jacobian[k][a] = (k == a) + (up[k] - d[k]) / 0.01;
          }
          least = fmin(least, determinant(jacobian));
        }
      }
    assert_true(least > 0);
    assert_true(longest <= w.reach + 1e-6);
    if (amplitude == 2)
      assert_true(longest > 1.8 && longest < 2.6);
    else
      assert_true(longest < 15);
    vg_free(row);
    vg_warp_release(&w);
  }
}

static void a_deformed_tumour_keeps_volume_and_place(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(2, 2, 2, 10), left, 16), was;
  must(vg_maps_copy(&m, &was));
  must(edit(&m, "deform:amplitude=6,smoothness=15", 1, NULL));
  double before[3], after[3];
  tumour_centre(&was, before);
  tumour_centre(&m, after);
  for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++)
    assert_int_equal(count_code(&m, code), count_code(&was, code));
  for (int a = 0; a < 3; a++) assert_true(fabs(after[a] - before[a]) < 4);
  size_t n = vg_geometry_voxels(&m.geo), differ = 0;
  for (size_t i = 0; i < n; i++) differ += !m.tumour[i] != !was.tumour[i];
  assert_true(differ > count_code(&was, -1) / 20);
  assert_memory_equal(m.anatomy, was.anatomy, n);
  assert_sound(&m, true);
  vg_maps_release(&m);
  vg_maps_release(&was);
}

static void a_deformed_head_stays_in_step(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(2, 2, 3, 0), left, 16), was;
  must(vg_maps_copy(&m, &was));
  must(edit(&m, "deform:target=all,amplitude=5,smoothness=30", 1, NULL));
  assert_sound(&m, false);
  size_t n = vg_geometry_voxels(&m.geo), brain = 0, differ = 0, unknown = 0, pieces;
  for (size_t i = 0; i < n; i++) {
    brain += was.brain[i];
    differ += m.anatomy[i] != was.anatomy[i];
    unknown += m.brain[i] && !m.anatomy[i];
  }
  assert_int_equal(unknown, 0);
  assert_true(differ > brain / 50 && differ < brain / 3);
  double change = (double)count_code(&m, -1) / (double)count_code(&was, -1);
  assert_true(change > 0.5 && change < 2);
  uint32_t *label = vg_malloc(n, sizeof *label);
  must(vg_components(m.brain, m.geo.dim, 6, label, &pieces, NULL));
  assert_int_equal(pieces, 1);
  vg_free(label);
  vg_maps_release(&m);
  vg_maps_release(&was);
}

static void nothing_to_deform_is_refused(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(5, 5, 5, 0), NULL, 0);
  must_say(edit(&m, "deform", 1, NULL), VG_REFUSED, "the case has no tumour to deform");
  memset(m.brain, 0, vg_geometry_voxels(&m.geo));
  must_say(edit(&m, "deform:target=all", 1, NULL), VG_REFUSED, "the case has no brain to deform");
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(warps_do_not_fold),
      cmocka_unit_test(a_deformed_tumour_keeps_volume_and_place),
      cmocka_unit_test(a_deformed_head_stays_in_step),
      cmocka_unit_test(nothing_to_deform_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
