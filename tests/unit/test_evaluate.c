/* test_evaluate.c: evaluation of small data sets made here, whose values are known or worked out
 * independently. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "eval/evaluation.h"
#include "eval/order_statistic.h"
#include "voxgan/dataset.h"
#include "voxgan/evaluate.h"
#include "voxgan/fs.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"
#include "voxgan/nifti.h"
#include "voxgan/pool.h"
#include "voxgan/rng.h"
#include "voxgan/str.h"
#include "voxgan/table.h"

enum { NX = 25, NY = 28, NZ = 23, N = NX * NY * NZ };

static char root[64];
static char *real_dir, *synth_dir, *out_dir;

static int set_up(void **state) {
  (void)state;
  vg_log_set_level(VG_LOG_ERROR);
  snprintf(root, sizeof root, "/tmp/vg_evaluate_XXXXXX");
  if (!mkdtemp(root)) return -1;
  real_dir = vg_fs_join(root, "real");
  synth_dir = vg_fs_join(root, "synth");
  out_dir = vg_fs_join(root, "out");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -r %s", root);
  vg_free(real_dir);
  vg_free(synth_dir);
  vg_free(out_dir);
  return system(command);
}

/* ---- a small world: an ellipsoid brain with texture, a tumour of three shells ---- */

static vg_geometry grid(int nz) {
  return (vg_geometry){{NX, NY, nz}, {{{1, 0, 0, -12}, {0, 1, 0, -14}, {0, 0, 1, -11}}}};
}

static double rho(int i, int nz, double cx) {
  int x = i % NX, y = i / NX % NY, z = i / (NX * NY);
  double dx = (x + 0.5) / NX - cx, dy = (y + 0.5) / NY - 0.5, dz = nz > 1 ? (z + 0.5) / nz - 0.5 : 0;
  return sqrt(dx * dx + dy * dy + dz * dz);
}
static bool in_brain(int i, int nz) {
  return rho(i, nz, 0.5) < 0.42;
}
/* brats values: 1 necrosis, 4 enhancing, 2 oedema */
static uint16_t tumour_at(int i) {
  double r = rho(i, NZ, 0.6);
  return r < 0.09 ? 1 : r < 0.14 ? 4 : r < 0.22 ? 2 : 0;
}
static float real_at(int i, int subject, int nz) {
  int x = i % NX, y = i / NX % NY, z = i / (NX * NY);
  return in_brain(i, nz) ? (float)(400 + 90 * sin(0.5 * x + subject) + 70 * cos(0.4 * y + 0.3 * z)) : 0;
}

typedef float (*change)(float value, int i);
static float same(float v, int i) {
  return (void)i, v;
}
static float plus_ten(float v, int i) {
  return (void)i, v + 10;
}
static float gain(float v, int i) {
  return (void)i, 2 * v + 100;
}
static float noisy(float v, int i) {
  uint32_t r[4];
  vg_philox(3, 5, (uint64_t)i, r);
  return v + (float)(r[0] % 60u) - 30;
}
static float noisier(float v, int i) {
  return v + 3 * (noisy(v, i) - v);
}
static float flat(float v, int i) {
  return (void)v, (void)i, 7;
}

static void path_of(const char *dir, const char *layout, const char *id, vg_file_kind kind,
                    const char *series, char path[512]) {
  char name[256];
  assert_int_equal(vg_layout_find(layout)->path(id, kind, series, name, sizeof name), VG_OK);
  snprintf(path, 512, "%s/%s", dir, name);
  char *folder = vg_fs_dirname(path);
  assert_int_equal(vg_fs_make_dirs(folder), VG_OK);
  vg_free(folder);
}

static void write_image(const char *dir, const char *layout, const char *id, const char *series, int subject,
                        int nz, change f) {
  char path[512];
  vg_volume v = {0};
  vg_geometry geo = grid(nz);
  path_of(dir, layout, id, VG_FILE_SERIES, series, path);
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  for (int i = 0; i < NX * NY * nz; i++) {
    v.data[i] = real_at(i, subject, nz);
    if (in_brain(i, nz)) v.data[i] = f(v.data[i], i);
  }
  assert_int_equal(vg_nifti_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
}

typedef uint16_t (*labelling)(int i);
static void write_labels(const char *dir, const char *layout, const char *id, vg_file_kind kind, int nz,
                         labelling f) {
  char path[512];
  vg_labelmap m = {0};
  vg_geometry geo = grid(nz);
  path_of(dir, layout, id, kind, "", path);
  assert_int_equal(vg_labelmap_new(&geo, &m), VG_OK);
  for (int i = 0; i < NX * NY * nz; i++) m.data[i] = f(i);
  assert_int_equal(vg_nifti_write_labels(path, &m, 1), VG_OK);
  vg_labelmap_release(&m);
}

static const char *const ids[] = {"BraTS2021_00001", "BraTS2021_00002", "BraTS2021_00003"};

/* Subjects with t1 and flair and their tumour; the synthetic images are the real ones under f. */
static void write_pair(int n, change f) {
  for (int s = 0; s < n; s++) {
    for (int k = 0; k < 2; k++) {
      const char *series = k ? "flair" : "t1";
      write_image(real_dir, "brats2021", ids[s], series, s + k, NZ, same);
      write_image(synth_dir, "brats2021", ids[s], series, s + k, NZ, f);
    }
    write_labels(real_dir, "brats2021", ids[s], VG_FILE_TUMOUR, NZ, tumour_at);
    write_labels(synth_dir, "brats2021", ids[s], VG_FILE_TUMOUR, NZ, tumour_at);
  }
}

static vg_evaluate_settings settings(void) {
  return (vg_evaluate_settings){.real = real_dir,
                                .synth = synth_dir,
                                .real_layout = "brats2021",
                                .synth_layout = "brats2021",
                                .out = out_dir};
}

static vg_evaluation *evaluate(const vg_evaluate_settings *s) {
  vg_evaluation *e = NULL;
  vg_status st = vg_evaluate(s, &e);
  if (st) print_error("%s\n", vg_error());
  assert_int_equal(st, VG_OK);
  assert_non_null(e);
  return e;
}

static void refuse(const vg_evaluate_settings *s, vg_status expected, const char *text) {
  vg_evaluation *e = (vg_evaluation *)&e;
  vg_status st = vg_evaluate(s, &e);
  if (st != expected || !strstr(vg_error(), text)) print_error("%s: %s\n", vg_status_name(st), vg_error());
  assert_int_equal(st, expected);
  assert_null(e);
  assert_non_null(strstr(vg_error(), text));
}

static const vg_json *summary_row(const vg_json *summary, const char *series, const char *region,
                                  const char *metric) {
  for (const vg_json *r = vg_json_first(vg_json_get(summary, "metrics")); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "series"), ""), series) &&
        !strcmp(vg_json_string(vg_json_get(r, "region"), ""), region) &&
        !strcmp(vg_json_string(vg_json_get(r, "metric"), ""), metric))
      return r;
  }
  return NULL;
}

