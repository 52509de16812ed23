/* split_folders.c: splits a data set into two folders of links, so that held-out data stay out of every later
 * step. */
#include <stdio.h>
#include <string.h>

#include "dataset/data_note.h"
#include "dataset/layout.h"
#include "voxgan/dataset.h"
#include "voxgan/volume.h"
#include "voxgan/log.h"
#include "base/fs.h"
#include "base/task/progress.h"
#include "base/file/owned.h"
#include "dataset/dataset_apart.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/file/path_part.h"
#include "dataset/split.h"
#include "io/table.h"

static const char *const sides[] = {"train", "test"};
/* Files beside the volumes that give a layout the meaning of values and channels. */
static const char *const descriptions[] = {"dataset.json", "dataset_description.json", "participants.tsv"};

/* Where links go; with files, their paths are only listed there. */
typedef struct parts {
  const char *out;
  vg_owned *files;
  vg_task *task;
} parts;

static vg_status list_file(const parts *to, int side, const char *relative) {
  char *path = vg_format("%s/%s", sides[side], relative);
  vg_status st = path ? vg_owned_add(to->files, path) : VG_MEMORY;
  vg_free(path);
  return st;
}

/* OUT/SIDE/relative, a link to target. */
static vg_status put_link(const parts *to, int side, const char *relative, const char *target) {
  /* FreeSurfer's results of an ADNI folder lie beside it, and their links beside those of the side. */
  if (!vg_path_below(vg_starts_with(relative, "../") ? relative + 3 : relative))
    return vg_fail(VG_DATA, "%s: '%s' would lead out of %s", target, relative, to->out);
  if (to->files) return list_file(to, side, relative);
  char *path = vg_format("%s/%s/%s", to->out, sides[side], relative),
       *dir = path ? vg_fs_dirname(path) : NULL;
  vg_status st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st && vg_interrupted()) st = vg_fail(VG_INTERRUPTED, "interrupted; the same command continues");
  if (!st) st = vg_fs_link(target, path);
  vg_task_step(to->task);
  vg_free(dir);
  vg_free(path);
  return st;
}

/* The same for a volume: its file, and the one beside it that holds its voxels. */
static vg_status put_volume(const parts *to, int side, const char *relative, const char *target) {
  char *file = vg_volume_file(target), *name = vg_volume_file(relative), *beside = NULL, *dir = NULL;
  vg_status st = file && name ? put_link(to, side, name, file) : VG_MEMORY;
  if (!st) st = vg_volume_beside(file, &beside);
  if (!st && beside) {
    char *path = (dir = vg_fs_dirname(name)) ? vg_fs_join(dir, vg_fs_basename(beside)) : NULL;
    const char *below = path && vg_starts_with(path, "./") ? path + 2 : path;
    st = path ? put_link(to, side, below, beside) : VG_MEMORY;
    vg_free(path);
  }
  vg_free(file);
  vg_free(name);
  vg_free(beside);
  vg_free(dir);
  return st;
}

/* ---- a folder: links with the same names ---- */

static vg_status link_subject(const vg_dataset *ds, const vg_subject *s, const parts *to, int side) {
  const char *files[VG_SERIES_MAX + 2] = {s->tumour, s->anatomy};
  const char *root = ds->sources[0].root;
  const size_t below = strlen(root) + !vg_ends_with(root, "/");
  vg_status st = VG_OK;
  for (int i = 0; i < ds->series.n; i++) files[2 + i] = s->series[i];
  for (int i = 0; i < 2 + ds->series.n && !st; i++)
    if (files[i]) st = put_volume(to, side, files[i] + below, files[i]);
  return st;
}

/* Which sides a BIDS table is for: that of its subject, or both. */
static bool table_is_for(const vg_dataset *ds, const bool *is_test, const char *table, int side) {
  const char *subject = vg_starts_with(table, "sub-") ? table : strstr(table, "/sub-");
  if (subject) subject += *subject == '/';
  const size_t n = subject ? strcspn(subject, "/") : 0;
  if (!subject || !subject[n]) return true;
  for (size_t i = 0; i < ds->n; i++)
    if (is_test[i] == (side == 1) && strncmp(ds->subjects[i].person, subject, n) == 0 &&
        !ds->subjects[i].person[n])
      return true;
  return false;
}

