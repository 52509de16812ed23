/* evaluate_baseline.c: a summary against an earlier one: what moved, and whether anything got worse. */
#include <math.h>
#include <string.h>
#include "eval/evaluation.h"
#include "voxgan/fs.h"
#include "voxgan/mem.h"
#include "voxgan/str.h"

/* Below this, means differ by rounding: the same build on another processor. */
#define ROUNDING 1e-6

static vg_status parse_tolerance(const char *text, double *by_metric) {
  int n_metrics = 0;
  const char *names[64];
  double rest = 0.05;
  for (; vg_metric_at(n_metrics) && n_metrics < 63; n_metrics++) {
    names[n_metrics] = vg_metric_at(n_metrics)->name;
    by_metric[n_metrics] = NAN;
  }
  names[n_metrics] = NULL;
  size_t n = 0;
  char **parts = vg_split(text ? text : "0.05", ',', &n);
  if (!parts) return VG_MEMORY;
  vg_status st = VG_OK;
  for (size_t i = 0; i < n && !st; i++) {
    char *eq = strchr(parts[i], '=');
    double v;
    if (!vg_parse_f64(eq ? eq + 1 : parts[i], &v) || !(v >= 0)) {
      st = vg_fail(VG_CONFIG, "tolerance '%s' is not a number of at least 0, nor METRIC=NUMBER", parts[i]);
    } else if (!eq) {
      rest = v;
    } else {
      *eq = '\0';
      int m = 0;
      while (m < n_metrics && strcmp(names[m], parts[i]) != 0) m++;
      const char *near = m < n_metrics ? NULL : vg_nearest(parts[i], names);
      if (m < n_metrics)
        by_metric[m] = v;
      else if (near)
        st = vg_fail(VG_CONFIG, "tolerance for unknown metric '%s'; did you mean '%s'?", parts[i], near);
      else
        st = vg_fail(VG_CONFIG, "tolerance for unknown metric '%s'", parts[i]);
    }
  }
  for (int m = 0; m < n_metrics; m++) {
    if (isnan(by_metric[m])) by_metric[m] = rest;
  }
  vg_strv_free(parts);
  return st;
}

vg_status vg_eval_baseline_read(const vg_evaluate_settings *s, eval_baseline *b) {
  int n = 0;
  while (vg_metric_at(n)) n++;
  b->path = s->baseline;
  b->tolerance = VG_NEW_N(double, n);
  if (!b->tolerance) return VG_MEMORY;
  vg_status st = parse_tolerance(s->tolerance, b->tolerance);
  if (st || !s->baseline) return st;
  if ((st = vg_json_read(s->baseline, &b->root))) return st;
  if (strcmp(vg_json_string(vg_json_get(b->root, "kind"), ""), "voxgan evaluation") != 0 ||
      vg_json_type_of(vg_json_get(b->root, "metrics")) != VG_JSON_ARRAY)
    return vg_fail(VG_DATA, "%s: not a summary.json of voxgan eval", s->baseline);
  const char *normalise = vg_json_string(vg_json_get(vg_json_get(b->root, "settings"), "normalise"), "");
  if (strcmp(normalise, vg_normalise_name(s->normalise)) != 0)
    return vg_fail(VG_DATA, "%s: made with intensities normalised by '%s', this run by '%s'", s->baseline,
                   normalise, vg_normalise_name(s->normalise));
  return VG_OK;
}

void vg_eval_baseline_release(eval_baseline *b) {
  vg_json_free(b->root);
  vg_free(b->tolerance);
  memset(b, 0, sizeof *b);
}

static const eval_group *find_group(const vg_evaluation *e, const char *series, const char *region,
                                    const char *metric) {
  for (size_t i = 0; i < e->n_groups; i++) {
    const eval_group *g = &e->groups[i];
    if (!strcmp(g->series, series) && !strcmp(g->region, region) && !strcmp(g->metric->name, metric))
      return g;
  }
  return NULL;
}

static vg_status add_moved(vg_evaluation *e, vg_json *list, const char *series, const char *region,
                           const char *metric, double before, double now, const char *verdict) {
  char was[32] = "", is[32] = "", change[32] = "";
  if (!isnan(before)) snprintf(was, sizeof was, "%.5g", before);
  if (!isnan(now)) snprintf(is, sizeof is, "%.5g", now);
  if (isfinite(before) && isfinite(now) && before != 0)
    snprintf(change, sizeof change, "%+.1f%%", 100 * (now - before) / fabs(before));
  vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
  vg_json_put_string(row, "series", series);
  vg_json_put_string(row, "region", region);
  vg_json_put_string(row, "metric", metric);
  vg_json_put_number(row, "baseline", before);
  vg_json_put_number(row, "now", now);
  vg_json_put_string(row, "verdict", verdict);
  return vg_table_add_row(&e->moved, (const char *const[]){series, region, metric, was, is, change, verdict});
}

