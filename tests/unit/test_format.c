/* test_format.c: the layout of a format reads back the data set that the format wrote: the same ids, series
 * and classes, with the layout named and guessed; data sets made by other programs; and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "dataset/layout.h"
#include "scratch.h"
#include "output/format/format.h"
#include "voxgan/log.h"
#include "base/str.h"

#define CASES 3
/* mini_tissue's places as classes of either map. */
static const char *const tumour_of[5] = {"", "", "oedema", "enhancing", "necrosis"};
static const char *const anatomy_of[5] = {"", "gm", "wm", "wm", "csf"};

static vg_format_set new_set(const char *name, const char *more_tumour) {
  vg_format_set set = {.name = name};
  must(vg_series_parse("t1,t1c,t2,flair", &set.series));
  static const char *const tissues[] = {"csf", "gm", "wm"}, *const lesions[] = {"necrosis", "oedema"};
  for (int i = 0; i < 3; i++) must(vg_classes_add_name(&set.classes, tissues[i], VG_ROLE_ANATOMY));
  for (int i = 0; i < 2; i++) must(vg_classes_add_name(&set.classes, lesions[i], VG_ROLE_TUMOUR));
  if (more_tumour) must(vg_classes_add_name(&set.classes, more_tumour, VG_ROLE_TUMOUR));
  must(vg_classes_add_name(&set.classes, "enhancing", VG_ROLE_TUMOUR));
  return set;
}

static uint16_t value_of(const vg_scheme *s, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (!strcmp(s->labels[i].name, name)) return s->labels[i].value;
  return 0;
}

static vg_geometry small(void) {
  return mini_geometry("LPS", 12, 14, 10, 5, 4.5, 6);
}

static void write_set(const vg_dataset_format *f, const vg_format_set *set, const char *root,
                      const char *const wanted[CASES]) {
  char ids[CASES][128], relative[512];
  const char *list[CASES];
  uint16_t tumour[5], anatomy[5];
  for (int t = 0; t < 5; t++) {
    tumour[t] = value_of(&set->tumour, tumour_of[t]);
    anatomy[t] = value_of(&set->anatomy, anatomy_of[t]);
  }
  /* Non-enhancing tumour in place of oedema, where the set has it. */
  if (value_of(&set->tumour, "nonenhancing")) tumour[2] = value_of(&set->tumour, "nonenhancing");
  for (int k = 0; k < CASES; k++) {
    must(f->id(wanted[k], ids[k], sizeof ids[k]));
    list[k] = ids[k];
    for (int s = 0; s < set->series.n; s++) {
      must(f->path(set, ids[k], VG_FILE_SERIES, set->series.names[s], relative, sizeof relative));
      mini_write_image(root, relative, small(), 25, 0, 1.0f + (float)(4 * k + s));
    }
    if (set->tumour.n) {
      must(f->path(set, ids[k], VG_FILE_TUMOUR, NULL, relative, sizeof relative));
      mini_write_labels(root, relative, small(), 25, tumour);
    }
    if (set->anatomy.n) {
      must(f->path(set, ids[k], VG_FILE_ANATOMY, NULL, relative, sizeof relative));
      mini_write_labels(root, relative, small(), 25, anatomy);
    }
  }
  if (f->finish) must(f->finish(set, root, list, CASES));
}

/* Every voxel of the map at path has the class that its tissue has in names. */
static void assert_classes(const char *path, const vg_scheme *scheme, const char *const names[5]) {
  vg_labelmap map;
  vg_geometry g = small();
  must(vg_volume_read_labels(path, &map, NULL));
  assert_memory_equal(map.geo.dim, g.dim, sizeof g.dim);
  must(vg_scheme_check(scheme, &map, path));
  size_t i = 0, found = 0;
  for (int z = 0; z < g.dim[2]; z++)
    for (int y = 0; y < g.dim[1]; y++)
      for (int x = 0; x < g.dim[0]; x++, i++) {
        double mm[3], ijk[3] = {x, y, z};
        vg_affine_apply(&g.affine, ijk, mm);
        const char *want = names[mini_tissue(mm, 25)];
        const vg_label *l = map.data[i] ? vg_scheme_find(scheme, map.data[i]) : NULL;
        if (strcmp(l ? l->name : "", want))
          fail_msg("%s: %d,%d,%d is %s, wanted %s", path, x, y, z, l ? l->name : "background", want);
        found += l != NULL;
      }
  assert_true(found > 10);
  vg_labelmap_release(&map);
}

