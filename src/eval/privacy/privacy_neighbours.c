/* privacy_neighbours.c: checks whether synthetic subjects lie nearer to training subjects than real persons
 * lie to each other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "eval/privacy/neighbours.h"
#include "eval/privacy/privacy.h"
#include "base/number/statistic.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"

/* One space with its threshold. */
typedef struct near_finding {
  const near_space *space;
  near_limit limit;
} near_finding;

static bool is_copy(const near_finding *f, near_set set, size_t i) {
  const near_one *one = &f->space->nearest[set][i];
  return f->space->tells_copies && one->index != SIZE_MAX && one->distance < f->limit.limit;
}

/* ---- the label map that a synthetic subject was made from ---- */

/* Reads manifest.csv for its column source. *t is empty if voxgan did not make the synthetic set. */
static vg_status read_manifest(const privacy_study *p, vg_table *t) {
  const char *root = p->settings->synth;
  char *path = vg_fs_join(root, "manifest.csv");
  bool exists = false;
  vg_status st = path ? vg_fs_holds(path, &exists) : VG_MEMORY; /* root may be a file: then it is absent */
  if (!st && exists) st = vg_table_read_sheet(path, t);
  if (!st && t->rows && (vg_table_col(t, "id") < 0 || vg_table_col(t, "source") < 0)) vg_table_release(t);
  vg_free(path);
  return st;
}

static bool same_id(const char *a, const char *b) {
  char key_a[128], key_b[128];
  vg_dataset_id_key(a, key_a);
  vg_dataset_id_key(b, key_b);
  return !strcmp(key_a, key_b);
}

/* Returns "" if the source is unknown. */
static const char *source_of(const vg_table *manifest, const char *id) {
  const int id_col = manifest->rows ? vg_table_col(manifest, "id") : -1;
  for (size_t r = 1; id_col >= 0 && r < manifest->rows; r++) {
    if (same_id(vg_table_cell(manifest, r, (size_t)id_col), id))
      return vg_table_cell(manifest, r, (size_t)vg_table_col(manifest, "source"));
  }
  return "";
}

/* ---- figures ---- */

static double mean_of(double *v, size_t n) {
  return vg_statistic_mean(v, n);
}

/* Computes a statistic over synthetic subjects and its bootstrap interval. May reorder v. */
static vg_status over_subjects(vg_statistic_of statistic, double *v, size_t n, const char *stream,
                               vg_estimate *out) {
  out->value = statistic(v, n);
  return vg_statistic_bootstrap(statistic, v, n, VG_INTERVAL_RANKS, stream, &out->low, &out->high);
}

static vg_status add_row(const privacy_study *p, const near_space *s, const char *metric, vg_estimate value,
                         double among_real, const char *note) {
  eval_set row = {.metric = vg_set_metric_find(metric),
                  .value = value.value,
                  .ci_low = value.low,
                  .ci_high = value.high,
                  .floor = among_real,
                  .n_real = s->n[NEAR_TRAIN] + s->n[NEAR_HELD_OUT],
                  .n_synth = s->n[NEAR_SYNTH]};
  snprintf(row.space, sizeof row.space, "%s", s->name);
  snprintf(row.note, sizeof row.note, "%s", note);
  return vg_eval_add_set(p->study->evaluation, &row);
}

static size_t count_copies(const near_finding *f, near_set set) {
  size_t n = 0;
  for (size_t i = 0; i < f->space->n[set]; i++) n += is_copy(f, set, i);
  return n;
}

/* The share of subjects that lie nearer to their nearest training subject than any other training subject
 * does. */
static vg_estimate inauthentic(const near_space *s, near_set set) {
  size_t k = 0, n = 0;
  for (size_t i = 0; i < s->n[set]; i++) {
    const near_one *one = &s->nearest[set][i];
    size_t t = 0;
    while (t < s->n[NEAR_TRAIN] && s->subject[NEAR_TRAIN][t] != one->index) t++;
    if (t == s->n[NEAR_TRAIN] || s->nearest[NEAR_TRAIN][t].index == SIZE_MAX) continue;
    n++;
    k += one->distance < s->nearest[NEAR_TRAIN][t].distance;
  }
  return vg_statistic_share(k, n);
}

