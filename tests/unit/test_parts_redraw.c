/* test_parts_redraw.c: the parts of tumours, drawn again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "mini_tree.h"
#include "maps_maker.h"
#include "prep/redraw/grain.h"
#include "prep/redraw/level_law.h"
#include "prep/redraw/parts_redraw.h"
#include "voxgan/config.h"
#include "voxgan/rng.h"

enum { X = 48, Y = 44, Z = 16, VOXELS = X * Y * Z, PARTS = 6, WAVES = 200 };
static const double mm[3] = {1.5, 1.5, 3};
static const vg_clusters of = {2, {"t1", "flair"}, {3, 2}};
/* Codes: 1 brain, 2 to 7 the parts, 8 another class. */
enum { FIRST = 2, CYST = FIRST + PARTS };

/* A smooth function whose values have the correlation exp(-d^2 / (2 length^2)). */
typedef struct waves {
  double k[WAVES][3], phase[WAVES];
} waves;

static waves make_waves(double length, uint64_t seed) {
  waves w;
  vg_rng rng = vg_rng_init(seed, vg_rng_key("waves", 0, 0));
  for (int i = 0; i < WAVES; i++) {
    for (int a = 0; a < 3; a++) w.k[i][a] = vg_rng_normal(&rng) / length;
    w.phase[i] = vg_rng_uniform(&rng, 0, 2 * M_PI);
  }
  return w;
}

static double wave_at(const waves *w, const double at[3]) {
  double sum = 0;
  for (int i = 0; i < WAVES; i++)
    sum += cos(w->k[i][0] * at[0] + w->k[i][1] * at[1] + w->k[i][2] * at[2] + w->phase[i]);
  return sum * sqrt(2.0 / WAVES);
}

/* The place of a voxel, mm from the centre. */
static void place(size_t i, double at[3]) {
  const double ijk[3] = {(double)(i % X), (double)(i / X % Y), (double)(i / X / Y)}, dim[3] = {X, Y, Z};
  for (int a = 0; a < 3; a++) at[a] = (ijk[a] - dim[a] / 2) * mm[a];
}

