/* test_dataset.c: layouts read what they write, are guessed and named; incomplete and ambiguous data sets are
 * refused by name; splits keep persons together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "dataset/layout.h"
#include "dataset/split.h"
#include "scratch.h"
#include "voxgan/log.h"

static const char *fresh(const char *name) {
  const char *dir = in_scratch(name);
  must(vg_fs_make_dirs(dir));
  return dir;
}

static const vg_subject *by_id(const vg_dataset *ds, const char *id) {
  for (size_t i = 0; i < ds->n; i++)
    if (strcmp(ds->subjects[i].id, id) == 0) return &ds->subjects[i];
  fail_msg("no subject %s", id);
  return NULL;
}

/* What `path` names, `classify` reads back, in a tree of that layout found with and without its name. */
static void layouts_round_trip(void **state) {
  (void)state;
  static const struct {
    const char *layout, *id, *person, *scheme;
  } rows[] = {
      {"brats2013", "brats_2013_pat0001_1", "brats_2013_pat0001", "brats2013"},
      {"brats2021", "BraTS2021_00017", "BraTS2021_00017", "brats"},
      {"brats2021", "Brats18_TCIA08_242_1", "Brats18_TCIA08_242", "brats"},
      {"brats2023", "BraTS-GLI-00021-001", "BraTS-GLI-00021", "brats2023"},
      {"bids", "sub-1000_ses-02", "sub-1000", "brats"},
      {"bids", "sub-X1", "sub-X1", "brats"},
  };
  static const char *const series[] = {"t1", "t1c", "t2", "flair"};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    char name[32];
    snprintf(name, sizeof name, "round%zu", r);
    const char *dir = fresh(name);
    const vg_layout *l = vg_layout_find(rows[r].layout);
    assert_non_null(l);
    char relative[512];
    for (int k = 0; k < 6; k++) {
      vg_file_kind kind = k < 4 ? VG_FILE_SERIES : k == 4 ? VG_FILE_TUMOUR : VG_FILE_ANATOMY;
      must(l->path(rows[r].id, kind, k < 4 ? series[k] : NULL, relative, sizeof relative));
      vg_file_role role;
      assert_true(l->classify(NULL, relative, &role));
      assert_int_equal(role.kind, kind);
      assert_string_equal(role.id, rows[r].id);
      assert_string_equal(role.person, rows[r].person);
      if (k < 4) assert_string_equal(role.series, series[k]);
      touch(dir, relative);
    }
    assert_int_equal(l->path(rows[r].id, VG_FILE_SERIES, "pd", relative, sizeof relative), VG_CONFIG);
    assert_int_equal(l->path(rows[r].id, VG_FILE_SERIES, "t1", relative, 8), VG_CONFIG);
    for (int guess = 0; guess < 2; guess++) {
      vg_dataset ds = {0};
      must(vg_dataset_add(&ds, dir, guess ? "auto" : rows[r].layout, NULL, NULL));
      assert_int_equal(ds.n, 1);
      assert_string_equal(ds.sources[0].layout, rows[r].layout);
      assert_int_equal(ds.sources[0].guessed, guess);
      assert_string_equal(ds.sources[0].tumour_scheme.name, rows[r].scheme);
      assert_string_equal(ds.sources[0].anatomy_scheme.name,
                          strcmp(rows[r].layout, "bids") == 0 ? "bids" : "tissues");
      assert_int_equal(ds.series.n, 4);
      for (int k = 0; k < 4; k++) {
        assert_string_equal(ds.series.names[k], series[k]);
        assert_true(exists(ds.subjects[0].series[k]));
      }
      assert_true(exists(ds.subjects[0].tumour));
      assert_true(exists(ds.subjects[0].anatomy));
      vg_dataset_release(&ds);
    }
  }
  /* Every row is usable: unique, with help, and says no to a stranger's file. */
  const char *help;
  for (int i = 0; vg_layout_at(i, &help); i++) {
    vg_file_role role;
    assert_true(help && *help);
    assert_false(vg_layout_find(vg_layout_at(i, NULL))->classify(NULL, "a/b/notes.nii.gz", &role));
    for (int k = 0; k < i; k++) assert_string_not_equal(vg_layout_at(k, NULL), vg_layout_at(i, NULL));
  }
}

