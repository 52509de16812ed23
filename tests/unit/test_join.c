/* test_join.c: anatomy maps of one data set and tumours of another are merged, for all names and grids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "base/str.h"
#include "scratch.h"
#include "output/join.h"
#include "io/json.h"
#include "voxgan/log.h"
#include "voxgan/output.h"

/* By mini_tissue. The predictor saw healthy brains: it takes the necrosis for CSF, the enhancing part for
 * nothing. */
static const uint16_t tumour_values[5] = {0, 0, 2, 4, 1}, predicted[5] = {0, 3, 2, 0, 1};
static const char *const series[] = {"t1", "t1ce"};

static vg_geometry grid_of(bool same) {
  return same ? mini_geometry("LPS", 24, 26, 22, 3, 3, 3) : mini_geometry("RIA", 80, 76, 78, 1, 1, 1);
}

/* n cases p0, p1, ... in BraTS's names, and their anatomy in BIDS's. */
static void make_sets(const char *name, int n, bool same, const char *ending) {
  char root[128], path[256];
  snprintf(root, sizeof root, "%s/tumour", name);
  for (int i = 0; i < n; i++) {
    for (int s = 0; s < 2; s++) {
      snprintf(path, sizeof path, "p_%d/p_%d_%s%s", i, i, series[s], ending);
      mini_write_image(in_scratch(root), path, grid_of(true), 30, 0, (float)(1 + s));
    }
    snprintf(path, sizeof path, "p_%d/p_%d_seg.nii.gz", i, i);
    mini_write_labels(in_scratch(root), path, grid_of(true), 30, tumour_values);
  }
  snprintf(root, sizeof root, "%s/anatomy", name);
  touch(in_scratch(root), "dseg.tsv");
  mini_write_text(in_scratch(root), "dseg.tsv", "index\tname\n1\tCSF\n2\tGM\n3\tWM\n");
  for (int i = 0; i < n; i++) {
    snprintf(path, sizeof path, "sub-p%d/anat/sub-p%d_dseg.nii.gz", i, i);
    mini_write_labels(in_scratch(root), path, grid_of(same), 30, predicted);
  }
}

static vg_status join(const char *name, const char *out, void (*change)(vg_join_options *)) {
  static char paths[3][256];
  static const char *tumour, *anatomy;
  snprintf(paths[0], sizeof paths[0], "%s/%s/tumour", scratch, name);
  snprintf(paths[1], sizeof paths[1], "%s/%s/anatomy", scratch, name);
  snprintf(paths[2], sizeof paths[2], "%s/%s", scratch, out);
  tumour = paths[0];
  anatomy = paths[1];
  vg_join_options o = {
      .tumour = {&tumour, 1, NULL, 0}, .anatomy = {&anatomy, 1, NULL, 0}, .output = {.out = paths[2]}};
  if (change) change(&o);
  return vg_join(&o);
}

static bool is_link(const char *path) {
  struct stat s;
  assert_int_equal(lstat(path, &s), 0);
  return S_ISLNK(s.st_mode);
}

/* What every joined case holds to: the tumour as it was, anatomy wherever there is tumour, and elsewhere the
 * prediction's, but for surfaces where the grids differ. */
static void assert_joined(const char *root, bool same) {
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, root, "auto", NULL, NULL));
  vg_classes c = {0};
  must(vg_classes_add(&c, &ds.sources[0].anatomy_scheme, VG_ROLE_ANATOMY));
  must(vg_classes_add(&c, &ds.sources[0].tumour_scheme, VG_ROLE_TUMOUR));
  assert_int_equal(c.n, 6);
  for (size_t k = 0; k < ds.n; k++) {
    vg_maps m;
    size_t i = 0, wrong = 0, healed = 0, brain = 0;
    must(vg_maps_read(&ds, &ds.subjects[k], &c, &m));
    for (int z = 0; z < m.geo.dim[2]; z++)
      for (int y = 0; y < m.geo.dim[1]; y++)
        for (int x = 0; x < m.geo.dim[0]; x++, i++) {
          double ijk[3] = {x, y, z}, mm[3];
          vg_affine_apply(&m.geo.affine, ijk, mm);
          int t = mini_tissue(mm, 30), code = m.anatomy[i];
          static const char *const tumours[] = {NULL, NULL, "oedema", "enhancing", "necrosis"};
          static const char *const tissues[] = {NULL, "wm", "gm", NULL, "csf"};
          assert_int_equal(m.tumour[i], tumours[t] ? vg_classes_find(&c, tumours[t]) + 1 : 0);
          brain += t != 0;
          if (m.tumour[i]) assert_in_range(code, 1, 3);
          if (t == 3)
            healed++;
          else
            wrong += code != (tissues[t] ? vg_classes_find(&c, tissues[t]) + 1 : 0);
        }
    assert_true(healed > 10);
    if (wrong > (same ? 0 : brain / 10)) fail_msg("%zu of %zu voxels differ", wrong, brain);
    vg_maps_release(&m);
  }
  vg_dataset_release(&ds);
}

