/* eval_baseline.c: compares an evaluation with an earlier one: which values moved, and whether any got worse.
 */
#include "eval/eval_output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "io/json.h"

/* Smaller differences of means are rounding: the same build on another processor causes them. */
#define ROUNDING 1e-6

static const eval_tolerance usual = {.share = 0.05};

static bool parse_one(const char *text, eval_tolerance *out) {
  out->interval = !strcmp(text, "interval");
  out->share = usual.share; /* if a baseline has no interval */
  return out->interval || (vg_parse_f64(text, &out->share) && out->share >= 0);
}

/* A metric of either table. The metrics of pairs come first, and tolerances have the same order. */
typedef struct judged {
  const char *name, *suite;
  vg_better better;
  double ideal;
} judged;

static bool judged_at(int i, judged *out) {
  int n = 0;
  while (vg_metric_at(n)) n++;
  const vg_metric_row *row = vg_metric_at(i);
  const vg_set_metric_row *set = vg_set_metric_at(i - n);
  if (row)
    *out = (judged){row->name, row->suite, row->better, row->metric->ideal};
  else if (set)
    *out = (judged){set->name, set->suite, set->better, set->ideal};
  return row || set;
}

static const char *judged_name(const void *list, size_t i) {
  (void)list;
  judged j;
  return judged_at((int)i, &j) ? j.name : NULL;
}

static const vg_names judged_names = {.n = SIZE_MAX, .at = judged_name};

static vg_status unknown_metric(const char *name) {
  const char *near = vg_names_nearest(judged_names, name);
  return near ? vg_fail(VG_CONFIG, "tolerance for unknown metric '%s'; did you mean '%s'?", name, near)
              : vg_fail(VG_CONFIG, "tolerance for unknown metric '%s'", name);
}

/* Parses "0.05" or "psnr=0.02,hd95=interval,0.1": tolerances of single metrics, and one for all others. */
static vg_status parse_tolerance(const char *text, int n_metrics, eval_tolerance *by_metric) {
  size_t n = 0;
  char **parts = vg_split(text ? text : "", ',', &n);
  if (!parts) return VG_MEMORY;
  vg_status st = VG_OK;
  eval_tolerance one, rest = usual;
  for (size_t i = 0; i < n; i++) {
    if (!strchr(parts[i], '=') && parse_one(parts[i], &one)) rest = one;
  }
  for (int m = 0; m < n_metrics; m++) by_metric[m] = rest;
  for (size_t i = 0; i < n && !st; i++) {
    char *eq = strchr(parts[i], '=');
    if (!parse_one(eq ? eq + 1 : parts[i], &one)) {
      st = vg_fail(VG_CONFIG,
                   "tolerance '%s' must be a number of at least 0, 'interval', or METRIC= and one of these",
                   parts[i]);
    } else if (eq) {
      *eq = '\0';
      int m = vg_names_find(judged_names, parts[i]);
      if (m < 0)
        st = unknown_metric(parts[i]);
      else
        by_metric[m] = one;
    }
  }
  vg_strv_free(parts);
  return st;
}

/* Refuses a baseline with other regions, rules or intensities, because its means cannot be compared. */
static vg_status check_settings(const eval_baseline *b, const vg_eval *e) {
  const vg_json *settings = vg_json_get(b->root, "settings");
  const char *normalise = vg_json_string(vg_json_get(settings, "normalise"), "");
  if (strcmp(normalise, vg_eval_normalise_name(e->normalise)) != 0)
    return vg_fail(VG_DATA, "%s: normalises intensities by '%s', but this run by '%s'", b->path, normalise,
                   vg_eval_normalise_name(e->normalise));
  double band = vg_json_number(vg_json_get(settings, "band_mm"), e->band);
  if (fabs(band - e->band) > ROUNDING)
    return vg_fail(VG_DATA, "%s: has a band of %g mm, but this run one of %g mm", b->path, band, e->band);
  double surface = vg_json_number(vg_json_get(settings, "surface_mm"), e->surface_mm);
  if (fabs(surface - e->surface_mm) > ROUNDING)
    return vg_fail(VG_DATA, "%s: has a surface tolerance of %g mm, but this run one of %g mm", b->path,
                   surface, e->surface_mm);
  const char *challenge = vg_json_string(vg_json_get(settings, "challenge"), e->lesion_rules->challenge);
  if (strcmp(challenge, e->lesion_rules->challenge) != 0)
    return vg_fail(VG_DATA, "%s: uses the rules of challenge %s, but this run those of %s", b->path,
                   challenge, e->lesion_rules->challenge);
  return VG_OK;
}