static void assert_reads_back(const char *root, const char *layout, const char *want_layout,
                              const char *const ids[CASES], const char *const tumour[5],
                              const char *const anatomy[5]) {
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, root, layout, NULL, NULL));
  assert_string_equal(ds.sources[0].layout, want_layout);
  assert_int_equal(ds.n, CASES);
  assert_int_equal(ds.series.n, 4);
  for (int k = 0; k < CASES; k++) {
    const vg_subject *s = &ds.subjects[k];
    assert_string_equal(s->id, ids[k]);
    for (int i = 0; i < 4; i++) {
      static const char *const names[] = {"t1", "t1c", "t2", "flair"};
      vg_volume v;
      assert_string_equal(ds.series.names[i], names[i]);
      assert_non_null(s->series[i]);
      must(vg_volume_read(s->series[i], &v, NULL));
      vg_volume want = mini_image(small(), 25, 0, 1.0f + (float)(4 * k + i));
      assert_memory_equal(v.data, want.data, vg_geometry_voxels(&v.geo) * sizeof *v.data);
      vg_volume_release(&want);
      vg_volume_release(&v);
    }
    if (tumour) assert_classes(s->tumour, &ds.sources[0].tumour_scheme, tumour);
    if (!tumour) assert_null(s->tumour);
    assert_classes(s->anatomy, &ds.sources[0].anatomy_scheme, anatomy);
  }
  vg_dataset_release(&ds);
}

static void formats_round_trip(void **state) {
  (void)state;
  static const char *const wanted[CASES] = {"synth-0001", "synth-0002", "synth-0003"};
  static const char *const plain[CASES] = {"synth-0001", "synth-0002", "synth-0003"};
  static const char *const bids[CASES] = {"sub-synth0001", "sub-synth0002", "sub-synth0003"};
  const vg_dataset_format *f;
  const char *name;
  for (int i = 0; (name = vg_dataset_format_at(i, &f, NULL)); i++) {
    for (int more = 0; more < 2; more++) {
      char dir[64];
      /* With non-enhancing tumour in all of its places, 2013's names cannot be taken for 2021's. */
      bool merges = !strcmp(name, "brats2021") || !strcmp(name, "brats2023") || !strcmp(name, "brats2024");
      /* The tumours of children have no necrosis of their own (schemes_of_editions). */
      if (!strcmp(name, "brats2024_ped")) continue;
      if (!more && !strcmp(name, "brats2013")) continue;
      snprintf(dir, sizeof dir, "%s-%d", name, more);
      const char *root = in_scratch(dir);
      vg_format_set set = new_set(NULL, more ? "nonenhancing" : NULL);
      must(f->schemes(&set));
      write_set(f, &set, root, wanted);
      const char *tumour[5];
      memcpy(tumour, tumour_of, sizeof tumour);
      if (more) tumour[2] = merges ? "necrosis" : "nonenhancing";
      const char *const *ids = !strcmp(name, "bids") ? bids : plain;
      assert_reads_back(root, f->layout, f->layout, ids, tumour, anatomy_of);
      /* Ids after treatment would show 2024; dataset_description.json does where voxgan writes a data set. */
      if (strcmp(name, "brats2024") != 0) assert_reads_back(root, "auto", f->layout, ids, tumour, anatomy_of);
    }
  }
  vg_format_set children = new_set(NULL, NULL);
  must_say(vg_dataset_format_find("brats2024_ped")->schemes(&children), VG_CONFIG,
           "format brats2024_ped has no value for tumour class necrosis");
}

