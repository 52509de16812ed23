/* record.c: the record of a finished case, ROOT/.voxgan/cases/ID.json. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/json.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/file/path_part.h"
#include "voxgan/output.h"
#include "base/mem.h"
#include "base/pool.h"

#define FOLDER ".voxgan/cases"

void vg_record_release(vg_record *r) {
  vg_str_release(&r->donors);
  vg_str_release(&r->edits);
  vg_str_release(&r->origins);
  vg_str_release(&r->drawn);
  *r = (vg_record){0};
}

/* Rounds to a number of decimals that is the same on every machine. */
static double rounded(double v, double steps) {
  return round(v * steps) / steps;
}

void vg_record_measure(vg_record *r, const vg_classes *classes, const vg_tumour_facts *facts) {
  r->classes.n = 0;
  for (int i = 0; i < classes->n; i++) {
    if (classes->roles[i] != VG_ROLE_TUMOUR) continue;
    int k = r->classes.n++;
    memcpy(r->classes.names[k], classes->names[i], VG_CLASS_NAME);
    r->classes.roles[k] = VG_ROLE_TUMOUR;
    r->ml[k] = rounded(facts->ml[i], 1000);
  }
  r->total_ml = rounded(facts->total_ml, 1000);
  for (int a = 0; a < 3; a++) r->centre[a] = facts->total_ml > 0 ? rounded(facts->centre[a], 100) : 0;
  r->hemisphere = !(facts->total_ml > 0)     ? ""
                  : facts->left_share >= 0.9 ? "left"
                  : facts->left_share <= 0.1 ? "right"
                                             : "both";
}

vg_status vg_record_add_file(vg_record *r, const char *role, const char *path) {
  if (r->n_files == VG_RECORD_FILES)
    return vg_fail(VG_DATA, "case %s: more than %d files", r->id, VG_RECORD_FILES);
  vg_record_file *f = &r->files[r->n_files];
  if (strlen(role) >= sizeof f->role || strlen(path) >= sizeof f->path)
    return vg_fail(VG_DATA, "case %s: %s: the path is too long", r->id, path);
  strcpy(f->role, role);
  strcpy(f->path, path);
  f->sha256[0] = '\0';
  r->n_files++;
  return VG_OK;
}

/* ---- lineage ---- */

vg_status vg_record_lineage(vg_record *r, const char *source, const vg_edit_log *edits,
                            const vg_secret *secret) {
  vg_edit_hide *hide = secret ? vg_secret_hide : NULL;
  void *key = (void *)(uintptr_t)secret;
  vg_edit_log_donors(edits, hide, key, &r->donors);
  vg_edit_log_text(edits, hide, key, &r->edits);
  memset(r->source, 0, sizeof r->source);
  if (secret && *source)
    vg_secret_id(secret, source, r->source);
  else
    snprintf(r->source, sizeof r->source, "%s", source);
  return vg_str_failed(&r->donors) || vg_str_failed(&r->edits) ? VG_MEMORY : VG_OK;
}

/* ---- files ---- */

static char *record_path(const char *root, const char *id) {
  return vg_format("%s/" FOLDER "/%s.json", root, id);
}

typedef struct hashing {
  vg_record *r;
  const char *root;
} hashing;

static vg_status hash_one(void *arg, size_t i) {
  const hashing *h = arg;
  vg_record_file *f = &h->r->files[i];
  char *path = vg_fs_join(h->root, f->path);
  vg_status st = path ? vg_hash_file(path, f->sha256) : VG_MEMORY;
  vg_free(path);
  return st;
}

static vg_json *record_json(const vg_record *r) {
  char seed[32];
  vg_json *j = vg_json_object();
  vg_json_put_string(j, "id", r->id);
  vg_json_put_string(j, "cohort", r->cohort);
  vg_json_put_string(j, "source", r->source);
  vg_json_put_string(j, "donors", vg_str_text(&r->donors));
  vg_json_put_string(j, "edits", vg_str_text(&r->edits));
  vg_json *ml = vg_json_put_take(j, "ml", vg_json_object());
  for (int i = 0; i < r->classes.n; i++) vg_json_put_number(ml, r->classes.names[i], r->ml[i]);
  vg_json_put_number(j, "total_ml", r->total_ml);
  vg_json *centre = vg_json_put_take(j, "centre_mm", vg_json_array());
  for (int a = 0; a < 3; a++) vg_json_put_number(centre, NULL, r->centre[a]);
  vg_json_put_string(j, "hemisphere", r->hemisphere ? r->hemisphere : "");
  vg_json_put_number(j, "redraws", r->redraws);
  vg_json_put_string(j, "model_sha256", r->model_sha256);
  /* A number in JSON has 53 bits only, so the seed is a text. */
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)r->seed);
  vg_json_put_string(j, "seed", seed);
  if (r->origins.len) vg_json_put_string(j, "origins", vg_str_text(&r->origins));
  if (r->drawn.len) vg_json_put_string(j, "drawn", vg_str_text(&r->drawn));
  vg_json_put_string(j, "voxgan", r->voxgan);
  vg_json_put_string(j, "study", r->study);
  vg_json *files = vg_json_put_take(j, "files", vg_json_object());
  for (int i = 0; i < r->n_files; i++) {
    vg_json *f = vg_json_put_take(files, r->files[i].role, vg_json_object());
    vg_json_put_string(f, "path", r->files[i].path);
    vg_json_put_string(f, "sha256", r->files[i].sha256);
  }
  return j;
}

