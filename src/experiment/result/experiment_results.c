/* experiment_results.c: reads and compares the scores of all finished jobs. */
#include "experiment/result/experiment_results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "experiment/experiment_job.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text/plural.h"

const char *vg_experiment_state_name(experiment_state s) {
  static const char *const names[] = {"finished", "busy", "missing"};
  return names[s];
}

/* ---- reading ---- */

static vg_status read_plan(const char *out, experiment_results *r) {
  char *path = vg_fs_join(out, "experiment.json");
  vg_status st = path ? vg_json_read(path, &r->plan) : VG_MEMORY;
  if (st == VG_IO) st = VG_DATA;
  if (!st) st = vg_experiment_design_read(vg_json_get(r->plan, "design"), path, &r->design);
  const vg_json *test = vg_json_get(r->plan, "test");
  if (!st && !vg_json_size(test)) st = vg_fail(VG_DATA, "%s: names no test subject", path);
  if (!st && !(r->subjects = VG_NEW_N(char *, vg_json_size(test)))) st = VG_MEMORY;
  for (const vg_json *id = vg_json_first(test); id && !st; id = vg_json_next(id)) {
    char *own = r->subjects[r->n_subjects] = vg_strdup(vg_json_string(id, ""));
    st = own ? vg_text_index_put(&r->subject_places, own, strlen(own), r->n_subjects++) : VG_MEMORY;
  }
  vg_free(path);
  return st;
}

static vg_status read_mark(const char *folder, experiment_outcome *o) {
  vg_json *j = NULL;
  char *path = vg_fs_join(folder, "job.json");
  vg_status st = path ? vg_json_read(path, &j) : VG_MEMORY;
  o->steps = vg_json_number(vg_json_get(j, "steps"), 0);
  o->real = vg_json_number(vg_json_get(j, "real"), 0);
  o->synth = vg_json_number(vg_json_get(j, "synthetic"), 0);
  o->seconds = vg_json_number(vg_json_get(j, "seconds"), 0);
  vg_json_free(j);
  vg_free(path);
  return st;
}

/* Regions are a few, metrics two dozen. A new column copies all values, and each line looks its own up. */
#define COLUMNS_MOST 2048

/* Returns the column of a region and metric. A new column enlarges values. NULL: out of memory. */
static vg_status column_of(experiment_results *r, const char *region, const vg_metric_row *metric,
                           size_t *at) {
  for (*at = 0; *at < r->n_columns; ++*at)
    if (r->columns[*at].metric == metric && !strcmp(r->columns[*at].region, region)) return VG_OK;
  if (r->n_columns == COLUMNS_MOST) return vg_fail(VG_DATA, "more than %d regions and metrics", COLUMNS_MOST);
  const size_t n = r->n_columns + 1;
  experiment_column *columns = vg_realloc(r->columns, n, sizeof *columns);
  if (!columns) return VG_MEMORY;
  r->columns = columns;
  double *values = vg_malloc(r->n_jobs * n * r->n_subjects, sizeof *values);
  if (!values) return VG_MEMORY;
  for (size_t j = 0; j < r->n_jobs; j++) {
    double *to = values + j * n * r->n_subjects;
    const size_t had = r->n_columns * r->n_subjects;
    if (had) memcpy(to, r->values + j * had, had * sizeof *to);
    for (size_t i = 0; i < r->n_subjects; i++) to[had + i] = NAN;
  }
  vg_free(r->values);
  r->values = values;
  columns[r->n_columns].metric = metric;
  snprintf(columns[r->n_columns].region, VG_REGION_NAME, "%s", region);
  r->n_columns = n;
  return VG_OK;
}

static vg_status read_line(experiment_results *r, size_t job, const char *path, const vg_table *t,
                           size_t row) {
  const char *id = vg_table_cell(t, row, 0), *metric_name = vg_table_cell(t, row, 3);
  if (strcmp(vg_table_cell(t, row, 1), "tumour_labels") != 0) return VG_OK;
  const vg_metric_row *metric = vg_metric_find(metric_name);
  if (!metric) return vg_fail(VG_DATA, "%s: no metric %s", path, metric_name);
  size_t column;
  const size_t subject = vg_text_index_get(&r->subject_places, id, strlen(id));
  if (subject == VG_NO_NUMBER) return vg_fail(VG_DATA, "%s: %s is not a test subject", path, id);
  vg_status st = column_of(r, vg_table_cell(t, row, 2), metric, &column);
  if (st) return vg_fail_in(st, "%s", path);
  char *end;
  const char *text = vg_table_cell(t, row, 4);
  const double value = strtod(text, &end); /* also reads "inf" */
  if (end == text || *end) return vg_fail(VG_DATA, "%s: line %zu: '%s' is not a number", path, row + 1, text);
  r->values[(job * r->n_columns + column) * r->n_subjects + subject] = value;
  return VG_OK;
}

