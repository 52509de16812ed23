/* evaluation_profiles.c: profiles across surfaces: stored by case, averaged over cases. */
#include <math.h>
#include "eval/model/evaluation.h"
#include "base/mem.h"

eval_profile *vg_eval_profile_at(const vg_eval *e, eval_profile *profiles, size_t index, int series,
                                 int surface) {
  size_t row = index * (size_t)e->n_series + (size_t)series;
  return &profiles[row * (size_t)e->boundary_regions.n + (size_t)surface];
}

vg_status vg_eval_profiles_new(vg_eval *e) {
  size_t n = e->n_cases * (size_t)e->n_series * (size_t)e->boundary_regions.n;
  e->profiles = VG_NEW_N(eval_profile, n);
  if (!e->profiles) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    for (int b = 0; b < VG_PROFILE_BINS; b++) {
      e->profiles[i].real.intensity[b] = e->profiles[i].real.gradient[b] = NAN;
      e->profiles[i].synth.intensity[b] = e->profiles[i].synth.gradient[b] = NAN;
    }
    e->profiles[i].real.sharpness = e->profiles[i].synth.sharpness = NAN;
  }
  return VG_OK;
}

void vg_eval_profiles_store(vg_eval *e, size_t index, int series, const vg_boundary *b) {
  for (int r = 0; r < e->boundary_regions.n; r++)
    *vg_eval_profile_at(e, e->profiles, index, series, r) = (eval_profile){b->real[r], b->synth[r]};
}

/* The profiles of one side's cases, of one series across one surface. */
typedef struct side_cases {
  const vg_eval *e;
  eval_profile *profiles;
  size_t n_cases;
  bool synth;
  int series, surface;
} side_cases;

static const vg_profile *profile_of(const side_cases *s, size_t index) {
  const eval_profile *p = vg_eval_profile_at(s->e, s->profiles, index, s->series, s->surface);
  return s->synth ? &p->synth : &p->real;
}

static double bin_value(const side_cases *s, size_t index, bool gradient, int bin) {
  const vg_profile *p = profile_of(s, index);
  return gradient ? p->gradient[bin] : p->intensity[bin];
}

static void average(const side_cases *s, bool gradient, eval_curve *out) {
  for (int b = 0; b < VG_PROFILE_BINS; b++) {
    double n = 0, sum = 0, squares = 0;
    for (size_t c = 0; c < s->n_cases; c++) {
      double v = bin_value(s, c, gradient, b);
      if (isnan(v)) continue;
      sum += v;
      n++;
    }
    double mean = n > 0 ? sum / n : NAN;
    for (size_t c = 0; c < s->n_cases; c++) {
      double v = bin_value(s, c, gradient, b);
      if (!isnan(v)) squares += (v - mean) * (v - mean);
    }
    out->mean[b] = mean;
    out->sd[b] = n > 1 ? sqrt(squares / (n - 1)) : NAN;
  }
}

static size_t cases_on(const side_cases *s) {
  size_t n = 0;
  for (size_t c = 0; c < s->n_cases; c++) {
    const vg_profile *p = profile_of(s, c);
    bool any = false;
    for (int b = 0; b < VG_PROFILE_BINS && !any; b++) any = !isnan(p->intensity[b]);
    n += any;
  }
  return n;
}

static void fill_side(const side_cases *s, eval_side *out) {
  out->n = cases_on(s);
  average(s, false, &out->intensity);
  average(s, true, &out->gradient);
}

bool vg_eval_profile_sides(const vg_eval *e, int series, int surface, eval_side *real, eval_side *synth) {
  if (!e->profiles) return false;
  side_cases of_real = {e, e->profiles, e->n_cases, false, series, surface}, of_synth = of_real;
  of_synth.synth = true;
  if (e->unpaired) {
    of_real.profiles = e->real_profiles;
    of_real.n_cases = e->n_real_profiles;
  }
  fill_side(&of_real, real);
  fill_side(&of_synth, synth);
  return real->n || synth->n;
}
