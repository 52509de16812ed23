/* origins.c: what the cases of a synthetic data set were made from. A data set that is made from a synthetic
 * one passes it on, so that a check for test subjects still finds them. */
#include <string.h>

#include "base/fs.h"
#include "base/index/text_index.h"
#include "base/mem.h"
#include "base/str.h"
#include "dataset/layout.h"
#include "io/json.h"
#include "io/table.h"
#include "voxgan/log.h"

typedef struct lineage {
  vg_table table;
  int id, source, donors, origins; /* columns; origins -1: none */
  bool ours, hashed;               /* by the description: this program wrote the data set, without ids */
} lineage;

/* Whether the table says what cases were made from, as manifest.csv of a study does. */
static bool find_columns(lineage *l) {
  l->id = vg_table_col(&l->table, "id");
  l->source = vg_table_col(&l->table, "source");
  l->donors = vg_table_col(&l->table, "donors");
  l->origins = vg_table_col(&l->table, "origins");
  return l->id >= 0 && l->source >= 0 && l->donors >= 0;
}

static vg_status read_description(const char *folder, lineage *l) {
  vg_json *description = NULL;
  bool exists = false;
  char *path = vg_fs_join(folder, "dataset_description.json");
  vg_status st = path ? vg_fs_holds(path, &exists) : VG_MEMORY;
  if (!st && exists && (st = vg_json_read(path, &description)) == VG_DATA) {
    vg_error_clear();
    st = VG_OK;
  }
  const vg_json *own = vg_json_get(description, "voxgan");
  l->ours = own != NULL;
  l->hashed = vg_json_bool(vg_json_get(own, "anonymous"), false);
  vg_json_free(description);
  vg_free(path);
  return st;
}

/* The ids that a row names, joined by ';' (vg_free); "" if there are none. */
static char *origins_of(const lineage *l, size_t row) {
  const char *further = l->origins < 0 ? "" : vg_table_cell(&l->table, row, (size_t)l->origins);
  const char *source = vg_table_cell(&l->table, row, (size_t)l->source),
             *donors = vg_table_cell(&l->table, row, (size_t)l->donors);
  return *further ? vg_strdup(further) : vg_format("%s%s%s", source, *source && *donors ? ";" : "", donors);
}

/* Adds what the row says to what the subject has. */
static vg_status take_row(const lineage *l, size_t row, vg_subject *s) {
  char *own = origins_of(l, row);
  if (!own) return VG_MEMORY;
  if (*own && strcmp(own, s->id) != 0) {
    char *all = s->origins ? vg_format("%s;%s", s->origins, own) : vg_strdup(own);
    if (!all) {
      vg_free(own);
      return VG_MEMORY;
    }
    vg_free(s->origins);
    s->origins = all;
    s->origins_hashed = l->hashed;
  }
  vg_free(own);
  return VG_OK;
}

/* Layouts write ids in different ways, so letters and digits count. Of rows that are equal in these, all
 * count: too many origins do no harm, one too few would. */
static vg_status give_rows(const lineage *l, vg_dataset *ds, int source) {
  vg_text_index subjects = {0};
  char key[128];
  vg_status st = VG_OK;
  for (size_t i = 0; i < ds->n && !st; i++) {
    if (ds->subjects[i].source != source) continue;
    vg_dataset_id_key(ds->subjects[i].id, key);
    st = vg_text_index_put(&subjects, key, strlen(key), i);
  }
  for (size_t row = 1; row < l->table.rows && !st; row++) {
    vg_dataset_id_key(vg_table_cell(&l->table, row, (size_t)l->id), key);
    const size_t at = vg_text_index_get(&subjects, key, strlen(key));
    if (at != VG_NO_NUMBER) st = take_row(l, row, &ds->subjects[at]);
  }
  vg_text_index_release(&subjects);
  return st;
}

/* Sets *path to the manifest.csv of a folder (vg_free), or to NULL if there is none. */
static vg_status find_manifest(const char *folder, char **path) {
  bool exists = false;
  *path = vg_fs_join(folder, "manifest.csv");
  vg_status st = *path ? vg_fs_holds(*path, &exists) : VG_MEMORY;
  if (!st && exists) return VG_OK;
  vg_free(*path);
  *path = NULL;
  return st;
}

static vg_status read_manifest(vg_dataset *ds, int source, const char *folder, const char *path) {
  lineage l = {0};
  vg_status st = read_description(folder, &l);
  if (!st && (st = vg_table_read_sheet(path, &l.table)) == VG_DATA) {
    if (l.ours)
      vg_warn("%s; so it is unknown what its cases were made from", vg_error());
    else
      vg_debug("%s", vg_error());
    vg_error_clear();
    st = VG_OK;
  } else if (!st && find_columns(&l)) {
    st = give_rows(&l, ds, source);
  }
  vg_table_release(&l.table);
  return st;
}

/* Reads the manifest of a folder, if it has one. */
static vg_status look_in(vg_dataset *ds, int source, const char *folder, bool *found) {
  char *path;
  vg_status st = find_manifest(folder, &path);
  *found = path != NULL;
  if (path) st = read_manifest(ds, source, folder, path);
  vg_free(path);
  return st;
}

/* The manifest of a study lies beside nnU-Net's folder, and above the folders of its subjects. */
enum { FOLDERS_ABOVE = 2 };

vg_status vg_dataset_read_origins(vg_dataset *ds, int source) {
  const vg_source *src = &ds->sources[source];
  if (src->manifest) return read_manifest(ds, source, src->root, src->manifest);
  char *folder = vg_strdup(src->root);
  bool found = false;
  vg_status st = folder ? VG_OK : VG_MEMORY;
  for (int above = 0; !st && !found && above <= FOLDERS_ABOVE; above++) {
    st = look_in(ds, source, folder, &found);
    /* What lies above may be somebody else's, and closed. */
    if (st && above && st != VG_MEMORY && st != VG_INTERRUPTED) {
      vg_debug("%s", vg_error());
      vg_error_clear();
      st = VG_OK;
    }
    char *next = st ? NULL : vg_format("%s/..", folder);
    vg_free(folder);
    if (!(folder = next) && !st) st = VG_MEMORY;
  }
  vg_free(folder);
  return st;
}
