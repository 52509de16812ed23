/* run_folder.c: claims, clears and fills the folder of a run. */
#include "run/train/run_folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "prep/cache/cache_use.h"
#include "run/train/checkpoint.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/tfevents.h"
#include "run_page/run_card.h"

/* Counts the folders that vg_fs_make_dirs() would make. */
static vg_status count_missing(const char *run, int *n) {
  vg_status st = VG_OK;
  bool there = false;
  char *at = vg_strdup(run);
  for (*n = 0; !st && !there; *n += !there) {
    st = at ? vg_fs_exists(at, &there) : VG_MEMORY;
    if (st || there) break;
    char *up = vg_fs_dirname(at);
    vg_free(at);
    at = up;
  }
  vg_free(at);
  return st;
}

/* A job that is started again may meet the process that it follows. */
static vg_status take_lock(const char *run, bool wait, vg_run_claim *claim) {
  vg_lock *lock = &claim->lock;
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
    /* A run that never began takes its folder away; what is made then is this claim's. */
    int gone = 0;
    st = vg_interrupted() ? vg_fail(VG_INTERRUPTED, "interrupted while waiting for %s", path)
                          : count_missing(run, &gone);
    if (!st && gone) st = vg_fs_make_dirs(run);
    if (gone) claim->made = gone, claim->made_lock = true;
    if (!st) st = vg_lock_try(path, lock, &taken);
  }
  vg_free(path);
  return st;
}

/* Only ENOENT and ENOTDIR say that nothing is there. */
static vg_status look_for(const char *run, const char *name, bool *there) {
  struct stat s;
  char *path = vg_fs_join(run, name);
  if (!path) return VG_MEMORY;
  *there = !lstat(path, &s);
  vg_status st = *there || errno == ENOENT || errno == ENOTDIR ? VG_OK : vg_fail_errno(path, "cannot read");
  vg_free(path);
  return st;
}

static const char *const folders[] = {"checkpoints", "previews"};

static vg_status make_folders(const char *run, vg_run_claim *claim) {
  vg_status st = vg_fs_sweep(run);
  for (int i = 0; i < 2 && !st; i++) {
    bool there = false;
    char *path = vg_fs_join(run, folders[i]);
    st = path ? look_for(run, folders[i], &there) : VG_MEMORY;
    if (!st) st = vg_fs_make_dirs(path);
    if (!st) st = vg_fs_sweep(path);
    claim->made_folder[i] = !st && !there;
    vg_free(path);
  }
  return st;
}

/* A folder has our lock since before the first file of a run. A run that was copied without the lock has a
 * split and a config that we can read. */
static vg_status look_for_run(const char *run, bool *is_run) {
  bool split = false, config = false;
  vg_status st = look_for(run, ".lock", is_run);
  if (!st && !*is_run) st = look_for(run, "split.json", &split);
  if (!st && !*is_run) st = look_for(run, "config.json", &config);
  if (st || !split || !config) return st;
  vg_config c;
  vg_config_default(&c);
  char *path = vg_fs_join(run, "config.json");
  if (!path) return VG_MEMORY;
  st = vg_config_read(&c, path);
  vg_free(path);
  *is_run = !st;
  return st == VG_IO || st == VG_MEMORY ? st : VG_OK;
}

/* The files of a run, which a new one removes. config.json goes first: without it the folder holds no run,
 * wherever a kill ends this. */
static const char *const files[] = {
    "config.json", "split.json", "model.safetensors", "model-last.safetensors", "log.jsonl", "sessions.jsonl",
    "inputs.json", "data.json",  VG_RUN_CARD};
enum { N_FILES = sizeof files / sizeof *files };

static vg_status check_none(const char *run, const char *const *names, size_t n) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < n && !st; i++) {
    bool there;
    st = look_for(run, names[i], &there);
    if (!st && there)
      st = vg_fail(VG_USAGE, "%s: holds %s, which is not of a run: name another folder, or move it away", run,
                   names[i]);
  }
  return st;
}

