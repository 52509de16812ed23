/* test_features.c: features of subjects, and distances between sets of points, against NumPy, SciPy and
 * scikit-image; and both with missing data. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "eval/set/set_distance.h"
#include "eval/set/symmetric.h"
#include "oracle.h"
#include "scratch.h"
#include "eval/feature/features.h"
#include "eval/feature/features_spectrum.h"
#include "base/fs.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"

#define assert_near(a, b, tolerance)                                                                   \
  do {                                                                                                 \
    double near_a = (a), near_b = (b);                                                                 \
    if (!(fabs(near_a - near_b) <= (tolerance))) print_error("%.9g, expected %.9g\n", near_a, near_b); \
    assert_true(fabs(near_a - near_b) <= (tolerance));                                                 \
  } while (0)

static void dump(const char *name, const char *ending, const void *data, size_t bytes) {
  char file[64];
  snprintf(file, sizeof file, "%s.%s", name, ending);
  assert_int_equal(vg_fs_write_atomic(in_scratch(file), data, bytes), VG_OK);
}

/* ---- one subject ---- */

enum { NX = 41, NY = 37, NZ = 22, N = NX * NY * NZ };

typedef struct subject {
  vg_feature_plan plan;
  vg_feature_input in;
  float image[N];
  uint8_t brain[N], anatomy[N], tumour[N];
} subject;

/* An ellipsoid brain of two tissues with a tumour of two classes, in oblong voxels. */
static void make(subject *s, const double mm[3], double tumour_radius) {
  memset(s, 0, sizeof *s);
  vg_rng r = vg_rng_init(5, (uint64_t)(100 * tumour_radius));
  for (int i = 0; i < N; i++) {
    int x = i % NX, y = i / NX % NY, z = i / (NX * NY);
    double u = (x - 19.5) / 17, v = (y - 18) / 16, w = (z - 10.2) / 9.5;
    double dx = (x - 26) * mm[0], dy = (y - 16) * mm[1], dz = (z - 11) * mm[2];
    double to_tumour = sqrt(dx * dx + dy * dy + 1.7 * dz * dz);
    s->brain[i] = u * u + v * v + w * w < 1;
    s->anatomy[i] = (uint8_t)(!s->brain[i] ? 0 : u * u + v * v + w * w < 0.5 ? 1 : 2);
    if (s->brain[i] && to_tumour < tumour_radius) s->tumour[i] = to_tumour < 0.6 * tumour_radius ? 1 : 2;
    if (s->brain[i] && x == 8 && y == 18 && tumour_radius > 0) s->tumour[i] = 2; /* another component */
    double value =
        0.4 * sin(0.3 * x + 0.1 * y) + 0.02 * z + 0.2 * vg_rng_normal(&r) + (s->tumour[i] ? 0.3 : 0);
    s->image[i] = s->brain[i] ? (float)fmin(1, fmax(-1, value)) : -1;
  }
  s->plan.has_anatomy = s->plan.has_tumour = true;
  vg_classes_add_name(&s->plan.anatomy, "gm", VG_ROLE_ANATOMY);
  vg_classes_add_name(&s->plan.anatomy, "wm", VG_ROLE_ANATOMY);
  for (int k = 0; k < 3; k++)
    vg_classes_add_name(&s->plan.tumour, k ? k > 1 ? "c" : "b" : "a", VG_ROLE_TUMOUR);
  s->plan.series.n = 1;
  s->in = (vg_feature_input){.plan = &s->plan,
                             .dim = {NX, NY, NZ},
                             .mm = {mm[0], mm[1], mm[2]},
                             .voxel_ml = mm[0] * mm[1] * mm[2] / 1000,
                             .brain = s->brain,
                             .anatomy = s->anatomy,
                             .tumour = s->tumour,
                             .image = s->image};
  vg_mask_box(s->brain, s->in.dim, 0, s->in.lo, s->in.extent);
}

static void write_case(const char *name, const subject *s) {
  char text[256];
  const vg_feature_input *in = &s->in;
  snprintf(text, sizeof text, "%d %d %d\n%.17g %.17g %.17g\n%d %d %d\n%d %d %d\n%d %d\n", NX, NY, NZ,
           in->mm[0], in->mm[1], in->mm[2], in->lo[0], in->lo[1], in->lo[2], in->extent[0], in->extent[1],
           in->extent[2], s->plan.has_anatomy ? s->plan.anatomy.n : 0, s->plan.tumour.n);
  dump(name, "case", text, strlen(text));
  dump(name, "image", s->image, sizeof s->image);
  dump(name, "brain", s->brain, sizeof s->brain);
  dump(name, "anatomy", s->anatomy, sizeof s->anatomy);
  dump(name, "tumour", s->tumour, sizeof s->tumour);
}

