/* test_train_edits.c: tumours in the label maps of training samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "base/number/extent.h"
#include "prep/maps_read.h"
#include "sample/case_images.h"
#include "study/train_edits.h"
#include "voxgan/log.h"
#include "voxgan/phantom.h"

enum { CASES = 3, SIDE = 40, SKIN = 9 };
static const vg_phantom_settings phantoms = {
    .subjects = CASES, .size = {SIDE, SIDE, SIDE}, .layout = "brats2021", .seed = 7};
static vg_dataset set;
static char *donors; /* folder of two subjects with a tumour */

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  char *dir = vg_strdup(in_scratch("maps"));
  must(vg_fs_make_dirs(dir));
  for (int k = 0; k < CASES; k++) {
    vg_labelmap m;
    char name[32];
    must(vg_phantom_make(&phantoms, k, false, NULL, NULL, &m));
    for (size_t i = 0; i < SIDE * SIDE * 2; i++) m.data[i] = m.data[i] ? m.data[i] : SKIN;
    snprintf(name, sizeof name, "head_seg_%d.nii", k);
    char *path = vg_fs_join(dir, name);
    must(vg_volume_write_labels(path, &m, 1));
    vg_free(path);
    vg_labelmap_release(&m);
  }
  vg_phantom_settings few = phantoms;
  few.subjects = 2;
  donors = vg_strdup(in_scratch("donors"));
  must(vg_phantom_write(donors, &few));
  must(vg_dataset_add(&set, dir, "labels", NULL, "1=csf,2=gm,3=wm"));
  vg_free(dir);
  return 0;
}

static int teardown(void **state) {
  vg_dataset_release(&set);
  vg_free(donors);
  return scratch_teardown(state);
}

/* What a training run makes of the maps. */
typedef struct world {
  vg_prep_settings prep;
  vg_train_edits *edits;
  vg_case cases[CASES];
  vg_status st; /* of opening the edits */
} world;

static vg_train_edits_options options_of(const char *chain, vg_edits_target target) {
  return (vg_train_edits_options){
      .chain = chain, .donors = "", .target = target, .share = 1, .variants = 1, .seed = 3};
}

static void world_open(world *w, const vg_train_edits_options *o) {
  *w = (world){.prep = {.margin = 2, .percentile = {0.5, 99.5}, .synthetic = true, .heads = true}};
  must(vg_series_parse("t1", &w->prep.series));
  must(vg_scheme_parse("1=fluid,2=cortex,3=white,9=skin", &w->prep.contrasts));
  must(vg_classes_add(&w->prep.classes, &set.sources[0].anatomy_scheme, VG_ROLE_ANATOMY));
  w->st = vg_train_edits_open(o, &w->prep.classes, &w->edits);
  if (w->st) return;
  must(vg_prep_add_kinds(&w->prep, &set.sources[0].anatomy_scheme));
  must(vg_train_edits_set_kinds(w->edits, &w->prep.kinds, &w->prep.contrasts, &w->prep.classes));
  for (int k = 0; k < CASES; k++) must(vg_prepare(&set, &set.subjects[k], &w->prep, &w->cases[k]));
}

static void world_close(world *w) {
  for (int k = 0; k < CASES; k++) vg_case_release(&w->cases[k]);
  vg_train_edits_free(w->edits);
}

static const vg_edited_map *edited(const world *w, int k, long epoch) {
  const vg_map_editor *e = vg_train_edits_editor(w->edits);
  const vg_edited_map *map;
  must(e->take(e->arg, &w->cases[k], (size_t)k, epoch, 0, &map));
  assert_non_null(map);
  e->give(e->arg, map);
  return map;
}

static const vg_randomise still = {
    .scale = {1, 1}, .elastic_mm = 25, .mean = {0.1, 1}, .bias_mm = 50, .slice = {1, 1}};

static vg_loader_settings loader_of(const world *w, int threads) {
  return (vg_loader_settings){.batch = 1,
                              .patch = {48, 48, 48},
                              .samples_per_epoch = 20,
                              .tumour_weight = 1,
                              .seed = 5,
                              .background = true,
                              .randomise = &still,
                              .kinds = vg_train_edits_kinds(w->edits),
                              .editor = vg_train_edits_editor(w->edits),
                              .synthetic_share = 1,
                              .threads = threads};
}