static double figure(const vg_evaluation *e, const char *series, const char *region, const char *metric,
                     const char *statistic) {
  const vg_json *r = summary_row(vg_evaluation_summary(e), series, region, metric);
  assert_non_null(r);
  return vg_json_number(vg_json_get(r, statistic), NAN);
}

#define assert_near(a, b, tolerance)                                                                   \
  do {                                                                                                 \
    double near_a = (a), near_b = (b);                                                                 \
    if (!(fabs(near_a - near_b) <= (tolerance))) print_error("%.9g, expected %.9g\n", near_a, near_b); \
    assert_true(fabs(near_a - near_b) <= (tolerance));                                                 \
  } while (0)

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* numpy.percentile of f over the brain of a subject, by sorting. */
static double percentile(int subject, change f, double p) {
  static double v[N];
  size_t n = 0;
  for (int i = 0; i < N; i++) {
    if (in_brain(i, NZ)) v[n++] = (double)f(real_at(i, subject, NZ), i);
  }
  qsort(v, n, sizeof *v, ascending);
  double at = p / 100 * (double)(n - 1);
  size_t k = (size_t)at;
  return v[k] + (at - (double)k) * (v[k + 1] - v[k]);
}

static double clipped(double v, double lo, double hi) {
  return fmin(1, fmax(-1, 2 * (v - lo) / (hi - lo) - 1));
}

/* ---- tests ---- */

static void test_percentile_is_numpys(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(1, 2);
  for (int round = 0; round < 300; round++) {
    size_t n = 1 + (size_t)vg_rng_below(&r, 400);
    float v[400];
    double sorted[400];
    uint64_t distinct = 1 + vg_rng_below(&r, 60);
    for (size_t i = 0; i < n; i++) sorted[i] = (double)(v[i] = (float)vg_rng_below(&r, distinct));
    qsort(sorted, n, sizeof *sorted, ascending);
    double p = vg_rng_uniform(&r, 0, 100);
    if (round % 5 == 0) p = round % 10 ? 100 : 0;
    double at = p / 100 * (double)(n - 1);
    size_t k = (size_t)at;
    double expected = k + 1 < n ? sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
    assert_near((double)vg_percentile_f32(v, n, p), expected, 1e-4);
  }
}

static void test_values_as_stored(void **state) {
  (void)state;
  write_pair(2, plus_ten);
  vg_evaluate_settings s = settings();
  s.normalise = VG_NORMALISE_NONE;
  vg_evaluation *e = evaluate(&s);
  static const char *const regions[] = {"brain", "tumour", "necrosis", "oedema", "enhancing"};
  for (int k = 0; k < 5; k++) {
    assert_near(figure(e, "t1", regions[k], "mae", "mean"), 10, 1e-4);
    assert_near(figure(e, "flair", regions[k], "mse", "mean"), 100, 1e-2);
    assert_near(figure(e, "t1", regions[k], "mae", "n"), 2, 0);
  }
  double psnr = 0;
  for (int k = 0; k < 2; k++)
    psnr += 0.5 * 20 * log10((percentile(k, same, 99.5) - percentile(k, same, 0.5)) / 10);
  assert_near(figure(e, "t1", "brain", "psnr", "mean"), psnr, 1e-3);
  vg_evaluation_free(e);
}

static void test_normalisation(void **state) {
  (void)state;
  write_pair(1, gain);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s); /* each: blind to the gain */
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 0, 1e-5);
  assert_near(figure(e, "t1", "brain", "ssim", "mean"), 1, 1e-4);
  vg_evaluation_free(e);
  s.normalise = VG_NORMALISE_REAL;
  e = evaluate(&s);
  double lo = percentile(0, same, 0.5), hi = percentile(0, same, 99.5), sum = 0, n = 0;
  for (int i = 0; i < N; i++) {
    if (!in_brain(i, NZ)) continue;
    double v = (double)real_at(i, 0, NZ);
    sum += fabs(clipped(v, lo, hi) - clipped(2 * v + 100, lo, hi));
    n++;
  }
  assert_near(figure(e, "t1", "brain", "mae", "mean"), sum / n, 1e-5);
  vg_evaluation_free(e);
}

static void test_values_normalised_each(void **state) {
  (void)state;
  write_pair(1, noisy);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s);
  double lo = percentile(0, same, 0.5), hi = percentile(0, same, 99.5);
  double lo_s = percentile(0, noisy, 0.5), hi_s = percentile(0, noisy, 99.5);
  double sum[2] = {0}, squares = 0, n[2] = {0};
  for (int i = 0; i < N; i++) {
    if (!in_brain(i, NZ)) continue;
    float v = real_at(i, 0, NZ);
    double error = fabs(clipped((double)v, lo, hi) - clipped((double)noisy(v, i), lo_s, hi_s));
    sum[0] += error;
    squares += error * error;
    n[0]++;
    if (tumour_at(i) == 2) {
      sum[1] += error;
      n[1]++;
    }
  }
  assert_near(figure(e, "t1", "brain", "mae", "mean"), sum[0] / n[0], 1e-5);
  assert_near(figure(e, "t1", "oedema", "mae", "mean"), sum[1] / n[1], 1e-5);
  assert_near(figure(e, "t1", "brain", "psnr", "mean"), 10 * log10(4 / (squares / n[0])), 1e-3);
  double ssim = figure(e, "t1", "brain", "ssim", "mean");
  assert_true(ssim > 0.3 && ssim < 0.999);
  vg_evaluation_free(e);
}

