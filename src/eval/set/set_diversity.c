/* set_diversity.c: measures whether synthetic subjects are more alike than real ones. */
#include <math.h>
#include "eval/set/set_distance.h"

typedef struct likeness {
  size_t n;
  const double *pairs;
} likeness;

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const likeness *s = space;
  *out = vg_set_points_mean_within(s->pairs, s->n, b, m) - vg_set_points_mean_within(s->pairs, s->n, a, n);
  return VG_OK;
}

vg_status vg_set_diversity(const double *pairs, size_t n_real, size_t n_synth, vg_set_distance *out) {
  vg_status st =
      vg_set_distance_measure(distance, &(likeness){n_real + n_synth, pairs}, n_real, n_synth, false, out);
  out->floor = NAN;
  return st;
}
