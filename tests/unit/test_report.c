/* test_report.c: pages are whole, escaped, bounded by their own content, and charts draw marks at their
 * values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "oracle.h"
#include "report/chart_axis.h"
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"

#define NASTY "sub-<b&\"'>\x01\xff \xc3\xa9"
#define NASTY_ESCAPED "sub-&lt;b&amp;&quot;&#39;&gt;\xEF\xBF\xBD\xEF\xBF\xBD \xc3\xa9"

static char *read_text(const char *path) {
  void *bytes;
  size_t n;
  assert_int_equal(vg_fs_read(path, &bytes, &n), VG_OK);
  return bytes;
}

static int count(const char *text, const char *what) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, what)); at += strlen(what)) n++;
  return n;
}

static void add_charts(vg_report *r) {
  static double x[1000], y[1000], low[1000], high[1000], other[1000];
  for (int i = 0; i < 1000; i++) {
    x[i] = i;
    y[i] = 0.2 + exp(-i / 200.0);
    low[i] = y[i] - 0.05;
    high[i] = y[i] + 0.05;
    other[i] = i > 300 && i < 400 ? NAN : 0.3 + exp(-i / 100.0) + 0.02 * sin(i);
  }
  const double mark = 500, ideal = 1;
  const vg_chart_line lines[] = {{"training " NASTY, x, y, low, high, 1000},
                                 {"validation", x, other, NULL, NULL, 1000}};
  vg_report_lines(
      r, &(vg_chart){.title = "Loss " NASTY, .x = "step", .y = "L1", .mark = &mark, .mark_name = "best"},
      lines, 2);
  vg_report_lines(r, &(vg_chart){.title = "Loss, by decades", .x = "step", .log = true}, lines, 2);
  vg_report_lines(r, &(vg_chart){.title = "Nothing"}, NULL, 0);
  vg_chart_strip strips[8];
  static double values[8][30];
  static const char *const regions[] = {"brain", "tumour", "band", NASTY " and a long name"};
  for (int i = 0; i < 8; i++) {
    for (int k = 0; k < 30; k++) values[i][k] = 0.9 - 0.05 * i + 0.08 * sin(13.7 * k + i);
    strips[i] = (vg_chart_strip){regions[i / 2], i % 2 ? "flair" : "t1", values[i],
                                 i == 7   ? 0
                                 : i == 6 ? 3
                                          : 30};
  }
  values[2][4] = INFINITY;
  vg_report_strips(r, &(vg_chart){.title = "ssim", .x = "ssim", .mark = &ideal, .mark_name = "ideal"}, strips,
                   8);
  const vg_chart_bar bars[] = {{"real", NULL, 0.81, 0.78, 0.84},
                               {"real + synthetic", NULL, 0.84, 0.81, 0.86},
                               {"synthetic", NULL, -0.1, NAN, NAN},
                               {"missing", NULL, NAN, NAN, NAN}};
  vg_report_bars(r, &(vg_chart){.title = "Dice", .x = "Dice, whole tumour"}, bars, 4);
}

static void add_gallery(vg_report *r) {
  vg_picture p;
  assert_int_equal(vg_picture_new(24, 32, &p), VG_OK);
  vg_gallery_open(r, "Slices");
  for (int c = 0; c < 3; c++) {
    vg_gallery_case(r, "%s %d", NASTY, c);
    for (int f = 0; f < 2; f++) {
      char label[32];
      snprintf(label, sizeof label, "z %d mm", 10 * f);
      vg_gallery_frame(r, label, f == 1);
      for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 24 * 32 * 3; i++)
          p.rgb[i] = (uint8_t)(i * (c + 1) + 40 * k + (k == 1 ? i % 3 : 0));
        vg_gallery_panel(r, k ? "synthetic" : "real", &p, 24, 32);
      }
    }
  }
  vg_gallery_close(r);
  vg_report_picture(r, &p, "noise " NASTY, "a caption");
  assert_int_equal(vg_picture_write(in_scratch("p.png"), &p), VG_OK);
  vg_report_picture_file(r, in_scratch("p.png"), "the same", NULL);
  vg_picture_release(&p);
}

static void add_tables(vg_report *r) {
  vg_table t = {0};
  static const char *const header[] = {"series", "region", "mean", "verdict"};
  assert_int_equal(vg_table_init(&t, 4, header), VG_OK);
  assert_int_equal(vg_table_add_row(&t, (const char *[]){"t1", "brain", "0.83", "better"}), VG_OK);
  assert_int_equal(vg_table_add_row(&t, (const char *[]){"t1", "tumour", "-0.1", "worse"}), VG_OK);
  assert_int_equal(vg_table_add_row(&t, (const char *[]){NASTY, "brain", "", "new"}), VG_OK);
  vg_report_table(r, "Means " NASTY, &t, 2);
  vg_report_fold_open(r, "All of it");
  vg_report_table(r, "Again", &t, 0);
  vg_report_fold_close(r);
  vg_table_release(&t);
}

static vg_report *everything(void) {
  vg_report *r = vg_report_new("Report " NASTY, "Lead " NASTY);
  vg_report_fact(r, "Version", "%s", "1 & 2");
  vg_report_fact(r, "Subjects", "%d", 12);
  vg_report_section(r, "Words " NASTY);
  vg_report_text(r, "A paragraph with %s and %d %%.", NASTY, 3);
  vg_report_item(r, "one");
  vg_report_item(r, "two %s", NASTY);
  vg_report_note(r, VG_TONE_BAD, "This is bad: %s", NASTY);
  vg_report_note(r, VG_TONE_GOOD, "This is good.");
  vg_report_note(r, VG_TONE_WARN, "This is a warning.");
  vg_report_section(r, "Tables");
  add_tables(r);
  vg_report_section(r, "Charts");
  vg_report_heading(r, "Lines, " NASTY);
  add_charts(r);
  vg_report_section(r, "Pictures");
  add_gallery(r);
  return r;
}

static void test_page(void **state) {
  (void)state;
  const char *path = in_scratch("report.html");
  vg_report *r = everything();
  assert_int_equal(vg_report_write(r, path), VG_OK);
  const char *keep = getenv("VOXGAN_KEEP_REPORT"); /* for a look */
  if (keep) assert_int_equal(vg_report_write(r, keep), VG_OK);
  char *text = read_text(path);
  assert_null(strstr(text, "http://"));
  assert_null(strstr(text, "https://"));
  assert_null(strstr(text, "sub-<"));
  assert_null(strchr(text, '\x01'));
  assert_true(count(text, NASTY_ESCAPED) > 10);
  assert_int_equal(count(text, "data:image/png;base64,"), 3 * 2 * 4 + 2);
  assert_int_equal(count(text, "<section"), 4);
  assert_int_equal(count(text, "</section>"), 4);
  assert_int_equal(count(text, "rowspan=\"2\">t1</th>"), 1); /* not in the table without row names */
  assert_int_equal(count(text, "badge bad\">worse"), 2);
  assert_int_equal(count(text, "<svg"), 5);
  assert_int_equal(count(text, " nan"), 0);
  assert_int_equal(count(text, ">best</text>"), 1);
  /* More may follow what was written. */
  vg_report_section(r, "More");
  assert_int_equal(vg_report_write(r, path), VG_OK);
  char *longer = read_text(path);
  assert_int_equal(count(longer, "</section>"), 5);
  assert_int_equal(count(longer, "<a href=\"#s5\">More</a>"), 1);
  vg_free(longer);
  vg_free(text);
  vg_report_free(r);
}

