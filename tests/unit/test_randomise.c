/* test_randomise.c: the steps that make images from label maps, each against SciPy or a formula. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "oracle.h"
#include "scratch.h"
#include "prep/randomise/blur.h"
#include "prep/randomise/contrast.h"
#include "prep/randomise/deform.h"
#include "prep/randomise/field.h"
#include "prep/randomise/head.h"
#include "prep/randomise/noise.h"
#include "prep/randomise/scanner.h"
#include "prep/randomise/tone.h"

enum { D = 30, H = 25, W = 41, N = D * H * W };
static const int dim[3] = {D, H, W};
static float a[4 * N], b[4 * N], c[4 * N];

static void save(const char *name, const void *data, size_t bytes) {
  FILE *f = fopen(in_scratch(name), "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, bytes, f), bytes);
  fclose(f);
}

static void uniform(float *v, size_t n, const char *purpose) {
  vg_rng r = vg_rng_init(3, vg_rng_key(purpose, 0, 0));
  for (size_t i = 0; i < n; i++) v[i] = (float)vg_rng_uniform(&r, 0, 1);
}

/* ---- steps ---- */

static void blurs_as_scipy(void **state) {
  (void)state;
  uniform(a, N, "blur");
  save("blur.in", a, N * sizeof *a);
  vg_blur(a, dim, (const double[3]){2.3, 0.05, 0.8}, b);
  save("blur.out", a, N * sizeof *a);
  require_python("numpy, scipy");
  assert_int_equal(run_python("randomise_oracle.py", "blur", scratch, NULL), 0);
}

static void resamples_as_scipy(void **state) {
  (void)state;
  uniform(a, N, "scanner");
  save("scanner.in", a, N * sizeof *a);
  const vg_scanner s = vg_scanner_of(dim, (const double[3]){4.5, 1, 1.7}, (const double[3]){0.4, 0.9, 0.2});
  assert_int_equal(s.dim[1], H);
  vg_scanner_sample(&s, dim, a, b);
  const size_t n = (size_t)s.dim[0] * (size_t)s.dim[1] * (size_t)s.dim[2];
  save("scanner.low", a, n * sizeof *a);
  vg_scanner_back(&s, dim, a, b);
  save("scanner.out", a, N * sizeof *a);
  FILE *f = fopen(in_scratch("scanner.txt"), "w");
  for (int k = 0; k < 3; k++) fprintf(f, "%.17g %.17g %d\n", s.offset[k], s.step[k], s.dim[k]);
  fclose(f);
  require_python("numpy, scipy");
  assert_int_equal(run_python("randomise_oracle.py", "scanner", scratch, NULL), 0);
}

/* A field is the spline of its nodes, as smooth as one, and as strong as asked for. */
static void fields_are_splines(void **state) {
  (void)state;
  const vg_field f = vg_field_of(dim, (const double[3]){7, 40, 10}, 1);
  assert_int_equal(f.nodes[0], 5 + 3);
  assert_int_equal(f.nodes[1], 1 + 3);
  assert_int_equal(f.nodes[2], 4 + 3);
  const size_t nodes = 8 * 4 * 7;
  assert_true(vg_field_scratch(&f) <= 4 * N);
  uniform(b, nodes, "field");
  save("field.nodes", b, nodes * sizeof *b);
  vg_field_expand(&f, b, c, a);
  save("field.out", a, N * sizeof *a);
  double sum = 0;
  for (uint64_t k = 0; k < 200; k++) {
    vg_rng r = vg_rng_init(k, 5);
    vg_field g = f;
    g.sd = 0.3;
    vg_field_draw(&g, &r, c, a);
    for (size_t i = 0; i < N; i += 97) sum += (double)a[i] * (double)a[i] / 200 / ((N + 96) / 97);
  }
  assert_float_equal(sqrt(sum), 0.3, 0.02);
  require_python("numpy, scipy");
  assert_int_equal(run_python("randomise_oracle.py", "field", scratch, NULL), 0);
}

