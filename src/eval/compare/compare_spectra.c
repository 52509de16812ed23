/* compare_spectra.c: averages power spectra over the subjects of a side. */
#include "eval/model/evaluation_spectra.h"

#include <math.h>
#include <stdio.h>
#include "base/mem.h"
#include "eval/compare/compare_distribution.h"
#include "eval/feature/features_spectrum.h"

_Static_assert((int)VG_SPECTRUM_BANDS == (int)EVAL_SPECTRUM_BANDS, "a spectrum shows all bands");

static bool is_known(float power) {
  return power > VG_SPECTRUM_NONE;
}

/* column: of the side's first band. */
static void average(const vg_features *f, size_t column, eval_spectrum_side *out) {
  *out = (eval_spectrum_side){.n = 0};
  for (size_t i = 0; i < f->n; i++) {
    bool any = false;
    for (int b = 0; b < VG_SPECTRUM_BANDS; b++) any |= is_known(f->values[i * f->dims + column + (size_t)b]);
    out->n += any;
  }
  for (int b = 0; b < VG_SPECTRUM_BANDS; b++) {
    double n = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < f->n; i++) {
      const float v = f->values[i * f->dims + column + (size_t)b];
      if (!is_known(v)) continue;
      n++;
      sum += (double)v;
      squares += (double)v * (double)v;
    }
    const double mean = sum / n;
    out->mean[b] = n > 0 ? mean : NAN;
    out->sd[b] = n > 1 ? sqrt(fmax(squares - n * mean * mean, 0) / (n - 1)) : NAN;
  }
}

vg_status vg_eval_spectra(vg_eval *e, const vg_feature_plan *plan, const vg_features *real,
                          const vg_features *synth) {
  const int regions = vg_features_regions(plan);
  e->spectra = VG_NEW_N(eval_spectrum, (size_t)plan->series.n * (size_t)regions);
  if (!e->spectra) return VG_MEMORY;
  for (int s = 0; s < plan->series.n; s++) {
    for (int r = 0; r < regions; r++) {
      const size_t column = (size_t)(s * regions + r) * VG_SPECTRUM_BANDS;
      eval_spectrum *to = &e->spectra[e->n_spectra];
      average(real, column, &to->real);
      average(synth, column, &to->synth);
      if (!to->real.n || !to->synth.n) continue;
      for (int b = 0; b < VG_SPECTRUM_BANDS; b++) to->frequency[b] = 1 / vg_features_wavelength(b);
      snprintf(to->series, sizeof to->series, "%s", plan->series.names[s]);
      snprintf(to->region, sizeof to->region, "%s", vg_features_region_name(plan, r));
      e->n_spectra++;
    }
  }
  return VG_OK;
}
