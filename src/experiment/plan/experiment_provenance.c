/* experiment_provenance.c: reads what synthetic cases were made from, and excludes those of test subjects. */
#include "experiment/plan/experiment_provenance.h"
#include "experiment/plan/experiment_leak.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/index/text_index.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "io/table.h"
#include "voxgan/log.h"

void vg_experiment_exclude(experiment_data *d, const char *id, const char *of, const char *why) {
  vg_json *j = vg_json_put_take(d->left_out, NULL, vg_json_object());
  vg_json_put_string(j, "id", id);
  vg_json_put_string(j, "of", of);
  vg_json_put_string(j, "why", why);
}

vg_status vg_experiment_keep(vg_dataset *ds, const bool *take) {
  vg_dataset kept = {0};
  vg_status st = vg_dataset_select(ds, take, &kept);
  if (st) {
    vg_dataset_release(&kept);
    return st;
  }
  vg_dataset_release(ds);
  *ds = kept;
  return VG_OK;
}

/* Notes a check that was not done, for everything that reports results. */
VG_PRINTF(2, 3)
static void note(experiment_data *d, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  vg_warn("not checked: %s", text);
  vg_json_put_string(d->not_checked, NULL, text);
}

/* ---- anonymous data sets ---- */

typedef struct provenance {
  char *dir; /* of the manifest */
  vg_table manifest;
  int id, source, donors, model; /* columns; model -1: none */
  bool anonymous;                /* by the description */
  char marker[VG_HASH_LEN];      /* of the key; "": the description has none */
  vg_secret secret;
  bool secret_is_set;
} provenance;

static char *folder_of(const char *root) {
  bool is_dir;
  if (vg_fs_is_dir(root, &is_dir)) return NULL;
  return is_dir ? vg_strdup(root) : vg_fs_dirname(root);
}

static vg_status read_description(const char *dir, bool *anonymous, char marker[VG_HASH_LEN]) {
  vg_json *description = NULL;
  bool exists = false;
  char *path = vg_fs_join(dir, "dataset_description.json");
  vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, &description);
  const vg_json *own = vg_json_get(description, "voxgan");
  *anonymous = vg_json_bool(vg_json_get(own, "anonymous"), false);
  snprintf(marker, VG_HASH_LEN, "%s", vg_json_string(vg_json_get(own, "key_hmac"), ""));
  *anonymous |= *marker != '\0';
  vg_json_free(description);
  vg_free(path);
  return st;
}

vg_status vg_experiment_check_real(const vg_experiment_options *o, experiment_data *d) {
  const char *roots[] = {o->real, o->test};
  vg_status st = VG_OK;
  for (int i = 0; i < 2 && !st; i++) {
    bool anonymous = false;
    char marker[VG_HASH_LEN], *dir = roots[i] ? folder_of(roots[i]) : NULL;
    if (!roots[i]) continue;
    st = dir ? read_description(dir, &anonymous, marker) : VG_MEMORY;
    if (!st && anonymous && !o->unchecked)
      st = vg_fail(VG_DATA,
                   "%s: an anonymous data set: whether a test subject is trained on cannot be checked; "
                   "--unchecked skips the check",
                   roots[i]);
    else if (!st && anonymous)
      note(d, "%s is an anonymous data set, so whether a test subject is trained on is unknown", roots[i]);
    vg_free(dir);
  }
  return st;
}

/* ---- the manifest ---- */

static vg_status read_manifest(const vg_experiment_options *o, provenance *p) {
  bool listed = false;
  p->dir = folder_of(o->synth);
  char *manifest = p->dir ? vg_fs_join(p->dir, "manifest.csv") : NULL;
  vg_status st = manifest ? vg_fs_exists(manifest, &listed) : VG_MEMORY;
  if (!st && !listed)
    st = vg_fail(VG_DATA,
                 "%s: has no manifest.csv with the sources of the synthetic cases, so cases made from a test "
                 "subject cannot be excluded; --unchecked accepts them as they are",
                 p->dir);
  if (!st) st = vg_table_read_sheet(manifest, &p->manifest);
  if (!st) {
    p->id = vg_table_col(&p->manifest, "id");
    p->source = vg_table_col(&p->manifest, "source");
    p->donors = vg_table_col(&p->manifest, "donors");
    p->model = vg_table_col(&p->manifest, "model_sha256");
    if (p->id < 0 || p->source < 0 || p->donors < 0)
      st = vg_fail(VG_DATA, "%s: lacks one of the columns id, source, donors; --unchecked skips the check",
                   manifest);
  }
  if (!st) st = read_description(p->dir, &p->anonymous, p->marker);
  vg_free(manifest);
  return st;
}