static void names_told_apart(void **state) {
  (void)state;
  static const struct {
    const char *layout, *path;
    vg_file_kind kind; /* OTHER: not of this layout */
    const char *id, *person, *series;
  } rows[] = {
      {"brats2021", "BraTS20_Training_355/W39_1998.09.19_Segm.nii", VG_FILE_TUMOUR, "BraTS20_Training_355",
       "BraTS20_Training_355", ""},
      {"brats2021", "BraTS20_Training_001/BraTS20_Training_001_t1ce.nii", VG_FILE_SERIES,
       "BraTS20_Training_001", "BraTS20_Training_001", "t1c"},
      {"brats2021", "HGG/brats_tcia_pat117_0042/brats_tcia_pat117_0042_flair.nii.gz", VG_FILE_SERIES,
       "brats_tcia_pat117_0042", "brats_tcia_pat117", "flair"},
      {"brats2021", "BraTS-GLI-00000-000/BraTS-GLI-00000-000-t1n.nii.gz", VG_FILE_OTHER, "", "", ""},
      {"brats2021", "a/_t1.nii.gz", VG_FILE_OTHER, "", "", ""},
      {"brats2021", "a/a_t1.json", VG_FILE_OTHER, "", "", ""},
      {"brats2023", "case-001-t1n.nii", VG_FILE_SERIES, "case-001", "case-001", "t1"},
      {"brats2023", "BraTS-MEN-00004-000-seg.hdr", VG_FILE_TUMOUR, "BraTS-MEN-00004-000", "BraTS-MEN-00004",
       ""},
      {"bids", "sub-1/anat/sub-1_acq-mprage_ce-gad_T1w.nii.gz", VG_FILE_SERIES, "sub-1", "sub-1", "t1c"},
      {"bids", "sub-1/ses-a/anat/sub-1_ses-a_FLAIR.nii", VG_FILE_SERIES, "sub-1_ses-a", "sub-1", "flair"},
      {"bids", "derivatives/fs/sub-1/anat/sub-1_desc-aseg_dseg.nii.gz", VG_FILE_ANATOMY, "sub-1", "sub-1",
       ""},
      {"bids", "derivatives/fs/sub-1/anat/sub-1_space-MNI_dseg.nii.gz", VG_FILE_OTHER, "", "", ""},
      {"bids", "derivatives/fs/sub-1/anat/sub-1_T1w.nii.gz", VG_FILE_OTHER, "", "", ""},
      {"bids", "sub-1/anat/sub-1_label-tumor_dseg.nii.gz", VG_FILE_TUMOUR, "sub-1", "sub-1", ""},
      {"bids", "sub-1/anat/sub-1_desc-tumourManual_dseg.nii.gz", VG_FILE_TUMOUR, "sub-1", "sub-1", ""},
      {"bids", "sub-1/func/sub-1_task-rest_bold.nii.gz", VG_FILE_OTHER, "", "", ""},
      {"bids", "sub-1/anat/sub-1_desc-brain_mask.nii.gz", VG_FILE_OTHER, "", "", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_file_role role;
    bool known = vg_layout_find(rows[i].layout)->classify(NULL, rows[i].path, &role);
    if (known != (rows[i].kind != VG_FILE_OTHER)) fail_msg("%s is %d", rows[i].path, known);
    if (!known) continue;
    assert_int_equal(role.kind, rows[i].kind);
    assert_string_equal(role.id, rows[i].id);
    assert_string_equal(role.person, rows[i].person);
    assert_string_equal(role.series, rows[i].series);
  }
}

static const uint16_t values_2013[5] = {0, 0, 2, 4, 3}, values_2021[5] = {0, 0, 2, 4, 1};

static void guesses_by_label_values(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 12, 12, 12, 4, 4, 4);
  for (int old = 0; old < 2; old++) {
    const char *dir = fresh(old ? "peek_a" : "peek_b");
    touch(dir, "k1/k1_t1.nii.gz");
    mini_write_labels(dir, "k1/k1_seg.nii.gz", g, 22, old ? values_2013 : values_2021);
    vg_dataset ds = {0};
    must(vg_dataset_add(&ds, dir, NULL, NULL, NULL));
    assert_string_equal(ds.sources[0].layout, old ? "brats2013" : "brats2021");
    vg_dataset_release(&ds);
  }
  /* The folder's name speaks where ids do not; ids speak over it. */
  const char *dir = fresh("mine2013");
  touch(dir, "a/a_t1.nii");
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "brats2013");
  vg_dataset_release(&ds);
  touch(dir, "a/Brats17_2013_10_1_t1.nii");
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_string_equal(ds.sources[0].layout, "brats2021");
  vg_dataset_release(&ds);
}

