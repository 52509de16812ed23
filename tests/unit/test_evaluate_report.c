/* test_evaluate_report.c: the slices of report.html: their choice, orientation and order. */
#include "evaluate_world.h"
#include "dataset/layout.h"

#include "eval/page/eval_page.h"
#include "eval/page/page_slice.h"

static char *read_report(void) {
  char *path = vg_fs_join(out_dir, "report.html");
  static void *bytes; /* gcc 12 takes what an automatic one holds for dangling */
  size_t n;
  assert_int_equal(vg_fs_read(path, &bytes, &n), VG_OK);
  vg_free(path);
  return bytes;
}

static int count(const char *text, const char *what) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, what)); at += strlen(what)) n++;
  return n;
}

/* ---- planes ---- */

enum { DX = 30, DY = 24, DZ = 20 };
static uint8_t shown[DX * DY * DZ], focus[DX * DY * DZ];

static size_t at(int x, int y, int z) {
  return ((size_t)z * DY + (size_t)y) * DX + (size_t)x;
}

static void mark(uint8_t *mask, const int lo[3], const int hi[3]) {
  for (int z = lo[2]; z <= hi[2]; z++) {
    for (int y = lo[1]; y <= hi[1]; y++) {
      for (int x = lo[0]; x <= hi[0]; x++) mask[at(x, y, z)] = 1;
    }
  }
}

static const vg_geometry test_grid = {{DX, DY, DZ}, {{{1, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, -30}}}};

static void test_planes(void **state) {
  (void)state;
  eval_slice s[EVAL_SLICES];
  int n;
  memset(shown, 0, sizeof shown);
  memset(focus, 0, sizeof focus);
  mark(shown, (int[]){10, 8, 4}, (int[]){19, 13, 15});
  assert_int_equal(vg_eval_slices(&test_grid, shown, focus, s, &n), VG_OK);
  assert_int_equal(n, 7); /* without a focus: of what is shown */
  mark(focus, (int[]){12, 9, 6}, (int[]){12, 9, 8});
  assert_int_equal(vg_eval_slices(&test_grid, shown, focus, s, &n), VG_OK);
  assert_int_equal(n, 5); /* three axial ones, as the focus has no more */
  assert_string_equal(s[0].label, "axial, z -12 mm");
  assert_string_equal(s[1].label, "axial, z -9 mm");
  assert_true(s[1].middle && !s[0].middle && !s[2].middle);
  assert_string_equal(s[3].label, "coronal, y 18 mm");
  assert_string_equal(s[4].label, "sagittal, x 12 mm");
  /* The region shown and three voxels around it; the patient's right and what is in front and above, upper
   * left.
   */
  assert_int_equal(s[1].width, 16);
  assert_int_equal(s[1].height, 12);
  assert_near(s[1].width_mm, 16, 1e-9);
  assert_near(s[1].height_mm, 24, 1e-9);
  assert_int_equal(s[1].first, at(22, 16, 7));
  assert_int_equal((ptrdiff_t)s[1].first + 15 * s[1].step_u + 11 * s[1].step_v, at(7, 5, 7));
  assert_int_equal(s[3].first, at(22, 9, 18));
  assert_int_equal(s[4].first, at(12, 16, 18));
  assert_int_equal(s[4].width, 12);
  assert_int_equal(s[4].height, 18);
  /* A focus of one plane has one axial slice, a picture of one plane nothing else. */
  memset(focus, 0, sizeof focus);
  mark(focus, (int[]){12, 9, 6}, (int[]){13, 9, 6});
  assert_int_equal(vg_eval_slices(&test_grid, shown, focus, s, &n), VG_OK);
  assert_int_equal(n, 3);
  const vg_geometry flat = {{DX, DY, 1}, test_grid.affine};
  assert_int_equal(vg_eval_slices(&flat, shown, shown, s, &n), VG_OK);
  assert_int_equal(n, 1);
  assert_true(s[0].middle);
}

