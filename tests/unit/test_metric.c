/* test_metric.c: every metric against scikit-image and SciPy, its ideal value, and its edge cases. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "grid/grid.h"
#include "base/mem.h"
#include "voxgan/metric.h"
#include "base/pool.h"
#include "voxgan/rng.h"

typedef struct fixture {
  vg_metric_input in;
  vg_regions regions;
  size_t voxels;
  float *real, *synth;
  uint8_t *cells, *real_labels, *synth_labels;
  vg_surface real_surfaces[4], synth_surfaces[4]; /* of the label maps' regions */
} fixture;

typedef enum texture { NOISE, SMOOTH, OFFSET, BRAIN, BLOBS } texture;

static float smooth(double x, double y, double z) {
  return (float)(0.5 * sin(0.31 * x + 0.2 * z) + 0.3 * cos(0.23 * y - 0.11 * x) + 0.15 * sin(0.5 * z));
}

static void ball(uint8_t *labels, const int dim[3], const int at[3], int radius, uint8_t label) {
  for (int z = at[2] - radius; z <= at[2] + radius; z++) {
    for (int y = at[1] - radius; y <= at[1] + radius; y++) {
      for (int x = at[0] - radius; x <= at[0] + radius; x++) {
        int d2 = (x - at[0]) * (x - at[0]) + (y - at[1]) * (y - at[1]) + (z - at[2]) * (z - at[2]);
        if (x < 0 || y < 0 || z < 0 || x >= dim[0] || y >= dim[1] || z >= dim[2] || d2 > radius * radius)
          continue;
        labels[((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[0] + (size_t)x] = label;
      }
    }
  }
}

/* Lesions: balls, of which some are missed, some moved, some made up. */
static void blobs(const int dim[3], uint8_t *real, uint8_t *synth, vg_rng *r) {
  for (int k = 0; k < 25; k++) {
    int at[3], radius = (int)vg_rng_below(r, 5);
    uint8_t label = (uint8_t)(1 + vg_rng_below(r, 3));
    for (int d = 0; d < 3; d++) at[d] = (int)vg_rng_below(r, (uint64_t)dim[d]);
    if (k % 5) ball(real, dim, at, radius, label);
    for (int d = 0; d < 3; d++) at[d] += (int)vg_rng_below(r, 3) - 1;
    if (k % 4) ball(synth, dim, at, radius, label);
  }
}

/* The whole grid is the box. */
static void surfaces(const fixture *f, const uint8_t *labels, vg_surface *out) {
  uint8_t *mask = vg_malloc(f->voxels, 1);
  for (int r = 0; r < f->regions.n; r++) {
    bool any = false;
    for (size_t i = 0; i < f->voxels; i++) any |= mask[i] = f->regions.member[labels[i]] >> r & 1;
    out[r] = (vg_surface){{0, 0, 0}, {f->in.dim[0], f->in.dim[1], f->in.dim[2]}, NULL};
    if (!any) continue;
    out[r].distance = vg_malloc(f->voxels, sizeof(float));
    assert_int_equal(vg_signed_distance(mask, f->in.dim, f->in.spacing, out[r].distance), VG_OK);
  }
  vg_free(mask);
}

/* Values and cells 0..3 (regions all = 1 2 3, core = 3, rim = 2, none = 9). */
static void make(fixture *f, int nx, int ny, int nz, texture t) {
  memset(f, 0, sizeof *f);
  f->voxels = (size_t)nx * (size_t)ny * (size_t)nz;
  f->real = vg_malloc(f->voxels, sizeof(float));
  f->synth = vg_malloc(f->voxels, sizeof(float));
  f->cells = vg_malloc(f->voxels, 1);
  f->real_labels = vg_malloc(f->voxels, 1);
  f->synth_labels = vg_malloc(f->voxels, 1);
  assert_non_null(f->synth_labels);
  vg_rng r = vg_rng_init(7, vg_rng_key("metric test", (uint64_t)f->voxels, (uint64_t)t));
  size_t i = 0;
  for (int z = 0; z < nz; z++) {
    for (int y = 0; y < ny; y++) {
      for (int x = 0; x < nx; x++, i++) {
        double dx = (x + 0.5) / nx - 0.5, dy = (y + 0.5) / ny - 0.5, dz = nz > 1 ? (z + 0.5) / nz - 0.5 : 0;
        double rho = sqrt(dx * dx + dy * dy + dz * dz);
        f->cells[i] = rho < 0.12 ? 3 : rho < 0.2 ? 2 : rho < 0.42 ? 1 : 0;
        float base = t == NOISE ? (float)vg_rng_uniform(&r, -1, 1) : smooth(x, y, z);
        if (t == BRAIN && !f->cells[i]) base = -1;
        f->real[i] = base;
        f->synth[i] = 0.9f * base + 0.05f + (float)(0.1 * vg_rng_normal(&r));
        if (t == BRAIN && !f->cells[i]) f->synth[i] = -1;
        if (t == NOISE) f->cells[i] = (uint8_t)vg_rng_below(&r, 4);
        if (t == OFFSET) {
          f->real[i] = 1000 + 50 * f->real[i];
          f->synth[i] = 1000 + 50 * f->synth[i];
        }
        f->real_labels[i] = f->cells[i];
        f->synth_labels[i] = vg_rng_uniform(&r, 0, 1) < 0.8 ? f->cells[i] : (uint8_t)vg_rng_below(&r, 4);
      }
    }
  }
  if (t == BLOBS) {
    memset(f->real_labels, 0, f->voxels);
    memset(f->synth_labels, 0, f->voxels);
    blobs((const int[]){nx, ny, nz}, f->real_labels, f->synth_labels, &r);
  }
  vg_metric_regions_init(&f->regions);
  assert_int_equal(vg_metric_regions_add(&f->regions, "all", (const uint8_t[]){1, 2, 3}, 3), VG_OK);
  assert_int_equal(vg_metric_regions_add(&f->regions, "core", (const uint8_t[]){3}, 1), VG_OK);
  assert_int_equal(vg_metric_regions_add(&f->regions, "rim", (const uint8_t[]){2}, 1), VG_OK);
  assert_int_equal(vg_metric_regions_add(&f->regions, "none", (const uint8_t[]){9}, 1), VG_OK);
  f->in = (vg_metric_input){.dim = {nx, ny, nz},
                            .spacing = {1, 1, 1},
                            .regions = &f->regions,
                            .lesion_rules = vg_metric_lesion_rules_at((int)(f->voxels % 5)),
                            .real = f->real,
                            .synth = f->synth,
                            .cells = f->cells,
                            .range = t == OFFSET ? 150 : 2,
                            .real_labels = f->real_labels,
                            .synth_labels = f->synth_labels};
  if (t == SMOOTH || (t == BLOBS && nx % 2))
    memcpy(f->in.spacing, (double[]){0.9, 1.2, 2.5}, sizeof f->in.spacing);
  surfaces(f, f->real_labels, f->real_surfaces);
  surfaces(f, f->synth_labels, f->synth_surfaces);
  f->in.real_surfaces = f->real_surfaces;
  f->in.synth_surfaces = f->synth_surfaces;
}

static void drop(fixture *f) {
  vg_free(f->real);
  vg_free(f->synth);
  vg_free(f->cells);
  vg_free(f->real_labels);
  vg_free(f->synth_labels);
  for (int r = 0; r < 4; r++) {
    vg_free(f->real_surfaces[r].distance);
    vg_free(f->synth_surfaces[r].distance);
  }
}

static void compute(const char *metric, const vg_metric_input *in, double *values) {
  const vg_metric_row *row = vg_metric_find(metric);
  assert_non_null(row);
  vg_metric_memo memo = {0};
  vg_metric_input own = *in;
  own.memo = &memo;
  for (int r = 0; r < in->regions->n; r++) values[r] = -12345;
  assert_int_equal(row->metric->compute(&own, values), VG_OK);
  vg_metric_memo_release(&memo);
}

static void dump(const char *dir, const char *name, const char *kind, const void *bytes, size_t n) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s.%s", dir, name, kind);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static void dump_fixture(const char *dir, const char *name, const fixture *f) {
  char text[256];
  const double *mm = f->in.spacing;
  int n = snprintf(text, sizeof text,
                   "%d %d %d %.17g %.17g %.17g %.17g %d %g\nall 1 2 3\ncore 3\nrim 2\nnone 9\n", f->in.dim[0],
                   f->in.dim[1], f->in.dim[2], f->in.range, mm[0], mm[1], mm[2],
                   f->in.lesion_rules->dilations, f->in.lesion_rules->above_mm3);
  dump(dir, name, "txt", text, (size_t)n);
  dump(dir, name, "real", f->real, f->voxels * sizeof(float));
  dump(dir, name, "synth", f->synth, f->voxels * sizeof(float));
  dump(dir, name, "cells", f->cells, f->voxels);
  dump(dir, name, "real_labels", f->real_labels, f->voxels);
  dump(dir, name, "synth_labels", f->synth_labels, f->voxels);
}

static void test_agrees_with_scikit_image_and_scipy(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int dim[3];
    texture t;
  } cases[] = {
      {"noise", {37, 29, 23}, NOISE},
      {"smooth", {64, 51, 33}, SMOOTH},
      {"brain", {45, 58, 40}, BRAIN},
      {"offset", {31, 30, 29}, OFFSET},
      {"slabs", {17, 53, 141}, BRAIN},
      {"slice_z", {61, 47, 1}, SMOOTH},
      {"slice_y", {61, 1, 47}, NOISE},
      {"slice_x", {1, 61, 47}, BRAIN},
      {"tiny", {7, 5, 9}, NOISE},
      {"thin", {40, 41, 3}, SMOOTH},
      {"line", {1, 1, 30}, NOISE},
      {"exact", {11, 11, 11}, NOISE},
      {"speck", {2, 2, 2}, NOISE},
      {"rows_of_one_tile", {20, 24, 64}, NOISE},
      {"lesions", {44, 36, 30}, BLOBS},
      {"oblong", {41, 34, 37}, BLOBS},
      {"lesions_in_a_slice", {70, 65, 1}, BLOBS},
      {"small_lesions", {42, 34, 38}, BLOBS},
  };
  enum { n_cases = sizeof cases / sizeof *cases };
  fixture f[n_cases];
  char dir[] = "/tmp/vg_metric_XXXXXX", command[512];
  assert_non_null(mkdtemp(dir));
  for (int i = 0; i < n_cases; i++) {
    make(&f[i], cases[i].dim[0], cases[i].dim[1], cases[i].dim[2], cases[i].t);
    dump_fixture(dir, cases[i].name, &f[i]);
  }
  assert_int_equal(access("tests/oracle/metrics_oracle.py", R_OK), 0);
  /* The sanitizer's libraries must not reach Python. */
  snprintf(command, sizeof command, "env -u LD_PRELOAD /usr/bin/python3 tests/oracle/metrics_oracle.py %s",
           dir);
  FILE *oracle = popen(command, "r");
  assert_non_null(oracle);
  char name[64], region[64], metric[64];
  double expected, worst = 0;
  int compared = 0;
  while (fscanf(oracle, "%63s %63s %63s %lf", name, region, metric, &expected) == 4) {
    for (int i = 0; i < n_cases; i++) {
      if (strcmp(cases[i].name, name) != 0) continue;
      double values[VG_REGIONS_MAX];
      compute(metric, &f[i].in, values);
      int r = 0;
      while (strcmp(f[i].regions.names[r], region) != 0) r++;
      double gap = fabs(values[r] - expected) / fmax(1, fabs(expected));
      if (!(gap < 1e-5))
        print_error("%s %s %s: %.9g, expected %.9g\n", name, region, metric, values[r], expected);
      assert_true(gap < 1e-5);
      if (gap > worst) worst = gap;
      compared++;
    }
  }
  int rc = pclose(oracle);
  snprintf(command, sizeof command, "rm -r %s", dir);
  assert_int_equal(system(command), 0);
  for (int i = 0; i < n_cases; i++) drop(&f[i]);
  if (WIFEXITED(rc) && (WEXITSTATUS(rc) == 77 || WEXITSTATUS(rc) == 127)) {
    print_message("skipped: no python3 with scikit-image\n");
    skip();
  }
  assert_int_equal(rc, 0);
  print_message("%d values, largest difference %.2g\n", compared, worst);
  assert_true(compared >= n_cases * 5);
}

