/* evaluation_tables.c: an evaluation as tables. */
#include "eval/model/evaluation_tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void cell_text(const eval_group *g, const char *plus_minus, char *buf, size_t size) {
  int digits = *g->metric->metric->unit ? 2 : 4, at = 0;
  if (g->n) at = snprintf(buf, size, "%.*f", digits, g->mean);
  if (g->n > 1) at += snprintf(buf + at, size - (size_t)at, " %s %.*f", plus_minus, digits, g->sd);
  if (g->n && g->infinite)
    snprintf(buf + at, size - (size_t)at, ", %zu inf", g->infinite);
  else if (g->infinite)
    snprintf(buf, size, "inf");
}

/* Metrics side by side; a suite with more metrics gets more tables. */
enum { METRICS_A_TABLE = 6, COLUMNS_MAX = 3 + METRICS_A_TABLE };

static bool has_values(const vg_eval *e, const vg_metric_row *row) {
  for (size_t g = 0; g < e->n_groups; g++) {
    if (e->groups[g].metric == row) return true;
  }
  return false;
}

vg_status vg_eval_means_table(const vg_eval *e, const char *suite, int nth_table, const char *plus_minus,
                              bool *more, vg_table *t) {
  const char *header[COLUMNS_MAX] = {"series", "region", "n"}, *cells[COLUMNS_MAX];
  char titles[COLUMNS_MAX][48], texts[COLUMNS_MAX][64];
  const vg_metric_row *metrics[COLUMNS_MAX], *row;
  size_t cols = 3;
  int nth = 0;
  *more = false;
  for (int i = 0; (row = vg_metric_at(i)); i++) {
    if (strcmp(row->suite, suite) != 0 || !has_values(e, row) || nth++ < nth_table * METRICS_A_TABLE)
      continue;
    if ((*more = cols == COLUMNS_MAX)) break;
    const char *unit = row->metric->unit;
    snprintf(titles[cols], sizeof titles[cols], *unit ? "%s %s" : "%s%s", row->name, unit);
    metrics[cols] = row;
    header[cols] = titles[cols];
    cols++;
  }
  vg_status st = vg_table_init(t, cols, header);
  for (size_t i = 0; i < e->n_groups && !st; i++) {
    const eval_group *g = &e->groups[i];
    if (strcmp(g->metric->suite, suite) != 0) continue;
    bool seen = false; /* groups of a series and region follow each other */
    for (size_t k = 0; k < i && !seen; k++) {
      const eval_group *o = &e->groups[k];
      seen =
          !strcmp(o->metric->suite, suite) && !strcmp(o->series, g->series) && !strcmp(o->region, g->region);
    }
    if (seen) continue;
    snprintf(texts[2], sizeof texts[2], "%zu", g->n + g->infinite);
    cells[0] = g->series;
    cells[1] = g->region;
    cells[2] = texts[2];
    for (size_t c = 3; c < cols; c++) cells[c] = "";
    for (size_t k = i; k < e->n_groups; k++) {
      const eval_group *o = &e->groups[k];
      if (strcmp(o->series, g->series) != 0 || strcmp(o->region, g->region) != 0) continue;
      for (size_t c = 3; c < cols; c++) {
        if (metrics[c] != o->metric) continue;
        cell_text(o, plus_minus, texts[c], sizeof texts[c]);
        cells[c] = texts[c];
      }
    }
    st = vg_table_add_row(t, cells);
  }
  return st;
}

vg_status vg_eval_sets_table(const vg_eval *e, const char *suite, vg_table *t) {
  static const char *const header[] = {"space",     "metric", "value",   "95% interval",
                                       "reference", "n real", "n synth", "note"};
  vg_status st = vg_table_init(t, 8, header);
  for (size_t i = 0; i < e->n_sets && !st; i++) {
    const eval_set *s = &e->sets[i];
    char value[32], interval[64] = "", floor_text[32] = "", n_real[24], n_synth[24];
    if (strcmp(s->metric->suite, suite) != 0) continue;
    snprintf(value, sizeof value, "%.4g", s->value);
    if (!isnan(s->ci_low)) snprintf(interval, sizeof interval, "%.4g to %.4g", s->ci_low, s->ci_high);
    if (!isnan(s->floor)) snprintf(floor_text, sizeof floor_text, "%.4g", s->floor);
    snprintf(n_real, sizeof n_real, "%zu", s->n_real);
    snprintf(n_synth, sizeof n_synth, "%zu", s->n_synth);
    st = vg_table_add_row(t, (const char *const[]){s->space, s->metric->name, value, interval, floor_text,
                                                   n_real, n_synth, s->note});
  }
  return st;
}

vg_status vg_eval_moved_table(const vg_eval *e, vg_table *t) {
  static const char *const header[] = {"series", "region", "metric",  "baseline",
                                       "now",    "change", "allowed", "verdict"};
  vg_status st = vg_table_init(t, sizeof header / sizeof *header, header);
  for (size_t i = 0; i < e->n_moved && !st; i++) {
    const eval_moved *m = &e->moved[i];
    char was[32] = "", is[32] = "", change[32] = "";
    if (!isnan(m->before)) snprintf(was, sizeof was, "%.5g", m->before);
    if (!isnan(m->now)) snprintf(is, sizeof is, "%.5g", m->now);
    if (isfinite(m->before) && isfinite(m->now) && m->before != 0)
      snprintf(change, sizeof change, "%+.1f%%", 100 * (m->now - m->before) / fabs(m->before));
    st = vg_table_add_row(
        t, (const char *const[]){m->series, m->region, m->metric, was, is, change, m->allowed, m->verdict});
  }
  return st;
}