/* Whether the text is as long as a hashed id and has only its digits. */
static bool looks_hashed(const char *text, size_t n) {
  return n == 16 && strspn(text, "0123456789abcdef") >= n;
}

/* One id of a case: its source (i = 0) or a donor. NULL: no more. */
static const char *source_at(const provenance *p, size_t row, size_t i, size_t *n) {
  const char *at = vg_table_cell(&p->manifest, row, (size_t)(i ? p->donors : p->source));
  for (size_t k = 1; k < i && *at; k++) {
    at += strcspn(at, ";");
    at += *at == ';';
  }
  *n = strcspn(at, i ? ";" : "");
  return i && !*at ? NULL : at;
}

typedef struct tally {
  size_t hashed, unknown, known; /* ids that only look like a hash; of nobody; of somebody */
  size_t of_strangers;           /* cases with an id of nobody */
} tally;

static vg_status count_with(leak_index *x, const provenance *p, tally *out) {
  *out = (tally){0};
  for (size_t row = 1; row < p->manifest.rows; row++) {
    const size_t before = out->unknown;
    const char *at, *first = vg_table_cell(&p->manifest, row, (size_t)p->source);
    size_t n, ids = 0;
    for (size_t i = 0; (at = source_at(p, row, i, &n)); i++) {
      char *id = n ? vg_format("%.*s", (int)n, at) : NULL;
      if (!n) continue;
      if (!id) return VG_MEMORY;
      ids++;
      const bool known = vg_leak_find(x, id, "") != NULL;
      out->known += known;
      out->unknown += !known;
      out->hashed += !known && looks_hashed(at, n);
      vg_free(id);
    }
    if (!ids && !*first)
      return vg_fail(VG_DATA,
                     "%s: manifest.csv: case %s has neither source nor donors, so whether it was made from a "
                     "test subject cannot be checked; --unchecked skips the check",
                     p->dir, vg_table_cell(&p->manifest, row, (size_t)p->id));
    out->of_strangers += out->unknown > before;
  }
  return VG_OK;
}

/* Compares the sources with all subjects there are, tested or not. */
static vg_status count_sources(const provenance *p, const vg_dataset *all, tally *out) {
  leak_index x;
  vg_status st = vg_leak_index_init(all, all, p->secret_is_set ? &p->secret : NULL, &x);
  if (st) return st;
  st = count_with(&x, p, out);
  vg_leak_index_release(&x);
  return st;
}

/* Hashed sources can be compared only with the key that hashed them. */
static vg_status check_key(const vg_experiment_options *o, provenance *p, const vg_dataset *all, tally *t) {
  char marker[VG_HASH_LEN];
  vg_status st = VG_OK;
  if (o->key) {
    st = vg_secret_read(o->key, &p->secret);
    p->secret_is_set = !st;
    if (!st) vg_secret_marker(&p->secret, marker);
    if (!st && *p->marker && strcmp(marker, p->marker) != 0)
      st =
          vg_fail(VG_CONFIG,
                  "key file: %s: is not the key of %s, so cases made from a test subject cannot be excluded; "
                  "--unchecked skips the check",
                  o->key, p->dir);
  }
  if (!st) st = count_sources(p, all, t);
  if (!st && !o->key && (p->anonymous || t->hashed))
    st = vg_fail(VG_DATA,
                 "%s: its sources are hashed; give the key file (--key), so that cases made from a test "
                 "subject can be excluded, or skip the check with --unchecked",
                 p->dir);
  /* A data set of an earlier version does not tell its key. */
  if (!st && o->key && !*p->marker && t->hashed && !t->known)
    st = vg_fail(
        VG_DATA,
        "%s: no hashed source is a subject of the real data under the key %s, which may be the key of "
        "another data set; --unchecked skips the check",
        p->dir, o->key);
  return st;
}

