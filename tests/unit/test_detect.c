/* Suite detect: who is in which fold, areas and their intervals, the patches' preparation, and the suite as a
 * whole with a stand-in for the network. */
#include "evaluate_world.h"
#include "mini_tree.h"
#include "base/number/statistic.h"
#include "eval/detect/detect_persons.h"
#include "eval/detect/detect_score.h"
#include "eval/detect/detector.h"
#include "voxgan/phantom.h"

/* ---- areas ---- */

static void area_by_hand(void **state) {
  (void)state;
  /* There are six pairs of (0.2, 0.5, 0.5) and (0.5, 0.9). 0.5 beats 0.2 and ties twice, 0.9 beats
   * all: 5 of 6. The other network orders every pair wrongly: 0. */
  detect_item a[] = {{0.5, 0, 1}, {0.2, 1, 0}, {0.9, 2, 1}, {0.5, 1, 0}, {0.5, 0, 0}};
  detect_item b[] = {{0.1, 0, 1}, {0.2, 1, 0}};
  detect_item only_one[] = {{0.1, 0, 1}, {0.2, 1, 1}};
  detect_answers networks[] = {{a, 5}, {b, 2}, {only_one, 2}};
  const uint8_t stratum[3] = {3, 3, 3};
  vg_estimate v;
  assert_int_equal(vg_detect_area(networks, 1, stratum, 3, &v), VG_OK);
  assert_float_equal(v.value, 5.0 / 6, 1e-12);
  assert_int_equal(vg_detect_area(networks, 2, stratum, 3, &v), VG_OK);
  assert_float_equal(v.value, 5.0 / 12, 1e-12);
  assert_true(v.low >= 0 && v.low <= v.value && v.high >= v.value && v.high <= 1);
  assert_int_equal(vg_detect_area(networks + 2, 1, stratum, 3, &v), VG_OK); /* no first group */
  assert_true(isnan(v.value) && isnan(v.low) && isnan(v.high));
  assert_int_equal(vg_detect_area(networks, 0, stratum, 3, &v), VG_OK);
  assert_true(isnan(v.value));
}

/* Every item of a person is drawn together: 40 copies of each of 20 items must not narrow the interval. */
static void interval_is_over_persons(void **state) {
  (void)state;
  enum { PERSONS = 20, COPIES = 40 };
  detect_item once[2 * PERSONS], *many = VG_NEW_N(detect_item, 2 * PERSONS * COPIES);
  uint8_t stratum[PERSONS];
  size_t n = 0;
  vg_rng r = vg_rng_init(7, 7);
  for (uint32_t p = 0; p < PERSONS; p++) {
    stratum[p] = 3;
    for (uint8_t group = 0; group < 2; group++) {
      once[2 * p + group] = (detect_item){vg_rng_normal(&r) + group, p, group};
      for (int k = 0; k < COPIES; k++) many[n++] = once[2 * p + group];
    }
  }
  detect_answers a = {once, 2 * PERSONS}, b = {many, n};
  vg_estimate u, v;
  assert_int_equal(vg_detect_area(&a, 1, stratum, PERSONS, &u), VG_OK);
  assert_int_equal(vg_detect_area(&b, 1, stratum, PERSONS, &v), VG_OK);
  assert_float_equal(u.value, v.value, 1e-12);
  assert_float_equal(u.low, v.low, 1e-12);
  assert_float_equal(u.high, v.high, 1e-12);
  assert_true(u.high - u.low > 0.1);
  vg_free(many);
}

/* ---- persons ---- */

