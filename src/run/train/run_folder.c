/* run_folder.c: claims, clears and fills the folder of a run. */
#include "run/train/run_folder.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "run/train/checkpoint.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/tfevents.h"

/* A job that is started again may meet the process that it follows. */
static vg_status take_lock(const char *run, bool wait, vg_lock *lock) {
  char *path = vg_fs_join(run, ".lock");
  if (!path) return VG_MEMORY;
  bool taken;
  vg_status st = vg_lock_try(path, lock, &taken);
  if (!st && !taken && !wait)
    st = vg_fail(VG_USAGE, "%s: another voxgan trains there%s; --resume waits for it and continues the run",
                 run, vg_lock_holder(path));
  else if (!st && !taken)
    vg_info("%s: waiting for another voxgan that trains there%s", run, vg_lock_holder(path));
  while (!st && !taken) {
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted while waiting for %s", path)
                          : vg_lock_try(path, lock, &taken);
  }
  vg_free(path);
  return st;
}

static vg_status make_folders(const char *run) {
  static const char *const folders[] = {"", "checkpoints", "previews"};
  vg_status st = VG_OK;
  for (int i = 0; i < 3 && !st; i++) {
    char *path = vg_fs_join(run, folders[i]);
    st = path ? vg_fs_make_dirs(path) : VG_MEMORY;
    if (!st) st = vg_fs_sweep(path);
    vg_free(path);
  }
  return st;
}

static bool has(const char *run, const char *name) {
  struct stat s;
  char *path = vg_fs_join(run, name);
  const bool there = path && !lstat(path, &s);
  vg_free(path);
  return there;
}

/* A folder has our lock since before the first file of a run, or, where a run was copied without it, a config
 * that reads as one, and a split. */
static bool is_run(const char *run) {
  if (has(run, ".lock")) return true;
  if (!has(run, "config.json") || !has(run, "split.json")) return false;
  vg_config c;
  vg_config_default(&c);
  char *path = vg_fs_join(run, "config.json");
  const bool reads = path && !vg_config_read(&c, path);
  vg_free(path);
  vg_error_clear();
  return reads;
}

/* A run writes over these, and removes them where it starts again. */
static vg_status check_files(const char *run) {
  static const char *const names[] = {
      "checkpoints",       "config.json", "log.jsonl",      "model-last.safetensors",
      "model.safetensors", "previews",    "sessions.jsonl", "split.json",
      "tensorboard"};
  if (is_run(run)) return VG_OK;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (has(run, names[i]))
      return vg_fail(VG_USAGE, "%s: holds %s, which is not of a run: name another folder, or move it away",
                     run, names[i]);
  return VG_OK;
}

static vg_status check_former(const vg_train_options *o) {
  if (!has(o->out, "config.json") || o->resume || o->overwrite) return VG_OK;
  return vg_fail(VG_USAGE, "%s: holds a run already; --resume continues it, --overwrite starts again", o->out);
}

vg_status vg_run_folder_claim(const vg_train_options *o, vg_lock *lock, bool *continues) {
  vg_status st = check_files(o->out);
  if (!st) st = check_former(o);
  if (!st) st = vg_fs_require_writable_dir(o->out);
  if (!st) st = take_lock(o->out, o->resume, lock);
  if (!st) st = check_former(o); /* another may have begun one meanwhile */
  if (!st) st = make_folders(o->out);
  *continues = o->resume && has(o->out, "config.json"); /* once no other process is at it */
  return st;
}

vg_status vg_run_folder_clear(const char *run) {
  /* config.json goes first: without it the folder holds no run, wherever a kill ends this. */
  static const char *const old[] = {"config.json",       "split.json",
                                    "model.safetensors", "model-last.safetensors",
                                    "log.jsonl",         "sessions.jsonl"};
  vg_status st = VG_OK;
  for (size_t i = 0; i < sizeof old / sizeof *old && !st; i++) {
    char *path = vg_fs_join(run, old[i]);
    st = path ? vg_fs_remove(path) : VG_MEMORY;
    vg_free(path);
  }
  char *events = vg_fs_join(run, "tensorboard");
  if (!st) st = events ? vg_tfevents_clear(events) : VG_MEMORY;
  vg_free(events);
  return st ? st : vg_checkpoint_clear(run);
}

/* Device and threads may change between sessions without a word. A change of what the run learns gets a
 * warning. */
static bool matters(const vg_setting *s) {
  return !vg_starts_with(s->key, "run.") || !strcmp(s->key, "run.seed");
}

void vg_run_folder_compare(const char *run, const vg_config *now) {
  char was_text[VG_CONFIG_TEXT + 64], now_text[VG_CONFIG_TEXT + 64];
  vg_config was;
  vg_config_default(&was);
  char *path = vg_fs_join(run, "config.json");
  if (!path || vg_config_read(&was, path)) {
    vg_warn("cannot compare the settings with those of the run so far: %s", vg_error());
  } else {
    for (int i = 0; vg_setting_at(i); i++) {
      const vg_setting *s = vg_setting_at(i);
      const char *a = vg_setting_text(&was, s, was_text, sizeof was_text);
      const char *b = vg_setting_text(now, s, now_text, sizeof now_text);
      if (matters(s) && strcmp(a, b)) vg_warn("%s is %s from here on; it was %s", s->key, b, a);
    }
  }
  vg_free(path);
}

vg_status vg_run_folder_write_take(const char *run, const char *name, vg_json *j) {
  char *path = vg_fs_join(run, name);
  vg_status st = path ? vg_json_write(path, j) : VG_MEMORY;
  vg_free(path);
  vg_json_free(j);
  return st;
}