static double radius(size_t i) {
  double at[3];
  place(i, at);
  return sqrt(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
}

static vg_maps make_maps(void) {
  vg_geometry geo = {.dim = {X, Y, Z}};
  vg_classes classes = {0};
  vg_maps m;
  for (int a = 0; a < 3; a++) geo.affine.m[a][a] = mm[a];
  must(vg_classes_add_name(&classes, "brain", VG_ROLE_ANATOMY));
  must(vg_classes_add_parts(&classes, &of, "tumour"));
  must(vg_classes_add_name(&classes, "cyst", VG_ROLE_TUMOUR));
  must(vg_maps_new(&geo, &classes, &m));
  memset(m.brain, 1, VOXELS);
  memset(m.anatomy, 1, VOXELS);
  return m;
}

/* A ball of 20 mm, whose two series vary over `length` mm and depend on each other. */
static vg_maps make_ball(double length, uint64_t seed) {
  vg_maps m = make_maps();
  const waves a = make_waves(length, seed), b = make_waves(length, seed + 1);
  for (size_t i = 0; i < VOXELS; i++) {
    double at[3];
    place(i, at);
    if (radius(i) > 20) continue;
    const double t1 = wave_at(&a, at), flair = 0.6 * t1 + 0.8 * wave_at(&b, at);
    m.tumour[i] = (uint8_t)(FIRST + 2 * ((t1 > -0.3) + (t1 > 0.8)) + (flair > 0.4));
    m.anatomy[i] = 0;
  }
  return m;
}

/* Beside the ball: in one corner a tumour of 5 x 5 x 3 voxels with two parts, in another one with one part,
 * in a third one of 3 x 3 x 3 voxels, and a block of another class that cuts into the ball. */
static vg_maps make_world(void) {
  vg_maps m = make_ball(6, 3);
  size_t i = 0;
  for (int z = 0; z < Z; z++)
    for (int y = 0; y < Y; y++)
      for (int x = 0; x < X; x++, i++) {
        if (x < 5 && y < 5 && z < 3) m.tumour[i] = (uint8_t)(FIRST + (x < 2 ? 0 : 3));
        if (x > X - 6 && y < 5 && z < 3) m.tumour[i] = FIRST + 1;
        if (x < 3 && y > Y - 4 && z < 3) m.tumour[i] = (uint8_t)(FIRST + x % 2);
        if (x > X / 2 + 8 && y > Y / 2 + 4) m.tumour[i] = m.tumour[i] ? CYST : 0;
      }
  return m;
}

static size_t differing(const vg_maps *a, const vg_maps *b) {
  size_t n = 0;
  for (size_t i = 0; i < VOXELS; i++) n += a->tumour[i] != b->tumour[i];
  return n;
}

static void shares_stay_and_places_change(void **state) {
  (void)state;
  vg_maps was = make_world(), m[3];
  const uint64_t keys[3] = {5, 5, 6};
  for (int d = 0; d < 3; d++) {
    must(vg_maps_copy(&was, &m[d]));
    vg_threads_set(d == 1 ? 3 : 1);
    must(vg_parts_redraw(&m[d], 1, keys[d]));
  }
  vg_threads_set(0);
  assert_memory_equal(m[0].tumour, m[1].tumour, VOXELS); /* the same key, other threads */
  size_t n = 0, of_block[2] = {0, 0}, block = 0;
  for (size_t i = 0; i < VOXELS; i++) n += was.tumour[i] >= FIRST && was.tumour[i] < CYST;
  assert_true(differing(&m[0], &m[2]) > n / 4);
  for (int d = 0; d < 3; d++) {
    size_t count[2][CYST + 1] = {{0}};
    assert_true(differing(&m[d], &was) > n / 4);
    assert_memory_equal(m[d].anatomy, was.anatomy, VOXELS);
    assert_memory_equal(m[d].brain, was.brain, VOXELS);
    for (size_t i = 0; i < VOXELS; i++) {
      const size_t x = i % X, y = i / X % Y;
      const bool inside = was.tumour[i] >= FIRST && was.tumour[i] < CYST;
      if (!inside || (x > X - 6 && y < 5) || (x < 3 && y > Y - 4))
        assert_int_equal(m[d].tumour[i], was.tumour[i]); /* outside; of one part; tiny */
      else
        assert_true(m[d].tumour[i] >= FIRST && m[d].tumour[i] < CYST);
      if (x < 5 && y < 5 && d == 0 && inside) {
        of_block[m[d].tumour[i] == FIRST + 3]++;
        block += m[d].tumour[i] != was.tumour[i];
        continue;
      }
      count[0][was.tumour[i]]++;
      count[1][m[d].tumour[i]]++;
    }
    /* Every joint part has as many voxels in each tumour. */
    assert_memory_equal(count[0], count[1], sizeof count[0]);
  }
  assert_int_equal(of_block[0], 30);
  assert_int_equal(of_block[1], 45);
  assert_true(block > 0);
  for (int d = 0; d < 3; d++) vg_maps_release(&m[d]);
  vg_maps_release(&was);
}

/* Correlation of the levels of a series (stride, n) between voxels that are k apart along x. */
static double correlation(const vg_maps *m, int stride, int n, int k) {
  double count = 0, sum = 0, square = 0, pairs = 0, product = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < VOXELS; i++) {
      if (!m->tumour[i]) continue;
      const double v = (m->tumour[i] - FIRST) / stride % n;
      if (!pass) {
        count++, sum += v, square += v * v;
      } else if (i % X + (size_t)k < X && m->tumour[i + (size_t)k]) {
        const double other = (m->tumour[i + (size_t)k] - FIRST) / stride % n;
        pairs++, product += (v - sum / count) * (other - sum / count);
      }
    }
  const double mean = sum / count;
  return product / pairs / (square / count - mean * mean);
}

/* The test compares each series over 1.5 to 6 mm. A part of 12 mm in a ball of 20 mm is one of few, so cases
 * differ much: the bound is wider there. */
static void grain_is_that_of_the_case(void **state) {
  (void)state;
  static const struct { double length, bound; } rows[] = {{2.5, 0.1}, {5, 0.08}, {12, 0.15}};
  enum { DRAWS = 8 };
  double far[3];
  for (int r = 0; r < 3; r++) {
    vg_maps was = make_ball(rows[r].length, 11);
    double drawn[2][5] = {{0}};
    for (int d = 0; d < DRAWS; d++) {
      vg_maps m;
      must(vg_maps_copy(&was, &m));
      must(vg_parts_redraw(&m, 2, (uint64_t)d));
      for (int k = 1; k < 5; k++) {
        drawn[0][k] += correlation(&m, 2, 3, k) / DRAWS;
        drawn[1][k] += correlation(&m, 1, 2, k) / DRAWS;
      }
      vg_maps_release(&m);
    }
    for (int k = 1; k < 5; k++) {
      print_message("%g mm, %g apart: t1 %.3f drawn %.3f; flair %.3f drawn %.3f\n", rows[r].length, 1.5 * k,
                    correlation(&was, 2, 3, k), drawn[0][k], correlation(&was, 1, 2, k), drawn[1][k]);
      assert_true(fabs(drawn[0][k] - correlation(&was, 2, 3, k)) < rows[r].bound);
      assert_true(fabs(drawn[1][k] - correlation(&was, 1, 2, k)) < rows[r].bound + 0.07);
    }
    far[r] = drawn[0][3];
    vg_maps_release(&was);
  }
  assert_true(far[0] + 0.2 < far[1] && far[1] + 0.2 < far[2]);
}

