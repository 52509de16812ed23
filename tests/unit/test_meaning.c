/* test_meaning.c: the meaning of label values: tables of BIDS, names of nnU-Net's labels, editions of BraTS,
 * and signs that speak against a guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "prep/census/label_census.h"
#include "voxgan/log.h"

enum { SIDE = 16 };

static vg_geometry grid(void) {
  return mini_geometry("RAS", SIDE, SIDE, SIDE, 2, 2, 2);
}

/* Three shells; a T1 of the three intensities, from the outside in. */
static int shell(int x, int y, int z) {
  const double c = (SIDE - 1) / 2.0, r = sqrt((x - c) * (x - c) + (y - c) * (y - c) + (z - c) * (z - c));
  return r < 3.5 ? 3 : r < 5.5 ? 2 : r < 7 ? 1 : 0;
}

static void make_folder(const char *path) {
  char *dir = vg_fs_dirname(path);
  must(vg_fs_make_dirs(dir));
  vg_free(dir);
}

static void write_map(const char *dir, const char *file, const uint16_t values[4]) {
  vg_labelmap map = {0};
  const vg_geometry geo = grid();
  char *path = vg_fs_join(dir, file);
  make_folder(path);
  must(vg_labelmap_new(&geo, &map));
  for (size_t i = 0; i < SIDE * SIDE * SIDE; i++)
    map.data[i] = values[shell((int)(i % SIDE), (int)(i / SIDE % SIDE), (int)(i / SIDE / SIDE))];
  must(vg_volume_write_labels(path, &map, 0));
  vg_labelmap_release(&map);
  vg_free(path);
}

static void write_t1(const char *dir, const char *file, const float values[4]) {
  vg_volume vol = {0};
  const vg_geometry geo = grid();
  char *path = vg_fs_join(dir, file);
  make_folder(path);
  must(vg_volume_new(&geo, &vol));
  for (size_t i = 0; i < SIDE * SIDE * SIDE; i++)
    vol.data[i] = values[shell((int)(i % SIDE), (int)(i / SIDE % SIDE), (int)(i / SIDE / SIDE))];
  const vg_volume_write_options options = {.dtype = VG_DT_I16};
  must(vg_volume_write(path, &vol, &options));
  vg_volume_release(&vol);
  vg_free(path);
}

static const uint16_t outside_in[4] = {0, 1, 2, 3};
static const float as_adults[4] = {0, 100, 200, 300}, inverted[4] = {0, 300, 200, 100};

static void text_file(const char *dir, const char *file, const char *text) {
  touch(dir, file);
  mini_write_text(dir, file, text);
}

static void assert_scheme(const vg_scheme *s, const char *want) {
  char *text = vg_scheme_text(s);
  assert_string_equal(text, want);
  vg_free(text);
}

static void assert_anatomy(const char *dir, const char *layout, const char *want) {
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, layout, NULL, NULL));
  assert_scheme(&ds.sources[0].anatomy_scheme, want);
  vg_dataset_release(&ds);
}

#define GM_WM_CSF "1=gm,2=wm,3=csf"

