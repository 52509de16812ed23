/* test_evaluate_outcome.c: the results of an evaluation: boundaries, files, baselines; and failures. */
#include "evaluate_world.h"
#include "dataset/layout.h"
#include "eval/model/evaluation.h"

static const char *left_out(const vg_eval *e, const char *suite) {
  const vg_json *list = vg_json_get(vg_eval_summary(e), "left_out");
  for (const vg_json *r = vg_json_first(list); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "suite"), ""), suite))
      return vg_json_string(vg_json_get(r, "why"), "");
  }
  return "";
}

static const vg_json *profile_row(const vg_eval *e, const char *series, const char *region) {
  const vg_json *rows = vg_json_get(vg_eval_summary(e), "profiles");
  for (const vg_json *r = vg_json_first(rows); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "series"), ""), series) &&
        !strcmp(vg_json_string(vg_json_get(r, "region"), ""), region))
      return r;
  }
  return NULL;
}

static uint16_t half_as_far(int i) {
  return rho(i, NZ, 0.6) < 0.15 ? 2 : 0;
}

static void test_boundary(void **state) {
  (void)state;
  write_pair(2, same);
  vg_eval_settings s = settings();
  s.suites = "boundary";
  vg_eval *e = evaluate(&s);
  static const char *const surfaces[] = {"tumour", "oedema", "enhancing"};
  for (int k = 0; k < 3; k++) {
    assert_near(figure(e, "t1", surfaces[k], "profile_intensity", "mean"), 0, 0);
    assert_near(figure(e, "flair", surfaces[k], "boundary_sharpness", "mean"), 1, 0);
  }
  assert_null(summary_row(vg_eval_summary(e), "t1", "tumour", "mae"));
  const vg_json *p = profile_row(e, "t1", "tumour");
  assert_near(vg_json_number(vg_json_get(vg_json_get(p, "synth"), "n"), 0), 2, 0);
  /* The bin from 0 to 1 mm, worked out here: voxels of the brain's inside whose centre is up to 1.5 mm from
   * the nearest tumour centre. */
  double lo[2], hi[2], mean = 0;
  for (int k = 0; k < 2; k++) {
    double sum = 0, n = 0;
    lo[k] = percentile(k, same, 0.5);
    hi[k] = percentile(k, same, 99.5);
    for (int i = 0; i < N; i++) {
      if (tumour_at(i) || !in_brain(i, NZ) || to_tumour(i) - 0.5 >= 1) continue;
      if (!in_brain(i - 1, NZ) || !in_brain(i + 1, NZ) || !in_brain(i - NX, NZ) || !in_brain(i + NX, NZ) ||
          !in_brain(i - NX * NY, NZ) || !in_brain(i + NX * NY, NZ))
        continue;
      sum += clipped((double)real_at(i, k, NZ), lo[k], hi[k]);
      n++;
    }
    mean += sum / n / 2;
  }
  const vg_json *bin = vg_json_first(vg_json_get(vg_json_get(p, "real"), "intensity"));
  for (int b = 0; b < 10; b++) bin = vg_json_next(bin);
  assert_near(vg_json_number(bin, NAN), mean, 1e-5);
  vg_eval_free(e);
  /* Each side is measured around its own tumour. */
  for (int k = 0; k < 2; k++) write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, half_as_far);
  e = evaluate(&s);
  assert_true(figure(e, "t1", "tumour", "profile_intensity", "mean") > 0);
  assert_null(summary_row(vg_eval_summary(e), "t1", "enhancing", "boundary_sharpness"));
  vg_eval_free(e);
  /* Without a tumour there is no surface. */
  for (int k = 0; k < 2; k++) {
    write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, no_tumour);
    write_labels(real_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, no_tumour);
  }
  e = evaluate(&s);
  assert_int_equal(vg_json_size(vg_json_get(vg_eval_summary(e), "metrics")), 0);
  assert_int_equal(vg_json_size(vg_json_get(vg_eval_summary(e), "profiles")), 0);
  assert_non_null(strstr(left_out(e, "boundary"), "none of its metrics"));
  vg_eval_free(e);
}

/* A value of a curve of the summary's profiles. */
static double curve(const vg_eval *e, const char *side, const char *name, int bin) {
  const vg_json *v = vg_json_first(vg_json_get(vg_json_get(profile_row(e, "t1", "tumour"), side), name));
  for (int b = 0; b < bin; b++) v = vg_json_next(v);
  return vg_json_number(v, NAN);
}