/* Without tumour the anatomy is nnU-Net's target; classes that no edition knows have values where tables tell
 * them. */
static void anatomy_alone_and_classes_of_ones_own(void **state) {
  (void)state;
  static const char *const wanted[CASES] = {"sub-1_ses-a", "sub-1_ses-b", "sub-2"};
  static const char *const own[5] = {"", "cavity", "oedema", "enhancing", "necrosis"};
  for (int bids = 0; bids < 2; bids++) {
    const vg_dataset_format *f = vg_dataset_format_find(bids ? "bids" : "nnunet");
    const char *root = in_scratch(bids ? "alone-bids" : "alone-nnunet");
    vg_format_set set = new_set("7_Anatomy", NULL);
    set.classes.n = 3;
    must(f->schemes(&set));
    assert_int_equal(set.tumour.n, 0);
    write_set(f, &set, root, wanted);
    assert_reads_back(root, "auto", f->layout, wanted, NULL, anatomy_of);

    root = in_scratch(bids ? "own-bids" : "own-nnunet");
    set = new_set(NULL, "cavity");
    must(f->schemes(&set));
    uint16_t values[5];
    for (int t = 0; t < 5; t++) values[t] = value_of(&set.tumour, own[t]);
    char relative[512], id[128];
    must(f->id("x", id, sizeof id));
    must(f->path(&set, id, VG_FILE_TUMOUR, NULL, relative, sizeof relative));
    mini_write_labels(root, relative, small(), 25, values);
    const char *list[] = {id};
    must(f->finish(&set, root, list, 1));
    vg_dataset ds = {0};
    must(vg_dataset_add(&ds, root, "auto", NULL, NULL));
    assert_classes(ds.subjects[0].tumour, &ds.sources[0].tumour_scheme, own);
    for (int k = 0; k < ds.sources[0].tumour_scheme.n; k++)
      assert_int_equal(ds.sources[0].tumour_scheme.labels[k].role, VG_ROLE_TUMOUR);
    vg_dataset_release(&ds);
  }
  /* The sources' own values stay where a format leaves them open. */
  vg_format_set set = new_set(NULL, NULL);
  must(vg_classes_add_name(&set.classes, "stem", VG_ROLE_ANATOMY));
  must_say(vg_dataset_format_find("brats2021")->schemes(&set), VG_CONFIG,
           "format brats2021 has no value for anatomy class");
  must(vg_scheme_parse("4=csf,5=gm,6=wm,16=stem", &set.anatomy));
  must(vg_dataset_format_find("brats2021")->schemes(&set));
  assert_int_equal(value_of(&set.anatomy, "stem"), 16);
}

static void schemes_of_editions(void **state) {
  (void)state;
  static const struct {
    const char *format;
    int necrosis, oedema, nonenhancing, enhancing;
  } rows[] = {{"brats2013", 1, 2, 3, 4},
              {"brats2021", 1, 2, 1, 4},
              {"brats2023", 1, 2, 1, 3},
              {"bids", 1, 2, 3, 4},
              {"nnunet", 2, 1, 3, 4}};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    const vg_dataset_format *f = vg_dataset_format_find(rows[r].format);
    vg_format_set set = new_set(NULL, "nonenhancing");
    must(f->schemes(&set));
    assert_int_equal(value_of(&set.tumour, "necrosis"), rows[r].necrosis);
    assert_int_equal(value_of(&set.tumour, "oedema"), rows[r].oedema);
    assert_int_equal(value_of(&set.tumour, "nonenhancing"), rows[r].nonenhancing);
    assert_int_equal(value_of(&set.tumour, "enhancing"), rows[r].enhancing);
    assert_string_equal(vg_scheme_find(&set.tumour, 1)->name, r == 4 ? "oedema" : "necrosis");
    set = new_set(NULL, "cavity");
    vg_status st = f->schemes(&set);
    if (r < 3)
      must_say(st, VG_CONFIG, "no value for tumour class cavity");
    else
      must(st);
  }
  assert_null(vg_dataset_format_find("nifti"));
}

