/* test_layouts.c: the delivered tree of BRATS 2012 to 2015, tasks of the Decathlon, nnU-Net's regions, and
 * FreeSurfer's own files beside ADNI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "scratch.h"
#include "mini_tree.h"

static void assert_scheme(const vg_scheme *s, const char *text) {
  char *is = vg_scheme_text(s);
  assert_string_equal(is, text);
  vg_free(is);
}

static void delivered_tree(void **state) {
  (void)state;
#define BRAIN(what, n) "/VSD.Brain" what "." n "/VSD.Brain" what "." n ".mha"
#define CASE(id)                                                                                            \
  id BRAIN(".XX.O.MR_Flair", "54512"), id BRAIN(".XX.O.MR_T1", "54513"), id BRAIN(".XX.O.MR_T1c", "54514"), \
      id BRAIN(".XX.O.MR_T2", "54515")
  static const char *const files[] = {CASE("HGG/brats_tcia_pat117_0042"), CASE("LGG/brats_2013_pat0001_1"),
                                      "HGG/brats_tcia_pat117_0042" BRAIN("_3more.XX.O.OT", "54517"),
                                      "LGG/brats_2013_pat0001_1" BRAIN(".XX.O.OT", "54519")};
  const char *dir = in_scratch("t2015");
  vg_dataset ds = {0};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) touch(dir, files[i]);
  touch(dir, "HGG/brats_tcia_pat117_0042/VSD.Brain.XX.O.MR_Flair.54512/License.txt");
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "brats2015");
  assert_int_equal(ds.n, 2);
  assert_int_equal(ds.series.n, 4);
  assert_string_equal(ds.subjects[1].id, "brats_tcia_pat117_0042");
  assert_string_equal(ds.subjects[1].person, "brats_tcia_pat117");
  assert_non_null(strstr(ds.subjects[1].series[vg_series_find(&ds.series, "t1c")], "MR_T1c.54514.mha"));
  assert_non_null(strstr(ds.subjects[0].tumour, "VSD.Brain.XX.O.OT.54519.mha"));
  assert_scheme(&ds.sources[0].tumour_scheme,
                "1=necrosis:tumour,2=oedema:tumour,3=nonenhancing:tumour,4=enhancing:tumour");
  vg_dataset_release(&ds);
}

/* In 2013 patients of both grades were numbered from 1 on, and the folders of files have no number. */
static void delivered_tree_of_2013(void **state) {
  (void)state;
#define FLAIR(id) id "/VSD.Brain.XX.O.MR_Flair/VSD.Brain.XX.O.MR_Flair.684.mha"
#define TRUTH(id) id "/VSD.Brain_3more.XX.XX.OT/VSD.Brain_3more.XX.XX.OT.6560.mha"
  const char *dir = in_scratch("t2013");
  vg_dataset ds = {0};
  touch(dir, "HG/" FLAIR("0001"));
  touch(dir, "HG/" TRUTH("0001"));
  touch(dir, "LG/" FLAIR("0001"));
  touch(dir, "LG/" TRUTH("0001"));
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "brats2015");
  assert_int_equal(ds.n, 2);
  assert_string_equal(ds.subjects[0].id, "HG_0001");
  assert_string_equal(ds.subjects[1].person, "LG_0001");
  vg_dataset_release(&ds);
  char inner[512];
  snprintf(inner, sizeof inner, "%s/HG", dir); /* one grade alone has no folder above its numbers */
  must(vg_dataset_add(&ds, inner, "auto", NULL, NULL));
  assert_int_equal(ds.n, 1);
  assert_string_equal(ds.subjects[0].id, "0001");
  vg_dataset_release(&ds);
}