/* A space's features (free). */
static float *features_of(const subject *s, const char *space, size_t *dims) {
  const vg_feature_space *f = vg_features_at(vg_features_find(space))->space;
  *dims = f->dims(&s->plan);
  float *out = vg_calloc(*dims, sizeof *out);
  assert_int_equal(f->compute(&s->in, out), VG_OK);
  return out;
}

/* ---- two sets ---- */

typedef struct cloud {
  const char *name;
  size_t n, m, dims;
  bool units_differ;
  float *real, *synth;
} cloud;

/* Correlated dimensions of differing scale; the synthetic set is shifted and wider, and the last dimension is
 * constant in the real set. */
static void make_cloud(cloud *c) {
  vg_rng r = vg_rng_init(9, c->n + 100 * c->dims);
  c->real = vg_malloc(c->n * c->dims, sizeof(float));
  c->synth = vg_malloc(c->m * c->dims, sizeof(float));
  for (size_t i = 0; i < c->n + c->m; i++) {
    float *v = i < c->n ? c->real + i * c->dims : c->synth + (i - c->n) * c->dims;
    double common = vg_rng_normal(&r), wider = i < c->n ? 1 : 1.4;
    for (size_t d = 0; d < c->dims; d++) {
      double scale = c->units_differ ? 1 + 10 * (double)(d % 3) : 1;
      v[d] = (float)(scale * (wider * (0.6 * common + vg_rng_normal(&r)) + (i < c->n ? 0 : 0.3) + 2));
    }
    if (c->units_differ && c->dims > 3 && i < c->n) v[c->dims - 1] = 2;
  }
}

static vg_points points_of(const cloud *c) {
  return (vg_points){c->n, c->m, c->dims, c->real, c->synth, c->units_differ};
}

static void write_cloud(const cloud *c) {
  char text[128];
  snprintf(text, sizeof text, "%zu %zu %zu %d\n", c->n, c->m, c->dims, c->units_differ);
  dump(c->name, "cloud", text, strlen(text));
  dump(c->name, "real", c->real, c->n * c->dims * sizeof(float));
  dump(c->name, "synth", c->synth, c->m * c->dims * sizeof(float));
  float *directions = vg_malloc(VG_SLICES * c->dims, sizeof *directions);
  for (size_t k = 0; k < VG_SLICES; k++) vg_set_slice_direction(k, directions + k * c->dims, c->dims);
  dump(c->name, "directions", directions, VG_SLICES * c->dims * sizeof *directions);
  vg_free(directions);
}

static void drop_cloud(cloud *c) {
  vg_free(c->real);
  vg_free(c->synth);
}

static const struct {
  const char *name;
  vg_status (*f)(const vg_set_space *s, vg_set_distance *out);
} distances[] = {
#define VG_SET_DISTANCE(name, suite, better, ideal, help) {#name, vg_set_##name},
#include "registry/set_metrics.def"
};
enum { DISTANCES = sizeof distances / sizeof *distances };

static vg_status measure(int which, const vg_points *p, vg_set_distance *out) {
  vg_set_space space;
  vg_status st = vg_set_space_init(p, &space);
  if (!st) st = distances[which].f(&space, out);
  vg_set_space_release(&space);
  return st;
}

/* ---- against the oracle ---- */

static void check_answers(const char *name, const char *space, const float *values, size_t n, double scale,
                          FILE *answers) {
  char line[256], of[32], in[32];
  size_t i, met = 0;
  double expected;
  rewind(answers);
  while (fgets(line, sizeof line, answers)) {
    if (sscanf(line, "%31s %31s %zu %lf", of, in, &i, &expected) != 4) continue;
    if (strcmp(of, name) != 0 || strcmp(in, space) != 0) continue;
    met++;
    if (isnan(expected)) {
      assert_true(isnan(values[0]));
      return;
    }
    assert_true(i < n);
    double allowed = 1e-4 * fmax(scale, fabs(expected));
    if (!(fabs((double)values[i] - expected) <= allowed))
      print_error("%s %s %zu: %.9g, expected %.9g\n", name, space, i, (double)values[i], expected);
    assert_true(fabs((double)values[i] - expected) <= allowed);
  }
  assert_int_equal(met, n < 1000 ? n : (n + 100) / 101);
}