/* The tables of a BIDS data set give the meaning of label values, at any depth. */
static vg_status link_tables(const vg_dataset *ds, const bool *is_test, const parts *to) {
  char **files = NULL;
  size_t n = 0;
  vg_fs_faults faults; /* known since the data set was read */
  vg_status st = vg_fs_walk_faults(ds->sources[0].root, &files, &n, &faults);
  for (size_t i = 0; i < n && !st; i++) {
    if (!vg_ends_with(files[i], "dseg.tsv")) continue;
    char *path = vg_fs_join(ds->sources[0].root, files[i]);
    if (!path) st = VG_MEMORY;
    for (int side = 0; side < 2 && !st; side++)
      if (table_is_for(ds, is_test, files[i], side)) st = put_link(to, side, files[i], path);
    vg_free(path);
  }
  vg_fs_faults_free(&faults);
  vg_strv_free(files);
  return st;
}

static vg_status link_tree(const vg_dataset *ds, const bool *is_test, const parts *to) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < ds->n && !st; i++) st = link_subject(ds, &ds->subjects[i], to, is_test[i]);
  for (size_t k = 0; k < sizeof descriptions / sizeof descriptions[0] && !st; k++) {
    char *path = vg_fs_join(ds->sources[0].root, descriptions[k]);
    if (!path) return VG_MEMORY;
    bool exists = false;
    st = vg_fs_holds(path, &exists);
    for (int side = 0; side < 2 && exists && !st; side++) st = put_link(to, side, descriptions[k], path);
    vg_free(path);
  }
  return st ? st : link_tables(ds, is_test, to);
}

/* ---- a CSV manifest: one manifest in each folder ---- */

enum { COLUMNS = VG_SERIES_MAX + 4 };

static vg_status add_row(const vg_dataset *ds, const vg_subject *s, const parts *to, int side,
                         const char *const *header, vg_table *t) {
  const char *cells[COLUMNS] = {s->id, s->person, s->tumour, s->anatomy};
  char *links[COLUMNS] = {NULL};
  vg_status st = VG_OK;
  for (int k = 0; k < ds->series.n; k++) cells[4 + k] = s->series[k];
  for (int k = 2; k < 4 + ds->series.n && !st; k++) {
    const char *target = cells[k];
    cells[k] = "";
    if (!target) continue;
    /* A header names its file of voxels, which must keep its name: a folder keeps it apart from others. */
    char *beside = NULL;
    st = vg_volume_beside(target, &beside);
    links[k] = vg_format("%s/%s%s%s", s->id, header[k], beside ? "/" : "-", vg_fs_basename(target));
    vg_free(beside);
    if (!st) st = links[k] ? put_volume(to, side, links[k], target) : VG_MEMORY;
    cells[k] = links[k];
  }
  if (!st) st = vg_table_add_row(t, cells);
  for (int k = 2; k < COLUMNS; k++) vg_free(links[k]);
  return st;
}

static vg_status link_manifest(const vg_dataset *ds, const bool *is_test, const parts *to, int side) {
  const char *header[COLUMNS] = {"id", "person", "tumour", "anatomy"};
  vg_table t = {0};
  char *path = vg_format("%s/%s/manifest.csv", to->out, sides[side]);
  for (int i = 0; i < ds->series.n; i++) header[4 + i] = ds->series.names[i];
  vg_status st = path ? vg_table_init(&t, 4 + (size_t)ds->series.n, header) : VG_MEMORY;
  for (size_t i = 0; i < ds->n && !st; i++)
    if (is_test[i] == (side == 1)) st = add_row(ds, &ds->subjects[i], to, side, header, &t);
  if (!st) st = to->files ? list_file(to, side, "manifest.csv") : vg_table_write(path, &t);
  vg_table_release(&t);
  vg_free(path);
  return st;
}

/* ---- either ---- */

/* What the whole means, the parts mean: a part alone may show another layout, and the user's schemes are not
 * in the files. */