static void tables_of_bids(void **state) {
  (void)state;
  static const struct {
    const char *name, *map, *table, *text, *want;
  } rows[] = {
      {"standard", "sub-1/anat/sub-1_dseg.nii.gz", NULL, NULL, GM_WM_CSF},
      {"beside", "sub-1/anat/sub-1_dseg.nii.gz", "sub-1/anat/sub-1_dseg.tsv",
       "index\tname\n1\tCSF\n2\tGM\n3\tWM\n", "1=csf,2=gm,3=wm"},
      {"derivative", "derivatives/seg/sub-1/anat/sub-1_dseg.nii.gz", "derivatives/seg/dseg.tsv",
       "index\tname\tabbreviation\r\n1\tCortical stuff\tGM\r\n2\tn/a\tWM\r\n3\tliquor\tCSF\r\n", GM_WM_CSF},
      {"inherited", "derivatives/seg/sub-1/anat/sub-1_dseg.nii.gz", "dseg.tsv",
       "\xef\xbb\xbfIndex\tName\n0\tBackground\n4\tWM\n5\tGM\n\n", "4=wm,5=gm"},
      {"mapping", "sub-1/ses-2/anat/sub-1_ses-2_desc-aseg_dseg.nii.gz", "sub-1/desc-aseg_dseg.tsv",
       "index\tname\tmapping\n10\tLeft-X\t9\n41\tRight-Y\t2\n50\tZ\tn/a\n", "10=deep_gm,41=wm,50=Z"},
      {"other_entity", "sub-1/anat/sub-1_dseg.nii.gz", "desc-aseg_dseg.tsv", "index\tname\n1\tCSF\n",
       GM_WM_CSF},
      {"other_subject", "sub-1/anat/sub-1_dseg.nii.gz", "sub-2/anat/sub-2_dseg.tsv", "index\tname\n1\tCSF\n",
       GM_WM_CSF},
      {"other_role", "sub-1/anat/sub-1_dseg.nii.gz", "label-lesion_dseg.tsv", "index\tname\n1\tedema\n",
       GM_WM_CSF},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *dir = in_scratch(rows[i].name);
    touch(dir, rows[i].map);
    if (rows[i].table) text_file(dir, rows[i].table, rows[i].text);
    assert_anatomy(dir, "bids", rows[i].want);
  }
  /* A folder within a data set inherits. */
  assert_anatomy(in_scratch("inherited/derivatives/seg/sub-1"), "bids", GM_WM_CSF);
  text_file(in_scratch("inherited/derivatives/seg"), "dseg.tsv", "index\tname\n7\tWM\n");
  assert_anatomy(in_scratch("inherited/derivatives/seg/sub-1"), "bids", "7=wm");
  assert_anatomy(in_scratch("inherited/derivatives/seg/sub-1/anat/sub-1_dseg.nii.gz"), "auto", "7=wm");
}

static void faults_of_tables(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"index\tcolour\n1\tred\n", "dseg.tsv: no columns 'index' and 'name'; --anatomy-scheme"},
      {"index\tname\tmapping\n1\tGM\t3\n",
       "dseg.tsv:2: name 'GM', abbreviation '' and mapping '3' do not agree"},
      {"index\tname\tabbreviation\n1\tGM\tWM\n", "do not agree"},
      {"index\tname\n1\t\n", "value 1 has no name"},
      {"index\tname\n1.5\tGM\n", "value '1.5' is not in 1..65535"},
      {"index\tname\n1\tGM\n1\tWM\n", "value 1 is given twice"},
      {"index\tname\n5\tbackground\n", "'background' is value 0"},
      {"index\tname\n0\tbackground\n", "names no label"},
      {"", "names no label"},
  };
  const char *dir = in_scratch("faulty");
  vg_dataset ds = {0};
  touch(dir, "sub-1/anat/sub-1_dseg.nii.gz");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    text_file(dir, "dseg.tsv", rows[i].text);
    must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, rows[i].says);
    vg_dataset_release(&ds);
    must(vg_dataset_add(&ds, dir, "auto", NULL, "tissues"));
    vg_dataset_release(&ds);
  }
  /* Tables of two subjects that differ, and one subject without a table. */
  dir = in_scratch("differ");
  touch(dir, "sub-1/anat/sub-1_dseg.nii.gz");
  touch(dir, "sub-2/anat/sub-2_dseg.nii.gz");
  text_file(dir, "sub-1/anat/sub-1_dseg.tsv", "index\tname\n1\tCSF\n2\tGM\n3\tWM\n");
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA,
           "sub-2_dseg.nii.gz: no table *dseg.tsv applies");
  vg_dataset_release(&ds);
  text_file(dir, "sub-2/anat/sub-2_dseg.tsv", "index\tname\n1\tGM\n2\tWM\n3\tCSF\n");
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "give label values different meanings");
  vg_dataset_release(&ds);
  text_file(dir, "sub-2/anat/sub-2_dseg.tsv", "index\tname\n1\tcsf\n2\tgm\n3\twm\n");
  assert_anatomy(dir, "auto", "1=csf,2=gm,3=wm");
}

