/* manifest.c: writes manifest.csv from the records of all cases, and checks a data set against it. */
#include "voxgan/output.h"
#include "base/task/progress.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/file/path_part.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/pool.h"
#include "io/table.h"

#define HASH "_sha256"

/* ---- records to rows ---- */

/* The files and classes that any case has. */
typedef struct columns {
  int n_files;
  char files[VG_RECORD_FILES][VG_RECORD_ROLE]; /* series and probabilities, then tumour and anatomy */
  vg_classes classes;
  bool drawn, origins; /* a case has it */
} columns;

static const char *const maps[] = {"tumour", "anatomy"};

static vg_status add_columns(columns *c, const vg_record *r) {
  for (int i = 0; i < r->n_files; i++) {
    const char *role = r->files[i].role;
    bool known = !strcmp(role, maps[0]) || !strcmp(role, maps[1]);
    for (int k = 0; k < c->n_files && !known; k++) known = !strcmp(c->files[k], role);
    if (known) continue;
    if (c->n_files == VG_RECORD_FILES - 2)
      return vg_fail(VG_DATA, "case %s: %s is one file more than %d", r->id, role, c->n_files);
    snprintf(c->files[c->n_files++], VG_RECORD_ROLE, "%s", role);
  }
  c->drawn |= r->drawn.len > 0;
  c->origins |= r->origins.len > 0;
  for (int i = 0; i < r->classes.n; i++) {
    vg_status st = vg_classes_add_name(&c->classes, r->classes.names[i], VG_ROLE_TUMOUR);
    if (st) return vg_fail_in(st, "case %s", r->id);
  }
  return VG_OK;
}

/* A row: its cells, and the buffers of those that are printed. */
typedef struct line {
  int n;
  const char *cells[2 * VG_RECORD_FILES + VG_CLASSES_MAX + 24];
  char text[VG_RECORD_FILES + VG_CLASSES_MAX + 8][VG_RECORD_ROLE + 8];
  int printed;
} line;

static void put(line *l, const char *cell) {
  l->cells[l->n++] = cell;
}

static char *buffer(line *l) {
  char *text = l->text[l->printed++];
  put(l, text);
  return text;
}

static void put_number(line *l, int decimals, double v) {
  snprintf(buffer(l), sizeof l->text[0], "%.*f", decimals, v + 0.0); /* + 0.0 turns -0 into 0 */
}

static void header(const columns *c, line *l) {
  static const char *const before[] = {"total_ml",   "centre_x_mm", "centre_y_mm", "centre_z_mm",
                                       "hemisphere", "source",      "donors",      "edits",
                                       "redraws",    "model" HASH,  "seed",        "voxgan"};
  l->n = l->printed = 0;
  put(l, "id");
  put(l, "cohort");
  for (int i = 0; i < c->n_files; i++) put(l, c->files[i]);
  for (int i = 0; i < c->classes.n; i++) snprintf(buffer(l), sizeof l->text[0], "%s_ml", c->classes.names[i]);
  for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) put(l, before[i]);
  if (c->drawn) put(l, "drawn");
  if (c->origins) put(l, "origins");
  for (int i = 0; i < c->n_files; i++) snprintf(buffer(l), sizeof l->text[0], "%s" HASH, c->files[i]);
}

static const vg_record_file *file_of(const vg_record *r, const char *role) {
  for (int i = 0; i < r->n_files; i++)
    if (!strcmp(r->files[i].role, role)) return &r->files[i];
  return NULL;
}