static void noise_is_normal_and_rician(void **state) {
  (void)state;
  const size_t n = 4 * N;
  vg_noise_normals(7, 9, a, n);
  save("noise.normal", a, n * sizeof *a);
  /* Value i does not depend on how many are made. */
  vg_noise_normals(7, 9, b, 1001);
  assert_memory_equal(a, b, 1001 * sizeof *a);
  vg_noise_normals(7, 10, b, 1001);
  assert_memory_not_equal(a, b, 1001 * sizeof *a);
  for (size_t i = 0; i < N; i++) a[i] = 0.3f;
  vg_noise_gaussian(a, N, 0.2, 7, 11, b);
  save("noise.gaussian", a, N * sizeof *a);
  for (size_t i = 0; i < N; i++) a[i] = 0.3f;
  vg_noise_rician(a, N, 0.2, 7, 12, b);
  save("noise.rician", a, N * sizeof *a);
  require_python("numpy, scipy");
  assert_int_equal(run_python("randomise_oracle.py", "noise", scratch, NULL), 0);
}

/* The words are Philox's: Box and Muller's formula over vg_philox() gives the same deviates. */
static void noise_is_philox(void **state) {
  (void)state;
  vg_noise_normals(123456789012345u, 987654321098765u, a, 256);
  for (uint64_t k = 0; k < 64; k++) {
    uint32_t w[4];
    vg_philox(123456789012345u, 987654321098765u, k, w);
    for (int half = 0; half < 2; half++) {
      const double u = ((w[2 * half] >> 8) + 1.0) / 16777216, radius = sqrt(-2 * log(u));
      const double angle = 2 * M_PI * (int32_t)w[2 * half + 1] / 4294967296.0;
      assert_float_equal(a[k + 128 * (uint64_t)half], radius * cos(angle), 2e-5);
      assert_float_equal(a[k + 128 * (uint64_t)half + 64], radius * sin(angle), 2e-5);
    }
  }
}

static void tones_follow_the_formulas(void **state) {
  (void)state;
  uint8_t *kinds = calloc(N, 1);
  uniform(a, N, "tone");
  for (size_t i = 0; i < N; i++) kinds[i] = a[i] > 0.25f;
  double range[2], everywhere[2];
  vg_tone_range(a, kinds, N, (const double[2]){10, 90}, range);
  assert_float_equal(range[0], 0.25 + 0.75 * 0.1, 0.01);
  assert_float_equal(range[1], 0.25 + 0.75 * 0.9, 0.01);
  memset(kinds, 0, N);
  vg_tone_range(a, kinds, N, (const double[2]){10, 90}, everywhere);
  assert_float_equal(everywhere[0], 0.1, 0.01);
  assert_float_equal(everywhere[1], 0.9, 0.01);
  memcpy(b, a, N * sizeof *a);
  vg_tone_map(b, N, 0.2, 0.8, 1.7);
  for (size_t i = 0; i < N; i++) {
    const double x = ((double)a[i] - 0.2) / 0.6, y = x < 0 ? 0 : x > 1 ? 1 : x;
    assert_float_equal(b[i], 2 * pow(y, 1.7) - 1, 1e-5);
  }
  memcpy(b, a, N * sizeof *a);
  for (size_t i = 0; i < N; i++) c[i] = 6 * a[i] - 3;
  vg_tone_shade(b, c, N);
  for (size_t i = 0; i < N; i++)
    assert_float_equal(b[i], (double)a[i] * exp((double)c[i]), 1e-5 * exp((double)c[i]));
  free(kinds);
}

/* A gap keeps the classes apart, and they can be in order; a gap that leaves no room ends too. */
static void classes_keep_a_gap(void **state) {
  (void)state;
  vg_randomise how = {.mean = {0.1, 1}, .clusters = 1, .likeness = 1, .gap = 0.2};
  const vg_kinds kinds = {.n = 3, .contrast = {0, 1, 2, 3}, .klass = {0, 1, 2, 3}};
  vg_contrast table;
  int close = 0;
  for (uint64_t k = 0; k < 400; k++) {
    how.gap = k < 200 ? 0.2 : 0;
    vg_rng r = vg_rng_init(k, 1);
    vg_contrast_draw(&how, &kinds, &r, &table);
    const double apart = fmin(fmin(fabs((double)table.mean[1] - (double)table.mean[2]),
                                   fabs((double)table.mean[1] - (double)table.mean[3])),
                              fabs((double)table.mean[2] - (double)table.mean[3]));
    if (k < 200) assert_true(apart >= 0.2 - 1e-6);
    close += k >= 200 && apart < 0.2;
  }
  assert_true(close > 100); /* 1 - (1 - 2 * 0.2 / 0.9)^2 and more of 200 without it */
  how.sorted = 1;
  for (uint64_t k = 0; k < 50; k++) {
    vg_rng r = vg_rng_init(k, 1);
    vg_contrast_draw(&how, &kinds, &r, &table);
    assert_true(table.mean[1] < table.mean[2] && table.mean[2] < table.mean[3]);
  }
  how.sorted = 0;
  how.gap = 0.3;
  how.mean[0] = 0.8;
  vg_rng r = vg_rng_init(1, 1);
  vg_contrast_draw(&how, &kinds, &r, &table);
}

