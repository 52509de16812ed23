/* test_evaluate.c: the values of an evaluation of small data sets made here. Expected values are known or
 * computed independently. */
#include "evaluate_world.h"
#include "dataset/layout.h"
#include "eval/model/evaluation.h"

static void test_percentile_is_numpys(void **state) {
  (void)state;
  vg_rng r = vg_rng_init(1, 2);
  for (int round = 0; round < 300; round++) {
    size_t n = 1 + (size_t)vg_rng_below(&r, 400);
    float v[400];
    double sorted[400];
    uint64_t distinct = 1 + vg_rng_below(&r, 60);
    for (size_t i = 0; i < n; i++) sorted[i] = (double)(v[i] = (float)vg_rng_below(&r, distinct));
    qsort(sorted, n, sizeof *sorted, ascending);
    double p = vg_rng_uniform(&r, 0, 100);
    if (round % 5 == 0) p = round % 10 ? 100 : 0;
    double at = p / 100 * (double)(n - 1);
    size_t k = (size_t)at;
    double expected = k + 1 < n ? sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
    assert_near((double)vg_percentile_f32(v, n, p), expected, 1e-4);
  }
}

static void test_values_as_stored(void **state) {
  (void)state;
  write_pair(2, plus_ten);
  vg_eval_settings s = settings();
  s.normalise = VG_NORMALISE_NONE;
  vg_eval *e = evaluate(&s);
  static const char *const regions[] = {"brain", "tumour", "necrosis", "oedema", "enhancing"};
  for (int k = 0; k < 5; k++) {
    assert_near(figure(e, "t1", regions[k], "mae", "mean"), 10, 1e-4);
    assert_near(figure(e, "flair", regions[k], "mse", "mean"), 100, 1e-2);
    assert_near(figure(e, "t1", regions[k], "mae", "n"), 2, 0);
  }
  double psnr = 0;
  for (int k = 0; k < 2; k++)
    psnr += 0.5 * 20 * log10((percentile(k, same, 99.5) - percentile(k, same, 0.5)) / 10);
  assert_near(figure(e, "t1", "brain", "psnr", "mean"), psnr, 1e-3);
  vg_eval_free(e);
}

static void test_normalisation(void **state) {
  (void)state;
  write_pair(1, gain);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s); /* each: blind to the gain */
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 0, 1e-5);
  assert_near(figure(e, "t1", "brain", "ssim", "mean"), 1, 1e-4);
  vg_eval_free(e);
  s.normalise = VG_NORMALISE_REAL;
  e = evaluate(&s);
  double lo = percentile(0, same, 0.5), hi = percentile(0, same, 99.5), sum = 0, n = 0;
  for (int i = 0; i < N; i++) {
    if (!in_brain(i, NZ)) continue;
    double v = (double)real_at(i, 0, NZ);
    sum += fabs(clipped(v, lo, hi) - clipped(2 * v + 100, lo, hi));
    n++;
  }
  assert_near(figure(e, "t1", "brain", "mae", "mean"), sum / n, 1e-5);
  vg_eval_free(e);
}

static void test_values_normalised_each(void **state) {
  (void)state;
  write_pair(1, noisy);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s);
  double lo = percentile(0, same, 0.5), hi = percentile(0, same, 99.5);
  double lo_s = percentile(0, noisy, 0.5), hi_s = percentile(0, noisy, 99.5);
  double sum[2] = {0}, squares = 0, n[2] = {0};
  for (int i = 0; i < N; i++) {
    if (!in_brain(i, NZ)) continue;
    float v = real_at(i, 0, NZ);
    double error = fabs(clipped((double)v, lo, hi) - clipped((double)noisy(v, i), lo_s, hi_s));
    sum[0] += error;
    squares += error * error;
    n[0]++;
    if (tumour_at(i) == 2) {
      sum[1] += error;
      n[1]++;
    }
  }
  assert_near(figure(e, "t1", "brain", "mae", "mean"), sum[0] / n[0], 1e-5);
  assert_near(figure(e, "t1", "oedema", "mae", "mean"), sum[1] / n[1], 1e-5);
  assert_near(figure(e, "t1", "brain", "psnr", "mean"), 10 * log10(4 / (squares / n[0])), 1e-3);
  double ssim = figure(e, "t1", "brain", "ssim", "mean");
  assert_true(ssim > 0.3 && ssim < 0.999);
  vg_eval_free(e);
}