static void tumour_and_anatomy_are_both_there(void **state) {
  (void)state;
  for (int same = 0; same < 2; same++) {
    const char *name = same ? "same" : "other", *out = same ? "same_out" : "other_out";
    make_sets(name, 2, same, ".nii.gz");
    must(join(name, out, NULL));
    assert_joined(in_scratch(out), same);
    char image[128];
    snprintf(image, sizeof image, "%s/p_1/p_1_t1ce.nii.gz", out);
    assert_true(is_link(in_scratch(image)));
    assert_false(is_link(in_scratch(same ? "same_out/p_1/p_1_seg.nii.gz" : "other_out/p_1/p_1_seg.nii.gz")));
    vg_manifest_report report = {0};
    must(vg_manifest_verify(in_scratch(out), &report));
    assert_int_equal(report.files, 8);
    vg_manifest_report_release(&report);
  }
}

static void with_copies(vg_join_options *o) {
  o->copy = true;
}
static void with_bids(vg_join_options *o) {
  o->output.format = "bids";
}
static void with_nnunet(vg_join_options *o) {
  o->output.format = "nnunet";
}
static void skipping(vg_join_options *o) {
  o->skip_incomplete = true;
}
static void overwriting(vg_join_options *o) {
  o->output.overwrite = true;
}

static void assert_same_image(const char *a, const char *b) {
  vg_volume x, y;
  must(vg_volume_read(a, &x, NULL));
  must(vg_volume_read(b, &y, NULL));
  must(vg_geometry_same(&x.geo, a, &y.geo, b, 1e-4));
  assert_memory_equal(x.data, y.data, vg_geometry_voxels(&x.geo) * sizeof *x.data);
  vg_volume_release(&x);
  vg_volume_release(&y);
}

static void images_are_linked_or_copied(void **state) {
  (void)state;
  make_sets("img", 1, true, ".nii.gz");
  must(join("img", "img_copy", with_copies));
  assert_false(is_link(in_scratch("img_copy/p_0/p_0_t1.nii.gz")));
  assert_same_image(in_scratch("img_copy/p_0/p_0_t1.nii.gz"), in_scratch("img/tumour/p_0/p_0_t1.nii.gz"));
  /* Links in place of copies are another data set, by the same command they are kept. */
  must_say(join("img", "img_copy", NULL), VG_USAGE, "another study, model or settings");
  must(join("img", "img_copy", with_copies));
  /* A name that ends in .gz must not lead to a file that is not packed. */
  make_sets("plain", 1, true, ".nii");
  must(join("plain", "plain_out", NULL));
  assert_false(is_link(in_scratch("plain_out/p_0/p_0_t1ce.nii.gz")));
  assert_same_image(in_scratch("plain_out/p_0/p_0_t1ce.nii.gz"), in_scratch("plain/tumour/p_0/p_0_t1ce.nii"));
  assert_joined(in_scratch("plain_out"), true);
}

/* Nothing calls scans of persons synthetic. */
static void other_formats_say_real(void **state) {
  (void)state;
  make_sets("fmt", 2, true, ".nii.gz");
  for (int f = 0; f < 2; f++) {
    const char *out = in_scratch(f ? "fmt_nnunet" : "fmt_bids");
    must(join("fmt", f ? "fmt_nnunet" : "fmt_bids", f ? with_nnunet : with_bids));
    assert_joined(out, true);
    char **files;
    size_t n;
    must(vg_fs_walk(out, &files, &n));
    for (size_t i = 0; i < n; i++) {
      void *text = NULL;
      size_t len;
      char *path = vg_fs_join(out, files[i]);
      if (strstr(files[i], "ynthetic")) fail_msg("%s", files[i]);
      if (vg_ends_with(files[i], ".json")) {
        must(vg_fs_read(path, &text, &len));
        if (strstr(text, "ynthetic") || strstr(text, "no real person"))
          fail_msg("%s: %s", files[i], (char *)text);
      }
      vg_free(text);
      vg_free(path);
    }
    vg_strv_free(files);
  }
}

static void of_freesurfer(vg_join_options *o) {
  o->anatomy_scheme = "freesurfer";
}