/* The tumour's edge as a step of 200. */
static float pasted(float v, int i) {
  return tumour_at(i) ? v + 200 : v;
}

static void test_boundary_without_pairs(void **state) {
  (void)state;
  static const char *const edited[] = {"edited_1", "edited_2"};
  for (int k = 0; k < 2; k++) {
    write_image(real_dir, "brats2021", ids[k], "t1", k, NZ, same);
    write_labels(real_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, tumour_at);
    write_image(synth_dir, "brats2021", edited[k], "t1", k, NZ, same);
    write_labels(synth_dir, "brats2021", edited[k], VG_FILE_TUMOUR, NZ, tumour_at);
  }
  vg_eval_settings s = settings();
  refuse(&s, VG_DATA, "no subject is on both sides");
  s.suites = "all";
  vg_eval *e = evaluate(&s);
  assert_string_equal(left_out(e, "image"), "no subject is on both sides");
  assert_string_equal(left_out(e, "overlap"), "no subject is on both sides");
  /* The same images on both sides: the same mean curves, with the same spread. */
  for (int b = 0; b < 20; b++) {
    assert_true(curve(e, "real", "intensity", b) == curve(e, "synth", "intensity", b) ||
                isnan(curve(e, "real", "intensity", b)));
    assert_true(curve(e, "real", "gradient_sd", b) == curve(e, "synth", "gradient_sd", b) ||
                isnan(curve(e, "real", "gradient_sd", b)));
  }
  double near = figure(e, "t1", "tumour", "profile_intensity", "max");
  assert_true(near > 0 && figure(e, "t1", "tumour", "profile_intensity", "n") == 2);
  const vg_json *subjects = vg_json_get(vg_eval_summary(e), "subjects");
  assert_int_equal(vg_json_size(vg_json_get(subjects, "paired")), 0);
  assert_int_equal(vg_json_size(vg_json_get(subjects, "synth_only")), 2);
  double sharp = figure(e, "t1", "tumour", "boundary_sharpness", "mean");
  vg_eval_free(e);
  for (int k = 0; k < 2; k++) write_image(synth_dir, "brats2021", edited[k], "t1", k, NZ, pasted);
  e = evaluate(&s);
  assert_true(figure(e, "t1", "tumour", "profile_intensity", "min") > 2 * near);
  assert_true(figure(e, "t1", "tumour", "boundary_sharpness", "mean") > sharp + 0.3);
  vg_eval_free(e);
  s.normalise = VG_NORMALISE_REAL;
  refuse(&s, VG_CONFIG, "--normalise must be each");
}

static void test_what_is_left_out_is_said(void **state) {
  (void)state;
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(synth_dir, "brats2021", ids[0], "t1", 0, NZ, noisy);
  vg_eval_settings s = settings();
  s.suites = "all";
  vg_eval *e = evaluate(&s);
  assert_non_null(strstr(left_out(e, "overlap"), "no label map is on both sides"));
  assert_string_equal(left_out(e, "image"), "");
  assert_non_null(strstr(left_out(e, "boundary"), "tumour map"));
  const vg_json *scales = vg_json_get(vg_eval_summary(e), "ms_ssim_scales");
  assert_near(vg_json_number(vg_json_get(scales, ids[0]), 0), 2, 0); /* 23 voxels halve once */
  vg_eval_free(e);
  write_labels(real_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, tumour_at);
  write_labels(synth_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, tumour_at);
  e = evaluate(&s);
  assert_non_null(strstr(left_out(e, "overlap"), "equal on both sides"));
  assert_non_null(summary_row(vg_eval_summary(e), "t1", "tumour", "boundary_sharpness"));
  vg_eval_free(e);
}