/* ---- what is learned ---- */

/* Without mass effect the tumour hides tissue, and the tissue's class stays. */
static void tissue_stays_under_the_tumour(void **state) {
  (void)state;
  world w;
  const vg_train_edits_options o = options_of("grow:ml=30", VG_EDITS_TISSUE);
  world_open(&w, &o);
  must(w.st);
  assert_int_equal(w.prep.classes.n, 3);
  const vg_kinds *kinds = vg_train_edits_kinds(w.edits);
  for (int k = 0; k < CASES; k++) {
    const vg_case *c = &w.cases[k];
    const vg_edited_map *m = edited(&w, k, 0);
    const size_t n = vg_extent_voxels(c->record.crop_dim);
    size_t tumour = 0, skin = 0;
    for (size_t i = 0; i < n; i++) {
      tumour += kinds->lesion[m->kinds[i]];
      skin += c->kinds[i] && !kinds->klass[c->kinds[i]];
      assert_int_equal(kinds->klass[m->kinds[i]], kinds->klass[c->kinds[i]]);
      if (!kinds->lesion[m->kinds[i]]) assert_int_equal(m->kinds[i], c->kinds[i]);
    }
    const double mm = 192.0 / SIDE, ml = (double)tumour * mm * mm * mm / 1000;
    assert_float_equal(ml, 30, 0.2);
    assert_true(skin > 1000);
    for (uint32_t i = 0; i < m->n_tumour; i++) assert_true(kinds->lesion[m->kinds[m->tumour[i]]]);
    assert_int_equal(m->n_tumour, tumour < 4096 ? tumour : 4096);
  }
  world_close(&w);
}

/* Skull that is learned is a class, and no place for a tumour. */
static void the_skull_has_no_tumours(void **state) {
  (void)state;
  const vg_scheme tissues = set.sources[0].anatomy_scheme;
  must(vg_scheme_parse("1=csf,2=gm,3=wm,9=skull", &set.sources[0].anatomy_scheme));
  world w;
  const vg_train_edits_options o = options_of("grow:ml=5,x=60,y=60,z=-83", VG_EDITS_TISSUE);
  world_open(&w, &o);
  set.sources[0].anatomy_scheme = tissues;
  must(w.st);
  const vg_kinds *kinds = vg_train_edits_kinds(w.edits);
  const vg_map_editor *e = vg_train_edits_editor(w.edits);
  const int skull = vg_classes_find(&w.prep.classes, "skull") + 1;
  assert_true(skull > 0);
  for (int k = 0; k < CASES; k++) {
    const vg_case *c = &w.cases[k];
    const double *origin = &c->record.ras.affine.m[0][3], mm = 192.0 / SIDE;
    int at[3];
    for (int a = 0; a < 3; a++)
      at[a] = (int)lround(((double[]){60, 60, -83}[a] - origin[4 * a]) / mm) - c->record.crop_lo[a];
    const size_t seed = vg_extent_index(c->record.crop_dim, at[0], at[1], at[2]);
    assert_int_equal(kinds->klass[c->kinds[seed]], skull);
    const vg_edited_map *map;
    must(e->take(e->arg, c, (size_t)k, 0, 0, &map));
    assert_null(map);
  }
  world_close(&w);
}

/* A tumour that pushes displaces tissue around it, within the brain's outline. */
static void mass_moves_the_tissue(void **state) {
  (void)state;
  world w;
  const vg_train_edits_options o = options_of("grow:ml=60,mass=1", VG_EDITS_TISSUE);
  world_open(&w, &o);
  must(w.st);
  const vg_kinds *kinds = vg_train_edits_kinds(w.edits);
  const vg_edited_map *m = edited(&w, 1, 0);
  const vg_case *c = &w.cases[1];
  size_t moved = 0;
  for (size_t i = 0; i < vg_extent_voxels(c->record.crop_dim); i++) {
    assert_true(!kinds->klass[m->kinds[i]] == !kinds->klass[c->kinds[i]]);
    moved += !kinds->lesion[m->kinds[i]] && m->kinds[i] != c->kinds[i];
  }
  assert_true(moved > 100);
  world_close(&w);
}