static void test_oracle(void **state) {
  (void)state;
  require_python("numpy, scipy, skimage");
  static const struct {
    const char *name;
    double mm[3], radius;
    bool by_anatomy;
  } cases[] = {
      {"cube", {1, 1, 1}, 8, true}, {"oblong", {0.9, 1.1, 3}, 9, false}, {"healthy", {2, 2, 2}, 0, true}};
  cloud clouds[] = {{"many", 40, 30, 5, true, NULL, NULL},
                    {"few", 9, 12, 40, true, NULL, NULL},
                    {"two", 2, 3, 6, true, NULL, NULL},
                    {"plain", 25, 25, 60, false, NULL, NULL},
                    {"one", 12, 17, 1, false, NULL, NULL}};
  enum { CASES = sizeof cases / sizeof *cases, CLOUDS = sizeof clouds / sizeof *clouds };
  static subject subjects[CASES];
  for (int k = 0; k < CASES; k++) {
    make(&subjects[k], cases[k].mm, cases[k].radius);
    subjects[k].plan.has_anatomy = cases[k].by_anatomy;
    write_case(cases[k].name, &subjects[k]);
  }
  for (int k = 0; k < CLOUDS; k++) {
    make_cloud(&clouds[k]);
    write_cloud(&clouds[k]);
  }
  int kept = dup(1);
  FILE *answers = fopen(in_scratch("answers"), "w+");
  assert_non_null(answers);
  fflush(stdout);
  dup2(fileno(answers), 1);
  int rc = run_python("sets_oracle.py", scratch, NULL);
  dup2(kept, 1);
  close(kept);
  assert_int_equal(rc, 0);
  for (int k = 0; k < CASES; k++) {
    for (int i = 0; vg_features_at(i); i++) {
      const char *space = vg_features_at(i)->name;
      size_t dims;
      if (vg_features_at(i)->space->by_extractor) continue;
      float *values = features_of(&subjects[k], space, &dims);
      check_answers(cases[k].name, space, values, dims, 1, answers);
      vg_free(values);
    }
  }
  for (int k = 0; k < CLOUDS; k++) {
    vg_points p = points_of(&clouds[k]);
    for (int i = 0; i < DISTANCES; i++) {
      vg_set_distance d;
      assert_int_equal(measure(i, &p, &d), VG_OK);
      check_answers(clouds[k].name, distances[i].name, &(float){(float)d.value}, 1, 0.1, answers);
    }
    drop_cloud(&clouds[k]);
  }
  fclose(answers);
}

/* ---- worked out here ---- */

static void test_eigenvalues(void **state) {
  (void)state;
  double values[40], a[40 * 40], trace = 0, squares = 0;
  /* The eigenvalues of the second difference are 2 - 2 cos(k pi / (n + 1)). */
  for (int i = 0; i < 40; i++)
    for (int k = 0; k < 40; k++) a[40 * i + k] = i == k ? 2 : i == k + 1 ? -1 : i > k ? 0 : NAN;
  assert_int_equal(vg_set_eigenvalues(a, 40, values), VG_OK);
  for (int k = 0; k < 40; k++) assert_near(values[k], 2 - 2 * cos((k + 1) * acos(-1) / 41), 1e-12);
  /* Rank one, and nothing at all. */
  for (int i = 0; i < 25; i++) a[i] = (double)(1 + i / 5) * (1 + i % 5);
  assert_int_equal(vg_set_eigenvalues(a, 5, values), VG_OK);
  for (int k = 0; k < 4; k++) assert_near(values[k], 0, 1e-12);
  assert_near(values[4], 55, 1e-12);
  for (int i = 0; i < 9; i++) a[i] = 0;
  assert_int_equal(vg_set_eigenvalues(a, 3, values), VG_OK);
  assert_true(values[0] == 0 && values[2] == 0);
  a[0] = 7;
  assert_int_equal(vg_set_eigenvalues(a, 1, values), VG_OK);
  assert_true(values[0] == 7);
  vg_rng r = vg_rng_init(1, 1);
  double kept[400];
  for (int i = 0; i < 20; i++)
    for (int k = 0; k <= i; k++) kept[20 * i + k] = a[20 * i + k] = vg_rng_normal(&r);
  assert_int_equal(vg_set_eigenvalues(a, 20, values), VG_OK);
  for (int i = 0; i < 20; i++) {
    trace += kept[21 * i] - values[i];
    for (int k = 0; k <= i; k++) squares += (i == k ? 1 : 2) * kept[20 * i + k] * kept[20 * i + k];
    squares -= values[i] * values[i];
  }
  assert_near(trace, 0, 1e-12);
  assert_near(squares, 0, 1e-10);
  a[0] = NAN;
  assert_int_equal(vg_set_eigenvalues(a, 2, values), VG_FAILED);
}