static vg_status read_scores(experiment_results *r, size_t job, const char *folder) {
  vg_table t = {0};
  char *path = vg_fs_join(folder, "eval/metrics.csv");
  vg_status st = path ? vg_table_read(path, &t) : VG_MEMORY;
  if (!st && t.cols != 5) st = vg_fail(VG_DATA, "%s: not the scores of a job", path);
  for (size_t row = 1; row < t.rows && !st; row++) st = read_line(r, job, path, &t, row);
  vg_table_release(&t);
  vg_free(path);
  return st;
}

static vg_status read_job(const char *out, experiment_results *r, size_t k) {
  experiment_outcome *o = &r->jobs[k];
  o->job = vg_experiment_design_job(&r->design, k);
  o->state = JOB_MISSING;
  bool finished;
  vg_status st = vg_experiment_job_finished(out, &o->job, &finished);
  if (st) return st;
  if (!finished) {
    if (vg_experiment_job_busy(out, &o->job)) o->state = JOB_BUSY, r->busy++;
    return VG_OK;
  }
  char *folder = vg_experiment_job_folder(out, &o->job);
  st = folder ? read_mark(folder, o) : VG_MEMORY;
  if (!st) st = read_scores(r, k, folder);
  o->state = JOB_FINISHED;
  r->finished++;
  vg_free(folder);
  return st;
}

vg_status vg_experiment_results_read(const char *out, experiment_results *r) {
  *r = (experiment_results){0};
  vg_status st = read_plan(out, r);
  if (!st) {
    r->n_jobs = vg_experiment_design_jobs(&r->design);
    if (!(r->jobs = VG_NEW_N(experiment_outcome, r->n_jobs))) st = VG_MEMORY;
  }
  for (size_t k = 0; k < r->n_jobs && !st; k++) st = read_job(out, r, k);
  if (st) vg_experiment_results_release(r);
  return st;
}

void vg_experiment_results_release(experiment_results *r) {
  for (size_t i = 0; i < r->n_subjects; i++) vg_free(r->subjects[i]);
  vg_free(r->subjects);
  vg_text_index_release(&r->subject_places);
  vg_free(r->jobs);
  vg_free(r->columns);
  vg_free(r->values);
  vg_free(r->cells);
  vg_json_free(r->plan);
  *r = (experiment_results){0};
}

/* ---- comparing ---- */

bool vg_experiment_column_shown(const experiment_results *r, size_t column) {
  static const char *const regions[] = {"WT", "TC", "ET"};
  const experiment_column *c = &r->columns[column];
  bool standard = false, among = false;
  if (strcmp(c->metric->name, "dice") != 0 && strcmp(c->metric->name, "hd95") != 0) return false;
  for (size_t i = 0; i < r->n_columns; i++) standard |= !strcmp(r->columns[i].region, regions[0]);
  for (int i = 0; i < 3; i++) among |= !strcmp(c->region, regions[i]);
  return among || !standard;
}

experiment_values vg_experiment_results_gather(const experiment_results *r, int row, bool augmented,
                                               size_t column, double *buffer) {
  experiment_values v = {.subjects = r->n_subjects, .v = buffer};
  for (size_t k = 0; k < r->n_jobs; k++) {
    const experiment_outcome *o = &r->jobs[k];
    if (o->state != JOB_FINISHED || o->job.row != row || o->job.augmented != augmented) continue;
    memcpy(buffer + v.seeds++ * r->n_subjects, r->values + (k * r->n_columns + column) * r->n_subjects,
           r->n_subjects * sizeof *buffer);
  }
  return v;
}

static vg_status fill_cell(const experiment_results *r, experiment_cell *c, double *buffer) {
  const experiment_values own = vg_experiment_results_gather(r, c->row, c->augmented, c->column, buffer);
  const int baseline = vg_experiment_design_baseline(&r->design);
  const experiment_values real =
      vg_experiment_results_gather(r, baseline, c->augmented, c->column, buffer + own.seeds * r->n_subjects);
  c->seeds = own.seeds;
  c->mean = vg_experiment_mean_of(&own);
  c->compared = c->row != baseline && own.seeds && real.seeds;
  if (!c->compared) return VG_OK;
  char *purpose = vg_format("experiment %s %d %s %s", r->design.rows[c->row].name, c->augmented,
                            r->columns[c->column].region, r->columns[c->column].metric->name);
  vg_status st = purpose ? vg_experiment_difference_of(&own, &real, purpose, &c->difference) : VG_MEMORY;
  vg_free(purpose);
  c->verdict = vg_experiment_verdict_of(&c->difference, own.seeds, real.seeds);
  return st;
}