/* Each contrast has the mean and the standard deviation that were drawn for it, and kinds of one contrast
 * share them. */
static void contrasts_have_their_moments(void **state) {
  (void)state;
  const vg_randomise how = {
      .mean = {0.3, 0.9}, .sd = {0.02, 0.1}, .clusters = 3, .spread = 0.1, .likeness = 1};
  const vg_kinds kinds = {.n = 5, .contrast = {0, 4, 4, 9, 5, 6}, .klass = {0, 1, 2, 0, 1, 2}};
  vg_contrast table;
  for (uint64_t k = 0; k < 20; k++) {
    vg_rng r = vg_rng_init(k, 1);
    vg_contrast_draw(&how, &kinds, &r, &table);
    for (int part = 0; part < VG_CONTRAST_CLUSTERS_MAX; part++) {
      const float *mean = table.mean + part * (VG_KINDS_MAX + 1), *sd = table.sd + part * (VG_KINDS_MAX + 1);
      assert_true(mean[0] >= 0 && mean[0] <= 0.15f);
      assert_true(mean[1] >= 0.2f && mean[1] <= 1 && sd[1] >= 0.02f && sd[1] <= 0.1f);
      assert_true(mean[1] == mean[2] && sd[1] == sd[2] && mean[1] != mean[3]);
      /* Alike, of one class; their parts differ by the spread. */
      assert_float_equal(mean[4], mean[1], 0.2);
    }
  }
  uint8_t *map = malloc(N);
  vg_rng r = vg_rng_init(1, 2);
  for (size_t i = 0; i < N; i++) map[i] = (uint8_t)vg_rng_below(&r, 4);
  for (size_t i = 0; i < N; i++) c[i] = (float)vg_rng_normal(&r);
  vg_noise_normals(1, 3, b, N);
  vg_contrast_paint(&table, map, c, b, a, N);
  for (int kind = 0; kind < 4; kind++)
    for (int part = 0; part < 3; part++) {
      double n = 0, sum = 0, square = 0;
      for (size_t i = 0; i < N; i++) {
        /* A third of a normal distribution lies below -0.43. */
        if (map[i] != kind || (c[i] > -0.43073f) + (c[i] > 0.43073f) != part) continue;
        n++;
        sum += (double)a[i];
        square += (double)a[i] * (double)a[i];
      }
      const int at = part * (VG_KINDS_MAX + 1) + kind;
      assert_true(n > N / 14.0);
      assert_float_equal(sum / n, table.mean[at], 6 * table.sd[at] / sqrt(n) + 1e-6);
      assert_float_equal(sqrt(fmax(0, square / n - sum / n * sum / n)), table.sd[at],
                         0.06 * table.sd[at] + 1e-4);
    }
  free(map);
}

/* ---- shape ---- */

static void deforms_as_the_formula(void **state) {
  (void)state;
  enum { SD = 20, SH = 33, SW = 27, SN = SD * SH * SW };
  uint8_t *map = malloc(SN), *out = malloc(N);
  vg_rng r = vg_rng_init(4, 4);
  for (size_t i = 0; i < SN; i++) map[i] = (uint8_t)vg_rng_below(&r, 250);
  const vg_randomise how = {.scale = {0.8, 1.2}, .stretch = 0.1, .rotate = 20, .shear = 0.1};
  const vg_randomise_source s = {.kinds = map,
                                 .dim = {SD, SH, SW},
                                 .mm = {1.5, 1, 0.8},
                                 .centre = {9, 17, 12},
                                 .sample_mm = {1, 1.2, 0.7}};
  vg_deform d;
  vg_deform_draw(&how, &r, &d);
  for (int k = 0; k < 3; k++) {
    const vg_field f = vg_field_of(dim, (const double[3]){10, 10, 10}, 2);
    vg_field_draw(&f, &r, c, a + (size_t)k * N);
  }
  vg_deform_kinds(&d, &s, dim, (const float *[3]){a, a + N, a + 2 * N}, out);
  save("deform.map", map, SN);
  save("deform.out", out, N);
  save("deform.shift", a, 3 * N * sizeof *a);
  save("deform.matrix", d.matrix, sizeof d.matrix);
  free(map);
  free(out);
  require_python("numpy, scipy");
  assert_int_equal(run_python("randomise_oracle.py", "deform", scratch, NULL), 0);
}