static void names(void **state) {
  (void)state;
  static const struct {
    const char *format, *wanted, *id, *series, *path;
  } rows[] = {
      {"brats2021", "a b/c-1", "abc-1", "t1c", "abc-1/abc-1_t1ce.nii.gz"},
      {"brats2023", "..x.1", "x.1", "flair", "x.1/x.1-t2f.nii.gz"},
      {"bids", "sub-1_ses-02", "sub-1_ses-02", "t1",
       "sub-1/ses-02/anat/sub-1_ses-02_desc-synthetic_T1w.nii.gz"},
      {"bids", "synth-0001", "sub-synth0001", "t1c",
       "sub-synth0001/anat/sub-synth0001_ce-gadolinium_desc-synthetic_T1w.nii.gz"},
      {"bids", "x", "sub-x", "tumour", "sub-x/anat/sub-x_seg-tumour_desc-synthetic_dseg.nii.gz"},
      {"bids", "x", "sub-x", "anatomy", "sub-x/anat/sub-x_seg-anatomy_desc-synthetic_dseg.nii.gz"},
      {"nnunet", "case 1", "case1", "flair", "Dataset501_Synthetic/imagesTr/case1_0003.nii.gz"},
      {"nnunet", "case_1", "case_1", "tumour", "Dataset501_Synthetic/labelsTr/case_1.nii.gz"},
      {"nnunet", "case_1", "case_1", "anatomy", "Dataset501_Synthetic/anatomyTr/case_1.nii.gz"},
  };
  char buf[512];
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    const vg_dataset_format *f = vg_dataset_format_find(rows[r].format);
    vg_format_set set = new_set(NULL, NULL);
    must(f->schemes(&set));
    must(f->id(rows[r].wanted, buf, sizeof buf));
    assert_string_equal(buf, rows[r].id);
    vg_file_kind kind = !strcmp(rows[r].series, "tumour")    ? VG_FILE_TUMOUR
                        : !strcmp(rows[r].series, "anatomy") ? VG_FILE_ANATOMY
                                                             : VG_FILE_SERIES;
    must(f->path(&set, rows[r].id, kind, rows[r].series, buf, sizeof buf));
    assert_string_equal(buf, rows[r].path);
    vg_file_role role;
    assert_true(vg_layout_find(f->layout)->classify(NULL, buf, &role));
    assert_int_equal(role.kind, kind);
    assert_string_equal(role.id, rows[r].id);
    must_say(f->path(&set, rows[r].id, kind, rows[r].series, buf, 9), VG_CONFIG, "too long");
    must_say(f->path(&set, rows[r].id, VG_FILE_SERIES, "pd", buf, sizeof buf), VG_CONFIG, "'pd'");
    must_say(f->id(" / ", buf, sizeof buf), VG_CONFIG, "no letter or digit");
    must_say(f->id("abcdef", buf, 4), VG_CONFIG, "too long");
  }
  static const char *const folders[][2] = {{NULL, "Dataset501_Synthetic"},
                                           {"Dataset042_My-Tumours", "Dataset042_My-Tumours"},
                                           {"7_a b", "Dataset007_ab"},
                                           {"12", "Dataset012_Synthetic"},
                                           {"Glioma", "Dataset501_Glioma"}};
  const vg_dataset_format *f = vg_dataset_format_find("nnunet");
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    vg_format_set set = new_set(folders[i][0], NULL);
    must(f->schemes(&set));
    must(f->path(&set, "x", VG_FILE_TUMOUR, NULL, buf, sizeof buf));
    assert_true(vg_starts_with(buf, folders[i][1]) && buf[strlen(folders[i][1])] == '/');
  }
  static const char *const bad[] = {"0_None", "1000_Many", "12Name"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    vg_format_set set = new_set(bad[i], NULL);
    must_say(f->schemes(&set), VG_CONFIG, "a number from 1 to 999");
  }
}

