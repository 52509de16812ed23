/* evaluate_world.h: what the tests of evaluation share: a small world of known values, written as two data
 * sets.
 *
 *     cmocka_unit_test_setup_teardown(test, set_up, tear_down)      // real_dir, synth_dir, out_dir
 */
#ifndef VG_TESTS_EVALUATE_WORLD_H
#define VG_TESTS_EVALUATE_WORLD_H
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
#include "eval/model/evaluation.h"
#include "base/number/order_statistic.h"
#include "dataset/layout.h"
#include "voxgan/dataset.h"
#include "voxgan/evaluate.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/pool.h"
#include "voxgan/rng.h"
#include "base/str.h"
#include "io/table.h"

enum { NX = 25, NY = 28, NZ = 23, N = NX * NY * NZ };

static char root[64];
static char *real_dir, *synth_dir, *out_dir;

static inline int set_up(void **state) {
  (void)state;
  vg_log_set_level(VG_LOG_ERROR);
  snprintf(root, sizeof root, "/tmp/vg_evaluate_XXXXXX");
  if (!mkdtemp(root)) return -1;
  real_dir = vg_fs_join(root, "real");
  synth_dir = vg_fs_join(root, "synth");
  out_dir = vg_fs_join(root, "out");
  return 0;
}

static inline int tear_down(void **state) {
  (void)state;
  char command[96];
  snprintf(command, sizeof command, "rm -r %s", root);
  vg_free(real_dir);
  vg_free(synth_dir);
  vg_free(out_dir);
  return system(command);
}

/* ---- a small world: an ellipsoid brain with texture, a tumour of three shells ---- */

static inline vg_geometry grid(int nz) {
  return (vg_geometry){{NX, NY, nz}, {{{1, 0, 0, -12}, {0, 1, 0, -14}, {0, 0, 1, -11}}}};
}

static inline double rho(int i, int nz, double cx) {
  int x = i % NX, y = i / NX % NY, z = i / (NX * NY);
  double dx = (x + 0.5) / NX - cx, dy = (y + 0.5) / NY - 0.5, dz = nz > 1 ? (z + 0.5) / nz - 0.5 : 0;
  return sqrt(dx * dx + dy * dy + dz * dz);
}
static inline bool in_brain(int i, int nz) {
  return rho(i, nz, 0.5) < 0.42;
}
/* brats values: 1 necrosis, 4 enhancing, 2 oedema */
static inline uint16_t tumour_at(int i) {
  double r = rho(i, NZ, 0.6);
  return r < 0.09 ? 1 : r < 0.14 ? 4 : r < 0.22 ? 2 : 0;
}
static inline float real_at(int i, int subject, int nz) {
  int x = i % NX, y = i / NX % NY, z = i / (NX * NY);
  return in_brain(i, nz) ? (float)(400 + 90 * sin(0.5 * x + subject) + 70 * cos(0.4 * y + 0.3 * z)) : 0;
}

typedef float (*change)(float value, int i);
static inline float same(float v, int i) {
  return (void)i, v;
}
static inline float plus_ten(float v, int i) {
  return (void)i, v + 10;
}
static inline float gain(float v, int i) {
  return (void)i, 2 * v + 100;
}
static inline float noisy(float v, int i) {
  uint32_t r[4];
  vg_philox(3, 5, (uint64_t)i, r);
  return v + (float)(r[0] % 60u) - 30;
}
static inline float noisier(float v, int i) {
  return v + 3 * (noisy(v, i) - v);
}
static inline float flat(float v, int i) {
  return (void)v, (void)i, 7;
}

static inline void path_of(const char *dir, const char *layout, const char *id, vg_file_kind kind,
                           const char *series, char path[512]) {
  char name[256];
  assert_int_equal(vg_layout_find(layout)->path(id, kind, series, name, sizeof name), VG_OK);
  snprintf(path, 512, "%s/%s", dir, name);
  char *folder = vg_fs_dirname(path);
  assert_int_equal(vg_fs_make_dirs(folder), VG_OK);
  vg_free(folder);
}