static void persons_stay_together(void **state) {
  (void)state;
  enum { REAL = 13, SYNTH = 9 };
  char names[REAL + SYNTH][16];
  vg_subject subjects[REAL + SYNTH];
  detect_subject of_real[REAL] = {{0}}, of_synth[SYNTH] = {{0}};
  memset(subjects, 0, sizeof subjects);
  for (int i = 0; i < REAL + SYNTH; i++) {
    /* Real subjects 0 and 1 are one person; synthetic ones are real persons 4 to 12. */
    snprintf(names[i], sizeof names[i], "p%02d", i == 1 ? 0 : i < REAL ? i : i - REAL + 4);
    subjects[i].person = names[i];
    detect_subject *s = i < REAL ? &of_real[i] : &of_synth[i - REAL];
    s->subject = &subjects[i];
    s->n = i == 3 ? 0 : 5; /* person p03 has no patch */
  }
  const detect_side real = {REAL, of_real}, synth = {SYNTH, of_synth};
  detect_persons p;
  assert_int_equal(vg_detect_persons(&real, &synth, &p), VG_OK);
  assert_int_equal(p.n, 11);
  assert_int_equal(p.n_real, 11);
  assert_int_equal(p.n_synth, 9);
  assert_int_equal(p.real[0], p.real[1]);
  for (int i = 0; i < SYNTH; i++) assert_int_equal(p.synth[i], p.real[i + 4]);
  for (int s = 0; s < DETECT_SEEDS; s++) {
    int in_fold[2] = {0, 0}, in_half[4] = {0};
    for (size_t i = 0; i < p.n; i++) {
      in_fold[p.fold[s][i]]++;
      in_half[p.half[s][i]]++;
    }
    assert_true(abs(in_fold[0] - in_fold[1]) <= 1);
    for (int k = 0; k < 4; k++) assert_in_range(in_half[k], 2, 3);
  }
  assert_memory_not_equal(p.fold[0], p.fold[1], p.n);
  vg_detect_persons_release(&p);
}

/* ---- the suite, with a network that only compares means ---- */

/* Its logit is the mean of the patch, or a constant where it would have to know a person it trained on. */
static int calls;
static vg_status mean_detector(const vg_detector_options *o, float *logits) {
  const size_t each = (size_t)(o->channels * o->edge * o->edge);
  size_t trains[2] = {0, 0};
  if (!o->n) return VG_OK;
  __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
  for (size_t i = 0; i < o->n; i++) {
    double sum = 0, inside = 0;
    if (o->use[i] == VG_DETECTOR_TRAINS) trains[o->second[i]]++;
    if (o->use[i] != VG_DETECTOR_ASKED) continue;
    for (size_t k = 0; k < each; k++) {
      sum += o->patches[i][k];
      inside += o->patches[i][k] > 0;
    }
    logits[i] = (float)(sum / inside);
  }
  assert_true(trains[0] && trains[1]);
  return VG_OK;
}

static int make_phantoms(void **state) {
  if (set_up(state)) return -1;
  vg_phantom_settings p = {.subjects = 6, .size = {32, 32, 32}, .layout = "brats2021", .seed = 4};
  must(vg_phantom_write(real_dir, &p));
  p.seed = 5;
  p.first = 50;
  must(vg_phantom_write(synth_dir, &p));
  return 0;
}

static const eval_set *set_of(const vg_eval *e, const char *metric, const char *space) {
  for (size_t i = 0; i < e->n_sets; i++)
    if (!strcmp(e->sets[i].metric->name, metric) && !strcmp(e->sets[i].space, space)) return &e->sets[i];
  fail_msg("no %s of %s", metric, space);
  return NULL;
}

static void whole_suite(void **state) {
  (void)state;
  const vg_eval_settings s = {.real = real_dir,
                              .synth = synth_dir,
                              .real_layout = "brats2021",
                              .synth_layout = "brats2021",
                              .suites = "detect",
                              .out = out_dir,
                              .detector = mean_detector};
  vg_eval *e;
  calls = 0;
  must(vg_eval_run(&s, &e));
  assert_int_equal(calls, 18);
  assert_int_equal(e->n_sets, 6);
  const eval_set *patches = set_of(e, "detect_auc", "patches");
  assert_true(patches->value >= 0 && patches->value <= 1 && patches->ci_low <= patches->ci_high);
  assert_float_equal(patches->floor, set_of(e, "detect_halves", "patches")->value, 0);
  assert_int_equal(patches->n_real, 6);
  /* A blur keeps the mean. */
  assert_true(fabs(set_of(e, "detect_blurred", "patches")->value - 0.5) < 0.1);
  assert_int_equal(e->n_verdicts, 1);
  assert_non_null(strstr(e->verdicts[0].text, "with AUC"));
  vg_eval_free(e);

  /* detect.csv holds every patch once, and the page the most telling ones. */
  vg_table t = {0};
  char *path = vg_fs_join(out_dir, "detect.csv");
  must(vg_table_read(path, &t));
  assert_in_range(t.rows, 2 * 6 * 30, 1 + 2 * 6 * DETECT_PATCHES);
  vg_table_release(&t);
  vg_free(path);
  path = vg_fs_join(out_dir, "report.html");
  void *page;
  size_t len;
  must(vg_fs_read(path, &page, &len));
  assert_non_null(strstr(page, "synthetic patches, the most telling first"));
  assert_non_null(strstr(page, "contains slices of the real scans"));
  vg_free(page);
  vg_free(path);
}