static void schemes_can_be_named(void **state) {
  (void)state;
  const char *dir = fresh("schemes");
  touch(dir, "a/a_t1.nii");
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", "brats2023", "1=liquid,2=rest"));
  assert_string_equal(ds.sources[0].tumour_scheme.name, "brats2023");
  assert_int_equal(ds.sources[0].anatomy_scheme.n, 2);
  vg_dataset_release(&ds);
  must_say(vg_dataset_add(&ds, dir, "brats2021", "brats2032", NULL), VG_CONFIG, "did you mean brats20");
  vg_dataset_release(&ds);
}

static void faults_are_named(void **state) {
  (void)state;
  vg_dataset ds = {0};
  const char *dir = fresh("faults");
  must_say(vg_dataset_add(&ds, dir, "brats2032", NULL, NULL), VG_CONFIG, "did you mean brats20");
  must_say(vg_dataset_add(&ds, dir, "zzz", NULL, NULL), VG_CONFIG,
           "brats2013, brats2021, brats2023, brats2024, brats2024_ped, brats2015, bids, nnunet, msd, adni, "
           "labels, scans, csv, auto");
  must_say(vg_dataset_add(&ds, in_scratch("nowhere"), "auto", NULL, NULL), VG_DATA, "nowhere: no such");
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "no volume (");
  must_say(vg_dataset_add(&ds, dir, "bids", NULL, NULL), VG_DATA, "no subject");
  touch(dir, "scan.nii.gz");
  must_say(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA, "none of its 1 volume has");
  touch(dir, "x/x_t1.nii.gz");
  touch(dir, "y/x_t1.nii");
  must_say(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL), VG_DATA,
           "subject x: two files claim to be its t1");
  vg_dataset_release(&ds);

  const char *a = fresh("twice_a"), *b = fresh("twice_b");
  touch(a, "x/x_t1.nii.gz");
  touch(b, "x/x_t2.nii.gz");
  must(vg_dataset_add(&ds, a, "brats2021", NULL, NULL));
  must_say(vg_dataset_add(&ds, b, "brats2021", NULL, NULL), VG_DATA, "subject x is both in");
  vg_dataset_release(&ds);
}