static void test_files(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s);
  char *csv = vg_fs_join(out_dir, "metrics.csv"), *json = vg_fs_join(out_dir, "summary.json");
  vg_table t = {0};
  assert_int_equal(vg_table_read(csv, &t), VG_OK);
  assert_int_equal(t.rows, 1 + 3 * 2 * 6 * 6); /* subjects, series, regions, metrics */
  assert_string_equal(vg_table_cell(&t, 0, 0), "subject");
  assert_int_equal(vg_table_col(&t, "value"), 4);
  double v[3], n = 0;
  for (size_t r = 1; r < t.rows; r++) {
    if (strcmp(vg_table_cell(&t, r, 1), "flair") || strcmp(vg_table_cell(&t, r, 2), "oedema") ||
        strcmp(vg_table_cell(&t, r, 3), "ssim"))
      continue;
    assert_true(n < 3 && vg_parse_f64(vg_table_cell(&t, r, 4), &v[(int)n]));
    n++;
  }
  assert_true(n == 3);
  vg_json *read = NULL;
  assert_int_equal(vg_json_read(json, &read), VG_OK);
  const vg_json *row = summary_row(read, "flair", "oedema", "ssim");
  double mean = (v[0] + v[1] + v[2]) / 3;
  double sd = sqrt(
      ((v[0] - mean) * (v[0] - mean) + (v[1] - mean) * (v[1] - mean) + (v[2] - mean) * (v[2] - mean)) / 2);
  qsort(v, 3, sizeof *v, ascending);
  static const char *const names[] = {"mean", "sd", "median", "q1", "q3", "min", "max", "n"};
  double expected[] = {mean, sd, v[1], (v[0] + v[1]) / 2, (v[1] + v[2]) / 2, v[0], v[2], 3};
  for (int i = 0; i < 8; i++) assert_near(vg_json_number(vg_json_get(row, names[i]), NAN), expected[i], 1e-7);
  assert_string_equal(vg_json_string(vg_json_get(vg_json_get(read, "settings"), "normalise"), ""), "each");
  /* No path of a source reaches the outputs. */
  void *bytes;
  size_t len;
  assert_int_equal(vg_fs_read(json, &bytes, &len), VG_OK);
  assert_null(strstr(bytes, root));
  vg_free(bytes);
  char **files;
  size_t n_files;
  assert_int_equal(vg_fs_walk(out_dir, &files, &n_files), VG_OK);
  assert_int_equal(n_files, 3);
  vg_strv_free(files);
  vg_json_free(read);
  vg_table_release(&t);
  vg_free(csv);
  vg_free(json);
  /* The table on stdout has a row for each series and region. */
  char *text = NULL;
  FILE *to = open_memstream(&text, &len);
  assert_int_equal(vg_eval_print(e, to), VG_OK);
  fclose(to);
  int lines = 0;
  for (char *c = text; *c; c++) lines += *c == '\n';
  assert_true(lines >= 13 && lines <= 15);
  assert_non_null(strstr(text, "psnr dB"));
  assert_non_null(strstr(text, " +- "));
  free(text);
  vg_eval_free(e);
}

static void test_same_bytes_whatever_the_threads(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_eval_settings s = settings();
  char *csv = vg_fs_join(out_dir, "metrics.csv");
  void *bytes[3];
  size_t len[3];
  static const int threads[] = {1, 2, 9};
  for (int k = 0; k < 3; k++) {
    vg_threads_set(threads[k]);
    vg_eval_free(evaluate(&s));
    assert_int_equal(vg_fs_read(csv, &bytes[k], &len[k]), VG_OK);
    assert_int_equal(len[k], len[0]);
    assert_memory_equal(bytes[k], bytes[0], len[0]);
  }
  vg_threads_set(0);
  for (int k = 0; k < 3; k++) vg_free(bytes[k]);
  vg_free(csv);
}

static const char *verdict(const vg_eval *e, const char *series, const char *region, const char *metric) {
  const vg_json *moved = vg_json_get(vg_json_get(vg_eval_summary(e), "baseline"), "moved");
  for (const vg_json *r = vg_json_first(moved); r; r = vg_json_next(r)) {
    if (!strcmp(vg_json_string(vg_json_get(r, "series"), ""), series) &&
        !strcmp(vg_json_string(vg_json_get(r, "region"), ""), region) &&
        !strcmp(vg_json_string(vg_json_get(r, "metric"), ""), metric))
      return vg_json_string(vg_json_get(r, "verdict"), "");
  }
  return "";
}

