/* test_study.c: a case of a study depends only on its number; cases keep the plan's counts, and are checked
 * before they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "mini_tree.h"
#include "study/study_json.h"
#include "voxgan/log.h"
#include "voxgan/phantom.h"
#include "base/pool.h"
#include "voxgan/study.h"

/* Hosts: three healthy phantoms with tissue maps, three of a patient's with tumours besides. */
static char healthy[128], patients[128];

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  vg_log_set_level(VG_LOG_ERROR);
  snprintf(healthy, sizeof healthy, "%s/healthy", scratch);
  snprintf(patients, sizeof patients, "%s/patients", scratch);
  vg_phantom_settings s = {.subjects = 3, .size = {36, 36, 36}, .layout = "bids", .seed = 3};
  if (vg_phantom_write(healthy, &s)) return -1;
  s.layout = "brats2021";
  s.anatomy = true;
  s.first = 10;
  return vg_phantom_write(patients, &s) ? -1 : 0;
}

static vg_study_options options_of(const char *const *hosts) {
  return (vg_study_options){.hosts = {hosts, 1, NULL, 0}, .seed = 7};
}

static vg_study *opened(const vg_study_options *o) {
  vg_study *s;
  must(vg_study_open(o, &s));
  return s;
}

/* The plan, written to a file. */
static const char *plan_file(const char *text) {
  const char *path = in_scratch("plan.json");
  must(vg_fs_write_atomic(path, text, strlen(text)));
  return path;
}

static vg_study *planned(const char *text, uint64_t seed) {
  vg_study_options o = {.plan = plan_file(text), .seed = seed};
  return opened(&o);
}

/* The edits of a case as text; borrowed until the next call. */
static const char *edits_of(const vg_study_case *c) {
  static char *text;
  vg_str edits = VG_STR_INIT;
  vg_edit_log_text(&c->edits, NULL, NULL, &edits);
  free(text);
  text = strdup(vg_str_text(&edits));
  vg_str_release(&edits);
  return text;
}

/* Everything that a case is, as text. */
static void digest(const vg_study_case *c, char *out, size_t size) {
  char hash[3][VG_HASH_LEN];
  size_t n = vg_geometry_voxels(&c->maps.geo);
  vg_str donors = VG_STR_INIT;
  vg_edit_log_donors(&c->edits, NULL, NULL, &donors);
  vg_hash(c->maps.tumour, n, hash[0]);
  vg_hash(c->maps.anatomy, n, hash[1]);
  vg_hash(c->maps.brain, n, hash[2]);
  snprintf(out, size, "%s %s %s %s %s %d %.9g %.8s %.8s %.8s", c->id, c->cohort, c->source, edits_of(c),
           vg_str_text(&donors), c->redraws, c->facts.total_ml, hash[0], hash[1], hash[2]);
  vg_str_release(&donors);
}

typedef struct making {
  vg_study *s;
  char (*out)[512];
} making;

static vg_status make_one(void *arg, size_t k) {
  const making *m = arg;
  vg_study_case c;
  vg_status st = vg_study_make(m->s, k, &c);
  if (st) return st;
  digest(&c, m->out[k], sizeof m->out[k]);
  vg_study_case_release(&c);
  return VG_OK;
}

static void unedited(void **state) {
  (void)state;
  vg_study_options o = options_of((const char *[]){patients});
  vg_study *s = opened(&o);
  char id[128], cohort[64];
  assert_int_equal(vg_study_count(s), 3);
  assert_string_equal(vg_study_layout(s), "brats2021");
  assert_int_equal(vg_study_seed(s), 7);
  const vg_classes *k = vg_study_class_set(s);
  static const char *const names[] = {"csf", "gm", "wm", "necrosis", "oedema", "enhancing"};
  assert_int_equal(k->n, 6);
  for (int i = 0; i < 6; i++) assert_string_equal(k->names[i], names[i]);
  assert_int_equal(vg_study_scheme(s, VG_ROLE_TUMOUR)->n, 3);
  assert_int_equal(vg_study_scheme(s, VG_ROLE_TUMOUR)->labels[2].value, 4);
  assert_int_equal(vg_study_scheme(s, VG_ROLE_ANATOMY)->n, 3);
  for (size_t i = 0; i < 3; i++) {
    vg_study_case c;
    must(vg_study_make(s, i, &c));
    vg_study_name(s, i, id, cohort);
    assert_string_equal(c.id, id);
    assert_string_equal(c.id, c.source); /* the host's own */
    assert_string_equal(edits_of(&c), "");
    assert_int_equal(c.redraws, 0);
    assert_true(c.facts.total_ml > 0);
    vg_study_case_release(&c);
  }
  vg_study_free(s);
  o.numbered = true;
  o.prefix = "case";
  s = opened(&o);
  vg_study_name(s, 2, id, cohort);
  assert_string_equal(id, "case-00003");
  vg_study_free(s);
}