/* Classes that BraTS's own tissues lack keep the values that the anatomy maps have for them. */
static void anatomy_of_other_classes(void **state) {
  (void)state;
  static const uint16_t values[5] = {0, 1035, 41, 0, 43};
  make_sets("fs", 1, true, ".nii.gz");
  mini_write_labels(in_scratch("fs/anatomy"), "sub-p0/anat/sub-p0_dseg.nii.gz", grid_of(true), 30, values);
  must(join("fs", "fs_out", of_freesurfer));
  vg_dataset ds = {0};
  vg_labelmap map;
  must(vg_dataset_add(&ds, in_scratch("fs_out"), "auto", NULL, NULL));
  assert_int_equal(ds.sources[0].anatomy_scheme.n, 7);
  must(vg_volume_read_labels(ds.subjects[0].anatomy, &map, NULL));
  size_t n = vg_geometry_voxels(&map.geo), count[3] = {0};
  for (size_t i = 0; i < n; i++) {
    static const char *const names[] = {"cortical_gm", "wm", "ventricles"};
    const vg_label *l = map.data[i] ? vg_scheme_find(&ds.sources[0].anatomy_scheme, map.data[i]) : NULL;
    for (int k = 0; k < 3 && l; k++) count[k] += !strcmp(l->name, names[k]);
  }
  for (int k = 0; k < 3; k++) assert_true(count[k] > 5);
  vg_labelmap_release(&map);
  vg_dataset_release(&ds);
}

static void what_is_left_over_is_said(void **state) {
  (void)state;
  make_sets("odd", 3, true, ".nii.gz");
  must(vg_fs_remove(in_scratch("odd/anatomy/sub-p1/anat/sub-p1_dseg.nii.gz")));
  mini_write_labels(in_scratch("odd/anatomy"), "sub-q/anat/sub-q_dseg.nii.gz", grid_of(true), 30, predicted);
  must_say(join("odd", "odd_out", NULL), VG_DATA, "1 case of ");
  must_say(join("odd", "odd_out", NULL), VG_DATA, "(p_1)");
  must(join("odd", "odd_out", skipping));
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, in_scratch("odd_out"), "auto", NULL, NULL));
  assert_int_equal(ds.n, 2);
  vg_dataset_release(&ds);
  /* A series that one lacks. */
  must(vg_fs_remove(in_scratch("odd/tumour/p_2/p_2_t1ce.nii.gz")));
  must(join("odd", "odd_short", skipping));
  must(vg_dataset_add(&ds, in_scratch("odd_short"), "auto", NULL, NULL));
  assert_int_equal(ds.series.n, 1);
  vg_dataset_release(&ds);
  /* Two ids that become equal when only letters and digits count. */
  touch(in_scratch("odd/tumour"), "p2/p2_seg.nii.gz");
  must_say(join("odd", "odd_twice", skipping), VG_DATA, "have the same letters and digits");

  make_sets("strange", 1, true, ".nii.gz");
  must(vg_fs_remove(in_scratch("strange/anatomy/sub-p0/anat/sub-p0_dseg.nii.gz")));
  touch(in_scratch("strange/anatomy"), "sub-z9/anat/sub-z9_dseg.nii.gz");
  must_say(join("strange", "strange_out", skipping), VG_DATA, "whose ids are like sub-z9");
}

static void faults_are_named(void **state) {
  (void)state;
  make_sets("bad", 1, true, ".nii.gz");
  must_say(join("bad", "bad/tumour", NULL), VG_USAGE, "lie within one another");
  must_say(join("bad", "bad/anatomy/new", NULL), VG_USAGE, "lie within one another");
  must_say(join("bad", "bad", NULL), VG_USAGE, "lie within one another");
  must(join("bad", "bad_out", NULL));
  /* Another anatomy is another data set. */
  static const uint16_t changed[5] = {0, 1, 1, 1, 1}, unknown[5] = {0, 9, 0, 0, 0}, nothing[5] = {0};
  const char *map = "sub-p0/anat/sub-p0_dseg.nii.gz";
  mini_write_labels(in_scratch("bad/anatomy"), map, grid_of(true), 30, changed);
  must_say(join("bad", "bad_out", NULL), VG_USAGE, "another study");
  must(join("bad", "bad_out", overwriting));
  mini_write_labels(in_scratch("bad/anatomy"), map, grid_of(true), 30, unknown);
  must_say(join("bad", "bad_new", NULL), VG_DATA, "label value 9 (");
  mini_write_labels(in_scratch("bad/anatomy"), map, grid_of(true), 30, nothing);
  must_say(join("bad", "bad_new2", NULL), VG_DATA, "p_0: its anatomy map is empty");
  vg_geometry far = grid_of(false);
  far.affine.m[1][3] += 400;
  mini_write_labels(in_scratch("bad/anatomy"), map, far, 430, predicted);
  must_say(join("bad", "bad_new3", NULL), VG_DATA, "none of its labels lies within the grid of");
  mini_write_labels(in_scratch("bad/anatomy"), map, grid_of(true), 30, predicted);
  mini_write_image(in_scratch("bad/tumour"), "p_0/p_0_t1.nii.gz", grid_of(false), 30, 0, 1);
  must_say(join("bad", "bad_new4", NULL), VG_DATA, "p_0_t1.nii.gz: shape");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tumour_and_anatomy_are_both_there),
      cmocka_unit_test(images_are_linked_or_copied),
      cmocka_unit_test(other_formats_say_real),
      cmocka_unit_test(anatomy_of_other_classes),
      cmocka_unit_test(what_is_left_over_is_said),
      cmocka_unit_test(faults_are_named),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
