/* test_layout_adni.c: scans as IDA delivers them are matched with their own label volumes and no others;
 * labels on FreeSurfer's own grid are resampled to the scan's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "dataset/layout.h"
#include "eval/model/evaluation.h"
#include "scratch.h"
#include "voxgan/evaluate.h"
#include "voxgan/log.h"
#include "prep/prep.h"

#define A "002_S_0295"
#define B "941_S_12345"
#define SCALED "MPR__GradWarp__B1_Correction__N3__Scaled"
#define A1 A "/" SCALED "/2006-11-02_08_16_44.0/I40966/ADNI_" A "_MR_" SCALED "_Br_20070217_S21856_I40966.nii"
#define A2                                                      \
  A "/MPR-R__GradWarp__N3/2007-05-25_07_00_00.0/S32938/ADNI_" A \
    "_MR_MPR-R__GradWarp__N3_Br_2007_S32938_I62385.nii"
#define B1 B "/Accelerated_Sag_IR-FSPGR/2012-01-01_10_00_00.0/I300000/scan.nii.gz"

static const char *fresh(const char *name) {
  const char *dir = in_scratch(name);
  must(vg_fs_make_dirs(dir));
  return dir;
}

/* Fresh files below ADNI in a folder of that name. */
static const char *tree(const char *name, const char *const *files) {
  const char *dir = fresh(name);
  for (; *files; files++) touch(dir, *files);
  return dir;
}

static const vg_subject *subject(const vg_dataset *ds, const char *id) {
  for (size_t i = 0; i < ds->n; i++)
    if (!strcmp(ds->subjects[i].id, id)) return &ds->subjects[i];
  fail_msg("no case %s", id);
  return NULL;
}

static void names_tell_scans(void **state) {
  (void)state;
  static const struct {
    const char *path, *id, *person; /* id NULL: not of this layout; "": a label volume */
  } rows[] = {
      {"ADNI/" A1, A "_I40966", A},
      {A1, A "_I40966", A},
      {A2, A "_I62385", A}, /* the folder has the series' number, the name the image's */
      {B1, B "_I300000", B},
      {A "/MP-RAGE_REPEAT/2006-11-02_08_16_44.0/I7/x.nii", A "_I7", A},
      {A "/MT1__N3m/2012-11-02_08_16_44.0/I8/x.nii", A "_I8", A},
      {"ADNI_" A "_MR_MPRAGE_br_raw_2006_1_S1_I9.nii", A "_I9", A},
      {A "/Axial_T2_FLAIR/2012-11-02_08_16_44.0/I10/x.nii", NULL, NULL},
      {A "/Axial_T2-Star/2012-11-02_08_16_44.0/I11/x.nii", NULL, NULL},
      {A "/Axial_DTI/2012-11-02_08_16_44.0/I12/visit1.nii", NULL, NULL},
      {A "/MPRAGE_Brain_Mask/2012-11-02_08_16_44.0/I13/x.nii", NULL, NULL},
      {A "/MPRAGE/2012-11-02_08_16_44.0/x.nii", NULL, NULL}, /* no image number */
      {"12_S_0295/MPRAGE/I14/x.nii", NULL, NULL},
      {"1002_S_0295/MPRAGE/I14/x.nii", NULL, NULL},
      {A "/MPRAGE/2012-11-02_08_16_44.0/I15/x.json", NULL, NULL},
      {"FreeSurfer/" A "_I40966/mri/T1.nii.gz", NULL, NULL},
      {"FreeSurfer/" A "_I40966/mri/aseg.presurf.nii.gz", NULL, NULL},
      {"FreeSurfer/" A "/mri/aparc+aseg.nii.gz", "", ""},
      {"FreeSurfer/I40966/mri/aseg.nii", "", ""},
      {A "/" A "_aparc+aseg.nii.gz", "", ""},
      {A "/FreeSurfer_Cross-Sectional_aparc+aseg/2006-11-02_08_16_44.0/I99/ADNI_x_I99.nii", "", ""},
      {"FreeSurfer/bert/mri/aseg.nii", NULL, NULL}, /* of nobody here */
      {A "/myaseg.nii", NULL, NULL},
  };
  const vg_layout *l = vg_layout_find("adni");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_file_role role;
    bool known = l->classify(NULL, rows[i].path, &role);
    if (known != (rows[i].id != NULL)) fail_msg("%s is %d", rows[i].path, known);
    if (!known) continue;
    if (strcmp(role.id, rows[i].id)) fail_msg("%s is of %s", rows[i].path, role.id);
    assert_string_equal(role.person, rows[i].person);
    assert_int_equal(role.kind, *role.id ? VG_FILE_SERIES : VG_FILE_ANATOMY);
  }
}