static void decathlon(void **state) {
  (void)state;
  const char *dir = in_scratch("Task01_BrainTumour");
  vg_dataset ds = {0};
  touch(dir, "imagesTr/BRATS_001.nii.gz");
  touch(dir, "imagesTr/BRATS_002.nii.gz");
  touch(dir, "imagesTs/BRATS_485.nii.gz");
  touch(dir, "labelsTr/BRATS_001.nii.gz");
  touch(dir, "labelsTr/BRATS_002.nii.gz");
#define TASK(labels)                                                                                \
  "{\"name\": \"BRATS\", \"modality\": {\"0\": \"FLAIR\", \"1\": \"T1w\", \"2\": \"t1gd\", \"3\": " \
  "\"T2w\"}, "                                                                                      \
  "\"labels\": {" labels "}}"
  mini_write_text(dir, "dataset.json",
                  TASK("\"0\": \"background\", \"1\": \"edema\", \"2\": \"non-enhancing tumor\", "
                       "\"3\": \"enhancing tumour\""));
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "msd");
  assert_int_equal(ds.n, 2);
  static const char *const series[] = {"flair", "t1", "t1c", "t2"};
  for (int k = 0; k < 4; k++) {
    char end[32];
    const char *path = ds.subjects[1].series[vg_series_find(&ds.series, series[k])];
    snprintf(end, sizeof end, "/BRATS_002.nii.gz#%d", k);
    assert_string_equal(path + strlen(path) - strlen(end), end);
  }
  assert_scheme(&ds.sources[0].tumour_scheme, "1=oedema:tumour,2=nonenhancing:tumour,3=enhancing:tumour");
  vg_dataset_release(&ds);
  mini_write_text(dir, "dataset.json", TASK("\"edema\": 1"));
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "'labels' are not of the form");
  vg_dataset_release(&ds);
  mini_write_text(dir, "dataset.json", "{\"labels\": {}}");
  must_say(vg_dataset_add(&ds, dir, "msd", NULL, NULL), VG_DATA, "no key 'modality'");
  vg_dataset_release(&ds);
}

#define NNUNET(labels)                                                                                       \
  "{\"channel_names\": {\"0\": \"T1\", \"1\": \"T1ce\", \"2\": \"T2\", \"3\": \"Flair\"}, \"numTraining\": " \
  "1, "                                                                                                      \
  "\"file_ending\": \".nii.gz\", \"labels\": {\"background\": 0, " labels                                    \
  "}, \"regions_class_order\": [1, 2, 3]}"

/* As Dataset137_BraTS21.py of nnU-Net writes: oedema 1, necrosis 2, enhancing 3. */
static void regions(void **state) {
  (void)state;
  static const struct {
    const char *json, *scheme, *says;
  } rows[] = {
      {NNUNET("\"whole tumor\": [1, 2, 3], \"tumor core\": [2, 3], \"enhancing tumor\": [3]"),
       "1=oedema:tumour,2=necrosis:tumour,3=enhancing:tumour", NULL},
      {NNUNET("\"whole tumor\": [1, 2, 3], \"tumor core\": [1, 3], \"enhancing tumor\": 3"),
       "1=necrosis:tumour,2=oedema:tumour,3=enhancing:tumour", NULL},
      {NNUNET("\"WT\": [1, 2, 3], \"TC\": [1, 3], \"ET\": [3], \"RC\": [4]"),
       "1=necrosis:tumour,2=oedema:tumour,3=enhancing:tumour,4=cavity:tumour", NULL},
      {NNUNET("\"whole tumor\": [1, 2], \"tumor core\": [2]"), "1=oedema:tumour,2=core:tumour", NULL},
      {NNUNET("\"everything\": [1, 2], \"rest\": [2]"), NULL, "label 'everything' is a region"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_dataset ds = {0};
    const char *dir = in_scratch("regions");
    touch(dir, "imagesTr/a_0000.nii.gz");
    touch(dir, "labelsTr/a.nii.gz");
    mini_write_text(dir, "dataset.json", rows[i].json);
    if (rows[i].says) {
      must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, rows[i].says);
    } else {
      must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
      assert_scheme(&ds.sources[0].tumour_scheme, rows[i].scheme);
    }
    vg_dataset_release(&ds);
  }
}

/* A NIfTI file beside FreeSurfer's own is the one that was read before .mgz was. */
static void mgz_of_adni(void **state) {
  (void)state;
  const char *dir = in_scratch("ADNI");
  vg_dataset ds = {0};
  touch(dir, "002_S_0295/MPRAGE/2006-11-02_08_16_44.0/I40966/x.nii");
  touch(dir, "FreeSurfer/002_S_0295/mri/aseg.mgz");
  touch(dir, "FreeSurfer/002_S_0295/mri/norm.mgz");
  must(vg_dataset_add(&ds, dir, "adni", NULL, NULL));
  assert_non_null(strstr(ds.subjects[0].anatomy, "mri/aseg.mgz"));
  vg_dataset_release(&ds);
  touch(dir, "FreeSurfer/002_S_0295/mri/aseg.nii.gz");
  must(vg_dataset_add(&ds, dir, "adni", NULL, NULL));
  assert_non_null(strstr(ds.subjects[0].anatomy, "mri/aseg.nii.gz"));
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(delivered_tree), cmocka_unit_test(delivered_tree_of_2013),
      cmocka_unit_test(decathlon),      cmocka_unit_test(regions),
      cmocka_unit_test(mgz_of_adni),
  };
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
