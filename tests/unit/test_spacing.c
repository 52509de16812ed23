/* test_spacing.c: a voxel size for each axis: what is resampled, what stays, and what a model remembers of
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "base/str.h"
#include "io/json.h"
#include "prep/prep.h"
#include "voxgan/log.h"

#define RADIUS 20.0

static const uint16_t values[5] = {0, 0, 2, 4, 1};

static vg_prep_settings settings_for(double x, double y, double z) {
  vg_prep_settings s = {.margin = 3, .percentile = {0, 100}, .spacing = {x, y, z}};
  vg_scheme scheme;
  must(vg_series_parse("t1", &s.series));
  must(vg_scheme_parse("9=brain,1=necrosis:tumour,2=oedema:tumour,4=enhancing:tumour", &scheme));
  must(vg_classes_add(&s.classes, &scheme, VG_ROLE_ANATOMY));
  must(vg_classes_add(&s.classes, &scheme, VG_ROLE_TUMOUR));
  return s;
}

static vg_dataset make_set(const char *name, vg_geometry g) {
  const char *dir = in_scratch(name);
  must(vg_fs_make_dirs(dir));
  mini_write_image(dir, "k/k_t1.nii", g, RADIUS, -7, 1);
  mini_write_labels(dir, "k/k_seg.nii", g, RADIUS, values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  return ds;
}

/* The share of scan voxel j that lies in prepared voxel i, both centred on the crop, in scan voxels. */
static double overlap(const vg_prep_record *r, int axis, int i, int j, double mm) {
  const double size = r->spacing[axis] / mm, lo = (r->crop_dim[axis] - r->dim[axis] * size) / 2 + i * size;
  return fmax(0, fmin(lo + size, j + 1) - fmax(lo, j));
}

