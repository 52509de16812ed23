/* test_draw.c: distributions parse, keep their bounds, and have the requested moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "voxgan/edit.h"

#define N 20000

static vg_draw parsed(const char *text) {
  vg_draw d;
  if (vg_draw_parse(text, &d)) fail_msg("%s: %s", text, vg_error());
  return d;
}

static void says(vg_status st, const char *text) {
  if (st != VG_CONFIG || !strstr(vg_error(), text))
    fail_msg("%s '%s', wanted '%s'", vg_status_name(st), vg_error(), text);
}

static void constants(void **state) {
  (void)state;
  vg_rng rng = vg_rng_init(1, 2);
  vg_draw d = parsed("12.5");
  assert_true(d.numeric);
  assert_true(vg_draw_number(&d, &rng) == 12.5);
  assert_string_equal(vg_draw_text(&d, &rng), "12.5");
  d = parsed("left-hemisphere");
  assert_false(d.numeric);
  assert_string_equal(vg_draw_text(&d, &rng), "left-hemisphere");
  assert_false(parsed("inf").numeric);
  assert_false(parsed("").numeric);
  /* Constants take nothing from the stream. */
  assert_int_equal(rng.counter, 0);
}

/* Mean, standard deviation and extremes of N draws. */
static void moments_of(vg_draw *d, double out[4]) {
  vg_rng rng = vg_rng_init(7, 9);
  double sum = 0, squares = 0;
  out[2] = INFINITY, out[3] = -INFINITY;
  for (int i = 0; i < N; i++) {
    double v = vg_draw_number(d, &rng);
    sum += v;
    squares += v * v;
    out[2] = fmin(out[2], v);
    out[3] = fmax(out[3], v);
  }
  out[0] = sum / N;
  out[1] = sqrt(squares / N - out[0] * out[0]);
}

static void moments(void **state) {
  (void)state;
  /* The truncated ones by SciPy's truncnorm; lognormal: mean = median exp(s^2/2). */
  static const struct {
    const char *text;
    double mean, sd, least, most;
  } rows[] = {
      {"uniform(0.5,1.5)", 1, 0.288675, 0.5, 1.5},
      {"uniform(-20,-10)", -15, 2.88675, -20, -10},
      {"int(1,4)", 2.5, 1.118034, 1, 4},
      {"int(-3,-3)", -3, 0, -3, -3},
      {"normal(10,2)", 10, 2, -INFINITY, INFINITY},
      {"normal(10, 2, 9, 20)", 11.01832, 1.39451, 9, 20},
      {"normal(0,5,0,1)", 0.49834, 0.28848, 0, 1},
      {"lognormal(20,0.5)", 22.66297, 12.07823, 0, INFINITY},
      {"lognormal(20,0.5,10,40)", 21.25866, 7.44358, 10, 40},
      {"choice(1:1,2:3)", 1.75, 0.433013, 1, 2},
      {"choice(5,10)", 7.5, 2.5, 5, 10},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_draw d = parsed(rows[i].text);
    double m[4];
    assert_true(d.numeric);
    moments_of(&d, m);
    double tolerance = 5 * rows[i].sd / sqrt(N);
    if (fabs(m[0] - rows[i].mean) > tolerance || fabs(m[1] - rows[i].sd) > 3 * tolerance ||
        m[2] < rows[i].least || m[3] > rows[i].most)
      fail_msg("%s: mean %g sd %g from %g to %g", rows[i].text, m[0], m[1], m[2], m[3]);
  }
}

static void whole_numbers(void **state) {
  (void)state;
  vg_draw d = parsed("int(1,4)");
  vg_rng rng = vg_rng_init(3, 4);
  int seen[5] = {0};
  for (int i = 0; i < 4000; i++) {
    double v = vg_draw_number(&d, &rng);
    assert_true(v == floor(v));
    seen[(int)v]++;
  }
  for (int i = 1; i <= 4; i++) assert_in_range(seen[i], 850, 1150);
}

static void texts(void **state) {
  (void)state;
  vg_draw d = parsed("choice(none:0.3, ring:0.7)");
  vg_rng rng = vg_rng_init(3, 4);
  int rings = 0;
  assert_false(d.numeric);
  for (int i = 0; i < 10000; i++) rings += !strcmp(vg_draw_text(&d, &rng), "ring");
  assert_in_range(rings, 6800, 7200);
}

static void short_numbers(void **state) {
  (void)state;
  vg_draw d = parsed("uniform(0.5,1.5)");
  vg_rng rng = vg_rng_init(3, 4);
  for (int i = 0; i < 100; i++) {
    char text[32];
    double v = vg_draw_number(&d, &rng);
    snprintf(text, sizeof text, "%.6g", v);
    assert_true(strtod(text, NULL) == v);
  }
}