/* Stored right-to-left and with another slice order, the same anatomy is the same. */
static void test_stored_orientation_does_not_matter(void **state) {
  (void)state;
  write_pair(1, same);
  char path[512];
  vg_volume v = {0};
  path_of(synth_dir, "brats2021", ids[0], VG_FILE_SERIES, "t1", path);
  assert_int_equal(vg_nifti_read(path, &v, NULL), VG_OK);
  vg_geometry lip = {{NX, NZ, NY}, {{{-1, 0, 0, NX - 1 - 12}, {0, 0, 1, -14}, {0, -1, 0, NZ - 1 - 11}}}};
  assert_int_equal(vg_volume_to_geometry(&v, &lip), VG_OK);
  assert_int_equal(vg_nifti_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s);
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 0, 0);
  assert_near(figure(e, "t1", "brain", "ssim", "mean"), 1, 1e-9);
  /* Equal volumes: PSNR is infinite, which is counted and is null in JSON. */
  assert_near(figure(e, "t1", "brain", "psnr", "infinite"), 1, 0);
  assert_near(figure(e, "t1", "brain", "psnr", "n"), 0, 0);
  assert_true(isnan(figure(e, "t1", "brain", "psnr", "mean")));
  vg_evaluation_free(e);
}

static float with_another_background(int i) {
  return in_brain(i, NZ) ? real_at(i, 0, NZ) : 1e4f;
}

/* How a file writes its background is no part of the image. */
static void test_background_does_not_matter(void **state) {
  (void)state;
  char path[512];
  vg_volume v = {0};
  vg_geometry geo = grid(NZ);
  write_pair(1, same);
  path_of(synth_dir, "brats2021", ids[0], VG_FILE_SERIES, "t1", path);
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  for (int i = 0; i < N; i++) v.data[i] = with_another_background(i);
  assert_int_equal(vg_nifti_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s);
  assert_near(figure(e, "t1", "brain", "ssim", "mean"), 1, 1e-9);
  vg_evaluation_free(e);
  s.normalise = VG_NORMALISE_NONE;
  e = evaluate(&s);
  assert_true(figure(e, "t1", "brain", "ssim", "mean") < 0.9);
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 0, 0);
  vg_evaluation_free(e);
}

static void test_unpaired_subjects_are_named(void **state) {
  (void)state;
  write_pair(2, noisy);
  write_image(real_dir, "brats2021", "BraTS2021_00100", "t1", 1, NZ, same);
  write_image(synth_dir, "brats2021", "BraTS2021_00200", "t1", 1, NZ, same);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s);
  const vg_json *subjects = vg_json_get(vg_evaluation_summary(e), "subjects");
  assert_int_equal(vg_json_size(vg_json_get(subjects, "paired")), 2);
  assert_string_equal(vg_json_string(vg_json_first(vg_json_get(subjects, "real_only")), ""),
                      "BraTS2021_00100");
  assert_string_equal(vg_json_string(vg_json_first(vg_json_get(subjects, "synth_only")), ""),
                      "BraTS2021_00200");
  vg_evaluation_free(e);
}

static void test_no_pair_and_nothing_in_common(void **state) {
  (void)state;
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(synth_dir, "brats2021", ids[1], "t1", 0, NZ, same);
  vg_evaluate_settings s = settings();
  refuse(&s, VG_DATA, "no subject is on both sides");
  write_image(synth_dir, "brats2021", ids[0], "t2", 0, NZ, same);
  refuse(&s, VG_DATA, "nothing to compare");
  write_image(synth_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  s.suites = "overlap";
  refuse(&s, VG_DATA, "nothing to compare");
  s.challenge = "GLIO";
  refuse(&s, VG_CONFIG, "GLIO");
  s.challenge = NULL;
  s.suites = "imgae";
  refuse(&s, VG_CONFIG, "imgae");
}

static void test_differing_grids_are_refused(void **state) {
  (void)state;
  write_pair(2, same);
  vg_volume v = {0};
  vg_geometry geo = grid(NZ);
  char path[512];
  path_of(synth_dir, "brats2021", ids[1], VG_FILE_SERIES, "t1", path);
  geo.affine.m[0][3] += 0.5;
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  v.data[0] = 1;
  assert_int_equal(vg_nifti_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  vg_evaluate_settings s = settings();
  refuse(&s, VG_DATA, "subject BraTS2021_00002: ");
  geo = grid(NZ - 1);
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  assert_int_equal(vg_nifti_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  refuse(&s, VG_DATA, "BraTS2021_00002_t1");
  char *summary = vg_fs_join(out_dir, "summary.json");
  assert_false(vg_fs_exists(summary));
  vg_free(summary);
}

static void test_constant_volumes(void **state) {
  (void)state;
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(synth_dir, "brats2021", ids[0], "t1", 0, NZ, flat);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s); /* a generator that has collapsed is a result */
  assert_true(figure(e, "t1", "brain", "mae", "mean") > 0.2);
  assert_true(figure(e, "t1", "brain", "ssim", "mean") < 0.6);
  vg_evaluation_free(e);
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, flat);
  refuse(&s, VG_DATA, "every voxel of the brain is 7");
}

static uint16_t oedema_as_enhancing(int i) {
  return tumour_at(i) == 2 ? 4 : tumour_at(i);
}
static uint16_t no_tumour(int i) {
  return (void)i, 0;
}
static uint16_t tumour_2023(int i) {
  return tumour_at(i) == 4 ? 3 : tumour_at(i);
}

static void test_overlap(void **state) {
  (void)state;
  write_pair(2, noisy);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s); /* copied labels: no news */
  assert_null(summary_row(vg_evaluation_summary(e), "tumour_labels", "tumour", "dice"));
  vg_evaluation_free(e);
  s.suites = "overlap";
  e = evaluate(&s);
  assert_near(figure(e, "tumour_labels", "oedema", "dice", "mean"), 1, 0);
  assert_null(summary_row(vg_evaluation_summary(e), "t1", "brain", "mae"));
  vg_evaluation_free(e);
  s.suites = NULL;
  write_labels(synth_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  write_labels(real_dir, "brats2021", ids[1], VG_FILE_TUMOUR, NZ, no_tumour);
  write_labels(synth_dir, "brats2021", ids[1], VG_FILE_TUMOUR, NZ, no_tumour);
  e = evaluate(&s);
  double enhancing = 0, oedema = 0;
  for (int i = 0; i < N; i++) {
    enhancing += tumour_at(i) == 4;
    oedema += tumour_at(i) == 2;
  }
  double expected = 2 * enhancing / (2 * enhancing + oedema);
  /* Subject 2 is empty on both sides: 1. */
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "min"), expected, 1e-12);
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "max"), 1, 0);
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "n"), 2, 0);
  assert_near(figure(e, "tumour_labels", "oedema", "dice", "min"), 0, 0);
  assert_near(figure(e, "tumour_labels", "tumour", "dice", "min"), 1, 0);
  /* The challenges' regions; oedema that was called enhancing is core now. */
  double core = 0;
  for (int i = 0; i < N; i++) core += tumour_at(i) == 1 || tumour_at(i) == 4;
  assert_near(figure(e, "tumour_labels", "WT", "dice", "min"), 1, 0);
  assert_near(figure(e, "tumour_labels", "TC", "sensitivity", "min"), 1, 0);
  assert_near(figure(e, "tumour_labels", "TC", "precision", "min"), core / (core + oedema), 1e-12);
  assert_near(figure(e, "tumour_labels", "ET", "jaccard", "min"), enhancing / (enhancing + oedema), 1e-12);
  /* Oedema is missing on the synthetic side: no surface to measure to, and nothing to be precise about. */
  assert_near(figure(e, "tumour_labels", "oedema", "hd95", "infinite"), 1, 0);
  assert_near(figure(e, "tumour_labels", "oedema", "hd95", "mean"), 0, 0); /* of subject 2, empty twice */
  assert_null(summary_row(vg_evaluation_summary(e), "tumour_labels", "oedema", "precision"));
  assert_near(figure(e, "tumour_labels", "oedema", "lesion_hd95", "max"), 374, 0);
  /* Image metrics have no value for subject 2's tumour. */
  assert_near(figure(e, "t1", "brain", "mae", "n"), 2, 0);
  assert_near(figure(e, "t1", "tumour", "mae", "n"), 1, 0);
  vg_evaluation_free(e);
}

