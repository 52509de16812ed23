/* test_sets.c: two sets of subjects without partners, from files to the summary. */
#include "evaluate_world.h"
#include "dataset/layout.h"
#include "eval/model/evaluation.h"
#include "eval/feature/features.h"

static const char *const others[] = {"other_1", "other_2", "other_3"};

/* Three subjects a side with two series and a tumour; the synthetic images are those of the real subjects
 * from which on, under other names. */
static void write_sets(const int which[3], change f) {
  for (int s = 0; s < 3; s++) {
    for (int k = 0; k < 2; k++) {
      const char *series = k ? "flair" : "t1";
      write_image(real_dir, "brats2021", ids[s], series, s + k, NZ, same);
      write_image(synth_dir, "brats2021", others[s], series, which[s] + k, NZ, f);
    }
    write_labels(real_dir, "brats2021", ids[s], VG_FILE_TUMOUR, NZ, tumour_at);
    write_labels(synth_dir, "brats2021", others[s], VG_FILE_TUMOUR, NZ, tumour_at);
  }
}

static const vg_json *set_row(const vg_eval *e, const char *space, const char *metric) {
  for (const vg_json *r = vg_json_first(vg_json_get(vg_eval_summary(e), "sets")); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "space"), ""), space) &&
        !strcmp(vg_json_string(vg_json_get(r, "metric"), ""), metric))
      return r;
  }
  return NULL;
}

static double set_figure(const vg_eval *e, const char *space, const char *metric, const char *key) {
  const vg_json *r = set_row(e, space, metric);
  assert_non_null(r);
  return vg_json_number(vg_json_get(r, key), NAN);
}

static vg_eval_settings distribution(void) {
  vg_eval_settings s = settings();
  s.suites = "distribution";
  return s;
}

static void test_equal_sets(void **state) {
  (void)state;
  write_sets((const int[]){2, 0, 1}, same);
  vg_eval_settings s = distribution();
  vg_eval *e = evaluate(&s);
  static const char *const spaces[] = {"patches", "intensity", "spectrum", "tumour", "thumbnail"};
  for (int k = 0; k < 5; k++) {
    assert_near(set_figure(e, spaces[k], "frechet", "value"), 0, 1e-4);
    assert_near(set_figure(e, spaces[k], "sliced_wasserstein", "value"), 0, 1e-6);
    assert_true(set_figure(e, spaces[k], "mmd", "value") <= 0);
    assert_near(set_figure(e, spaces[k], "mmd", "n_real"), 3, 0);
    assert_true(isnan(set_figure(e, spaces[k], "mmd", "ci_low")));
    assert_true(isnan(set_figure(e, spaces[k], "frechet", "floor")));
  }
  assert_near(set_figure(e, "t1", "diversity", "value"), 0, 1e-6);
  assert_null(set_row(e, "t2", "diversity"));
  assert_null(set_row(e, "network", "mmd"));
  /* All subjects share one map. Pairs of draws are those of the persons, each of whom is compared with the
   * one most like him. */
  assert_true(set_figure(e, "t1 brain", "draws", "value") >= 1);
  assert_near(set_figure(e, "t1 brain", "draws", "n_synth"), 3, 0);
  assert_true(isnan(set_figure(e, "t1 brain", "draws", "ci_low")));
  assert_true(set_figure(e, "flair tumour", "draws", "value") >= 1);
  const vg_json *summary = vg_eval_summary(e);
  assert_int_equal(vg_json_size(vg_json_get(summary, "sets")), 5 * 7 + 2 + 4);
  assert_int_equal(vg_json_size(vg_json_get(summary, "verdicts")), 0);
  assert_int_equal(vg_json_size(vg_json_get(summary, "metrics")), 0);
  vg_eval_free(e);
  vg_table t;
  char *csv = vg_fs_join(out_dir, "metrics.csv");
  assert_int_equal(vg_table_read(csv, &t), VG_OK);
  assert_int_equal(t.rows, 1 + 5 * 7 + 2 + 4);
  assert_string_equal(vg_table_cell(&t, 1, 0), "");
  assert_string_equal(vg_table_cell(&t, 1, 1), "patches");
  vg_table_release(&t);
  vg_free(csv);
  void *page;
  size_t len;
  char *html = vg_fs_join(out_dir, "report.html");
  assert_int_equal(vg_fs_read(html, &page, &len), VG_OK);
  assert_non_null(strstr(page, "Spectra of texture"));
  vg_free(page);
  vg_free(html);
}

/* One subject over and over, and images of another kind. */
static void test_poor_sets(void **state) {
  (void)state;
  write_sets((const int[]){1, 1, 1}, same);
  vg_eval_settings s = distribution();
  vg_eval *e = evaluate(&s);
  assert_true(set_figure(e, "t1", "diversity", "value") > 0.1);
  assert_non_null(
      strstr(vg_json_string(vg_json_get(set_row(e, "t1", "diversity"), "note"), ""), "1.000 between"));
  double copies = set_figure(e, "patches", "frechet", "value");
  assert_true(copies > 1);
  vg_eval_free(e);
  write_sets((const int[]){0, 1, 2}, noisier);
  e = evaluate(&s);
  assert_true(set_figure(e, "patches", "mmd", "value") > 0.1);
  assert_true(set_figure(e, "patches", "frechet", "value") > 10 * copies);
  /* Labels are what they were. */
  assert_near(set_figure(e, "tumour", "frechet", "value"), 0, 1e-4);
  vg_eval_free(e);
  /* A generator that has collapsed is no fault of the data. */
  write_sets((const int[]){0, 1, 2}, flat);
  e = evaluate(&s);
  assert_true(set_figure(e, "intensity", "mmd", "value") > 0.1);
  vg_eval_free(e);
}