static vg_status put_note(const vg_dataset *ds, const parts *to, int side) {
  if (to->files) return list_file(to, side, VG_DATA_NOTE);
  char *text = vg_data_note_of(&ds->sources[0]),
       *path = vg_format("%s/%s/" VG_DATA_NOTE, to->out, sides[side]);
  vg_status st = text && path ? vg_fs_write_atomic(path, text, strlen(text)) : VG_MEMORY;
  vg_free(text);
  vg_free(path);
  return st;
}

/* VG_USAGE: a finished part has another note. */
static vg_status check_notes(const vg_dataset *ds, const char *out) {
  char *now = vg_data_note_of(&ds->sources[0]);
  vg_status st = now ? VG_OK : VG_MEMORY;
  for (int side = 0; side < 2 && !st; side++) {
    void *was = NULL;
    size_t len;
    char *path = vg_format("%s/%s/" VG_DATA_NOTE, out, sides[side]);
    st = path ? vg_fs_read_optional(path, &was, &len) : VG_MEMORY;
    if (was && strcmp(was, now) != 0)
      st = vg_fail(VG_USAGE, "%s: this part was made with another layout or other label schemes", path);
    vg_free(was);
    vg_free(path);
  }
  vg_free(now);
  return st;
}

/* An existing split must be the same one; another one must not be changed. */
static vg_status check_former(const char *path, const vg_json *split, bool *done) {
  void *was = NULL;
  size_t len;
  char *now = vg_json_print(split, true);
  vg_status st = now ? VG_OK : VG_MEMORY;
  *done = false;
  if (!st) st = vg_fs_read_optional(path, &was, &len);
  if (was && strcmp(was, now) != 0)
    st = vg_fail(VG_USAGE, "%s: holds another split already (other subjects, share or seed)", path);
  *done = was && !st;
  vg_free(was);
  vg_free(now);
  return st;
}

static vg_status put_links(const vg_dataset *ds, const bool *is_test, bool manifest, const char *out,
                           vg_owned *files) {
  vg_status st = VG_OK;
  vg_task task;
  const parts to = {out, files, &task};
  vg_task_begin(&task, files ? "looking at the parts" : "linking the parts", "links", 0);
  if (!manifest) st = link_tree(ds, is_test, &to);
  for (int side = 0; side < 2 && manifest && !st; side++) st = link_manifest(ds, is_test, &to, side);
  for (int side = 0; side < 2 && !st; side++) st = put_note(ds, &to, side);
  vg_task_end(&task);
  return st;
}

static vg_status claim(const vg_dataset *ds, const bool *is_test, bool manifest, const char *out,
                       const vg_json *split, vg_lock *lock) {
  vg_owned files = {0};
  char hash[VG_HASH_LEN], *text = vg_json_print(split, true);
  vg_status st = text ? put_links(ds, is_test, manifest, out, &files) : VG_MEMORY;
  if (text) vg_hash(text, strlen(text), hash);
  if (text) snprintf(files.kind, sizeof files.kind, "split %.32s", hash);
  if (!st) st = vg_owned_add(&files, "split.json");
  if (!st) st = vg_owned_claim(out, &files, true, lock);
  vg_owned_release(&files);
  vg_free(text);
  return st;
}

vg_status vg_dataset_split_links(const vg_dataset *ds, const bool *is_test, const char *out) {
  bool done = false;
  vg_lock lock = {.fd = -1};
  if (ds->n_sources != 1) VG_BUG("a split of %d sources", ds->n_sources);
  const bool manifest = vg_layout_find(ds->sources[0].layout)->add_file != NULL;
  vg_status st = vg_dataset_apart(ds, out);
  if (st) return st;
  vg_json *split = vg_dataset_split_json(ds, is_test);
  char *path = vg_fs_join(out, "split.json");
  st = split && path ? check_former(path, split, &done) : VG_MEMORY;
  if (!st && done) st = check_notes(ds, out);
  if (st || done) goto out;
  if ((st = claim(ds, is_test, manifest, out, split, &lock))) goto out;
  st = put_links(ds, is_test, manifest, out, NULL);
  if (!st) st = vg_json_write(path, split); /* last: it says that the rest is there */
out:
  vg_lock_release(&lock);
  vg_free(path);
  vg_json_free(split);
  return st;
}