static void several_roots_and_wants(void **state) {
  (void)state;
  const char *a = fresh("multi_a"), *b = fresh("multi_b");
  /* The first root's series are known before t1 comes in front of them. */
  touch(a, "p/p_t2.nii.gz");
  touch(a, "p/p_seg.nii.gz");
  touch(a, "q/q_t2.nii.gz");
  touch(b, "BraTS-GLI-00001-000/BraTS-GLI-00001-000-t1n.nii.gz");
  touch(b, "BraTS-GLI-00001-000/BraTS-GLI-00001-000-t2w.nii.gz");
  touch(b, "BraTS-GLI-00001-000/BraTS-GLI-00001-000-seg.nii.gz");
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, a, "auto", NULL, NULL));
  must(vg_dataset_add(&ds, b, "auto", NULL, NULL));
  assert_int_equal(ds.n, 3);
  assert_int_equal(ds.series.n, 2);
  assert_string_equal(ds.series.names[0], "t1");
  assert_string_equal(ds.series.names[1], "t2");
  for (size_t i = 1; i < ds.n; i++) assert_true(strcmp(ds.subjects[i - 1].id, ds.subjects[i].id) < 0);
  const vg_subject *p = by_id(&ds, "p"), *g = by_id(&ds, "BraTS-GLI-00001-000");
  assert_null(p->series[0]);
  assert_non_null(strstr(p->series[1], "p_t2"));
  assert_non_null(strstr(g->series[0], "-t1n"));
  assert_non_null(strstr(g->series[1], "-t2w"));
  assert_string_equal(ds.sources[p->source].layout, "brats2021");
  assert_string_equal(ds.sources[g->source].layout, "brats2023");

  vg_wanted wanted = {.tumour = true};
  must(vg_series_parse("t2", &wanted.series));
  must_say(vg_dataset_require(&ds, &wanted), VG_DATA, "subject q (");
  assert_non_null(strstr(vg_error(), "lacks a tumour map"));
  assert_int_equal(ds.n, 3);
  must(vg_series_parse("t2,t1", &wanted.series));
  must_say(vg_dataset_require(&ds, &wanted), VG_DATA, "subject p (");
  assert_non_null(strstr(vg_error(), "lacks t1; 1 more subject is also incomplete"));
  assert_null(strstr(vg_error(), "--"));
  wanted.train = true;
  must_say(vg_dataset_require(&ds, &wanted), VG_DATA,
           "also incomplete; --skip-incomplete goes on with the other 1");
  vg_wanted other = {.train = true};
  must(vg_series_parse("t1,scan", &other.series));
  must_say(vg_dataset_require(&ds, &other), VG_DATA, "; the data have t1,t2: --set data.series=t1,t2");
  vg_wanted maps = {.anatomy = true, .train = true};
  must_say(
      vg_dataset_require(&ds, &maps), VG_DATA,
      "lacks an anatomy map; 2 more subjects are also incomplete; without anatomy maps: --anatomy brain");
  ds.skip_incomplete = true;
  must(vg_dataset_require(&ds, &wanted));
  assert_int_equal(ds.n, 1);
  assert_string_equal(ds.subjects[0].id, "BraTS-GLI-00001-000");
  wanted.anatomy = true;
  ds.skip_incomplete = true;
  must_say(vg_dataset_require(&ds, &wanted), VG_DATA, "no subject is complete");
  vg_dataset_release(&ds);

  /* A file stands for its case alone. */
  char *file = vg_fs_join(a, "p/p_seg.nii.gz");
  must(vg_dataset_add(&ds, file, "auto", NULL, NULL));
  assert_int_equal(ds.n, 1);
  assert_string_equal(ds.subjects[0].id, "p");
  assert_non_null(ds.subjects[0].series[0]);
  vg_free(file);
  vg_dataset_release(&ds);
}

static void write_text(const char *path, const char *text) {
  must(vg_fs_write_atomic(path, text, strlen(text)));
}

static void manifest(void **state) {
  (void)state;
  const char *dir = fresh("manifest");
  touch(dir, "vol/one.nii");
  touch(dir, "vol/two.nii.gz");
  touch(dir, "vol/lab.nii.gz");
  char *csv = vg_fs_join(dir, "list.csv");
  write_text(csv, "id,pd,t1,anatomy,person,necrosis_ml,seed\ns1,vol/one.nii,vol/two.nii.gz,vol/lab.nii.gz,"
                  "anna,1.5,7\ns2,,vol/two.nii.gz,,anna,,7\n");
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, csv, "auto", NULL, "1=csf,2=gm"));
  assert_int_equal(ds.n, 2);
  assert_string_equal(ds.sources[0].layout, "csv");
  assert_int_equal(ds.series.n, 2);              /* numbers are a manifest's own business */
  assert_string_equal(ds.series.names[0], "t1"); /* before pd, whatever the columns' order */
  assert_string_equal(ds.series.names[1], "pd");
  assert_non_null(strstr(ds.subjects[0].series[1], "vol/one.nii"));
  assert_null(ds.subjects[1].series[1]);
  assert_non_null(ds.subjects[0].anatomy);
  assert_string_equal(ds.subjects[1].person, "anna");
  vg_dataset_release(&ds);

  static const struct {
    const char *text, *says;
  } bad[] = {
      {"name,t1\ns1,vol/one.nii\n", "no column 'id'"},
      {"id,t1\ns1,vol/none.nii\n", "list.csv:2: column t1"},
      {"id,t1\ns1,12\n", "'12' is not the path of a volume"},
      {"id,t1\ns1,vol/one.nii\ns1,vol/one.nii\n", "id s1 occurs twice"},
      {"id,pd\ns1,vol/one.nii\ns2,12\n", "list.csv:3: column pd"},
      {"id,t1\n\n,vol/one.nii\n", "list.csv:3: id '' cannot be part of a file's name: it is empty"},
      {"id,t1\n", "no subject"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    write_text(csv, bad[i].text);
    must_say(vg_dataset_add(&ds, csv, "csv", NULL, NULL), VG_DATA, bad[i].says);
    vg_dataset_release(&ds);
  }

  /* What a subject lacks: file and line, also after subjects were sorted, selected and joined. */
  const vg_wanted wanted = {.series = {1, {"t1"}}, .tumour = true};
  vg_dataset some = {0}, joined = {0};
  write_text(csv, "id,t1,tumour,anatomy\nz,vol/one.nii,vol/lab.nii.gz,vol/lab.nii.gz\n\nb,,vol/"
                  "lab.nii.gz,vol/lab.nii.gz\n");
  must(vg_dataset_add(&ds, csv, "csv", "1=core", "1=csf"));
  must_say(vg_dataset_require(&ds, &wanted), VG_DATA, "list.csv:4) lacks t1");
  must(vg_dataset_select(&ds, NULL, &some));
  must_say(vg_dataset_require(&some, &wanted), VG_DATA, "list.csv:4) lacks t1");
  must(vg_dataset_join(&ds, &some, &joined));
  must_say(vg_dataset_require(&joined, &wanted), VG_DATA, "list.csv:4) lacks t1");
  vg_dataset_release(&joined);
  vg_dataset_release(&some);
  vg_dataset_release(&ds);
  vg_free(csv);
}

