/* privacy_identifiers.c: do the files of the synthetic data set identify training subjects? */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "eval/privacy/identifiers.h"
#include "eval/privacy/privacy.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"

#define CHECK "identifiers"
enum { NAMED = 3 };

/* Lists ids and persons of all real subjects; borrowed. */
static vg_status real_ids(const privacy_study *p, const char ***out, size_t *n) {
  const vg_dataset *const sets[] = {&p->study->real, &p->train, &p->held_out};
  size_t most = 0;
  for (int s = 0; s < 3; s++) most += 2 * sets[s]->n;
  const char **ids = VG_NEW_N(const char *, most + 1);
  *out = ids;
  *n = 0;
  if (!ids) return VG_MEMORY;
  for (int s = 0; s < 3; s++) {
    for (size_t i = 0; i < sets[s]->n; i++) {
      const vg_subject *who = &sets[s]->subjects[i];
      const bool again = s == 2 && !p->settings->train;
      if (again) continue;
      ids[(*n)++] = who->id;
      if (strcmp(who->person, who->id) != 0) ids[(*n)++] = who->person;
    }
  }
  return VG_OK;
}

static vg_status append(char ***files, size_t *n, const char *prefix, char *const *more, size_t n_more) {
  char **grown = vg_realloc(*files, *n + n_more + 1, sizeof *grown);
  if (!grown) return VG_MEMORY;
  *files = grown;
  for (size_t i = 0; i < n_more; i++) {
    if (!(grown[*n] = vg_format("%s%s", prefix, more[i]))) return VG_MEMORY;
    grown[++*n] = NULL;
  }
  return VG_OK;
}

/* Lists all files of the synthetic data set, including voxgan's hidden records (vg_strv_free). For a
 * manifest: the manifest and the files that it names. */
static vg_status list_files(const privacy_study *p, char ***files, size_t *n) {
  const char *root = p->settings->synth;
  const vg_dataset *ds = &p->study->synth;
  bool is_dir;
  *n = 0;
  *files = NULL;
  vg_status st = vg_fs_is_dir(root, &is_dir);
  if (st) return st;
  if (!(*files = VG_NEW_N(char *, 1))) return VG_MEMORY;
  if (!is_dir) {
    st = append(files, n, "", &(char *){(char *)(uintptr_t)root}, 1);
    for (size_t i = 0; i < ds->n && !st; i++) {
      const vg_subject *s = &ds->subjects[i];
      for (int k = 0; k < ds->series.n && !st; k++)
        if (s->series[k]) st = append(files, n, "", &s->series[k], 1);
      if (!st && s->tumour) st = append(files, n, "", &s->tumour, 1);
      if (!st && s->anatomy) st = append(files, n, "", &s->anatomy, 1);
    }
    return st;
  }
  static const char *const folders[] = {"", ".voxgan/"};
  for (int k = 0; k < 2 && !st; k++) {
    char **found = NULL, *dir = *folders[k] ? vg_fs_join(root, folders[k]) : vg_strdup(root);
    size_t n_found = 0;
    if (!dir) return VG_MEMORY;
    st = vg_fs_walk_optional(dir, &found, &n_found);
    if (!st) st = append(files, n, folders[k], found, n_found);
    vg_strv_free(found);
    vg_free(dir);
  }
  return st;
}

static vg_status write_table(const privacy_study *p, const identifier_report *r) {
  static const char *const header[] = {"file", "field", "kind", "count"};
  vg_table t = {0};
  vg_status st = vg_table_init(&t, 4, header);
  for (size_t i = 0; i < r->n && !st; i++) {
    const identifier_finding *f = &r->list[i];
    char count[24];
    snprintf(count, sizeof count, "%zu", f->count);
    st = vg_table_add_row(&t, (const char *const[]){f->file, f->field, f->kind, count});
  }
  if (!st) st = vg_privacy_write(p, "identifiers.csv", &t);
  vg_table_release(&t);
  return st;
}

static vg_status judge(const privacy_study *p, const identifier_report *r) {
  vg_str text = VG_STR_INIT;
  size_t files = 0;
  bool ids = false;
  for (size_t i = 0; i < r->n; i++) {
    files += !i || strcmp(r->list[i].file, r->list[i - 1].file) != 0;
    ids |= !strcmp(r->list[i].kind, IDENTIFIER_REAL_ID);
  }
  eval_set row = {.metric = vg_set_metric_find("identifiers"),
                  .value = (double)r->n,
                  .ci_low = NAN,
                  .ci_high = NAN,
                  .floor = NAN,
                  .n_real = p->study->real.n + p->train.n,
                  .n_synth = p->study->synth.n};
  snprintf(row.space, sizeof row.space, "files");
  snprintf(row.note, sizeof row.note, "in %zu of %zu %s", files, r->files,
           vg_plural(r->files, "file", "files"));
  vg_status st = vg_eval_add_set(p->study->evaluation, &row);
  if (st) return st;
  if (r->n) {
    vg_str_addf(&text, "%zu %s in %zu of %zu %s may say who somebody is: ", r->n,
                vg_plural(r->n, "place", "places"), files, r->files, vg_plural(r->files, "file", "files"));
    for (size_t i = 0; i < r->n && i < NAMED; i++)
      vg_str_addf(&text, "%s%s: %s (%s)", i ? ", " : "", r->list[i].file, r->list[i].field, r->list[i].kind);
    if (r->n > NAMED) vg_str_addf(&text, " and %zu more in identifiers.csv", r->n - NAMED);
    if (ids) vg_str_add(&text, "; synth --anonymous puts keyed hashes in place of real subjects' ids");
  } else {
    vg_str_addf(&text,
                "found nothing in the names, headers and sidecars of %zu %s that says who somebody is; "
                "voxels were not read, nor what %zu of them %s beside %s",
                r->files, vg_plural(r->files, "file", "files"), r->unread,
                vg_plural(r->unread, "holds", "hold"), vg_plural(r->unread, "its name", "their names"));
  }
  return vg_privacy_verdict_take(p, CHECK, r->n ? PRIVACY_FOUND : PRIVACY_NONE, vg_str_take(&text));
}

vg_status vg_privacy_identifiers(const privacy_study *p) {
  identifier_report report = {0};
  const char **ids = NULL;
  char **files = NULL;
  size_t n_ids = 0, n = 0;
  bool is_dir = false;
  vg_status st = vg_fs_is_dir(p->settings->synth, &is_dir);
  const char *root = is_dir ? p->settings->synth : "";
  if (!st) st = real_ids(p, &ids, &n_ids);
  if (!st) st = list_files(p, &files, &n);
  if (!st) st = vg_privacy_identifiers_scan(root, files, n, ids, n_ids, &report);
  if (!st) st = write_table(p, &report);
  if (!st) st = judge(p, &report);
  vg_privacy_identifiers_release(&report);
  vg_strv_free(files);
  vg_free(ids);
  return st;
}