/* What lies in a folder without a run is not ours to remove or to write over. */
static vg_status check_files(const char *run) {
  static const char *const others[] = {"checkpoints", "previews", "tensorboard"};
  bool is_run = false;
  vg_status st = look_for_run(run, &is_run);
  if (st || is_run) return st;
  st = check_none(run, others, sizeof others / sizeof *others);
  return st ? st : check_none(run, files, N_FILES);
}

static vg_status check_former(const vg_train_options *o, bool *holds_run) {
  vg_status st = look_for(o->out, "config.json", holds_run);
  if (st || !*holds_run || o->resume || o->overwrite) return st;
  return vg_fail(VG_USAGE, "%s: holds a run already; --resume continues it, --overwrite starts again",
                 o->out);
}

vg_status vg_run_folder_claim(const vg_train_options *o, vg_run_claim *claim, bool *continues) {
  bool holds_run = false, has_lock = false, has_link = false;
  vg_status st = check_files(o->out);
  if (!st) st = check_former(o, &holds_run);
  if (!st) st = look_for(o->out, ".lock", &has_lock);
  if (!st) st = look_for(o->out, VG_CACHE_LINK, &has_link);
  if (!st) st = count_missing(o->out, &claim->made);
  if (!st) st = vg_fs_require_writable_dir(o->out);
  if (!st) st = take_lock(o->out, o->resume, claim);
  if (!st) st = check_former(o, &holds_run); /* again: no other process changes it from here on */
  claim->made_lock = !st && (!has_lock || claim->made_lock);
  claim->no_link = !st && !has_link;
  if (!st) st = make_folders(o->out, claim);
  *continues = !st && o->resume && holds_run;
  return st;
}

static void remove_empty(const char *run, const char *name) {
  char *path = vg_fs_join(run, name);
  if (path) (void)rmdir(path);
  vg_free(path);
}

static void remove_name(const char *run, const char *name, bool only_link) {
  struct stat s;
  char *path = vg_fs_join(run, name);
  if (path && !lstat(path, &s) && (!only_link || S_ISLNK(s.st_mode))) (void)unlink(path);
  vg_free(path);
}

/* The lock's file goes while it is held: another process makes a new one. */
void vg_run_folder_release(const char *run, vg_run_claim *claim, bool begun) {
  for (int i = 0; i < 2 && !begun; i++)
    if (claim->made_folder[i]) remove_empty(run, folders[i]);
  if (!begun && claim->no_link) remove_name(run, VG_CACHE_LINK, true);
  if (!begun && claim->made_lock) remove_name(run, ".lock", false);
  vg_lock_release(&claim->lock);
  char *at = begun ? NULL : vg_strdup(run);
  for (int i = 0; at && i < claim->made && (!rmdir(at) || errno == ENOENT);
       i++) { /* ENOENT: PATH after PATH/ */
    char *up = vg_fs_dirname(at);
    vg_free(at);
    at = up;
  }
  vg_free(at);
  *claim = (vg_run_claim){.lock = {.fd = -1}};
}

vg_status vg_run_folder_clear(const char *run) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < N_FILES && !st; i++) {
    char *path = vg_fs_join(run, files[i]);
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

/* Whether a weight is above 0: its network exists then. */
static bool is_on(const vg_config *c, const vg_setting *s) {
  return *(const double *)(const void *)((const char *)c + s->offset) > 0;
}

/* Whether --resume refuses a value that differs. */
static bool is_refused(const vg_setting *s, const vg_config *was, const vg_config *now) {
  switch (s->resume) {
  case VG_RESUME_FIXED:
    return !is_open(was, s) && !is_open(now, s);
  case VG_RESUME_SWITCH:
    return is_on(was, s) != is_on(now, s);
  case VG_RESUME_FREE:
    break;
  }
  return false;
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
  if (!refused && s->resume != VG_RESUME_FIXED && matters(s))
    vg_warn("%s is %s from here on; it was %s", s->key, is, was);
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