/* One file for each way in which a label volume tells its image. */
static void labels_find_their_image(void **state) {
  (void)state;
  static const struct {
    const char *name, *labels; /* of A1 */
  } rows[] = {
      {"in_folder", "ADNI/" A "/" SCALED "/2006-11-02_08_16_44.0/I40966/aparc+aseg.nii.gz"},
      {"by_number", "FreeSurfer/" A "_I40966/mri/aparc+aseg.nii.gz"},
      {"number_alone", "FreeSurfer/I40966/mri/aseg.nii.gz"},
      {"in_name", "ADNI/" A "/" A "_I40966_aseg.nii"},
      {"by_visit", "FreeSurfer/" A "/2006-11-02/mri/aparc+aseg.nii.gz"},
      {"delivered", "ADNI/" A "/FS_aparc+aseg/2006-11-02_08_16_44.0/I77777/ADNI_" A "_MR_FS_S5_I77777.nii"},
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
    for (int guess = 0; guess < 2; guess++) {
      const char *const files[] = {"ADNI/" A1,       "ADNI/" A2,     "ADNI/" B1,
                                   "ADNI/index.csv", rows[r].labels, NULL};
      const char *dir = tree(rows[r].name, files);
      vg_dataset ds = {0};
      must(vg_dataset_add(&ds, dir, guess ? "auto" : "adni", NULL, NULL));
      assert_string_equal(ds.sources[0].layout, "adni");
      assert_string_equal(ds.sources[0].anatomy_scheme.name, "freesurfer");
      assert_int_equal(ds.sources[0].tumour_scheme.n, 0);
      assert_true(ds.sources[0].regrid);
      assert_int_equal(ds.n, 3);
      assert_int_equal(ds.series.n, 1);
      const char *got = subject(&ds, A "_I40966")->anatomy;
      if (!got || !strstr(got, rows[r].labels)) fail_msg("%s: %s", rows[r].name, got ? got : "none");
      assert_null(subject(&ds, A "_I62385")->anatomy);
      assert_null(subject(&ds, B "_I300000")->anatomy);
      assert_string_equal(subject(&ds, A "_I62385")->person, A);
      vg_dataset_release(&ds);
    }
}

/* A subject's own volume is that of its only scan, in each place that it may lie in. */
static void subjects_with_one_scan(void **state) {
  (void)state;
  static const char *const labels[] = {
      "ADNI/" B "/aparc+aseg.nii.gz", "ADNI/" B "/aseg.nii.gz", "ADNI/" B "/" B "_aparc+aseg.nii.gz",
      "ADNI/FreeSurfer/" B "/mri/aparc+aseg.nii.gz", "FreeSurfer/" B "/mri/aparc+aseg.nii.gz"};
  for (int i = 0; i < 5; i++) {
    char name[32];
    snprintf(name, sizeof name, "single%d", i);
    const char *const files[] = {"ADNI/" B1, labels[i], NULL};
    /* FreeSurfer's folder lies in the root, or beside it. */
    char *root = vg_fs_join(tree(name, files), i == 4 ? "ADNI" : "");
    vg_dataset ds = {0};
    must(vg_dataset_add(&ds, root, "auto", NULL, "freesurfer-tissues"));
    assert_int_equal(ds.n, 1);
    assert_non_null(ds.subjects[0].anatomy);
    assert_true(exists(ds.subjects[0].anatomy));
    assert_string_equal(ds.sources[0].anatomy_scheme.name, "freesurfer-tissues");
    vg_dataset_release(&ds);
    vg_free(root);
  }
  /* aparc+aseg before aseg; the image's own before the subject's. */
  const char *const files[] = {"ADNI/" B1, "ADNI/" B "/aseg.nii.gz", "ADNI/" B "/aparc+aseg.nii.gz", NULL};
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, tree("both", files), "adni", NULL, NULL));
  assert_non_null(strstr(ds.subjects[0].anatomy, "/aparc+aseg.nii.gz"));
  vg_dataset_release(&ds);
  touch(in_scratch("both"), "fs/I300000/mri/aseg.nii.gz");
  must(vg_dataset_add(&ds, in_scratch("both"), "adni", NULL, NULL));
  assert_non_null(strstr(ds.subjects[0].anatomy, "fs/I300000"));
  vg_dataset_release(&ds);
  /* The path of one scan gives one case; the message names a file whose name is not understood. */
  char *one = vg_fs_join(in_scratch("both"), "ADNI/" B1);
  must_say(vg_dataset_add(&ds, one, "adni", NULL, NULL), VG_DATA,
           "scan.nii.gz: its name does not fit layout adni");
  vg_dataset_release(&ds);
  vg_free(one);
  touch(in_scratch("both"), A1);
  touch(in_scratch("both"), A2);
  one = vg_fs_join(in_scratch("both"), A1);
  must(vg_dataset_add(&ds, one, "auto", NULL, NULL));
  assert_int_equal(ds.n, 1);
  assert_string_equal(ds.subjects[0].id, A "_I40966");
  vg_dataset_release(&ds);
  vg_free(one);
}