static void test_large_volumes_are_thinned_out(void **state) {
  (void)state;
  enum { SIDE = 500 };
  const vg_geometry wide = {{SIDE, 300, 1}, test_grid.affine};
  uint8_t *all = vg_malloc(SIDE * 300, 1);
  eval_slice s[EVAL_SLICES];
  int n;
  memset(all, 1, SIDE * 300);
  assert_int_equal(vg_eval_slices(&wide, all, all, s, &n), VG_OK);
  assert_int_equal(s[0].width, 167);
  assert_int_equal(s[0].height, 100);
  assert_true((ptrdiff_t)s[0].first + 166 * s[0].step_u + 99 * s[0].step_v >= 0);
  assert_near(s[0].width_mm, 500, 1e-9);
  vg_free(all);
}

/* ---- pictures ---- */

static const uint8_t *pixel(const vg_picture *p, int u, int v) {
  return p->rgb + 3 * (v * p->width + u);
}

static void test_pictures(void **state) {
  (void)state;
  const eval_slice s = {.first = 0, .step_u = 1, .step_v = 4, .width = 4, .height = 2};
  const float real[8] = {-1, 0, 1, 5, (float)NAN, 0, 0, 0}, synth[8] = {-1, 0.25f, 0.5f, -5, 0, 0, 0, 0};
  const uint8_t a[8] = {1, 1, 1, 0, 1, 1, 1, 0}, b[8] = {0, 1, 1, 1, 0, 1, 1, 1};
  vg_picture p;
  assert_int_equal(vg_eval_slice_grey(&s, real, -1, 1, 1, &p), VG_OK);
  assert_int_equal(*pixel(&p, 0, 0), 0);
  assert_in_range(*pixel(&p, 1, 0), 126, 130);
  assert_int_equal(*pixel(&p, 3, 0), 255);
  assert_int_equal(*pixel(&p, 0, 1), 0); /* not a number */
  static const uint8_t rgb[3] = {9, 8, 7};
  vg_eval_slice_classes(&s, a, rgb, &p);
  assert_memory_equal(pixel(&p, 0, 0), rgb, 3);
  assert_int_equal(*pixel(&p, 3, 0), 255);
  vg_picture_release(&p);

  assert_int_equal(vg_eval_slice_difference(&s, real, synth, 0.5, &p), VG_OK);
  assert_memory_equal(pixel(&p, 0, 0), "\0\0\0", 3);
  assert_true(pixel(&p, 1, 0)[0] > 120 && pixel(&p, 1, 0)[2] < 30);   /* brighter: orange, by half */
  assert_true(pixel(&p, 2, 0)[2] == 255 && pixel(&p, 2, 0)[0] == 70); /* darker: blue, in full */
  vg_picture_release(&p);

  assert_int_equal(vg_eval_slice_grey(&s, real, 9, 10, 1, &p), VG_OK);
  vg_eval_slice_edges(&s, a, b, &p);
  assert_memory_equal(pixel(&p, 0, 0), "\0\0\0", 3);       /* inside the real one, at the picture's edge */
  assert_memory_equal(pixel(&p, 1, 0), "\xff\x8c\x28", 3); /* the synthetic one's edge */
  assert_memory_equal(pixel(&p, 2, 0), "\x46\xa0\xff", 3); /* the real one's */
  vg_picture_release(&p);
  vg_mem_fail_after(1);
  assert_int_equal(vg_eval_slice_grey(&s, real, -1, 1, 1, &p), VG_MEMORY);
  vg_mem_fail_after(0);
}

/* ---- the page ---- */