/* A ball's surface and shape, and no shape without a tumour. */
/* log10 of the power of a texture in one tissue, without a mean, at each wavelength. */
static void spectrum_of(subject *s, double (*texture)(const double at[3], vg_rng *r), const double mm[3],
                        float out[VG_SPECTRUM_BANDS]) {
  vg_rng r = vg_rng_init(3, 0);
  size_t dims;
  make(s, mm, 0);
  for (int i = 0; i < N; i++) {
    const double at[3] = {i % NX * mm[0], i / NX % NY * mm[1], i / (NX * NY) * mm[2]};
    s->image[i] = (float)texture(at, &r);
  }
  s->plan.has_anatomy = s->plan.has_tumour = false;
  float *f = features_of(s, "spectrum", &dims);
  assert_int_equal(dims, VG_SPECTRUM_BANDS);
  memcpy(out, f, dims * sizeof *f);
  vg_free(f);
}

static double white_noise(const double at[3], vg_rng *r) {
  (void)at;
  return 0.1 * vg_rng_normal(r);
}

static double grid_of_4_mm(const double at[3], vg_rng *r) {
  return white_noise(at, r) + 0.2 * cos(2 * M_PI * at[0] / 4) * cos(2 * M_PI * at[1] / 4);
}

static void test_spectrum(void **state) {
  (void)state;
  enum { MM_4 = 4, MM_2 = 6 }; /* bands */
  static subject s;
  float white[VG_SPECTRUM_BANDS], grid[VG_SPECTRUM_BANDS], coarse[VG_SPECTRUM_BANDS];
  spectrum_of(&s, white_noise, (const double[]){1, 1, 1}, white);
  /* White noise of SD 0.1 in voxels of 1 mm has power 0.01 at all wavelengths. */
  for (int b = 0; b < VG_SPECTRUM_BANDS; b++) assert_near((double)white[b], -2, 0.1);
  spectrum_of(&s, grid_of_4_mm, (const double[]){1, 1, 1}, grid);
  for (int b = 0; b < VG_SPECTRUM_BANDS; b++) assert_true(grid[b] <= grid[MM_4]);
  assert_true(grid[MM_4] > white[MM_4] + 0.5F);
  assert_near((double)grid[MM_2], (double)white[MM_2], 0.15);
  /* Voxels of 2 mm do not resolve 2 and 2.8 mm. */
  spectrum_of(&s, white_noise, (const double[]){2, 2, 2}, coarse);
  for (int b = 0; b < MM_4; b++) assert_near((double)coarse[b], -2 + log10(2), 0.15);
  assert_true(coarse[MM_2] == VG_SPECTRUM_NONE && coarse[MM_2 - 1] == VG_SPECTRUM_NONE);
}

static void test_ball(void **state) {
  (void)state;
  static subject s;
  size_t dims;
  make(&s, (const double[]){1, 1, 1}, 0);
  float *none = features_of(&s, "tumour", &dims);
  assert_true(isnan(none[0]));
  vg_free(none);
  for (int i = 0; i < N; i++) {
    double x = i % NX - 20, y = i / NX % NY - 18, z = i / (NX * NY) - 10.5;
    s.tumour[i] = x * x + y * y + z * z < 81;
  }
  float *v = features_of(&s, "tumour", &dims);
  assert_int_equal(dims, 11 + 3);
  assert_near((double)v[0], 4.0 / 3 * acos(-1) * 0.729, 0.03);
  assert_near((double)v[1], 4 * acos(-1) * 0.81, 0.15);
  assert_near((double)v[2], 1, 0.02);
  for (int k = 4; k < 7; k++) assert_near((double)v[k], 18, 0.2);
  assert_near((double)v[10], 1, 0);
  assert_true(v[11] == v[0] && v[12] == 0 && v[13] == 0);
  vg_free(v);
  s.in.tumour = NULL;
  v = features_of(&s, "tumour", &dims);
  assert_true(isnan(v[0]));
  vg_free(v);
}

