/* test_tumour_crop.c: the box about a tumour has the extent and the place that its header promises, by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "sample/tumour_crop.h"

/* A case of 60 x 70 x 80 voxels whose tumour has corners at two voxels (x, y, z). */
static vg_case case_of(const int a[3], const int b[3], double sx, double sy, double sz, uint32_t voxels[2]) {
  const int dim[3] = {60, 70, 80};
  vg_case c = {.record = {.dim = {60, 70, 80}, .spacing = {sx, sy, sz}}, .tumour = voxels, .n_tumour = 2};
  voxels[0] = (uint32_t)((a[2] * dim[1] + a[1]) * dim[0] + a[0]);
  voxels[1] = (uint32_t)((b[2] * dim[1] + b[1]) * dim[0] + b[0]);
  return c;
}

static void extents(void **state) {
  (void)state;
  uint32_t voxels[4][2];
  const vg_case cases[4] = {
      case_of((int[]){5, 9, 40}, (int[]){14, 9, 44}, 1, 2, 0.5, voxels[0]),  /* 10 x 1 x 5 voxels */
      {.record = {.dim = {60, 70, 80}, .spacing = {1, 1, 1}}},               /* no tumour: not counted */
      case_of((int[]){5, 9, 40}, (int[]){28, 11, 40}, 1, 2, 0.5, voxels[2]), /* 24 x 3 x 1 */
      case_of((int[]){5, 30, 0}, (int[]){54, 9, 79}, 1, 2, 0.5, voxels[3]),  /* 50 x 22 x 80 */
  };
  int patch[3] = {80, 64, 48}, extent[3];
  /* medians and margins in voxels: 24 + 2 * 10, 3 + 2 * 5, 5 + 2 * 20 */
  assert_int_equal(vg_tumour_crop_extent(cases, 4, 10, patch, extent), VG_OK);
  assert_true(extent[0] == 48 && extent[1] == 16 && extent[2] == 48);
  /* without a margin: 24, 3 (16 at least), 5 */
  assert_int_equal(vg_tumour_crop_extent(cases, 4, 0, patch, extent), VG_OK);
  assert_true(extent[0] == 16 && extent[1] == 16 && extent[2] == 24);
  patch[0] = 1, patch[1] = 12, patch[2] = 20; /* a box is no larger than the patch, which may be flat */
  assert_int_equal(vg_tumour_crop_extent(cases, 4, 10, patch, extent), VG_OK);
  assert_true(extent[0] == 1 && extent[1] == 12 && extent[2] == 20);
  assert_int_equal(vg_tumour_crop_extent(&cases[1], 1, 10, patch, extent), VG_OK);
  assert_true(extent[0] == 0 && extent[1] == 0 && extent[2] == 0);
  for (long n = 1; n < 4; n++) {
    vg_mem_fail_after(n);
    assert_int_equal(vg_tumour_crop_extent(cases, 4, 10, patch, extent), VG_MEMORY);
    vg_mem_fail_after(0);
    assert_int_equal(vg_mem_live(), 0);
  }
}

enum { D = 12, H = 10, W = 20, N = D * H * W };
static const int dim[3] = {D, H, W};

static void put(float *fractions, int z, int y, int x, float share) {
  fractions[(z * H + y) * W + x] = share;
}

static void places(void **state) {
  (void)state;
  static float fractions[2 * N];
  const int box[3] = {4, 4, 8};
  float at[VG_CROP_NUMBERS];
  vg_rng r = vg_rng_init(1, 2);
  put(fractions, 3, 3, 3, 0.5f); /* not mostly tumour */
  vg_tumour_crop_place(fractions, 2, dim, box, &r, at);
  for (int i = 0; i < VG_CROP_NUMBERS; i++) assert_true(at[i] == 0);

  /* Two classes add up. Voxels at z 5..6, y 0, x 16..19: centred where there is room, else at the border. */
  put(fractions, 5, 0, 16, 0.3f);
  put(fractions + N, 5, 0, 16, 0.3f);
  put(fractions + N, 6, 0, 19, 1);
  vg_tumour_crop_place(fractions, 2, dim, box, &r, at);
  assert_true(at[0] == 4 && at[1] == 0 && at[2] == 12 && at[3] == 1);

  /* A tumour longer than the box along x: the box holds one of its voxels, inside the sample, and moves. */
  put(fractions, 5, 0, 0, 1);
  float least = W, most = 0;
  for (int i = 0; i < 50; i++) {
    vg_tumour_crop_place(fractions, 2, dim, box, &r, at);
    assert_true(at[0] == 4 && at[1] == 0 && at[3] == 1);
    assert_true(at[2] == 0 || at[2] == 12); /* about 0; 16 and 19 */
    least = at[2] < least ? at[2] : least;
    most = at[2] > most ? at[2] : most;
  }
  assert_true(least == 0 && most == 12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extents),
      cmocka_unit_test(places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