static void row(const columns *c, const vg_record *r, line *l) {
  l->n = l->printed = 0;
  put(l, r->id);
  put(l, r->cohort);
  for (int i = 0; i < c->n_files; i++) {
    const vg_record_file *f = file_of(r, c->files[i]);
    put(l, f ? f->path : "");
  }
  for (int i = 0; i < c->classes.n; i++) {
    int at = vg_classes_find(&r->classes, c->classes.names[i]);
    put_number(l, 3, at < 0 ? 0 : r->ml[at]);
  }
  put_number(l, 3, r->total_ml);
  for (int a = 0; a < 3; a++) {
    if (r->total_ml > 0)
      put_number(l, 2, r->centre[a]);
    else
      put(l, "");
  }
  put(l, r->hemisphere);
  put(l, r->source);
  put(l, vg_str_text(&r->donors));
  put(l, vg_str_text(&r->edits));
  put_number(l, 0, r->redraws);
  put(l, r->model_sha256);
  snprintf(buffer(l), sizeof l->text[0], "%llu", (unsigned long long)r->seed);
  put(l, r->voxgan);
  if (c->drawn) put(l, vg_str_text(&r->drawn));
  if (c->origins) put(l, vg_str_text(&r->origins));
  for (int i = 0; i < c->n_files; i++) {
    const vg_record_file *f = file_of(r, c->files[i]);
    put(l, f ? f->sha256 : "");
  }
}

vg_status vg_manifest_write(const char *root) {
  char **ids = NULL, *path = NULL;
  size_t n = 0;
  columns c = {0};
  line *l = NULL;
  vg_table t = {0};
  vg_record r = {0};
  vg_status st = vg_record_list(root, &ids, &n);
  if (!st && !n) st = vg_fail(VG_DATA, "%s: no finished case to make a manifest of", root);
  /* We read the records twice, because those of a large study may not fit into memory. */
  for (size_t k = 0; k < n && !st; k++) {
    st = vg_record_read(root, ids[k], &r);
    if (!st) st = add_columns(&c, &r);
    vg_record_release(&r);
  }
  if (st) goto out;
  for (int m = 0; m < 2; m++) snprintf(c.files[c.n_files++], VG_RECORD_ROLE, "%s", maps[m]);
  l = VG_NEW(line);
  path = vg_fs_join(root, VG_MANIFEST);
  if (!l || !path) st = VG_MEMORY;
  if (!st) {
    header(&c, l);
    st = vg_table_init(&t, (size_t)l->n, l->cells);
  }
  for (size_t k = 0; k < n && !st; k++) {
    st = vg_record_read(root, ids[k], &r);
    if (st) break;
    row(&c, &r, l);
    st = vg_table_add_row(&t, l->cells);
    vg_record_release(&r);
  }
  if (!st) st = vg_table_write(path, &t);
out:
  vg_table_release(&t);
  vg_free(path);
  vg_free(l);
  vg_strv_free(ids);
  return st;
}

/* ---- checking a data set ---- */

typedef enum file_state { AS_WRITTEN, MISSING, ALTERED } file_state;

typedef struct listed {
  const char *id, *path, *sha256; /* cells of the table */
  file_state is;
} listed;

typedef struct checking {
  const char *root;
  listed *files;
  size_t n;
} checking;

static vg_status check_file(void *arg, size_t i) {
  checking *c = arg;
  listed *f = &c->files[i];
  char hex[VG_HASH_LEN];
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  char *path = vg_fs_join(c->root, f->path);
  if (!path) return VG_MEMORY;
  bool exists;
  vg_status st = vg_fs_exists(path, &exists);
  if (!st && !exists)
    f->is = MISSING;
  else if (!st && (st = vg_hash_file(path, hex)) == VG_OK && strcmp(hex, f->sha256))
    f->is = ALTERED;
  vg_free(path);
  return st;
}