/* Without a table, values that a T1-weighted scan contradicts. */
static void scans_speak_against_values(void **state) {
  (void)state;
  vg_dataset ds = {0};
  const char *dir = in_scratch("t1");
  write_map(dir, "sub-1/anat/sub-1_dseg.nii.gz", outside_in);
  write_t1(dir, "sub-1/anat/sub-1_T1w.nii.gz", as_adults); /* 1 is dark, so it is csf */
  must_say(vg_dataset_add(&ds, dir, "bids", NULL, NULL), VG_DATA, "csf is brighter than gm");
  assert_non_null(strstr(vg_error(), "value 1 is csf by scheme tissues"));
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "bids", NULL, "bids"));
  vg_dataset_release(&ds);
  text_file(dir, "dseg.tsv", "index\tname\n1\tGM\n2\tWM\n3\tCSF\n");
  assert_anatomy(dir, "bids", GM_WM_CSF);

  dir = in_scratch("t1_standard");
  write_map(dir, "sub-1/anat/sub-1_dseg.nii.gz", outside_in);
  write_t1(dir, "sub-1/anat/sub-1_T1w.nii.gz", inverted);
  assert_anatomy(dir, "bids", GM_WM_CSF);

  /* The same for layouts that assume another order. */
  dir = in_scratch("t1_brats");
  write_map(dir, "a/a_anat.nii.gz", outside_in);
  write_t1(dir, "a/a_t1.nii.gz", inverted);
  must_say(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL), VG_DATA, "value 3 is csf by scheme bids");
  vg_dataset_release(&ds);
}

#define NNUNET(labels)                                                                                  \
  "{\"channel_names\": {\"0\": \"T1\"}, \"numTraining\": 1, \"file_ending\": \".nii.gz\", \"labels\": " \
  "{" labels "}}"

static void names_of_nnunet(void **state) {
  (void)state;
  static const struct {
    const char *json, *tumour, *anatomy, *says; /* says: refused */
  } rows[] = {
      {NNUNET("\"background\": 0, \"NCR\": 1, \"ED\": 2, \"ET\": 3, \"ignore\": 4"),
       "1=necrosis:tumour,2=oedema:tumour,3=enhancing:tumour", NULL, NULL},
      {NNUNET("\"background\": 0, \"NETC\": 1, \"SNFH\": 2, \"ET\": 3, \"RC\": 4"),
       "1=necrosis:tumour,2=oedema:tumour,3=enhancing:tumour,4=cavity:tumour", NULL, NULL},
      {NNUNET("\"background\": 0, \"core\": 1, \"edema\": 2, \"rim\": 3"), NULL, NULL,
       "label 'core' (value 1) could be tumour or anatomy; say what it is with --tumour-scheme "
       "(data.tumour_scheme) '1=core:ROLE,2=oedema:tumour,3=rim:ROLE'"},
      {NNUNET("\"background\": 0, \"WM\": 1, \"insula\": 2"), NULL, NULL, "label 'insula'"},
      {NNUNET("\"background\": 0, \"hippocampus\": 1, \"Left Thalamus\": 2"), NULL,
       "1=hippocampus,2=Left-Thalamus", NULL},
      {NNUNET("\"background\": 3, \"WM\": 1"), NULL, NULL, "'background' is value 0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_dataset ds = {0};
    const char *dir = in_scratch("nnunet");
    touch(dir, "imagesTr/a_0000.nii.gz");
    touch(dir, "labelsTr/a.nii.gz");
    text_file(dir, "dataset.json", rows[i].json);
    if (rows[i].says) {
      must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, rows[i].says);
      vg_dataset_release(&ds);
      must(vg_dataset_add(&ds, dir, "auto", "1=core,2=edema,3=rim", NULL));
      assert_scheme(&ds.sources[0].tumour_scheme, "1=core:tumour,2=edema:tumour,3=rim:tumour");
    } else {
      must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
      assert_int_equal(ds.subjects[0].tumour != NULL, rows[i].tumour != NULL);
      if (rows[i].tumour) assert_scheme(&ds.sources[0].tumour_scheme, rows[i].tumour);
      if (rows[i].anatomy) assert_scheme(&ds.sources[0].anatomy_scheme, rows[i].anatomy);
    }
    vg_dataset_release(&ds);
  }
}

/* ids: of one label map each, with the values of `values`; layout NULL: doubt, whose message has `says`. */
static void assert_edition(const char *folder, const char *const *ids, const uint16_t values[4],
                           const char *layout, const char *scheme, const char *says) {
  vg_dataset ds = {0};
  const char *dir = in_scratch(folder);
  for (; *ids; ids++) {
    char file[256];
    snprintf(file, sizeof file, "%s/%s-seg.nii.gz", *ids, *ids);
    write_map(dir, file, values);
  }
  if (!layout) {
    must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, says);
    vg_dataset_release(&ds);
    must(vg_dataset_add(&ds, dir, "auto", "brats2023", NULL));
  } else {
    must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
    assert_string_equal(ds.sources[0].layout, layout);
    assert_string_equal(ds.sources[0].tumour_scheme.name, scheme);
  }
  vg_dataset_release(&ds);
}

