/* experiment_write.c: writes results to files and to the terminal. */
#include <math.h>
#include <string.h>
#include "experiment/result/experiment_results.h"
#include "voxgan/experiment.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/text/plural.h"
#include "io/table.h"
#include "voxgan/version.h"

/* ---- tables ---- */

static vg_status write_take(const char *out, const char *name, vg_str *text) {
  char *path = vg_fs_join(out, name);
  vg_status st =
      path && !vg_str_failed(text) ? vg_fs_write_atomic(path, vg_str_text(text), text->len) : VG_MEMORY;
  vg_free(path);
  vg_str_release(text);
  return st;
}

static vg_status write_jobs(const experiment_results *r, const char *out) {
  vg_str t = VG_STR_INIT;
  vg_str_add(&t, "job,row,augmentation,seed,state,steps,real,synthetic,seconds\n");
  for (size_t k = 0; k < r->n_jobs; k++) {
    const experiment_outcome *o = &r->jobs[k];
    vg_str_addf(&t, "%s,%s,%s,%d,%s,", o->job.name, r->design.rows[o->job.row].name,
                vg_experiment_augmentation(o->job.augmented), o->job.seed,
                vg_experiment_state_name(o->state));
    if (o->state == JOB_FINISHED)
      vg_str_addf(&t, "%.0f,%.0f,%.0f,%.1f\n", o->steps, o->real, o->synth, o->seconds);
    else
      vg_str_add(&t, ",,,\n");
  }
  return write_take(out, "jobs.csv", &t);
}

static vg_status write_results(const experiment_results *r, const char *out) {
  vg_str t = VG_STR_INIT;
  vg_str_add(&t, "row,augmentation,seed,subject,region,metric,value\n");
  for (size_t k = 0; k < r->n_jobs; k++)
    for (size_t i = 0; i < r->n_subjects; i++)
      for (size_t c = 0; c < r->n_columns; c++) {
        const experiment_job *j = &r->jobs[k].job;
        const double v = r->values[(k * r->n_columns + c) * r->n_subjects + i];
        if (isnan(v)) continue;
        vg_str_addf(&t, "%s,%s,%d,", r->design.rows[j->row].name, vg_experiment_augmentation(j->augmented),
                    j->seed);
        vg_str_add_csv(&t, r->subjects[i]);
        vg_str_add(&t, ",");
        vg_str_add_csv(&t, r->columns[c].region);
        vg_str_addf(&t, ",%s,%.9g\n", r->columns[c].metric->name, v);
      }
  return write_take(out, "results.csv", &t);
}

/* ---- summary.json ---- */

static void put_cell(const experiment_results *r, const experiment_cell *c, vg_json *rows) {
  const experiment_column *column = &r->columns[c->column];
  vg_json *j = vg_json_put_take(rows, NULL, vg_json_object());
  vg_json_put_string(j, "row", r->design.rows[c->row].name);
  vg_json_put_string(j, "augmentation", vg_experiment_augmentation(c->augmented));
  vg_json_put_string(j, "region", column->region);
  vg_json_put_string(j, "metric", column->metric->name);
  vg_json_put_string(j, "unit", column->metric->metric->unit);
  vg_json_put_number(j, "seeds", (double)c->seeds);
  vg_json_put_number(j, "n", (double)c->mean.n);
  vg_json_put_number(j, "infinite", (double)c->mean.infinite);
  vg_json_put_number(j, "mean", c->mean.mean);
  vg_json_put_number(j, "sd", c->mean.sd);
  vg_json_put_number(j, "seed_sd", c->mean.seed_sd);
}

static vg_status put_difference(const experiment_results *r, const experiment_cell *c, vg_json *list) {
  const experiment_column *column = &r->columns[c->column];
  vg_str text = VG_STR_INIT;
  vg_status st = vg_experiment_sentence(r, c, &text);
  vg_json *j = vg_json_put_take(list, NULL, vg_json_object());
  vg_json_put_string(j, "row", r->design.rows[c->row].name);
  vg_json_put_string(j, "augmentation", vg_experiment_augmentation(c->augmented));
  vg_json_put_string(j, "region", column->region);
  vg_json_put_string(j, "metric", column->metric->name);
  vg_json_put_number(j, "n", (double)c->difference.n);
  vg_json_put_number(j, "mean", c->difference.mean);
  vg_json_put_number(j, "ci_low", c->difference.low);
  vg_json_put_number(j, "ci_high", c->difference.high);
  vg_json_put_string(j, "verdict", vg_experiment_verdict_name(r, c));
  vg_json_put_string(j, "sentence", vg_str_text(&text));
  vg_str_release(&text);
  return st;
}