/* The names of FreeSurfer's and SynthSeg's maps, or of their column, tell the scheme. */
static void schemes_of_manifests(void **state) {
  (void)state;
  const char *dir = fresh("schemes");
  static const char *const files[] = {"p_aseg.mgz", "q_aparc+aseg.nii.gz", "p_synthseg.nii.gz",
                                      "p1a_seg.nii.gz", "laseg.nii"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) touch(dir, files[i]);
  char *csv = vg_fs_join(dir, "list.csv");
  static const struct {
    const char *text, *given, *scheme;
    bool assumed;
  } rows[] = {
      {"id,anatomy\np,p_aseg.mgz\nq,q_aparc+aseg.nii.gz\n", NULL, "freesurfer", false},
      {"id,anatomy\np,p_synthseg.nii.gz\n", NULL, "synthseg", false},
      {"id,SynthSeg\np,p1a_seg.nii.gz\n", NULL, "synthseg", false},
      {"id,aparc+aseg\np,p1a_seg.nii.gz\n", NULL, "freesurfer", false},
      {"id,anatomy\np,p_aseg.mgz\n", "tissues", "tissues", false},
      {"id,anatomy\np,p_aseg.mgz\nq,p_synthseg.nii.gz\n", NULL, "tissues", true},
      {"id,anatomy\np,p_aseg.mgz\nq,p1a_seg.nii.gz\n", NULL, "tissues", true},
      {"id,anatomy\np,p1a_seg.nii.gz\nq,laseg.nii\n", NULL, "tissues", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_dataset ds = {0};
    write_text(csv, rows[i].text);
    must(vg_dataset_add(&ds, csv, "csv", NULL, rows[i].given));
    assert_string_equal(ds.sources[0].anatomy_scheme.name, rows[i].scheme);
    assert_int_equal(ds.sources[0].assumed[VG_ROLE_ANATOMY], rows[i].assumed);
    vg_dataset_release(&ds);
  }
  vg_free(csv);
}

/* Headers as people write them. */
/* A list of several scans of a patient must not make a person of each. */
static void persons_of_manifests(void **state) {
  (void)state;
  const char *dir = fresh("persons");
  touch(dir, "a.nii");
  char *csv = vg_fs_join(dir, "list.csv");
  static const char *const texts[] = {
      "id,t1,Patient ID\np,a.nii,s\n",
      "subject,patient,t1\np,s,a.nii\n",
      "id,t1,subject\np,a.nii,s\n",
      "id,person,patient,t1\np,s,x,a.nii\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    vg_dataset ds = {0};
    write_text(csv, texts[i]);
    must(vg_dataset_add(&ds, csv, "csv", NULL, NULL));
    assert_string_equal(ds.subjects[0].id, "p");
    assert_string_equal(ds.subjects[0].person, "s");
    vg_dataset_release(&ds);
  }
  vg_free(csv);
}

static void headers_of_manifests(void **state) {
  (void)state;
  const char *dir = fresh("headers");
  touch(dir, "a.nii");
  touch(dir, "b.nii");
  touch(dir, "l.nii");
  char *csv = vg_fs_join(dir, "list.csv");
  static const struct {
    const char *text, *says; /* says NULL: read, with t1, t1c and a tumour map */
  } rows[] = {
      {"ID,T1,T1C,TUMOUR\np,a.nii,b.nii,l.nii\n", NULL},
      {"id;T1w;T1ce;seg\np;a.nii;b.nii;l.nii\n", NULL},
      {"Subject\tT1\tT1-Gd\tTumor map\np\ta.nii\tb.nii\tl.nii\n", NULL},
      {"participant_id,t1,t1c,Segmentation,label\np,a.nii,b.nii,l.nii,HGG\n", NULL},
      {"id,t1,t1c,t1ce\np,a.nii,b.nii,b.nii\n", "columns 't1c' and 't1ce' are both t1c"},
      {"id,t1,T1\np,a.nii,b.nii\n", "columns 't1' and 'T1' are both t1"},
      {"id,t1,seg,tumour\np,a.nii,l.nii,l.nii\n", "columns 'seg' and 'tumour' are both the tumour map"},
      {"id,t1,mask\np,a.nii,l.nii\n", "column 'mask' could be a tumour map or an anatomy map"},
      {"id,t1,lesion_mask\np,a.nii,l.nii\n", "column 'lesion_mask' could be a tumour map or an anatomy map"},
      {"id,t1,T1 Seg\np,a.nii,l.nii\n", "column 'T1 Seg' could be"},
      {"id,t1,ground truth\np,a.nii,l.nii\n", "column 'ground truth' could be"},
      {"id,id,t1\np,q,a.nii\n", "are both the id"},
      {"id,t1,\np,a.nii,b.nii\n", "3 cells, but the header has 2"},
      {"id,,t1\np,a.nii,b.nii\n", "column 2 has paths, but no header"},
      {"name,t1\np,a.nii\n", "no column 'id' in its header (name, t1)"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_dataset ds = {0};
    write_text(csv, rows[i].text);
    if (rows[i].says) {
      must_say(vg_dataset_add(&ds, csv, "csv", NULL, NULL), VG_DATA, rows[i].says);
    } else {
      must(vg_dataset_add(&ds, csv, "csv", NULL, NULL));
      assert_int_equal(ds.series.n, 2);
      assert_string_equal(ds.series.names[1], "t1c");
      assert_non_null(strstr(ds.subjects[0].series[1], "b.nii"));
      assert_non_null(strstr(ds.subjects[0].tumour, "l.nii"));
      assert_string_equal(ds.subjects[0].id, "p");
      assert_string_equal(ds.subjects[0].person, "p");
    }
    vg_dataset_release(&ds);
  }
  vg_free(csv);
}

static void series_lists(void **state) {
  (void)state;
  vg_series_list s;
  must(vg_series_parse(" flair, t1c ", &s));
  assert_int_equal(s.n, 2);
  assert_int_equal(vg_series_find(&s, "t1c"), 1);
  assert_int_equal(vg_series_find(&s, "t2"), -1);
  must_say(vg_series_parse("t1,t1", &s), VG_CONFIG, "t1 occurs twice");
  must(vg_series_parse("T1w,t1ce,pd", &s));
  assert_string_equal(s.names[0], "t1");
  assert_string_equal(s.names[1], "t1c");
  assert_string_equal(s.names[2], "pd");
  must_say(vg_series_parse("t1,,t2", &s), VG_CONFIG, "empty");
  must_say(vg_series_parse("", &s), VG_CONFIG, "series ''");
  must_say(vg_series_parse("a,b,c,d,e,f,g,h,i", &s), VG_CONFIG, "more than 8");
  must_say(vg_series_parse("abcdefghijklmnopqrst", &s), VG_CONFIG, "longer");
}

static void splits_keep_persons_together(void **state) {
  (void)state;
  const char *dir = fresh("split");
  char name[96];
  for (int p = 0; p < 10; p++)
    for (int t = 0; t < 1 + p % 3; t++) {
      snprintf(name, sizeof name, "BraTS-GLI-%05d-%03d-t1n.nii.gz", p, t);
      touch(dir, name);
    }
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "auto", NULL, NULL));
  assert_int_equal(ds.n, 19);
  bool val[19], again[19], other[19];
  must(vg_dataset_split(&ds, 0.3, 5, val));
  must(vg_dataset_split(&ds, 0.3, 5, again));
  must(vg_dataset_split(&ds, 0.3, 6, other));
  assert_memory_equal(val, again, sizeof val);
  assert_memory_not_equal(val, other, sizeof val);
  int persons = 0;
  for (size_t i = 0; i < ds.n; i++) {
    if (i == 0 || strcmp(ds.subjects[i].person, ds.subjects[i - 1].person) != 0)
      persons += val[i];
    else
      assert_int_equal(val[i], val[i - 1]);
  }
  assert_int_equal(persons, 3);

  const char *path = in_scratch("split.json");
  vg_json *j = vg_dataset_split_json(&ds, val);
  must(vg_json_write(path, j));
  vg_json_free(j);
  memset(again, 1, sizeof again);
  must(vg_dataset_split_read(&ds, path, again));
  assert_memory_equal(val, again, sizeof val);
  write_text(path, "{\"train\": [\"BraTS-GLI-00000-000\"], \"val\": []}");
  must_say(vg_dataset_split_read(&ds, path, again), VG_DATA,
           "BraTS-GLI-00001-000 of the data set is missing");
  write_text(path, "{\"train\": [\"nobody\"], \"val\": []}");
  must_say(vg_dataset_split_read(&ds, path, again), VG_DATA, "'nobody' is not in the data set");
  write_text(path, "{\"train\": []}");
  must_say(vg_dataset_split_read(&ds, path, again), VG_DATA, "no list 'val'");

  /* At least one on either side, whatever the share. */
  static const struct {
    double share;
    int wanted;
  } shares[] = {{0, 0}, {0.001, 1}, {1, 9}};
  for (int k = 0; k < 3; k++) {
    must(vg_dataset_split(&ds, shares[k].share, 1, val));
    persons = 0;
    for (size_t i = 0; i < ds.n; i++)
      if (i == 0 || strcmp(ds.subjects[i].person, ds.subjects[i - 1].person) != 0) persons += val[i];
    assert_int_equal(persons, shares[k].wanted);
  }
  vg_dataset_release(&ds);
}