static const char *nnunet_tree(const char *name, const char *description) {
  const char *dir = in_scratch(name);
  touch(dir, "imagesTr/a_0000.nii.gz");
  touch(dir, "imagesTr/a_0001.nii.gz");
  touch(dir, "labelsTr/a.nii.gz");
  mini_write_text(dir, "dataset.json", description);
  return dir;
}

static void data_sets_of_others(void **state) {
  (void)state;
  const char *dir = nnunet_tree(
      "others", "{\"channel_names\": {\"1\": \"FLAIR\", \"0\": \"T1-Gd\"}, \"labels\": {\"background\": 0, "
                "\"ED\": 1, \"Enhancing tumor\": 3, \"NCR/NET\": 2, \"brain stem\": 4}, \"numTraining\": 1, "
                "\"file_ending\": \".nii.gz\"}");
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "nnunet");
  assert_int_equal(ds.n, 1);
  assert_string_equal(ds.series.names[0], "t1c");
  assert_non_null(strstr(ds.subjects[0].series[0], "a_0000"));
  assert_string_equal(ds.series.names[1], "flair");
  assert_non_null(ds.subjects[0].tumour);
  char *text = vg_scheme_text(&ds.sources[0].tumour_scheme);
  assert_string_equal(text, "1=oedema:tumour,3=enhancing:tumour,2=necrosis:tumour,4=brain-stem");
  vg_free(text);
  vg_dataset_release(&ds);

  /* Regions of unknown names do not say what single values mean; the user can. */
  dir = nnunet_tree("regions", "{\"channel_names\": {\"0\": \"T1\", \"1\": \"Proton Density (PD)\"}, "
                               "\"labels\": {\"background\": 0, \"everything\": [1, 2], \"whole tumor\": 2}, "
                               "\"numTraining\": 1, \"file_ending\": \".nii.gz\"}");
  must_say(vg_dataset_add(&ds, dir, "nnunet", NULL, NULL), VG_DATA, "label 'everything' is a region");
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "nnunet", "1=oedema:tumour,2=necrosis:tumour", NULL));
  assert_non_null(ds.subjects[0].tumour);
  assert_string_equal(ds.series.names[1], "protondensitypd");
  vg_dataset_release(&ds);

  /* Two data sets below one root. */
  dir = in_scratch("two");
  touch(dir, "Dataset001_A/dataset.json");
  touch(dir, "Dataset002_B/dataset.json");
  must_say(vg_dataset_add(&ds, dir, "nnunet", NULL, NULL), VG_DATA, "several nnU-Net data sets");
  vg_dataset_release(&ds);

  /* A table of a BIDS data set that cannot be used is named. */
  dir = in_scratch("tables");
  touch(dir, "sub-1/anat/sub-1_label-lesion_dseg.nii.gz");
  touch(dir, "sub-1/anat/sub-1_dseg.nii.gz");
  mini_write_text(dir, "label-lesion_dseg.tsv", "index\tcolour\n1\tred\n");
  mini_write_text(dir, "dseg.tsv", "name\tindex\nunknown\t0\nGrey Matter\t5\nBrain stem (all)\t7\n");
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA,
           "no columns 'index' and 'name'; --tumour-scheme");
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "auto", "brats", NULL));
  assert_string_equal(ds.sources[0].tumour_scheme.name, "brats");
  text = vg_scheme_text(&ds.sources[0].anatomy_scheme);
  assert_string_equal(text, "5=gm,7=Brain-stem--all-");
  vg_free(text);
  vg_dataset_release(&ds);
}