/* Without scales, shear and displacement the matrix is a rotation. */
static void rotations_keep_lengths(void **state) {
  (void)state;
  const vg_randomise how = {.scale = {1, 1}, .rotate = 90};
  for (uint64_t k = 0; k < 20; k++) {
    vg_deform d;
    vg_rng r = vg_rng_init(k, 0);
    vg_deform_draw(&how, &r, &d);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        double dot = 0;
        for (int m = 0; m < 3; m++) dot += d.matrix[i][m] * d.matrix[j][m];
        assert_float_equal(dot, i == j, 1e-12);
      }
  }
}

static void strips_and_crops_the_head(void **state) {
  (void)state;
  const vg_kinds table = {.n = 2, .contrast = {0, 1, 2}, .klass = {0, 1, 0}}; /* brain, head */
  /* brain, and skull that is learned */
  const vg_kinds learned = {.n = 2, .contrast = {0, 1, 2}, .klass = {0, 1, 2}, .outside = {[2] = true}};
  uint8_t *kinds = malloc(N);
  for (uint64_t k = 0; k < 20; k++) {
    for (size_t i = 0; i < N; i++) kinds[i] = i / (H * W) < 15 ? 1 : 2;
    vg_rng r = vg_rng_init(k, 0);
    vg_head_strip(kinds, dim, (const double[3]){1, 1, 1}, k < 10 ? &table : &learned, &r, a, b);
    for (size_t i = 0; i < N; i++) {
      const size_t z = i / (H * W);
      if (z < 11) assert_int_equal(kinds[i], 1);
      if (z > 18) assert_int_equal(kinds[i], 0);
    }
    memset(kinds, 1, N);
    vg_head_crop(kinds, dim, &r);
    size_t left = 0;
    for (size_t i = 0; i < N; i++) left += kinds[i];
    assert_true(left >= N * 2 / 3);
    assert_true(left % (D * H) == 0 || left % (D * W) == 0 || left % (H * W) == 0);
  }
  free(kinds);
}

/* ---- a whole sample ---- */

static void samples_depend_on_their_key_alone(void **state) {
  (void)state;
  const vg_randomise how = {.scale = {0.8, 1.2},
                            .stretch = 0.1,
                            .rotate = 15,
                            .elastic = 2,
                            .elastic_mm = 12,
                            .mean = {0.1, 1},
                            .sd = {0.01, 0.1},
                            .clusters = 3,
                            .spread = 0.1,
                            .partial = 0.7,
                            .bias = 0.4,
                            .bias_mm = 30,
                            .slice_share = 0.7,
                            .slice = {1, 6},
                            .noise = 0.05,
                            .rician = 0.5,
                            .gamma = 0.5,
                            .strip = 0.5,
                            .crop = 0.3};
  const vg_kinds table = {.n = 4, .contrast = {0, 1, 2, 3, 4}, .klass = {0, 1, 2, 0, 3}};
  uint8_t *map = malloc(N);
  static const uint8_t tissue[] = {1, 2, 4};
  for (size_t i = 0; i < N; i++) map[i] = i / (H * W) < 24 ? tissue[i / 5 % 3] : 3;
  const vg_randomise_source s = {.kinds = map,
                                 .dim = {D, H, W},
                                 .mm = {1, 1, 1},
                                 .table = &table,
                                 .centre = {15, 12, 20},
                                 .sample_mm = {1, 1, 1}};
  enum { P = 20 * 18 * 22 };
  vg_randomiser *first, *second;
  assert_int_equal(vg_randomiser_new(&how, (const int[3]){20, 18, 22}, &first), VG_OK);
  assert_int_equal(vg_randomiser_new(&how, (const int[3]){20, 18, 22}, &second), VG_OK);
  float *labels[2], *image[2];
  for (int k = 0; k < 2; k++) {
    labels[k] = malloc(3 * P * sizeof(float));
    image[k] = malloc(2 * P * sizeof(float));
  }
  for (uint64_t key = 0; key < 30; key++) {
    vg_randomiser_make(first, &s, 1, key, 3, labels[0], 2, image[0]);
    vg_randomiser_make(second, &s, 1, 29 - key, 3, labels[1], 2, image[1]);
    vg_randomiser_make(second, &s, 1, key, 3, labels[1], 2, image[1]);
    assert_memory_equal(labels[0], labels[1], 3 * P * sizeof(float));
    assert_memory_equal(image[0], image[1], 2 * P * sizeof(float));
    assert_memory_not_equal(image[0], image[0] + P, P * sizeof(float));
    for (size_t i = 0; i < 2 * P; i++) assert_true(image[0][i] >= -1 && image[0][i] <= 1);
    for (size_t i = 0; i < P; i++) {
      const float sum = labels[0][i] + labels[0][P + i] + labels[0][2 * P + i];
      assert_true(sum == 0 || sum == 1);
    }
  }
  vg_randomiser_free(first);
  vg_randomiser_free(second);
  for (int k = 0; k < 2; k++) {
    free(labels[k]);
    free(image[k]);
  }
  free(map);
}