static void test_baseline(void **state) {
  (void)state;
  vg_eval *e = NULL;
  write_pair(2, noisy);
  vg_eval_settings s = settings();
  vg_eval_free(evaluate(&s));
  char *kept = vg_fs_join(root, "baseline.json"), *summary = vg_fs_join(out_dir, "summary.json");
  assert_int_equal(rename(summary, kept), 0);
  s.baseline = kept;
  e = evaluate(&s); /* nothing has changed */
  assert_int_equal(vg_json_size(vg_json_get(vg_json_get(vg_eval_summary(e), "baseline"), "moved")), 0);
  vg_eval_free(e);

  write_pair(2, noisier);
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_non_null(e);
  assert_non_null(strstr(vg_error(), "worse than in the baseline"));
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "worse");
  assert_string_equal(verdict(e, "t1", "brain", "psnr"), "worse");
  assert_string_equal(verdict(e, "flair", "oedema", "ssim"), "worse");
  assert_int_equal(access(summary, F_OK), 0); /* the results are there all the same */
  vg_eval_free(e);
  s.tolerance = "100";
  vg_eval_free(evaluate(&s));
  s.tolerance = "mae=0.05,100";
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "worse");
  assert_string_equal(verdict(e, "t1", "brain", "mse"), "");
  vg_eval_free(e);
  s.tolerance = "psnt=0.05";
  refuse(&s, VG_CONFIG, "psnr");
  s.tolerance = "-1";
  refuse(&s, VG_CONFIG, "-1");
  s.tolerance = NULL;

  write_pair(2, same); /* better is no regression; equal images have an infinite PSNR */
  e = evaluate(&s);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "better");
  assert_string_equal(verdict(e, "t1", "brain", "psnr"), "better");
  vg_eval_free(e);
  char *perfect = vg_fs_join(root, "perfect.json");
  s.out = NULL;
  s.baseline = NULL;
  e = evaluate(&s);
  assert_int_equal(vg_json_write(perfect, vg_eval_summary(e)), VG_OK);
  vg_eval_free(e);
  s.baseline = perfect;
  vg_eval_free(evaluate(&s));
  write_pair(2, noisy);
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "psnr"), "worse");
  vg_eval_free(e);

  /* A series that is no longer there, and a case that is not, are found out. */
  s.baseline = kept;
  char path[512];
  path_of(synth_dir, "brats2021", ids[1], VG_FILE_SERIES, "t1", path);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "fewer cases");
  assert_string_equal(verdict(e, "flair", "brain", "mae"), "");
  vg_eval_free(e);
  path_of(synth_dir, "brats2021", ids[0], VG_FILE_SERIES, "t1", path);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "t1", "brain", "mae"), "gone");
  char *text = NULL;
  size_t len;
  FILE *to = open_memstream(&text, &len);
  assert_int_equal(vg_eval_print(e, to), VG_OK);
  fclose(to);
  assert_non_null(strstr(text, "gone"));
  free(text);
  vg_eval_free(e);

  s.normalise = VG_NORMALISE_REAL;
  refuse(&s, VG_DATA, "normalises intensities by 'each'");
  s.normalise = VG_NORMALISE_EACH;
  assert_int_equal(vg_fs_write_atomic(kept, "{\"a\": 1}", 8), VG_OK);
  refuse(&s, VG_DATA, "not a summary.json");
  vg_free(perfect);
  vg_free(kept);
  vg_free(summary);
}

/* metrics.def's hd95 and sharpness: infinity is bad in one, to either side of 1 is worse in the other. */
static void test_what_is_worse(void **state) {
  (void)state;
  char *kept = vg_fs_join(root, "kept.json");
  write_pair(3, noisy);
  for (int k = 0; k < 2; k++)
    write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  vg_eval_settings s = settings();
  s.suites = "all";
  s.write_baseline = kept;
  vg_eval_free(evaluate(&s)); /* oedema is missed in two of three */
  s.write_baseline = NULL;
  s.baseline = kept;
  vg_eval *e = evaluate(&s);
  assert_int_equal(vg_json_size(vg_json_get(vg_json_get(vg_eval_summary(e), "baseline"), "moved")), 0);
  vg_eval_free(e);
  write_labels(synth_dir, "brats2021", ids[2], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
  assert_string_equal(verdict(e, "tumour_labels", "oedema", "hd95"), "more infinite");
  assert_string_equal(verdict(e, "tumour_labels", "oedema", "dice"), "worse");
  assert_string_equal(verdict(e, "tumour_labels", "tumour", "dice"), "");
  vg_eval_free(e);
  for (int k = 0; k < 3; k++) write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, tumour_at);
  s.suites = "overlap";
  e = evaluate(&s);
  assert_string_equal(verdict(e, "tumour_labels", "oedema", "hd95"), "better");
  vg_eval_free(e);
  s.band = 3; /* other regions, other rules: no comparison */
  refuse(&s, VG_DATA, "band of 5 mm");
  s.band = 0;
  s.challenge = "MET";
  refuse(&s, VG_DATA, "challenge GLI");
  vg_free(kept);
  const vg_metric_row *sharpness = vg_metric_find("boundary_sharpness");
  assert_true(vg_metric_worse_by(sharpness, 1.1, 1.3) > 0 && vg_metric_worse_by(sharpness, 1.1, 0.7) > 0);
  assert_true(vg_metric_worse_by(sharpness, 1.1, 0.95) < 0);
}