static void test_every_row_is_whole_and_ideal_on_itself(void **state) {
  (void)state;
  fixture f;
  make(&f, 33, 27, 21, BRAIN);
  f.in.synth = f.real;
  f.in.synth_labels = f.real_labels;
  f.in.synth_surfaces = f.real_surfaces;
  const vg_metric_row *row;
  int n = 0;
  for (; (row = vg_metric_at(n)); n++) {
    assert_true(row->name[0] && row->help[0]);
    assert_ptr_equal(vg_metric_find(row->name), row);
    assert_non_null(row->metric->unit);
    assert_non_null(row->suite);
    double values[VG_REGIONS_MAX];
    compute(row->name, &f.in, values);
    for (int r = 0; r < 3; r++) {
      if (isinf(row->metric->ideal))
        assert_true(isinf(values[r]));
      else
        assert_true(fabs(values[r] - row->metric->ideal) < 1e-12);
    }
    /* And a worse case is further from it, on the side that the row says. */
    vg_metric_input worse = f.in;
    worse.synth = f.synth;
    worse.synth_labels = f.synth_labels;
    double bad[VG_REGIONS_MAX];
    compute(row->name, &worse, bad);
    assert_true(vg_metric_worse_by(row, values[0], bad[0]) > 0);
  }
  assert_true(n >= 5);
  assert_null(vg_metric_at(-1));
  assert_null(vg_metric_find("nonesuch"));
  drop(&f);
}

