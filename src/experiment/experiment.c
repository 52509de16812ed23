/* experiment.c: runs the jobs of an experiment, one after another. */
#include "voxgan/experiment.h"

#include <string.h>
#include "experiment/experiment_job.h"
#include "base/fs.h"
#include "dataset/dataset_apart.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"

/* Without its plan a folder is no experiment's, and what lies there is another's. */
static vg_status check_files(const char *out) {
  static const char *const names[] = {"jobs", "jobs.csv", "report.html", "results.csv", "summary.json"};
  vg_status st = VG_OK;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !st; i++) {
    bool exists = false;
    char *path = vg_fs_join(out, names[i]);
    st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
    if (exists)
      st = vg_fail(VG_USAGE,
                   "%s: holds %s, which is not of an experiment: name another folder, or move it away", out,
                   names[i]);
    vg_free(path);
  }
  return st;
}

/* A folder holds one experiment. The first process writes the plan, later ones compare theirs with it. */
static vg_status claim(const char *out, const vg_json *plan) {
  char *path = vg_fs_join(out, "experiment.json"), *now = vg_json_print(plan, true);
  void *was = NULL;
  size_t len = 0;
  vg_status st = path && now ? vg_fs_read_optional(path, &was, &len) : VG_MEMORY;
  if (!st && !was) st = check_files(out);
  if (!st) st = vg_fs_require_writable_dir(out);
  if (!st && !was) {
    bool made;
    st = vg_fs_write_new(path, now, strlen(now), &made);
    if (!st && !made) st = vg_fs_read(path, &was, &len); /* another process was first */
  }
  if (!st && was && strcmp(was, now) != 0)
    st = vg_fail(VG_USAGE,
                 "%s holds another experiment (other subjects, settings or rows): name another folder, or "
                 "remove it",
                 out);
  if (!st) st = vg_fs_sweep(out);
  vg_free(was);
  vg_free(now);
  vg_free(path);
  return st;
}

static vg_status check_apart(const char *out, const experiment_data *d) {
  vg_status st = vg_dataset_apart(&d->real, out);
  if (!st) st = vg_dataset_apart(&d->synth, out);
  return st ? st : vg_dataset_apart(&d->test, out);
}

static vg_status do_jobs(const vg_experiment_options *o, const experiment_data *d, const experiment_plan *p) {
  const size_t n = vg_experiment_design_jobs(&p->design);
  const vg_torch_module *torch = NULL;
  size_t failed = 0, done = 0;
  char took[32];
  for (size_t k = 0; k < n; k++) {
    const experiment_job j = vg_experiment_design_job(&p->design, k);
    bool taken;
    if (o->shards && k % (size_t)o->shards != (size_t)(o->shard - 1)) continue;
    if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted; what is finished is kept");
    bool finished;
    vg_status st = vg_experiment_job_finished(o->out, &j, &finished);
    if (!st && finished) st = vg_experiment_job_tidy(o->out, &j);
    if (!st && finished) continue;
    const double began = vg_now();
    if (!st && !torch) st = vg_torch_open(&torch);
    if (st) return st;
    vg_info("job %zu of %zu: %s%s, seed %d", k + 1, n, p->design.rows[j.row].name,
            j.augmented ? ", augmented" : "", j.seed);
    st = vg_experiment_job_do(o, d, p, &j, torch, &taken);
    if (st == VG_INTERRUPTED || st == VG_MEMORY || st == VG_DEVICE) return st;
    if (st) {
      vg_progress_end();
      vg_warn("job %s failed: %s", j.name, vg_error());
      failed++;
    } else if (taken) {
      vg_info("job %zu of %zu is finished, after %s", k + 1, n, vg_duration(vg_now() - began, took));
      done++;
    } else {
      vg_info("another process works on this job");
    }
  }
  if (failed)
    return vg_fail(VG_FAILED, "%s: %zu %s failed, %zu finished", o->out, failed,
                   vg_plural(failed, "job", "jobs"), done);
  return VG_OK;
}

vg_status vg_experiment(const vg_experiment_options *o, FILE *to) {
  experiment_design design;
  experiment_data data = {0};
  experiment_plan plan;
  vg_json *json = NULL;
  vg_interrupt_install();
  vg_status st = vg_experiment_design_parse(o->rows, o->augmentation, o->seeds, o->config.run.seed, &design);
  if (!st) st = vg_experiment_options_check(o);
  if (!st) st = vg_experiment_data_open(o, &design, &data);
  if (!st && o->out) st = check_apart(o->out, &data);
  if (!st) st = vg_experiment_plan_make(o, &data, &design, &plan);
  if (st) goto out;
  if (o->dry_run) {
    st = vg_experiment_plan_describe(o, &data, &plan, to);
    goto out;
  }
  vg_info("%zu %s of %lld %s each; %zu real %s to train on, %zu synthetic, %zu to test on",
          vg_experiment_design_jobs(&design), vg_plural(vg_experiment_design_jobs(&design), "job", "jobs"),
          plan.steps, vg_plural(plan.steps, "step", "steps"), data.real.n,
          vg_plural(data.real.n, "subject", "subjects"), data.synth.n, data.test.n);
  json = vg_experiment_plan_json(o, &data, &plan);
  st = json ? claim(o->out, json) : VG_MEMORY;
  if (!st) st = do_jobs(o, &data, &plan);
  if (!o->shards && (!st || st == VG_FAILED)) {
    vg_status collected = vg_experiment_finish(o->out, to);
    if (!st) st = collected;
  } else if (!st) {
    char *word = vg_shell_word(o->out);
    if (!word)
      st = VG_MEMORY;
    else
      vg_info("shard %d of %d is finished; when all shards are, run: voxgan experiment --finish %s", o->shard,
              o->shards, word);
    vg_free(word);
  }
out:
  vg_json_free(json);
  vg_experiment_data_release(&data);
  return st;
}