static void editions_from_2023(void **state) {
  (void)state;
  static const uint16_t three[4] = {0, 1, 2, 3}, four[4] = {0, 1, 3, 4};
  static const char *const before[] = {"BraTS-GLI-00005-000", "BraTS-GLI-00006-001", NULL};
  static const char *const after[] = {"BraTS-GLI-00005-000", "BraTS-GLI-00005-100", "BraTS-GLI-02000-101",
                                      NULL};
  static const char *const ped[] = {"BraTS-PED-00001-000", NULL};
  static const char *const mixed[] = {"BraTS-PED-00001-000", "BraTS-SSA-00002-000", NULL};
  static const char *const ssa[] = {"BraTS-SSA-00002-000", NULL},
                           *const men[] = {"BraTS-MEN-00004-000", NULL},
                           *const met[] = {"BraTS-MET-00086-000", NULL};
  assert_edition("gli", before, three, "brats2023", "brats2023", NULL);
  assert_edition("post", after, four, "brats2024", "brats2024", NULL);
  assert_edition("ssa", ssa, three, "brats2023", "brats2023", NULL);
  assert_edition("men", men, three, "brats2023", "brats2023", NULL);
  assert_edition("met", met, three, "brats2023", "brats2023", NULL);
  /* A child without oedema: only the folder tells. */
  assert_edition(
      "kids", ped, three, NULL, NULL,
      "neither BraTS-PED-00001-000, nor the name of a BraTS folder, nor the values of 1 label map");
  assert_edition("BraTS2024-PED", ped, three, "brats2024_ped", "brats2024-ped", NULL);
  assert_edition("ASNR-MICCAI-BraTS2023-PED", ped, three, "brats2023", "brats2023", NULL);
  assert_edition("oedema", ped, four, "brats2024_ped", "brats2024-ped", NULL);
  assert_edition("BraTS2023-four", ped, four, NULL, NULL, "name says 2023, but a label map has the value 4");
  assert_edition("mixed", mixed, three, NULL, NULL, "give each data set a --data of its own");
  /* A year in an id is no evidence. */
  static const char *const number[] = {"BraTS-PED-02024-000", NULL};
  assert_edition("numbered", number, three, NULL, NULL, "neither BraTS-PED-02024-000");
  /* Nor is one in the name of a folder that is not of BraTS, and two editions are a doubt. */
  assert_edition("downloads-2025", ped, three, NULL, NULL, "neither BraTS-PED-00001-000");
  assert_edition("stripped_2025", ped, three, NULL, NULL, "neither BraTS-PED-00001-000");
  assert_edition("ped 2025", ped, three, "brats2024_ped", "brats2024-ped", NULL);
  assert_edition("downloads-2025/BraTS2023-PED", ped, three, "brats2023", "brats2023", NULL);
  assert_edition("BraTS2025/BraTS2023-PED", ped, three, NULL, NULL, "folders' names say 2023 and 2025");
  static const char *const small[] = {"brats-ped-00001-000", NULL};
  assert_edition("small", small, three, NULL, NULL, "neither brats-ped-00001-000");
  /* 4 before treatment is in no case of 2023. */
  vg_scheme s;
  vg_labelmap map = {.geo = {.dim = {1, 1, 1}}, .data = (uint16_t[]){4}};
  must(vg_scheme_parse("brats2023", &s));
  must_say(vg_scheme_check(&s, &map, "a"), VG_DATA, "it is in scheme brats2024");
}