static void the_tumour_can_be_a_class(void **state) {
  (void)state;
  world w;
  vg_train_edits_options o = options_of("graft:at=random;scale:ml=40", VG_EDITS_TUMOUR);
  world_open(&w, &o);
  must(w.st);
  assert_int_equal(w.prep.classes.n, 4);
  assert_string_equal(w.prep.classes.names[3], VG_CLASS_TUMOUR);
  const vg_kinds *kinds = vg_train_edits_kinds(w.edits);
  const vg_edited_map *m = edited(&w, 0, 0);
  for (uint32_t i = 0; i < m->n_tumour; i++) assert_int_equal(kinds->klass[m->kinds[m->tumour[i]]], 4);
  /* A case for validation: its labels are those of the edited map. */
  must(vg_case_add_images(&w.cases[0], &still, kinds, m->kinds, 1));
  const size_t n = vg_extent_voxels(w.cases[0].record.dim);
  size_t with = 0;
  for (size_t i = 0; i < n; i++) {
    const int klass = kinds->klass[m->kinds[i]];
    for (int q = 0; q < 4; q++)
      assert_int_equal(w.cases[0].labels[(size_t)q * n + i], klass == q + 1 ? 255 : 0);
    with += klass == 4;
  }
  assert_true(with > 300);
  world_close(&w);
  o.target = VG_EDITS_CLASSES;
  world_open(&w, &o);
  must(w.st);
  assert_int_equal(w.prep.classes.n, 6);
  m = edited(&w, 0, 0);
  bool seen[8] = {false};
  for (uint32_t i = 0; i < m->n_tumour; i++)
    seen[vg_train_edits_kinds(w.edits)->klass[m->kinds[m->tumour[i]]]] = true;
  assert_true(!seen[1] && !seen[2] && !seen[3] && seen[5] + seen[4] + seen[6] >= 2);
  world_close(&w);
}

/* ---- samples ---- */

static uint64_t digest(const vg_batch *b, size_t channels) {
  uint64_t h = 14695981039346656037u;
  const size_t n = (size_t)b->n * (size_t)b->dim[0] * (size_t)b->dim[1] * (size_t)b->dim[2];
  for (size_t i = 0; i < (channels + 1) * n; i++) {
    uint32_t u;
    memcpy(&u, i < channels * n ? &b->labels[i] : &b->image[i - channels * n], 4);
    h = (h ^ u) * 0x100000001b3u;
  }
  return h;
}

static void same_bytes_for_any_threads(void **state) {
  (void)state;
  enum { BATCHES = 30 };
  uint64_t want[BATCHES];
  for (int threads = 1; threads <= 4; threads += 3) {
    world w;
    vg_train_edits_options o =
        options_of("graft:at=random,mass=0.5;scale:ml=uniform(10,40)", VG_EDITS_TUMOUR);
    o.donors = donors;
    o.share = 0.7;
    o.variants = 2;
    world_open(&w, &o);
    must(w.st);
    vg_loader_settings s = loader_of(&w, threads);
    s.patch[0] = 20, s.patch[1] = 24, s.patch[2] = 28;
    vg_loader *l;
    must(vg_loader_new(w.cases, CASES, &s, &l));
    for (int k = 0; k < BATCHES; k++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      const uint64_t h = digest(b, 5);
      if (threads == 1) want[k] = h;
      assert_true(h == want[k]);
    }
    vg_loader_free(l);
    world_close(&w);
  }
}

/* Whole heads show the tumour in the share of the samples; slices through it, where samples are centred on
 * it. */
static void samples_show_tumours(void **state) {
  (void)state;
  world w;
  vg_train_edits_options o = options_of("grow:ml=uniform(20,40)", VG_EDITS_TUMOUR);
  o.share = 0.5;
  world_open(&w, &o);
  must(w.st);
  enum { SAMPLES = 120 };
  for (int slices = 0; slices < 2; slices++) {
    vg_loader_settings s = loader_of(&w, 2);
    if (slices) s.patch[0] = 1, s.patch[1] = s.patch[2] = 33, s.tumour_share = 1;
    const size_t n = vg_extent_voxels(s.patch), middle = n / 2;
    int with = 0;
    vg_loader *l;
    must(vg_loader_new(w.cases, CASES, &s, &l));
    for (int k = 0; k < SAMPLES; k++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      const float *tumour = b->labels + 4 * n;
      bool any = false;
      for (size_t i = 0; i < n; i++) any |= tumour[i] > 0;
      with += slices ? tumour[middle] > 0 : any;
    }
    /* 4 standard deviations; unedited maps have none. */
    assert_in_range(with, SAMPLES / 2 - 22, SAMPLES / 2 + 22);
    vg_loader_free(l);
  }
  world_close(&w);
}

