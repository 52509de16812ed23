/* experiment_job.c: one job, from training to scores. */
#include "experiment/experiment_job.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "voxgan/evaluate.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/whole.h"

/* Predictions use one format whatever the layout of the test set. Both keep ids. The first is the only BraTS
 * edition with a separate value for each of the four tumour classes; the second takes any class. */
static const char *format_of(const experiment_data *d) {
  static const char brats[] = "brats2013";
  vg_scheme known;
  if (vg_scheme_parse(brats, &known)) VG_BUG("no scheme %s", brats);
  for (int i = 0; i < d->test.n_sources; i++) {
    const vg_scheme *s = &d->test.sources[i].tumour_scheme;
    for (int k = 0; k < s->n; k++)
      if (s->labels[k].role == VG_ROLE_TUMOUR && !vg_scheme_has_class(&known, s->labels[k].name))
        return "nnunet";
  }
  return brats;
}

char *vg_experiment_job_folder(const char *out, const experiment_job *j) {
  return vg_format("%s/jobs/%s", out, j->name);
}

char *vg_experiment_job_sheet(const char *out, const experiment_job *j) {
  return vg_format("%s/jobs/%s/predicted.png", out, j->name);
}

static char *mark_of(const char *out, const experiment_job *j) {
  return vg_format("%s/jobs/%s/job.json", out, j->name);
}

static char *lock_of(const char *out, const experiment_job *j) {
  return vg_format("%s/jobs/%s/.lock", out, j->name);
}

vg_status vg_experiment_job_finished(const char *out, const experiment_job *j, bool *finished) {
  char *mark = mark_of(out, j);
  *finished = false;
  vg_status st = mark ? vg_fs_exists(mark, finished) : VG_MEMORY;
  vg_free(mark);
  return st;
}

bool vg_experiment_job_busy(const char *out, const experiment_job *j) {
  char *path = lock_of(out, j);
  vg_lock lock = {.fd = -1};
  bool taken = true, exists;
  if (path && !vg_fs_exists(path, &exists) && exists && !vg_lock_try(path, &lock, &taken) && taken)
    vg_lock_release(&lock);
  vg_free(path);
  return !taken;
}

typedef struct working {
  const vg_experiment_options *o;
  const experiment_data *d;
  const experiment_plan *p;
  const experiment_job *j;
  const vg_torch_module *torch;
  char *folder;
  size_t n_real, n_synth;
} working;

/* Does one training; with tuning, the second one, which starts from the weights of the first. */
static vg_status train(working *w, bool tuning) {
  const bool last = tuning || !w->j->kind->tuned;
  vg_dataset set = {0};
  vg_train_options t = {
      .config = vg_experiment_job_config(w->p, w->j, tuning), .opened = &set, .resume = true};
  char *run = vg_fs_join(w->folder, last ? "run" : "pretrained");
  char *init = tuning ? vg_fs_join(w->folder, "pretrained/model-last.safetensors") : NULL;
  vg_status st = run && (init || !tuning) ? vg_experiment_job_subjects(w->d, w->j, w->o->share, tuning, &set)
                                          : VG_MEMORY;
  if (!st && !*t.config.data.cache) {
    const int n = snprintf(t.config.data.cache, sizeof t.config.data.cache, "%s/cache", w->o->out);
    if (n < 0 || (size_t)n >= sizeof t.config.data.cache)
      st = vg_fail(VG_CONFIG, "%s: the path is too long", w->o->out);
  }
  t.out = run;
  t.init = init;
  if (!st) st = w->torch->train(&t);
  if (tuning || w->j->kind->real) w->n_real = set.n - (tuning ? 0 : w->n_synth);
  vg_dataset_release(&set);
  vg_free(init);
  vg_free(run);
  return st;
}

static vg_status predict(const working *w) {
  char *model = vg_fs_join(w->folder, "run/model-last.safetensors");
  char *out = vg_fs_join(w->folder, "predicted");
  const vg_config *c = &w->p->config;
  vg_synth_options s = {.model = model,
                        .noise = 1,
                        .keep_largest = w->o->keep_largest,
                        .n_keep_largest = w->o->n_keep_largest,
                        .study = {.opened = &w->d->test},
                        .output = {.out = out, .format = format_of(w->d), .quiet = true},
                        .device = c->run.device,
                        .threads = c->run.threads};
  vg_status st = model && out ? w->torch->synth(&s) : VG_MEMORY;
  vg_free(out);
  vg_free(model);
  return st;
}