static void cases_a_host(void **state) {
  (void)state;
  vg_study_options o = options_of((const char *[]){patients});
  o.edits = (const char *[]){"type:necrosis=uniform(0.1,0.9)"};
  o.n_edits = 1;
  o.per_case = 2;
  vg_study *s = opened(&o);
  assert_int_equal(vg_study_count(s), 6);
  char text[6][512];
  making m = {s, text};
  for (size_t k = 0; k < 6; k++) must(make_one(&m, k));
  assert_non_null(strstr(text[0], "synth-00001 all BraTS2021_00010 type:necrosis=0."));
  assert_non_null(strstr(text[1], "synth-00002 all BraTS2021_00010 type:necrosis=0."));
  assert_non_null(strstr(text[2], "synth-00003 all BraTS2021_00011"));
  assert_string_not_equal(text[0] + 12, text[1] + 12);
  vg_study_free(s);
}

#define PATIENTS "\"hosts\": {\"path\": \"patients\", \"layout\": \"brats2021\"}"
#define HEALTHY "\"hosts\": {\"path\": \"healthy\"}, \"donors\": {\"path\": \"patients\"}"

/* Two cohorts with redraws in both: the volume asked is met by some draws only. */
static const char busy[] =
    "{" HEALTHY ", \"cohorts\": ["
    "  {\"name\": \"grafts\", \"count\": 5, \"edits\": [\"graft:donor=random\"],"
    "   \"mix\": [{\"edits\": [\"scale:ml=uniform(5,60)\"]}, {\"edits\": [\"type:grade=low\"]}],"
    "   \"volume_ml\": [2, 45]},"
    "  {\"name\": \"own\", \"count\": 2, " PATIENTS ", \"edits\": [\"type:oedema=uniform(3,19)\"]}]}";

static void same_whatever_the_order(void **state) {
  (void)state;
  enum { N = 7 };
  char forwards[N][512], backwards[N][512], threads[N][512];
  vg_study *a = planned(busy, 5), *b = planned(busy, 5), *c = planned(busy, 5), *other = planned(busy, 6);
  making m = {a, forwards};
  assert_int_equal(vg_study_count(a), N);
  for (size_t k = 0; k < N; k++) must(make_one(&m, k));
  m = (making){b, backwards};
  for (size_t k = N; k-- > 0;) must(make_one(&m, k));
  vg_threads_set(4);
  m = (making){c, threads};
  must(vg_parallel(N, make_one, &m));
  int redraws = 0;
  for (size_t k = 0; k < N; k++) {
    assert_string_equal(forwards[k], backwards[k]);
    assert_string_equal(forwards[k], threads[k]);
    for (size_t j = 0; j < k; j++) assert_string_not_equal(forwards[k] + 12, forwards[j] + 12);
    vg_study_case again;
    must(vg_study_make(a, k, &again));
    redraws += again.redraws;
    assert_int_equal(again.redraws > 0, again.reasons.len > 0);
    vg_study_case_release(&again);
  }
  assert_true(redraws > 0);
  /* Another seed, other cases. */
  m = (making){other, backwards};
  must(make_one(&m, 3));
  assert_string_not_equal(forwards[3], backwards[3]);
  vg_study_free(a);
  vg_study_free(b);
  vg_study_free(c);
  vg_study_free(other);
}

