/* page_sets.c: what a summary holds beside metrics: profiles, values of whole sets, verdicts. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "eval/page/eval_page.h"
#include "base/mem.h"
#include "voxgan/str.h"

static const char *string_of(const vg_json *row, const char *key) {
  return vg_json_string(vg_json_get(row, key), "");
}
static double number_of(const vg_json *row, const char *key) {
  return vg_json_number(vg_json_get(row, key), NAN);
}

/* ---- profiles ---- */

enum { BINS = 64 };

/* A curve of one side, and its band of an SD. */
typedef struct curve {
  double x[BINS], mean[BINS], low[BINS], high[BINS];
  size_t n;
} curve;

static void read_curve(const vg_json *row, const char *side, const char *key, curve *c) {
  const vg_json *values = vg_json_get(vg_json_get(row, side), key);
  char sd_key[32];
  snprintf(sd_key, sizeof sd_key, "%s_sd", key);
  const vg_json *sd = vg_json_first(vg_json_get(vg_json_get(row, side), sd_key));
  size_t all = vg_json_size(values);
  double from = number_of(row, "from_mm"), step = (number_of(row, "to_mm") - from) / (double)all;
  c->n = 0;
  for (const vg_json *v = vg_json_first(values); v && c->n < BINS;
       v = vg_json_next(v), sd = vg_json_next(sd)) {
    double mean = vg_json_number(v, NAN), by = vg_json_number(sd, NAN);
    from += step;
    if (isnan(mean)) continue; /* no voxel is so far off: the line goes on over the gap */
    c->x[c->n] = from - 0.5 * step;
    c->mean[c->n] = mean;
    c->low[c->n] = mean - by;
    c->high[c->n] = mean + by;
    c->n++;
  }
}

static void add_profile(vg_report *r, const vg_json *row, const char *key, const char *axis) {
  static const double surface = 0;
  char title[128], names[2][48];
  curve curves[2];
  static const char *const sides[] = {"real", "synth"}, *const side_names[] = {"real", "synthetic"};
  vg_chart_line lines[2];
  for (int k = 0; k < 2; k++) {
    read_curve(row, sides[k], key, &curves[k]);
    snprintf(names[k], sizeof names[k], "%s, n = %g", side_names[k],
             number_of(vg_json_get(row, sides[k]), "n"));
    lines[k] =
        (vg_chart_line){names[k], curves[k].x, curves[k].mean, curves[k].low, curves[k].high, curves[k].n};
  }
  snprintf(title, sizeof title, "%s, %s: %s", string_of(row, "series"), string_of(row, "region"), key);
  vg_report_lines(r,
                  &(vg_chart){.title = title,
                              .x = "mm from the surface, outwards",
                              .y = axis,
                              .mark = &surface,
                              .mark_name = "surface"},
                  lines, 2);
}

void vg_eval_report_profiles(vg_report *r, const vg_json *summary) {
  const vg_json *profiles = vg_json_get(summary, "profiles");
  if (!vg_json_size(profiles)) return;
  vg_report_heading(r, "Profiles across the surface");
  vg_report_text(r, "Means over subjects, with a band of one SD. Left of the dashed line is inside.");
  for (const vg_json *row = vg_json_first(profiles); row; row = vg_json_next(row)) {
    add_profile(r, row, "intensity", "normalised intensity");
    add_profile(r, row, "gradient", "gradient a mm");
  }
}

/* ---- values of whole sets ---- */

static bool of_suite(const vg_json *row, const char *suite) {
  return !strcmp(string_of(row, "suite"), suite);
}

/* The bars of one metric: a space's value, and beside it its reference: what real subjects alone come to. */
static size_t metric_bars(const vg_json *sets, const char *suite, const char *metric, vg_chart_bar *bars,
                          bool *intervals) {
  size_t n = 0;
  bool floors = false;
  for (int pass = 0; pass < 2; pass++) {
    n = 0;
    for (const vg_json *row = vg_json_first(sets); row; row = vg_json_next(row)) {
      double floor = number_of(row, "floor");
      if (!of_suite(row, suite) || strcmp(string_of(row, "metric"), metric) != 0) continue;
      floors = floors || isfinite(floor);
      bars[n] = (vg_chart_bar){string_of(row, "space"), floors ? "synthetic" : NULL, number_of(row, "value"),
                               number_of(row, "ci_low"), number_of(row, "ci_high")};
      *intervals = *intervals || isfinite(bars[n].low);
      n++;
      if (floors) bars[n++] = (vg_chart_bar){string_of(row, "space"), "reference", floor, NAN, NAN};
    }
  }
  return n;
}

/* Whether they are too far apart for one linear axis. */
static bool span_decades(const vg_chart_bar *bars, size_t n) {
  double least = (double)INFINITY, most = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(bars[i].value)) continue;
    least = fmin(least, bars[i].value);
    most = fmax(most, bars[i].value);
  }
  return least > 0 && most > 100 * least;
}

/* One chart a metric that has several bars, or an interval. bars: room for two a row of sets. */
static void add_sets_charts(vg_report *r, const vg_json *sets, const char *suite, vg_chart_bar *bars) {
  for (const vg_json *first = vg_json_first(sets); first; first = vg_json_next(first)) {
    const char *metric = string_of(first, "metric");
    bool seen = !of_suite(first, suite), intervals = false;
    for (const vg_json *k = vg_json_first(sets); k != first && !seen; k = vg_json_next(k))
      seen = of_suite(k, suite) && !strcmp(string_of(k, "metric"), metric);
    if (seen) continue;
    size_t n = metric_bars(sets, suite, metric, bars, &intervals);
    if (n > 1 || intervals)
      vg_report_bars(r, &(vg_chart){.title = metric, .x = metric, .log = span_decades(bars, n)}, bars, n);
  }
}

vg_status vg_eval_report_sets(vg_report *r, const vg_evaluation *e, const char *suite) {
  const vg_json *sets = vg_json_get(e->summary, "sets");
  vg_table t = {0};
  vg_chart_bar *bars = VG_NEW_N(vg_chart_bar, 2 * vg_json_size(sets));
  vg_status st = bars ? vg_eval_sets_table(e, suite, &t) : VG_MEMORY;
  if (!st && t.rows > 1) vg_report_table(r, "Values of the data sets as wholes", &t, 2);
  if (!st) add_sets_charts(r, sets, suite, bars);
  vg_table_release(&t);
  vg_free(bars);
  return st;
}

/* ---- verdicts ---- */

vg_status vg_eval_report_verdicts(vg_report *r, const vg_json *summary, const char *suite) {
  static const char *const header[] = {"suite", "check", "verdict", "what was found"};
  const size_t from = suite ? 1 : 0, cols = 3; /* of one suite: without its name, and with the text */
  vg_table t = {0};
  vg_status st = vg_table_init(&t, cols, header + from);
  for (const vg_json *row = vg_json_first(vg_json_get(summary, "verdicts")); row && !st;
       row = vg_json_next(row)) {
    const char *cells[] = {string_of(row, "suite"), string_of(row, "check"), string_of(row, "verdict"),
                           string_of(row, "text")};
    if (!suite || of_suite(row, suite)) st = vg_table_add_row(&t, cells + from);
  }
  if (!st && t.rows > 1) vg_report_table(r, "Verdicts", &t, cols - 1 - from);
  vg_table_release(&t);
  return st;
}