vg_status vg_eval_baseline_read(const vg_eval_settings *s, const vg_eval *e, eval_baseline *b) {
  int n = 0;
  judged j;
  while (judged_at(n, &j)) n++;
  b->path = s->baseline;
  b->tolerance = VG_NEW_N(eval_tolerance, n);
  if (!b->tolerance) return VG_MEMORY;
  vg_status st = parse_tolerance(s->tolerance, n, b->tolerance);
  if (st || !s->baseline) return st;
  if ((st = vg_json_read(s->baseline, &b->root))) return st;
  if (strcmp(vg_json_string(vg_json_get(b->root, "kind"), ""), "voxgan evaluation") != 0 ||
      vg_json_type_of(vg_json_get(b->root, "metrics")) != VG_JSON_ARRAY)
    return vg_fail(VG_DATA, "%s: not a summary.json of voxgan eval", s->baseline);
  return check_settings(b, e);
}

void vg_eval_baseline_release(eval_baseline *b) {
  vg_json_free(b->root);
  vg_free(b->tolerance);
  memset(b, 0, sizeof *b);
}

static const eval_group *find_group(const vg_eval *e, const char *series, const char *region,
                                    const char *metric) {
  for (size_t i = 0; i < e->n_groups; i++) {
    const eval_group *g = &e->groups[i];
    if (!strcmp(g->series, series) && !strcmp(g->region, region) && !strcmp(g->metric->name, metric))
      return g;
  }
  return NULL;
}

