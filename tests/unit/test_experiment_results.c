/* test_experiment_results.c: incomplete results of an experiment, and the first lines of its page. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "experiment/plan/experiment_data.h"
#include "experiment/plan/experiment_leak.h"
#include "experiment/plan/experiment_plan.h"
#include "experiment/result/experiment_results.h"
#include "mini_tree.h"
#include "oracle.h"
#include "scratch.h"
#include "voxgan/log.h"
#include "voxgan/rng.h"

static void write_job(const char *out, const experiment_job *j, double wt) {
  char dir[512], text[512];
  snprintf(dir, sizeof dir, "%s/jobs/%s", out, j->name);
  char *eval = vg_fs_join(dir, "eval");
  must(vg_fs_make_dirs(eval));
  vg_free(eval);
  snprintf(text, sizeof text,
           "subject,series,region,metric,value\n"
           "a,tumour_labels,WT,dice,%g\nb,tumour_labels,WT,dice,%g\nc,tumour_labels,WT,dice,%g\n"
           "a,tumour_labels,WT,hd95,%g\nb,tumour_labels,WT,hd95,inf\na,tumour_labels,oedema,dice,0.5\n"
           "a,anatomy_labels,gm,dice,0.9\n",
           wt, wt + 0.05, wt - 0.03, 10 * (1 - wt));
  mini_write_text(dir, "eval/metrics.csv", text);
  mini_write_text(dir, "job.json", "{\"steps\": 12, \"real\": 3, \"synthetic\": 0, \"seconds\": 1.5}");
}

static char *slurp(const char *name) {
  void *bytes;
  size_t len;
  must(vg_fs_read(in_scratch(name), &bytes, &len));
  return bytes;
}

static void test_partial_results(void **state) {
  (void)state;
  experiment_design design;
  char out[256];
  snprintf(out, sizeof out, "%s", in_scratch("results"));
  must(vg_fs_make_dirs(out));
  must_say(vg_experiment_finish(out, stdout), VG_DATA, "experiment.json");
  mini_write_text(out, "experiment.json",
                  "{\"design\": {\"rows\": [\"real\", \"real+synthetic\"], \"augmentation\": [\"off\"], "
                  "\"first_seed\": 1, \"seeds\": 2}, \"test\": [\"a\", \"b\", \"c\"], \"not_checked\": "
                  "[\"the <sources>\"]}");
  must(vg_experiment_design_parse("real,real+synthetic", "off", 2, 1, &design));
  for (size_t k = 0; k < 3; k++) { /* the last is missing */
    const experiment_job j = vg_experiment_design_job(&design, k);
    write_job(out, &j, 0.6 + 0.2 * (k % 2 == 1));
  }
  FILE *null = fopen("/dev/null", "w");
  must_say(vg_experiment_finish(out, null), VG_FAILED,
           "1 of 4 jobs is missing, the first is real+synthetic-plain-seed2");
  fclose(null);
  char *jobs = slurp("results/jobs.csv"), *results = slurp("results/results.csv"),
       *summary = slurp("results/summary.json");
  assert_non_null(strstr(jobs, "real-plain-seed2,real,off,2,finished,12,3,0,1.5\n"));
  assert_non_null(strstr(jobs, "real+synthetic-plain-seed2,real+synthetic,off,2,missing,,,,\n"));
  assert_non_null(strstr(results, "real+synthetic,off,1,b,WT,dice,0.85\n"));
  assert_non_null(strstr(results, "real,off,2,b,WT,hd95,inf\n"));
  assert_null(strstr(results, ",gm,"));
  assert_non_null(strstr(summary, "\"real+synthetic-plain-seed2\""));
  assert_non_null(strstr(summary,
                         "real+synthetic: WT dice is 0.200 above that of real (95 % interval 0.200 to "
                         "0.200): too few subjects"));
  assert_non_null(strstr(summary, "WT hd95 is 2.00 mm below that of real in 1 of 3 subjects; one subject"));
  assert_null(strstr(summary, "oedema")); /* beside WT only what the challenges score */
  assert_non_null(strstr(summary, "\"the <sources>\""));
  char *page = slurp("results/report.html");
  assert_non_null(strstr(page, "Not checked: the &lt;sources&gt;."));
  assert_null(strstr(page, "+-"));
  vg_free(page);
  vg_free(jobs);
  vg_free(results);
  vg_free(summary);

  const experiment_job j = vg_experiment_design_job(&design, 3);
  write_job(out, &j, 0.8);
  mini_write_text(out, "jobs/real+synthetic-plain-seed2/eval/metrics.csv",
                  "subject,series,region,metric,value\nx,tumour_labels,WT,dice,1\n");
  must_say(vg_experiment_finish(out, stdout), VG_DATA, "x is not a test subject");
  /* Scores of very many regions are no scores: each would be compared with all before it. */
  vg_str text = VG_STR_INIT;
  vg_str_add(&text, "subject,series,region,metric,value\n");
  for (int i = 0; i < 3000; i++) vg_str_addf(&text, "a,tumour_labels,r%d,dice,1\n", i);
  mini_write_text(out, "jobs/real+synthetic-plain-seed2/eval/metrics.csv", vg_str_text(&text));
  must_say(vg_experiment_finish(out, stdout), VG_DATA, "metrics.csv: more than 2048 regions and metrics");
  vg_str_release(&text);
}