static void test_worst_first(void **state) {
  (void)state;
  static const change changes[] = {noisy, same, noisier};
  write_pair(3, same);
  for (int k = 0; k < 3; k++) write_image(synth_dir, "brats2021", ids[k], "t1", k, NZ, changes[k]);
  vg_eval_settings s = settings();
  s.suites = "all";
  vg_eval_free(evaluate(&s));
  char *text = read_report();
  const char *gallery = strstr(text, "class=\"gallery\"");
  assert_non_null(gallery);
  const char *order[3] = {strstr(gallery, ids[0]), strstr(gallery, ids[1]), strstr(gallery, ids[2])};
  for (int k = 0; k < 3; k++) assert_non_null(order[k]);
  assert_true(order[2] < order[0] && order[0] < order[1]);
  assert_int_equal(count(text, "class=\"gallery\""), 2); /* t1, flair; equal label maps are skipped */
  assert_int_equal(count(text, "class=\"case\""), 6);
  assert_int_equal(count(text, "data-first"), 6 + 1); /* and in the script */
  assert_int_equal(count(text, "<img"), 4 * count(text, "class=\"frame\""));
  assert_non_null(strstr(text, "Left out, suite overlap"));
  vg_free(text);
  /* Whatever the number of threads. */
  text = read_report();
  vg_threads_set(1);
  vg_eval_free(evaluate(&s));
  vg_threads_set(0);
  char *again = read_report();
  assert_string_equal(text, again);
  vg_free(text);
  vg_free(again);
}

/* Label maps alone: no image to lie under them, and what lies under them may be unfit. */
static void test_label_maps(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    write_labels(real_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, tumour_at);
    write_labels(synth_dir, "brats2021", ids[k], VG_FILE_TUMOUR, NZ, k ? oedema_as_enhancing : no_tumour);
  }
  vg_eval_settings s = settings();
  vg_eval_free(evaluate(&s));
  char *text = read_report();
  assert_int_equal(count(text, "class=\"gallery\""), 1);
  assert_int_equal(count(text, "<figcaption>image<"), 0);
  assert_true(strstr(text, "BraTS2021_00001: dice 0") < strstr(text, "BraTS2021_00002: dice 1"));
  vg_free(text);
  write_image(real_dir, "brats2021", ids[0], "t1", 0, NZ, same);
  write_image(real_dir, "brats2021", ids[1], "t1", 0, NZ, flat);
  vg_eval_free(evaluate(&s));
  text = read_report();
  assert_true(count(text, "<figcaption>image<") > 0);
  vg_free(text);
  s.no_gallery = true;
  vg_eval_free(evaluate(&s));
  text = read_report();
  assert_int_equal(count(text, "<img"), 0);
  vg_free(text);
}

static char *render(void (*add)(vg_report *r, const vg_eval *e), const vg_eval *e) {
  char *path = vg_fs_join(root, "part.html");
  void *bytes;
  size_t n;
  vg_report *r = vg_report_new("part", NULL);
  add(r, e);
  assert_int_equal(vg_report_write(r, path), VG_OK);
  vg_report_free(r);
  assert_int_equal(vg_fs_read(path, &bytes, &n), VG_OK);
  vg_free(path);
  return bytes;
}

static void add_privacy(vg_report *r, const vg_eval *e) {
  assert_int_equal(vg_eval_page_verdicts(r, e, "privacy"), VG_OK);
}
static void add_all_verdicts(vg_report *r, const vg_eval *e) {
  assert_int_equal(vg_eval_page_verdicts(r, e, NULL), VG_OK);
}

static void test_verdicts(void **state) {
  (void)state;
  static vg_eval e, none;
  assert_int_equal(vg_eval_add_verdict(&e, "privacy", "copies", "found", "3 <of> 9"), VG_OK);
  assert_int_equal(vg_eval_add_verdict(&e, "privacy", "names", "none found", ""), VG_OK);
  assert_int_equal(vg_eval_add_verdict(&e, "other", "else", "not tested", "x"), VG_OK);
  char *text = render(add_privacy, &e);
  assert_int_equal(count(text, "badge bad\">found"), 1);
  assert_int_equal(count(text, "badge good\">none found"), 1);
  assert_int_equal(count(text, "3 &lt;of&gt; 9"), 1);
  assert_int_equal(count(text, "not tested"), 0); /* another suite's */
  vg_free(text);
  text = render(add_all_verdicts, &e);
  assert_int_equal(count(text, "badge warn\">not tested"), 1);
  assert_int_equal(count(text, "3 &lt;of&gt; 9"), 0); /* in brief */
  vg_free(text);
  text = render(add_all_verdicts, &none);
  assert_int_equal(count(text, "<table"), 0);
  vg_free(text);
  vg_eval_sets_release(&e);
}