static inline void write_image(const char *dir, const char *layout, const char *id, const char *series,
                               int subject, int nz, change f) {
  char path[512];
  vg_volume v = {0};
  vg_geometry geo = grid(nz);
  path_of(dir, layout, id, VG_FILE_SERIES, series, path);
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  for (int i = 0; i < NX * NY * nz; i++) {
    v.data[i] = real_at(i, subject, nz);
    if (in_brain(i, nz)) v.data[i] = f(v.data[i], i);
  }
  assert_int_equal(vg_volume_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
}

typedef uint16_t (*labelling)(int i);
static inline void write_labels(const char *dir, const char *layout, const char *id, vg_file_kind kind,
                                int nz, labelling f) {
  char path[512];
  vg_labelmap m = {0};
  vg_geometry geo = grid(nz);
  path_of(dir, layout, id, kind, "", path);
  assert_int_equal(vg_labelmap_new(&geo, &m), VG_OK);
  for (int i = 0; i < NX * NY * nz; i++) m.data[i] = f(i);
  assert_int_equal(vg_volume_write_labels(path, &m, 1), VG_OK);
  vg_labelmap_release(&m);
}

static const char *const ids[] = {"BraTS2021_00001", "BraTS2021_00002", "BraTS2021_00003"};

/* Subjects with t1 and flair and their tumour; the synthetic images are the real ones under f. */
static inline void write_pair(int n, change f) {
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

static inline vg_eval_settings settings(void) {
  return (vg_eval_settings){.real = real_dir,
                            .synth = synth_dir,
                            .real_layout = "brats2021",
                            .synth_layout = "brats2021",
                            .out = out_dir};
}

static inline vg_eval *evaluate(const vg_eval_settings *s) {
  vg_eval *e = NULL;
  vg_status st = vg_eval_run(s, &e);
  if (st) print_error("%s\n", vg_error());
  assert_int_equal(st, VG_OK);
  assert_non_null(e);
  return e;
}

static inline void refuse(const vg_eval_settings *s, vg_status expected, const char *text) {
  vg_eval *e = (vg_eval *)&e;
  vg_status st = vg_eval_run(s, &e);
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

static inline double figure(const vg_eval *e, const char *series, const char *region, const char *metric,
                            const char *statistic) {
  const vg_json *r = summary_row(vg_eval_summary(e), series, region, metric);
  assert_non_null(r);
  return vg_json_number(vg_json_get(r, statistic), NAN);
}

#define assert_near(a, b, tolerance)                                                                   \
  do {                                                                                                 \
    double near_a = (a), near_b = (b);                                                                 \
    if (!(fabs(near_a - near_b) <= (tolerance))) print_error("%.9g, expected %.9g\n", near_a, near_b); \
    assert_true(fabs(near_a - near_b) <= (tolerance));                                                 \
  } while (0)

static inline int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline uint16_t oedema_as_enhancing(int i) {
  return tumour_at(i) == 2 ? 4 : tumour_at(i);
}
static inline uint16_t no_tumour(int i) {
  return (void)i, 0;
}
/* Distance between the centres of voxel i and its nearest tumour voxel. */
static inline double to_tumour(int i) {
  double least = INFINITY;
  for (int k = 0; k < N; k++) {
    if (!tumour_at(k)) continue;
    double dx = k % NX - i % NX, dy = k / NX % NY - i / NX % NY, dz = k / (NX * NY) - i / (NX * NY);
    least = fmin(least, dx * dx + dy * dy + dz * dz);
  }
  return sqrt(least);
}

/* numpy.percentile of f over the brain of a subject, by sorting. */
static inline double percentile(int subject, change f, double p) {
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

static inline double clipped(double v, double lo, double hi) {
  return fmin(1, fmax(-1, 2 * (v - lo) / (hi - lo) - 1));
}

#endif
