/* page_groups.c: a suite's values by series and region: tables, and their distributions. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "eval/model/evaluation_tables.h"
#include "eval/page/eval_page.h"
#include "base/mem.h"
#include "base/str.h"

static vg_status add_means(vg_report *r, const vg_eval *e, const char *suite) {
  vg_status st = VG_OK;
  bool more = true;
  for (int nth = 0; more && !st; nth++) {
    vg_table t = {0};
    st = vg_eval_means_table(e, suite, nth, VG_PLUS_MINUS, &more, &t);
    if (!st && t.rows > 1)
      vg_report_table(
          r, nth ? "Means " VG_PLUS_MINUS " SD, further metrics" : "Means " VG_PLUS_MINUS " SD over subjects",
          &t, 2);
    vg_table_release(&t);
  }
  return st;
}

/* Whether group g is the first of its metric in its region. There the rows of a chart begin. */
static bool first_of_region(const vg_eval *e, size_t g) {
  for (size_t k = 0; k < g; k++) {
    if (e->groups[k].metric == e->groups[g].metric && !strcmp(e->groups[k].region, e->groups[g].region))
      return false;
  }
  return true;
}

/* Adds one strip per region and series, ordered by region. columns: (n_groups, n_cases). */
static void add_distribution(vg_report *r, const vg_eval *e, const vg_metric_row *metric,
                             const double *columns, vg_chart_strip *strips) {
  size_t n = 0;
  for (size_t g = 0; g < e->n_groups; g++) {
    if (e->groups[g].metric != metric || !first_of_region(e, g)) continue;
    for (size_t k = g; k < e->n_groups; k++) {
      const eval_group *group = &e->groups[k];
      if (group->metric == metric && !strcmp(group->region, e->groups[g].region))
        strips[n++] = (vg_chart_strip){group->region, group->series, columns + k * e->n_cases, e->n_cases};
    }
  }
  if (!n) return;
  char axis[64];
  const char *unit = metric->metric->unit;
  snprintf(axis, sizeof axis, *unit ? "%s, %s" : "%s%s", metric->name, unit);
  const double *ideal = isfinite(metric->metric->ideal) ? &metric->metric->ideal : NULL;
  vg_report_strips(
      r, &(vg_chart){.title = metric->name, .x = axis, .mark = ideal, .mark_name = ideal ? "ideal" : NULL},
      strips, n);
}

static vg_status add_distributions(vg_report *r, const vg_eval *e, const char *suite) {
  const vg_metric_row *metric;
  double *columns = vg_malloc(e->n_groups * e->n_cases, sizeof *columns);
  vg_chart_strip *strips = VG_NEW_N(vg_chart_strip, e->n_groups);
  vg_status st = columns && strips ? VG_OK : VG_MEMORY;
  for (size_t g = 0; g < e->n_groups && !st; g++) {
    for (size_t c = 0; c < e->n_cases; c++) columns[g * e->n_cases + c] = e->values[c * e->n_groups + g];
  }
  for (int i = 0; (metric = vg_metric_at(i)) && !st; i++) {
    if (!strcmp(metric->suite, suite)) add_distribution(r, e, metric, columns, strips);
  }
  vg_free(columns);
  vg_free(strips);
  return st;
}

static const char *interval_text(const eval_group *g, char *buf, size_t size) {
  char low[VG_FIGURE], high[VG_FIGURE];
  *buf = '\0';
  if (isfinite(g->ci_low))
    snprintf(buf, size, "%s to %s", vg_report_figure(g->ci_low, low), vg_report_figure(g->ci_high, high));
  return buf;
}

/* Adds every statistic of one metric. */
static vg_status add_statistics(vg_report *r, const vg_eval *e, const vg_metric_row *metric) {
  static const char *const header[] = {"series", "region", "n",  "infinite", "mean", "95 % interval",
                                       "SD",     "median", "Q1", "Q3",       "min",  "max"};
  enum { COLUMNS = sizeof header / sizeof *header };
  vg_table t = {0};
  vg_status st = vg_table_init(&t, COLUMNS, header);
  for (size_t i = 0; i < e->n_groups && !st; i++) {
    const eval_group *g = &e->groups[i];
    if (g->metric != metric) continue;
    char n[VG_FIGURE], infinite[VG_FIGURE], interval[2 * VG_FIGURE + 8], figures[7][VG_FIGURE];
    const double values[7] = {g->mean, g->sd, g->median, g->q1, g->q3, g->least, g->most};
    for (int k = 0; k < 7; k++) vg_report_figure(values[k], figures[k]);
    snprintf(n, sizeof n, "%zu", g->n);
    snprintf(infinite, sizeof infinite, g->infinite ? "%zu" : "", g->infinite);
    const char *cells[COLUMNS] = {g->series,  g->region,  n,
                                  infinite,   figures[0], interval_text(g, interval, sizeof interval),
                                  figures[1], figures[2], figures[3],
                                  figures[4], figures[5], figures[6]};
    st = vg_table_add_row(&t, cells);
  }
  vg_str caption = VG_STR_INIT;
  vg_str_addf(&caption, *metric->metric->unit ? "%s (%s): %s" : "%s%s: %s", metric->name,
              metric->metric->unit, metric->help);
  if (vg_str_failed(&caption)) st = VG_MEMORY;
  if (!st && t.rows > 1) vg_report_table(r, vg_str_text(&caption), &t, 2);
  vg_str_release(&caption);
  vg_table_release(&t);
  return st;
}

vg_status vg_eval_page_groups(vg_report *r, const vg_eval *e, const char *suite) {
  const vg_metric_row *metric;
  vg_status st = add_means(r, e, suite);
  if (st) return st;
  vg_report_heading(r, "Distributions over subjects");
  if ((st = add_distributions(r, e, suite))) return st;
  vg_report_fold_open(r, "All statistics, and the definition of each metric");
  for (int i = 0; (metric = vg_metric_at(i)) && !st; i++) {
    if (!strcmp(metric->suite, suite)) st = add_statistics(r, e, metric);
  }
  vg_report_fold_close(r);
  return st;
}