vg_status vg_record_write(vg_record *r, const char *root) {
  hashing h = {r, root};
  vg_json *j = NULL;
  char *path = record_path(root, r->id), *dir = path ? vg_fs_dirname(path) : NULL;
  vg_status st = dir ? vg_parallel((size_t)r->n_files, hash_one, &h) : VG_MEMORY;
  if (!st) st = vg_fs_make_dirs(dir);
  if (!st) {
    j = record_json(r);
    st = vg_json_write(path, j);
  }
  vg_json_free(j);
  vg_free(dir);
  vg_free(path);
  return st;
}

vg_status vg_record_exists(const char *root, const char *id, bool *exists) {
  char *path = record_path(root, id);
  *exists = false;
  vg_status st = path ? vg_fs_exists(path, exists) : VG_MEMORY;
  vg_free(path);
  return st;
}

vg_status vg_record_remove(const char *root, const char *id) {
  char *path = record_path(root, id);
  vg_status st = path ? vg_fs_remove(path) : VG_MEMORY;
  vg_free(path);
  return st;
}

/* False: the text is missing or does not fit. */
static bool take_text(const vg_json *object, const char *key, char *buf, size_t size) {
  const char *text = vg_json_string(vg_json_get(object, key), NULL);
  if (!text || strlen(text) >= size) return false;
  strcpy(buf, text);
  return true;
}

static bool take_hemisphere(const vg_json *j, const char **out) {
  static const char *const known[] = {"", "left", "right", "both"};
  const char *text = vg_json_string(vg_json_get(j, "hemisphere"), NULL);
  for (int i = 0; text && i < 4; i++)
    if (!strcmp(text, known[i])) *out = known[i];
  return *out != NULL;
}

static bool from_json(const vg_json *j, vg_record *r) {
  char seed[32];
  bool good =
      take_text(j, "id", r->id, sizeof r->id) && take_text(j, "cohort", r->cohort, sizeof r->cohort) &&
      take_text(j, "source", r->source, sizeof r->source) &&
      take_text(j, "model_sha256", r->model_sha256, sizeof r->model_sha256) &&
      take_text(j, "voxgan", r->voxgan, sizeof r->voxgan) && take_text(j, "seed", seed, sizeof seed) &&
      sscanf(seed, "%" SCNu64, &r->seed) == 1 && take_hemisphere(j, &r->hemisphere);
  /* Records of version 0.1 have none. */
  (void)take_text(j, "study", r->study, sizeof r->study);
  const char *donors = vg_json_string(vg_json_get(j, "donors"), NULL);
  const char *edits = vg_json_string(vg_json_get(j, "edits"), NULL);
  if (!good || !donors || !edits) return false;
  vg_str_add(&r->donors, donors);
  vg_str_add(&r->edits, edits);
  vg_str_add(&r->origins, vg_json_string(vg_json_get(j, "origins"), ""));
  vg_str_add(&r->drawn, vg_json_string(vg_json_get(j, "drawn"), ""));
  for (const vg_json *c = vg_json_first(vg_json_get(j, "ml")); c; c = vg_json_next(c)) {
    int k = r->classes.n;
    if (vg_classes_add_name(&r->classes, vg_json_key(c), VG_ROLE_TUMOUR) || r->classes.n == k) return false;
    r->ml[k] = vg_json_number(c, 0);
  }
  r->total_ml = vg_json_number(vg_json_get(j, "total_ml"), 0);
  int axis = 0;
  for (const vg_json *c = vg_json_first(vg_json_get(j, "centre_mm")); c && axis < 3; c = vg_json_next(c))
    r->centre[axis++] = vg_json_number(c, 0);
  if (vg_json_int(j, "redraws", 0, INT_MAX, &r->redraws)) return false;
  for (const vg_json *c = vg_json_first(vg_json_get(j, "files")); c; c = vg_json_next(c)) {
    vg_record_file *f = &r->files[r->n_files];
    if (vg_record_add_file(r, vg_json_key(c), vg_json_string(vg_json_get(c, "path"), ""))) return false;
    if (!vg_path_below(f->path) || !take_text(c, "sha256", f->sha256, sizeof f->sha256)) return false;
  }
  return true;
}

vg_status vg_record_read(const char *root, const char *id, vg_record *out) {
  *out = (vg_record){0};
  vg_json *j = NULL;
  char *path = record_path(root, id);
  vg_status st = path ? vg_json_read(path, &j) : VG_MEMORY;
  if (st == VG_IO) st = VG_DATA;
  if (!st && (!from_json(j, out) || strcmp(out->id, id)))
    st = vg_fail(VG_DATA, "%s: not the record of a case that this program wrote", path);
  if (!st && (vg_str_failed(&out->donors) || vg_str_failed(&out->edits) || vg_str_failed(&out->origins) ||
              vg_str_failed(&out->drawn)))
    st = VG_MEMORY;
  if (st) vg_record_release(out);
  vg_json_free(j);
  vg_free(path);
  return st;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

vg_status vg_record_list(const char *root, char ***ids, size_t *n) {
  static const char ending[] = ".json";
  char *dir = vg_fs_join(root, FOLDER), **files = NULL;
  size_t n_files = 0, kept = 0;
  vg_status st = VG_OK;
  if (!dir) return VG_MEMORY;
  st = vg_fs_walk_optional(dir, &files, &n_files);
  vg_free(dir);
  if (st) return st;
  /* A killed process may have left "x.json.tmp.12.0", which is no record. */
  for (size_t i = 0; i < n_files; i++) {
    if (!vg_ends_with(files[i], ending)) {
      vg_free(files[i]);
      continue;
    }
    files[i][strlen(files[i]) - strlen(ending)] = '\0';
    files[kept++] = files[i];
  }
  files[kept] = NULL;
  qsort(files, kept, sizeof *files, by_text);
  *ids = files;
  *n = kept;
  return VG_OK;
}