/* The user named a layout, or a program renamed the files as they were called up to 2021; ids contradict. */
static void ids_contradict_a_layout(void **state) {
  (void)state;
  static const uint16_t all[4] = {1, 2, 3, 4};
  static const struct {
    const char *file, *layout, *says;
  } rows[] = {
      {"BraTS-PED-00001-000/BraTS-PED-00001-000-seg.nii.gz", "brats2024",
       "which layout brats2024 is not for"},
      {"BraTS-GLI-00005-100/BraTS-GLI-00005-100-seg.nii.gz", "brats2024_ped", "is not of BraTS-PED"},
      {"BraTS-MET-00005-000/BraTS-MET-00005-000-seg.nii.gz", "brats2024_ped", "is not of BraTS-PED"},
      {"BraTS-PED-00001-000/BraTS-PED-00001-000_seg.nii.gz", "auto", "is an id of BraTS from 2023 on"},
      {"BraTS-GLI-00005-100/BraTS-GLI-00005-100_seg.nii.gz", "auto", "is an id of BraTS from 2023 on"},
      {"BraTS-GLI-00005-100/BraTS-GLI-00005-100_seg.nii.gz", "brats2013", "is an id of BraTS from 2023 on"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_dataset ds = {0};
    char folder[32];
    snprintf(folder, sizeof folder, "contradict%zu", i);
    const char *dir = in_scratch(folder);
    write_map(dir, rows[i].file, all);
    must_say(vg_dataset_add(&ds, dir, rows[i].layout, NULL, NULL), VG_DATA, rows[i].says);
    vg_dataset_release(&ds);
    must(vg_dataset_add(&ds, dir, rows[i].layout, "brats2024", NULL));
    vg_dataset_release(&ds);
  }
}

/* A manifest of BraTS's own files: their names show the edition, which layout csv alone would take for an
 * older one. */
static void names_in_a_manifest_show_the_edition(void **state) {
  (void)state;
  static const uint16_t all[4] = {0, 1, 2, 3};
  static const struct {
    const char *files[2], *scheme, *says;
  } rows[] = {
      {{"BraTS-GLI-00005-000-seg.nii.gz"}, "brats2023", NULL},
      {{"BraTS-GLI-00005-000-seg.nii.gz", "BraTS-GLI-00007-100-seg.nii.gz"}, "brats2024", NULL},
      {{"brats-men-00005-000_seg.nii.gz"}, "brats2023", NULL},
      {{"a_seg.nii.gz"}, "brats", NULL},
      {{"a_seg.nii.gz", "BraTS-PED-00005-000-seg.nii.gz"},
       NULL,
       "is of BraTS-PED, whose label values differ by year"},
      {{"a_seg.nii.gz", "BraTS-MET-00005-000-seg.nii.gz"}, NULL, "a_seg.nii.gz has not"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_dataset ds = {0};
    char folder[32], text[256] = "id,tumour\n";
    snprintf(folder, sizeof folder, "manifest%zu", i);
    const char *dir = in_scratch(folder);
    for (int k = 0; k < 2 && rows[i].files[k]; k++) {
      write_map(dir, rows[i].files[k], all);
      snprintf(text + strlen(text), sizeof text - strlen(text), "p%d,%s\n", k, rows[i].files[k]);
    }
    char *list = vg_fs_join(dir, "list.csv");
    mini_write_text(dir, "list.csv", text);
    if (rows[i].says) {
      must_say(vg_dataset_add(&ds, list, "auto", NULL, NULL), VG_DATA, rows[i].says);
      vg_dataset_release(&ds);
      must(vg_dataset_add(&ds, list, "auto", "brats2024-ped", NULL));
    } else {
      must(vg_dataset_add(&ds, list, "auto", NULL, NULL));
      assert_string_equal(ds.sources[0].tumour_scheme.name, rows[i].scheme);
    }
    vg_dataset_release(&ds);
    vg_free(list);
  }
}

/* Values that no scheme with the same classes knows: the schemes that know all of them. */
static void schemes_are_suggested(void **state) {
  (void)state;
  static const struct {
    const char *scheme;
    uint16_t values[4];
    const char *says; /* NULL: no suggestion */
  } rows[] = {
      {"tissues", {2, 3, 41, 1001}, "in scheme freesurfer, freesurfer-tissues, synthseg or synthseg-tissues"},
      {"tissues", {2, 41, 530}, "in scheme synthseg-tissues or synthseg-contrasts"},
      {"tissues", {1, 2, 999}, NULL},
      {"1=core:tumour", {1, 18}, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_scheme s;
    uint16_t voxels[4];
    memcpy(voxels, rows[i].values, sizeof voxels);
    vg_labelmap map = {.geo = {.dim = {4, 1, 1}}, .data = voxels};
    must(vg_scheme_parse(rows[i].scheme, &s));
    must_say(vg_scheme_check(&s, &map, "a.nii"), VG_DATA, rows[i].says ? rows[i].says : "is not in scheme");
    if (!rows[i].says) assert_null(strstr(vg_error(), "all values"));
  }
}

/* 18 is the left amygdala of FreeSurfer, of 1 to 2 ml, and TumorSynth's whole tumour. */
static void editions_of_tumorsynth(void **state) {
  (void)state;
  vg_scheme s;
  must(vg_scheme_parse("tumorsynth", &s));
  assert_string_equal(vg_scheme_find(&s, 18)->name, "tumour");
  assert_int_equal(vg_scheme_find(&s, 18)->role, VG_ROLE_TUMOUR);
  for (uint16_t v = 1; v < 18; v++) assert_int_equal(vg_scheme_find(&s, v)->role, VG_ROLE_ANATOMY);
  /* The structures of SynthSeg 2, from its table. */
  static const uint16_t synthseg[] = {2,  3,  4,  5,  7,  8,  10, 11, 12, 13, 14, 15, 16, 17, 18, 24,
                                      26, 28, 41, 42, 43, 44, 46, 47, 49, 50, 51, 52, 53, 54, 58, 60};
  must(vg_scheme_parse("synthseg", &s));
  for (size_t i = 0; i < sizeof synthseg / sizeof synthseg[0]; i++)
    assert_non_null(vg_scheme_find(&s, synthseg[i]));
}

static void editions_of_brats(void **state) {
  (void)state;
  static const uint16_t four[4] = {0, 2, 3, 4}, three[4] = {0, 2, 3, 1}, later[4] = {0, 2, 4, 1};
  vg_dataset ds = {0};
  const char *dir = in_scratch("e2013");
  write_map(dir, "a/a_seg.nii.gz", three);
  write_map(dir, "b/b_seg.nii.gz", four);
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "brats2013");
  vg_dataset_release(&ds);
  dir = in_scratch("e2021");
  write_map(dir, "a/a_seg.nii.gz", later);
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "brats2021");
  vg_dataset_release(&ds);
  /* 3 and no 4: of 2013 without enhancing tumour, or of 2023, or renumbered. */
  dir = in_scratch("unclear");
  write_map(dir, "a/a_seg.nii.gz", three);
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "what value 3 means is ambiguous");
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "auto", "brats2023", NULL));
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "brats2013", NULL, NULL));
  vg_dataset_release(&ds);
  dir = in_scratch("ped");
  touch(dir, "BraTS-PED-00001-000/BraTS-PED-00001-000-seg.nii.gz");
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "brats2024-ped");
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "auto", "brats2024-ped", NULL));
  vg_dataset_release(&ds);
}

