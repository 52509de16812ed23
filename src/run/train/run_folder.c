/* run_folder.c: claims, clears and fills the folder of a run. */
#include "run/train/run_folder.h"

#include <string.h>
#include <time.h>
#include "run/train/checkpoint.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/tfevents.h"

/* A restarted job may find that the process before it is still running. */
static vg_status wait_for(const char *run, vg_lock *lock) {
  char *path = vg_fs_join(run, ".lock");
  if (!path) return VG_MEMORY;
  bool taken;
  vg_status st = vg_lock_try(path, lock, &taken);
  if (!st && !taken) vg_info("%s: waiting for another voxgan that trains there", run);
  while (!st && !taken) {
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted while waiting for %s", path)
                          : vg_lock_try(path, lock, &taken);
  }
  vg_free(path);
  return st;
}

static vg_status make_folders(const char *run, vg_lock *lock) {
  static const char *const folders[] = {"", "checkpoints", "previews"};
  vg_status st = vg_fs_require_writable_dir(run);
  if (!st) st = wait_for(run, lock);
  for (int i = 0; i < 3 && !st; i++) {
    char *path = vg_fs_join(run, folders[i]);
    st = path ? vg_fs_make_dirs(path) : VG_MEMORY;
    if (!st) st = vg_fs_sweep(path);
    vg_free(path);
  }
  return st;
}

vg_status vg_run_folder_claim(const vg_train_options *o, vg_lock *lock, bool *continues) {
  char *config = vg_fs_join(o->out, "config.json");
  if (!config) return VG_MEMORY;
  bool holds_run;
  vg_status st = vg_fs_exists(config, &holds_run);
  if (!st && holds_run && !o->resume && !o->overwrite)
    st = vg_fail(VG_USAGE, "%s: holds a run already; --resume continues it, --overwrite starts anew", o->out);
  if (!st) st = make_folders(o->out, lock);
  if (!st) st = vg_fs_exists(config, &holds_run); /* again: no other process changes it from here on */
  *continues = !st && o->resume && holds_run;
  vg_free(config);
  return st;
}

vg_status vg_run_folder_clear(const char *run) {
  /* config.json goes first: without it the folder holds no run, wherever a kill ends this. */
  static const char *const old[] = {
      "config.json", "split.json",     "model.safetensors", "model-last.safetensors",
      "log.jsonl",   "sessions.jsonl", "inputs.json"};
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

/* Device and threads may change between sessions without a word. A change of how the run learns gets a
 * warning. */
static bool matters(const vg_setting *s) {
  return !vg_starts_with(s->key, "run.");
}

/* Whether the value leaves the choice to the data, as a patch of 0 does. */
static bool is_open(const vg_config *c, const vg_setting *s) {
  const int *v = (const int *)(const void *)((const char *)c + s->offset);
  return s->type == VG_SETTING_DIMS && (!v[0] || !v[1] || !v[2]);
}

/* Weights of 0 leave the discriminator out, so they are another network. */
static bool is_refused(const vg_setting *s, const vg_config *was, const vg_config *now) {
  if (strcmp(s->key, "train.w_adversarial") == 0)
    return (was->train.w_adversarial > 0) != (now->train.w_adversarial > 0);
  return s->fixed && !is_open(was, s) && !is_open(now, s);
}

static vg_status read_config(const char *run, vg_config *out) {
  char *path = vg_fs_join(run, "config.json");
  vg_config_default(out);
  vg_status st = path ? vg_config_read(out, path) : VG_MEMORY;
  if (!st) st = vg_config_resolve(out);
  vg_free(path);
  return st == VG_CONFIG ? vg_fail_in(st, "the settings of this run so far cannot be read") : st;
}

/* Calls for each setting that differs. */
static vg_status each_change(const char *run, const vg_config *now,
                             void (*visit)(void *arg, const vg_setting *s, bool refused, const char *was,
                                           const char *is),
                             void *arg) {
  char was_text[VG_CONFIG_TEXT + 64], now_text[VG_CONFIG_TEXT + 64];
  vg_config was, is = *now;
  vg_status st = read_config(run, &was);
  if (!st) st = vg_config_resolve(&is);
  for (int i = 0; vg_setting_at(i) && !st; i++) {
    const vg_setting *s = vg_setting_at(i);
    const char *a = vg_setting_text(&was, s, was_text, sizeof was_text);
    const char *b = vg_setting_text(&is, s, now_text, sizeof now_text);
    if (strcmp(a, b)) visit(arg, s, is_refused(s, &was, &is), a, b);
  }
  return st;
}

static void list_refused(void *arg, const vg_setting *s, bool refused, const char *was, const char *is) {
  vg_str *text = arg;
  if (refused) vg_str_addf(text, "%s%s was \"%s\" and is \"%s\" now", text->len ? ", " : "", s->key, was, is);
}

static void warn_of(void *arg, const vg_setting *s, bool refused, const char *was, const char *is) {
  (void)arg;
  if (!refused && !s->fixed && matters(s)) vg_warn("%s is %s from here on; it was %s", s->key, is, was);
}

vg_status vg_run_folder_check(const char *run, const vg_config *now) {
  vg_str text = VG_STR_INIT;
  vg_status st = each_change(run, now, list_refused, &text);
  if (!st && text.len)
    st = vg_fail(VG_CONFIG,
                 "%s: %s: this defines the run and cannot change on --resume; give the value from before, or "
                 "another --out",
                 run, vg_str_text(&text));
  vg_str_release(&text);
  return st;
}

vg_status vg_run_folder_compare(const char *run, const vg_config *now) {
  vg_status st = vg_run_folder_check(run, now);
  return st ? st : each_change(run, now, warn_of, NULL);
}

vg_status vg_run_folder_write_take(const char *run, const char *name, vg_json *j) {
  char *path = vg_fs_join(run, name);
  vg_status st = path ? vg_json_write(path, j) : VG_MEMORY;
  vg_free(path);
  vg_json_free(j);
  return st;
}
