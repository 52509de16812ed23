/* train_state.c: checkpoints, and the log of a resumed run. */
#include "run/train_state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "voxgan/mem.h"
#include "voxgan/str.h"

static char *checkpoint_path(const char *run) {
  return vg_format("%s/checkpoints/last.safetensors", run);
}

/* %a keeps every bit of a double. */
static void put_double(vg_json *j, const char *key, double v) {
  char text[64];
  snprintf(text, sizeof text, "%a", v);
  vg_json_put_string(j, key, text);
}

vg_status checkpoint_save(const char *run, vg_gan *gan, const train_state *s) {
  char *path = checkpoint_path(run);
  vg_json *metadata = vg_json_object();
  vg_st_entry *entries = NULL;
  size_t n = 0;
  vg_status st = path ? vg_gan_state_get(gan, VG_GAN_ALL, &entries, &n) : VG_MEMORY;
  if (st) goto out;
  vg_json_put_string(metadata, "format", "voxgan-checkpoint-1");
  put_double(metadata, "epoch", s->epoch);
  put_double(metadata, "batch", s->batch);
  put_double(metadata, "step", (double)s->step);
  put_double(metadata, "best", s->best);
  put_double(metadata, "seconds", s->seconds);
  st = vg_st_write(path, entries, n, metadata);
out:
  vg_gan_state_free(entries, n);
  vg_json_free(metadata);
  vg_free(path);
  return st;
}

static vg_status get_double(const char *path, const vg_st_file *f, const char *key, double *out) {
  const char *text = vg_json_string(vg_json_get(f->metadata, key), "");
  if (vg_parse_f64(text, out)) return VG_OK;
  if (!strcmp(text, "inf")) {
    *out = INFINITY;
    return VG_OK;
  }
  return vg_fail(VG_DATA, "%s: not a checkpoint: its metadata has no %s", path, key);
}

vg_status checkpoint_load(const char *run, vg_gan *gan, train_state *s, bool *found) {
  vg_st_file f = {0};
  double epoch, batch, step;
  char *path = checkpoint_path(run);
  if (!path) return VG_MEMORY;
  vg_status st = VG_OK;
  *found = vg_fs_exists(path);
  if (!*found) goto out;
  train_state got;
  if ((st = vg_st_open(path, &f))) goto out;
  if ((st = get_double(path, &f, "epoch", &epoch)) || (st = get_double(path, &f, "batch", &batch)) ||
      (st = get_double(path, &f, "step", &step)) || (st = get_double(path, &f, "best", &got.best)) ||
      (st = get_double(path, &f, "seconds", &got.seconds)))
    goto out;
  if ((st = vg_gan_state_set(gan, VG_GAN_ALL, path, &f))) goto out;
  got.epoch = (int)epoch;
  got.batch = (int)batch;
  got.step = (int64_t)step;
  vg_gan_set_step(gan, got.step);
  *s = got;
out:
  vg_st_release(&f);
  vg_free(path);
  return st;
}

vg_status log_rewind(const char *log_path, int64_t step) {
  if (!vg_fs_exists(log_path)) return VG_OK;
  void *bytes;
  size_t len;
  vg_status st = vg_fs_read(log_path, &bytes, &len);
  if (st) return st;
  vg_str kept = VG_STR_INIT;
  for (char *line = bytes, *end; line < (char *)bytes + len; line = end + 1) {
    end = strchr(line, '\n');
    if (!end) break; /* a line cut off by a kill */
    *end = 0;
    vg_json *j = NULL;
    if (!vg_json_parse(log_path, line, &j) && vg_json_number(vg_json_get(j, "step"), 0) <= (double)step)
      vg_str_addf(&kept, "%s\n", line);
    vg_json_free(j);
  }
  st = vg_str_failed(&kept) ? VG_MEMORY : vg_fs_write_atomic(log_path, vg_str_text(&kept), kept.len);
  vg_str_release(&kept);
  vg_free(bytes);
  return st;
}
