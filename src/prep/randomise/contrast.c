/* contrast.c: a normal distribution for each contrast and part. */
#include "prep/randomise/contrast.h"

#include <math.h>

#include "base/number/order_statistic.h"
#include "base/simd.h"

#define KINDS (VG_KINDS_MAX + 1)
/* Two thirds of a normal distribution lie above, and two thirds below. */
#define THIRD 0.4307273f
#define AIR 0.15 /* the brightest background */

/* The class of each contrast, that of its first kind. Returns the last class. */
static int classes_of(const vg_kinds *kinds, uint8_t klass[VG_CONTRASTS_MAX]) {
  int last = 0;
  for (int c = 0; c < VG_CONTRASTS_MAX; c++) klass[c] = 0;
  for (int i = kinds->n; i > 0; i--) {
    klass[kinds->contrast[i]] = kinds->klass[i];
    if (kinds->klass[i] > last) last = kinds->klass[i];
  }
  return last;
}

#define TRIES 64 /* for a mean that keeps its distance; a gap may leave no room */

/* The mean of a class, at least `gap` from those of the n classes before it. */
static float mean_apart(const vg_randomise *how, vg_rng *r, const double *before, int n) {
  double m = 0;
  bool close = true;
  for (int t = 0; t < TRIES && close; t++) {
    m = vg_rng_uniform(r, how->mean[0], how->mean[1]);
    close = false;
    for (int k = 0; k < n && !close; k++) close = fabs(m - before[k]) < how->gap;
  }
  return (float)m;
}

void vg_contrast_draw(const vg_randomise *how, double sorted, const vg_kinds *kinds, vg_rng *r,
                      vg_contrast *out) {
  float mean[VG_CONTRAST_CLUSTERS_MAX][VG_CONTRASTS_MAX], sd[VG_CONTRASTS_MAX];
  const bool black = vg_rng_uniform(r, 0, 1) < 0.5;
  const float air = (float)vg_rng_uniform(r, 0, AIR);
  for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++) mean[k][0] = black ? 0 : air;
  double shared[VG_CLASSES_MAX + 1];
  uint8_t klass[VG_CONTRASTS_MAX];
  const int last = classes_of(kinds, klass);
  const double alike = vg_rng_uniform(r, how->likeness, 1);
  for (int k = 0; k <= VG_CLASSES_MAX; k++)
    shared[k] = mean_apart(how, r, shared + 1, k && k <= last ? k - 1 : 0);
  if (sorted > 0 && vg_rng_uniform(r, 0, 1) < sorted) vg_sort_f64(shared + 1, (size_t)last);
  sd[0] = black ? 0 : air / 4;
  for (int c = 1; c < VG_CONTRASTS_MAX; c++) {
    const double own = vg_rng_uniform(r, how->mean[0], how->mean[1]);
    const double m = klass[c] ? alike * shared[klass[c]] + (1 - alike) * own : own;
    sd[c] = (float)vg_rng_uniform(r, how->sd[0], how->sd[1]);
    const int parts = 1 + (int)vg_rng_below(r, (uint64_t)(how->clusters > 1 ? how->clusters : 1));
    double part[VG_CONTRAST_CLUSTERS_MAX];
    for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++) part[k] = vg_rng_uniform(r, -how->spread, how->spread);
    for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++) {
      const double x = parts == 1 ? m : m + part[k < parts ? k : parts - 1];
      mean[k][c] = (float)(x < 0 ? 0 : x);
    }
  }
  for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++)
    for (int i = 0; i < KINDS; i++) {
      const int c = i && i <= kinds->n ? kinds->contrast[i] : 0;
      out->mean[k * KINDS + i] = mean[k][c];
      out->sd[k * KINDS + i] = sd[c];
    }
}

VG_HOT void vg_contrast_paint(const vg_contrast *c, const uint8_t *kinds, const float *part, const float *z,
                              float *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const int at = kinds[i] + KINDS * ((part[i] > -THIRD) + (part[i] > THIRD));
    out[i] = c->mean[at] + c->sd[at] * z[i];
  }
}
