/* frd_v1.c: FRD v1 (Konz et al., arXiv 2412.01496): features less their mean over the real set, over its SD
 * (n); features that are constant there or undefined in some subject are dropped. */
#include <math.h>
#include "eval/frd/frd.h"

static bool scale(const vg_frd_column *c, double *mean, double *sd) {
  const size_t n = c->n_real, f = c->feature;
  double squares = 0;
  *mean = 0;
  for (size_t i = 0; i < n; i++) *mean += c->real[i][f] / (double)n;
  for (size_t i = 0; i < n; i++) squares += (c->real[i][f] - *mean) * (c->real[i][f] - *mean);
  *sd = sqrt(squares / (double)n);
  for (size_t i = 0; i < c->n_synth; i++)
    if (!isfinite(c->synth[i][f])) return false;
  return isfinite(*sd) && *sd > 1e-10 * fabs(*mean);
}

const vg_frd_version vg_frd_v1 = {
    .metric = "frd", .kind = &vg_radiomics_v1, .mm = 2, .gain = 1, .logarithm = true, .scale = scale};
