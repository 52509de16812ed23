/* score.c: means over cases, without values that are not finite. */
#include "run/score/score.h"

#include <math.h>

void vg_score_mean_add(score_mean *m, double v) {
  if (isfinite(v)) m->sum += v, m->n += 1;
}

double vg_score_mean_of(const score_mean *m) {
  return m->n > 0 ? m->sum / m->n : (double)NAN;
}
