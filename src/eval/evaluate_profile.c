/* evaluate_profile.c: profiles across surfaces, kept by case and put together for the summary. */
#include <math.h>
#include <string.h>
#include "eval/evaluation.h"
#include "voxgan/mem.h"

static eval_profile *profile_of(const vg_evaluation *e, size_t index, int series, int surface) {
  size_t row = index * (size_t)e->n_series + (size_t)series;
  return &e->profiles[row * (size_t)e->boundary_regions.n + (size_t)surface];
}

vg_status vg_eval_profiles_new(vg_evaluation *e) {
  size_t n = e->n_cases * (size_t)e->n_series * (size_t)e->boundary_regions.n;
  e->profiles = VG_NEW_N(eval_profile, n);
  if (!e->profiles) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    for (int b = 0; b < VG_PROFILE_BINS; b++) {
      e->profiles[i].real.intensity[b] = e->profiles[i].real.gradient[b] = NAN;
      e->profiles[i].synth.intensity[b] = e->profiles[i].synth.gradient[b] = NAN;
    }
  }
  return VG_OK;
}

void vg_eval_profiles_store(vg_evaluation *e, size_t index, const char *series, const vg_boundary *b) {
  int s = 0;
  while (strcmp(e->series[s], series) != 0) s++;
  for (int r = 0; r < e->boundary_regions.n; r++)
    *profile_of(e, index, s, r) = (eval_profile){b->real[r], b->synth[r]};
}

/* Which of a case's four curves. */
typedef const double *(*curve)(const eval_profile *p);
static const double *real_intensity(const eval_profile *p) {
  return p->real.intensity;
}
static const double *real_gradient(const eval_profile *p) {
  return p->real.gradient;
}
static const double *synth_intensity(const eval_profile *p) {
  return p->synth.intensity;
}
static const double *synth_gradient(const eval_profile *p) {
  return p->synth.gradient;
}

static void put_curve(vg_json *to, const char *mean_key, const char *sd_key, const vg_evaluation *e,
                      int series, int surface, curve values) {
  vg_json *means = vg_json_put_take(to, mean_key, vg_json_array());
  vg_json *sds = vg_json_put_take(to, sd_key, vg_json_array());
  for (int b = 0; b < VG_PROFILE_BINS; b++) {
    double n = 0, sum = 0, squares = 0;
    for (size_t c = 0; c < e->n_cases; c++) {
      double v = values(profile_of(e, c, series, surface))[b];
      if (isnan(v)) continue;
      sum += v;
      n++;
    }
    double mean = n > 0 ? sum / n : NAN;
    for (size_t c = 0; c < e->n_cases; c++) {
      double v = values(profile_of(e, c, series, surface))[b];
      if (!isnan(v)) squares += (v - mean) * (v - mean);
    }
    vg_json_put_number(means, NULL, mean);
    vg_json_put_number(sds, NULL, n > 1 ? sqrt(squares / (n - 1)) : NAN);
  }
}

static size_t cases_with_profile(const vg_evaluation *e, int series, int surface) {
  size_t n = 0;
  for (size_t c = 0; c < e->n_cases; c++) {
    const eval_profile *p = profile_of(e, c, series, surface);
    bool any = false;
    for (int b = 0; b < VG_PROFILE_BINS && !any; b++)
      any = !isnan(p->real.intensity[b]) || !isnan(p->synth.intensity[b]);
    n += any;
  }
  return n;
}

void vg_eval_profiles_json(const vg_evaluation *e, vg_json *root) {
  if (!e->profiles) return;
  vg_json *list = vg_json_put_take(root, "profiles", vg_json_array());
  for (int s = 0; s < e->n_series; s++) {
    for (int r = 0; r < e->boundary_regions.n; r++) {
      size_t n = cases_with_profile(e, s, r);
      if (!n) continue;
      vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
      vg_json_put_string(row, "series", e->series[s]);
      vg_json_put_string(row, "region", e->boundary_regions.names[r]);
      vg_json_put_number(row, "n", (double)n);
      vg_json_put_number(row, "from_mm", -VG_PROFILE_MM);
      vg_json_put_number(row, "to_mm", VG_PROFILE_MM);
      vg_json *real = vg_json_put_take(row, "real", vg_json_object());
      put_curve(real, "intensity", "intensity_sd", e, s, r, real_intensity);
      put_curve(real, "gradient", "gradient_sd", e, s, r, real_gradient);
      vg_json *synth = vg_json_put_take(row, "synth", vg_json_object());
      put_curve(synth, "intensity", "intensity_sd", e, s, r, synth_intensity);
      put_curve(synth, "gradient", "gradient_sd", e, s, r, synth_gradient);
    }
  }
}
