/* test_prep_restore.c: restoring a prepared case undoes its preparation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "prep_cases.h"
#include "voxgan/log.h"

static void restore_into(const vg_case *c, int series, vg_volume *out) {
  size_t n = voxels(c);
  float *channel = vg_malloc(n, sizeof *channel);
  for (size_t i = 0; i < n; i++) channel[i] = (float)c->image[(size_t)series * n + i] / 32767;
  must(vg_restore(c, channel, &c->ranges[series], out));
  vg_free(channel);
}

/* A scan of other voxels than a model learned on comes to the nearest of those, and its maps come back. */
static void voxels_unlike_those_seen(void **state) {
  (void)state;
  static const struct {
    double mm, want;
  } cases[] = {{0.5, 0.9}, {0.88, 0.88}, {1, 1}, {1.15, 1.15}, {1.5, 1.2}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const double mm = cases[k].mm;
    const int n = (int)(2.6 * 10 / mm);
    char name[32];
    snprintf(name, sizeof name, "seen%zu", k);
    const char *dir = fresh(name);
    vg_geometry g = mini_geometry("LPS", n, n, n, mm, mm, mm);
    mini_write_image(dir, "k_t1.nii", g, 10, 0, 1);
    mini_write_labels(dir, "k_seg.nii", g, 10, tumour_values);
    vg_dataset ds = {0};
    must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
    vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR);
    for (int a = 0; a < 3; a++) s.seen[0][a] = 0.9, s.seen[1][a] = 1.2;
    s.seen[0][2] = s.seen[1][2] = 0; /* samples are flat along z, so its voxel size does not matter */
    vg_case c;
    vg_volume back;
    must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
    assert_float_equal(c.record.spacing[0], cases[k].want, 1e-9);
    assert_float_equal(c.record.spacing[1], cases[k].want, 1e-9);
    assert_float_equal(c.record.spacing[2], mm, 1e-9);
    restore_into(&c, 0, &back);
    must(vg_geometry_same(&back.geo, "back", &g, "scan", 1e-4));
    vg_volume_release(&back);
    vg_case_release(&c);
    vg_dataset_release(&ds);
  }
}

static void voxels_seen_are_kept(void **state) {
  (void)state;
  vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR), read;
  vg_case cases[2] = {{.record = {.spacing = {1, 0.5, 3}}}, {.record = {.spacing = {2, 0.25, 3}}}};
  vg_range ranges[VG_SERIES_MAX] = {{0, 1, 0}};
  vg_prep_set_seen(&s, cases, 2, (int[]){1, 32, 32});
  vg_json *j = vg_prep_to_json(&s, ranges);
  must(vg_prep_from_json("j", j, &read, ranges));
  static const double want[2][3] = {{1, 0.25, 0}, {2, 0.5, 0}};
  assert_memory_equal(read.seen, want, sizeof want);
  vg_json_free(j);
  set_spacing(&s, 1);
  vg_prep_set_seen(&s, cases, 2, (int[]){32, 32, 32});
  assert_true(s.seen[1][0] == 0);
  must(vg_json_parse(
      "j", "{\"spacing\":0,\"margin\":1,\"percentile\":[0,100],\"voxels_seen\":[[1,1,1],[0.5,1,1]]}", &j));
  must_say(vg_prep_from_json("j", j, &read, ranges), VG_DATA, "voxel sizes that it learned on");
  vg_json_free(j);
}

