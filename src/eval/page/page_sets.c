/* page_sets.c: metrics of whole sets, and verdicts. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "eval/model/evaluation_tables.h"
#include "eval/page/eval_page.h"

static bool is_of(const eval_set *s, const char *suite, const char *metric) {
  return !strcmp(s->metric->suite, suite) && !strcmp(s->metric->name, metric);
}

/* Makes the bars of one metric: the value in each space, and beside it the reference if any space has one. */
static size_t metric_bars(const vg_eval *e, const char *suite, const char *metric, vg_chart_bar *bars,
                          bool *intervals) {
  size_t n = 0;
  bool floors = false;
  for (size_t i = 0; i < e->n_sets; i++)
    floors |= is_of(&e->sets[i], suite, metric) && isfinite(e->sets[i].floor);
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    if (!is_of(s, suite, metric)) continue;
    *intervals |= isfinite(s->ci_low);
    bars[n++] = (vg_chart_bar){s->space, floors ? "synthetic" : NULL, s->value, s->ci_low, s->ci_high};
    if (floors) bars[n++] = (vg_chart_bar){s->space, "reference", s->floor, NAN, NAN};
  }
  return n;
}

/* Whether the values are too far apart for one linear axis. */
static bool span_decades(const vg_chart_bar *bars, size_t n) {
  double least = (double)INFINITY, most = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(bars[i].value)) continue;
    least = fmin(least, bars[i].value);
    most = fmax(most, bars[i].value);
  }
  return least > 0 && most > 100 * least;
}

/* Adds a chart for each metric that has several bars or an interval. bars: room for two per set. */
static void add_charts(vg_report *r, const vg_eval *e, const char *suite, vg_chart_bar *bars) {
  for (size_t i = 0; i < e->n_sets; i++) {
    const char *metric = e->sets[i].metric->name;
    bool seen = strcmp(e->sets[i].metric->suite, suite) != 0, intervals = false;
    for (size_t k = 0; k < i && !seen; k++) seen = is_of(&e->sets[k], suite, metric);
    if (seen) continue;
    size_t n = metric_bars(e, suite, metric, bars, &intervals);
    if (n > 1 || intervals)
      vg_report_bars(r, &(vg_chart){.title = metric, .x = metric, .log = span_decades(bars, n)}, bars, n);
  }
}

vg_status vg_eval_page_sets(vg_report *r, const vg_eval *e, const char *suite) {
  vg_table t = {0};
  vg_chart_bar *bars = VG_NEW_N(vg_chart_bar, 2 * e->n_sets);
  vg_status st = bars ? vg_eval_sets_table(e, suite, &t) : VG_MEMORY;
  if (!st && t.rows > 1) vg_report_table(r, "Values of the data sets as wholes", &t, 2);
  if (!st) add_charts(r, e, suite, bars);
  vg_table_release(&t);
  vg_free(bars);
  return st;
}

vg_status vg_eval_page_verdicts(vg_report *r, const vg_eval *e, const char *suite) {
  static const char *const header[] = {"suite", "check", "verdict", "what was found"};
  const size_t from = suite ? 1 : 0, cols = 3; /* one suite: show the text but not the suite's name */
  vg_table t = {0};
  vg_status st = vg_table_init(&t, cols, header + from);
  for (size_t i = 0; i < e->n_verdicts && !st; i++) {
    const eval_verdict *v = &e->verdicts[i];
    const char *cells[] = {v->suite, v->check, v->verdict, v->text};
    if (!suite || !strcmp(v->suite, suite)) st = vg_table_add_row(&t, cells + from);
  }
  if (!st && t.rows > 1) vg_report_table(r, "Verdicts", &t, cols - 1 - from);
  vg_table_release(&t);
  return st;
}
