/* compare_distribution.c: suite distribution: the real and the synthetic set as points in feature spaces. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "eval/compare/compare.h"
#include "eval/compare/compare_distribution.h"
#include "eval/set/set_distance.h"
#include "voxgan/log.h"
#include "base/text/plural.h"

static const struct {
  const char *metric;
  vg_status (*measure)(const vg_set_space *s, vg_set_distance *out);
} distances[] = {
#define VG_SET_DISTANCE(name, suite, better, ideal, help) {#name, vg_set_##name},
#include "registry/set_metrics.def"
};

/* Adds to the note that only some subjects were measured. */
static void note_sample(const vg_features *real, const vg_features *synth, char *note, size_t size) {
  const size_t len = strlen(note);
  if (real->taken == real->of && synth->taken == synth->of) return;
  snprintf(note + len, size - len, "%s%zu of %zu real and %zu of %zu synthetic %s", len ? "; " : "",
           real->taken, real->of, synth->taken, synth->of, vg_plural(synth->of, "subject", "subjects"));
}

static vg_status add_distances(vg_eval *e, const char *name, const vg_set_space *space,
                               const vg_features *real, const vg_features *synth) {
  for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
    vg_set_distance d;
    vg_status st = distances[i].measure(space, &d);
    if (st) return vg_fail_in(st, "%s in space %s", distances[i].metric, name);
    eval_set row = {.metric = vg_set_metric_find(distances[i].metric),
                    .value = d.value,
                    .ci_low = d.ci_low,
                    .ci_high = d.ci_high,
                    .floor = d.floor,
                    .n_real = real->n,
                    .n_synth = synth->n};
    snprintf(row.space, sizeof row.space, "%s", name);
    if (!isnan(d.p))
      snprintf(row.note, sizeof row.note, "p %.3g", d.p);
    else if (d.biased)
      snprintf(row.note, sizeof row.note, "biased upwards: %zu %s", real->dims,
               vg_plural(real->dims, "dimension", "dimensions"));
    note_sample(real, synth, row.note, sizeof row.note);
    if ((st = vg_eval_add_set(e, &row))) return st;
  }
  return VG_OK;
}

static vg_status measure_space(vg_eval *e, const vg_feature_row *row, const vg_features *real,
                               const vg_features *synth) {
  const vg_points points = {real->n,      synth->n,      real->dims,
                            real->values, synth->values, row->space->units_differ};
  vg_set_space space;
  if (real->n < 2 || synth->n < 2) {
    vg_info("space %s is skipped: only %zu real and %zu synthetic %s have the data for it", row->name,
            real->n, synth->n, vg_plural(synth->n, "subject", "subjects"));
    return VG_OK;
  }
  vg_status st = vg_set_space_init(&points, &space);
  if (!st) st = add_distances(e, row->name, &space, real, synth);
  vg_set_space_release(&space);
  return st;
}

vg_status vg_eval_distribution(eval_study *s) {
  vg_eval *e = s->evaluation;
  vg_features real[VG_FEATURE_SPACES_MAX] = {{0}}, synth[VG_FEATURE_SPACES_MAX] = {{0}};
  vg_feature_plan plan;
  size_t before = e->n_sets;
  vg_status st;
  if (!vg_eval_suites_have("distribution", e->suites)) return VG_OK;
  if (s->real.n < 2 || s->synth.n < 2) {
    vg_eval_leave_out(e, "distribution", "it needs two subjects or more on each side");
    return VG_OK;
  }
  if ((st = vg_features_plan_init(&plan, (const vg_dataset *const[]){&s->real, &s->synth}, 2))) return st;
  plan.most = VG_SET_POINTS_MAX;
  if (s->extractor) vg_features_plan_extract(&plan, s->extractor);
  if ((st = vg_features_read(&plan, &s->real, NULL, real))) goto out;
  if ((st = vg_features_read(&plan, &s->synth, e->recorded, synth))) goto out;
  for (int i = 0; vg_features_at(i) && !st; i++) {
    if (plan.spaces >> i & 1 && !vg_features_at(i)->space->of_some)
      st = measure_space(e, vg_features_at(i), &real[i], &synth[i]);
  }
  const int spectrum = vg_features_find("spectrum"), volume = vg_features_find("volume");
  if (!st && plan.spaces >> spectrum & 1) st = vg_eval_spectra(e, &plan, &real[spectrum], &synth[spectrum]);
  if (!st) st = vg_eval_diversity(e, &plan, &real[volume], &synth[volume]);
  if (!st) st = vg_eval_draws(s, &plan);
  if (!st && e->n_sets == before)
    vg_eval_leave_out(e, "distribution", "no series and no tumour is in two subjects or more on each side");
out:
  vg_features_release(real);
  vg_features_release(synth);
  return st;
}
