/* eval_print.c: an evaluation as tables on a terminal. */
#include <stdio.h>
#include <string.h>
#include "eval/model/evaluation.h"

static void cell_text(const eval_group *g, const char *plus_minus, char *buf, size_t size) {
  int digits = *g->metric->metric->unit ? 2 : 4, at = 0;
  if (g->n) at = snprintf(buf, size, "%.*f", digits, g->mean);
  if (g->n > 1) at += snprintf(buf + at, size - (size_t)at, " %s %.*f", plus_minus, digits, g->sd);
  if (g->n && g->infinite)
    snprintf(buf + at, size - (size_t)at, ", %zu inf", g->infinite);
  else if (g->infinite)
    snprintf(buf, size, "inf");
}

/* Metrics beside each other; a suite of more makes more tables. */
enum { METRICS_A_TABLE = 6, COLUMNS_MAX = 3 + METRICS_A_TABLE };

static bool has_values(const vg_evaluation *e, const vg_metric_row *row) {
  for (size_t g = 0; g < e->n_groups; g++) {
    if (e->groups[g].metric == row) return true;
  }
  return false;
}

vg_status vg_eval_means_table(const vg_evaluation *e, const char *suite, int nth_table,
                              const char *plus_minus, bool *more, vg_table *t) {
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

static vg_status print_table(const vg_evaluation *e, const char *suite, int nth, bool *more, FILE *to) {
  vg_table t = {0};
  vg_status st = vg_eval_means_table(e, suite, nth, "+-", more, &t);
  if (!st && t.rows > 1) {
    vg_table_print(to, &t);
    fputc('\n', to);
  }
  vg_table_release(&t);
  return st;
}

vg_status vg_evaluation_print(const vg_evaluation *e, FILE *to) {
  vg_status st = VG_OK;
  for (int i = 0; vg_suite_at(i) && !st; i++) {
    bool more = true;
    for (int nth = 0; more && !st; nth++) st = print_table(e, vg_suite_at(i), nth, &more, to);
    if (!st) st = vg_eval_sets_print(e, vg_suite_at(i), to);
  }
  if (st || !e->baseline) return st;
  if (e->moved.rows > 1) {
    fprintf(to, "against the baseline %s:\n", e->baseline);
    vg_table_print(to, &e->moved);
  } else {
    fprintf(to, "against the baseline %s: nothing moved beyond its tolerance\n", e->baseline);
  }
  return st;
}

const vg_json *vg_evaluation_summary(const vg_evaluation *e) {
  return e->summary;
}