static void test_parsed(void **state) {
  (void)state;
  require_python("html.parser");
  vg_report *r = everything();
  assert_int_equal(vg_report_write(r, in_scratch("parsed.html")), VG_OK);
  vg_report_free(r);
  assert_int_equal(run_python("page_oracle.py", in_scratch("parsed.html"), NULL), 0);
  r = vg_report_new("bare", NULL);
  assert_int_equal(vg_report_write(r, in_scratch("bare.html")), VG_OK);
  vg_report_free(r);
  assert_int_equal(run_python("page_oracle.py", in_scratch("bare.html"), NULL), 0);
  /* The oracle must refuse this page. */
  static const char broken[] =
      "<!DOCTYPE html><html lang=\"en\"><body><p id=\"a\"><b></p><p id=\"a\"></body></html>";
  assert_int_equal(vg_fs_write_atomic(in_scratch("broken.html"), broken, strlen(broken)), VG_OK);
  assert_int_equal(run_python("page_oracle.py", in_scratch("broken.html"), NULL), 1);
}

static void test_png_is_embedded_whole(void **state) {
  (void)state;
  /* Base64 of every remainder, by the test vectors of RFC 4648. */
  static const char *const vectors[] = {"Zg==", "Zm8=", "Zm9v", "Zm9vYg=="};
  uint8_t png[64] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 13,
                     'I',  'H', 'D', 'R', 0,  0,  0,  40, 0, 0, 0, 20};
  for (size_t k = 0; k < 4; k++) {
    memcpy(png + 24, "foob", k + 1);
    vg_str s = VG_STR_INIT;
    assert_int_equal(vg_markup_img(&s, png, 24 + k + 1, "a\"b", 10, 20), VG_OK);
    assert_non_null(strstr(vg_str_text(&s), "alt=\"a&quot;b\" width=\"40\" height=\"80\""));
    assert_non_null(strstr(vg_str_text(&s), vectors[k]));
    vg_str_release(&s);
  }
  vg_str s = VG_STR_INIT;
  assert_int_equal(vg_markup_img(&s, "GIF89a..................", 24, "", 0, 0), VG_DATA);
  assert_int_equal(vg_markup_img(&s, png, 20, "", 0, 0), VG_DATA);
  vg_str_release(&s);
}

