/* test_grid.c: distances and components against SciPy and brute force, and their edge cases. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "oracle.h"
#include "scratch.h"
#include "base/fs.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"
#include "base/number/extent.h"

typedef struct grid {
  int dim[3];
  double mm[3];
  size_t n;
  uint8_t *mask;
} grid;

/* A mask of the given share, drawn voxel by voxel. */
static grid noise(int nx, int ny, int nz, const double mm[3], double share) {
  grid g = {.dim = {nx, ny, nz}, .n = (size_t)nx * (size_t)ny * (size_t)nz};
  memcpy(g.mm, mm, sizeof g.mm);
  g.mask = vg_malloc(g.n, 1);
  assert_non_null(g.mask);
  vg_rng r = vg_rng_init(3, vg_rng_key("grid test", g.n, (uint64_t)(share * 1e6)));
  for (size_t i = 0; i < g.n; i++)
    g.mask[i] = vg_rng_uniform(&r, 0, 1) < share ? (uint8_t)(1 + vg_rng_below(&r, 255)) : 0;
  return g;
}

/* A few balls, cut by the grid's sides. */
static grid blobs(int nx, int ny, int nz, const double mm[3]) {
  grid g = noise(nx, ny, nz, mm, 0);
  vg_rng r = vg_rng_init(5, g.n);
  for (int b = 0; b < 7; b++) {
    double at[3], radius = vg_rng_uniform(&r, 1, 8);
    for (int a = 0; a < 3; a++) at[a] = vg_rng_uniform(&r, 0, g.dim[a]);
    for (size_t i = 0; i < g.n; i++) {
      double x = (double)(i % (size_t)nx) - at[0], y = (double)(i / (size_t)nx % (size_t)ny) - at[1];
      double z = (double)(i / ((size_t)nx * (size_t)ny)) - at[2];
      if (x * x + y * y + z * z < radius * radius) g.mask[i] = 1;
    }
  }
  return g;
}

static const double unit[3] = {1, 1, 1}, oblong[3] = {0.9375, 1.2, 3}, thin[3] = {5, 0.5, 0.31};

static void dump(const char *name, const char *kind, const void *bytes, size_t n) {
  char file[64];
  snprintf(file, sizeof file, "%s.%s", name, kind);
  assert_int_equal(vg_fs_write_atomic(in_scratch(file), bytes, n), VG_OK);
}

static void dump_all(const char *name, grid g) {
  char text[128];
  int len = snprintf(text, sizeof text, "%d %d %d %.17g %.17g %.17g", g.dim[0], g.dim[1], g.dim[2], g.mm[0],
                     g.mm[1], g.mm[2]);
  dump(name, "txt", text, (size_t)len);
  dump(name, "mask", g.mask, g.n);
  float *d = vg_malloc(g.n, sizeof *d), *again = vg_malloc(g.n, sizeof *again);
  uint32_t *label = vg_malloc(g.n, sizeof *label);
  assert_true(d && again && label);
  assert_int_equal(vg_distance(g.mask, g.dim, g.mm, d), VG_OK);
  dump(name, "distance", d, g.n * sizeof *d);
  assert_int_equal(vg_distance_nearest(g.mask, g.dim, g.mm, again, label), VG_OK);
  assert_memory_equal(d, again, g.n * sizeof *d);
  dump(name, "nearest", label, g.n * sizeof *label);
  assert_int_equal(vg_signed_distance(g.mask, g.dim, g.mm, d), VG_OK);
  dump(name, "signed", d, g.n * sizeof *d);
  for (int rank = 0; rank < 3; rank++) {
    static const int neighbours[] = {6, 18, 26};
    static const char *const kinds[] = {"components6", "components18", "components26"};
    size_t n;
    assert_int_equal(vg_components(g.mask, g.dim, neighbours[rank], label, &n, NULL), VG_OK);
    dump(name, kinds[rank], label, g.n * sizeof *label);
  }
  vg_free(label);
  vg_free(again);
  vg_free(d);
  vg_free(g.mask);
}