/* Collects the files: a column X lists files if there is a column X_sha256. */
static vg_status collect(const char *manifest, const vg_table *t, checking *c) {
  int id = vg_table_col(t, "id");
  size_t columns_found = 0;
  if (id < 0) return vg_fail(VG_DATA, "%s: no column 'id'", manifest);
  c->files = VG_NEW_N(listed, t->rows * t->cols);
  if (!c->files) return VG_MEMORY;
  for (size_t col = 0; col < t->cols; col++) {
    char hash_name[128];
    snprintf(hash_name, sizeof hash_name, "%.100s" HASH, vg_table_cell(t, 0, col));
    int hash = vg_table_col(t, hash_name);
    if (hash < 0) continue;
    columns_found++;
    for (size_t r = 1; r < t->rows; r++) {
      listed f = {vg_table_cell(t, r, (size_t)id), vg_table_cell(t, r, col),
                  vg_table_cell(t, r, (size_t)hash), AS_WRITTEN};
      if (!*f.path && !*f.sha256) continue;
      if (strlen(f.sha256) != VG_HASH_LEN - 1 || !vg_path_below(f.path))
        return vg_fail(VG_DATA, "%s: case %s: '%s' with hash '%s' is no file of a data set", manifest, f.id,
                       f.path, f.sha256);
      c->files[c->n++] = f;
    }
  }
  return columns_found ? VG_OK
                       : vg_fail(VG_DATA, "%s: no hashes in it: not a manifest of this program", manifest);
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const listed *)a)->path, ((const listed *)b)->path);
}

typedef struct lines {
  char **texts;
  size_t n, cap;
} lines;

/* Takes text. */
static vg_status add_line(lines *l, char *text) {
  if (!text) return VG_MEMORY;
  if (l->n + 2 > l->cap) {
    size_t cap = l->cap ? 2 * l->cap : 16;
    char **more = vg_realloc(l->texts, cap, sizeof *more);
    if (!more) {
      vg_free(text);
      return VG_MEMORY;
    }
    l->texts = more;
    l->cap = cap;
  }
  l->texts[l->n++] = text;
  l->texts[l->n] = NULL;
  return VG_OK;
}

/* Merges the listed files with those found, both sorted, and adds a line for each difference. */
static vg_status compare(const checking *c, char *const *found, size_t n, vg_manifest_report *report,
                         lines *out) {
  vg_status st = VG_OK;
  size_t k = 0;
  for (size_t i = 0; (i < c->n || k < n) && !st;) {
    int order = i == c->n ? 1 : k == n ? -1 : strcmp(c->files[i].path, found[k]);
    if (order > 0) {
      if (vg_volume_is_path(found[k])) {
        st = add_line(out, vg_format("not listed: %s", found[k]));
        report->not_listed++;
      }
      k++;
      continue;
    }
    const listed *f = &c->files[i];
    if (f->is == MISSING) st = add_line(out, vg_format("missing: %s (case %s)", f->path, f->id));
    if (f->is == ALTERED) st = add_line(out, vg_format("altered: %s (case %s)", f->path, f->id));
    report->missing += f->is == MISSING;
    report->altered += f->is == ALTERED;
    i++;
    /* A file may be listed twice, but is found once. */
    if (order == 0 && (i == c->n || strcmp(c->files[i].path, found[k]))) k++;
  }
  return st;
}

vg_status vg_manifest_verify(const char *root, vg_manifest_report *report) {
  *report = (vg_manifest_report){0};
  vg_table t = {0};
  checking c = {.root = root};
  lines out = {0};
  char **found = NULL, *manifest = vg_fs_join(root, VG_MANIFEST);
  size_t n = 0;
  vg_status st = manifest ? vg_table_read(manifest, &t) : VG_MEMORY;
  if (st == VG_IO) st = VG_DATA;
  if (!st) st = collect(manifest, &t, &c);
  if (!st) st = vg_task_parallel("comparing with the manifest", "files", c.n, check_file, &c);
  if (!st) st = vg_fs_walk(root, &found, &n);
  if (st) goto out;
  report->cases = t.rows - 1;
  report->files = c.n;
  qsort(c.files, c.n, sizeof *c.files, by_path);
  st = compare(&c, found, n, report, &out);
  report->lines = out.texts;
  if (!st && out.n)
    st = vg_fail(VG_DATA, "%s: does not agree with its manifest: %zu missing, %zu altered, %zu not listed",
                 root, report->missing, report->altered, report->not_listed);
out:
  vg_strv_free(found);
  vg_free(c.files);
  vg_table_release(&t);
  vg_free(manifest);
  return st;
}

void vg_manifest_report_release(vg_manifest_report *report) {
  vg_strv_free(report->lines);
  *report = (vg_manifest_report){0};
}
