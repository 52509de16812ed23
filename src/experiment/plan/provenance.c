/* provenance.c: reads what synthetic cases were made from, and whether that can be compared with subjects. */
#include "experiment/plan/provenance.h"
#include "experiment/plan/experiment_leak.h"

#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"
#include "voxgan/log.h"

static char *folder_of(const char *root) {
  bool is_dir;
  if (vg_fs_is_dir(root, &is_dir)) return NULL;
  return is_dir ? vg_strdup(root) : vg_fs_dirname(root);
}

static vg_status read_description(const char *dir, bool *anonymous, char marker[VG_HASH_LEN]) {
  vg_json *description = NULL;
  bool exists = false;
  char *path = vg_fs_join(dir, "dataset_description.json");
  vg_status st = path ? vg_fs_holds(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, &description);
  const vg_json *own = vg_json_get(description, "voxgan");
  *anonymous = vg_json_bool(vg_json_get(own, "anonymous"), false);
  snprintf(marker, VG_HASH_LEN, "%s", vg_json_string(vg_json_get(own, "key_hmac"), ""));
  *anonymous |= *marker != '\0';
  vg_json_free(description);
  vg_free(path);
  return st;
}

vg_status vg_provenance_is_anonymous(const char *root, bool *anonymous) {
  char marker[VG_HASH_LEN], *dir = folder_of(root);
  *anonymous = false;
  vg_status st = dir ? read_description(dir, anonymous, marker) : VG_MEMORY;
  vg_free(dir);
  return st;
}

vg_status vg_provenance_open(const char *root, const char *purpose, provenance *p) {
  bool listed = false;
  *p = (provenance){.purpose = purpose, .dir = folder_of(root)};
  char *manifest = p->dir ? vg_fs_join(p->dir, VG_MANIFEST) : NULL;
  vg_status st = manifest ? vg_fs_holds(manifest, &listed) : VG_MEMORY;
  if (!st && !listed)
    st = vg_fail(VG_DATA,
                 "%s: has no manifest.csv with the sources of the synthetic cases, which is needed %s; "
                 "--unchecked accepts them as they are",
                 p->dir, purpose);
  if (!st) st = vg_table_read_sheet(manifest, &p->manifest);
  if (!st) {
    p->id = vg_table_col(&p->manifest, "id");
    p->source = vg_table_col(&p->manifest, "source");
    p->donors = vg_table_col(&p->manifest, "donors");
    p->origins = vg_table_col(&p->manifest, "origins");
    p->model = vg_table_col(&p->manifest, "model_sha256");
    if (p->id < 0 || p->source < 0 || p->donors < 0)
      st = vg_fail(VG_DATA, "%s: lacks one of the columns id, source, donors; --unchecked skips the check",
                   manifest);
  }
  if (!st) st = read_description(p->dir, &p->anonymous, p->marker);
  vg_free(manifest);
  return st;
}

void vg_provenance_release(provenance *p) {
  vg_secret_release(&p->secret);
  vg_table_release(&p->manifest);
  vg_free(p->dir);
  *p = (provenance){0};
}

provenance_row vg_provenance_row(const provenance *p, size_t row) {
  const vg_table *t = &p->manifest;
  const char *origins = p->origins < 0 ? "" : vg_table_cell(t, row, (size_t)p->origins);
  const char *id = vg_table_cell(t, row, (size_t)p->id);
  if (*origins) return (provenance_row){id, "", origins};
  return (provenance_row){id, vg_table_cell(t, row, (size_t)p->source),
                          vg_table_cell(t, row, (size_t)p->donors)};
}

/* ---- the key ---- */

/* Whether the text is as long as a hashed id and has only its digits. */
static bool looks_hashed(const char *text, size_t n) {
  return n == 16 && strspn(text, "0123456789abcdef") >= n;
}

static vg_status count_id(leak_index *x, const char *at, size_t n, provenance_tally *out) {
  char *id = vg_format("%.*s", (int)n, at);
  if (!id) return VG_MEMORY;
  const bool known = vg_leak_find(x, id, "") != NULL;
  out->known += known;
  out->unknown += !known;
  out->hashed += !known && looks_hashed(at, n);
  vg_free(id);
  return VG_OK;
}

static vg_status count_with(leak_index *x, const provenance *p, provenance_tally *out) {
  *out = (provenance_tally){0};
  for (size_t row = 1; row < p->manifest.rows; row++) {
    const size_t before = out->unknown;
    const provenance_row r = vg_provenance_row(p, row);
    size_t ids = *r.source != '\0';
    vg_status st = ids ? count_id(x, r.source, strlen(r.source), out) : VG_OK;
    for (const char *at = r.donors; *at && !st;) {
      const size_t n = strcspn(at, ";");
      if (n) st = count_id(x, at, n, out);
      ids += n > 0;
      at += n + (at[n] == ';');
    }
    if (st) return st;
    if (!ids)
      return vg_fail(VG_DATA,
                     "%s: manifest.csv does not say what case %s was made from, which is needed %s; "
                     "--unchecked skips the check",
                     p->dir, r.id, p->purpose);
    out->of_strangers += out->unknown > before;
  }
  return VG_OK;
}

static vg_status count_sources(const provenance *p, const vg_dataset *all, provenance_tally *out) {
  leak_index x;
  vg_status st = vg_leak_index_init(all, all, p->secret_is_set ? &p->secret : NULL, &x);
  if (st) return st;
  st = count_with(&x, p, out);
  vg_leak_index_release(&x);
  return st;
}

/* Hashed sources can be compared only with the key that hashed them. */
vg_status vg_provenance_check(provenance *p, const char *key, const vg_dataset *all, provenance_tally *out) {
  char marker[VG_HASH_LEN];
  vg_status st = VG_OK;
  if (key) {
    st = vg_secret_read(key, &p->secret);
    p->secret_is_set = !st;
    if (!st) vg_secret_marker(&p->secret, marker);
    if (!st && *p->marker && strcmp(marker, p->marker) != 0)
      st = vg_fail(VG_CONFIG,
                   "key file: %s: is not the key of %s, which is needed %s; --unchecked skips the check", key,
                   p->dir, p->purpose);
  }
  if (!st) st = count_sources(p, all, out);
  if (!st && !key && (p->anonymous || out->hashed))
    st = vg_fail(VG_DATA,
                 "%s: its sources are hashed; give the key file (--key), %s, or skip the check with "
                 "--unchecked",
                 p->dir, p->purpose);
  /* A data set of an earlier version does not tell its key. */
  if (!st && key && !*p->marker && out->hashed && !out->known)
    st = vg_fail(
        VG_DATA,
        "%s: no hashed source is a subject of the real data under the key %s, which may be the key of "
        "another data set; --unchecked skips the check",
        p->dir, key);
  return st;
}