/* What the census writes to stderr; vg_free. */
static char *warned(const vg_dataset *ds) {
  void *text = NULL;
  size_t len;
  char *path = vg_fs_join(scratch, "stderr");
  FILE *to = fopen(path, "w");
  assert_non_null(to);
  const int kept = dup(STDERR_FILENO);
  assert_true(dup2(fileno(to), STDERR_FILENO) >= 0);
  vg_status st = vg_dataset_take_census(ds, true, true, NULL);
  dup2(kept, STDERR_FILENO);
  close(kept);
  fclose(to);
  must(st);
  must(vg_fs_read(path, &text, &len));
  vg_free(path);
  return text;
}

static void classes_that_never_occur(void **state) {
  (void)state;
  static const uint16_t all[4] = {0, 1, 2, 4}, one[4] = {0, 1, 1, 1};
  vg_dataset ds = {0};
  const char *dir = in_scratch("never");
  write_map(dir, "a/a_seg.nii.gz", one);
  write_map(dir, "b/b_seg.nii.gz", one);
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  char *text = warned(&ds);
  if (!strstr(text, "no voxel of oedema, enhancing in 2 tumour maps, whose values are 1:"))
    fail_msg("%s", text);
  vg_free(text);
  vg_dataset_release(&ds);
  write_map(dir, "b/b_seg.nii.gz", all);
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  text = warned(&ds);
  assert_null(strstr(text, "no voxel of"));
  assert_non_null(strstr(text, "classes of 2 tumour maps: necrosis in 2 ("));
  assert_non_null(strstr(text, ", oedema in 1 ("));
  vg_free(text);
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables_of_bids),
      cmocka_unit_test(faults_of_tables),
      cmocka_unit_test(scans_speak_against_values),
      cmocka_unit_test(names_of_nnunet),
      cmocka_unit_test(editions_from_2023),
      cmocka_unit_test(ids_contradict_a_layout),
      cmocka_unit_test(names_in_a_manifest_show_the_edition),
      cmocka_unit_test(editions_of_tumorsynth),
      cmocka_unit_test(schemes_are_suggested),
      cmocka_unit_test(editions_of_brats),
      cmocka_unit_test(classes_that_never_occur),
  };
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