static void test_classes_meet_by_name(void **state) {
  (void)state;
  const char *id = "BraTS-GLI-00001-000";
  write_image(real_dir, "brats2021", id, "t1", 0, NZ, same);
  write_labels(real_dir, "brats2021", id, VG_FILE_TUMOUR, NZ, tumour_at);
  write_image(synth_dir, "brats2023", id, "t1", 0, NZ, noisy);
  write_labels(synth_dir, "brats2023", id, VG_FILE_TUMOUR, NZ, tumour_2023);
  vg_evaluate_settings s = settings();
  s.real_layout = s.synth_layout = NULL;
  s.suites = "overlap,image";
  vg_evaluation *e = evaluate(&s);
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "mean"), 1, 0);
  assert_true(figure(e, "t1", "enhancing", "mae", "mean") > 0);
  vg_evaluation_free(e);
  write_labels(synth_dir, "brats2023", id, VG_FILE_TUMOUR, NZ, tumour_at); /* 4 is not in that scheme */
  refuse(&s, VG_DATA, "label value 4");
}

static uint16_t tissue(int i) {
  return in_brain(i, 1) ? (uint16_t)(1 + i % 3) : 0;
}

static void test_slices_with_anatomy(void **state) {
  (void)state;
  const char *id = "sub-01";
  write_image(real_dir, "bids", id, "t1", 0, 1, same);
  write_labels(real_dir, "bids", id, VG_FILE_ANATOMY, 1, tissue);
  write_image(synth_dir, "bids", id, "t1", 0, 1, plus_ten);
  write_labels(synth_dir, "bids", id, VG_FILE_ANATOMY, 1, tissue);
  vg_evaluate_settings s = settings();
  s.real_layout = s.synth_layout = "bids";
  s.normalise = VG_NORMALISE_NONE;
  s.suites = "image,overlap";
  vg_evaluation *e = evaluate(&s);
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 10, 1e-4);
  assert_true(isnan(figure(e, "t1", "brain", "mae", "sd"))); /* of one subject */
  assert_near(figure(e, "anatomy_labels", "gm", "dice", "mean"), 1, 0);
  assert_near(figure(e, "anatomy_labels", "gm", "hd95", "mean"), 0, 0);
  assert_null(summary_row(vg_evaluation_summary(e), "anatomy_labels", "gm", "lesion_dice"));
  assert_null(summary_row(vg_evaluation_summary(e), "t1", "tumour", "mae"));
  vg_evaluation_free(e);
}

/* Distance between the centres of voxel i and its nearest tumour voxel. */
static double to_tumour(int i) {
  double least = INFINITY;
  for (int k = 0; k < N; k++) {
    if (!tumour_at(k)) continue;
    double dx = k % NX - i % NX, dy = k / NX % NY - i / NX % NY, dz = k / (NX * NY) - i / (NX * NY);
    least = fmin(least, dx * dx + dy * dy + dz * dz);
  }
  return sqrt(least);
}

static void test_band_around_the_tumour(void **state) {
  (void)state;
  write_pair(1, noisy);
  vg_evaluate_settings s = settings();
  s.normalise = VG_NORMALISE_NONE;
  for (int round = 0; round < 2; round++) {
    s.band = round ? 2 : 0;
    double width = round ? 2 : VG_BAND_MM, sum = 0, n = 0;
    for (int i = 0; i < N; i++) {
      /* The surface is half a voxel before the first voxel outside. */
      if (tumour_at(i) || !in_brain(i, NZ) || to_tumour(i) - 0.5 > width) continue;
      float v = real_at(i, 0, NZ);
      sum += fabs((double)(v - noisy(v, i)));
      n++;
    }
    vg_evaluation *e = evaluate(&s);
    assert_near(figure(e, "t1", "band", "mae", "mean"), sum / n, 1e-4);
    vg_evaluation_free(e);
  }
}