static void test_faults_stick(void **state) {
  (void)state;
  const char *path = in_scratch("fault.html");
  vg_report *r = vg_report_new("t", NULL);
  vg_report_picture_file(r, in_scratch("none.png"), "", NULL);
  vg_report_text(r, "after");
  assert_int_equal(vg_report_write(r, path), VG_IO);
  assert_non_null(strstr(vg_error(), "none.png"));
  vg_report_free(r);
  assert_false(exists(path));
  r = vg_report_new("t", NULL);
  assert_int_equal(vg_report_write(r, in_scratch("no/folder.html")), VG_IO);
  vg_report_free(r);
  assert_int_equal(vg_report_write(NULL, path), VG_MEMORY);
  vg_report_text(NULL, "nothing");
  add_charts(NULL);
  /* Whichever allocation fails: no crash, no leak, no page. */
  long live = vg_mem_live(), n = 1;
  for (vg_status st = VG_MEMORY; st; n += n < 60 ? 1 : n / 8) {
    vg_mem_fail_after(n);
    r = vg_report_new("t", "lead");
    vg_report_section(r, "s");
    vg_report_fact(r, "a", "%d", 1);
    add_charts(r);
    vg_picture p = {4, 4, (uint8_t[48]){0}};
    vg_gallery_open(r, "g");
    vg_gallery_case(r, "c");
    vg_gallery_frame(r, "f", true);
    vg_gallery_panel(r, "p", &p, 0, 0);
    vg_gallery_close(r);
    st = vg_report_write(r, path);
    vg_report_free(r);
    vg_mem_fail_after(0);
    if (st) assert_int_equal(st, VG_MEMORY);
    if (st) assert_false(exists(path));
    assert_int_equal(vg_mem_live(), live);
  }
  assert_true(n > 40);
}