static vg_status add_rows(const privacy_study *p, const near_finding *f) {
  const near_space *s = f->space;
  const size_t n = s->n[NEAR_SYNTH];
  char note[160];
  vg_estimate e;
  double *v = vg_malloc(n + 1, sizeof *v);
  vg_status st = v ? VG_OK : VG_MEMORY;
  if (!st && s->tells_copies && !isnan(f->limit.limit)) {
    snprintf(note, sizeof note, "nearer than %.4g, from %zu %s between persons (median %.4g)", f->limit.limit,
             f->limit.n, vg_plural(f->limit.n, "distance", "distances"), f->limit.median);
    const vg_estimate among_real = vg_statistic_share(count_copies(f, NEAR_HELD_OUT), s->n[NEAR_HELD_OUT]);
    st = add_row(p, s, "near_copies", vg_statistic_share(count_copies(f, NEAR_SYNTH), n), among_real.value,
                 note);
  }
  if (!st && f->limit.n) {
    for (size_t i = 0; i < n; i++) v[i] = s->nearest[NEAR_SYNTH][i].distance / f->limit.median;
    st = over_subjects(vg_statistic_median, v, n, "privacy distance", &e);
    if (!st) st = add_row(p, s, "nearest_distance", e, NAN, "");
  }
  if (!st && n && !isnan(s->prefers_train[0])) {
    memcpy(v, s->prefers_train, n * sizeof *v);
    st = over_subjects(mean_of, v, n, "privacy preference", &e);
    if (!st) st = add_row(p, s, "nearer_to_train", e, NAN, "");
  }
  e = inauthentic(s, NEAR_SYNTH);
  if (!st && !isnan(e.value)) st = add_row(p, s, "inauthentic", e, inauthentic(s, NEAR_HELD_OUT).value, "");
  vg_free(v);
  return st;
}

/* ---- the table ---- */

static vg_status write_table(const privacy_study *p, const near_finding *f, int n, const vg_table *manifest) {
  static const char *const header[] = {"subject", "space",    "nearest",   "distance",
                                       "limit",   "mirrored", "near_copy", "source"};
  vg_table t = {0};
  vg_status st = vg_table_init(&t, 8, header);
  for (int k = 0; k < n && !st; k++) {
    const near_space *s = f[k].space;
    char distance[32], limit[32] = "";
    if (s->tells_copies && !isnan(f[k].limit.limit)) snprintf(limit, sizeof limit, "%.6g", f[k].limit.limit);
    for (size_t i = 0; i < s->n[NEAR_SYNTH] && !st; i++) {
      const near_one *one = &s->nearest[NEAR_SYNTH][i];
      const char *id = p->study->synth.subjects[s->subject[NEAR_SYNTH][i]].id;
      snprintf(distance, sizeof distance, "%.6g", one->distance);
      st = vg_table_add_row(&t, (const char *const[]){id, s->name, p->train.subjects[one->index].id, distance,
                                                      limit, one->mirrored ? "1" : "0",
                                                      is_copy(&f[k], NEAR_SYNTH, i) ? "1" : "0",
                                                      source_of(manifest, id)});
    }
  }
  if (!st) st = vg_privacy_write(p, "neighbours.csv", &t);
  vg_table_release(&t);
  return st;
}

/* ---- the verdict ---- */

enum { NAMED = 3 };

/* Whether synthetic subject k is a near-copy in any of the n spaces. Returns its nearest subject in the first
 * such space, or NULL. */
static const near_one *copy_in_any(const near_finding *f, int n, size_t k) {
  for (int s = 0; s < n; s++) {
    const near_space *space = f[s].space;
    for (size_t i = 0; i < space->n[NEAR_SYNTH]; i++) {
      if (space->subject[NEAR_SYNTH][i] == k && is_copy(&f[s], NEAR_SYNTH, i))
        return &space->nearest[NEAR_SYNTH][i];
    }
  }
  return NULL;
}

