/* Suite privacy: recognises copies of training volumes despite noise, mirroring, contrast and a bias field;
 * distinguishes a model that knows its training subjects from one that does not; names the checks that were
 * not done. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "eval/privacy/neighbours.h"
#include "dataset/layout.h"
#include "eval/model/evaluation.h"
#include "eval/privacy/membership.h"
#include "io/table.h"
#include "mini_tree.h"
#include "scratch.h"
#include "voxgan/evaluate.h"
#include "voxgan/log.h"
#include "voxgan/phantom.h"
#include "base/pool.h"
#include "voxgan/rng.h"

enum { SIZE = 32, TRAIN = 7, HELD_OUT = 4, SYNTH = 5 };

static char train_dir[256], held_dir[256], honest_dir[256], copies_dir[256], out_dir[256];
static char tiny_train[256], tiny_held[256], tiny_synth[256]; /* where voxels do not matter */

static void phantoms(const char *dir, int first, int n, int size) {
  vg_phantom_settings p = {
      .subjects = n, .size = {size, size, size}, .layout = "brats2021", .seed = 5, .first = first};
  must(vg_phantom_write(dir, &p));
}

/* ---- what a copy may have undergone ---- */

static void change(int how, vg_volume *v, int salt) {
  const int nx = v->geo.dim[0], ny = v->geo.dim[1], nz = v->geo.dim[2];
  vg_rng r = vg_rng_init(9, (uint64_t)salt);
  for (int i = 0; i < nx * ny * nz; i++) {
    const int x = i % nx, y = i / nx % ny;
    float *f = &v->data[i];
    if (*f == 0) continue;
    if (how == 0 || how == 1) *f += (float)(0.06 * 1000 * vg_rng_normal(&r)); /* noise */
    if (how == 2) *f = 7 + 3 * *f;                                            /* gain and offset */
    if (how == 3) *f = (float)(1000 * pow(fabs((double)*f) / 1000, 1.6));     /* gamma */
    if (how == 4) *f *= (float)exp(0.5 * x / nx - 0.4 * y / ny);              /* bias field */
    if (*f < 1) *f = 1;
  }
  if (how != 1) return;
  for (int row = 0; row < ny * nz; row++)
    for (int x = 0; x < nx / 2; x++) {
      float *a = &v->data[row * nx + x], *b = &v->data[row * nx + nx - 1 - x], kept = *a;
      *a = *b;
      *b = kept;
    }
}

/* Training subject k as a synthetic one of another name: its images changed, and, mirrored, its tumour map
 * too. */
static void copy(const vg_dataset *train, int k, int how) {
  const vg_subject *s = &train->subjects[k];
  char name[256], id[32];
  snprintf(id, sizeof id, "BraTS2021_%05d", 900 + k);
  for (int m = 0; m <= train->series.n; m++) {
    const bool map = m == train->series.n;
    vg_volume v = {0};
    must(vg_volume_read(map ? s->tumour : s->series[m], &v, NULL));
    if (!map || how == 1) change(map ? 1 : how, &v, map ? 0 : k * 10 + m);
    if (map)
      for (int i = 0; i < SIZE * SIZE * SIZE; i++) v.data[i] = roundf(v.data[i]);
    must(vg_layout_find("brats2021")
             ->path(id, map ? VG_FILE_TUMOUR : VG_FILE_SERIES, map ? "" : train->series.names[m], name,
                    sizeof name));
    char *path = vg_fs_join(copies_dir, name), *dir = vg_fs_dirname(path);
    must(vg_fs_make_dirs(dir));
    if (map) {
      vg_labelmap labels = {.geo = v.geo};
      must(vg_labelmap_new(&v.geo, &labels));
      vg_volume plain = {0};
      must(vg_volume_read(s->tumour, &plain, NULL));
      for (int i = 0; i < SIZE * SIZE * SIZE; i++) {
        const int x = i % SIZE;
        labels.data[i] = (uint16_t)plain.data[how == 1 ? i - x + SIZE - 1 - x : i];
      }
      must(vg_volume_write_labels(path, &labels, 1));
      vg_labelmap_release(&labels);
      vg_volume_release(&plain);
    } else {
      must(vg_volume_write(path, &v, NULL));
    }
    vg_volume_release(&v);
    vg_free(path);
    vg_free(dir);
  }
}