static void doubts_are_errors(void **state) {
  (void)state;
  static const struct {
    const char *name, *labels[2], *says[3];
  } rows[] = {
      {"ambiguous",
       {"FreeSurfer/" A "/mri/aparc+aseg.nii.gz"},
       {"could belong to", "I40966.nii", "I62385.nii"}},
      {"claimed_twice",
       {"a/" A "_I40966/mri/aseg.nii", "b/" A "_I40966/mri/aseg.nii"},
       {"two label volumes claim image I40966", "a/" A "_I40966/mri/aseg.nii",
        "b/" A "_I40966/mri/aseg.nii"}},
      {"longitudinal",
       {"fs/" A "_I40966/mri/aseg.nii", "fs/" A "_I40966.long." A "_base/mri/aseg.nii"},
       {"two label volumes claim", "I40966.long", "I40966/mri"}},
      {"no_such_image",
       {"fs/" A "_I40967/mri/aseg.nii"},
       {"by its image number", "I40967", "of the same subject has no"}},
      {"no_such_visit",
       {"fs/" A "/2010-01-01/mri/aseg.nii"},
       {"by its visit", "2010-01-01", "belongs to no image"}},
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    const char *const files[] = {"ADNI/" A1, "ADNI/" A2, rows[r].labels[0], rows[r].labels[1], NULL};
    vg_dataset ds = {0};
    const char *dir = tree(rows[r].name, files);
    for (int k = 0; k < 3; k++)
      must_say(vg_dataset_add(&ds, dir, "adni", NULL, NULL), VG_DATA, rows[r].says[k]),
          vg_dataset_release(&ds);
  }
  /* These files cause no ambiguity: a volume of an absent person, and one that no candidate needs. */
  const char *const files[] = {"ADNI/" A1,
                               "ADNI/" A2,
                               "fs/" B "/mri/aseg.nii",
                               "fs/" A "/mri/aseg.nii",
                               "fs/" A "_I40966/mri/aseg.nii",
                               "fs/" A "_I62385/mri/aseg.nii",
                               NULL};
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, tree("sure", files), "adni", NULL, NULL));
  assert_int_equal(ds.n, 2);
  for (int i = 0; i < 2; i++) assert_non_null(strstr(ds.subjects[i].anatomy, ds.subjects[i].id));
  vg_dataset_release(&ds);

  /* An image without labels is one that lacks its map, as in any layout. */
  const char *const bare[] = {"ADNI/" A1, "ADNI/" B1, "fs/" B "/mri/aseg.nii", "fs/" A "/mri/orig.mgz", NULL};
  must(vg_dataset_add(&ds, tree("bare", bare), "adni", NULL, NULL));
  vg_wanted wanted = {.anatomy = true};
  must_say(vg_dataset_require(&ds, &wanted), VG_DATA, A "_I40966 (");
  ds.skip_incomplete = true;
  must(vg_dataset_require(&ds, &wanted));
  assert_int_equal(ds.n, 1);
  vg_dataset_release(&ds);
}

static void scans_of_a_subject_stay_on_one_side(void **state) {
  (void)state;
  const char *dir = fresh("split");
  for (int s = 0; s < 6; s++)
    for (int i = 0; i <= s % 3; i++) {
      char path[128];
      snprintf(path, sizeof path, "ADNI/%03d_S_%04d/MPRAGE/2006-11-%02d_08_16_44.0/I%d/x.nii", s, s, i + 1,
               10 * s + i);
      touch(dir, path);
    }
  vg_dataset ds = {0};
  bool val[12];
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_int_equal(ds.n, 12);
  must(vg_dataset_split(&ds, 0.4, 3, val));
  for (size_t i = 1; i < ds.n; i++)
    if (!strcmp(ds.subjects[i].person, ds.subjects[i - 1].person)) assert_int_equal(val[i], val[i - 1]);
  vg_dataset_release(&ds);
}

