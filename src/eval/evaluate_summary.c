/* evaluate_summary.c: statistics over cases, and how they are shown: metrics.csv, summary.json, tables. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "eval/evaluation.h"
#include "voxgan/fs.h"
#include "voxgan/mem.h"
#include "voxgan/str.h"
#include "voxgan/version.h"

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of sorted values, linear between neighbours. */
static double quantile(const double *sorted, size_t n, double q) {
  double at = q * (double)(n - 1);
  size_t i = (size_t)at;
  return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void group_statistics(eval_group *g, double *v) {
  size_t n = g->n;
  g->mean = g->sd = g->median = g->q1 = g->q3 = g->least = g->most = NAN;
  if (!n) return;
  qsort(v, n, sizeof *v, by_value);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) sum += v[i];
  g->mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) squares += (v[i] - g->mean) * (v[i] - g->mean);
  if (n > 1) g->sd = sqrt(squares / (double)(n - 1));
  g->median = quantile(v, n, 0.5);
  g->q1 = quantile(v, n, 0.25);
  g->q3 = quantile(v, n, 0.75);
  g->least = v[0];
  g->most = v[n - 1];
}

vg_status vg_eval_summarise(vg_evaluation *e) {
  double *column = vg_malloc(e->n_cases, sizeof *column);
  if (!column) return VG_MEMORY;
  size_t kept = 0;
  for (size_t g = 0; g < e->n_groups; g++) {
    eval_group group = e->groups[g];
    group.n = group.infinite = 0;
    for (size_t c = 0; c < e->n_cases; c++) {
      double v = e->values[c * e->n_groups + g];
      if (isinf(v)) group.infinite++;
      if (isfinite(v)) column[group.n++] = v;
    }
    if (!group.n && !group.infinite) continue;
    group_statistics(&group, column);
    /* kept <= g, so what is overwritten has been read. */
    for (size_t c = 0; c < e->n_cases; c++)
      e->values[c * e->n_groups + kept] = e->values[c * e->n_groups + g];
    e->groups[kept++] = group;
  }
  for (size_t c = 0; c < e->n_cases; c++) {
    memmove(e->values + c * kept, e->values + c * e->n_groups, kept * sizeof *e->values);
  }
  e->n_groups = kept;
  vg_free(column);
  return VG_OK;
}

static void put_ids(vg_json *parent, const char *key, char *const *ids, size_t n) {
  vg_json *list = vg_json_put_take(parent, key, vg_json_array());
  for (size_t i = 0; i < n; i++) vg_json_put_string(list, NULL, ids[i]);
}

vg_status vg_eval_summary_json(vg_evaluation *e) {
  vg_json *root = e->summary = vg_json_object();
  if (!root) return VG_MEMORY;
  vg_json_put_string(root, "kind", "voxgan evaluation");
  vg_json_put_string(root, "version", vg_version());
  vg_json *settings = vg_json_put_take(root, "settings", vg_json_object());
  vg_json_put_string(settings, "normalise", vg_normalise_name(e->normalise));
  vg_json *suites = vg_json_put_take(settings, "suites", vg_json_array());
  for (int i = 0; vg_suite_at(i); i++) {
    if (e->suites >> i & 1) vg_json_put_string(suites, NULL, vg_suite_at(i));
  }
  vg_json *subjects = vg_json_put_take(root, "subjects", vg_json_object());
  put_ids(subjects, "paired", e->ids, e->n_cases);
  put_ids(subjects, "real_only", e->real_only, e->n_real_only);
  put_ids(subjects, "synth_only", e->synth_only, e->n_synth_only);
  vg_json *metrics = vg_json_put_take(root, "metrics", vg_json_array());
  for (size_t i = 0; i < e->n_groups; i++) {
    const eval_group *g = &e->groups[i];
    vg_json *row = vg_json_put_take(metrics, NULL, vg_json_object());
    vg_json_put_string(row, "series", g->series);
    vg_json_put_string(row, "region", g->region);
    vg_json_put_string(row, "metric", g->metric->name);
    vg_json_put_string(row, "unit", g->metric->metric->unit);
    vg_json_put_number(row, "n", (double)g->n);
    vg_json_put_number(row, "infinite", (double)g->infinite);
    vg_json_put_number(row, "mean", g->mean);
    vg_json_put_number(row, "sd", g->sd);
    vg_json_put_number(row, "median", g->median);
    vg_json_put_number(row, "q1", g->q1);
    vg_json_put_number(row, "q3", g->q3);
    vg_json_put_number(row, "min", g->least);
    vg_json_put_number(row, "max", g->most);
  }
  return VG_OK;
}

