/* checkpoint.c: saves, finds, restores and tidies checkpoints. */
#include "run/train/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/task/progress.h"
#include "base/str.h"

#define CHECKPOINT_FORMAT "voxgan-checkpoint-3"

/* The fields of the state, for saving and restoring alike. */
static const struct {
  const char *name;
  size_t offset;
  bool whole; /* int64_t, otherwise double */
} fields[] = {
    {"epoch", offsetof(train_state, epoch), true},
    {"batch", offsetof(train_state, batch), true},
    {"batches", offsetof(train_state, batches), true},
    {"validate", offsetof(train_state, validate), true},
    {"step", offsetof(train_state, step), true},
    {"best", offsetof(train_state, best), false},
    {"best_step", offsetof(train_state, best_step), true},
    {"seconds", offsetof(train_state, seconds), false},
    {"log_bytes", offsetof(train_state, log_bytes), true},
#define VG_LOSS_TERM(half, name, help) \
  {"sum." #half "_" #name, offsetof(train_state, sums.losses.half##_##name), false},
#include "registry/losses.def"
    {"sum.steps", offsetof(train_state, sums.steps), true},
    {"sum.volumes", offsetof(train_state, sums.volumes), true},
    {"sum.skipped", offsetof(train_state, sums.skipped), true},
    {"sum.seconds", offsetof(train_state, sums.seconds), false},
    {"sum.waited", offsetof(train_state, sums.waited), false},
    {"sum.lr_g", offsetof(train_state, sums.lr_g), false},
    {"sum.lr_d", offsetof(train_state, sums.lr_d), false},
};
#define N_FIELDS (sizeof fields / sizeof *fields)

/* Checkpoints of an older voxgan lack the terms that came later, which are 0. */
static bool may_lack(size_t field) {
  const size_t first = offsetof(train_state, sums.losses);
  return fields[field].offset >= first && fields[field].offset < first + sizeof(vg_gan_losses);
}

/* ---- the folder ---- */

static char *path_of(const char *run, int64_t step) {
  return vg_format("%s/checkpoints/step-%09" PRId64 ".safetensors", run, step);
}

/* Steps of the run's checkpoints, ascending (vg_free). */
static vg_status list(const char *run, int64_t **steps, size_t *n) {
  char **files = NULL, *dir = vg_fs_join(run, "checkpoints");
  size_t n_files = 0;
  *steps = NULL;
  *n = 0;
  vg_status st = dir ? vg_fs_walk_optional(dir, &files, &n_files) : VG_MEMORY;
  if (!st && !(*steps = VG_NEW_N(int64_t, n_files + 1))) st = VG_MEMORY;
  for (size_t i = 0; i < n_files && !st; i++) {
    int64_t step;
    int end = -1;
    bool named = sscanf(files[i], "step-%" SCNd64 ".safetensors%n", &step, &end) == 1 && end >= 0;
    if (named && !files[i][end]) (*steps)[(*n)++] = step; /* in order: the digits have leading zeros */
  }
  vg_strv_free(files);
  vg_free(dir);
  return st;
}

static vg_status remove_step(const char *run, int64_t step) {
  char *path = path_of(run, step);
  vg_status st = path ? vg_fs_remove(path) : VG_MEMORY;
  vg_free(path);
  return st;
}

/* Checkpoints beyond the current step come from a run that later resumed from an earlier one. They are
 * removed. */
static vg_status tidy(const char *run, const train_state *s, int keep) {
  int64_t *steps;
  size_t n, past = 0;
  vg_status st = list(run, &steps, &n);
  while (past < n && steps[past] <= s->step) past++;
  for (size_t i = 0; i < n && !st; i++) {
    bool newest = i < past && i + (size_t)keep >= past;
    bool best = i < past && isfinite(s->best) && steps[i] == s->best_step;
    if (!newest && !best) st = remove_step(run, steps[i]);
  }
  vg_free(steps);
  return st;
}

vg_status vg_checkpoint_newest(const char *run, char **out) {
  int64_t *steps;
  size_t n;
  *out = NULL;
  vg_status st = list(run, &steps, &n);
  if (!st && n && !(*out = path_of(run, steps[n - 1]))) st = VG_MEMORY;
  vg_free(steps);
  return st;
}

vg_status vg_checkpoint_clear(const char *run) {
  int64_t *steps;
  size_t n;
  vg_status st = list(run, &steps, &n);
  for (size_t i = 0; i < n && !st; i++) st = remove_step(run, steps[i]);
  vg_free(steps);
  return st;
}

/* ---- saving ---- */

static vg_json *state_json(const train_state *s) {
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "format", CHECKPOINT_FORMAT);
  for (size_t i = 0; i < N_FIELDS; i++) {
    const void *field = (const char *)s + fields[i].offset;
    char text[64];
    if (fields[i].whole)
      snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)field);
    else
      snprintf(text, sizeof text, "%a", *(const double *)field); /* keeps every bit */
    vg_json_put_string(j, fields[i].name, text);
  }
  return j;
}