static int make_sets(void **state) {
  vg_log_set_level(VG_LOG_ERROR);
  if (scratch_setup(state)) return -1;
  snprintf(train_dir, sizeof train_dir, "%s", in_scratch("train"));
  snprintf(held_dir, sizeof held_dir, "%s", in_scratch("held"));
  snprintf(honest_dir, sizeof honest_dir, "%s", in_scratch("honest"));
  snprintf(copies_dir, sizeof copies_dir, "%s", in_scratch("copies"));
  snprintf(out_dir, sizeof out_dir, "%s", in_scratch("out"));
  snprintf(tiny_train, sizeof tiny_train, "%s", in_scratch("tiny_train"));
  snprintf(tiny_held, sizeof tiny_held, "%s", in_scratch("tiny_held"));
  snprintf(tiny_synth, sizeof tiny_synth, "%s", in_scratch("tiny_synth"));
  phantoms(train_dir, 100, TRAIN, SIZE);
  phantoms(held_dir, 200, HELD_OUT, SIZE);
  phantoms(honest_dir, 300, SYNTH, SIZE);
  phantoms(tiny_train, 100, TRAIN, 16);
  phantoms(tiny_held, 200, HELD_OUT, 16);
  phantoms(tiny_synth, 300, 1, 16);
  vg_dataset train = {0};
  must(vg_dataset_add(&train, train_dir, "brats2021", NULL, NULL));
  for (int k = 0; k < SYNTH; k++) copy(&train, k, k);
  vg_dataset_release(&train);
  return 0;
}

/* ---- running it ---- */

static vg_eval_settings settings(const char *synth) {
  return (vg_eval_settings){.real = held_dir,
                            .synth = synth,
                            .train = train_dir,
                            .real_layout = "brats2021",
                            .synth_layout = "brats2021",
                            .train_layout = "brats2021",
                            .out = out_dir,
                            .suites = "privacy"};
}

static vg_eval_settings tiny(void) {
  vg_eval_settings s = settings(tiny_synth);
  s.real = tiny_held;
  s.train = tiny_train;
  return s;
}

static const vg_json *find(const vg_eval *e, const char *list, const char *key, const char *value,
                           const char *space) {
  const vg_json *rows = vg_json_get(vg_eval_summary(e), list);
  for (const vg_json *r = vg_json_first(rows); r; r = vg_json_next(r)) {
    if (strcmp(vg_json_string(vg_json_get(r, key), ""), value) != 0) continue;
    if (!space || !strcmp(vg_json_string(vg_json_get(r, "space"), ""), space)) return r;
  }
  return NULL;
}

static double figure(const vg_eval *e, const char *metric, const char *space, const char *what) {
  const vg_json *row = find(e, "sets", "metric", metric, space);
  if (!row) fail_msg("no %s in %s", metric, space);
  return vg_json_number(vg_json_get(row, what), (double)NAN);
}

static void assert_verdict(const vg_eval *e, const char *check, const char *verdict, const char *text) {
  const vg_json *row = find(e, "verdicts", "check", check, NULL);
  if (!row) fail_msg("no verdict on %s", check);
  const char *said = vg_json_string(vg_json_get(row, "text"), "");
  if (strcmp(vg_json_string(vg_json_get(row, "verdict"), ""), verdict) != 0 || !strstr(said, text))
    fail_msg("%s: %s: %s; wanted %s: %s", check, vg_json_string(vg_json_get(row, "verdict"), ""), said,
             verdict, text);
}