/* A dark core of about 11 mm below a shell and a bright rim. */
static void cores_stay_inside(void **state) {
  (void)state;
  vg_maps was = make_maps();
  const waves w = make_waves(5, 21);
  for (size_t i = 0; i < VOXELS; i++) {
    double at[3];
    place(i, at);
    const double r = radius(i), shaken = r + 2.5 * wave_at(&w, at);
    if (r <= 20) was.tumour[i] = (uint8_t)(FIRST + 2 * ((shaken > 11) + (shaken > 16)));
  }
  double mean[2][3] = {{0}}, n[2][3] = {{0}};
  for (int d = 0; d < 8; d++) {
    vg_maps m;
    must(vg_maps_copy(&was, &m));
    must(vg_parts_redraw(&m, 2, (uint64_t)d));
    assert_true(differing(&m, &was) > 1000);
    for (size_t i = 0; i < VOXELS; i++) {
      if (!m.tumour[i]) continue;
      const int drawn = (m.tumour[i] - FIRST) / 2, before = (was.tumour[i] - FIRST) / 2;
      mean[1][drawn] += radius(i), n[1][drawn]++;
      mean[0][before] += radius(i), n[0][before]++;
    }
    vg_maps_release(&m);
  }
  for (int k = 0; k < 3; k++) {
    print_message("level %d: %.2f mm from the centre, drawn %.2f\n", k, mean[0][k] / n[0][k],
                  mean[1][k] / n[1][k]);
    assert_true(fabs(mean[0][k] / n[0][k] - mean[1][k] / n[1][k]) < 1.5);
  }
  vg_maps_release(&was);
}

/* A disc in a scan of one slice, with a dark core, or with grains of about 10 mm. */
static vg_maps make_slice(bool core, uint64_t seed) {
  enum { N = 60 };
  vg_geometry geo = {.dim = {N, N, 1}};
  vg_classes classes = {0};
  vg_maps m;
  for (int a = 0; a < 3; a++) geo.affine.m[a][a] = 1;
  must(vg_classes_add_parts(&classes, &(vg_clusters){1, {"t1"}, {2}}, "tumour"));
  must(vg_maps_new(&geo, &classes, &m));
  const waves w = make_waves(core ? 4 : 10, seed);
  for (int i = 0; i < N * N; i++) {
    const double at[3] = {i % N - N / 2, i / N - N / 2, 0}, r = hypot(at[0], at[1]), v = wave_at(&w, at);
    if (r < 25) m.tumour[i] = (uint8_t)(1 + (core ? r + 2 * v > 14 : v > 0));
  }
  return m;
}

/* Share of the disc's voxels that are of one part with the voxel k to the right. */
static double alike(const vg_maps *m, int k) {
  double same = 0, all = 0;
  for (int i = 0; i + k < 60 * 60; i++) {
    if (i % 60 + k >= 60 || !m->tumour[i] || !m->tumour[i + k]) continue;
    same += m->tumour[i] == m->tumour[i + k], all++;
  }
  return same / all;
}

/* The ends of the grid above and below are no surface of the tumour, and its size is that in the slice. */
static void one_slice_is_enough(void **state) {
  (void)state;
  enum { DRAWS = 16 };
  double same[2] = {0}, inside[2] = {0};
  for (int d = 0; d < DRAWS; d++) {
    vg_maps core = make_slice(true, 30 + (uint64_t)d), grains = make_slice(false, 50 + (uint64_t)d);
    for (int pass = 0; pass < 2; pass++) {
      if (pass) must(vg_parts_redraw(&core, 2, (uint64_t)d));
      if (pass) must(vg_parts_redraw(&grains, 2, (uint64_t)d));
      double n = 0, dark = 0;
      for (int i = 0; i < 60 * 60; i++) {
        if (hypot(i % 60 - 30, i / 60 - 30) >= 10) continue;
        dark += core.tumour[i] == 1, n++;
      }
      inside[pass] += dark / n / DRAWS;
      same[pass] += alike(&grains, 8) / DRAWS;
    }
    vg_maps_release(&core);
    vg_maps_release(&grains);
  }
  print_message("dark within 10 mm: %.2f, drawn %.2f; alike over 8 mm: %.2f, drawn %.2f\n", inside[0],
                inside[1], same[0], same[1]);
  assert_true(inside[0] > 0.9 && inside[1] > 0.75);
  assert_true(fabs(same[1] - same[0]) < 0.08);
}

/* Halves of a normal variable have the correlation 2 / pi asin(r). The values of three uneven levels and of a
 * rare one are those of scipy.stats.multivariate_normal.cdf. */