/* Parts of data sets put together: ids stay apart, paths stay with their series. */
static void selections_and_their_images(void **state) {
  (void)state;
  touch(in_scratch("sel/a"), "p1/p1_t1.nii.gz");
  touch(in_scratch("sel/a"), "p1/p1_seg.nii.gz");
  touch(in_scratch("sel/a"), "p2/p2_flair.nii.gz");
  touch(in_scratch("sel/b"), "p1/p1_t2.nii.gz");
  touch(in_scratch("sel/b"), "p1/p1_t1.nii.gz");
  touch(in_scratch("sel/c"), "sub-p1/anat/sub-p1_dseg.nii.gz");
  vg_dataset a = {0}, b = {0}, c = {0}, all = {0};
  must(vg_dataset_add(&a, in_scratch("sel/a"), "brats2021", NULL, NULL));
  must(vg_dataset_add(&b, in_scratch("sel/b"), "brats2021", NULL, NULL));
  must(vg_dataset_add(&c, in_scratch("sel/c"), "bids", NULL, NULL));
  must(vg_dataset_select(&b, NULL, &all));
  must(vg_dataset_select(&a, (const bool[]){true, false}, &all));
  assert_int_equal(all.n, 2);
  assert_string_equal(all.subjects[0].id, "p1");
  assert_string_equal(all.subjects[1].id, "p1+2");
  assert_string_equal(all.subjects[1].person, "p1");
  assert_string_equal(all.sources[all.subjects[1].source].root, a.sources[0].root);
  assert_string_equal(all.subjects[1].tumour, a.subjects[0].tumour);
  assert_null(all.subjects[0].tumour);
  int t1 = vg_series_find(&all.series, "t1"), t2 = vg_series_find(&all.series, "t2");
  assert_non_null(strstr(all.subjects[0].series[t1], "sel/b/p1/p1_t1"));
  assert_non_null(strstr(all.subjects[0].series[t2], "sel/b/p1/p1_t2"));
  assert_non_null(strstr(all.subjects[1].series[t1], "sel/a/p1/p1_t1"));
  assert_null(all.subjects[1].series[t2]);

  must(vg_dataset_add_series(&c, &a)); /* sub-p1 is p1 */
  assert_string_equal(c.subjects[0].series[vg_series_find(&c.series, "t1")], a.subjects[0].series[0]);
  assert_null(c.subjects[0].series[vg_series_find(&c.series, "flair")]);
  vg_dataset_release(&a);
  vg_dataset_release(&b);
  vg_dataset_release(&c);
  vg_dataset_release(&all);
}

