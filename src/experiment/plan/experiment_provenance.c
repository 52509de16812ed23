/* experiment_provenance.c: reads what synthetic cases were made from, and excludes those of test subjects. */
#include "experiment/plan/experiment_provenance.h"
#include "experiment/plan/experiment_leak.h"
#include "experiment/plan/provenance.h"

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

vg_status vg_experiment_check_real(const vg_experiment_options *o, experiment_data *d) {
  const char *roots[] = {o->real, o->test};
  vg_status st = VG_OK;
  for (int i = 0; i < 2 && !st; i++) {
    bool anonymous = false;
    if (roots[i]) st = vg_provenance_is_anonymous(roots[i], &anonymous);
    if (!st && anonymous && !o->unchecked)
      st = vg_fail(VG_DATA,
                   "%s: an anonymous data set: whether a test subject is trained on cannot be checked; "
                   "--unchecked skips the check",
                   roots[i]);
    else if (!st && anonymous)
      note(d, "%s is an anonymous data set, so whether a test subject is trained on is unknown", roots[i]);
  }
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
    const provenance_row made = vg_provenance_row(p, row);
    const vg_subject *tested = vg_leak_find(&x, made.source, made.donors);
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
static void note_limits(const vg_experiment_options *o, const provenance *p, const provenance_tally *t,
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

/* *same: a model of the run has the hash. *any: there is a model to compare with. */
static vg_status compare_models(const char *run, const char *wanted, bool *any, bool *same) {
  static const char *const names[] = {"model.safetensors", "model-last.safetensors"};
  vg_status st = VG_OK;
  *any = *same = false;
  for (size_t i = 0; i < sizeof names / sizeof names[0] && !st; i++) {
    char hash[VG_HASH_LEN], *path = vg_fs_join(run, names[i]);
    bool exists = false;
    st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
    if (!st && exists) st = vg_hash_file(path, hash);
    *any |= exists;
    *same |= !st && exists && strcmp(hash, wanted) == 0;
    vg_free(path);
  }
  return st;
}

/* The run whose subjects are checked must be that of the model which made the images. */
static vg_status check_model(const char *run, const provenance *p, experiment_data *d) {
  const char *checked = "";
  bool any = true, same = true;
  vg_status st = VG_OK;
  for (size_t row = 1; row < p->manifest.rows && p->model >= 0 && any && same && !st; row++) {
    const char *model = vg_table_cell(&p->manifest, row, (size_t)p->model);
    if (!*model || strcmp(model, checked) == 0) continue;
    checked = model;
    st = compare_models(run, model, &any, &same);
  }
  if (st || (any && same)) return st;
  if (!any) {
    note(d, "whether %s is the run of the model that made the synthetic images: it holds no model", run);
    return VG_OK;
  }
  return vg_fail(VG_DATA,
                 "%s: no model in it made the images of %s (model_sha256 %.12s... of its manifest.csv), so "
                 "whether they learned from test subjects is unknown: name their run with --gan, or skip the "
                 "check with --unchecked",
                 run, p->dir, checked);
}

vg_status vg_experiment_check_synth(const vg_experiment_options *o, experiment_data *d) {
  provenance p = {0};
  vg_dataset all = {0};
  provenance_tally t;
  if (o->unchecked) {
    note(d, "whether synthetic cases were made from test subjects (--unchecked)");
    return VG_OK;
  }
  vg_status st = vg_provenance_open(o->synth, "to exclude cases made from a test subject", &p);
  if (!st) st = vg_dataset_select(&d->real, NULL, &all);
  if (!st) st = vg_dataset_select(&d->test, NULL, &all);
  if (!st) st = vg_provenance_check(&p, o->key, &all, &t);
  if (!st) st = exclude_leaks(d, &p, &all);
  if (!st && o->gan) st = check_model(o->gan, &p, d);
  if (!st) note_limits(o, &p, &t, d);
  vg_dataset_release(&all);
  vg_provenance_release(&p);
  return st;
}