static void new_subjects_are_no_copies(void **state) {
  (void)state;
  vg_eval *e;
  vg_eval_settings s = settings(honest_dir);
  must(vg_eval_run(&s, &e));
  static const char *const spaces[] = {"image", "structure", "patches", "tumour"};
  for (int k = 0; k < 4; k++) {
    if (k != 2) assert_float_equal(figure(e, "near_copies", spaces[k], "value"), 0, 0);
    if (k != 2) assert_true(figure(e, "near_copies", spaces[k], "ci_high") > 0.4);
    assert_true(figure(e, "nearest_distance", spaces[k], "value") > 0.7);
  }
  assert_verdict(e, "near-copies of images", "none found", "no near-copy among 5 synthetic volumes");
  assert_verdict(e, "near-copies of images", "none found", "does not show");
  assert_verdict(e, "near-copies of labels", "none found", "");
  assert_verdict(e, "membership", "not tested", "--model");
  assert_verdict(e, "identifiers", "none found", "");
  vg_eval_free(e);
}

static void copies_are_found(void **state) {
  (void)state;
  vg_eval *e;
  vg_eval_settings s = settings(copies_dir);
  vg_table t;
  must(vg_eval_run(&s, &e));
  /* gamma and the bias field are what the space structure is for */
  assert_float_equal(figure(e, "near_copies", "structure", "value"), 1, 0);
  assert_true(figure(e, "near_copies", "image", "value") >= 0.6);
  assert_float_equal(figure(e, "near_copies", "structure", "n_synth"), SYNTH, 0);
  assert_true(figure(e, "nearest_distance", "structure", "value") < 0.5);
  assert_true(figure(e, "nearer_to_train", "structure", "value") >= 4.0 / 7);
  assert_float_equal(figure(e, "inauthentic", "structure", "value"), 1, 0);
  assert_verdict(e, "near-copies of images", "found", "5 of 5 synthetic volumes (100.0 %");
  assert_verdict(e, "near-copies of images", "found", "BraTS2021_00901 of BraTS2021_00101 (mirrored)");
  assert_verdict(e, "near-copies of labels", "found", "BraTS2021_00900 of BraTS2021_00100");
  char *path = vg_fs_join(out_dir, "neighbours.csv");
  must(vg_table_read(path, &t));
  for (size_t r = 1; r < t.rows; r++) {
    if (strcmp(vg_table_cell(&t, r, 1), "structure") != 0) continue;
    const char *id = vg_table_cell(&t, r, 0), *nearest = vg_table_cell(&t, r, 2);
    assert_string_equal(id + strlen(id) - 2, nearest + strlen(nearest) - 2);
    assert_string_equal(vg_table_cell(&t, r, 5), strstr(id, "901") ? "1" : "0");
    assert_string_equal(vg_table_cell(&t, r, 6), "1");
  }
  vg_table_release(&t);
  vg_free(path);
  vg_eval_free(e);
}

static void same_by_any_number_of_threads(void **state) {
  (void)state;
  char *text[2];
  for (int k = 0; k < 2; k++) {
    vg_eval *e;
    vg_eval_settings s = settings(copies_dir);
    vg_threads_set(1 + k);
    must(vg_eval_run(&s, &e));
    text[k] = vg_json_print(vg_eval_summary(e), true);
    vg_eval_free(e);
  }
  assert_string_equal(text[0], text[1]);
  vg_free(text[0]);
  vg_free(text[1]);
}

/* ---- membership, by a model that is made up ---- */

static double known_by,
    untrained_by; /* how much less it errs on training subjects, and an untrained one does */

static vg_status made_up(const vg_membership_options *o, vg_membership *out) {
  vg_rng r = vg_rng_init(1, 2);
  if (!strcmp(o->model, "broken")) return vg_fail(VG_DATA, "broken: not a model");
  for (size_t i = 0; i < o->n; i++) {
    const bool member = strstr(o->subjects[i].subject->id, "_001") != NULL;
    const double chance = vg_rng_normal(&r);
    out[i] = (vg_membership){.error = chance - (member ? known_by : 0),
                             .judged = (double)NAN,
                             .untrained_error = vg_rng_normal(&r) - (member ? untrained_by : 0),
                             .untrained_judged = (double)NAN};
  }
  return VG_OK;
}