/* Bins without a voxel, a side without a case: the rest is drawn. */
static void test_profiles(void **state) {
  (void)state;
  static vg_eval e, none;
  e.n_cases = 1;
  e.n_series = 1;
  strcpy(e.series[0], "t1");
  assert_int_equal(vg_metric_regions_add(&e.boundary_regions, "tumour", (const uint8_t[]){1}, 1), VG_OK);
  assert_int_equal(vg_eval_profiles_new(&e), VG_OK);
  char *text = render(vg_eval_page_profiles, &e);
  assert_int_equal(count(text, "<svg"), 0);
  vg_free(text);
  vg_profile *real = &e.profiles[0].real;
  real->intensity[8] = 0.5;
  real->intensity[10] = 0.25;
  real->intensity[11] = 0.125;
  for (int b = 8; b < 12; b++) real->gradient[b] = b - 7;
  eval_side real_side, synth_side;
  assert_true(vg_eval_profile_sides(&e, 0, 0, &real_side, &synth_side));
  assert_int_equal(real_side.n, 1);
  assert_int_equal(synth_side.n, 0);
  assert_true(real_side.intensity.mean[8] == 0.5 && isnan(real_side.intensity.mean[9]));
  assert_true(isnan(real_side.intensity.sd[8]) && isnan(synth_side.gradient.mean[8]));
  text = render(vg_eval_page_profiles, &e);
  assert_int_equal(count(text, "<svg"), 2);
  assert_int_equal(count(text, "real, n = 1"), 2 + 2); /* in the legend and in the description */
  assert_int_equal(count(text, " nan"), 0);
  assert_non_null(strstr(text, "real, n = 1 from 0.5 to 0.125"));
  vg_free(text);
  vg_free(e.profiles);
  text = render(vg_eval_page_profiles, &none);
  assert_int_equal(count(text, "<svg"), 0);
  vg_free(text);
}

/* Two data sets as wholes: values, and those of real halves beside them. */
static void test_sets(void **state) {
  (void)state;
  write_pair(3, noisy);
  vg_eval_settings s = settings();
  s.suites = "distribution";
  vg_eval_free(evaluate(&s));
  char *text = read_report();
  assert_non_null(strstr(text, "Values of the data sets as wholes"));
  assert_non_null(strstr(text, ">Distribution</h2>"));
  assert_true(count(text, "<svg") > 0);
  assert_int_equal(count(text, "<img"), 0);
  vg_free(text);
}

static void test_lack_of_memory(void **state) {
  (void)state;
  write_pair(2, noisy);
  vg_eval_settings s = settings();
  s.suites = "image";
  vg_threads_set(1);
  vg_eval *e;
  long live = vg_mem_live(), n = 400;
  vg_status st;
  do { /* which allocations those of the report are changes with the code: all are tried, ever further apart
        */
    vg_mem_fail_after(n);
    st = vg_eval_run(&s, &e);
    vg_mem_fail_after(0);
    vg_eval_free(e);
    assert_true(st == VG_OK || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
    n += n / 6;
  } while (st);
  vg_threads_set(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_planes),
      cmocka_unit_test(test_large_volumes_are_thinned_out),
      cmocka_unit_test(test_pictures),
      TEST(test_worst_first),
      TEST(test_label_maps),
      TEST(test_verdicts),
      TEST(test_profiles),
      TEST(test_sets),
      TEST(test_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
