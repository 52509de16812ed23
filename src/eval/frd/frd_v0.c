/* frd_v0.c: FRD v0 (Osuala et al. 2024), as frd-score 1.0 computes it with version v0: features from 0 to
 * RANGE over both sets together; an undefined one counts as RANGE / 2. Constant features are dropped, which
 * does not change the distance. Grey levels are 25 wide in whatever units images have, so intensities are
 * scaled as in images of 8 bits, from 0 to 255. */
#include <math.h>
#include "eval/frd/frd.h"

#define RANGE 7.45670747756958

static bool scale(const vg_frd_column *c, double *least, double *unit) {
  double most = -(double)INFINITY;
  *least = (double)INFINITY;
  for (size_t i = 0; i < c->n_real + c->n_synth; i++) {
    const double v = (i < c->n_real ? c->real[i] : c->synth[i - c->n_real])[c->feature];
    if (!isfinite(v)) continue;
    *least = fmin(*least, v);
    most = fmax(most, v);
  }
  *unit = (most - *least) / RANGE;
  return *unit > 0;
}

const vg_frd_version vg_frd_v0 = {.metric = "frd_v0",
                                  .kind = &vg_radiomics_v0,
                                  .offset = 1,
                                  .gain = 127.5,
                                  .undefined = RANGE / 2,
                                  .scale = scale};