/* ---- the check ---- */

static vg_status index_rows(const provenance *p, vg_text_index *out) {
  vg_status st = VG_OK;
  for (size_t row = 1; row < p->manifest.rows && !st; row++) {
    const char *id = vg_table_cell(&p->manifest, row, (size_t)p->id);
    st = vg_text_index_put(out, id, strlen(id), row);
  }
  return st;
}

static vg_status exclude_leaks(experiment_data *d, const provenance *p, const vg_dataset *all) {
  bool *take = VG_NEW_N(bool, d->synth.n);
  size_t n = 0;
  leak_index x = {0};
  vg_text_index rows = {0};
  vg_status st = take ? index_rows(p, &rows) : VG_MEMORY;
  if (!st) st = vg_leak_index_init(&d->test, all, p->secret_is_set ? &p->secret : NULL, &x);
  for (size_t i = 0; i < d->synth.n && !st; i++) {
    const char *id = d->synth.subjects[i].id;
    const size_t row = vg_text_index_get(&rows, id, strlen(id));
    if (row == VG_NO_NUMBER) {
      st = vg_fail(VG_DATA, "synthetic case %s is not in its manifest.csv; --unchecked skips the check", id);
      break;
    }
    const vg_subject *tested = vg_leak_find(&x, vg_table_cell(&p->manifest, row, (size_t)p->source),
                                            vg_table_cell(&p->manifest, row, (size_t)p->donors));
    if ((take[i] = !tested)) continue;
    char why[192];
    /* The results of an experiment are shown to others, who must not learn what an anonymous case was made
     * from. */
    snprintf(why, sizeof why, "made from %s%s", p->secret_is_set ? "a test subject" : "test subject ",
             p->secret_is_set ? "" : tested->id);
    vg_experiment_exclude(d, id, "synthetic", why);
    n++;
  }
  if (!st && n)
    vg_warn("%zu of %zu synthetic %s %s made from test subjects: excluded from training", n, d->synth.n,
            vg_plural(d->synth.n, "case", "cases"), vg_plural(n, "was", "were"));
  if (!st) st = vg_experiment_keep(&d->synth, take);
  vg_leak_index_release(&x);
  vg_text_index_release(&rows);
  vg_free(take);
  return st;
}

/* What the check does not cover. */
static void note_limits(const vg_experiment_options *o, const provenance *p, const tally *t,
                        experiment_data *d) {
  bool modelled = false;
  for (size_t row = 1; row < p->manifest.rows && p->model >= 0; row++)
    modelled |= *vg_table_cell(&p->manifest, row, (size_t)p->model) != '\0';
  if (modelled && !o->gan)
    note(d, "whether the model that made the synthetic images was trained on test subjects (--gan RUN checks "
            "it)");
  if (t->of_strangers)
    note(d,
         "%zu of %zu synthetic %s %s sources that are subjects neither of the real data nor of the test "
         "set; a test subject under another id would not be found among them",
         t->of_strangers, p->manifest.rows - 1, vg_plural(p->manifest.rows - 1, "case", "cases"),
         vg_plural(t->of_strangers, "has", "have"));
}

vg_status vg_experiment_check_synth(const vg_experiment_options *o, experiment_data *d) {
  provenance p = {0};
  vg_dataset all = {0};
  tally t;
  if (o->unchecked) {
    note(d, "whether synthetic cases were made from test subjects (--unchecked)");
    return VG_OK;
  }
  vg_status st = read_manifest(o, &p);
  if (!st) st = vg_dataset_select(&d->real, NULL, &all);
  if (!st) st = vg_dataset_select(&d->test, NULL, &all);
  if (!st) st = check_key(o, &p, &all, &t);
  if (!st) st = exclude_leaks(d, &p, &all);
  if (!st) note_limits(o, &p, &t, d);
  vg_dataset_release(&all);
  vg_secret_release(&p.secret);
  vg_table_release(&p.manifest);
  vg_free(p.dir);
  return st;
}