static void determinism(void **state) {
  (void)state;
  static const char *const texts_of[] = {"uniform(0,1)", "normal(0,1)", "lognormal(1,1)", "int(0,1000000)"};
  for (int i = 0; i < 4; i++) {
    vg_draw d = parsed(texts_of[i]);
    vg_rng a = vg_rng_init(5, 6), b = vg_rng_init(5, 6), c = vg_rng_init(5, 7);
    int differ = 0;
    for (int k = 0; k < 50; k++) {
      double v = vg_draw_number(&d, &a);
      assert_true(v == vg_draw_number(&d, &b));
      differ += v != vg_draw_number(&d, &c);
    }
    assert_true(differ > 45);
  }
}

static void parse_faults(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"unifrom(1,2)", "no distribution unifrom; did you mean uniform?"},
      {"whatever(1,2)", "(uniform, int, normal, lognormal, choice, like)"},
      {"uniform(1,2", "closing parenthesis"},
      {"uniform(1)", "must be uniform(least,most)"},
      {"uniform()", "must be uniform(least,most)"},
      {"uniform(1,2,3)", "must be uniform(least,most)"},
      {"normal(1,2,3)", "must be normal(mean,sd) or"},
      {"uniform(1,x)", "\"x\" is not a number"},
      {"uniform(1,inf)", "\"inf\" is not a number"},
      {"uniform(2,1)", "2 is not below 1"},
      {"uniform(1,1)", "1 is not below 1"},
      {"int(2,1)", "2 is above 1"},
      {"int(1,2.5)", "whole numbers"},
      {"int(1,1e300)", "whole numbers"},
      {"normal(1,0)", "sd must be above 0"},
      {"normal(5,1,6,9)", "the mean is not within 6 to 9"},
      {"lognormal(0,1)", "median must be above 0"},
      {"lognormal(5,1,6,9)", "the median is not within 6 to 9"},
      {"choice()", "nothing to choose from"},
      {"choice(a,,b)", "a choice is empty"},
      {"choice(a:0,b)", "weight \"0\""},
      {"choice(a:x,b)", "weight \"x\""},
      {"choice(a,b,a:2)", "a is given twice"},
      {"choice(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17)", "more than 16"},
  };
  vg_draw d;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    says(vg_draw_parse(rows[i].text, &d), rows[i].says);
  char large[200];
  memset(large, 'x', sizeof large - 1);
  large[sizeof large - 1] = 0;
  says(vg_draw_parse(large, &d), "longer than 95");
}

static void bounds(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool whole;
    const char *says; /* NULL: within */
  } rows[] = {
      {"5", false, NULL},
      {"0.1", false, NULL},
      {"5", true, NULL},
      {"int(1,10)", true, NULL},
      {"choice(1,2)", true, NULL},
      {"uniform(0.1,10)", false, NULL},
      {"normal(5,100)", false, NULL},
      {"lognormal(5,2)", false, NULL},
      {"uniform(0.5,20)", false, "uniform(0.5,20): 20 is not within 0.1 to 10"},
      {"uniform(0,1)", false, "uniform(0,1): 0 is not within 0.1 to 10"},
      {"20", false, "20 is not within 0.1 to 10"},
      {"left", false, "\"left\" is not a number"},
      {"choice(1,left)", false, "\"left\" is not a number"},
      {"choice(1,11)", false, "11 is not within"},
      {"normal(20,1)", false, "20 is not within"},
      {"normal(5,1,0,10)", false, "0 is not within"},
      {"2.5", true, "2.5 is not a whole number"},
      {"uniform(1,4)", true, "int(least,most)"},
      {"normal(5,1)", true, "int(least,most)"},
      {"choice(1,2.5)", true, "2.5 is not a whole number"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vg_draw d = parsed(rows[i].text);
    vg_status st = vg_draw_bound(&d, 0.1, 10, rows[i].whole);
    if (rows[i].says)
      says(st, rows[i].says);
    else if (st)
      fail_msg("%s: %s", rows[i].text, vg_error());
    if (st) continue;
    double m[4];
    moments_of(&d, m);
    assert_true(m[2] >= 0.1 && m[3] <= 10);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(constants),    cmocka_unit_test(moments),       cmocka_unit_test(whole_numbers),
      cmocka_unit_test(texts),        cmocka_unit_test(short_numbers), cmocka_unit_test(determinism),
      cmocka_unit_test(parse_faults), cmocka_unit_test(bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
