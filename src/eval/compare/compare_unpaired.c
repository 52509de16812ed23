/* compare_unpaired.c: synthetic subjects without real partners: compares the profiles of each across its
 * tumour's surface with the mean profiles of the real subjects. */
#include <math.h>
#include "eval/compare/compare.h"
#include "base/mem.h"
#include "io/json.h"

/* Measures the profiles of every subject of one side, each as a pair with itself (vg_free). recorded: the
 * description of the side's intensities, or NULL. */
static vg_status profile_side(const eval_study *s, const vg_dataset *side, vg_json *recorded,
                              eval_profile **out) {
  vg_eval part = *s->evaluation; /* its series, regions, groups and settings */
  eval_study own = {
      .real = *side, .synth = *side, .tumour = s->tumour, .anatomy = s->anatomy, .evaluation = &part};
  part.n_cases = side->n;
  part.recorded = recorded;
  part.values = NULL;
  part.ms_ssim_scales = NULL;
  part.profiles = NULL;
  part.ids = VG_NEW_N(char *, side->n);
  own.pairs = VG_NEW_N(eval_pair, side->n);
  vg_status st = part.ids && own.pairs ? vg_eval_values_new(&part) : VG_MEMORY;
  for (size_t i = 0; i < side->n && !st; i++) {
    part.ids[i] = side->subjects[i].id;
    own.pairs[i] = (eval_pair){&side->subjects[i], &side->subjects[i]};
  }
  if (!st) st = vg_eval_all(&own);
  vg_free(part.ids);
  vg_free(part.values);
  vg_free(part.ms_ssim_scales);
  vg_free(own.pairs);
  if (st) vg_free(part.profiles);
  *out = st ? NULL : part.profiles;
  return st;
}

static double mean_known(const double *v, size_t n) {
  double sum = 0, known = 0;
  for (size_t i = 0; i < n; i++) {
    if (isnan(v[i])) continue;
    sum += v[i];
    known++;
  }
  return known > 0 ? sum / known : NAN;
}

/* Computes the mean profile of the real subjects. column: room for one value per subject. */
static void mean_profile(const vg_eval *e, int series, int surface, double *column, vg_profile *out) {
  size_t n = e->n_real_profiles;
#define REAL(c) vg_eval_profile_at(e, e->real_profiles, c, series, surface)->real
  for (int b = 0; b < VG_PROFILE_BINS; b++) {
    for (size_t c = 0; c < n; c++) column[c] = REAL(c).intensity[b];
    out->intensity[b] = mean_known(column, n);
    for (size_t c = 0; c < n; c++) column[c] = REAL(c).gradient[b];
    out->gradient[b] = mean_known(column, n);
  }
  for (size_t c = 0; c < n; c++) column[c] = REAL(c).sharpness;
  out->sharpness = mean_known(column, n);
#undef REAL
}

/* Computes every synthetic subject's values for one series. */
static vg_status compare_profiles(vg_eval *e, int series, double *column, vg_boundary *boundary) {
  int surfaces = e->boundary_regions.n;
  for (int r = 0; r < surfaces; r++) mean_profile(e, series, r, column, &boundary->real[r]);
  for (size_t c = 0; c < e->n_cases; c++) {
    for (int r = 0; r < surfaces; r++)
      boundary->synth[r] = vg_eval_profile_at(e, e->profiles, c, series, r)->synth;
    /* Intensities are in [-1, 1]. */
    vg_metric_memo memo = {0};
    vg_metric_input in = {.regions = &e->boundary_regions, .boundary = boundary, .range = 2, .memo = &memo};
    vg_status st = vg_eval_run_metrics(e, c, 1u << VG_METRIC_BOUNDARY, e->series[series], &in);
    vg_metric_memo_release(&memo);
    if (st) return st;
  }
  return VG_OK;
}

vg_status vg_eval_unpaired(eval_study *s) {
  vg_eval *e = s->evaluation;
  vg_boundary *boundary = VG_NEW(vg_boundary);
  double *column = vg_malloc(s->real.n, sizeof *column);
  vg_status st = boundary && column ? VG_OK : VG_MEMORY;
  vg_free(e->profiles);
  e->profiles = NULL;
  if (!st) st = profile_side(s, &s->real, NULL, &e->real_profiles);
  if (!st) e->n_real_profiles = s->real.n;
  if (!st) st = profile_side(s, &s->synth, e->recorded, &e->profiles);
  for (int k = 0; k < e->n_series && !st; k++) st = compare_profiles(e, k, column, boundary);
  vg_free(boundary);
  vg_free(column);
  return st;
}