/* An image that is linear in the world stays so under any resampling: place, spacing and rim are right. */
static void ramp_stays_in_place(void **state) {
  (void)state;
  static const double spacings[] = {0, 0.7, 1.6, 2, 3.1};
  vg_geometry g = mini_geometry("LPS", 54, 50, 60, 1, 1.2, 0.8);
  const char *dir = fresh("ramp");
  vg_volume v = mini_image(g, RADIUS, -7, 1);
  vg_range ramp = {0};
  size_t i = 0;
  for (int z = 0; z < g.dim[2]; z++)
    for (int y = 0; y < g.dim[1]; y++)
      for (int x = 0; x < g.dim[0]; x++, i++) {
        double mm[3], ijk[3] = {x, y, z};
        vg_affine_apply(&g.affine, ijk, mm);
        if (mini_tissue(mm, RADIUS)) v.data[i] = (float)(100 + 2 * mm[0] + mm[1] - 0.5 * mm[2]);
      }
  must(vg_volume_write(in_scratch("ramp/k_t1.nii"), &v, NULL));
  mini_write_labels(dir, "k_seg.nii", g, RADIUS, tumour_values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR);
  s.percentile[0] = 0, s.percentile[1] = 100;
  for (int k = 0; k < 5; k++) {
    set_spacing(&s, spacings[k]);
    vg_case c;
    must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
    ramp = c.ranges[0];
    assert_float_equal(ramp.background, -7, 1e-6);
    double worst = 0, worst_rim = 0;
    i = 0;
    for (int z = 0; z < c.record.dim[2]; z++)
      for (int y = 0; y < c.record.dim[1]; y++)
        for (int x = 0; x < c.record.dim[0]; x++, i++) {
          if (!c.brain[i]) continue;
          double mm[3], r = 0;
          place_of(&c.record, x, y, z, mm);
          double want = 100 + 2 * mm[0] + mm[1] - 0.5 * mm[2];
          double have = ramp.lo + (c.image[i] / 32767.0 + 1) / 2 * (ramp.hi - ramp.lo), e = fabs(have - want);
          r = sqrt(mm[0] * mm[0] / 0.64 + mm[1] * mm[1] + mm[2] * mm[2] / 0.64) / RADIUS;
          if (r < 0.75) worst = fmax(worst, e);
          worst_rim = fmax(worst_rim, e);
        }
    /* Area weights take a voxel for a block: up to an eighth of one beside its middle, where edges fall
     * between. */
    double allowed = spacings[k] > 1 ? 0.125 * (2 * 1 + 1 * 1.2 + 0.5 * 0.8) : 0.01;
    if (worst > allowed) fail_msg("%g mm: %g inside", spacings[k], worst);
    /* At the rim the mean is over the brain's part of a voxel, less than a voxel away; the background would
     * be -100 off. */
    if (worst_rim > 2.5 * fmax(1.2, spacings[k])) fail_msg("%g mm: %g at the rim", spacings[k], worst_rim);
    /* Back on the scan's grid no voxel of the brain is far from its ramp, the outermost included. */
    vg_volume back;
    restore_into(&c, 0, &back);
    double worst_back = 0;
    for (size_t j = 0; j < vg_geometry_voxels(&g); j++) {
      assert_true((v.data[j] == -7) == (back.data[j] == -7));
      worst_back = fmax(worst_back, fabs((double)v.data[j] - back.data[j]));
    }
    if (worst_back > 3.5 * fmax(1.2, spacings[k]))
      fail_msg("%g mm: %g after the way back", spacings[k], worst_back);
    vg_volume_release(&back);
    vg_case_release(&c);
  }
  vg_volume_release(&v);
  vg_dataset_release(&ds);
}

/* A part that is too thin for the prepared grid follows the brain next to it, not after the whole. */
static void thin_parts_follow_their_rim(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 60, 50, 50, 1, 1, 1);
  vg_volume v = mini_image(g, RADIUS, 0, 1), back;
  double mm[3];
  size_t middle = (size_t)(25 * 50 + 25) * 60, tip = 0;
  for (size_t i = 0; i < vg_geometry_voxels(&g); i++) {
    double ijk[3] = {(double)(i % 60), (double)(i / 60 % 50), (double)(i / 3000)};
    vg_affine_apply(&g.affine, ijk, mm);
    v.data[i] = mini_tissue(mm, RADIUS) ? (float)(100 + 2 * mm[0]) : 0;
  }
  for (size_t x = 30; x < 52; x++) {
    if (v.data[middle + x] == 0) v.data[tip = middle + x] = 130;
  }
  must(vg_fs_make_dirs(in_scratch("thin")));
  must(vg_volume_write(in_scratch("thin/k_t1.nii"), &v, NULL));
  mini_write_labels(in_scratch("thin"), "k_seg.nii", g, RADIUS, tumour_values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, in_scratch("thin"), "brats2021", NULL, NULL));
  vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR);
  set_spacing(&s, 3);
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  restore_into(&c, 0, &back);
  assert_true(tip - middle == 51);
  assert_true(back.data[tip - 1] > 115 && back.data[tip] > 115);
  assert_true(back.data[tip + 1] == 0);
  vg_volume_release(&v);
  vg_volume_release(&back);
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