/* ---- what changes with the epoch ---- */

enum { SIDE = 12 };

/* Images of stripes along x, one a class, in epochs 0, 5 and 10: how many of 200 fit. v[0], v[1], ... are the
 * intensities of the classes. */
static void count_fits(const vg_randomise *how, int classes, bool (*fits)(const float *v), int count[3]) {
  vg_kinds table = {.n = classes};
  for (int k = 1; k <= classes; k++) table.contrast[k] = table.klass[k] = (uint8_t)k;
  static uint8_t map[SIDE * SIDE * SIDE];
  for (size_t i = 0; i < sizeof map; i++) map[i] = (uint8_t)(1 + i % SIDE / (size_t)(SIDE / classes));
  vg_randomise_source s = {.kinds = map,
                           .dim = {SIDE, SIDE, SIDE},
                           .mm = {1, 1, 1},
                           .table = &table,
                           .centre = {5.5, 5.5, 5.5},
                           .sample_mm = {1, 1, 1}};
  vg_randomiser *r;
  assert_int_equal(vg_randomiser_new(how, s.dim, &r), VG_OK);
  static float labels[3 * SIDE * SIDE * SIDE], image[SIDE * SIDE * SIDE];
  for (int k = 0; k < 3; k++) {
    s.epoch = 5 * k;
    count[k] = 0;
    for (uint64_t key = 0; key < 200; key++) {
      float v[3];
      vg_randomiser_make(r, &s, 1, key, classes, labels, 1, image);
      for (int j = 0; j < classes; j++) v[j] = image[SIDE / classes * j + SIDE / classes / 2];
      count[k] += fits(v);
    }
  }
  vg_randomiser_free(r);
}

static const vg_randomise striped = {.scale = {1, 1},
                                     .elastic_mm = 25,
                                     .bias_mm = 50,
                                     .mean = {0.05, 1},
                                     .likeness = 1,
                                     .clusters = 1,
                                     .slice = {1, 1}};

static bool rise(const float *v) {
  return v[0] < v[1];
}

/* The share of images whose classes are in order falls from 1 in the first epochs. */
static void order_is_given_up(void **state) {
  (void)state;
  vg_randomise how = striped;
  how.gap = 0.1;
  how.sorted_epochs = 10;
  int sorted[3];
  count_fits(&how, 2, rise, sorted);
  assert_int_equal(sorted[0], 200);
  /* Half are put in order, and half of the others are by chance: 150, then 100, of 200; 4 standard
   * deviations. */
  assert_in_range(sorted[1], 126, 174);
  assert_in_range(sorted[2], 72, 128);
}

/* The least distance by the largest is at least 0.2 of 0.95 before the gap falls, and half of that in the
 * middle. */
static bool two_look_alike(const float *v) {
  const float first = fabsf(v[0] - v[1]), second = fabsf(v[1] - v[2]), whole = fabsf(v[0] - v[2]);
  return fminf(first, fminf(second, whole)) < 0.09f * fmaxf(first, fmaxf(second, whole));
}

/* The gap falls to 0: in the end some images show two of three tissues alike. */
static void gap_closes(void **state) {
  (void)state;
  vg_randomise how = striped;
  how.gap = 0.2;
  how.gap_epochs = 10;
  int alike[3];
  count_fits(&how, 3, two_look_alike, alike);
  assert_int_equal(alike[0], 0);
  assert_int_equal(alike[1], 0);
  assert_true(alike[2] > 10);
}