static vg_status add_moved(vg_eval *e, const eval_moved *m) {
  eval_moved *grown = vg_realloc(e->moved, e->n_moved + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  e->moved = grown;
  e->moved[e->n_moved++] = *m;
  return VG_OK;
}

/* The values of one group, in the baseline or in this run. */
typedef struct outcome {
  double mean, n, infinite; /* mean: of the n finite values; infinite if there are none */
  double ci_low, ci_high;   /* NaN where unknown */
} outcome;

/* Whether a mean is outside its tolerance, in either direction. */
static bool is_beyond(const outcome *before, const outcome *now, const eval_tolerance *t) {
  if (isinf(before->mean)) return !isinf(now->mean);
  if (t->interval && !isnan(before->ci_low))
    return now->mean < before->ci_low - ROUNDING || now->mean > before->ci_high + ROUNDING;
  return fabs(now->mean - before->mean) > fmax(t->share * fabs(before->mean), ROUNDING);
}

/* Returns the verdict, or NULL if the mean stayed within its tolerance. If infinity is not the ideal value
 * (surface distance of a missed mask), the number of infinite values is compared first, then the mean of the
 * others. */
static const char *judge(const judged *row, const outcome *before, const outcome *now,
                         const eval_tolerance *t) {
  if (now->n + now->infinite < before->n + before->infinite) return "fewer cases";
  if (!isinf(row->ideal) && now->infinite != before->infinite)
    return now->infinite > before->infinite ? "more infinite" : "better";
  if (isinf(before->mean) && isinf(now->mean)) return NULL;
  if (!is_beyond(before, now, t)) return NULL;
  double worse_by = vg_metric_deterioration(row->better, row->ideal, before->mean, now->mean);
  return worse_by > ROUNDING ? "worse" : worse_by < -ROUNDING ? "better" : NULL;
}

static void allowed_text(const outcome *before, const eval_tolerance *t, char *buf, size_t size) {
  if (t->interval && !isnan(before->ci_low))
    snprintf(buf, size, "%.5g to %.5g", before->ci_low, before->ci_high);
  else
    snprintf(buf, size, "%g%%", 100 * t->share);
}

static outcome outcome_of(const eval_group *g) {
  return (outcome){g->n ? g->mean : (double)INFINITY, (double)g->n, (double)g->infinite, g->ci_low,
                   g->ci_high};
}

/* Reads the values of one row of a baseline. */
static vg_status read_outcome(const eval_baseline *b, const vg_json *row, const eval_moved *m,
                              const char *value_key, const char *n_key, int *metric, outcome *before) {
  *before = (outcome){.mean = INFINITY,
                      .n = vg_json_number(vg_json_get(row, n_key), 0),
                      .infinite = vg_json_number(vg_json_get(row, "infinite"), 0),
                      .ci_low = vg_json_number(vg_json_get(row, "ci_low"), NAN),
                      .ci_high = vg_json_number(vg_json_get(row, "ci_high"), NAN)};
  if (before->n > 0) before->mean = vg_json_number(vg_json_get(row, value_key), NAN);
  if ((*metric = vg_names_find(judged_names, m->metric)) < 0)
    return vg_fail(VG_DATA, "%s: unknown metric '%s'", b->path, m->metric);
  if (isnan(before->mean) || before->n + before->infinite < 1)
    return vg_fail(VG_DATA, "%s: %s %s %s has no value", b->path, m->series, m->region, m->metric);
  return VG_OK;
}

/* Compares one value with the baseline. now NULL: this run does not have the value. */
static vg_status compare(const eval_baseline *b, vg_eval *e, eval_moved *m, int metric, const outcome *before,
                         const outcome *now) {
  judged row;
  if (!judged_at(metric, &row) || !vg_eval_suites_have(row.suite, e->suites)) return VG_OK;
  m->before = before->mean;
  m->now = NAN;
  m->verdict = "gone";
  if (now) {
    m->now = now->mean;
    m->verdict = judge(&row, before, now, &b->tolerance[metric]);
    allowed_text(before, &b->tolerance[metric], m->allowed, sizeof m->allowed);
  }
  if (!m->verdict) return VG_OK;
  if (strcmp(m->verdict, "better") != 0) e->n_worse++;
  return add_moved(e, m);
}

static vg_status compare_groups(const eval_baseline *b, vg_eval *e) {
  bool *known = VG_NEW_N(bool, e->n_groups);
  vg_status st = known ? VG_OK : VG_MEMORY;
  for (const vg_json *row = vg_json_first(vg_json_get(b->root, "metrics")); row && !st;
       row = vg_json_next(row)) {
    eval_moved m = {.series = vg_json_string(vg_json_get(row, "series"), ""),
                    .region = vg_json_string(vg_json_get(row, "region"), ""),
                    .metric = vg_json_string(vg_json_get(row, "metric"), "")};
    outcome before, now;
    int metric;
    if ((st = read_outcome(b, row, &m, "mean", "n", &metric, &before))) break;
    const eval_group *g = find_group(e, m.series, m.region, m.metric);
    if (g) {
      known[g - e->groups] = true;
      now = outcome_of(g);
    }
    st = compare(b, e, &m, metric, &before, g ? &now : NULL);
  }
  for (size_t i = 0; i < e->n_groups && !st; i++) {
    const eval_group *g = &e->groups[i];
    eval_moved m = {g->series, g->region, g->metric->name, NAN, outcome_of(g).mean, "", "new"};
    if (!known[i]) st = add_moved(e, &m);
  }
  vg_free(known);
  return st;
}

static const eval_set *find_set(const vg_eval *e, const char *space, const char *metric) {
  for (size_t i = 0; i < e->n_sets; i++) {
    if (!strcmp(e->sets[i].space, space) && !strcmp(e->sets[i].metric->name, metric)) return &e->sets[i];
  }
  return NULL;
}

static vg_status compare_sets(const eval_baseline *b, vg_eval *e) {
  bool *known = VG_NEW_N(bool, e->n_sets);
  vg_status st = known ? VG_OK : VG_MEMORY;
  for (const vg_json *row = vg_json_first(vg_json_get(b->root, "sets")); row && !st;
       row = vg_json_next(row)) {
    eval_moved m = {.series = vg_json_string(vg_json_get(row, "space"), ""),
                    .region = "",
                    .metric = vg_json_string(vg_json_get(row, "metric"), "")};
    outcome before, now;
    int metric;
    if (vg_json_type_of(vg_json_get(row, "value")) != VG_JSON_NUMBER) continue;
    if ((st = read_outcome(b, row, &m, "value", "n_synth", &metric, &before))) break;
    const eval_set *s = find_set(e, m.series, m.metric);
    if (s) {
      known[s - e->sets] = true;
      now = (outcome){s->value, (double)s->n_synth, 0, s->ci_low, s->ci_high};
    }
    st = compare(b, e, &m, metric, &before, s && !isnan(s->value) ? &now : NULL);
  }
  for (size_t i = 0; i < e->n_sets && !st; i++) {
    const eval_set *s = &e->sets[i];
    eval_moved m = {s->space, "", s->metric->name, NAN, s->value, "", "new"};
    if (!known[i] && !isnan(s->value)) st = add_moved(e, &m);
  }
  vg_free(known);
  return st;
}

vg_status vg_eval_baseline_compare(eval_baseline *b, vg_eval *e) {
  const vg_json *was_unpaired = vg_json_get(vg_json_get(b->root, "settings"), "unpaired");
  if (vg_json_bool(was_unpaired, false) != e->unpaired)
    return vg_fail(
        VG_DATA, "%s: cannot be compared: one of the two runs has pairs, the other subjects without partners",
        b->path);
  if (!(e->baseline = vg_strdup(b->path))) return VG_MEMORY;
  vg_status st = compare_groups(b, e);
  if (!st) st = compare_sets(b, e);
  e->baseline_root = b->root;
  b->root = NULL;
  return st;
}

static void add_json_take(vg_str *text, vg_json *node) {
  char *compact = vg_json_print(node, false);
  vg_json_free(node);
  vg_str_add(text, compact ? compact : "");
  if (!compact) text->failed = true;
  vg_free(compact);
}

vg_status vg_eval_baseline_write(const vg_eval *e, const char *path) {
  vg_str text = VG_STR_INIT;
  vg_str_addf(&text, "{\n\"kind\": \"voxgan evaluation\",\n\"settings\": ");
  add_json_take(&text, vg_eval_settings_json(e));
  vg_str_add(&text, ",\n\"metrics\": [");
  for (size_t i = 0; i < e->n_groups; i++) {
    vg_str_add(&text, i ? ",\n" : "\n");
    add_json_take(&text, vg_eval_group_json(&e->groups[i], EVAL_ROW_BASELINE));
  }
  vg_str_add(&text, "\n],\n\"sets\": [");
  bool first = true;
  for (size_t i = 0; i < e->n_sets; i++) {
    const eval_set *s = &e->sets[i];
    if (isnan(s->value)) continue;
    vg_json *row = vg_json_object();
    vg_json_put_string(row, "space", s->space);
    vg_json_put_string(row, "metric", s->metric->name);
    vg_json_put_number(row, "n_synth", (double)s->n_synth);
    vg_eval_put_rounded(row, "value", s->value);
    if (!isnan(s->ci_low)) vg_eval_put_rounded(row, "ci_low", s->ci_low);
    if (!isnan(s->ci_low)) vg_eval_put_rounded(row, "ci_high", s->ci_high);
    vg_str_add(&text, first ? "\n" : ",\n");
    first = false;
    add_json_take(&text, row);
  }
  vg_str_add(&text, "\n]\n}\n");
  vg_status st = vg_str_failed(&text) ? vg_fail(VG_MEMORY, "%s: out of memory", path)
                                      : vg_fs_write_atomic(path, vg_str_text(&text), text.len);
  vg_str_release(&text);
  return st;
}