/* Ids are found by an index: 60,000 of them one by one would take a minute. */
static void many_subjects(void **state) {
  (void)state;
  enum { N = 60000 };
  vg_dataset ds = {0}, copy = {0};
  vg_subject *s;
  char id[32];
  ds.sources = VG_NEW_N(vg_source, 2);
  ds.sources[0].root = vg_strdup("one");
  ds.sources[1].root = vg_strdup("two");
  ds.n_sources = 2;
  alarm(60);
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < N; i++) {
      snprintf(id, sizeof id, "p%d", (int)((long long)i * 7919 % N));
      assert_int_equal(vg_dataset_subject(&ds, id, id, 0, &s), VG_OK);
      assert_string_equal(s->id, id);
    }
  assert_int_equal(ds.n, N);
  assert_int_equal(vg_dataset_subject(&ds, "p77", "p77", 1, &s), VG_DATA);
  vg_dataset_sort(&ds);
  size_t at;
  assert_int_equal(vg_dataset_find_id(&ds, "p1000", &at), VG_OK);
  assert_string_equal(ds.subjects[at].id, "p1000");
  assert_int_equal(vg_dataset_find_id(&ds, "q", &at), VG_OK);
  assert_int_equal(at, N);
  bool *side = VG_NEW_N(bool, N);
  size_t n = 0;
  assert_int_equal(vg_dataset_split(&ds, 0.25, 1, side), VG_OK);
  for (size_t i = 0; i < N; i++) n += side[i];
  assert_int_equal(n, N / 4);
  /* Twice into one set: each id of the second gets a number. */
  assert_int_equal(vg_dataset_select(&ds, side, &copy), VG_OK);
  assert_int_equal(vg_dataset_select(&ds, side, &copy), VG_OK);
  assert_int_equal(copy.n, N / 2);
  /* Series and maps of equal ids, too. */
  vg_dataset maps = {0};
  assert_int_equal(vg_dataset_select(&ds, NULL, &maps), VG_OK);
  maps.n_sources = 1; /* the other one has no subject */
  vg_free(maps.sources[1].root);
  for (size_t i = 0; i < N; i++) {
    assert_int_equal(vg_dataset_series(&maps, "t1"), 0);
    maps.subjects[i].series[0] = vg_strdup(maps.subjects[i].id);
    maps.subjects[i].anatomy = vg_strdup(maps.subjects[i].id);
  }
  assert_int_equal(vg_dataset_add_series(&ds, &maps), VG_OK);
  assert_int_equal(vg_dataset_take_anatomy(&ds, &maps), VG_OK);
  for (size_t i = 0; i < N; i++) {
    assert_string_equal(ds.subjects[i].series[0], ds.subjects[i].id);
    assert_string_equal(ds.subjects[i].anatomy, ds.subjects[i].id);
  }
  vg_dataset_release(&maps);
  alarm(0);
  vg_free(side);
  vg_dataset_release(&ds);
  vg_dataset_release(&copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_subjects),
      cmocka_unit_test(layouts_round_trip),
      cmocka_unit_test(names_told_apart),
      cmocka_unit_test(guesses_by_label_values),
      cmocka_unit_test(schemes_can_be_named),
      cmocka_unit_test(faults_are_named),
      cmocka_unit_test(several_roots_and_wants),
      cmocka_unit_test(manifest),
      cmocka_unit_test(schemes_of_manifests),
      cmocka_unit_test(persons_of_manifests),
      cmocka_unit_test(headers_of_manifests),
      cmocka_unit_test(series_lists),
      cmocka_unit_test(splits_keep_persons_together),
      cmocka_unit_test(selections_and_their_images),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