static void test_agrees_with_scipy(void **state) {
  (void)state;
  require_python("numpy, scipy.ndimage");
  dump_all("blobs", blobs(61, 47, 38, unit));
  dump_all("blobs-oblong", blobs(61, 47, 38, oblong));
  dump_all("blobs-thin", blobs(24, 70, 90, thin));
  dump_all("dense", noise(33, 29, 31, unit, 0.45));
  dump_all("sparse", noise(40, 50, 60, unit, 0.001));
  dump_all("sparse-oblong", noise(40, 50, 60, oblong, 0.001));
  dump_all("nearly-full", noise(40, 30, 20, oblong, 0.995));
  dump_all("slice", noise(80, 70, 1, unit, 0.01));
  dump_all("slice-across", noise(1, 70, 80, oblong, 0.01));
  dump_all("line", noise(1, 1, 90, oblong, 0.1));
  grid one = noise(19, 20, 21, oblong, 0);
  one.mask[(7 * 20 + 18) * 19] = 1;
  dump_all("one", one);
  assert_int_equal(run_python("grid_oracle.py", scratch, NULL), 0);
}

/* Nearest by brute force: squares of whole edges are exact, so ties are. */
static void assert_brute(grid g) {
  float *d = vg_malloc(g.n, sizeof *d);
  uint32_t *nearest = vg_malloc(g.n, sizeof *nearest);
  assert_true(d && nearest);
  assert_int_equal(vg_distance_nearest(g.mask, g.dim, g.mm, d, nearest), VG_OK);
  int nx = g.dim[0], ny = g.dim[1];
  for (int i = 0; i < (int)g.n; i++) {
    double best = INFINITY;
    uint32_t at = UINT32_MAX;
    for (int j = 0; j < (int)g.n; j++) {
      if (!g.mask[j]) continue;
      double x = (i % nx - j % nx) * g.mm[0], y = (i / nx % ny - j / nx % ny) * g.mm[1];
      double z = (i / nx / ny - j / nx / ny) * g.mm[2], square = x * x + y * y + z * z;
      if (square >= best) continue;
      best = square;
      at = (uint32_t)j;
    }
    if (nearest[i] != at || fabs(d[i] - sqrt(best)) > 1e-6 * sqrt(best))
      fail_msg("voxel %d of %dx%dx%d: nearest %u at %g, not %u at %g", i, nx, ny, g.dim[2], nearest[i],
               (double)d[i], at, sqrt(best));
  }
  vg_free(d);
  vg_free(nearest);
  vg_free(g.mask);
}

static void test_nearest_is_the_lowest_of_ties(void **state) {
  (void)state;
  assert_brute(noise(12, 11, 10, unit, 0.01));
  assert_brute(noise(9, 13, 10, unit, 0.05));
  assert_brute(noise(10, 9, 12, unit, 0.4));
  assert_brute(noise(10, 12, 9, (const double[3]){1, 2, 3}, 0.02));
  assert_brute(noise(31, 30, 1, unit, 0.01));
  assert_brute(noise(1, 1, 7, unit, 0.3));
}

