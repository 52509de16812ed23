/* test_volume.c: affines and the 48 orientations. The oracle (nibabel) is in test_nifti_oracle.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"
#include "voxgan/volume.h"

/* Orientation o of 48: a permutation and three signs, spacing 1, 2, 3 by world axis. */
static vg_geometry oriented(int o, const int dim_by_world[3]) {
  static const int perms[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const int *perm = perms[o / 8];
  vg_geometry g = {{0}, {{{0}}}};
  for (int a = 0; a < 3; a++) {
    int w = perm[a];
    int sign = o >> a & 1 ? -1 : 1;
    g.dim[a] = dim_by_world[w];
    g.affine.m[w][a] = sign * (w + 1);
    g.affine.m[w][3] = sign > 0 ? 10 * w : 10 * w + (dim_by_world[w] - 1) * (w + 1);
  }
  return g;
}

/* A number that tells the world position. */
static float at_world(const double mm[3]) {
  return (float)(mm[0] + 100 * mm[1] + 1e4 * mm[2]);
}

static void fill_by_world(vg_volume *v) {
  const int *d = v->geo.dim;
  size_t i = 0;
  for (int z = 0; z < d[2]; z++) {
    for (int y = 0; y < d[1]; y++) {
      for (int x = 0; x < d[0]; x++) {
        double mm[3];
        vg_affine_apply(&v->geo.affine, (double[]){x, y, z}, mm);
        v->data[i++] = at_world(mm);
      }
    }
  }
}

static void test_all_orientations(void **state) {
  (void)state;
  static const int dims[3] = {37, 5, 41}; /* more than one tile, and odd */
  for (int o = 0; o < 48; o++) {
    char code[4], want[4];
    vg_volume v;
    vg_labelmap m;
    vg_geometry g = oriented(o, dims);
    assert_int_equal(vg_volume_new(&g, &v), VG_OK);
    assert_int_equal(vg_labelmap_new(&g, &m), VG_OK);
    fill_by_world(&v);
    for (size_t i = 0; i < vg_geometry_voxels(&g); i++) m.data[i] = (uint16_t)((int)v.data[i] % 65521);
    vg_geometry_orientation(&g, code);
    for (int a = 0; a < 3; a++) {
      int w = g.affine.m[0][a] != 0 ? 0 : g.affine.m[1][a] != 0 ? 1 : 2;
      want[a] = "LPIRAS"[w + 3 * (g.affine.m[w][a] > 0)];
    }
    want[3] = '\0';
    assert_string_equal(code, want);
    assert_int_equal(vg_volume_canonicalise(&v), VG_OK);
    assert_int_equal(vg_labelmap_canonicalise(&m), VG_OK);
    vg_geometry_orientation(&v.geo, code);
    assert_string_equal(code, "RAS");
    assert_memory_equal(v.geo.dim, dims, sizeof dims);
    assert_memory_equal(m.geo.dim, dims, sizeof dims);
    double mm[3];
    vg_geometry_spacing(&v.geo, mm);
    for (int a = 0; a < 3; a++) {
      assert_true(mm[a] == a + 1);
      assert_true(v.geo.affine.m[a][3] == 10 * a);
    }
    vg_volume ref;
    assert_int_equal(vg_volume_new(&v.geo, &ref), VG_OK);
    fill_by_world(&ref);
    size_t n = vg_geometry_voxels(&g);
    assert_memory_equal(v.data, ref.data, n * sizeof *v.data);
    for (size_t i = 0; i < n; i++) assert_int_equal(m.data[i], (int)ref.data[i] % 65521);
    /* and back, to the very bytes */
    assert_int_equal(vg_volume_to_geometry(&v, &g), VG_OK);
    assert_int_equal(vg_labelmap_to_geometry(&m, &g), VG_OK);
    assert_memory_equal(&v.geo, &g, sizeof g);
    vg_volume_release(&ref);
    assert_int_equal(vg_volume_new(&g, &ref), VG_OK);
    fill_by_world(&ref);
    assert_memory_equal(v.data, ref.data, n * sizeof *v.data);
    for (size_t i = 0; i < n; i++) assert_int_equal(m.data[i], (int)ref.data[i] % 65521);
    vg_volume_release(&v);
    vg_volume_release(&ref);
    vg_labelmap_release(&m);
  }
}

static void test_affines(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(1, 1);
  for (int k = 0; k < 100; k++) {
    vg_affine a, inverse;
    for (int i = 0; i < 12; i++) a.m[i / 4][i % 4] = vg_rng_normal(&r);
    assert_true(vg_affine_invert(&a, &inverse));
    vg_affine one = vg_affine_mul(&a, &inverse);
    for (int i = 0; i < 12; i++) assert_true(fabs(one.m[i / 4][i % 4] - (i % 5 == 0)) < 1e-9);
    double p[3] = {1, -2, 3}, q[3];
    vg_affine_apply(&a, p, q);
    vg_affine_apply(&inverse, q, q); /* in place is fine */
    for (int i = 0; i < 3; i++) assert_true(fabs(p[i] - q[i]) < 1e-9);
  }
  vg_affine flat = {{{1, 2, 0, 0}, {2, 4, 0, 0}, {0, 0, 1, 0}}}, out;
  assert_false(vg_affine_invert(&flat, &out));
  flat.m[0][0] = NAN;
  assert_false(vg_affine_invert(&flat, &out));
  vg_affine tiny = {{{1e-6, 0, 0, 0}, {0, 1e-6, 0, 0}, {0, 0, 1e-6, 0}}};
  assert_true(vg_affine_invert(&tiny, &out));
}

static void test_same_grid(void **state) {
  (void)state;
  static const int dims[3] = {240, 240, 155};
  vg_geometry a = oriented(0, dims), b = a;
  assert_int_equal(vg_geometry_same(&a, "t1", &b, "its seg", 1e-3), VG_OK);
  b.dim[2] = 154;
  assert_int_equal(vg_geometry_same(&a, "t1", &b, "its seg", 1e-3), VG_DATA);
  assert_string_equal(vg_error(), "t1: shape 240x240x155 differs from its seg's 240x240x154");
  b = a;
  b.affine.m[0][0] += 1e-5; /* 2.4 um at the far end */
  assert_int_equal(vg_geometry_same(&a, "t1", &b, "its seg", 1e-3), VG_DATA);
  assert_non_null(strstr(vg_error(), "0.00239 mm"));
  assert_int_equal(vg_geometry_same(&a, "t1", &b, "its seg", 1e-2), VG_OK);
  b.affine.m[0][3] = NAN;
  assert_int_equal(vg_geometry_same(&a, "t1", &b, "its seg", 1e9), VG_DATA);
}

static void test_refuses(void **state) {
  (void)state;
  vg_volume v;
  vg_geometry g = {{0, 4, 4}, {{{0}}}};
  assert_int_equal(vg_volume_new(&g, &v), VG_DATA);
  g = (vg_geometry){{INT32_MAX, INT32_MAX, INT32_MAX}, {{{0}}}};
  assert_int_equal(vg_volume_new(&g, &v), VG_DATA);
  g = (vg_geometry){{INT32_MAX, INT32_MAX, 1}, {{{0}}}};
  assert_int_equal(vg_volume_new(&g, &v), VG_MEMORY);
  static const int dims[3] = {8, 8, 8};
  g = oriented(13, dims);
  assert_int_equal(vg_volume_new(&g, &v), VG_OK);
  vg_mem_fail_after(1);
  assert_int_equal(vg_volume_canonicalise(&v), VG_MEMORY);
  vg_mem_fail_after(0);
  assert_memory_equal(v.geo.dim, g.dim, sizeof g.dim); /* not the whole: it has padding */
  assert_memory_equal(&v.geo.affine, &g.affine, sizeof g.affine);
  vg_volume_release(&v);
  vg_volume_release(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_orientations),
      cmocka_unit_test(test_affines),
      cmocka_unit_test(test_same_grid),
      cmocka_unit_test(test_refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