static void round_trip(const char *name, vg_geometry g, double spacing, double tolerance) {
  vg_dataset ds = make_set(name, g, -4, 1);
  vg_prep_settings s = settings_for("t1,t2", BRAIN_AND_TUMOUR);
  set_spacing(&s, spacing);
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  for (int k = 0; k < 2; k++) {
    vg_volume was, is;
    must(vg_volume_read(ds.subjects[0].series[k], &was, NULL));
    restore_into(&c, k, &is);
    assert_memory_equal(is.geo.dim, was.geo.dim, sizeof is.geo.dim);
    assert_memory_equal(&is.geo.affine, &was.geo.affine, sizeof is.geo.affine);
    size_t n = vg_geometry_voxels(&was.geo);
    double range = c.ranges[k].hi - c.ranges[k].lo, sum = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
      if (was.data[i] == -4) {
        if (is.data[i] != -4) fail_msg("background became %g", (double)is.data[i]);
        continue;
      }
      double want = fmin(fmax(was.data[i], c.ranges[k].lo), c.ranges[k].hi);
      double e = fabs(is.data[i] - want) / range;
      sum += e;
      count++;
      if (spacing == 0 && e > 1.1 / 65534) fail_msg("%s: %g became %g", name, want, (double)is.data[i]);
    }
    if (sum / count > tolerance) fail_msg("%s at %g mm: mean error %g", name, spacing, sum / count);
    vg_volume_release(&was);
    vg_volume_release(&is);
  }
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

static void round_trips(void **state) {
  (void)state;
  vg_geometry oblique = mini_geometry("LPS", 48, 52, 46, 1, 1, 1);
  double angle = 0.2;
  vg_affine turn = {{{cos(angle), -sin(angle), 0, 3.5}, {sin(angle), cos(angle), 0, -8}, {0, 0, 1, 1.25}}};
  oblique.affine = vg_affine_mul(&turn, &oblique.affine);
  /* The float32 header rounds an affine; start from what a file can hold. */
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < 4; k++) oblique.affine.m[r][k] = (float)oblique.affine.m[r][k];
  round_trip("trip_ras", mini_geometry("RAS", 48, 52, 46, 1, 1, 1), 0, 1e-4);
  round_trip("trip_oblique", oblique, 0, 1e-4);
  round_trip("trip_sal", mini_geometry("SAL", 30, 52, 46, 2, 1, 1), 0, 1e-4);
  round_trip("trip_finer", mini_geometry("LPS", 48, 52, 46, 1, 1, 1), 0.5, 0.03);
  round_trip("trip_coarser", oblique, 2, 0.06);
  round_trip("trip_slice", mini_geometry("RAS", 48, 52, 1, 1, 1, 5), 0, 1e-4);
  round_trip("trip_slice2", mini_geometry("LPS", 48, 52, 1, 1, 1, 5), 2, 0.06);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(voxels_unlike_those_seen),
      cmocka_unit_test(voxels_seen_are_kept),
      cmocka_unit_test(ramp_stays_in_place),
      cmocka_unit_test(thin_parts_follow_their_rim),
      cmocka_unit_test(round_trips),
  };
  vg_log_set_level(VG_LOG_ERROR);
  int failed = cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
  if (!failed && vg_mem_live() != 0) {
    fprintf(stderr, "%ld blocks leaked\n", vg_mem_live());
    return 1;
  }
  return failed;
}