static void test_intervals_as_tolerance(void **state) {
  (void)state;
  char *kept = vg_fs_join(root, "kept.json"), *again = vg_fs_join(root, "again.json");
  write_pair(3, noisy);
  vg_eval_settings s = settings();
  s.write_baseline = kept;
  vg_eval *e = evaluate(&s);
  double mean = figure(e, "t1", "brain", "mae", "mean");
  vg_eval_free(e);
  s.write_baseline = again;
  s.baseline = kept;
  /* A baseline whose mean lies lower, so that now is worse than it: within its interval, or beyond. */
  for (int round = 0; round < 2; round++) {
    vg_json *b = NULL;
    assert_int_equal(vg_json_read(kept, &b), VG_OK);
    vg_json *row = (vg_json *)summary_row(b, "t1", "brain", "mae");
    vg_json_put_number(row, "mean", mean * 0.5);
    vg_json_put_number(row, "ci_low", mean * 0.4);
    vg_json_put_number(row, "ci_high", mean * (round ? 0.9 : 1.1));
    assert_int_equal(vg_json_write(kept, b), VG_OK);
    vg_json_free(b);
    s.tolerance = "0.05";
    assert_int_equal(vg_eval_run(&s, &e), VG_REGRESSION);
    assert_true(access(again, F_OK)); /* a regression is no baseline */
    vg_eval_free(e);
    static const char *const intervals[] = {"interval", "mae=interval,0.05"};
    for (int k = 0; k < 2; k++) {
      s.tolerance = intervals[k];
      assert_int_equal(vg_eval_run(&s, &e), round ? VG_REGRESSION : VG_OK);
      assert_string_equal(verdict(e, "t1", "brain", "mae"), round ? "worse" : "");
      vg_eval_free(e);
    }
    assert_true(!access(again, F_OK) == !round);
    unlink(again);
  }
  s.tolerance = "intervals";
  refuse(&s, VG_CONFIG, "'interval'");
  vg_free(kept);
  vg_free(again);
}

/* Every allocation fails in turn, and all after it. */
static void fail_each_allocation(const vg_eval_settings *s) {
  vg_status st = VG_FAILED;
  int refused = 0;
  for (long n = 1; st && n < 100000; n += 1 + n / 8) {
    long live = vg_mem_live();
    vg_eval *e = NULL;
    vg_mem_fail_after(n);
    st = vg_eval_run(s, &e);
    vg_mem_fail_after(0);
    if (st && st != VG_MEMORY) print_error("allocation %ld: %s: %s\n", n, vg_status_name(st), vg_error());
    assert_true(st == VG_OK || st == VG_MEMORY);
    assert_true(!st == !!e);
    vg_eval_free(e);
    assert_int_equal(vg_mem_live(), live);
    refused += st != VG_OK;
  }
  assert_int_equal(st, VG_OK);
  assert_true(refused > 20);
}

static void test_failed_allocations_leave_nothing_behind(void **state) {
  (void)state;
  write_pair(1, noisy);
  write_labels(synth_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  vg_eval_settings s = settings();
  s.suites = "all";
  vg_eval *e = evaluate(&s);
  char *kept = vg_fs_join(root, "kept.json"), *again = vg_fs_join(root, "again.json");
  assert_int_equal(vg_json_write(kept, vg_eval_summary(e)), VG_OK);
  vg_eval_free(e);
  s.baseline = kept;
  s.write_baseline = again;
  vg_threads_set(1);
  fail_each_allocation(&s);
  char *other = vg_fs_join(root, "other");
  write_image(other, "brats2021", "edited_1", "t1", 0, NZ, same);
  write_labels(other, "brats2021", "edited_1", VG_FILE_TUMOUR, NZ, tumour_at);
  s.synth = other; /* no pair */
  refuse(&s, VG_DATA, "subjects without partners");
  s.baseline = s.write_baseline = NULL;
  fail_each_allocation(&s);
  vg_threads_set(0);
  vg_free(kept);
  vg_free(again);
  vg_free(other);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_boundary),
      TEST(test_boundary_without_pairs),
      TEST(test_what_is_left_out_is_said),
      TEST(test_files),
      TEST(test_same_bytes_whatever_the_threads),
      TEST(test_baseline),
      TEST(test_what_is_worse),
      TEST(test_intervals_as_tolerance),
      TEST(test_failed_allocations_leave_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
