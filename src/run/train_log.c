/* train_log.c: writes log.jsonl, and takes back what a resumed run will write again. */
#include "run/train_log.h"

#include "voxgan/fs.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"

static vg_json *line_of(const char *kind) {
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "kind", kind);
  return j;
}

static vg_status append_take(const char *path, vg_json *j) {
  char *line = vg_json_print(j, false);
  vg_status st = line ? vg_fs_append_line(path, line) : VG_MEMORY;
  vg_free(line);
  vg_json_free(j);
  return st;
}

vg_status train_log_init(const char *path, const char *model, const vg_gan_transfer *t) {
  char hash[VG_HASH_LEN];
  vg_status st = vg_hash_file(model, hash);
  if (st) return st;
  vg_json *j = line_of("init");
  vg_json_put_string(j, "model", vg_fs_basename(model));
  vg_json_put_string(j, "sha256", hash);
  vg_json_put_number(j, "matched", t->matched);
  vg_json_put_number(j, "other_shape", t->n_reshaped);
  vg_json_put_number(j, "missing", t->n_missing);
  return append_take(path, j);
}

vg_status train_log_epoch(const char *path, const train_state *s, size_t peak_bytes) {
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
  return append_take(path, j);
}

vg_status train_log_validation(const char *path, const train_state *s, validation *v, bool held_out,
                               bool best) {
  vg_json *j = line_of("validation");
  vg_json_put_number(j, "epoch", (double)s->epoch);
  vg_json_put_number(j, "step", (double)s->step);
  vg_json_put_bool(j, "held_out", held_out);
  vg_json_put_take(j, "scores", v->scores);
  v->scores = NULL;
  vg_json_put_bool(j, "best", best);
  return append_take(path, j);
}

vg_status train_log_size(const char *path, int64_t *bytes) {
  uint64_t size = 0;
  vg_status st = vg_fs_exists(path) ? vg_fs_size(path, &size) : VG_OK;
  *bytes = (int64_t)size;
  return st;
}

vg_status train_log_rewind(const char *path, int64_t bytes) {
  void *text = NULL;
  size_t len = 0;
  vg_status st = vg_fs_exists(path) ? vg_fs_read(path, &text, &len) : VG_OK;
  if (st) return st;
  size_t keep = (uint64_t)bytes < len ? (size_t)bytes : len;
  while (keep && ((const char *)text)[keep - 1] != '\n') keep--; /* a line that a crash cut off */
  vg_free(text);
  if (keep < (uint64_t)bytes)
    vg_warn("%s: lines are missing that were there when the checkpoint was saved", path);
  return keep < len ? vg_fs_truncate(path, keep) : VG_OK;
}