static vg_status write_summary(const experiment_results *r, const char *out) {
  vg_json *root = vg_json_object();
  vg_status st = VG_OK;
  vg_json_put_string(root, "kind", "voxgan experiment results");
  vg_json_put_string(root, "version", vg_version());
  vg_json *jobs = vg_json_put_take(root, "jobs", vg_json_object());
  vg_json_put_number(jobs, "all", (double)r->n_jobs);
  vg_json_put_number(jobs, "finished", (double)r->finished);
  vg_json *missing = vg_json_put_take(jobs, "missing", vg_json_array());
  for (size_t k = 0; k < r->n_jobs; k++)
    if (r->jobs[k].state != JOB_FINISHED) vg_json_put_string(missing, NULL, r->jobs[k].job.name);
  vg_json_put_number(root, "test_subjects", (double)r->n_subjects);
  vg_json *interval = vg_json_put_take(root, "interval", vg_json_object());
  vg_json_put_number(interval, "level", 0.95);
  vg_json_put_number(interval, "resamples", VG_RESAMPLES_CROSSED);
  vg_json_put_string(interval, "over", "subjects, the same for both rows, and seeds, of each row by itself");
  const vg_json *open = vg_json_get(r->plan, "not_checked");
  vg_json *not_checked = open ? vg_json_put_take(root, "not_checked", vg_json_array()) : NULL;
  for (const vg_json *e = vg_json_first(open); e; e = vg_json_next(e))
    vg_json_put_string(not_checked, NULL, vg_json_string(e, ""));
  vg_json *rows = vg_json_put_take(root, "rows", vg_json_array());
  vg_json *list = vg_json_put_take(root, "differences", vg_json_array());
  for (size_t i = 0; i < r->n_cells; i++) {
    put_cell(r, &r->cells[i], rows);
    if (r->cells[i].compared && !st) st = put_difference(r, &r->cells[i], list);
  }
  char *path = vg_fs_join(out, "summary.json");
  if (!st) st = path ? vg_json_write(path, root) : VG_MEMORY;
  vg_free(path);
  vg_json_free(root);
  return st;
}

vg_status vg_experiment_results_write(const experiment_results *r, const char *out) {
  vg_status st = write_jobs(r, out);
  if (!st) st = write_results(r, out);
  return st ? st : write_summary(r, out);
}

/* ---- on a terminal ---- */

static vg_status print_rows(const experiment_results *r, const char *metric, FILE *to) {
  vg_table t;
  vg_status st = vg_experiment_results_table(r, metric, "+-", &t);
  if (!st && t.rows) {
    vg_table_print(to, &t);
    fputc('\n', to);
  }
  vg_table_release(&t);
  return st;
}

vg_status vg_experiment_results_print(const experiment_results *r, FILE *to) {
  vg_str text = VG_STR_INIT;
  size_t compared = 0;
  if (!r->finished) return VG_OK;
  for (const vg_json *e = vg_json_first(vg_json_get(r->plan, "not_checked")); e; e = vg_json_next(e))
    fprintf(to, "not checked: %s\n", vg_json_string(e, ""));
  fprintf(to, "mean +- SD over %zu test %s, after averaging each over seeds\n\n", r->n_subjects,
          vg_plural(r->n_subjects, "subject", "subjects"));
  vg_status st = print_rows(r, "dice", to);
  if (!st) st = print_rows(r, "hd95", to);
  for (size_t i = 0; i < r->n_cells && !st; i++) {
    if (!r->cells[i].compared) continue;
    vg_str_clear(&text);
    st = vg_experiment_sentence(r, &r->cells[i], &text);
    fprintf(to, "%s\n", vg_str_text(&text));
    compared++;
  }
  if (compared > 1)
    fprintf(to, "\n%zu %s at 95 %% each: about one in twenty is above noise by chance alone\n", compared,
            vg_plural(compared, "difference", "differences"));
  vg_str_release(&text);
  return st;
}

vg_status vg_experiment_finish(const char *out, FILE *to) {
  experiment_results r;
  vg_status st = vg_experiment_results_read(out, &r);
  if (st) return st;
  st = vg_experiment_results_compare(&r);
  if (!st) st = vg_experiment_results_write(&r, out);
  if (!st) st = vg_experiment_results_report(&r, out);
  if (!st) st = vg_experiment_results_print(&r, to);
  const size_t missing = r.n_jobs - r.finished - r.busy;
  if (!st && r.busy)
    vg_info("another process works on %zu of %zu %s", r.busy, r.n_jobs, vg_plural(r.n_jobs, "job", "jobs"));
  if (!st && missing) {
    size_t k = 0;
    while (r.jobs[k].state != JOB_MISSING) k++;
    st = vg_fail(VG_FAILED,
                 "%s: %zu of %zu %s %s missing, the first is %s; run the same command again to do them", out,
                 missing, r.n_jobs, vg_plural(r.n_jobs, "job", "jobs"), vg_plural(missing, "is", "are"),
                 r.jobs[k].job.name);
  }
  vg_experiment_results_release(&r);
  return st;
}