static void balance(void **state) {
  (void)state;
  vg_study *s = planned("{" HEALTHY ", \"cohorts\": [{\"count\": 12, \"edits\": [\"graft\"], \"balance\": "
                        "{\"volume_ml\": [4, 12, 40], \"hemisphere\": [\"left\", \"right\"]}}]}",
                        2);
  int volumes[2] = {0}, sides[2] = {0}, hosts[3] = {0};
  for (size_t k = 0; k < 12; k++) {
    vg_study_case c;
    must(vg_study_make(s, k, &c));
    double ml = c.facts.total_ml, voxel = 0.152;
    assert_true(ml > 4 - voxel && ml < 40 + voxel);
    volumes[ml > 12]++;
    assert_int_equal(c.facts.left_share > 0.5, strstr(edits_of(&c), "left-hemisphere") != NULL);
    assert_true(c.facts.left_share >= 0.9 || c.facts.left_share <= 0.1);
    sides[c.facts.left_share > 0.5]++;
    hosts[c.source[strlen(c.source) - 1] - '0']++;
    assert_true(strstr(edits_of(&c), "donor=") && c.facts.outside_ml == 0);
    vg_study_case_release(&c);
  }
  assert_true(volumes[0] == 6 && volumes[1] == 6);
  assert_true(sides[0] == 6 && sides[1] == 6);
  for (int h = 0; h < 3; h++) assert_int_equal(hosts[h], 4);
  vg_study_free(s);
}

static void impossible(void **state) {
  (void)state;
  vg_study *s = planned("{" PATIENTS ", \"cohorts\": [{\"name\": \"huge\", \"count\": 2, \"edits\": "
                        "[\"type:grade=low\"], \"volume_ml\": [900, 901]}]}",
                        1);
  vg_study_case c;
  long live = vg_mem_live();
  must_say(vg_study_make(s, 0, &c), VG_REFUSED, "synth-00001: cohort huge, host BraTS2021_000");
  assert_non_null(strstr(vg_error(), "none of 20 draws is fit for use; the last: the tumour has "));
  assert_non_null(strstr(vg_error(), " ml, not 900 to 901"));
  vg_study_free(s);
  assert_true(vg_mem_live() <= live);
  /* Without an edit nothing is drawn again. */
  s = planned("{" PATIENTS ", \"cohorts\": [{\"count\": 1, \"volume_ml\": [900, 901]}]}", 1);
  must_say(vg_study_make(s, 0, &c), VG_REFUSED, "synth-00001: the tumour has ");
  vg_study_free(s);
  /* An edit that has nothing to edit. */
  vg_study_options o = options_of((const char *[]){healthy});
  o.edits = (const char *[]){"type:grade=low"};
  o.n_edits = 1;
  o.redraws = 3;
  s = opened(&o);
  must_say(vg_study_make(s, 0, &c), VG_REFUSED,
           "none of 3 draws is fit for use; the last: type: there is no tumour");
  vg_study_free(s);
}

/* Puts a label map of zeros in place of another. */
static void blank(const char *path) {
  vg_labelmap map;
  vg_volume_header info;
  must(vg_volume_read_labels(path, &map, &info));
  memset(map.data, 0, vg_geometry_voxels(&map.geo) * sizeof *map.data);
  must(vg_volume_write_labels(path, &map, 1));
  vg_labelmap_release(&map);
}