static void test_intervals(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s);
  double low = figure(e, "t1", "brain", "mae", "ci_low"), high = figure(e, "t1", "brain", "mae", "ci_high");
  assert_true(low >= figure(e, "t1", "brain", "mae", "min") && low < figure(e, "t1", "brain", "mae", "mean"));
  assert_true(high <= figure(e, "t1", "brain", "mae", "max") &&
              high > figure(e, "t1", "brain", "mae", "mean"));
  vg_evaluation_free(e);
  s.suites = "image"; /* an interval does not depend on what else is measured */
  e = evaluate(&s);
  assert_true(figure(e, "t1", "brain", "mae", "ci_low") == low);
  vg_evaluation_free(e);
  /* Against the normal approximation, where there are enough values for it. */
  enum { CASES = 400 };
  static double values[CASES];
  vg_rng r = vg_rng_init(5, 0);
  eval_group group = {.series = "t1", .region = "brain", .metric = vg_metric_find("mae")};
  vg_evaluation many = {.n_cases = CASES, .n_groups = 1, .groups = &group, .values = values};
  for (int i = 0; i < CASES; i++) values[i] = 10 + 2 * vg_rng_normal(&r);
  assert_int_equal(vg_eval_summarise(&many), VG_OK);
  assert_near(group.ci_low, group.mean - 1.96 * group.sd / 20, 0.03);
  assert_near(group.ci_high, group.mean + 1.96 * group.sd / 20, 0.03);
  many.n_cases = 1; /* one value has no spread */
  assert_int_equal(vg_eval_summarise(&many), VG_OK);
  assert_true(isnan(group.ci_low) && isnan(group.sd) && group.mean == values[0]);
}

static const char *left_out(const vg_evaluation *e, const char *suite) {
  const vg_json *list = vg_json_get(vg_evaluation_summary(e), "left_out");
  for (const vg_json *r = vg_json_first(list); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "suite"), ""), suite))
      return vg_json_string(vg_json_get(r, "why"), "");
  }
  return "";
}

static const vg_json *profile_row(const vg_evaluation *e, const char *series, const char *region) {
  const vg_json *rows = vg_json_get(vg_evaluation_summary(e), "profiles");
  for (const vg_json *r = vg_json_first(rows); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "series"), ""), series) &&
        !strcmp(vg_json_string(vg_json_get(r, "region"), ""), region))
      return r;
  }
  return NULL;
}

static uint16_t half_as_far(int i) {
  return rho(i, NZ, 0.6) < 0.15 ? 2 : 0;
}

static void test_boundary(void **state) {
  (void)state;
  write_pair(2, same);
  vg_evaluate_settings s = settings();
  s.suites = "boundary";
  vg_evaluation *e = evaluate(&s);
  static const char *const surfaces[] = {"tumour", "oedema", "enhancing"};
  for (int k = 0; k < 3; k++) {
    assert_near(figure(e, "t1", surfaces[k], "profile_intensity", "mean"), 0, 0);
    assert_near(figure(e, "flair", surfaces[k], "boundary_sharpness", "mean"), 1, 0);
  }
  assert_null(summary_row(vg_evaluation_summary(e), "t1", "tumour", "mae"));
  const vg_json *p = profile_row(e, "t1", "tumour");
  assert_near(vg_json_number(vg_json_get(vg_json_get(p, "synth"), "n"), 0), 2, 0);
  /* The bin from 0 to 1 mm, worked out here: voxels of the brain's inside whose centre is up to 1.5 mm from
   * the nearest tumour centre. */
  double lo[2], hi[2], mean = 0;
  for (int k = 0; k < 2; k++) {
    double sum = 0, n = 0;
    lo[k] = percentile(k, same, 0.5);
    hi[k] = percentile(k, same, 99.5);
    for (int i = 0; i < N; i++) {
      if (tumour_at(i) || !in_brain(i, NZ) || to_tumour(i) - 0.5 >= 1) continue;
      if (!in_brain(i - 1, NZ) || !in_brain(i + 1, NZ) || !in_brain(i - NX, NZ) || !in_brain(i + NX, NZ) ||
          !in_brain(i - NX * NY, NZ) || !in_brain(i + NX * NY, NZ))
        continue;
      sum += clipped((double)real_at(i, k, NZ), lo[k], hi[k]);
      n++;
    }
    mean += sum / n / 2;
  }
  const vg_json *bin = vg_json_first(vg_json_get(vg_json_get(p, "real"), "intensity"));
  for (int b = 0; b < 10; b++) bin = vg_json_next(bin);
  assert_near(vg_json_number(bin, NAN), mean, 1e-5);
  vg_evaluation_free(e);
  /* Each side is looked at around its own tumour. */
  for (int k = 0; k < 2; k++) write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, half_as_far);
  e = evaluate(&s);
  assert_true(figure(e, "t1", "tumour", "profile_intensity", "mean") > 0);
  assert_null(summary_row(vg_evaluation_summary(e), "t1", "enhancing", "boundary_sharpness"));
  vg_evaluation_free(e);
  /* Without a tumour there is no surface. */
  for (int k = 0; k < 2; k++) {
    write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, no_tumour);
    write_labels(real_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, no_tumour);
  }
  e = evaluate(&s);
  assert_int_equal(vg_json_size(vg_json_get(vg_evaluation_summary(e), "metrics")), 0);
  assert_int_equal(vg_json_size(vg_json_get(vg_evaluation_summary(e), "profiles")), 0);
  assert_non_null(strstr(left_out(e, "boundary"), "none of its metrics"));
  vg_evaluation_free(e);
}

/* A value of a curve of the summary's profiles. */
static double curve(const vg_evaluation *e, const char *side, const char *name, int bin) {
  const vg_json *v = vg_json_first(vg_json_get(vg_json_get(profile_row(e, "t1", "tumour"), side), name));
  for (int b = 0; b < bin; b++) v = vg_json_next(v);
  return vg_json_number(v, NAN);
}

/* The tumour's edge as a step of 200. */
static float pasted(float v, int i) {
  return tumour_at(i) ? v + 200 : v;
}