/* Stored right-to-left and with another slice order, the same anatomy is the same. */
static void test_stored_orientation_does_not_matter(void **state) {
  (void)state;
  write_pair(1, same);
  char path[512];
  vg_volume v = {0};
  path_of(synth_dir, "brats2021", ids[0], VG_FILE_SERIES, "t1", path);
  assert_int_equal(vg_volume_read(path, &v, NULL), VG_OK);
  vg_geometry lip = {{NX, NZ, NY}, {{{-1, 0, 0, NX - 1 - 12}, {0, 0, 1, -14}, {0, -1, 0, NZ - 1 - 11}}}};
  assert_int_equal(vg_volume_to_geometry(&v, &lip), VG_OK);
  assert_int_equal(vg_volume_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s);
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 0, 0);
  assert_near(figure(e, "t1", "brain", "ssim", "mean"), 1, 1e-9);
  /* Equal volumes: PSNR is infinite, which is counted and is null in JSON. */
  assert_near(figure(e, "t1", "brain", "psnr", "infinite"), 1, 0);
  assert_near(figure(e, "t1", "brain", "psnr", "n"), 0, 0);
  assert_true(isnan(figure(e, "t1", "brain", "psnr", "mean")));
  vg_eval_free(e);
}

static float with_another_background(int i) {
  return in_brain(i, NZ) ? real_at(i, 0, NZ) : 1e4f;
}

/* How a file writes its background is no part of the image. */
static void test_background_does_not_matter(void **state) {
  (void)state;
  char path[512];
  vg_volume v = {0};
  vg_geometry geo = grid(NZ);
  write_pair(1, same);
  path_of(synth_dir, "brats2021", ids[0], VG_FILE_SERIES, "t1", path);
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  for (int i = 0; i < N; i++) v.data[i] = with_another_background(i);
  assert_int_equal(vg_volume_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s);
  assert_near(figure(e, "t1", "brain", "ssim", "mean"), 1, 1e-9);
  vg_eval_free(e);
  s.normalise = VG_NORMALISE_NONE;
  e = evaluate(&s);
  assert_true(figure(e, "t1", "brain", "ssim", "mean") < 0.9);
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 0, 0);
  vg_eval_free(e);
}

static void test_unpaired_subjects_are_named(void **state) {
  (void)state;
  write_pair(2, noisy);
  write_image(real_dir, "brats2021", "BraTS2021_00100", "t1", 1, NZ, same);
  write_image(synth_dir, "brats2021", "BraTS2021_00200", "t1", 1, NZ, same);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s);
  const vg_json *subjects = vg_json_get(vg_eval_summary(e), "subjects");
  assert_int_equal(vg_json_size(vg_json_get(subjects, "paired")), 2);
  assert_string_equal(vg_json_string(vg_json_first(vg_json_get(subjects, "real_only")), ""),
                      "BraTS2021_00100");
  assert_string_equal(vg_json_string(vg_json_first(vg_json_get(subjects, "synth_only")), ""),
                      "BraTS2021_00200");
  vg_eval_free(e);
}