static void levels_of_correlated_variables(void **state) {
  (void)state;
  static const double r[3] = {0.2, 0.55, 0.9};
  static const struct {
    size_t count[3];
    double want[3];
  } rows[] = {{{50000, 50000, 0}, {0.128188, 0.370748, 0.712867}},
              {{30854, 53281, 15865}, {0.159099, 0.442423, 0.760723}},
              {{97725, 2275, 0}, {0.038333, 0.189565, 0.577697}}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_level_law law = {0};
    vg_level_law_add(&law, rows[i].count, 3, 2);
    for (int k = 0; k < 3; k++) {
      const double levels = vg_level_law_of_normal(&law, r[k]);
      assert_true(fabs(levels - rows[i].want[k]) < 0.0015);
      assert_true(fabs(vg_level_law_to_normal(&law, levels) - r[k]) < 1e-6);
    }
    assert_true(fabs(vg_level_law_of_normal(&law, 1) - 1) < 1e-9);
    assert_true(vg_level_law_to_normal(&law, -0.1) == 0);
  }
  vg_level_law both = {0}; /* a mean by weight */
  vg_level_law_add(&both, rows[0].count, 3, 1);
  vg_level_law_add(&both, rows[2].count, 3, 3);
  assert_true(fabs(vg_level_law_of_normal(&both, 0.55) - (0.370748 + 3 * 0.189565) / 4) < 0.0015);
}

/* A field has variance 1 up to the ends of its box, and the correlation that it was asked for; the shares are
 * found again. */
static void fields_have_their_correlation(void **state) {
  (void)state;
  static const int dim[3] = {40, 36, 20};
  const vg_grain g = {2, {3, 9}, {0.4, 0.6}};
  const size_t n = 40 * 36 * 20;
  float *v = vg_malloc(n, sizeof *v);
  uint8_t *mask = vg_malloc(n, 1);
  double end = 0, sum[VG_LAGS_MAX] = {0};
  vg_lags lags;
  assert_non_null(v);
  assert_non_null(mask);
  memset(mask, 1, n);
  enum { DRAWS = 30 };
  for (int d = 0; d < DRAWS; d++) {
    must(vg_grain_draw(&g, dim, mm, 8, (uint64_t)d, v));
    for (size_t i = 0; i < n; i += 40) end += (double)v[i] * (double)v[i] / ((double)n / 40) / DRAWS;
    vg_lags_measure(v, mask, dim, mm, 12, &lags);
    for (int k = 0; k < lags.n; k++) sum[k] += lags.of[k].value / DRAWS;
  }
  assert_true(fabs(end - 1) < 0.1);
  assert_int_equal(lags.n, 8 + 8 + 4);
  for (int k = 0; k < lags.n; k++) {
    const double d = lags.of[k].mm, want = 0.4 * exp(-d * d / 18) + 0.6 * exp(-d * d / 162);
    assert_true(fabs(sum[k] - want) < 0.08);
    lags.of[k].value = want;
  }
  vg_grain fit;
  vg_grain_fit(&lags, 1.5, 30, &fit);
  for (int k = 0; k < lags.n; k++) {
    double got = 0;
    for (int s = 0; s < fit.n; s++) got += fit.share[s] * exp(-pow(lags.of[k].mm / fit.mm[s], 2) / 2);
    assert_true(fabs(got - lags.of[k].value) < 0.01);
  }
  vg_free(v);
  vg_free(mask);
}

static vg_status redraw(vg_maps *m) {
  return vg_parts_redraw(m, 1, 1);
}

static void memory_may_run_out(void **state) {
  (void)state;
  vg_maps m = make_world();
  maker_starve(redraw, &m);
  vg_maps_release(&m);
}

static void other_classes_stay(void **state) {
  (void)state;
  vg_maps m = make_ball(5, 1), was;
  m.classes.divided = false; /* a data set's own names */
  must(vg_maps_copy(&m, &was));
  must(vg_parts_redraw(&m, 1, 1));
  assert_memory_equal(m.tumour, was.tumour, VOXELS);
  m.classes.divided = true;
  memset(m.tumour, 0, VOXELS); /* no tumour */
  must(vg_parts_redraw(&m, 1, 1));
  for (size_t i = 0; i < VOXELS; i++) assert_int_equal(m.tumour[i], 0);
  vg_maps_release(&m);
  vg_maps_release(&was);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_stay_and_places_change),
      cmocka_unit_test(grain_is_that_of_the_case),
      cmocka_unit_test(cores_stay_inside),
      cmocka_unit_test(one_slice_is_enough),
      cmocka_unit_test(levels_of_correlated_variables),
      cmocka_unit_test(fields_have_their_correlation),
      cmocka_unit_test(memory_may_run_out),
      cmocka_unit_test(other_classes_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