static void test_boundary_without_pairs(void **state) {
  (void)state;
  static const char *const edited[] = {"edited_1", "edited_2"};
  for (int k = 0; k < 2; k++) {
    write_image(real_dir, "brats2021", ids[k], "t1", k, NZ, same);
    write_labels(real_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, tumour_at);
    write_image(synth_dir, "brats2021", edited[k], "t1", k, NZ, same);
    write_labels(synth_dir, "brats2021", edited[k], VG_FILE_TUMOUR, NZ, tumour_at);
  }
  vg_evaluate_settings s = settings();
  refuse(&s, VG_DATA, "no subject is on both sides");
  s.suites = "all";
  vg_evaluation *e = evaluate(&s);
  assert_string_equal(left_out(e, "image"), "no subject is on both sides");
  assert_string_equal(left_out(e, "overlap"), "no subject is on both sides");
  /* The same images on both sides: the same mean curves, with the same spread. */
  for (int b = 0; b < 20; b++) {
    assert_true(curve(e, "real", "intensity", b) == curve(e, "synth", "intensity", b) ||
                isnan(curve(e, "real", "intensity", b)));
    assert_true(curve(e, "real", "gradient_sd", b) == curve(e, "synth", "gradient_sd", b) ||
                isnan(curve(e, "real", "gradient_sd", b)));
  }
  double near = figure(e, "t1", "tumour", "profile_intensity", "max");
  assert_true(near > 0 && figure(e, "t1", "tumour", "profile_intensity", "n") == 2);
  const vg_json *subjects = vg_json_get(vg_evaluation_summary(e), "subjects");
  assert_int_equal(vg_json_size(vg_json_get(subjects, "paired")), 0);
  assert_int_equal(vg_json_size(vg_json_get(subjects, "synth_only")), 2);
  double sharp = figure(e, "t1", "tumour", "boundary_sharpness", "mean");
  vg_evaluation_free(e);
  for (int k = 0; k < 2; k++) write_image(synth_dir, "brats2021", edited[k], "t1", k, NZ, pasted);
  e = evaluate(&s);
  assert_true(figure(e, "t1", "tumour", "profile_intensity", "min") > 2 * near);
  assert_true(figure(e, "t1", "tumour", "boundary_sharpness", "mean") > sharp + 0.3);
  vg_evaluation_free(e);
  s.normalise = VG_NORMALISE_REAL;
  refuse(&s, VG_CONFIG, "normalised by each only");
}

static void test_what_is_left_out_is_said(void **state) {
  (void)state;
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(synth_dir, "brats2021", ids[0], "t1", 0, NZ, noisy);
  vg_evaluate_settings s = settings();
  s.suites = "all";
  vg_evaluation *e = evaluate(&s);
  assert_non_null(strstr(left_out(e, "overlap"), "no label map is on both sides"));
  assert_string_equal(left_out(e, "image"), "");
  assert_non_null(strstr(left_out(e, "boundary"), "tumour map"));
  const vg_json *scales = vg_json_get(vg_evaluation_summary(e), "ms_ssim_scales");
  assert_near(vg_json_number(vg_json_get(scales, ids[0]), 0), 2, 0); /* 23 voxels halve once */
  vg_evaluation_free(e);
  write_labels(real_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, tumour_at);
  write_labels(synth_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, tumour_at);
  e = evaluate(&s);
  assert_non_null(strstr(left_out(e, "overlap"), "equal on both sides"));
  assert_non_null(summary_row(vg_evaluation_summary(e), "t1", "tumour", "boundary_sharpness"));
  vg_evaluation_free(e);
}

static void test_files(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_evaluate_settings s = settings();
  vg_evaluation *e = evaluate(&s);
  char *csv = vg_fs_join(out_dir, "metrics.csv"), *json = vg_fs_join(out_dir, "summary.json");
  vg_table t = {0};
  assert_int_equal(vg_table_read(csv, &t), VG_OK);
  assert_int_equal(t.rows, 1 + 3 * 2 * 6 * 6); /* subjects, series, regions, metrics */
  assert_string_equal(vg_table_cell(&t, 0, 0), "subject");
  assert_int_equal(vg_table_col(&t, "value"), 4);
  double v[3], n = 0;
  for (size_t r = 1; r < t.rows; r++) {
    if (strcmp(vg_table_cell(&t, r, 1), "flair") || strcmp(vg_table_cell(&t, r, 2), "oedema") ||
        strcmp(vg_table_cell(&t, r, 3), "ssim"))
      continue;
    assert_true(n < 3 && vg_parse_f64(vg_table_cell(&t, r, 4), &v[(int)n]));
    n++;
  }
  assert_true(n == 3);
  vg_json *read = NULL;
  assert_int_equal(vg_json_read(json, &read), VG_OK);
  const vg_json *row = summary_row(read, "flair", "oedema", "ssim");
  double mean = (v[0] + v[1] + v[2]) / 3;
  double sd = sqrt(
      ((v[0] - mean) * (v[0] - mean) + (v[1] - mean) * (v[1] - mean) + (v[2] - mean) * (v[2] - mean)) / 2);
  qsort(v, 3, sizeof *v, ascending);
  static const char *const names[] = {"mean", "sd", "median", "q1", "q3", "min", "max", "n"};
  double expected[] = {mean, sd, v[1], (v[0] + v[1]) / 2, (v[1] + v[2]) / 2, v[0], v[2], 3};
  for (int i = 0; i < 8; i++) assert_near(vg_json_number(vg_json_get(row, names[i]), NAN), expected[i], 1e-7);
  assert_string_equal(vg_json_string(vg_json_get(vg_json_get(read, "settings"), "normalise"), ""), "each");
  /* No path of a source reaches the outputs. */
  void *bytes;
  size_t len;
  assert_int_equal(vg_fs_read(json, &bytes, &len), VG_OK);
  assert_null(strstr(bytes, root));
  vg_free(bytes);
  char **files;
  size_t n_files;
  assert_int_equal(vg_fs_walk(out_dir, &files, &n_files), VG_OK);
  assert_int_equal(n_files, 2);
  vg_strv_free(files);
  vg_json_free(read);
  vg_table_release(&t);
  vg_free(csv);
  vg_free(json);
  /* The table on stdout has a row for each series and region. */
  char *text = NULL;
  FILE *to = open_memstream(&text, &len);
  assert_int_equal(vg_evaluation_print(e, to), VG_OK);
  fclose(to);
  int lines = 0;
  for (char *c = text; *c; c++) lines += *c == '\n';
  assert_true(lines >= 13 && lines <= 15);
  assert_non_null(strstr(text, "psnr dB"));
  assert_non_null(strstr(text, " +- "));
  free(text);
  vg_evaluation_free(e);
}

