/* split_links.c: splits a data set into two folders of links, so that held-out data stay out of every later
 * step. */
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "voxgan/dataset.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "dataset/split.h"
#include "io/table.h"

static const char *const sides[] = {"train", "test"};
/* Files beside the volumes that give a layout the meaning of values and channels. */
static const char *const descriptions[] = {"dataset.json", "dataset_description.json", "participants.tsv"};

/* Makes OUT/SIDE/relative a link to target. */
static vg_status put_link(const char *out, int side, const char *relative, const char *target) {
  char *path = vg_format("%s/%s/%s", out, sides[side], relative), *dir = path ? vg_fs_dirname(path) : NULL;
  vg_status st = dir ? vg_fs_make_dirs(dir) : VG_MEMORY;
  if (!st) st = vg_fs_link(target, path);
  vg_free(dir);
  vg_free(path);
  return st;
}

/* ---- a folder: links with the same names ---- */

static vg_status link_subject(const vg_dataset *ds, const vg_subject *s, const char *out, int side) {
  const char *files[VG_SERIES_MAX + 2] = {s->tumour, s->anatomy};
  const char *root = ds->sources[0].root;
  const size_t below = strlen(root) + !vg_ends_with(root, "/");
  vg_status st = VG_OK;
  for (int i = 0; i < ds->series.n; i++) files[2 + i] = s->series[i];
  for (int i = 0; i < 2 + ds->series.n && !st; i++)
    if (files[i]) st = put_link(out, side, files[i] + below, files[i]);
  return st;
}

static vg_status link_tree(const vg_dataset *ds, const bool *is_test, const char *out) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < ds->n && !st; i++) st = link_subject(ds, &ds->subjects[i], out, is_test[i]);
  for (size_t k = 0; k < sizeof descriptions / sizeof descriptions[0] && !st; k++) {
    char *path = vg_fs_join(ds->sources[0].root, descriptions[k]);
    if (!path) return VG_MEMORY;
    bool exists = false;
    st = vg_fs_exists(path, &exists);
    for (int side = 0; side < 2 && exists && !st; side++) st = put_link(out, side, descriptions[k], path);
    vg_free(path);
  }
  return st;
}

/* ---- a CSV manifest: one manifest in each folder ---- */

enum { COLUMNS = VG_SERIES_MAX + 4 };

static vg_status add_row(const vg_dataset *ds, const vg_subject *s, const char *out, int side,
                         const char *const *header, vg_table *t) {
  const char *cells[COLUMNS] = {s->id, s->person, s->tumour, s->anatomy};
  char *links[COLUMNS] = {NULL};
  vg_status st = VG_OK;
  for (int k = 0; k < ds->series.n; k++) cells[4 + k] = s->series[k];
  for (int k = 2; k < 4 + ds->series.n && !st; k++) {
    const char *target = cells[k];
    cells[k] = "";
    if (!target) continue;
    links[k] = vg_format("%s/%s-%s", s->id, header[k], vg_fs_basename(target));
    st = links[k] ? put_link(out, side, links[k], target) : VG_MEMORY;
    cells[k] = links[k];
  }
  if (!st) st = vg_table_add_row(t, cells);
  for (int k = 2; k < COLUMNS; k++) vg_free(links[k]);
  return st;
}

static vg_status link_manifest(const vg_dataset *ds, const bool *is_test, const char *out, int side) {
  const char *header[COLUMNS] = {"id", "person", "tumour", "anatomy"};
  vg_table t = {0};
  char *path = vg_format("%s/%s/manifest.csv", out, sides[side]);
  for (int i = 0; i < ds->series.n; i++) header[4 + i] = ds->series.names[i];
  vg_status st = path ? vg_table_init(&t, 4 + (size_t)ds->series.n, header) : VG_MEMORY;
  for (size_t i = 0; i < ds->n && !st; i++)
    if (is_test[i] == (side == 1)) st = add_row(ds, &ds->subjects[i], out, side, header, &t);
  if (!st) st = vg_table_write(path, &t);
  vg_table_release(&t);
  vg_free(path);
  return st;
}

/* ---- either ---- */

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

vg_status vg_dataset_split_links(const vg_dataset *ds, const bool *is_test, const char *out) {
  bool done = false;
  if (ds->n_sources != 1) VG_BUG("a split of %d sources", ds->n_sources);
  const bool manifest = vg_layout_find(ds->sources[0].layout)->add_file != NULL;
  if (!manifest && (vg_fs_within(out, ds->sources[0].root) || vg_fs_within(ds->sources[0].root, out)))
    return vg_fail(VG_USAGE, "%s and %s lie within one another", out, ds->sources[0].root);
  vg_json *split = vg_dataset_split_json(ds, is_test);
  char *path = vg_fs_join(out, "split.json");
  vg_status st = split && path ? check_former(path, split, &done) : VG_MEMORY;
  if (st || done) goto out;
  if ((st = vg_fs_require_writable_dir(out))) goto out;
  if (!manifest)
    st = link_tree(ds, is_test, out);
  else
    for (int side = 0; side < 2 && !st; side++) st = link_manifest(ds, is_test, out, side);
  if (!st) st = vg_json_write(path, split); /* written last: it marks the split as complete */
out:
  vg_free(path);
  vg_json_free(split);
  return st;
}
