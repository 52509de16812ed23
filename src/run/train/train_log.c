/* train_log.c: writes log.jsonl, and removes lines that a resumed run will write again. */
#include "run/train/train_log.h"

#include <string.h>
#include <time.h>
#include "run/score/preview.h"
#include "base/fs.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"

vg_status vg_train_log_init(train_log *log, const char *run) {
  *log = (train_log){.run = run, .path = vg_fs_join(run, "log.jsonl")};
  return log->path ? VG_OK : VG_MEMORY;
}

void vg_train_log_release(train_log *log) {
  vg_tfevents_free(log->events);
  vg_free(log->path);
}

/* ---- events ---- */

static bool is_kind(const vg_json *line, const char *kind) {
  return !strcmp(vg_json_string(vg_json_get(line, "kind"), ""), kind);
}

/* 0 if the line lacks the key: the user may have edited the log. */
static int64_t whole_of(const vg_json *line, const char *key) {
  int64_t v = 0;
  (void)vg_json_i64(line, key, 0, INT64_MAX, &v);
  return v;
}

static int64_t step_of(const vg_json *line) {
  return whole_of(line, "step");
}

/* Adds every number below node as TAG/KEY, except step and time, which events carry themselves. */
static vg_status add_scalars(vg_tfevents *events, int64_t step, const char *tag, const vg_json *node) {
  vg_status st = VG_OK;
  for (const vg_json *e = vg_json_first(node); e && !st; e = vg_json_next(e)) {
    const vg_json_type type = vg_json_type_of(e);
    const char *key = vg_json_key(e);
    if (type != VG_JSON_NUMBER && type != VG_JSON_OBJECT) continue;
    if (!strcmp(key, "step") || !strcmp(key, "time")) continue;
    char *path = vg_format("%s/%s", tag, key);
    if (!path)
      st = VG_MEMORY;
    else if (type == VG_JSON_OBJECT)
      st = add_scalars(events, step, path, e);
    else
      vg_tfevents_scalar(events, step, path, vg_json_number(e, 0));
    vg_free(path);
  }
  return st;
}

/* The user may have deleted the preview in the meantime. */
static vg_status add_preview(train_log *log, const vg_json *line) {
  void *png = NULL;
  size_t len = 0;
  char *path = vg_preview_path(log->run, whole_of(line, "epoch"));
  vg_status st = path ? vg_fs_read_optional(path, &png, &len) : VG_MEMORY;
  if (png) st = vg_tfevents_png(log->events, step_of(line), "preview", png, len);
  vg_free(png);
  vg_free(path);
  return st;
}

static vg_status add_events(train_log *log, const vg_json *line) {
  if (!log->events) return VG_OK;
  if (is_kind(line, "epoch")) return add_scalars(log->events, step_of(line), "train", line);
  if (!is_kind(line, "validation")) return VG_OK;
  vg_status st = add_scalars(log->events, step_of(line), "validation", vg_json_get(line, "scores"));
  return st ? st : add_preview(log, line);
}

vg_status vg_train_log_events(train_log *log) {
  vg_json_lines lines;
  char *dir = NULL;
  vg_status st = vg_json_lines_read(log->path, &lines);
  if (st) return st;
  const int64_t last = lines.n ? step_of(lines.items[lines.n - 1]) : 0;
  dir = vg_fs_join(log->run, "tensorboard");
  st = dir ? vg_tfevents_new(dir, last, &log->events) : VG_MEMORY;
  for (size_t i = 0; i < lines.n && !st; i++)
    if (step_of(lines.items[i]) == last) st = add_events(log, lines.items[i]);
  vg_json_lines_release(&lines);
  vg_free(dir);
  return st ? st : vg_tfevents_flush(log->events);
}

/* ---- lines ---- */

static vg_json *line_of(const char *kind) {
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "kind", kind);
  return j;
}

static vg_status append_take(train_log *log, vg_json *j) {
  char *line = vg_json_print(j, false);
  vg_status st = line ? vg_fs_append_line(log->path, line) : VG_MEMORY;
  if (!st) st = add_events(log, j);
  vg_free(line);
  vg_json_free(j);
  return st ? st : vg_tfevents_flush(log->events);
}

vg_status vg_train_log_weights(train_log *log, const char *model, const vg_gan_transfer *t) {
  char hash[VG_HASH_LEN];
  vg_status st = vg_hash_file(model, hash);
  if (st) return st;
  vg_json *j = line_of("init");
  vg_json_put_string(j, "model", vg_fs_basename(model));
  vg_json_put_string(j, "sha256", hash);
  vg_json_put_number(j, "matched", t->matched);
  vg_json_put_number(j, "other_shape", t->n_reshaped);
  vg_json_put_number(j, "missing", t->n_missing);
  return append_take(log, j);
}

vg_status vg_train_log_epoch(train_log *log, const train_state *s, size_t peak_bytes, const group_line *g) {
  const epoch_sums *e = &s->sums;
  const double n = (double)e->steps;
  vg_gan_losses losses = e->losses;
  vg_json *j = line_of("epoch");
  vg_json_put_number(j, "epoch", (double)s->epoch);
  vg_json_put_number(j, "step", (double)s->step);
  for (int i = 0; i < VG_GAN_LOSSES; i++)
    vg_json_put_number(j, vg_gan_loss_name(i), *vg_gan_loss_at(&losses, i) / n);
  vg_json_put_number(j, "skipped", (double)e->skipped);
  vg_json_put_number(j, "lr_g", e->lr_g);
  vg_json_put_number(j, "lr_d", e->lr_d);
  vg_json_put_number(j, "seconds", e->seconds);
  vg_json_put_number(j, "volumes_per_s", (double)e->volumes / e->seconds);
  vg_json_put_number(j, "loader_wait_s", e->waited);
  vg_json_put_number(j, "peak_bytes", (double)peak_bytes);
  if (g->processes > 1) {
    vg_json_put_number(j, "processes", g->processes);
    vg_json_put_number(j, "wait_share", g->wait_share);
    vg_json_put_number(j, "step_bytes", g->step_bytes);
  }
  vg_json_put_number(j, "time", (double)time(NULL));
  return append_take(log, j);
}

vg_status vg_train_log_validation(train_log *log, const train_state *s, validation *v, bool held_out,
                                  bool best) {
  vg_json *j = line_of("validation");
  vg_json_put_number(j, "epoch", (double)s->epoch);
  vg_json_put_number(j, "step", (double)s->step);
  vg_json_put_bool(j, "held_out", held_out);
  vg_json_put_take(j, "scores", v->scores);
  v->scores = NULL;
  vg_json_put_bool(j, "best", best);
  return append_take(log, j);
}

vg_status vg_train_log_size(const train_log *log, int64_t *bytes) {
  uint64_t size = 0;
  bool exists;
  vg_status st = vg_fs_exists(log->path, &exists);
  if (!st && exists) st = vg_fs_size(log->path, &size);
  *bytes = (int64_t)size;
  return st;
}

vg_status vg_train_log_rewind(const train_log *log, int64_t bytes) {
  const char *path = log->path;
  void *text = NULL;
  size_t len = 0;
  vg_status st = vg_fs_read_optional(path, &text, &len);
  if (st) return st;
  size_t keep = (uint64_t)bytes < len ? (size_t)bytes : len;
  while (keep && ((const char *)text)[keep - 1] != '\n') keep--; /* a line that a crash cut off */
  vg_free(text);
  if (keep < (uint64_t)bytes) vg_warn("%s: lacks lines that it had when the checkpoint was saved", path);
  return keep < len ? vg_fs_truncate(path, keep) : VG_OK;
}