/* dataset_description.json of a data set of ours tells its values, whatever the layout; others' is let be. */
static void descriptions_of_ones_own(void **state) {
  (void)state;
  const char *dir = in_scratch("described");
  vg_dataset ds = {0};
  vg_format_set set = new_set(NULL, "nonenhancing");
  must(vg_dataset_format_find("brats2023")->schemes(&set));
  char *text = vg_scheme_text(&set.tumour), description[256];
  assert_string_equal(text, "1=necrosis:tumour,2=oedema:tumour,3=enhancing:tumour");
  snprintf(description, sizeof description,
           "{\"voxgan\": {\"tumour_labels\": \"%s\", \"anatomy_labels\": \"4=gm,5=stem\"}}", text);
  vg_free(text);
  touch(dir, "a/a_seg.nii.gz");
  mini_write_text(dir, "manifest.csv", "id,tumour\na,a/a_seg.nii.gz\n");
  mini_write_text(dir, "dataset_description.json", description);
  char *manifest = vg_fs_join(dir, "manifest.csv");
  for (int csv = 0; csv < 2; csv++) {
    must(vg_dataset_add(&ds, csv ? manifest : dir, csv ? "auto" : "brats2021", NULL, NULL));
    assert_int_equal(value_of(&ds.sources[0].tumour_scheme, "enhancing"), 3);
    assert_int_equal(value_of(&ds.sources[0].anatomy_scheme, "stem"), 5);
    vg_dataset_release(&ds);
  }
  must(vg_dataset_add(&ds, dir, "brats2021", "brats", NULL));
  assert_int_equal(value_of(&ds.sources[0].tumour_scheme, "enhancing"), 4);
  vg_dataset_release(&ds);
  mini_write_text(dir, "dataset_description.json", "{\"voxgan\": {\"tumour_labels\": \"1=\"}}");
  must_say(vg_dataset_add(&ds, manifest, "auto", NULL, NULL), VG_DATA, "tumour_labels: scheme '1='");
  vg_dataset_release(&ds);
  mini_write_text(dir, "dataset_description.json", "no JSON");
  must(vg_dataset_add(&ds, manifest, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].tumour_scheme.name, "brats");
  vg_dataset_release(&ds);
  vg_free(manifest);
}

static void faults_of_dataset_json_are_named(void **state) {
  (void)state;
#define CHANNELS "\"channel_names\": {\"0\": \"T1\", \"1\": \"T2\"}"
#define LABELS "\"labels\": {\"background\": 0, \"tumour\": 1}"
#define ENDING "\"file_ending\": \".nii.gz\""
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"{\"chanel_names\": {}, " LABELS ", " ENDING "}",
       "no key 'channel_names'; is 'chanel_names' a typing error"},
      {"{" CHANNELS ", " ENDING "}", "no key 'labels'"},
      {"{" CHANNELS ", " LABELS "}", "no key 'file_ending'"},
      {"{" CHANNELS ", \"label\": {}, " ENDING "}", "is 'label' a typing error"},
      {"{\"modality\": {\"0\": \"T1\"}, " LABELS "}", "nnU-Net v1"},
      {"{" CHANNELS ", \"labels\": [], " ENDING "}", "'labels' is not an object"},
      {"{" CHANNELS ", " LABELS ", \"file_ending\": \".png\"}", "file_ending is '.png'"},
      {"{" CHANNELS ", " LABELS ", " ENDING ", \"dataset\": {}}", "under 'dataset'"},
      {"{\"channel_names\": {\"0\": \"T1\", \"2\": \"T2\"}, " LABELS ", " ENDING "}", "channel 1 of 2"},
      {"{\"channel_names\": {\"0\": \"T1\", \"1\": \"t1w\"}, " LABELS ", " ENDING "}", "are both t1"},
      {"{\"channel_names\": {\"0\": \"-\"}, " LABELS ", " ENDING "}", "which is not a valid name"},
      {"{" CHANNELS ", \"labels\": {\"a\": \"1\"}, " ENDING "}", "value of label 'a' is not a number"},
      {"{" CHANNELS ", \"labels\": {\"a\": 1.5}, " ENDING "}", "value '1.5' is not in"},
      {"{" CHANNELS ", \"labels\": {\"a\": 1, \"b\": 1}, " ENDING "}", "value 1 is given twice"},
      {"{" CHANNELS ", \"labels\": {\"background\": 0}, " ENDING "}", "only background"},
      {"{" CHANNELS, "dataset.json:1:"},
  };
  const char *dir = nnunet_tree("faulty", "{}");
  vg_dataset ds = {0};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    mini_write_text(dir, "dataset.json", bad[i].text);
    must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, bad[i].says);
    assert_non_null(strstr(vg_error(), "dataset.json"));
    vg_dataset_release(&ds);
  }
  char *path = vg_fs_join(dir, "dataset.json");
  must(vg_fs_remove(path));
  vg_free(path);
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "no dataset.json");
  vg_dataset_release(&ds);
  /* Channels that the description does not have are not the data set's. */
  touch(dir, "imagesTr/a_0007.nii.gz");
  mini_write_text(dir, "dataset.json", "{" CHANNELS ", " LABELS ", " ENDING "}");
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_int_equal(ds.series.n, 2);
  vg_dataset_release(&ds);
}