static void test_no_pair_and_nothing_in_common(void **state) {
  (void)state;
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(synth_dir, "brats2021", ids[1], "t1", 0, NZ, same);
  vg_eval_settings s = settings();
  refuse(&s, VG_DATA, "no subject is on both sides");
  write_image(synth_dir, "brats2021", ids[0], "t2", 0, NZ, same);
  refuse(&s, VG_DATA, "nothing to compare");
  write_image(synth_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  s.suites = "overlap";
  refuse(&s, VG_DATA, "nothing to compare");
  s.challenge = "GLIO";
  refuse(&s, VG_CONFIG, "GLIO");
  s.challenge = NULL;
  s.suites = "imgae";
  refuse(&s, VG_CONFIG, "imgae");
}

static void test_differing_grids_are_refused(void **state) {
  (void)state;
  write_pair(2, same);
  vg_volume v = {0};
  vg_geometry geo = grid(NZ);
  char path[512];
  path_of(synth_dir, "brats2021", ids[1], VG_FILE_SERIES, "t1", path);
  geo.affine.m[0][3] += 0.5;
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  v.data[0] = 1;
  assert_int_equal(vg_volume_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  vg_eval_settings s = settings();
  refuse(&s, VG_DATA, "subject BraTS2021_00002: ");
  geo = grid(NZ - 1);
  assert_int_equal(vg_volume_new(&geo, &v), VG_OK);
  assert_int_equal(vg_volume_write(path, &v, NULL), VG_OK);
  vg_volume_release(&v);
  refuse(&s, VG_DATA, "BraTS2021_00002_t1");
  char *summary = vg_fs_join(out_dir, "summary.json");
  assert_true(access(summary, F_OK));
  vg_free(summary);
}

static void test_constant_volumes(void **state) {
  (void)state;
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(synth_dir, "brats2021", ids[0], "t1", 0, NZ, flat);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s); /* a generator that has collapsed is a result */
  assert_true(figure(e, "t1", "brain", "mae", "mean") > 0.2);
  assert_true(figure(e, "t1", "brain", "ssim", "mean") < 0.6);
  vg_eval_free(e);
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, flat);
  refuse(&s, VG_DATA, "every voxel of the brain is 7");
}

static uint16_t tumour_2023(int i) {
  return tumour_at(i) == 4 ? 3 : tumour_at(i);
}

static void test_overlap(void **state) {
  (void)state;
  write_pair(2, noisy);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s); /* copied labels: no news */
  assert_null(summary_row(vg_eval_summary(e), "tumour_labels", "tumour", "dice"));
  vg_eval_free(e);
  s.suites = "overlap";
  e = evaluate(&s);
  assert_near(figure(e, "tumour_labels", "oedema", "dice", "mean"), 1, 0);
  assert_null(summary_row(vg_eval_summary(e), "t1", "brain", "mae"));
  vg_eval_free(e);
  s.suites = NULL;
  write_labels(synth_dir, "brats2021", ids[0], VG_FILE_TUMOUR, NZ, oedema_as_enhancing);
  write_labels(real_dir, "brats2021", ids[1], VG_FILE_TUMOUR, NZ, no_tumour);
  write_labels(synth_dir, "brats2021", ids[1], VG_FILE_TUMOUR, NZ, no_tumour);
  e = evaluate(&s);
  double enhancing = 0, oedema = 0;
  for (int i = 0; i < N; i++) {
    enhancing += tumour_at(i) == 4;
    oedema += tumour_at(i) == 2;
  }
  double expected = 2 * enhancing / (2 * enhancing + oedema);
  /* Subject 2 is empty on both sides: 1. */
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "min"), expected, 1e-12);
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "max"), 1, 0);
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "n"), 2, 0);
  assert_near(figure(e, "tumour_labels", "oedema", "dice", "min"), 0, 0);
  assert_near(figure(e, "tumour_labels", "tumour", "dice", "min"), 1, 0);
  /* The challenges' regions; oedema that was called enhancing is core now. */
  double core = 0;
  for (int i = 0; i < N; i++) core += tumour_at(i) == 1 || tumour_at(i) == 4;
  assert_near(figure(e, "tumour_labels", "WT", "dice", "min"), 1, 0);
  assert_near(figure(e, "tumour_labels", "TC", "sensitivity", "min"), 1, 0);
  assert_near(figure(e, "tumour_labels", "TC", "precision", "min"), core / (core + oedema), 1e-12);
  assert_near(figure(e, "tumour_labels", "ET", "jaccard", "min"), enhancing / (enhancing + oedema), 1e-12);
  /* Oedema is missing on the synthetic side: no surface to measure to, and nothing to be precise about. */
  assert_near(figure(e, "tumour_labels", "oedema", "hd95", "infinite"), 1, 0);
  assert_near(figure(e, "tumour_labels", "oedema", "hd95", "mean"), 0, 0); /* of subject 2, empty twice */
  assert_null(summary_row(vg_eval_summary(e), "tumour_labels", "oedema", "precision"));
  assert_near(figure(e, "tumour_labels", "oedema", "lesion_hd95", "max"), 374, 0);
  /* Image metrics have no value for subject 2's tumour. */
  assert_near(figure(e, "t1", "brain", "mae", "n"), 2, 0);
  assert_near(figure(e, "t1", "tumour", "mae", "n"), 1, 0);
  vg_eval_free(e);
}