static void bad_sources(void **state) {
  (void)state;
  vg_study *s = NULL;
  vg_study_case c;
  static const struct {
    const char *plan;
    vg_status st;
    const char *says;
  } rows[] = {
      {"{\"cohorts\": [{\"count\": 1}]}", VG_CONFIG, "cohort cohort-1: no hosts are named"},
      {"{\"cohorts\": [{\"count\": 1, \"hosts\": {\"path\": \"nowhere\"}}]}", VG_DATA, "nowhere: no such"},
      {"{\"cohorts\": [{\"count\": 1, \"hosts\": {\"path\": \"healthy\", \"layout\": \"bds\"}}]}", VG_CONFIG,
       "did you mean bids?"},
      {"{\"cohorts\": [{\"count\": 1, \"hosts\": {\"path\": \"patients\", \"ids\": [\"BraTS2021_00019\"]}}]}",
       VG_CONFIG, "no subject BraTS2021_00019 in "},
      {"{\"cohorts\": [{\"count\": 1, \"hosts\": {\"path\": \"healthy\"}, \"edits\": [\"graft\"]}]}",
       VG_CONFIG, "its edits need donors, but none are named and no host has a tumour map"},
      {"{\"cohorts\": [{\"count\": 1, \"hosts\": {\"path\": \"healthy\"}, \"donors\": {\"path\": "
       "\"healthy\"}, "
       "\"edits\": [\"graft\"]}]}",
       VG_DATA, "lacks a tumour map"},
      {"{" HEALTHY ", \"cohorts\": [{\"count\": 1, \"edits\": [\"graft:donor=BraTS2021_00021\"]}]}",
       VG_CONFIG, "graft: no donor BraTS2021_00021; did you mean BraTS2021_00011?"},
      {"{" HEALTHY ", \"cohorts\": [{\"count\": 1, \"edits\": [\"graft:dnor=x\"]}]}", VG_CONFIG,
       "cohorts[0].edits[0]: graft: no parameter dnor; did you mean donor?"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    long live = vg_mem_live();
    vg_study_options o = {.plan = plan_file(rows[i].plan)};
    must_say(vg_study_open(&o, &s), rows[i].st, rows[i].says);
    assert_null(s);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_study_options both = {.plan = in_scratch("plan.json"), .per_case = 2};
  must_say(vg_study_open(&both, &s), VG_USAGE, "a plan has its own edits");

  /* A host whose map is empty, and a donor whose tumour map is. */
  vg_phantom_settings p = {
      .subjects = 1, .size = {32, 32, 32}, .layout = "brats2021", .seed = 3, .anatomy = true};
  char empty[128], path[256];
  snprintf(empty, sizeof empty, "%s/empty", scratch);
  must(vg_phantom_write(empty, &p));
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, empty, "auto", NULL, NULL));
  snprintf(path, sizeof path, "%s", ds.subjects[0].tumour);
  blank(path);
  vg_study_options o = options_of((const char *[]){healthy});
  o.donors = (vg_roots){(const char *[]){empty}, 1, NULL, 0};
  o.edits = (const char *[]){"graft"};
  o.n_edits = 1;
  o.redraws = 2;
  s = opened(&o);
  must_say(vg_study_make(s, 0, &c), VG_REFUSED, "none of 2 draws is fit for use; the last: graft: donor ");
  vg_study_free(s);
  char edit[160];
  snprintf(edit, sizeof edit, "graft:donor=%s", ds.subjects[0].id);
  o.edits = (const char *[]){edit};
  s = opened(&o);
  must_say(vg_study_make(s, 0, &c), VG_DATA, "has no tumour");
  vg_study_free(s);
  blank(ds.subjects[0].anatomy);
  o = options_of((const char *[]){empty});
  s = opened(&o);
  must_say(vg_study_make(s, 0, &c), VG_DATA, "so there is no brain");
  vg_study_free(s);
  vg_dataset_release(&ds);
}

/* Classes of donors join those of hosts by name; their values do too, where they are free. */
static void merged_classes(void **state) {
  (void)state;
  char old[128];
  snprintf(old, sizeof old, "%s/old", scratch);
  vg_phantom_settings p = {.subjects = 1, .size = {32, 32, 32}, .layout = "brats2013", .seed = 3};
  must(vg_phantom_write(old, &p));
  vg_study_options o = options_of((const char *[]){healthy});
  o.donors = (vg_roots){(const char *[]){old}, 1, NULL, 0};
  o.edits = (const char *[]){"graft"};
  o.n_edits = 1;
  vg_study *s = opened(&o);
  assert_int_equal(vg_study_class_set(s)->n, 7); /* donors have no anatomy map, but that is not used */
  const vg_scheme *scheme = vg_study_scheme(s, VG_ROLE_TUMOUR);
  assert_int_equal(scheme->n, 4);
  assert_string_equal(vg_scheme_find(scheme, 3)->name, "nonenhancing");
  vg_study_case c;
  must(vg_study_make(s, 0, &c));
  assert_true(c.facts.total_ml > 0);
  vg_labelmap map;
  must(vg_maps_labels(&c.maps, VG_ROLE_TUMOUR, scheme, &map));
  vg_labelmap_release(&map);
  vg_study_case_release(&c);
  vg_study_free(s);
  /* Hosts without an anatomy map: one class stands for it. */
  o.hosts = (vg_roots){(const char *[]){old, healthy}, 2, NULL, 0};
  o.n_edits = 0;
  s = opened(&o);
  assert_true(vg_classes_find(vg_study_class_set(s), "brain") >= 0);
  assert_string_equal(vg_scheme_find(vg_study_scheme(s, VG_ROLE_ANATOMY), 4)->name, "brain");
  vg_study_free(s);
  /* A grown tumour needs classes where no source has one. */
  o = options_of((const char *[]){healthy});
  s = opened(&o);
  assert_int_equal(vg_study_class_set(s)->n, 3);
  vg_study_free(s);
  o.edits = (const char *[]){"type"};
  o.n_edits = 1;
  s = opened(&o);
  assert_int_equal(vg_study_class_set(s)->n, 6);
  vg_study_free(s);
  /* The data that a model needs, and the data that may be missing. */
  o = options_of((const char *[]){healthy});
  o.need_tumour = true;
  must_say(vg_study_open(&o, &s), VG_DATA, "lacks a tumour map");
  o.hosts = (vg_roots){(const char *[]){old, healthy}, 2, NULL, 0};
  o.skip_incomplete = true;
  s = opened(&o);
  assert_int_equal(vg_study_count(s), 1);
  vg_study_free(s);
}