static void finishing_again_changes_nothing_and_says_what_fails(void **state) {
  (void)state;
  static const char *const ids[] = {"sub-1_ses-1", "sub-1_ses-2", "sub-12"};
  const vg_dataset_format *f = vg_dataset_format_find("bids");
  vg_format_set set = new_set(NULL, NULL);
  const char *root = in_scratch("again");
  must(vg_fs_make_dirs(root));
  must(f->schemes(&set));
  char first[VG_HASH_LEN], second[VG_HASH_LEN];
  static const char *const files[][2] = {
      {"participants.tsv", "participant_id\nsub-1\nsub-12\n"},
      {".bidsignore", "manifest.csv\ncontact-sheet-*.png\nprobabilities/\n*_scan.*\n"},
      {"seg-anatomy_desc-synthetic_dseg.tsv",
       "index\tname\tcolor\n0\tbackground\t#000000\n1\tcsf\t#3e5478\n2\tgm\t#707070\n3\twm\t#b0b0b0\n"}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char *path = vg_fs_join(root, files[i][0]);
    void *bytes;
    size_t len;
    must(f->finish(&set, root, ids, 3));
    must(vg_fs_read(path, &bytes, &len));
    assert_string_equal(bytes, files[i][1]);
    must(vg_hash_file(path, first));
    must(f->finish(&set, root, ids, 3));
    must(vg_hash_file(path, second));
    assert_string_equal(first, second);
    vg_free(bytes);
    vg_free(path);
  }
  assert_int_equal(f->finish(&set, in_scratch("none/such"), ids, 3), VG_IO);
  f = vg_dataset_format_find("nnunet");
  must(f->schemes(&set));
  for (long n = 1; n < 1000; n++) {
    vg_mem_fail_after(n);
    vg_status st = f->finish(&set, root, ids, 3);
    vg_mem_fail_after(0);
    if (!st) break;
    assert_int_equal(st, VG_MEMORY);
    assert_true(n < 999);
  }
}

/* Sources may have many values for a class; what is written has one, and its lookup table a row a class. */
static void many_values_become_one(void **state) {
  (void)state;
  const vg_dataset_format *f = vg_dataset_format_find("bids");
  vg_format_set set = {.name = NULL};
  must(vg_scheme_parse("freesurfer", &set.anatomy));
  must(vg_classes_add(&set.classes, &set.anatomy, VG_ROLE_ANATOMY));
  must(f->schemes(&set));
  static const uint16_t values[] = {24, 3, 10, 2, 4, 8, 16};
  assert_int_equal(set.anatomy.n, 7);
  for (int k = 0; k < 7; k++) {
    assert_int_equal(set.anatomy.labels[k].value, values[k]);
    assert_int_equal(set.anatomy.labels[k].more, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(formats_round_trip),
      cmocka_unit_test(many_values_become_one),
      cmocka_unit_test(anatomy_alone_and_classes_of_ones_own),
      cmocka_unit_test(schemes_of_editions),
      cmocka_unit_test(names),
      cmocka_unit_test(data_sets_of_others),
      cmocka_unit_test(descriptions_of_ones_own),
      cmocka_unit_test(faults_of_dataset_json_are_named),
      cmocka_unit_test(finishing_again_changes_nothing_and_says_what_fails),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