static void test_empty_and_full(void **state) {
  (void)state;
  grid g = noise(9, 8, 7, oblong, 0);
  float *d = vg_malloc(g.n, sizeof *d);
  uint32_t *index = vg_malloc(g.n, sizeof *index);
  size_t count, *sizes;
  int lo[3], extent[3];
  assert_int_equal(vg_distance_nearest(g.mask, g.dim, g.mm, d, index), VG_OK);
  for (size_t i = 0; i < g.n; i++) assert_true(d[i] == INFINITY && index[i] == UINT32_MAX);
  assert_int_equal(vg_signed_distance(g.mask, g.dim, g.mm, d), VG_OK);
  for (size_t i = 0; i < g.n; i++) assert_true(d[i] == INFINITY);
  assert_int_equal(vg_components(g.mask, g.dim, 6, index, &count, &sizes), VG_OK);
  assert_int_equal(count, 0);
  for (size_t i = 0; i < g.n; i++) assert_int_equal(index[i], 0);
  vg_free(sizes);
  assert_int_equal(vg_mask_box(g.mask, g.dim, 2, lo, extent), 0);

  memset(g.mask, 255, g.n);
  assert_int_equal(vg_distance_nearest(g.mask, g.dim, g.mm, NULL, index), VG_OK);
  for (size_t i = 0; i < g.n; i++) assert_int_equal(index[i], i);
  assert_int_equal(vg_signed_distance(g.mask, g.dim, g.mm, d), VG_OK);
  for (size_t i = 0; i < g.n; i++) assert_true(d[i] == -INFINITY);
  assert_int_equal(vg_components(g.mask, g.dim, 26, index, &count, &sizes), VG_OK);
  assert_int_equal(count, 1);
  assert_int_equal(sizes[0], g.n);
  vg_free(sizes);
  assert_int_equal(vg_mask_box(g.mask, g.dim, 2, lo, extent), 1);
  for (int a = 0; a < 3; a++) assert_true(lo[a] == 0 && extent[a] == g.dim[a]);
  vg_free(index);
  vg_free(d);
  vg_free(g.mask);
}

static void test_signed_distance_has_no_jump(void **state) {
  (void)state;
  grid g = noise(20, 1, 1, unit, 0);
  memset(g.mask + 5, 1, 6);
  float d[20];
  assert_int_equal(vg_signed_distance(g.mask, g.dim, g.mm, d), VG_OK);
  for (int x = 0; x < 20; x++) {
    double edge = x < 8 ? 4.5 - x : x - 10.5;
    assert_float_equal(d[x], edge, 1e-6);
  }
  vg_free(g.mask);
}

/* Two blocks that touch by a face, an edge or a corner, and a third apart. */
static void test_components_by_what_touches(void **state) {
  (void)state;
  static const struct {
    int at[3], n6, n18, n26;
  } cases[] = {{{4, 2, 2}, 2, 2, 2}, {{4, 4, 2}, 3, 2, 2}, {{4, 4, 4}, 3, 3, 2},
               {{4, 0, 4}, 3, 3, 2}, {{2, 0, 4}, 3, 2, 2}, {{5, 2, 2}, 3, 3, 3}};
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    grid g = noise(12, 10, 9, unit, 0);
    for (int i = 0; i < 8; i++) {
      int x = i & 1, y = i >> 1 & 1, z = i >> 2;
      g.mask[((z + 2) * 10 + y + 2) * 12 + x + 2] = 1;
      g.mask[((z + cases[c].at[2]) * 10 + y + cases[c].at[1]) * 12 + x + cases[c].at[0]] = 9;
    }
    g.mask[(8 * 10 + 9) * 12 + 11] = 1;
    uint32_t label[12 * 10 * 9];
    size_t n, *sizes;
    assert_int_equal(vg_components(g.mask, g.dim, 6, label, &n, NULL), VG_OK);
    assert_int_equal(n, cases[c].n6);
    assert_int_equal(vg_components(g.mask, g.dim, 18, label, &n, NULL), VG_OK);
    assert_int_equal(n, cases[c].n18);
    assert_int_equal(vg_components(g.mask, g.dim, 26, label, &n, &sizes), VG_OK);
    assert_int_equal(n, cases[c].n26);
    assert_int_equal(sizes[0], n == 2 ? 16 : 8);
    assert_int_equal(sizes[n - 1], 1);
    for (size_t i = 0, next = 1; i < g.n; i++) {
      assert_true(!label[i] == !g.mask[i] && label[i] <= next);
      next += label[i] == next;
    }
    vg_free(sizes);
    vg_free(g.mask);
  }
}