/* Area-weighted means over the brain, by their formula, in the plane; slices are those of the scan. */
static void slices_stay(void **state) {
  (void)state;
  const vg_geometry g = mini_geometry("RAS", 48, 50, 12, 1, 1, 4);
  vg_dataset ds = make_set("slices", g);
  const vg_prep_settings s = settings_for(1.8, 2.5, 0);
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  const vg_prep_record *r = &c.record;
  assert_true(r->spacing[0] == 1.8 && r->spacing[1] == 2.5 && r->spacing[2] == 4);
  assert_int_equal(r->dim[2], r->crop_dim[2]);
  vg_volume v = mini_image(g, RADIUS, -7, 1);
  const double mm[3] = {1, 1, 4};
  size_t at = 0, seen = 0;
  for (int z = 0; z < r->dim[2]; z++)
    for (int y = 0; y < r->dim[1]; y++)
      for (int x = 0; x < r->dim[0]; x++, at++) {
        if (!c.brain[at]) continue;
        double sum = 0, weight = 0;
        for (int j = 0; j < r->crop_dim[1]; j++)
          for (int i = 0; i < r->crop_dim[0]; i++) {
            const size_t crop =
                ((size_t)z * (size_t)r->crop_dim[1] + (size_t)j) * (size_t)r->crop_dim[0] + (size_t)i;
            const double w = overlap(r, 0, x, i, mm[0]) * overlap(r, 1, y, j, mm[1]);
            if (!(w > 0) || !(c.native_brain[crop >> 3] >> (crop & 7) & 1)) continue;
            const size_t scan =
                ((size_t)(r->crop_lo[2] + z) * (size_t)g.dim[1] + (size_t)(r->crop_lo[1] + j)) *
                    (size_t)g.dim[0] +
                (size_t)(r->crop_lo[0] + i);
            sum += w * (double)v.data[scan];
            weight += w;
          }
        const double want = (sum / weight - c.ranges[0].lo) / (c.ranges[0].hi - c.ranges[0].lo) * 2 - 1;
        assert_float_equal(c.image[at] / 32767.0, want, 2e-4);
        seen++;
      }
  assert_true(seen > 1000);
  /* Back on the scan's own grid. */
  vg_volume back;
  float *channel = malloc(at * sizeof *channel);
  for (size_t i = 0; i < at; i++) channel[i] = (float)c.image[i] / 32767;
  must(vg_restore(&c, channel, &c.ranges[0], &back));
  must(vg_geometry_same(&back.geo, "back", &g, "scan", 1e-6));
  free(channel);
  vg_volume_release(&back);
  vg_volume_release(&v);
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

/* A model keeps the slices that it learned on, and resamples others along that axis alone. */
static void other_slices_are_resampled(void **state) {
  (void)state;
  vg_dataset thick = make_set("thick", mini_geometry("LPS", 48, 50, 12, 1, 1, 4)),
             thin = make_set("thin", mini_geometry("LPS", 48, 50, 48, 1, 1, 1));
  vg_prep_settings s = settings_for(1.5, 1.5, 0);
  vg_case c;
  must(vg_prepare(&thick, &thick.subjects[0], &s, &c));
  vg_prep_set_seen(&s, &c, 1, (int[]){8, 32, 32});
  static const double want[2][3] = {{0, 0, 4}, {0, 0, 4}};
  assert_memory_equal(s.seen, want, sizeof want);
  vg_case_release(&c);
  must(vg_prepare(&thin, &thin.subjects[0], &s, &c));
  assert_true(c.record.spacing[0] == 1.5 && c.record.spacing[1] == 1.5 && c.record.spacing[2] == 4);
  vg_case_release(&c);
  vg_dataset_release(&thick);
  vg_dataset_release(&thin);
}

/* One number is written as such, as models before had it; three are read again. */
static void models_remember_the_axes(void **state) {
  (void)state;
  vg_range ranges[VG_SERIES_MAX] = {{0, 1, 0}};
  vg_prep_settings s = settings_for(1.5, 1.5, 1.5), read;
  vg_json *j = vg_prep_to_json(&s, ranges);
  char *text = vg_json_print(j, false);
  assert_non_null(strstr(text, "{\"spacing\":1.5,\"margin\":3,"));
  must(vg_prep_from_json("j", j, &read, ranges));
  assert_memory_equal(read.spacing, s.spacing, sizeof s.spacing);
  vg_free(text);
  vg_json_free(j);
  s = settings_for(1.8, 1.7, 0);
  j = vg_prep_to_json(&s, ranges);
  must(vg_prep_from_json("j", j, &read, ranges));
  assert_memory_equal(read.spacing, s.spacing, sizeof s.spacing);
  vg_json_free(j);
  static const char *const damaged[] = {"[1,2]", "[1,2,-1]", "[1,2,1000]", "[1,2,\"x\"]", "\"1\"", "null"};
  for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
    char *file = vg_format("{\"spacing\":%s,\"margin\":1,\"percentile\":[0,100]}", damaged[i]);
    must(vg_json_parse("j", file, &j));
    must_say(vg_prep_from_json("j", j, &read, ranges), VG_DATA,
             "its preparation (spacing, margin, percentile)");
    vg_json_free(j);
    vg_free(file);
  }
}

/* The cache tells cases of other axes apart, and finds them again. */
static void caches_know_the_axes(void **state) {
  (void)state;
  vg_dataset ds = make_set("cached", mini_geometry("RAS", 48, 50, 12, 1, 1, 4));
  static const double mm[3][3] = {{2, 2, 2}, {2, 2, 0}, {2, 2, 3}};
  const char *dir = in_scratch("cache");
  char *cache = vg_strdup(dir);
  for (int round = 0; round < 2; round++)
    for (int k = 0; k < 3; k++) {
      const vg_prep_settings s = settings_for(mm[k][0], mm[k][1], mm[k][2]);
      vg_case c;
      must(vg_prepare_cached(cache, &ds, &ds.subjects[0], &s, &c));
      assert_true(c.record.spacing[2] == (k == 1 ? 4 : mm[k][2]));
      vg_case_release(&c);
    }
  vg_free(cache);
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slices_stay),
      cmocka_unit_test(other_slices_are_resampled),
      cmocka_unit_test(models_remember_the_axes),
      cmocka_unit_test(caches_know_the_axes),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