static void test_known_values(void **state) {
  (void)state;
  /* 0 0 1 1 against 0 .5 1 0 over cells 1 1 1 2. */
  float a[4] = {0, 0, 1, 1}, b[4] = {0, 0.5f, 1, 0};
  uint8_t cells[4] = {1, 1, 1, 2}, la[4] = {1, 1, 2, 0}, lb[4] = {1, 0, 2, 2};
  vg_regions regions;
  vg_metric_regions_init(&regions);
  assert_int_equal(vg_metric_regions_add(&regions, "one", (const uint8_t[]){1}, 1), VG_OK);
  assert_int_equal(vg_metric_regions_add(&regions, "both", (const uint8_t[]){1, 2}, 2), VG_OK);
  vg_metric_input in = {.dim = {4, 1, 1},
                        .spacing = {1, 1, 1},
                        .regions = &regions,
                        .real = a,
                        .synth = b,
                        .cells = cells,
                        .range = 2,
                        .real_labels = la,
                        .synth_labels = lb};
  double v[VG_REGIONS_MAX];
  compute("mae", &in, v);
  assert_true(fabs(v[0] - 0.5 / 3) < 1e-7 && fabs(v[1] - 1.5 / 4) < 1e-7);
  compute("mse", &in, v);
  assert_true(fabs(v[0] - 0.25 / 3) < 1e-7 && fabs(v[1] - 1.25 / 4) < 1e-7);
  compute("psnr", &in, v);
  assert_true(fabs(v[1] - 10 * log10(4 / 0.3125)) < 1e-6);
  compute("dice", &in, v);
  assert_true(fabs(v[0] - 2.0 / 3) < 1e-12 && fabs(v[1] - 4.0 / 6) < 1e-12);
}

