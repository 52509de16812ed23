/* contrast.c: a normal distribution for each contrast and part. */
#include "prep/randomise/contrast.h"

#include <math.h>

#include "base/number/order_statistic.h"
#include "base/number/extent.h"
#include "base/simd.h"
#include "prep/randomise/blur.h"

#define KINDS (VG_KINDS_MAX + 1)
/* Two thirds of a normal distribution lie above, and two thirds below. */
#define THIRD 0.4307273f
#define AIR 0.15 /* the brightest background */

/* The class of each contrast, that of its first kind; those of a lesion and of tissue outside the brain count
 * as none. Returns the last class. */
static int classes_of(const vg_kinds *kinds, uint8_t klass[VG_CONTRASTS_MAX]) {
  int last = 0;
  for (int c = 0; c < VG_CONTRASTS_MAX; c++) klass[c] = 0;
  for (int i = kinds->n; i > 0; i--) {
    if (kinds->lesion[i] || kinds->outside[i]) continue;
    klass[kinds->contrast[i]] = kinds->klass[i];
    if (kinds->klass[i] > last) last = kinds->klass[i];
  }
  return last;
}

/* So many classes are drawn at least, used or not, so that a key means the same contrasts whatever is
 * labelled. */
#define DRAWN 32
#define TRIES 64 /* for a mean that keeps its distance; a gap may leave no room */

/* A mean at least `gap` from those of n classes. */
static float mean_apart(const vg_randomise *how, double gap, vg_rng *r, const double *before, int n) {
  double m = 0;
  bool close = true;
  for (int t = 0; t < TRIES && close; t++) {
    m = vg_rng_uniform(r, how->mean[0], how->mean[1]);
    close = false;
    for (int k = 0; k < n && !close; k++) close = fabs(m - before[k]) < gap;
  }
  return (float)m;
}

typedef struct lesion_draw {
  const vg_randomise *how;
  const double *classes; /* their means, n */
  int n;
} lesion_draw;

/* One mean for each contrast of a lesion. */
static void draw_lesions(const lesion_draw *d, const vg_kinds *kinds, vg_rng *r,
                         float mean[VG_CONTRAST_CLUSTERS_MAX][VG_CONTRASTS_MAX]) {
  bool lesion[VG_CONTRASTS_MAX] = {false}, any = false;
  for (int i = 1; i <= kinds->n; i++) {
    lesion[kinds->contrast[i]] |= kinds->lesion[i];
    any |= kinds->lesion[i];
  }
  if (!any) return;
  const double alike = vg_rng_uniform(r, d->how->tumour_likeness, 1);
  const double common = (double)mean_apart(d->how, d->how->tumour_gap, r, d->classes, d->n);
  for (int c = 1; c < VG_CONTRASTS_MAX; c++) {
    if (!lesion[c]) continue;
    const double own = (double)mean_apart(d->how, d->how->tumour_gap, r, d->classes, d->n);
    for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++)
      mean[k][c] = (float)(alike * common + (1 - alike) * own);
  }
}

void vg_contrast_draw(const vg_randomise *how, const vg_kinds *kinds, vg_rng *r, vg_contrast *out) {
  float mean[VG_CONTRAST_CLUSTERS_MAX][VG_CONTRASTS_MAX], sd[VG_CONTRASTS_MAX];
  const bool black = vg_rng_uniform(r, 0, 1) < 0.5;
  const float air = (float)vg_rng_uniform(r, 0, AIR);
  for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++) mean[k][0] = black ? 0 : air;
  double shared[VG_CLASSES_MAX + 1];
  uint8_t klass[VG_CONTRASTS_MAX];
  const int last = classes_of(kinds, klass);
  const double alike = vg_rng_uniform(r, how->likeness, 1);
  const int classes = last > DRAWN ? last : DRAWN;
  for (int k = 0; k <= classes; k++)
    shared[k] = mean_apart(how, how->gap, r, shared + 1, k && k <= last ? k - 1 : 0);
  if (how->sorted > 0 && vg_rng_uniform(r, 0, 1) < how->sorted) vg_sort_f64(shared + 1, (size_t)last);
  sd[0] = black ? 0 : air / 4;
  int contrasts = 1 + VG_LABELS_MAX + DRAWN;
  for (int i = 1; i <= kinds->n; i++)
    if (kinds->contrast[i] >= contrasts) contrasts = kinds->contrast[i] + 1;
  for (int c = 1; c < contrasts; c++) {
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
  draw_lesions(&(lesion_draw){how, shared + 1, last}, kinds, r, mean);
  for (int k = 0; k < VG_CONTRAST_CLUSTERS_MAX; k++)
    for (int i = 0; i < KINDS; i++) {
      const int c = i && i <= kinds->n ? kinds->contrast[i] : 0;
      out->mean[k * KINDS + i] = mean[k][c];
      out->sd[k * KINDS + i] = sd[c];
    }
}

/* ---- textures ---- */

void vg_texture_draw(const vg_randomise *how, const vg_contrast *c, const vg_kinds *kinds, vg_rng *r,
                     vg_texture *out) {
  const double which = vg_rng_uniform(r, 0, 1), size = vg_rng_uniform(r, 1.0 / 3, 1);
  *out = (vg_texture){0};
  if (which < how->tumour_ring) {
    double lesions[VG_KINDS_MAX];
    int n = 0;
    for (int i = 1; i <= kinds->n; i++)
      if (kinds->lesion[i]) lesions[n++] = (double)c->mean[i];
    out->rim_mm = size * how->tumour_rim_mm;
    out->rim = mean_apart(how, how->tumour_gap, r, lesions, n);
  } else if (which < how->tumour_ring + how->tumour_mottled) {
    out->mottle = size * how->tumour_mottle;
  }
}

void vg_texture_rim(const vg_texture *t, const vg_contrast *c, const vg_kinds *table, const uint8_t *kinds,
                    const int dim[3], const double mm[3], float *shape, float *work, float *v) {
  /* At a depth of one standard deviation, a blurred half space is the normal distribution of 1. */
  const float level = 0.8413447f;
  const size_t n = vg_extent_voxels(dim);
  for (size_t i = 0; i < n; i++) shape[i] = table->lesion[kinds[i]];
  vg_blur(shape, dim, (const double[3]){t->rim_mm / mm[0], t->rim_mm / mm[1], t->rim_mm / mm[2]}, work);
  for (size_t i = 0; i < n; i++)
    if (table->lesion[kinds[i]] && shape[i] < level) v[i] += t->rim - c->mean[kinds[i]];
}

void vg_texture_mottle(const vg_kinds *table, const uint8_t *kinds, const float *noise, float *v, size_t n) {
  for (size_t i = 0; i < n; i++) v[i] += table->lesion[kinds[i]] ? noise[i] : 0;
}

/* ---- intensities ---- */

VG_HOT void vg_contrast_paint(const vg_contrast *c, const uint8_t *kinds, const float *part, const float *z,
                              float *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const int at = kinds[i] + KINDS * ((part[i] > -THIRD) + (part[i] > THIRD));
    out[i] = c->mean[at] + c->sd[at] * z[i];
  }
}
