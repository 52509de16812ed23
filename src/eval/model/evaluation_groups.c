/* evaluation_groups.c: statistics of a group's values over cases. */
#include <math.h>
#include <string.h>
#include "eval/model/evaluation.h"
#include "base/task/progress.h"
#include "base/number/order_statistic.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/statistic.h"
#include "base/str.h"

static void group_statistics(eval_group *g, double *v) {
  size_t n = g->n;
  g->mean = g->sd = g->median = g->q1 = g->q3 = g->least = g->most = NAN;
  if (!n) return;
  double squares = 0;
  g->mean = vg_statistic_mean(v, n);
  for (size_t i = 0; i < n; i++) squares += (v[i] - g->mean) * (v[i] - g->mean);
  if (n > 1) g->sd = sqrt(squares / (double)(n - 1));
  vg_sort_f64(v, n);
  g->median = vg_quantile_f64(v, n, 0.5);
  g->q1 = vg_quantile_f64(v, n, 0.25);
  g->q3 = vg_quantile_f64(v, n, 0.75);
  g->least = v[0];
  g->most = v[n - 1];
}

static double mean_of(double *v, size_t n) {
  return vg_statistic_mean(v, n);
}

/* Each group has a random stream of its own, so that its interval does not depend on the other groups. */
static vg_status bootstrap(eval_group *g, const double *v) {
  char *stream = vg_format("bootstrap %s %s %s", g->series, g->region, g->metric->name);
  if (!stream) return VG_MEMORY;
  vg_status st =
      vg_statistic_bootstrap(mean_of, v, g->n, VG_INTERVAL_LINEAR, stream, &g->ci_low, &g->ci_high);
  vg_free(stream);
  return st;
}

static vg_status summarise_group(void *arg, size_t index) {
  vg_eval *e = arg;
  eval_group *g = &e->groups[index];
  double *column = vg_malloc(e->n_cases, sizeof *column);
  if (!column) return VG_MEMORY;
  g->n = g->infinite = 0;
  for (size_t c = 0; c < e->n_cases; c++) {
    double v = e->values[c * e->n_groups + index];
    if (isinf(v)) g->infinite++;
    if (isfinite(v)) column[g->n++] = v;
  }
  vg_status st = bootstrap(g, column);
  group_statistics(g, column);
  vg_free(column);
  return st;
}

/* Drops the groups that have no value in any case. */
static void drop_empty_groups(vg_eval *e) {
  size_t kept = 0;
  for (size_t g = 0; g < e->n_groups; g++) {
    if (!e->groups[g].n && !e->groups[g].infinite) continue;
    /* kept <= g, so every value is read before it is overwritten. */
    for (size_t c = 0; c < e->n_cases; c++)
      e->values[c * e->n_groups + kept] = e->values[c * e->n_groups + g];
    e->groups[kept++] = e->groups[g];
  }
  for (size_t c = 0; c < e->n_cases; c++) {
    memmove(e->values + c * kept, e->values + c * e->n_groups, kept * sizeof *e->values);
  }
  e->n_groups = kept;
}

vg_status vg_eval_summarise(vg_eval *e) {
  vg_status st = vg_task_parallel("statistics", "groups", e->n_groups, summarise_group, e);
  if (!st) drop_empty_groups(e);
  return st;
}
