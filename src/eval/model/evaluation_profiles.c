/* evaluation_profiles.c: profiles across surfaces, kept by case and put together for the summary. */
#include <math.h>
#include "eval/model/evaluation.h"
#include "base/mem.h"

eval_profile *vg_eval_profile_at(const vg_evaluation *e, eval_profile *profiles, size_t index, int series,
                                 int surface) {
  size_t row = index * (size_t)e->n_series + (size_t)series;
  return &profiles[row * (size_t)e->boundary_regions.n + (size_t)surface];
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
    e->profiles[i].real.sharpness = e->profiles[i].synth.sharpness = NAN;
  }
  return VG_OK;
}

void vg_eval_profiles_store(vg_evaluation *e, size_t index, const char *series, const vg_boundary *b) {
  int s = vg_eval_series_index(e, series);
  for (int r = 0; r < e->boundary_regions.n; r++)
    *vg_eval_profile_at(e, e->profiles, index, s, r) = (eval_profile){b->real[r], b->synth[r]};
}

/* The profiles of one side's cases, of one series across one surface. */
typedef struct side {
  const vg_evaluation *e;
  eval_profile *profiles;
  size_t n_cases;
  bool synth;
  int series, surface;
} side;

static const vg_profile *side_profile(const side *s, size_t index) {
  const eval_profile *p = vg_eval_profile_at(s->e, s->profiles, index, s->series, s->surface);
  return s->synth ? &p->synth : &p->real;
}

static double bin_value(const side *s, size_t index, bool gradient, int bin) {
  const vg_profile *p = side_profile(s, index);
  return gradient ? p->gradient[bin] : p->intensity[bin];
}

static void put_curve(vg_json *to, const char *mean_key, const char *sd_key, const side *s, bool gradient) {
  vg_json *means = vg_json_put_take(to, mean_key, vg_json_array());
  vg_json *sds = vg_json_put_take(to, sd_key, vg_json_array());
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
    vg_json_put_number(means, NULL, mean);
    vg_json_put_number(sds, NULL, n > 1 ? sqrt(squares / (n - 1)) : NAN);
  }
}

/* Cases that have the surface. */
static size_t cases_on(const side *s) {
  size_t n = 0;
  for (size_t c = 0; c < s->n_cases; c++) {
    const vg_profile *p = side_profile(s, c);
    bool any = false;
    for (int b = 0; b < VG_PROFILE_BINS && !any; b++) any = !isnan(p->intensity[b]);
    n += any;
  }
  return n;
}

static void put_side(vg_json *row, const char *key, const side *s) {
  vg_json *to = vg_json_put_take(row, key, vg_json_object());
  vg_json_put_number(to, "n", (double)cases_on(s));
  put_curve(to, "intensity", "intensity_sd", s, false);
  put_curve(to, "gradient", "gradient_sd", s, true);
}

void vg_eval_profiles_json(const vg_evaluation *e, vg_json *root) {
  if (!e->profiles) return;
  vg_json *list = vg_json_put_take(root, "profiles", vg_json_array());
  for (int s = 0; s < e->n_series; s++) {
    for (int r = 0; r < e->boundary_regions.n; r++) {
      side real = {e, e->profiles, e->n_cases, false, s, r}, synth = real;
      synth.synth = true;
      if (e->unpaired) {
        real.profiles = e->real_profiles;
        real.n_cases = e->n_real_profiles;
      }
      if (!cases_on(&real) && !cases_on(&synth)) continue;
      vg_json *row = vg_json_put_take(list, NULL, vg_json_object());
      vg_json_put_string(row, "series", e->series[s]);
      vg_json_put_string(row, "region", e->boundary_regions.names[r]);
      vg_json_put_number(row, "from_mm", -VG_PROFILE_MM);
      vg_json_put_number(row, "to_mm", VG_PROFILE_MM);
      put_side(row, "real", &real);
      put_side(row, "synth", &synth);
    }
  }
}