static vg_status score(const working *w) {
  char *predicted = vg_fs_join(w->folder, "predicted"), *out = vg_fs_join(w->folder, "eval");
  char *sheet = vg_experiment_job_sheet(w->o->out, w->j);
  vg_eval *e = NULL;
  vg_eval_settings s = {.opened = &w->d->test,
                        .synth = predicted,
                        .synth_layout = format_of(w->d),
                        .out = out,
                        .suites = "overlap",
                        .no_gallery = true,
                        .sheet = sheet};
  vg_status st = predicted && out && sheet ? vg_eval_run(&s, &e) : VG_MEMORY;
  vg_eval_free(e);
  vg_free(sheet);
  vg_free(predicted);
  vg_free(out);
  return st;
}

/* Checkpoints are most of a run's size, and a finished run no longer needs them. */
static vg_status drop_checkpoints(const char *folder, const char *run) {
  char *dir = vg_format("%s/%s/checkpoints", folder, run), **files = NULL;
  size_t n = 0;
  vg_status st = dir ? vg_fs_walk_optional(dir, &files, &n) : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    char *path = vg_fs_join(dir, files[i]);
    st = path ? vg_fs_remove(path) : VG_MEMORY;
    vg_free(path);
  }
  vg_strv_free(files);
  vg_free(dir);
  return st;
}

static vg_status tidy(const char *folder) {
  vg_status st = drop_checkpoints(folder, "run");
  return st ? st : drop_checkpoints(folder, "pretrained");
}

vg_status vg_experiment_job_tidy(const char *out, const experiment_job *j) {
  char *folder = vg_experiment_job_folder(out, j);
  const vg_status st = folder ? tidy(folder) : VG_MEMORY;
  vg_free(folder);
  return st;
}

static vg_status mark(const working *w, double seconds) {
  vg_json *j = vg_json_object();
  char *path = mark_of(w->o->out, w->j);
  vg_json_put_string(j, "row", w->p->design.rows[w->j->row].name);
  vg_json_put_bool(j, "augmented", w->j->augmented);
  vg_json_put_number(j, "seed", w->j->seed);
  vg_json_put_number(j, "steps", (double)w->p->steps);
  vg_json_put_number(j, "real", (double)w->n_real);
  vg_json_put_number(j, "synthetic", (double)w->n_synth);
  vg_json_put_number(j, "seconds", (double)vg_count_of(seconds * 10) / 10);
  vg_status st = path ? vg_json_write(path, j) : VG_MEMORY;
  vg_free(path);
  vg_json_free(j);
  return st;
}

/* Only warnings are logged, because the messages about the data sets are the same for every job. */
static vg_status test(const working *w) {
  const vg_log_level before = vg_log_set_level(VG_LOG_WARN);
  vg_status st = predict(w);
  if (!st) st = score(w);
  vg_log_set_level(before);
  return st;
}

static vg_status work(working *w) {
  const double began = vg_now();
  const bool tuned = w->j->kind->tuned;
  w->n_synth = vg_experiment_job_synthetic(w->d, w->j);
  vg_status st = train(w, false);
  if (!st && tuned) st = train(w, true);
  vg_progress_end();
  if (!st) st = test(w);
  return st ? st : mark(w, vg_now() - began);
}

vg_status vg_experiment_job_do(const vg_experiment_options *o, const experiment_data *d,
                               const experiment_plan *p, const experiment_job *j,
                               const vg_torch_module *torch, bool *taken) {
  working w = {.o = o, .d = d, .p = p, .j = j, .torch = torch, .folder = vg_experiment_job_folder(o->out, j)};
  char *path = lock_of(o->out, j);
  vg_lock lock = {.fd = -1};
  bool there = true;
  vg_status st = w.folder && path ? vg_fs_exists(w.folder, &there) : VG_MEMORY;
  if (!st) st = vg_fs_make_dirs(w.folder);
  *taken = false;
  if (!st) st = vg_lock_try(path, &lock, taken);
  if (!st && *taken) {
    bool finished = false;
    st = vg_fs_sweep(w.folder);
    if (!st) st = vg_experiment_job_finished(o->out, j, &finished);
    if (!st && finished)
      *taken = false;
    else if (!st)
      st = work(&w);
    if (!st) st = tidy(w.folder);
    /* A training that fails before its first step leaves nothing, and neither does its job. */
    if (st && !there) (void)unlink(path);
    vg_lock_release(&lock);
    if (st && !there) (void)rmdir(w.folder);
  }
  vg_free(path);
  vg_free(w.folder);
  return st;
}