vg_status vg_eval_write(const vg_evaluation *e, const char *out) {
  vg_status st = VG_OK;
  char *csv = vg_fs_join(out, "metrics.csv"), *json = vg_fs_join(out, "summary.json");
  vg_str text = VG_STR_INIT;
  if (!csv || !json) {
    st = VG_MEMORY;
    goto out;
  }
  vg_str_add(&text, "subject,series,region,metric,value\n");
  for (size_t c = 0; c < e->n_cases; c++) {
    for (size_t i = 0; i < e->n_groups; i++) {
      const eval_group *g = &e->groups[i];
      double v = e->values[c * e->n_groups + i];
      if (isnan(v)) continue;
      vg_str_add_csv(&text, e->ids[c]);
      vg_str_add(&text, ",");
      vg_str_add_csv(&text, g->series);
      vg_str_add(&text, ",");
      vg_str_add_csv(&text, g->region);
      vg_str_addf(&text, ",%s,%.9g\n", g->metric->name, v);
    }
  }
  if (vg_str_failed(&text)) {
    st = vg_fail(VG_MEMORY, "%s: out of memory", csv);
    goto out;
  }
  st = vg_fs_write_atomic(csv, vg_str_text(&text), text.len);
  /* Last: a summary means that the table beside it is whole. */
  if (!st) st = vg_json_write(json, e->summary);
out:
  vg_str_release(&text);
  vg_free(csv);
  vg_free(json);
  return st;
}

static void cell_text(const eval_group *g, char *buf, size_t size) {
  int digits = strcmp(g->metric->metric->unit, "dB") ? 4 : 2;
  if (!g->n)
    snprintf(buf, size, "inf");
  else if (g->n == 1)
    snprintf(buf, size, "%.*f", digits, g->mean);
  else
    snprintf(buf, size, "%.*f +- %.*f", digits, g->mean, digits, g->sd);
}

enum { COLUMNS_MAX = 40 };

/* Rows are series and region, columns the suite's metrics. */
static vg_status print_suite(const vg_evaluation *e, const char *suite, FILE *to) {
  const char *header[COLUMNS_MAX] = {"series", "region", "n"}, *cells[COLUMNS_MAX];
  char titles[COLUMNS_MAX][48], texts[COLUMNS_MAX][64];
  const vg_metric_row *metrics[COLUMNS_MAX], *row;
  size_t cols = 3;
  for (int i = 0; (row = vg_metric_at(i)) && cols < COLUMNS_MAX; i++) {
    if (strcmp(row->metric->suite, suite) != 0) continue;
    const char *unit = row->metric->unit;
    snprintf(titles[cols], sizeof titles[cols], *unit ? "%s %s" : "%s%s", row->name, unit);
    metrics[cols] = row;
    header[cols] = titles[cols];
    cols++;
  }
  vg_table t = {0};
  vg_status st = vg_table_init(&t, cols, header);
  for (size_t i = 0; i < e->n_groups && !st; i++) {
    const eval_group *g = &e->groups[i];
    if (strcmp(g->metric->metric->suite, suite) != 0) continue;
    bool seen = false; /* groups of a series and region follow each other */
    for (size_t k = 0; k < i && !seen; k++) {
      const eval_group *o = &e->groups[k];
      seen = !strcmp(o->metric->metric->suite, suite) && !strcmp(o->series, g->series) &&
             !strcmp(o->region, g->region);
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
        cell_text(o, texts[c], sizeof texts[c]);
        cells[c] = texts[c];
      }
    }
    st = vg_table_add_row(&t, cells);
  }
  if (!st && t.rows > 1) {
    vg_table_print(to, &t);
    fputc('\n', to);
  }
  vg_table_release(&t);
  return st;
}

vg_status vg_evaluation_print(const vg_evaluation *e, FILE *to) {
  vg_status st = VG_OK;
  for (int i = 0; vg_suite_at(i) && !st; i++) st = print_suite(e, vg_suite_at(i), to);
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