/* ---- tumours that edits made ---- */

/* Kinds 1 and 2 are tissue, 3 and 4 lesions. */
static const vg_kinds ill = {.n = 4,
                             .contrast = {0, 1, 2, VG_CONTRASTS_MAX - 1, VG_CONTRASTS_MAX - 2},
                             .klass = {0, 1, 2, 2, 3},
                             .lesion = {false, false, false, true, true}};

static void lesions_keep_their_distance(void **state) {
  (void)state;
  vg_randomise how = {.mean = {0.05, 1}, .clusters = 3, .spread = 0.1, .likeness = 1, .tumour_gap = 0.1};
  vg_contrast table;
  double apart = 0;
  for (uint64_t k = 0; k < 300; k++) {
    how.tumour_likeness = k < 200 ? 0 : 1;
    vg_rng r = vg_rng_init(k, 1);
    vg_contrast_draw(&how, &ill, &r, &table);
    for (int part = 1; part < VG_CONTRAST_CLUSTERS_MAX; part++) /* flat: all parts are one */
      for (int i = 3; i < 5; i++) assert_true(table.mean[part * (VG_KINDS_MAX + 1) + i] == table.mean[i]);
    if (k >= 200) assert_float_equal(table.mean[3], table.mean[4], 0);
    apart += fabs((double)table.mean[3] - (double)table.mean[4]) / 200;
  }
  assert_true(apart > 0.03); /* of classes that need not be alike */
  how.spread = 0;
  for (uint64_t k = 0; k < 200; k++) {
    vg_rng r = vg_rng_init(k, 2);
    vg_contrast_draw(&how, &ill, &r, &table);
    for (int i = 1; i < 3; i++)
      assert_true(fabs((double)table.mean[3] - (double)table.mean[i]) >= 0.1 - 1e-6);
  }
  /* The draws of other kinds do not depend on them. */
  vg_contrast healthy;
  vg_kinds two = ill;
  two.n = 2;
  vg_rng r = vg_rng_init(4, 1), q = r;
  vg_contrast_draw(&how, &ill, &r, &table);
  vg_contrast_draw(&how, &two, &q, &healthy);
  for (int i = 0; i < 3; i++) assert_true(table.mean[i] == healthy.mean[i] && table.sd[i] == healthy.sd[i]);
}

/* Each texture as often as asked for. */
static void textures_have_their_share(void **state) {
  (void)state;
  const vg_randomise how = {.mean = {0, 1},
                            .tumour_gap = 0.1,
                            .tumour_ring = 0.5,
                            .tumour_rim_mm = 6,
                            .tumour_mottled = 0.3,
                            .tumour_mottle = 0.3};
  vg_contrast table = {.mean = {0, 0.2f, 0.6f, 0.4f, 0.8f}};
  int rings = 0, mottled = 0;
  for (uint64_t k = 0; k < 1000; k++) {
    vg_rng r = vg_rng_init(k, 1);
    vg_texture t;
    vg_texture_draw(&how, &table, &ill, &r, &t);
    rings += t.rim_mm > 0;
    mottled += t.mottle > 0;
    assert_false(t.rim_mm > 0 && t.mottle > 0);
    if (t.rim_mm > 0) {
      assert_true(t.rim_mm >= 2 && t.rim_mm <= 6);
      assert_true(fabs((double)t.rim - 0.4) >= 0.1 - 1e-6 && fabs((double)t.rim - 0.8) >= 0.1 - 1e-6);
    }
    if (t.mottle > 0) assert_true(t.mottle >= 0.1 && t.mottle <= 0.3);
  }
  /* 4 standard deviations */
  assert_in_range(rings, 437, 563);
  assert_in_range(mottled, 242, 358);
}