/* FreeSurfer's grid is finer than the scan's here, turned, and shifted: what lies where stays. */
static void labels_come_to_the_scans_grid(void **state) {
  (void)state;
  static const uint16_t values[5] = {0, 24, 2035, 41, 16};
  static const char *const classes[5] = {"", "csf", "cortical_gm", "wm", "brainstem"};
  const char *dir = fresh("grids");
  vg_geometry scan = mini_geometry("LPS", 20, 22, 18, 3, 3, 3.5),
              own = mini_geometry("LIA", 72, 72, 72, 1, 1, 1);
  own.affine.m[0][3] += 0.3;
  mini_write_image(dir, "ADNI/" B1, scan, 25, 0, 1);
  mini_write_labels(dir, "FreeSurfer/" B "/mri/aparc+aseg.nii.gz", own, 25, values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  vg_prep_settings s = {.margin = 100, .percentile = {0.5, 99.5}};
  must(vg_classes_add(&s.classes, &ds.sources[0].anatomy_scheme, VG_ROLE_ANATOMY));
  must(vg_series_parse("t1", &s.series));
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  assert_memory_equal(c.record.native.dim, scan.dim, sizeof scan.dim);
  vg_geometry ras = scan;
  vg_geometry_canonicalise(&ras);
  assert_memory_equal(c.record.dim, ras.dim, sizeof ras.dim); /* the margin takes all of it */
  size_t n = vg_geometry_voxels(&ras), i = 0, wrong = 0, found = 0;
  for (int z = 0; z < ras.dim[2]; z++)
    for (int y = 0; y < ras.dim[1]; y++)
      for (int x = 0; x < ras.dim[0]; x++, i++) {
        double ijk[3] = {x, y, z}, mm[3];
        vg_affine_apply(&ras.affine, ijk, mm);
        int t = mini_tissue(mm, 25), k = t ? vg_classes_find(&s.classes, classes[t]) : -1;
        bool is = k < 0 ? !c.brain[i] : c.labels[(size_t)k * n + i] == 255;
        found += k >= 0;
        wrong += !is;
      }
  assert_true(found > 300);
  if (wrong > found / 12)
    fail_msg("%zu of %zu voxels differ", wrong, found); /* half a voxel of 1 mm at surfaces */
  vg_case_release(&c);

  /* Label maps alone keep their own grid. */
  vg_maps m;
  must(vg_maps_read(&ds, &ds.subjects[0], &s.classes, &m));
  assert_memory_equal(m.native.dim, own.dim, sizeof own.dim);
  vg_maps_release(&m);
  vg_dataset_release(&ds);

  /* Evaluation too has them on the scan's grid, from whatever grid either side has. */
  vg_eval *e;
  char other[512];
  snprintf(other, sizeof other, "%s", fresh("grids2"));
  mini_write_image(other, "ADNI/" B1, scan, 25, 0, 1);
  mini_write_labels(other, "FreeSurfer/" B "/mri/aparc+aseg.nii.gz",
                    mini_geometry("RAS", 64, 64, 64, 1, 1, 1), 25, values);
  must(vg_eval_run(&(vg_eval_settings){.real = dir, .synth = other}, &e));
  const vg_json *row = vg_json_first(vg_json_get(vg_eval_summary(e), "metrics"));
  size_t mae = 0, dice = 0;
  for (; row; row = vg_json_next(row)) {
    const char *metric = vg_json_string(vg_json_get(row, "metric"), "");
    double mean = vg_json_number(vg_json_get(row, "mean"), NAN);
    if (!strcmp(metric, "mae")) mae++, assert_float_equal(mean, 0, 1e-12);
    if (!strcmp(metric, "dice") && strcmp(vg_json_string(vg_json_get(row, "region"), ""), "brainstem"))
      dice++, assert_true(mean > 0.75);
  }
  assert_true(mae >= 1 && dice >= 3);
  vg_eval_free(e);

  /* Somewhere else in the world. */
  own.affine.m[2][3] += 500;
  mini_write_labels(dir, "FreeSurfer/" B "/mri/aparc+aseg.nii.gz", own, 525, values);
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "none of its labels lies within the grid of");
  vg_dataset_release(&ds);
  /* A value that FreeSurfer's brain has not. */
  static const uint16_t skull[5] = {0, 24, 165, 41, 16};
  own.affine.m[2][3] -= 500;
  mini_write_labels(dir, "FreeSurfer/" B "/mri/aparc+aseg.nii.gz", own, 25, skull);
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "label value 165 (");
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_tell_scans),
      cmocka_unit_test(labels_find_their_image),
      cmocka_unit_test(subjects_with_one_scan),
      cmocka_unit_test(doubts_are_errors),
      cmocka_unit_test(scans_of_a_subject_stay_on_one_side),
      cmocka_unit_test(labels_come_to_the_scans_grid),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