static vg_eval *ask(const char *model) {
  vg_eval *e;
  vg_eval_settings s = tiny();
  s.model = model;
  s.membership = made_up;
  must(vg_eval_run(&s, &e));
  return e;
}

static void membership_is_judged(void **state) {
  (void)state;
  known_by = 9;
  untrained_by = 0;
  vg_eval *e = ask("model");
  assert_float_equal(figure(e, "membership_auc", "reconstruction", "value"), 1, 0);
  assert_true(figure(e, "membership_auc", "reconstruction", "ci_low") > 0.5);
  assert_null(find(e, "sets", "metric", "membership_auc", "discriminator"));
  assert_verdict(e, "membership", "found", "AUC 1.00");
  vg_eval_free(e);
  untrained_by = 9;
  e = ask("model");
  assert_verdict(e, "membership", "inconclusive", "differ by more than training");
  vg_eval_free(e);
  known_by = untrained_by = 0;
  e = ask("model");
  assert_verdict(e, "membership", "none found", "does not show that no other would");
  vg_eval_free(e);
  e = ask("broken");
  assert_verdict(e, "membership", "not tested", "broken: not a model");
  vg_eval_free(e);
}

/* ---- who was trained on ---- */

static void split_says_who(void **state) {
  (void)state;
  char run[256];
  snprintf(run, sizeof run, "%s", in_scratch("run"));
  must(vg_fs_make_dirs(run));
  mini_write_text(
      run, "split.json",
      "{\"train\": [\"BraTS2021_00100\", \"BraTS2021_00101\", \"BraTS2021_00102\", \"BraTS2021_00103\"], "
      "\"val\": [\"BraTS2021_00104\"]}");
  known_by = 0;
  vg_eval *e = ask(run);
  const vg_json *row = find(e, "sets", "metric", "membership_auc", "reconstruction");
  /* four of --train; its other three and those of --real */
  assert_non_null(strstr(vg_json_string(vg_json_get(row, "note"), ""), "4 trained on, 7 held out"));
  vg_eval_free(e);
  mini_write_text(run, "split.json", "{\"train\": [\"somebody\"], \"val\": []}");
  vg_eval_settings s = tiny();
  s.model = run;
  must_say(vg_eval_run(&s, &e), VG_DATA, "split.json");
  /* Real subjects that were trained on are not held out: then there is no one to attack with. */
  s = tiny();
  s.real = tiny_train;
  s.model = "model";
  s.membership = made_up;
  must(vg_eval_run(&s, &e));
  assert_verdict(e, "membership", "not tested", "two held-out");
  assert_true(isnan(figure(e, "near_copies", "image", "floor")));
  vg_eval_free(e);
}

static void without_a_training_set(void **state) {
  (void)state;
  vg_eval *e;
  vg_eval_settings s = tiny();
  s.train = NULL;
  must(vg_eval_run(&s, &e));
  assert_verdict(e, "near-copies of images", "not tested", "--train");
  assert_verdict(e, "near-copies of labels", "not tested", "--train");
  assert_verdict(e, "identifiers", "none found", "");
  vg_eval_free(e);
  /* One training subject and no other real one: no distance between persons. */
  char one[256];
  snprintf(one, sizeof one, "%s", in_scratch("one"));
  phantoms(one, 100, 1, 16);
  s.train = s.real = one;
  must(vg_eval_run(&s, &e));
  assert_verdict(e, "near-copies of images", "not tested", "fewer than 3 distances");
  vg_eval_free(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(new_subjects_are_no_copies),
      cmocka_unit_test(copies_are_found),
      cmocka_unit_test(same_by_any_number_of_threads),
      cmocka_unit_test(membership_is_judged),
      cmocka_unit_test(split_says_who),
      cmocka_unit_test(without_a_training_set),
  };
  return without_leaks(cmocka_run_group_tests(tests, make_sets, scratch_teardown));
}