/* A lesion that is a half space from x = 12 on: the rim is as thick as it should be, to half a voxel. */
static void rims_have_their_thickness(void **state) {
  (void)state;
  uint8_t *kinds = malloc(N);
  vg_contrast table = {.mean = {0, 0.2f, 0.6f, 0.4f, 0.4f}};
  const double mm[3] = {2, 1, 1.5};
  for (size_t i = 0; i < N; i++) {
    kinds[i] = i % W < 12 ? 1 : 3 + i % 2;
    c[i] = table.mean[kinds[i]] + 0.001f * (float)(i % 7);
  }
  for (double thick = 2; thick < 7; thick += 1.3) {
    const vg_texture t = {.rim_mm = thick, .rim = 0.9f};
    memcpy(a, c, N * sizeof *a);
    vg_texture_rim(&t, &table, &ill, kinds, dim, mm, b, b + N, a);
    for (size_t i = 0; i < N; i++) {
      const double depth = ((double)(i % W) - 12 + 0.5) * mm[2];
      if (depth > 0 && depth < thick - mm[2] / 2)
        assert_float_equal(a[i] - c[i], 0.5, 1e-5);
      else if (depth < 0 || depth > thick + mm[2] / 2)
        assert_true(a[i] == c[i]);
    }
  }
  /* Mottling leaves the tissue alone. */
  for (size_t i = 0; i < N; i++) b[i] = 1;
  memcpy(a, c, N * sizeof *a);
  vg_texture_mottle(&ill, kinds, b, a, N);
  for (size_t i = 0; i < N; i++) assert_float_equal(a[i] - c[i], kinds[i] >= 3, 1e-6);
  free(kinds);
}

/* Whole samples: the noise in the lesion is smooth, as strong as asked for, and absent elsewhere. */
static void mottled_samples_are_smooth(void **state) {
  (void)state;
  enum { E = 40 };
  static float labels[3 * E * E * E], image[E * E * E];
  vg_randomise how = {.scale = {1, 1},
                      .elastic_mm = 25,
                      .mean = {0.4, 0.6},
                      .bias_mm = 50,
                      .slice = {1, 1},
                      .tumour_mottled = 1,
                      .tumour_mottle = 0.1,
                      .tumour_mottle_mm = 8};
  uint8_t *map = malloc(E * E * E);
  for (size_t i = 0; i < E * E * E; i++) map[i] = i % E < E / 2 ? 1 : 3;
  vg_randomise_source s = {.kinds = map,
                           .dim = {E, E, E},
                           .mm = {1, 1, 1},
                           .table = &ill,
                           .centre = {19.5, 19.5, 19.5},
                           .sample_mm = {1, 1, 1}};
  vg_randomiser *r;
  assert_int_equal(vg_randomiser_new(&how, s.dim, &r), VG_OK);
  for (uint64_t key = 0; key < 8; key++) {
    double sum[2] = {0}, square[2] = {0}, step[2] = {0};
    vg_randomiser_make(r, &s, 1, key, 3, labels, 1, image);
    for (size_t i = 0; i < E * E * E; i++) {
      const int in = i % E >= E / 2;
      const double x = (double)image[i];
      sum[in] += x, square[in] += x * x;
      if (i % E != E - 1 && i % E != E / 2 - 1) step[in] += pow((double)image[i + 1] - x, 2);
      assert_float_equal(labels[(size_t)in * E * E * E + i], 1, 0);
    }
    const double n = E * E * E / 2.0, tissue = square[0] / n - pow(sum[0] / n, 2),
                 lesion = square[1] / n - pow(sum[1] / n, 2);
    assert_true(tissue < 1e-6 && lesion > 1e-3);
    /* Neighbours 1 mm apart correlate by more than 0.9 where nodes are 8 mm apart. */
    assert_true(step[1] / n / 2 < 0.1 * lesion);
  }
  vg_randomiser_free(r);
  free(map);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blurs_as_scipy),
      cmocka_unit_test(resamples_as_scipy),
      cmocka_unit_test(fields_are_splines),
      cmocka_unit_test(noise_is_normal_and_rician),
      cmocka_unit_test(noise_is_philox),
      cmocka_unit_test(tones_follow_the_formulas),
      cmocka_unit_test(contrasts_have_their_moments),
      cmocka_unit_test(classes_keep_a_gap),
      cmocka_unit_test(order_is_given_up),
      cmocka_unit_test(gap_closes),
      cmocka_unit_test(deforms_as_the_formula),
      cmocka_unit_test(rotations_keep_lengths),
      cmocka_unit_test(strips_and_crops_the_head),
      cmocka_unit_test(samples_depend_on_their_key_alone),
      cmocka_unit_test(lesions_keep_their_distance),
      cmocka_unit_test(textures_have_their_share),
      cmocka_unit_test(rims_have_their_thickness),
      cmocka_unit_test(mottled_samples_are_smooth),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