vg_status vg_experiment_results_compare(experiment_results *r) {
  double *buffer = vg_malloc(2 * (size_t)r->design.seeds * r->n_subjects, sizeof *buffer);
  r->cells = VG_NEW_N(experiment_cell, 2 * EXPERIMENT_ROWS * (r->n_columns ? r->n_columns : 1));
  vg_status st = buffer && r->cells ? VG_OK : VG_MEMORY;
  for (int a = 0; a < 2; a++)
    for (int row = 0; row < r->design.n_rows; row++)
      for (size_t c = 0; c < r->n_columns && !st; c++) {
        if (!r->design.augmented[a] || !vg_experiment_column_shown(r, c)) continue;
        experiment_cell cell = {.row = row, .augmented = a == 1, .column = c};
        st = fill_cell(r, &cell, buffer);
        if (!st && cell.seeds) r->cells[r->n_cells++] = cell;
      }
  vg_free(buffer);
  return st;
}

static bool is_better(const experiment_results *r, const experiment_cell *c) {
  return (c->difference.mean > 0) == (r->columns[c->column].metric->better == VG_BETTER_HIGHER);
}

const char *vg_experiment_verdict_name(const experiment_results *r, const experiment_cell *c) {
  switch (c->verdict) {
  case VERDICT_NOISE:
    return "within noise";
  case VERDICT_LOWER:
  case VERDICT_HIGHER:
    return is_better(r, c) ? "better" : "worse";
  case VERDICT_NONE:
  case VERDICT_TOO_FEW:
  case VERDICT_ONE_SEED:
    break;
  }
  return "unclear";
}

static const char *verdict_text(const experiment_results *r, const experiment_cell *c) {
  switch (c->verdict) {
  case VERDICT_NONE:
    return "";
  case VERDICT_TOO_FEW:
    return ": too few subjects to say that it is above noise";
  case VERDICT_ONE_SEED:
    return ": above the noise of subjects; training's own is not known from one seed";
  case VERDICT_NOISE:
    return ": not above noise";
  case VERDICT_LOWER:
  case VERDICT_HIGHER:
    break;
  }
  return is_better(r, c) ? ": better, above noise" : ": worse, above noise";
}

const char *vg_experiment_difference_text(const experiment_results *r, const experiment_cell *c, double v,
                                          char *buf, size_t size) {
  const int digits = *r->columns[c->column].metric->metric->unit ? 2 : 3;
  *buf = '\0';
  if (isnan(v)) return buf;
  snprintf(buf, size, "%.*f", digits, v);
  /* What rounds to zero has no sign. */
  if (*buf == '-' && !buf[1 + strspn(buf + 1, "0.")]) memmove(buf, buf + 1, strlen(buf));
  return buf;
}

vg_status vg_experiment_sentence(const experiment_results *r, const experiment_cell *c, vg_str *out) {
  const experiment_column *column = &r->columns[c->column];
  const experiment_difference *d = &c->difference;
  const char *unit = column->metric->metric->unit, *gap = *unit ? " " : "";
  char mean[32], low[32], high[32];
  vg_str_addf(out, "%s%s: %s %s ", r->design.rows[c->row].name, c->augmented ? ", augmented" : "",
              column->region, column->metric->name);
  if (!d->n) {
    vg_str_add(out, "has no subject with a value on both sides");
  } else {
    vg_str_addf(out, "is %s%s%s %s that of real",
                vg_experiment_difference_text(r, c, fabs(d->mean), mean, sizeof mean), gap, unit,
                d->mean < 0 ? "below" : "above");
    if (d->n < r->n_subjects)
      vg_str_addf(out, " in %zu of %zu %s", d->n, r->n_subjects,
                  vg_plural(r->n_subjects, "subject", "subjects"));
    if (isnan(d->low))
      vg_str_add(out, "; one subject has no interval");
    else
      vg_str_addf(out, " (95 %% interval %s to %s)%s",
                  vg_experiment_difference_text(r, c, d->low, low, sizeof low),
                  vg_experiment_difference_text(r, c, d->high, high, sizeof high), verdict_text(r, c));
  }
  return vg_str_failed(out) ? VG_MEMORY : VG_OK;
}