static void remove_file(const char *dir, const char *id, vg_file_kind kind, const char *series) {
  char path[512];
  path_of(dir, "brats2021", id, kind, series, path);
  assert_int_equal(unlink(path), 0);
}

/* A subject that lacks data is excluded from the spaces that need them, and from no other. */
static void test_subjects_that_lack_something(void **state) {
  (void)state;
  write_sets((const int[]){0, 1, 2}, noisy);
  remove_file(real_dir, ids[0], VG_FILE_SERIES, "flair");
  write_labels(synth_dir, "brats2021", others[1], VG_FILE_TUMOUR, NZ, no_tumour);
  vg_eval_settings s = distribution();
  vg_eval *e = evaluate(&s);
  assert_near(set_figure(e, "patches", "mmd", "n_real"), 2, 0);
  assert_near(set_figure(e, "patches", "mmd", "n_synth"), 3, 0);
  assert_near(set_figure(e, "tumour", "mmd", "n_real"), 3, 0);
  assert_near(set_figure(e, "tumour", "mmd", "n_synth"), 2, 0);
  vg_eval_free(e);
  /* With one subject left there is no such space. */
  write_labels(synth_dir, "brats2021", others[2], VG_FILE_TUMOUR, NZ, no_tumour);
  e = evaluate(&s);
  assert_null(set_row(e, "tumour", "mmd"));
  assert_non_null(set_row(e, "patches", "mmd"));
  vg_eval_free(e);
  /* Without tumour maps histograms are of the brain alone: 16 bins of two series. */
  for (int k = 0; k < 3; k++) remove_file(synth_dir, others[k], VG_FILE_TUMOUR, "");
  e = evaluate(&s);
  assert_null(set_row(e, "tumour", "mmd"));
  assert_non_null(
      strstr(vg_json_string(vg_json_get(set_row(e, "intensity", "frechet"), "note"), ""), "32 dim"));
  vg_eval_free(e);
  for (int k = 0; k < 3; k++) {
    for (int j = 0; j < 2; j++) remove_file(synth_dir, others[k], VG_FILE_SERIES, j ? "flair" : "t1");
    if (k < 2) write_image(synth_dir, "brats2021", others[k], "t2", k, NZ, same);
  }
  refuse(&s, VG_DATA, "nothing to compare: no series and no tumour");
}

static void test_draws(void **state) {
  (void)state;
  /* Three times one image: no spread. */
  write_sets((const int[]){1, 1, 1}, same);
  vg_eval_settings s = distribution();
  vg_eval *e = evaluate(&s);
  assert_near(set_figure(e, "t1 brain", "draws", "value"), 0, 1e-9);
  assert_near(set_figure(e, "flair tumour", "draws", "value"), 0, 1e-9);
  vg_eval_free(e);
  /* The third has another map. The first two are the real subjects 0 and 1, whose likeness is that of the
   * note. */
  write_sets((const int[]){0, 1, 2}, same);
  write_labels(synth_dir, "brats2021", others[2], VG_FILE_TUMOUR, NZ, no_tumour);
  e = evaluate(&s);
  assert_near(set_figure(e, "t1 brain", "draws", "n_synth"), 2, 0);
  const char *note = vg_json_string(vg_json_get(set_row(e, "t1 brain", "draws"), "note"), "");
  double draws, persons;
  assert_int_equal(sscanf(note, "MS-SSIM %lf between draws of 1 map, %lf", &draws, &persons), 2);
  assert_near(set_figure(e, "t1 brain", "draws", "value"), (1 - draws) / (1 - persons), 0.02);
  vg_eval_free(e);
}

static void test_baseline_of_sets(void **state) {
  (void)state;
  char *file = vg_fs_join(root, "baseline.json");
  write_sets((const int[]){0, 1, 2}, noisy);
  vg_eval_settings s = distribution();
  s.write_baseline = file;
  vg_eval_free(evaluate(&s));
  s.write_baseline = NULL;
  s.baseline = file;
  vg_eval *e = evaluate(&s);
  assert_int_equal(e->n_worse, 0);
  assert_int_equal(e->n_moved, 0);
  vg_eval_free(e);
  write_sets((const int[]){0, 1, 2}, noisier);
  s.tolerance = "mmd=1000,diversity=1000,0.1";
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_true(e->n_worse >= 4);
  vg_eval_free(e);
  s.tolerance = "1000000";
  vg_eval_free(evaluate(&s));
  for (int k = 0; k < 3; k++) write_labels(synth_dir, "brats2021", others[k], VG_FILE_TUMOUR, NZ, no_tumour);
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_int_equal(e->n_worse, 7 + 4); /* the metrics of space tumour, and of draws: nothing is shared */
  vg_eval_free(e);
  vg_free(file);
}

static void test_failed_allocations_leave_nothing_behind(void **state) {
  (void)state;
  write_sets((const int[]){0, 1, 2}, noisy);
  vg_eval_settings s = distribution();
  vg_threads_set(1);
  long live = vg_mem_live();
  vg_status st = VG_FAILED;
  for (long n = 1; st; n += 1 + n) {
    vg_eval *e = NULL;
    vg_mem_fail_after(n);
    st = vg_eval_run(&s, &e);
    vg_mem_fail_after(0);
    vg_eval_free(e);
    if (st != VG_OK && st != VG_MEMORY) print_error("%ld: %s\n", n, vg_error());
    assert_true(st == VG_OK || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_threads_set(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_equal_sets, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_poor_sets, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_subjects_that_lack_something, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_draws, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_baseline_of_sets, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_failed_allocations_leave_nothing_behind, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