static void test_classes_meet_by_name(void **state) {
  (void)state;
  const char *id = "BraTS-GLI-00001-000";
  write_image(real_dir, "brats2021", id, "t1", 0, NZ, same);
  write_labels(real_dir, "brats2021", id, VG_FILE_TUMOUR, NZ, tumour_at);
  write_image(synth_dir, "brats2023", id, "t1", 0, NZ, noisy);
  write_labels(synth_dir, "brats2023", id, VG_FILE_TUMOUR, NZ, tumour_2023);
  vg_eval_settings s = settings();
  s.real_layout = s.synth_layout = NULL;
  s.suites = "overlap,image";
  refuse(&s, VG_DATA, "is an id of BraTS from 2023 on, but file names are those of BraTS up to 2021");
  s.tumour_scheme = "brats;brats2023";
  vg_eval *e = evaluate(&s);
  assert_near(figure(e, "tumour_labels", "enhancing", "dice", "mean"), 1, 0);
  assert_true(figure(e, "t1", "enhancing", "mae", "mean") > 0);
  vg_eval_free(e);
  write_labels(synth_dir, "brats2023", id, VG_FILE_TUMOUR, NZ, tumour_at); /* 4 is not in that scheme */
  refuse(&s, VG_DATA, "label value 4");
}

static uint16_t tissue(int i) {
  return in_brain(i, 1) ? (uint16_t)(1 + i % 3) : 0;
}

static void test_slices_with_anatomy(void **state) {
  (void)state;
  const char *id = "sub-01";
  write_image(real_dir, "bids", id, "t1", 0, 1, same);
  write_labels(real_dir, "bids", id, VG_FILE_ANATOMY, 1, tissue);
  write_image(synth_dir, "bids", id, "t1", 0, 1, plus_ten);
  write_labels(synth_dir, "bids", id, VG_FILE_ANATOMY, 1, tissue);
  vg_eval_settings s = settings();
  s.real_layout = s.synth_layout = "bids";
  s.normalise = VG_NORMALISE_NONE;
  s.suites = "image,overlap";
  vg_eval *e = evaluate(&s);
  assert_near(figure(e, "t1", "brain", "mae", "mean"), 10, 1e-4);
  assert_true(isnan(figure(e, "t1", "brain", "mae", "sd"))); /* of one subject */
  assert_near(figure(e, "anatomy_labels", "gm", "dice", "mean"), 1, 0);
  assert_near(figure(e, "anatomy_labels", "gm", "hd95", "mean"), 0, 0);
  assert_null(summary_row(vg_eval_summary(e), "anatomy_labels", "gm", "lesion_dice"));
  assert_null(summary_row(vg_eval_summary(e), "t1", "tumour", "mae"));
  vg_eval_free(e);
}