/* The mean of an input's first channel, and by how much the others differ. */
static vg_status mean_of_inputs(const vg_extractor *x, const float *inputs, size_t n, float *out) {
  size_t plane = (size_t)x->size * (size_t)x->size * (x->flat ? 1 : (size_t)x->size);
  for (size_t k = 0; k < n; k++, inputs += (size_t)x->channels * plane) {
    double sum = 0, differ = 0;
    for (size_t i = 0; i < (size_t)x->channels * plane; i++) {
      if (i < plane) sum += (double)inputs[i];
      differ += fabs((double)(inputs[i] - inputs[i % plane]));
    }
    out[2 * k] = (float)(sum / (double)plane);
    out[2 * k + 1] = (float)differ;
  }
  return VG_OK;
}
static const vg_extractor mean_of_slices = {true, 3, 8, 2, mean_of_inputs, NULL};
static const vg_extractor mean_of_volumes = {false, 1, 8, 2, mean_of_inputs, NULL};

/* Inputs are made of the brain's box, whose mean shrinking keeps. */
static void test_network(void **state) {
  (void)state;
  static subject s;
  size_t dims;
  double slices = 0, whole = 0;
  make(&s, (const double[]){1, 1, 1}, 6);
  const int *lo = s.in.lo, *extent = s.in.extent;
  for (int k = 0; k < 16 + extent[2]; k++) {
    int z = lo[2] + (k < 16 ? (2 * k + 1) * extent[2] / 32 : k - 16);
    double sum = 0;
    for (int y = lo[1]; y < lo[1] + extent[1]; y++)
      for (int x = lo[0]; x < lo[0] + extent[0]; x++) sum += (double)s.image[(z * NY + y) * NX + x];
    *(k < 16 ? &slices : &whole) += sum / extent[0] / extent[1] / (k < 16 ? 16 : extent[2]);
  }
  s.plan.extractor = &mean_of_slices;
  float *v = features_of(&s, "network", &dims);
  assert_int_equal(dims, 2);
  assert_near((double)v[0], slices, 1e-5);
  assert_true(v[1] == 0);
  vg_free(v);
  s.plan.extractor = &mean_of_volumes;
  v = features_of(&s, "network", &dims);
  assert_near((double)v[0], whole, 1e-5);
  vg_free(v);
}

/* A set against itself, against another of the same distribution, and against one far away. */
static void test_distances_tell_apart(void **state) {
  (void)state;
  cloud c = {"", 40, 40, 8, false, NULL, NULL};
  make_cloud(&c);
  vg_points p = points_of(&c);
  vg_set_distance same[3], near, far;
  vg_rng r = vg_rng_init(4, 4);
  p.synth = p.real;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(measure(i, &p, &same[i]), VG_OK);
    if (i) assert_near(same[i].value, 0, 1e-6);
  }
  assert_true(same[0].value < 0 && same[0].p > 0.9 && isnan(same[1].p));
  for (size_t i = 0; i < 2 * 40 * 8; i++) (i < 320 ? c.real : c.synth)[i % 320] = (float)vg_rng_normal(&r);
  p.synth = c.synth;
  for (int i = 0; i < 3; i++) {
    assert_int_equal(measure(i, &p, &near), VG_OK);
    assert_true(near.ci_low < near.value && near.value < near.ci_high);
    if (!i) assert_true(near.p > 0.05 && fabs(near.floor) < 0.02);
    if (i) assert_true(near.floor > 0 && near.value < near.floor);
    for (size_t k = 0; k < 320; k++) c.synth[k] += 1;
    assert_int_equal(measure(i, &p, &far), VG_OK);
    for (size_t k = 0; k < 320; k++) c.synth[k] -= 1;
    assert_true(far.ci_low > near.ci_high && far.value > 2 * far.floor);
    if (!i) assert_true(far.p < 0.002);
  }
  drop_cloud(&c);
}