/* An epoch has tumours of its own, and so have variants. */
static void epochs_differ(void **state) {
  (void)state;
  world w;
  const vg_train_edits_options o = options_of("grow:ml=20", VG_EDITS_TISSUE);
  world_open(&w, &o);
  must(w.st);
  const size_t n = vg_extent_voxels(w.cases[0].record.crop_dim);
  uint8_t *first = malloc(n);
  memcpy(first, edited(&w, 0, 0)->kinds, n);
  assert_memory_not_equal(first, edited(&w, 0, 1)->kinds, n);
  assert_memory_equal(first, edited(&w, 0, 0)->kinds, n);
  free(first);
  world_close(&w);
}

/* ---- donors and faults ---- */

static void donors_are_a_data_set(void **state) {
  (void)state;
  char *bare = vg_strdup(in_scratch("bare"));
  vg_phantom_settings few = phantoms;
  world w;
  vg_train_edits_options o = options_of("graft:donor=random,at=random", VG_EDITS_TISSUE);
  o.donors = donors;
  world_open(&w, &o);
  must(w.st);
  assert_true(edited(&w, 2, 0)->n_tumour > 50);
  world_close(&w);
  o.chain = "graft:donor=nobody";
  world_open(&w, &o);
  must(w.st);
  must_say(vg_train_edits_try(w.edits, &w.cases[0]), VG_CONFIG, "no donor nobody");
  world_close(&w);
  few.layout = "bids";
  must(vg_phantom_write(bare, &few));
  o.donors = bare;
  world_open(&w, &o);
  must_say(w.st, VG_CONFIG, "no subject has a tumour map");
  world_close(&w);
  vg_free(bare);
}

static void faults_are_named(void **state) {
  (void)state;
  static const struct {
    const char *chain, *text;
  } wrong[] = {
      {"grew:ml=20", "train.edits: no edit grew; did you mean grow?"},
      {"grow:ml=20,mas=1", "train.edits: grow: no parameter mas; did you mean mass?"},
      {"grow:ml=uniform(5,5000)", "train.edits: grow:ml=uniform(5,5000): 5000 is not within 0.01 to 1000"},
      {"scale:factor=2", "none of its edits makes a tumour"}};
  world w;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const vg_train_edits_options o = options_of(wrong[i].chain, VG_EDITS_TISSUE);
    world_open(&w, &o);
    must_say(w.st, VG_CONFIG, wrong[i].text);
    world_close(&w);
  }
  vg_train_edits_options o = options_of("graft;scale:ml=900,fit=1,tries=3", VG_EDITS_TISSUE);
  o.donors = donors;
  world_open(&w, &o);
  must(w.st);
  must_say(vg_train_edits_try(w.edits, &w.cases[0]), VG_REFUSED,
           "train.edits: none of 20 draws is fit for use");
  /* In the midst of a training the map stays as it is. */
  const vg_map_editor *e = vg_train_edits_editor(w.edits);
  const vg_edited_map *map;
  must(e->take(e->arg, &w.cases[0], 0, 0, 0, &map));
  assert_null(map);
  world_close(&w);
  vg_classes classes = {0};
  must(vg_classes_add_name(&classes, "wm", VG_ROLE_ANATOMY));
  must(vg_classes_add_name(&classes, "core", VG_ROLE_TUMOUR));
  o = options_of("grow:ml=10", VG_EDITS_TISSUE);
  vg_train_edits *edits;
  must_say(vg_train_edits_open(&o, &classes, &edits), VG_CONFIG, "these have tumour classes (core, ...)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tissue_stays_under_the_tumour), cmocka_unit_test(mass_moves_the_tissue),
      cmocka_unit_test(the_tumour_can_be_a_class),     cmocka_unit_test(same_bytes_for_any_threads),
      cmocka_unit_test(samples_show_tumours),          cmocka_unit_test(epochs_differ),
      cmocka_unit_test(donors_are_a_data_set),         cmocka_unit_test(faults_are_named),
      cmocka_unit_test(the_skull_has_no_tumours),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return without_leaks(cmocka_run_group_tests(tests, setup, teardown));
}