/* The values of one group, then or now. */
typedef struct outcome {
  double mean, n, infinite; /* mean: of the n finite ones; infinite where there are none */
} outcome;

/* NULL when it stayed within the tolerance. Where infinity is not the ideal (a missed mask's surface
 * distance), how many values are infinite decides before the mean of the others. */
static const char *judge(const vg_metric_row *row, const outcome *before, const outcome *now,
                         double tolerance) {
  if (now->n + now->infinite < before->n + before->infinite) return "fewer cases";
  if (!isinf(row->metric->ideal) && now->infinite != before->infinite)
    return now->infinite > before->infinite ? "more infinite" : "better";
  if (isinf(before->mean) && isinf(now->mean)) return NULL;
  double worse_by = vg_metric_worse_by(row, before->mean, now->mean);
  double allowed = isinf(before->mean) ? 0 : fmax(tolerance * fabs(before->mean), ROUNDING);
  if (worse_by > allowed) return "worse";
  return -worse_by > allowed ? "better" : NULL;
}

static outcome outcome_of(const eval_group *g) {
  return (outcome){g->n ? g->mean : (double)INFINITY, (double)g->n, (double)g->infinite};
}

vg_status vg_eval_baseline_compare(const eval_baseline *b, vg_evaluation *e) {
  static const char *const header[] = {"series", "region", "metric", "baseline", "now", "change", "verdict"};
  vg_status st = vg_table_init(&e->moved, sizeof header / sizeof *header, header);
  if (st) return st;
  e->baseline = vg_strdup(b->path);
  bool *known = VG_NEW_N(bool, e->n_groups);
  if (!e->baseline || !known) {
    st = VG_MEMORY;
    goto out;
  }
  vg_json *section = vg_json_put_take(e->summary, "baseline", vg_json_object());
  vg_json *list = vg_json_put_take(section, "moved", vg_json_array());
  for (const vg_json *row = vg_json_first(vg_json_get(b->root, "metrics")); row; row = vg_json_next(row)) {
    const char *series = vg_json_string(vg_json_get(row, "series"), "");
    const char *region = vg_json_string(vg_json_get(row, "region"), "");
    const char *name = vg_json_string(vg_json_get(row, "metric"), "");
    outcome before = {INFINITY, vg_json_number(vg_json_get(row, "n"), 0),
                      vg_json_number(vg_json_get(row, "infinite"), 0)};
    if (before.n > 0) before.mean = vg_json_number(vg_json_get(row, "mean"), NAN);
    int m = 0;
    while (vg_metric_at(m) && strcmp(vg_metric_at(m)->name, name) != 0) m++;
    const vg_metric_row *metric = vg_metric_at(m);
    if (!metric) {
      st = vg_fail(VG_DATA, "%s: unknown metric '%s'", b->path, name);
      goto out;
    }
    if (isnan(before.mean) || before.n + before.infinite < 1) {
      st = vg_fail(VG_DATA, "%s: %s %s %s has no value", b->path, series, region, name);
      goto out;
    }
    if (!vg_metric_in_suites(metric, e->suites)) continue;
    const eval_group *g = find_group(e, series, region, name);
    const char *verdict = "gone";
    outcome now = {NAN, 0, 0};
    if (g) {
      known[g - e->groups] = true;
      now = outcome_of(g);
      verdict = judge(metric, &before, &now, b->tolerance[m]);
    }
    if (!verdict) continue;
    if (strcmp(verdict, "better") != 0) e->n_worse++;
    if ((st = add_moved(e, list, series, region, name, before.mean, now.mean, verdict))) goto out;
  }
  for (size_t i = 0; i < e->n_groups; i++) {
    const eval_group *g = &e->groups[i];
    if (known[i]) continue;
    if ((st = add_moved(e, list, g->series, g->region, g->metric->name, NAN, outcome_of(g).mean, "new")))
      goto out;
  }
  vg_json_put_number(section, "worse", (double)e->n_worse);
out:
  vg_free(known);
  return st;
}