static void described(void **state) {
  (void)state;
  char *text = NULL;
  size_t size;
  vg_study *s = planned(busy, 5);
  FILE *f = open_memstream(&text, &size);
  must(vg_study_describe(s, f));
  fclose(f);
  static const char *const wanted[] = {"study: 7 cases, seed 5",
                                       "cohort grafts: 5 cases, synth-00001 to synth-00005",
                                       "3 subjects of ",
                                       "graft:donor=random",
                                       "3: scale:ml=uniform(5,60)",
                                       "2: type:grade=low",
                                       "2 to 45 ml",
                                       "graft:donor=BraTS2021_0001",
                                       "synth-00007"};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    if (!strstr(text, wanted[i])) fail_msg("no '%s' in:\n%s", wanted[i], text);
  free(text);
  vg_study_free(s);
}

static void as_json(void **state) {
  (void)state;
  vg_study *a = planned(busy, 5), *b = planned(busy, 5), *c = planned(busy, 6);
  vg_json *nodes[] = {vg_study_to_json(a), vg_study_to_json(b), vg_study_to_json(c)};
  char *text[3];
  for (int i = 0; i < 3; i++) assert_non_null(text[i] = vg_json_print(nodes[i], false));
  assert_string_equal(text[0], text[1]);
  assert_string_not_equal(text[0], text[2]);
  assert_non_null(strstr(text[0], "\"donors\":[\"BraTS2021_00010\""));
  assert_non_null(strstr(text[0], "\"volume_ml\":[2,45]"));
  assert_null(strstr(text[0], scratch)); /* no folder of this machine */
  for (int i = 0; i < 3; i++) {
    vg_free(text[i]);
    vg_json_free(nodes[i]);
  }
  vg_study_free(a);
  vg_study_free(b);
  vg_study_free(c);
}

static void out_of_memory(void **state) {
  (void)state;
  static const char text[] = "{" PATIENTS ", \"cohorts\": [{\"count\": 1, \"edits\": [\"type:grade=low\"]}]}";
  const char *path = plan_file(text);
  int failed = 0;
  /* Every place of a long run would take long. */
  for (long n = 1; n < 100000; n += 1 + n / 9) {
    long live = vg_mem_live();
    vg_study_options o = {.plan = path, .seed = 1};
    vg_study *s;
    vg_study_case c;
    vg_mem_fail_after(n);
    vg_status st = vg_study_open(&o, &s);
    if (!st) st = vg_study_make(s, 0, &c);
    vg_mem_fail_after(0);
    if (!st) vg_study_case_release(&c);
    vg_study_free(s);
    assert_int_equal(vg_mem_live(), live);
    if (!st) break;
    assert_int_equal(st, VG_MEMORY);
    failed++;
  }
  assert_true(failed > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unedited),
      cmocka_unit_test(cases_a_host),
      cmocka_unit_test(same_whatever_the_order),
      cmocka_unit_test(balance),
      cmocka_unit_test(impossible),
      cmocka_unit_test(bad_sources),
      cmocka_unit_test(merged_classes),
      cmocka_unit_test(described),
      cmocka_unit_test(as_json),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, setup, scratch_teardown);
}