static void test_same_bytes_whatever_the_threads(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_evaluate_settings s = settings();
  char *csv = vg_fs_join(out_dir, "metrics.csv");
  void *bytes[3];
  size_t len[3];
  static const int threads[] = {1, 2, 9};
  for (int k = 0; k < 3; k++) {
    vg_threads_set(threads[k]);
    vg_evaluation_free(evaluate(&s));
    assert_int_equal(vg_fs_read(csv, &bytes[k], &len[k]), VG_OK);
    assert_int_equal(len[k], len[0]);
    assert_memory_equal(bytes[k], bytes[0], len[0]);
  }
  vg_threads_set(0);
  for (int k = 0; k < 3; k++) vg_free(bytes[k]);
  vg_free(csv);
}

static const char *verdict(const vg_evaluation *e, const char *series, const char *region,
                           const char *metric) {
  const vg_json *moved = vg_json_get(vg_json_get(vg_evaluation_summary(e), "baseline"), "moved");
  for (const vg_json *r = vg_json_first(moved); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "series"), ""), series) &&
        !strcmp(vg_json_string(vg_json_get(r, "region"), ""), region) &&
        !strcmp(vg_json_string(vg_json_get(r, "metric"), ""), metric))
      return vg_json_string(vg_json_get(r, "verdict"), "");
  }
  return "";
}

static void test_baseline(void **state) {
  (void)state;
  vg_evaluation *e = NULL;
  write_pair(2, noisy);
  vg_evaluate_settings s = settings();
  vg_evaluation_free(evaluate(&s));
  char *kept = vg_fs_join(root, "baseline.json"), *summary = vg_fs_join(out_dir, "summary.json");
  assert_int_equal(rename(summary, kept), 0);
  s.baseline = kept;
  e = evaluate(&s); /* nothing has changed */
  assert_int_equal(vg_json_size(vg_json_get(vg_json_get(vg_evaluation_summary(e), "baseline"), "moved")), 0);
  vg_evaluation_free(e);

  write_pair(2, noisier);
  assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
  assert_non_null(e);
  assert_non_null(strstr(vg_error(), "worse than in the baseline"));
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "worse");
  assert_string_equal(verdict(e, "t1", "brain", "psnr"), "worse");
  assert_string_equal(verdict(e, "flair", "oedema", "ssim"), "worse");
  assert_true(vg_fs_exists(summary)); /* the results are there all the same */
  vg_evaluation_free(e);
  s.tolerance = "100";
  vg_evaluation_free(evaluate(&s));
  s.tolerance = "mae=0.05,100";
  assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "worse");
  assert_string_equal(verdict(e, "t1", "brain", "mse"), "");
  vg_evaluation_free(e);
  s.tolerance = "psnt=0.05";
  refuse(&s, VG_CONFIG, "psnr");
  s.tolerance = "-1";
  refuse(&s, VG_CONFIG, "-1");
  s.tolerance = NULL;

  write_pair(2, same); /* better is no regression; equal images have an infinite PSNR */
  e = evaluate(&s);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "better");
  assert_string_equal(verdict(e, "t1", "brain", "psnr"), "better");
  vg_evaluation_free(e);
  char *perfect = vg_fs_join(root, "perfect.json");
  s.out = NULL;
  s.baseline = NULL;
  e = evaluate(&s);
  assert_int_equal(vg_json_write(perfect, vg_evaluation_summary(e)), VG_OK);
  vg_evaluation_free(e);
  s.baseline = perfect;
  vg_evaluation_free(evaluate(&s));
  write_pair(2, noisy);
  assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "psnr"), "worse");
  vg_evaluation_free(e);

  /* A series that is no longer there, and a case that is not, are found out. */
  s.baseline = kept;
  char path[512];
  path_of(synth_dir, "brats2021", ids[1], VG_FILE_SERIES, "t1", path);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "fewer cases");
  assert_string_equal(verdict(e, "flair", "brain", "mae"), "");
  vg_evaluation_free(e);
  path_of(synth_dir, "brats2021", ids[0], VG_FILE_SERIES, "t1", path);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "gone");
  char *text = NULL;
  size_t len;
  FILE *to = open_memstream(&text, &len);
  assert_int_equal(vg_evaluation_print(e, to), VG_OK);
  fclose(to);
  assert_non_null(strstr(text, "gone"));
  free(text);
  vg_evaluation_free(e);

  s.normalise = VG_NORMALISE_REAL;
  refuse(&s, VG_DATA, "normalised by 'each'");
  s.normalise = VG_NORMALISE_EACH;
  assert_int_equal(vg_fs_write_atomic(kept, "{\"a\": 1}", 8), VG_OK);
  refuse(&s, VG_DATA, "not a summary.json");
  vg_free(perfect);
  vg_free(kept);
  vg_free(summary);
}

/* metrics.def's hd95 and sharpness: infinity is bad in one, to either side of 1 is worse in the other. */
static void test_what_is_worse(void **state) {
  (void)state;
  char *kept = vg_fs_join(root, "kept.json");
  write_pair(3, noisy);
  for (int k = 0; k < 2; k++)
    write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  vg_evaluate_settings s = settings();
  s.suites = "all";
  s.write_baseline = kept;
  vg_evaluation_free(evaluate(&s)); /* oedema is missed in two of three */
  s.write_baseline = NULL;
  s.baseline = kept;
  vg_evaluation *e = evaluate(&s);
  assert_int_equal(vg_json_size(vg_json_get(vg_json_get(vg_evaluation_summary(e), "baseline"), "moved")), 0);
  vg_evaluation_free(e);
  write_labels(synth_dir, "brats2021", ids[2], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "tumour_labels", "oedema", "hd95"), "more infinite");
  assert_string_equal(verdict(e, "tumour_labels", "oedema", "dice"), "worse");
  assert_string_equal(verdict(e, "tumour_labels", "tumour", "dice"), "");
  vg_evaluation_free(e);
  for (int k = 0; k < 3; k++) write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, tumour_at);
  s.suites = "overlap";
  e = evaluate(&s);
  assert_string_equal(verdict(e, "tumour_labels", "oedema", "hd95"), "better");
  vg_evaluation_free(e);
  s.band = 3; /* other regions, other rules: no comparison */
  refuse(&s, VG_DATA, "band of 5 mm");
  s.band = 0;
  s.challenge = "MET";
  refuse(&s, VG_DATA, "challenge GLI");
  vg_free(kept);
  const vg_metric_row *sharpness = vg_metric_find("boundary_sharpness");
  assert_true(vg_metric_worse_by(sharpness, 1.1, 1.3) > 0 && vg_metric_worse_by(sharpness, 1.1, 0.7) > 0);
  assert_true(vg_metric_worse_by(sharpness, 1.1, 0.95) < 0);
}