static void test_few_and_equal_points(void **state) {
  (void)state;
  float same[24] = {0}, two[4] = {0, 1, 2, 3};
  vg_set_distance d;
  vg_points p = {6, 6, 2, same, same, true};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(measure(i, &p, &d), VG_OK);
    assert_true(d.value == 0 && d.ci_low == 0 && d.ci_high == 0 && d.floor == 0);
    assert_false(d.biased);
  }
  p = (vg_points){2, 2, 2, two, two, true};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(measure(i, &p, &d), VG_OK);
    assert_true(isfinite(d.value) && isnan(d.ci_low) && isnan(d.floor));
    assert_int_equal(d.biased, !strcmp(distances[i].name, "frechet")); /* as many points as dimensions */
  }
  /* Along the only direction there is: {1, 3} and {2, 2}, {0, 0, 3} and {0, 3, 3}. */
  p = (vg_points){2, 2, 1, (float[]){3, 1}, (float[]){2, 2}, false};
  assert_int_equal(measure(2, &p, &d), VG_OK);
  assert_near(d.value, 1, 1e-6);
  p = (vg_points){3, 3, 1, (float[]){0, 0, 3}, (float[]){0, 3, 3}, false};
  assert_int_equal(measure(2, &p, &d), VG_OK);
  assert_near(d.value, 1, 1e-6);
  /* Two real points that are .5 alike, three synthetic ones of which only some pairs were measured. */
  double likeness[25];
  for (int i = 0; i < 25; i++) likeness[i] = NAN;
  likeness[1 * 5 + 0] = likeness[0 * 5 + 1] = 0.5;
  likeness[3 * 5 + 2] = likeness[2 * 5 + 3] = 0.9;
  likeness[4 * 5 + 2] = likeness[2 * 5 + 4] = 0.7;
  assert_int_equal(vg_set_diversity(likeness, 2, 3, &d), VG_OK);
  assert_near(d.value, 0.3, 1e-12);
  assert_true(isnan(d.floor) && isnan(d.ci_low));
}

/* Few points give skewed resamples: most have the recall 1, and a few have much less. */
static void test_intervals_contain_their_value(void **state) {
  (void)state;
  for (size_t dims = 1; dims <= 12; dims++) {
    cloud c = {"", 6, 6, dims, false, NULL, NULL};
    make_cloud(&c);
    vg_points p = points_of(&c);
    for (int i = 0; i < DISTANCES; i++) {
      vg_set_distance d;
      assert_int_equal(measure(i, &p, &d), VG_OK);
      const bool share = strstr(distances[i].name, "knn_") || !strcmp(distances[i].name, "coverage");
      if (!(d.ci_low <= d.value && d.value <= d.ci_high) || (share && !(d.ci_low >= 0 && d.ci_high <= 1)))
        fail_msg("%s: %g, interval %g to %g", distances[i].name, d.value, d.ci_low, d.ci_high);
    }
    drop_cloud(&c);
  }
}

static void test_same_bytes_whatever_the_threads(void **state) {
  (void)state;
  cloud c = {"", 12, 9, 30, true, NULL, NULL};
  make_cloud(&c);
  vg_points p = points_of(&c);
  for (int i = 0; i < DISTANCES; i++) {
    vg_set_distance one = {0}, three = {0};
    vg_threads_set(1);
    assert_int_equal(measure(i, &p, &one), VG_OK);
    vg_threads_set(3);
    assert_int_equal(measure(i, &p, &three), VG_OK);
    vg_threads_set(0);
    assert_memory_equal(&one, &three, sizeof one);
  }
  drop_cloud(&c);
}

static void test_failed_allocations_are_reported(void **state) {
  (void)state;
  static subject s;
  static float out[48 * 48 * 48];
  cloud c = {"", 6, 6, 3, true, NULL, NULL};
  vg_set_distance d;
  make(&s, (const double[]){1, 1, 1}, 6);
  s.plan.extractor = &mean_of_slices;
  make_cloud(&c);
  vg_points p = points_of(&c);
  vg_threads_set(1);
  for (int i = 0; i < DISTANCES || vg_features_at(i - DISTANCES); i++) {
    long live = vg_mem_live();
    vg_status st = VG_FAILED;
    for (long n = 1; st; n++) {
      vg_mem_fail_after(n);
      st = i < DISTANCES ? measure(i, &p, &d) : vg_features_at(i - DISTANCES)->space->compute(&s.in, out);
      vg_mem_fail_after(0);
      assert_true(st == VG_OK || st == VG_MEMORY);
      assert_int_equal(vg_mem_live(), live);
      n += n / 8;
    }
  }
  vg_threads_set(0);
  drop_cloud(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_oracle),
      cmocka_unit_test(test_eigenvalues),
      cmocka_unit_test(test_spectrum),
      cmocka_unit_test(test_ball),
      cmocka_unit_test(test_network),
      cmocka_unit_test(test_distances_tell_apart),
      cmocka_unit_test(test_few_and_equal_points),
      cmocka_unit_test(test_intervals_contain_their_value),
      cmocka_unit_test(test_same_bytes_whatever_the_threads),
      cmocka_unit_test(test_failed_allocations_are_reported),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