static void test_band_around_the_tumour(void **state) {
  (void)state;
  write_pair(1, noisy);
  vg_eval_settings s = settings();
  s.normalise = VG_NORMALISE_NONE;
  for (int round = 0; round < 2; round++) {
    s.band = round ? 2 : 0;
    double width = round ? 2 : VG_BAND_MM, sum = 0, n = 0;
    for (int i = 0; i < N; i++) {
      /* The surface is half a voxel before the first voxel outside. */
      if (tumour_at(i) || !in_brain(i, NZ) || to_tumour(i) - 0.5 > width) continue;
      float v = real_at(i, 0, NZ);
      sum += fabs((double)(v - noisy(v, i)));
      n++;
    }
    vg_eval *e = evaluate(&s);
    assert_near(figure(e, "t1", "band", "mae", "mean"), sum / n, 1e-4);
    vg_eval_free(e);
  }
}

static void test_intervals(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_eval_settings s = settings();
  vg_eval *e = evaluate(&s);
  double low = figure(e, "t1", "brain", "mae", "ci_low"), high = figure(e, "t1", "brain", "mae", "ci_high");
  assert_true(low >= figure(e, "t1", "brain", "mae", "min") && low < figure(e, "t1", "brain", "mae", "mean"));
  assert_true(high <= figure(e, "t1", "brain", "mae", "max") &&
              high > figure(e, "t1", "brain", "mae", "mean"));
  vg_eval_free(e);
  s.suites = "image"; /* an interval does not depend on what else is measured */
  e = evaluate(&s);
  assert_true(figure(e, "t1", "brain", "mae", "ci_low") == low);
  vg_eval_free(e);
  /* Against the normal approximation, where there are enough values for it. */
  enum { CASES = 400 };
  static double values[CASES];
  vg_rng r = vg_rng_init(5, 0);
  eval_group group = {.series = "t1", .region = "brain", .metric = vg_metric_find("mae")};
  vg_eval many = {.n_cases = CASES, .n_groups = 1, .groups = &group, .values = values};
  for (int i = 0; i < CASES; i++) values[i] = 10 + 2 * vg_rng_normal(&r);
  assert_int_equal(vg_eval_summarise(&many), VG_OK);
  assert_near(group.ci_low, group.mean - 1.96 * group.sd / 20, 0.03);
  assert_near(group.ci_high, group.mean + 1.96 * group.sd / 20, 0.03);
  many.n_cases = 1; /* one value has no spread */
  assert_int_equal(vg_eval_summarise(&many), VG_OK);
  assert_true(isnan(group.ci_low) && isnan(group.sd) && group.mean == values[0]);
}

static void test_names(void **state) {
  (void)state;
  vg_normalise n = VG_NORMALISE_EACH;
  assert_int_equal(vg_eval_normalise_parse("none", &n), VG_OK);
  assert_int_equal(n, VG_NORMALISE_NONE);
  assert_string_equal(vg_eval_normalise_name(VG_NORMALISE_REAL), "real");
  assert_int_equal(vg_eval_normalise_parse("zscore", &n), VG_CONFIG);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(test_percentile_is_numpys),
      TEST(test_values_as_stored),
      TEST(test_normalisation),
      TEST(test_values_normalised_each),
      TEST(test_stored_orientation_does_not_matter),
      TEST(test_background_does_not_matter),
      TEST(test_unpaired_subjects_are_named),
      TEST(test_no_pair_and_nothing_in_common),
      TEST(test_differing_grids_are_refused),
      TEST(test_constant_volumes),
      TEST(test_overlap),
      TEST(test_classes_meet_by_name),
      TEST(test_slices_with_anatomy),
      TEST(test_band_around_the_tumour),
      TEST(test_intervals),
      TEST(test_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