static void test_mask_box(void **state) {
  (void)state;
  grid g = noise(20, 11, 12, unit, 0);
  int lo[3], extent[3];
  g.mask[(3 * 11 + 9) * 20 + 17] = 1;
  g.mask[(6 * 11 + 2) * 20 + 18] = 200;
  assert_int_equal(vg_mask_box(g.mask, g.dim, 0, lo, extent), 1);
  assert_true(lo[0] == 17 && lo[1] == 2 && lo[2] == 3);
  assert_true(extent[0] == 2 && extent[1] == 8 && extent[2] == 4);
  assert_int_equal(vg_mask_box(g.mask, g.dim, 3, lo, extent), 1);
  assert_true(lo[0] == 14 && lo[1] == 0 && lo[2] == 0);
  assert_true(extent[0] == 6 && extent[1] == 11 && extent[2] == 10);
  vg_free(g.mask);
}

static void test_threads_change_nothing(void **state) {
  (void)state;
  grid g = blobs(90, 60, 41, oblong);
  float *d[2];
  uint32_t *index[2], *label[2];
  size_t n;
  for (int i = 0; i < 2; i++) {
    vg_threads_set(i ? 3 : 1);
    d[i] = vg_malloc(g.n, sizeof **d);
    index[i] = vg_malloc(g.n, sizeof **index);
    label[i] = vg_malloc(g.n, sizeof **label);
    assert_true(d[i] && index[i] && label[i]);
    assert_int_equal(vg_distance_nearest(g.mask, g.dim, g.mm, d[i], index[i]), VG_OK);
    assert_int_equal(vg_signed_distance(g.mask, g.dim, g.mm, d[i]), VG_OK);
    assert_int_equal(vg_components(g.mask, g.dim, 26, label[i], &n, NULL), VG_OK);
  }
  vg_threads_set(0);
  assert_memory_equal(d[0], d[1], g.n * sizeof **d);
  assert_memory_equal(index[0], index[1], g.n * sizeof **index);
  assert_memory_equal(label[0], label[1], g.n * sizeof **label);
  for (int i = 0; i < 2; i++) {
    vg_free(d[i]);
    vg_free(index[i]);
    vg_free(label[i]);
  }
  vg_free(g.mask);
}

static void test_memory_runs_out(void **state) {
  (void)state;
  grid g = blobs(20, 21, 22, unit);
  float *d = vg_malloc(g.n, sizeof *d);
  uint32_t *index = vg_malloc(g.n, sizeof *index);
  assert_true(d && index);
  vg_threads_set(1);
  long live = vg_mem_live();
  bool ok = false;
  for (long at = 1; !ok; at++) {
    size_t n, *sizes = NULL;
    vg_mem_fail_after(at);
    vg_status st = vg_signed_distance(g.mask, g.dim, g.mm, d);
    if (!st) st = vg_distance_nearest(g.mask, g.dim, g.mm, NULL, index);
    if (!st) st = vg_components(g.mask, g.dim, 26, index, &n, &sizes);
    vg_mem_fail_after(0);
    ok = !st;
    assert_true(ok || st == VG_MEMORY);
    vg_free(sizes);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_threads_set(0);
  vg_free(index);
  vg_free(d);
  vg_free(g.mask);
}

/* Walked in the order of storage, indices count up from 0. */
static void extents(void **state) {
  (void)state;
  const int dim[3] = {3, 4, 5};
  size_t i = 0;
  for (int z = 0; z < 5; z++)
    for (int y = 0; y < 4; y++)
      for (int x = 0; x < 3; x++, i++) {
        int at[3];
        assert_int_equal(vg_extent_index(dim, x, y, z), i);
        vg_extent_at(dim, i, at);
        assert_true(at[0] == x && at[1] == y && at[2] == z);
      }
  assert_int_equal(vg_extent_voxels(dim), i);
  assert_true(vg_extent_voxels((const int[]){4096, 4096, 4096}) == (size_t)1
                                                                       << 36); /* more than an int holds */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extents),
      cmocka_unit_test(test_agrees_with_scipy),
      cmocka_unit_test(test_nearest_is_the_lowest_of_ties),
      cmocka_unit_test(test_empty_and_full),
      cmocka_unit_test(test_signed_distance_has_no_jump),
      cmocka_unit_test(test_components_by_what_touches),
      cmocka_unit_test(test_mask_box),
      cmocka_unit_test(test_threads_change_nothing),
      cmocka_unit_test(test_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