vg_status vg_checkpoint_save(const char *run, vg_gan *gan, const train_state *s, int keep) {
  char *path = path_of(run, s->step);
  vg_json *metadata = state_json(s);
  vg_st_entry *entries = NULL;
  size_t n = 0;
  vg_status st = path && metadata ? vg_gan_state_get(gan, VG_GAN_ALL, &entries, &n) : VG_MEMORY;
  if (!st) st = vg_st_write_sealed(path, entries, n, metadata);
  if (!st) st = tidy(run, s, keep);
  vg_gan_state_free(entries, n);
  vg_json_free(metadata);
  vg_free(path);
  return st;
}

/* ---- restoring ---- */

static vg_status read_state(const char *path, const vg_st_file *f, train_state *s) {
  const char *format = vg_json_string(vg_json_get(f->metadata, "format"), "");
  if (strcmp(format, CHECKPOINT_FORMAT))
    return vg_fail(VG_DATA, "%s: not a checkpoint of this voxgan: format is \"%s\", wanted %s", path, format,
                   CHECKPOINT_FORMAT);
  for (size_t i = 0; i < N_FIELDS; i++) {
    void *field = (char *)s + fields[i].offset;
    const vg_json *node = vg_json_get(f->metadata, fields[i].name);
    if (!node && may_lack(i)) continue;
    const char *text = vg_json_string(node, "");
    long long whole = 0;
    bool good = fields[i].whole ? vg_parse_i64(text, &whole) : vg_parse_f64(text, field);
    if (!good) return vg_fail(VG_DATA, "%s: its metadata has no %s", path, fields[i].name);
    if (fields[i].whole) *(int64_t *)field = whole;
  }
  return VG_OK;
}

/* VG_DATA for a file that is not whole, with *f empty. */
static vg_status open_whole(const char *path, vg_st_file *f, train_state *s) {
  vg_status st = vg_st_open(path, f);
  if (st) return st;
  st = vg_st_check_seal(path, f);
  if (!st) st = read_state(path, f, s);
  if (st) vg_st_release(f);
  return st;
}

/* Opens the newest whole checkpoint, and warns of each damaged one. *path (vg_free) is NULL if the run has no
 * checkpoint. */
static vg_status open_newest(const char *run, vg_st_file *f, train_state *s, char **path) {
  int64_t *steps;
  size_t n;
  bool found = false;
  *path = NULL;
  vg_status st = list(run, &steps, &n);
  for (size_t i = n; i-- > 0 && !st && !found;) {
    vg_free(*path);
    if (!(*path = path_of(run, steps[i]))) {
      st = VG_MEMORY;
      break;
    }
    st = open_whole(*path, f, s);
    found = !st;
    if (st != VG_DATA) continue;
    if (i == 0) {
      st = vg_fail_in(st, "%s has no checkpoint that is whole; --overwrite starts again", run);
    } else {
      vg_warn("%s; continuing from the one before", vg_error());
      st = VG_OK;
    }
  }
  vg_free(steps);
  if (st) {
    vg_free(*path);
    *path = NULL;
  }
  return st;
}

vg_status vg_checkpoint_load(const char *run, vg_gan *gan, train_state *s, bool *found) {
  vg_st_file f = {0};
  train_state got = {0};
  char *path;
  vg_task task;
  vg_task_begin(&task, "reading the checkpoint", NULL, 0);
  vg_status st = open_newest(run, &f, &got, &path);
  *found = path != NULL;
  /* A run that turned train.ema on after this checkpoint has no average to restore. */
  int which = vg_st_holds(&f, "ema.") ? VG_GAN_ALL : VG_GAN_ALL & ~VG_GAN_AVERAGE;
  if (!st && *found) st = vg_gan_state_set(gan, which, path, &f);
  if (!st && *found) {
    vg_gan_set_step(gan, got.step);
    *s = got;
  }
  vg_task_end(&task);
  vg_st_release(&f);
  vg_free(path);
  return st;
}

vg_status vg_checkpoint_load_discriminator(const char *run, const vg_gan_spec *spec,
                                           const vg_gan_objective *objective, vg_device device,
                                           vg_gan **out) {
  vg_st_file f = {0};
  train_state state = {0};
  char *path;
  vg_task task;
  *out = NULL;
  vg_task_begin(&task, "reading the checkpoint", NULL, 0);
  vg_status st = open_newest(run, &f, &state, &path);
  if (!st && path) {
    st = vg_gan_check_file(spec, VG_GAN_DISCRIMINATOR, objective->d_spectral, path, &f);
    if (!st) st = vg_gan_new(spec, objective, 0, device, out);
    if (!st) st = vg_gan_state_set(*out, VG_GAN_DISCRIMINATOR, path, &f);
  }
  vg_task_end(&task);
  if (st) {
    vg_gan_free(*out);
    *out = NULL;
  }
  vg_st_release(&f);
  vg_free(path);
  return st;
}