static void test_axis(void **state) {
  (void)state;
  char text[CHART_TICK];
  double at;
  chart_range r = CHART_NO_RANGE;
  vg_chart_range_add(&r, 0.013);
  vg_chart_range_add(&r, NAN);
  vg_chart_range_add(&r, 0.94);
  chart_axis a = vg_chart_axis_fit(r, false, 5, false, 100, 200);
  assert_true(a.lo == 0 && fabs(a.hi - 1) < 1e-12 && fabs(a.step - 0.2) < 1e-12);
  assert_true(fabs(vg_chart_at(&a, 0.5) - 150) < 1e-9);
  assert_true(vg_chart_tick(&a, 5, &at, text));
  assert_string_equal(text, "1.0");
  assert_true(fabs(at - 200) < 1e-9);
  assert_false(vg_chart_tick(&a, 6, &at, text));
  /* downwards, by decades */
  a = vg_chart_axis_fit((chart_range){0.02, 300}, true, 5, false, 200, 100);
  assert_true(vg_chart_tick(&a, 0, &at, text));
  assert_string_equal(text, "0.01");
  assert_true(fabs(vg_chart_at(&a, 10) - 140) < 1e-9);
  /* tight: ticks within, the ends where the values are */
  a = vg_chart_axis_fit((chart_range){37, 52300}, false, 6, true, 0, 100);
  assert_true(fabs(vg_chart_at(&a, 37)) < 1e-9);
  assert_true(vg_chart_tick(&a, 0, &at, text));
  assert_string_equal(text, "10k");
  /* one value, none, and what is less than a decade */
  a = vg_chart_axis_fit((chart_range){3, 3}, false, 5, false, 0, 100);
  assert_true(a.hi > a.lo && vg_chart_at(&a, 3) > 0 && vg_chart_at(&a, 3) < 100);
  a = vg_chart_axis_fit((chart_range){0, 0}, false, 5, false, 0, 100); /* no score of 0 has ticks below it */
  assert_true(a.lo == 0 && a.hi == 1);
  a = vg_chart_axis_fit((chart_range)CHART_NO_RANGE, false, 5, false, 0, 100);
  assert_true(a.lo == 0 && a.hi == 1);
  assert_false(vg_chart_axis_fit((chart_range){2, 7}, true, 5, false, 0, 100).log);
  assert_false(vg_chart_axis_fit((chart_range){0, 7}, true, 5, false, 0, 100).log);
}

static const double extremes[] = {0,        1,       -1,        1e308,  -1e308,   1.7e308,   -1.7e308,
                                  5e-324,   -5e-324, 1e-310,    1e-300, -1e-300,  1e-281,    1e-279,
                                  1e300,    -1e300,  1e299,     NAN,    INFINITY, -INFINITY, 1e15,
                                  1e15 + 1, 3e-9,    123456789, 1e-5};

/* Every pair of extreme values gives an axis of few ticks, each on the axis. */
static void test_extreme_axes(void **state) {
  (void)state;
  const size_t n = sizeof extremes / sizeof *extremes;
  alarm(60);
  for (size_t k = 0; k < n * n * 4; k++) {
    const double one = extremes[k / 4 % n], other = extremes[k / 4 / n];
    chart_range r = CHART_NO_RANGE;
    vg_chart_range_add(&r, one);
    vg_chart_range_add(&r, other);
    const chart_axis a = vg_chart_axis_fit(r, k & 1, 5, k & 2, 300, 10);
    double at, last = 301;
    char text[CHART_TICK];
    int i = 0;
    for (; vg_chart_tick(&a, i, &at, text); i++) {
      if (!(at >= 9 && at < last)) fail_msg("%g to %g: tick %d stands at %g", one, other, i, at);
      last = at;
    }
    if (i < 1 || i > 20) fail_msg("%g to %g: %d ticks", one, other, i);
    for (size_t v = 0; v < n; v++)
      if (!isnan(extremes[v]) && !isfinite(vg_chart_at(&a, extremes[v])))
        fail_msg("%g is drawn nowhere", extremes[v]);
  }
  alarm(0);
}

