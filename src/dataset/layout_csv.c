/* layout_csv.c: the manifest of a data set that follows no other layout: one row a subject, one column a
 * series. */
#include <stdio.h>
#include <string.h>

#include "dataset/layout.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/file/path_part.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "io/table.h"

/* File names in a manifest are free: this layout derives nothing from a path, and makes no paths. */
static bool classify(const vg_source *source, const char *path, vg_file_role *out) {
  (void)source, (void)path;
  memset(out, 0, sizeof *out);
  return false;
}

static vg_status put_cell(vg_dataset *ds, vg_subject *s, const char *manifest, size_t line,
                          const char *column, const char *cell, const char *dir) {
  if (!vg_volume_is_path(cell))
    return vg_fail(VG_DATA, "%s: row %zu, column %s: '%s' is not a NIfTI path", manifest, line, column, cell);
  char *path = cell[0] == '/' ? vg_strdup(cell) : vg_fs_join(dir, cell);
  if (!path) return VG_MEMORY;
  bool exists;
  vg_status looked = vg_fs_exists(path, &exists);
  if (looked || (!exists && !ds->skip_incomplete)) {
    if (!looked)
      looked = vg_fail(VG_DATA, "%s: row %zu, column %s: %s does not exist", manifest, line, column, path);
    vg_free(path);
    return looked;
  }
  if (strcmp(column, "tumour") == 0 || strcmp(column, "tumor") == 0)
    return vg_subject_put_take(s, &s->tumour, "tumour map", path);
  if (strcmp(column, "anatomy") == 0) return vg_subject_put_take(s, &s->anatomy, "anatomy map", path);
  int at = vg_dataset_series(ds, column);
  if (at < 0) {
    vg_free(path);
    return VG_DATA;
  }
  return vg_subject_put_take(s, &s->series[at], column, path);
}

/* Whether a column holds paths: it has a known name, or a path in some cell. Other columns (volumes, hashes,
 * remarks) are ignored. */
static bool has_paths(const vg_table *t, size_t col) {
  if (vg_ends_with(vg_table_cell(t, 0, col), "_probability")) return false; /* of a class, not a series */
  static const char *const known[] = {"t1", "t1c", "t2", "flair", "tumour", "tumor", "anatomy"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(vg_table_cell(t, 0, col), known[i]) == 0) return true;
  for (size_t row = 1; row < t->rows; row++)
    if (vg_volume_is_path(vg_table_cell(t, row, col))) return true;
  return false;
}

static vg_status add_row(vg_dataset *ds, const vg_table *t, size_t row, const bool *paths,
                         const char *manifest, int source) {
  int id_col = vg_table_col(t, "id"), person_col = vg_table_col(t, "person");
  const char *id = vg_table_cell(t, row, (size_t)id_col);
  const char *person = person_col >= 0 ? vg_table_cell(t, row, (size_t)person_col) : "";
  char where[512];
  snprintf(where, sizeof where, "%.400s: row %zu", manifest, row);
  if (vg_path_part(VG_DATA, where, "id", id) || (*person && vg_path_part(VG_DATA, where, "person", person)))
    return VG_DATA;
  size_t before = ds->n;
  vg_subject *s;
  vg_status st = vg_dataset_subject(ds, id, *person ? person : id, source, &s);
  if (st) return st;
  if (ds->n == before) return vg_fail(VG_DATA, "%s: row %zu: id %s occurs twice", manifest, row, id);
  for (size_t c = 0; c < t->cols && !st; c++) {
    const char *cell = vg_table_cell(t, row, c);
    if ((int)c == id_col || (int)c == person_col || !paths[c] || !*cell) continue;
    st = put_cell(ds, s, manifest, row, vg_table_cell(t, 0, c), cell, ds->sources[source].root);
  }
  return st;
}

static vg_status add_file(vg_dataset *ds, const char *path, int source) {
  vg_table t = {0};
  bool *paths = NULL;
  vg_status st = vg_table_read(path, &t);
  if (st) goto out;
  if (vg_table_col(&t, "id") < 0) st = vg_fail(VG_DATA, "%s: no column 'id' in its header", path);
  if (!st && !(paths = VG_NEW_N(bool, t.cols))) st = VG_MEMORY;
  for (size_t c = 0; c < t.cols && !st; c++)
    if ((paths[c] = has_paths(&t, c))) st = vg_path_part(VG_DATA, path, "column", vg_table_cell(&t, 0, c));
  for (size_t row = 1; row < t.rows && !st; row++) st = add_row(ds, &t, row, paths, path, source);
out:
  vg_free(paths);
  vg_table_release(&t);
  return st;
}

const vg_layout vg_layout_csv = {.tumour_scheme = "brats",
                                 .anatomy_scheme = "tissues",
                                 .classify = classify,
                                 .suffix = ".csv",
                                 .add_file = add_file};
