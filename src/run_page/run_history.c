/* run_history.c: reads config.json, split.json, log.jsonl and sessions.jsonl, and finds out how far a run is.
 */
#include "run_page/run_history.h"

#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

static vg_status read_lines(const char *run, const char *name, vg_json_lines *out) {
  char *path = vg_fs_join(run, name);
  vg_status st = path ? vg_json_lines_read(path, out) : VG_MEMORY;
  vg_free(path);
  return st;
}

static vg_status pick(const vg_json_lines *from, const char *kind, vg_json_lines *out) {
  out->items = VG_NEW_N(vg_json *, from->n);
  if (!out->items) return VG_MEMORY;
  for (size_t i = 0; i < from->n; i++)
    if (!strcmp(vg_json_string(vg_json_get(from->items[i], "kind"), ""), kind))
      out->items[out->n++] = from->items[i];
  return VG_OK;
}

static double last_epoch(const vg_json_lines *lines) {
  return lines->n ? vg_json_number(vg_json_get(lines->items[lines->n - 1], "epoch"), 0) : 0;
}

static vg_status judge(const char *run, run_history *h) {
  h->wanted = vg_json_number(vg_json_get(vg_json_get(h->config, "train"), "epochs"), 0);
  for (size_t i = 0; i < h->epochs.n; i++) {
    h->seconds += vg_json_number(vg_json_get(h->epochs.items[i], "seconds"), 0);
    h->skipped += vg_json_number(vg_json_get(h->epochs.items[i], "skipped"), 0);
  }
  for (size_t i = 0; i < h->validations.n; i++)
    if (vg_json_bool(vg_json_get(h->validations.items[i], "best"), false)) h->best = h->validations.items[i];
  for (size_t i = 0; i < h->log.n && !h->init; i++)
    if (!strcmp(vg_json_string(vg_json_get(h->log.items[i], "kind"), ""), "init")) h->init = h->log.items[i];
  char *lock = vg_fs_join(run, ".lock");
  if (!lock) return VG_MEMORY;
  /* After the validation of the last epoch only the saving of the model remains. */
  h->status = vg_lock_held(lock)                                      ? RUN_IN_PROGRESS
              : h->wanted && last_epoch(&h->validations) >= h->wanted ? RUN_FINISHED
                                                                      : RUN_STOPPED;
  vg_free(lock);
  return VG_OK;
}

/* Reads RUN/name. NULL: the file does not exist and is optional. */
static vg_status read_tree(const char *run, const char *name, bool required, vg_json **out) {
  char *path = vg_fs_join(run, name);
  bool exists = required;
  vg_status st = !path ? VG_MEMORY : required ? VG_OK : vg_fs_exists(path, &exists);
  if (!st && exists) st = vg_json_read(path, out);
  vg_free(path);
  return st;
}

vg_status vg_run_history_read(const char *run, run_history *h) {
  *h = (run_history){0};
  char *config = vg_fs_join(run, "config.json");
  if (!config) return VG_MEMORY;
  bool is_dir, holds_run = false;
  vg_status st = vg_fs_is_dir(run, &is_dir);
  if (!st && is_dir) st = vg_fs_exists(config, &holds_run);
  if (!st && !is_dir)
    st = vg_fail(VG_DATA, "%s: no such folder", run);
  else if (!st && !holds_run)
    st = vg_fail(VG_DATA, "%s: holds no run of voxgan train: it has no config.json", run);
  vg_free(config);
  if (!st) st = read_tree(run, "config.json", true, &h->config);
  if (!st) st = read_tree(run, "split.json", false, &h->split);
  if (!st) st = read_lines(run, "log.jsonl", &h->log);
  if (!st) st = read_lines(run, "sessions.jsonl", &h->sessions);
  if (!st) st = pick(&h->log, "epoch", &h->epochs);
  if (!st) st = pick(&h->log, "validation", &h->validations);
  if (!st) st = judge(run, h);
  if (st) vg_run_history_release(h);
  return st;
}

void vg_run_history_release(run_history *h) {
  vg_json_free(h->config);
  vg_json_free(h->split);
  vg_free(h->epochs.items);
  vg_free(h->validations.items);
  vg_json_lines_release(&h->log);
  vg_json_lines_release(&h->sessions);
  *h = (run_history){0};
}