static void test_extreme_charts(void **state) {
  (void)state;
  const char *path = in_scratch("extreme.html");
  const size_t n = sizeof extremes / sizeof *extremes;
  vg_report *r = vg_report_new("Extremes", NULL);
  vg_report_section(r, "Charts");
  alarm(60);
  for (size_t k = 0; k + 1 < n; k++) {
    const double x[] = {1, 2}, *y = extremes + k;
    const vg_chart_line lines[] = {{"a", x, y, NULL, NULL, 2}, {"b", y, x, y, x, 2}};
    const vg_chart_strip strip = {"group", "series", y, 2};
    const vg_chart_bar bar = {.group = "group", .series = "series", .value = y[0], .low = y[1], .high = y[0]};
    vg_report_lines(r, &(vg_chart){.title = "Lines", .x = "x", .mark = y, .mark_name = "mark"}, lines, 2);
    vg_report_lines(r, &(vg_chart){.title = "Decades", .x = "x", .log = true}, lines, 2);
    vg_report_strips(r, &(vg_chart){.title = "Strips"}, &strip, 1);
    vg_report_bars(r, &(vg_chart){.title = "Bars", .mark = y + 1}, &bar, 1);
  }
  assert_int_equal(vg_report_write(r, path), VG_OK);
  vg_report_free(r);
  alarm(0);
  char *text = read_text(path);
  assert_null(strstr(text, "=\"inf"));
  assert_null(strstr(text, "=\"nan"));
  assert_null(strstr(text, "=\"-nan"));
  assert_null(strstr(text, "Linf"));
  vg_free(text);
}

/* The scores of a run with one validation: a line of one point, and one with a gap about its last. */
static void test_single_points(void **state) {
  (void)state;
  const char *path = in_scratch("points.html");
  const double x[] = {8, 9, 10, 11}, one[] = {0.3}, gap[] = {0.2, 0.3, NAN, 0.4};
  const vg_chart_line lines[] = {{"a", x, one, NULL, NULL, 1}, {"b", x, gap, NULL, NULL, 4}};
  vg_report *r = vg_report_new("Points", NULL);
  vg_report_section(r, "Charts");
  vg_report_lines(r, &(vg_chart){.title = "Scores", .x = "epoch"}, lines, 2);
  assert_int_equal(vg_report_write(r, path), VG_OK);
  vg_report_free(r);
  char *text = read_text(path);
  size_t bars = 0;
  for (const char *at = text; (at = strstr(at, "h10")) != NULL; at++) bars++;
  assert_int_equal(bars, 2);
  vg_free(text);
}

static void test_words(void **state) {
  (void)state;
  char buf[VG_FIGURE];
  assert_string_equal(vg_report_figure(0.83127, buf), "0.8313");
  assert_string_equal(vg_report_figure(12345.6, buf), "12346");
  assert_string_equal(vg_report_figure(NAN, buf), "");
  assert_string_equal(vg_report_figure(INFINITY, buf), "inf");
  assert_int_equal(vg_report_tone_of("fewer cases"), VG_TONE_BAD);
  assert_int_equal(vg_report_tone_of("better"), VG_TONE_GOOD);
  assert_int_equal(vg_report_tone_of("new"), VG_TONE_PLAIN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_page),
      cmocka_unit_test(test_parsed),
      cmocka_unit_test(test_png_is_embedded_whole),
      cmocka_unit_test(test_faults_stick),
      cmocka_unit_test(test_axis),
      cmocka_unit_test(test_extreme_axes),
      cmocka_unit_test(test_extreme_charts),
      cmocka_unit_test(test_single_points),
      cmocka_unit_test(test_words),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