static void test_edges_are_defined(void **state) {
  (void)state;
  fixture f;
  double v[VG_REGIONS_MAX];
  make(&f, 20, 20, 20, NOISE);
  /* An empty region: no value, but perfect overlap. */
  static const char *const image[] = {"mae", "mse", "psnr", "ssim", "ms_ssim", "nmi"};
  for (size_t i = 0; i < sizeof image / sizeof *image; i++) {
    compute(image[i], &f.in, v);
    assert_true(isnan(v[3]) && isfinite(v[0]));
  }
  compute("dice", &f.in, v);
  assert_true(v[3] == 1);
  /* Present on one side only: no overlap. */
  for (size_t i = 0; i < f.voxels; i++) f.synth_labels[i] = 0;
  compute("dice", &f.in, v);
  assert_true(v[0] == 0 && v[3] == 1);
  /* No region at all has a voxel. */
  uint8_t *none = vg_calloc(f.voxels, 1);
  vg_metric_input in = f.in;
  in.cells = none;
  compute("ssim", &in, v);
  assert_true(isnan(v[0]) && isnan(v[3]));
  vg_free(none);
  /* Constant images: equal ones are alike, unequal ones differ by the luminance term alone. */
  for (size_t i = 0; i < f.voxels; i++) f.real[i] = f.synth[i] = 0.5f;
  compute("ssim", &f.in, v);
  assert_true(v[0] == 1);
  for (size_t i = 0; i < f.voxels; i++) f.synth[i] = -0.25f;
  compute("ssim", &f.in, v);
  double c1 = 0.0004, expected = (2 * 0.5 * -0.25 + c1) / (0.25 + 0.0625 + c1);
  assert_true(fabs(v[0] - expected) < 1e-5);
  /* No data range, no ratio to it. */
  in = f.in;
  in.range = 0;
  compute("ssim", &in, v);
  assert_true(isnan(v[0]));
  compute("psnr", &in, v);
  assert_true(isnan(v[0]));
  drop(&f);
}