static void test_intervals_as_tolerance(void **state) {
  (void)state;
  char *kept = vg_fs_join(root, "kept.json"), *again = vg_fs_join(root, "again.json");
  write_pair(3, noisy);
  vg_evaluate_settings s = settings();
  s.write_baseline = kept;
  vg_evaluation *e = evaluate(&s);
  double mean = figure(e, "t1", "brain", "mae", "mean");
  vg_evaluation_free(e);
  s.write_baseline = again;
  s.baseline = kept;
  /* A baseline whose mean lies lower, so that now is worse than it: within its interval, or beyond. */
  for (int round = 0; round < 2; round++) {
    vg_json *b = NULL;
    assert_int_equal(vg_json_read(kept, &b), VG_OK);
    vg_json *row = (vg_json *)summary_row(b, "t1", "brain", "mae");
    vg_json_put_number(row, "mean", mean * 0.5);
    vg_json_put_number(row, "ci_low", mean * 0.4);
    vg_json_put_number(row, "ci_high", mean * (round ? 0.9 : 1.1));
    assert_int_equal(vg_json_write(kept, b), VG_OK);
    vg_json_free(b);
    s.tolerance = "0.05";
    assert_int_equal(vg_evaluate(&s, &e), VG_REGRESSION);
    assert_false(vg_fs_exists(again)); /* a regression is no baseline */
    vg_evaluation_free(e);
    static const char *const intervals[] = {"interval", "mae=interval,0.05"};
    for (int k = 0; k < 2; k++) {
      s.tolerance = intervals[k];
      assert_int_equal(vg_evaluate(&s, &e), round ? VG_REGRESSION : VG_OK);
      assert_string_equal(verdict(e, "t1", "brain", "mae"), round ? "worse" : "");
      vg_evaluation_free(e);
    }
    assert_true(vg_fs_exists(again) == !round);
    unlink(again);
  }
  s.tolerance = "intervals";
  refuse(&s, VG_CONFIG, "'interval'");
  vg_free(kept);
  vg_free(again);
}

/* Every allocation fails in turn, and all after it. */
static void fail_each_allocation(const vg_evaluate_settings *s) {
  vg_status st = VG_FAILED;
  int refused = 0;
  for (long n = 1; st && n < 100000; n += 1 + n / 8) {
    long live = vg_mem_live();
    vg_evaluation *e = NULL;
    vg_mem_fail_after(n);
    st = vg_evaluate(s, &e);
    vg_mem_fail_after(0);
    if (st && st != VG_MEMORY) print_error("allocation %ld: %s: %s\n", n, vg_status_name(st), vg_error());
    assert_true(st == VG_OK || st == VG_MEMORY);
    assert_true(!st == !!e);
    vg_evaluation_free(e);
    assert_int_equal(vg_mem_live(), live);
    refused += st != VG_OK;
  }
  assert_int_equal(st, VG_OK);
  assert_true(refused > 20);
}

static void test_failed_allocations_leave_nothing_behind(void **state) {
  (void)state;
  write_pair(1, noisy);
  write_labels(synth_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  vg_evaluate_settings s = settings();
  s.suites = "all";
  vg_evaluation *e = evaluate(&s);
  char *kept = vg_fs_join(root, "kept.json"), *again = vg_fs_join(root, "again.json");
  assert_int_equal(vg_json_write(kept, vg_evaluation_summary(e)), VG_OK);
  vg_evaluation_free(e);
  s.baseline = kept;
  s.write_baseline = again;
  vg_threads_set(1);
  fail_each_allocation(&s);
  char *other = vg_fs_join(root, "other");
  write_image(other, "brats2021", "edited_1", "t1", 0, NZ, same);
  write_labels(other, "brats2021", "edited_1", VG_FILE_TUMOUR, NZ, tumour_at);
  s.synth = other; /* no pair */
  refuse(&s, VG_DATA, "subjects without partners");
  s.baseline = s.write_baseline = NULL;
  fail_each_allocation(&s);
  vg_threads_set(0);
  vg_free(kept);
  vg_free(again);
  vg_free(other);
}

static void test_names(void **state) {
  (void)state;
  vg_normalise n = VG_NORMALISE_EACH;
  assert_int_equal(vg_normalise_parse("none", &n), VG_OK);
  assert_int_equal(n, VG_NORMALISE_NONE);
  assert_string_equal(vg_normalise_name(VG_NORMALISE_REAL), "real");
  assert_int_equal(vg_normalise_parse("zscore", &n), VG_CONFIG);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_percentile_is_numpys),
      TEST(test_values_as_stored),
      TEST(test_normalisation),
      TEST(test_values_normalised_each),
      TEST(test_stored_orientation_does_not_matter),
      TEST(test_background_does_not_matter),
      TEST(test_unpaired_subjects_are_named),
      TEST(test_no_pair_and_nothing_in_common),
      TEST(test_differing_grids_are_refused),
      TEST(test_constant_volumes),
      TEST(test_overlap),
      TEST(test_classes_meet_by_name),
      TEST(test_slices_with_anatomy),
      TEST(test_band_around_the_tumour),
      TEST(test_intervals),
      TEST(test_boundary),
      TEST(test_boundary_without_pairs),
      TEST(test_what_is_left_out_is_said),
      TEST(test_files),
      TEST(test_same_bytes_whatever_the_threads),
      TEST(test_baseline),
      TEST(test_what_is_worse),
      TEST(test_intervals_as_tolerance),
      TEST(test_failed_allocations_leave_nothing_behind),
      TEST(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