static vg_status no_torch(const vg_detector_options *o, float *logits) {
  (void)o, (void)logits;
  return vg_fail(VG_DEVICE, "no libtorch");
}

static void reasons(void **state) {
  (void)state;
  vg_eval_settings s = {.real = real_dir,
                        .synth = synth_dir,
                        .real_layout = "brats2021",
                        .synth_layout = "brats2021",
                        .suites = "detect"};
  vg_eval *e;
  assert_int_equal(vg_eval_run(&s, &e), VG_DATA);
  assert_non_null(strstr(vg_error(), "cannot train networks"));
  s.detector = no_torch;
  assert_int_equal(vg_eval_run(&s, &e), VG_DATA);
  assert_non_null(strstr(vg_error(), "build with libtorch"));
  s.detector = mean_detector;
  vg_dataset few = {0};
  must(vg_dataset_add(&few, real_dir, "brats2021", NULL, NULL));
  bool take[6] = {true, true, true, true, true, false};
  vg_dataset five = {0};
  must(vg_dataset_select(&few, take, &five));
  s.opened = &five;
  assert_int_equal(vg_eval_run(&s, &e), VG_DATA);
  assert_non_null(strstr(vg_error(), "six real and four synthetic persons"));
  vg_dataset_release(&five);
  vg_dataset_release(&few);
}

/* ---- patches ---- */

/* Pixels of 2 mm are the means of four of 1 mm, within half a step of 255 and the random step. */
static void averaged(void **state) {
  (void)state;
  vg_dataset set = {0};
  vg_feature_plan plan;
  must(vg_dataset_add(&set, real_dir, "brats2021", NULL, NULL));
  must(vg_features_plan_init(&plan, (const vg_dataset *const[]){&set}, 1));
  detect_grid own, coarse;
  must(vg_detect_find_grid((const vg_dataset *const[]){&set}, 1, 0, &own));
  assert_true(own.slice_mm == 0);
  must(vg_detect_find_grid((const vg_dataset *const[]){&set}, 1, 2 * own.plane_mm, &coarse));
  assert_float_equal(coarse.plane_mm, 2 * own.plane_mm, 1e-9);
  detect_side fine = {0}, half = {0}, again = {0};
  must(vg_detect_read(&plan, &set, NULL, &own, true, &fine));
  must(vg_detect_read(&plan, &set, NULL, &coarse, false, &half));
  vg_threads_set(1);
  must(vg_detect_read(&plan, &set, NULL, &own, false, &again));
  vg_threads_set(0);
  const size_t each = (size_t)plan.series.n * DETECT_EDGE * DETECT_EDGE;
  for (size_t i = 0; i < fine.n; i++) {
    const detect_subject *s = &fine.subjects[i];
    assert_true(s->n > 20 && half.subjects[i].n > 3);
    assert_memory_equal(s->voxels, again.subjects[i].voxels, (size_t)s->n * each);
    assert_null(again.subjects[i].blurred);
    /* A blur lowers the differences between neighbours. */
    double squares[2] = {0, 0};
    for (size_t k = 0; k + 1 < (size_t)s->n * each; k++) {
      squares[0] += pow((double)s->voxels[k + 1] - s->voxels[k], 2);
      squares[1] += pow((double)s->blurred[k + 1] - s->blurred[k], 2);
    }
    assert_true(squares[1] < squares[0]);
    /* Halving the grid leaves at most 16 of the 32 pixels of a side filled. */
    for (int k = 0; k < half.subjects[i].n; k++) {
      const uint8_t *v = half.subjects[i].voxels + (size_t)k * each;
      int filled = 0;
      for (int q = 0; q < DETECT_EDGE * DETECT_EDGE; q++) filled += v[q] > 0;
      assert_in_range(filled, 1, 16 * 16);
    }
  }
  vg_detect_side_release(&fine);
  vg_detect_side_release(&half);
  vg_detect_side_release(&again);
  vg_dataset_release(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(area_by_hand),
                                     cmocka_unit_test(interval_is_over_persons),
                                     cmocka_unit_test(persons_stay_together),
                                     cmocka_unit_test(whole_suite),
                                     cmocka_unit_test(reasons),
                                     cmocka_unit_test(averaged)};
  return cmocka_run_group_tests(tests, make_phantoms, tear_down);
}