static void test_scales_of_ms_ssim(void **state) {
  (void)state;
  static const struct {
    int dim[3], scales;
  } cases[] = {{{240, 240, 155}, 4}, {{256, 256, 176}, 5}, {{176, 240, 1}, 5}, {{22, 90, 90}, 2},
               {{21, 90, 90}, 1},    {{3, 90, 90}, 1},     {{1, 1, 1}, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(vg_metric_ms_ssim_scales(cases[i].dim), cases[i].scales);
}

static void test_same_number_whatever_the_threads(void **state) {
  (void)state;
  fixture f;
  double one[VG_REGIONS_MAX], three[VG_REGIONS_MAX];
  make(&f, 40, 90, 70, SMOOTH);
  for (int i = 0; vg_metric_at(i); i++) {
    vg_threads_set(1);
    compute(vg_metric_at(i)->name, &f.in, one);
    vg_threads_set(3);
    compute(vg_metric_at(i)->name, &f.in, three);
    for (int r = 0; r < 3; r++) assert_true(one[r] == three[r]);
  }
  vg_threads_set(0);
  drop(&f);
}

static void test_failed_allocations_are_reported(void **state) {
  (void)state;
  fixture f;
  double v[VG_REGIONS_MAX];
  make(&f, 16, 30, 16, SMOOTH);
  vg_threads_set(1);
  for (int i = 0; vg_metric_at(i); i++) {
    const vg_metric *m = vg_metric_at(i)->metric;
    long live = vg_mem_live();
    vg_status st = VG_FAILED;
    for (long n = 1; n < 100000 && st; n += 1 + n / 8) {
      vg_metric_memo memo = {0};
      f.in.memo = &memo;
      vg_mem_fail_after(n);
      st = m->compute(&f.in, v);
      vg_mem_fail_after(0);
      vg_metric_memo_release(&memo);
      assert_true(st == VG_OK || st == VG_MEMORY);
      assert_int_equal(vg_mem_live(), live);
    }
    assert_int_equal(st, VG_OK);
  }
  vg_threads_set(0);
  drop(&f);
}

static bool in_suites(const char *metric, uint32_t bits) {
  return vg_metric_in_suites(vg_metric_find(metric), bits);
}

static void test_suites_and_regions(void **state) {
  (void)state;
  uint32_t bits;
  assert_int_equal(vg_eval_suites_parse("overlap", &bits), VG_OK);
  assert_true(in_suites("dice", bits) && !in_suites("ssim", bits));
  assert_int_equal(vg_eval_suites_parse("overlap, image", &bits), VG_OK);
  assert_true(in_suites("dice", bits) && in_suites("ssim", bits));
  assert_int_equal(vg_eval_suites_parse(NULL, &bits), VG_OK);
  assert_true(in_suites("dice", bits) && in_suites("ssim", bits));
  assert_int_equal(vg_eval_suites_parse("imagee", &bits), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "'image'"));
  assert_int_equal(vg_eval_suites_parse("", &bits), VG_CONFIG);
  vg_regions r;
  vg_metric_regions_init(&r);
  assert_int_equal(vg_metric_regions_add(&r, "brain", (const uint8_t[]){1}, 1), VG_OK);
  assert_int_equal(vg_metric_regions_add(&r, "brain", (const uint8_t[]){2}, 1), VG_CONFIG);
  assert_int_equal(vg_metric_regions_add(&r, "a name that is longer than any class name may be", NULL, 0),
                   VG_CONFIG);
  for (int i = 1; i < VG_REGIONS_MAX; i++) {
    char name[16];
    snprintf(name, sizeof name, "r%d", i);
    assert_int_equal(vg_metric_regions_add(&r, name, (const uint8_t[]){(uint8_t)i}, 1), VG_OK);
  }
  assert_int_equal(vg_metric_regions_add(&r, "one more", NULL, 0), VG_CONFIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_agrees_with_scikit_image_and_scipy),
      cmocka_unit_test(test_every_row_is_whole_and_ideal_on_itself),
      cmocka_unit_test(test_known_values),
      cmocka_unit_test(test_edges_are_defined),
      cmocka_unit_test(test_scales_of_ms_ssim),
      cmocka_unit_test(test_same_number_whatever_the_threads),
      cmocka_unit_test(test_failed_allocations_are_reported),
      cmocka_unit_test(test_suites_and_regions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