/* Judges n spaces that belong to one check: spaces of images, or of label maps. */
static vg_status judge(const privacy_study *p, const char *check, const char *what, const near_finding *f,
                       int n, const vg_table *manifest) {
  const vg_dataset *synth = &p->study->synth;
  vg_str names = VG_STR_INIT, text = VG_STR_INIT, spaces = VG_STR_INIT;
  size_t copies = 0, own = 0;
  for (int s = 0; s < n; s++) vg_str_addf(&spaces, "%s%s", s ? ", " : "", f[s].space->name);
  for (size_t k = 0; k < synth->n; k++) {
    const near_one *one = copy_in_any(f, n, k);
    if (!one) continue;
    const char *id = synth->subjects[k].id, *nearest = p->train.subjects[one->index].id;
    const char *source = source_of(manifest, id);
    if (copies++ < NAMED)
      vg_str_addf(&names, "%s%s of %s%s", copies > 1 ? ", " : "", id, nearest,
                  one->mirrored ? " (mirrored)" : "");
    own += *source && same_id(source, nearest);
  }
  if (copies > NAMED) vg_str_addf(&names, " and %zu more", copies - NAMED);
  const vg_estimate share = vg_statistic_share(copies, synth->n);
  if (copies) {
    vg_str_addf(
        &text,
        "%zu of %zu synthetic %s (%.1f %%, 95%% interval %.1f to %.1f %%) %s nearer to a training subject's "
        "than those of different persons come to one another once in 1000 times: %s",
        copies, synth->n, what, 100 * share.value, 100 * share.low, 100 * share.high,
        vg_plural(copies, "is", "are"), vg_str_text(&names));
    if (own)
      vg_str_addf(&text,
                  "; %zu of them %s made of that very subject's label map, edited or not, and %s the rest of "
                  "its brain by design",
                  own, vg_plural(own, "was", "were"), vg_plural(own, "keeps", "keep"));
  } else {
    vg_str_addf(
        &text,
        "found no near-copy among %zu synthetic %s (spaces: %s), which allows a share of up to %.1f %%; this "
        "does not show that nothing of a person can be recovered",
        synth->n, what, vg_str_text(&spaces), 100 * share.high);
  }
  vg_status st = vg_str_failed(&names) || vg_str_failed(&spaces) ? VG_MEMORY : VG_OK;
  if (!st) st = vg_privacy_verdict_take(p, check, copies ? PRIVACY_FOUND : PRIVACY_NONE, vg_str_take(&text));
  vg_str_release(&text);
  vg_str_release(&names);
  vg_str_release(&spaces);
  return st;
}

static const struct {
  const char *check, *what;
} checks[] = {{"near-copies of images", "volumes"}, {"near-copies of labels", "tumour maps"}};

static vg_status not_tested(const privacy_study *p, int check, const char *why) {
  return vg_privacy_verdict_take(p, checks[check].check, PRIVACY_NOT_TESTED, vg_strdup(why));
}

vg_status vg_privacy_neighbours(const privacy_study *p) {
  near_space spaces[NEAR_SPACES] = {{0}};
  near_finding found[2][NEAR_SPACES], all[NEAR_SPACES];
  int n_found[2] = {0}, n_spaces = 0, n_of[2] = {0};
  vg_table manifest = {0};
  vg_status st = VG_OK;
  if (!p->settings->train) {
    st = not_tested(p, 0, "it needs --train");
    return st ? st : not_tested(p, 1, "it needs --train");
  }
  const vg_dataset *const sets[NEAR_SETS] = {&p->train, &p->held_out, &p->study->synth};
  if ((st = vg_privacy_near_measure(sets, p->study->evaluation->recorded, spaces, &n_spaces))) return st;
  if ((st = read_manifest(p, &manifest))) goto out;
  for (int i = 0; i < n_spaces; i++) {
    near_finding *f = &all[i];
    const int labels = spaces[i].of_labels;
    f->space = &spaces[i];
    if ((st = vg_privacy_near_limit(f->space, &f->limit)) || (st = add_rows(p, f))) goto out;
    n_of[labels]++;
    if (f->space->tells_copies && !isnan(f->limit.limit)) found[labels][n_found[labels]++] = *f;
  }
  for (int k = 0; k < 2 && !st; k++) {
    if (n_found[k])
      st = judge(p, checks[k].check, checks[k].what, found[k], n_found[k], &manifest);
    else
      st = not_tested(
          p, k,
          n_of[k] ? "fewer than 3 distances between real persons are known, so no threshold can be set"
                  : "synthetic and training subjects have nothing of the kind in common");
  }
  if (!st) st = write_table(p, all, n_spaces, &manifest);
out:
  vg_privacy_near_release(spaces);
  vg_table_release(&manifest);
  return st;
}