/* The page of 2 rows, 2 seeds and 8 subjects, with the Dice of both rows; slurp's text. */
static char *page_of(const char *name, double real, double both, int steps) {
  experiment_design design;
  char out[256], file[300];
  snprintf(out, sizeof out, "%s", in_scratch(name));
  must(vg_fs_make_dirs(out));
  vg_str plan = VG_STR_INIT;
  vg_str_addf(&plan,
              "{\"design\": {\"rows\": [\"real\", \"real+synthetic\"], \"augmentation\": [\"off\"], "
              "\"first_seed\": 1, \"seeds\": 2}, \"test\": [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", "
              "\"g\", \"h\"], \"steps\": %d}",
              steps);
  mini_write_text(out, "experiment.json", vg_str_text(&plan));
  vg_str_release(&plan);
  must(vg_experiment_design_parse("real,real+synthetic", "off", 2, 1, &design));
  for (size_t k = 0; k < 4; k++) {
    const experiment_job j = vg_experiment_design_job(&design, k);
    vg_str text = VG_STR_INIT;
    write_job(out, &j, 0.5);
    vg_str_add(&text, "subject,series,region,metric,value\n");
    for (int i = 0; i < 8; i++) /* differs a little by subject and seed */
      vg_str_addf(&text, "%c,tumour_labels,WT,dice,%g\n", 'a' + i,
                  (!strncmp(j.name, "real-", 5) ? real : both) + 0.001 * i + 0.002 * (double)(k / 2));
    snprintf(file, sizeof file, "jobs/%s/eval/metrics.csv", j.name);
    mini_write_text(out, file, vg_str_text(&text));
    vg_str_release(&text);
  }
  FILE *null = fopen("/dev/null", "w");
  must(vg_experiment_finish(out, null));
  fclose(null);
  snprintf(file, sizeof file, "%s/report.html", name);
  return slurp(file);
}

/* The page begins with what was found, in words. */
static void test_opening(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double real, both;
    int steps;
    const char *words, *not_these;
  } cases[] = {
      {"open-help", 0.5, 0.7, 9000, "Synthetic data help.", "a trial"},
      {"open-harm", 0.5, 0.3, 9000, "Synthetic data harm", "a trial"},
      {"open-same", 0.5, 0.5, 9000, "No row with synthetic data is better", "a trial"},
      {"open-nothing", 0.05, 0.3, 9000, "have learned nothing: their WT Dice is 0.05", "data help"},
      {"open-trial", 0.5, 0.7, 24,
       "This is a trial, not a result: 24 steps a network, 8 test subjects, 2 seeds", "learned nothing"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *page = page_of(cases[i].name, cases[i].real, cases[i].both, cases[i].steps);
    const char *at = strstr(page, cases[i].words), *facts = strstr(page, "Test subjects");
    if (!at || strstr(page, cases[i].not_these)) fail_msg("%s", cases[i].name);
    assert_true(at < facts);
    vg_free(page);
  }
}

static void test_differences(void **state) {
  (void)state;
  experiment_column columns[] = {{.metric = vg_metric_find("dice")}, {.metric = vg_metric_find("hd95")}};
  const experiment_results r = {.columns = columns, .n_columns = 2};
  const experiment_cell dice = {.column = 0}, hd95 = {.column = 1};
  char text[32];
  assert_string_equal(vg_experiment_difference_text(&r, &dice, -0.0516, text, sizeof text), "-0.052");
  assert_string_equal(vg_experiment_difference_text(&r, &dice, -0.00004, text, sizeof text), "0.000");
  assert_string_equal(vg_experiment_difference_text(&r, &hd95, -0.004, text, sizeof text), "0.00");
  assert_string_equal(vg_experiment_difference_text(&r, &hd95, -0.006, text, sizeof text), "-0.01");
  assert_string_equal(vg_experiment_difference_text(&r, &dice, (double)NAN, text, sizeof text), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_differences),
      cmocka_unit_test(test_partial_results),
      cmocka_unit_test(test_opening),
  };
  return without_leaks(cmocka_run_group_tests(tests, scratch_setup, scratch_teardown));
}
