/* radiomics_ngtdm.c: features of neighbouring grey tone differences (Amadasun and King 1989): how far each
 * voxel is from the mean of its neighbours. */
#include <math.h>
#include "base/mem.h"
#include "eval/radiomics/radiomics_family.h"

/* The levels that have a voxel with a neighbour. */
typedef struct tones {
  int n;
  double *value, *share, *gap; /* (n) level, share of the voxels, sum of |level - mean of its neighbours| */
  double voxels, all_gaps;
} tones;

static void add_voxels(const vg_radiomics_levels *l, tones *t) {
  for (size_t i = 0; i < l->voxels; i++) {
    double sum = 0, n = 0;
    if (!l->at[i]) continue;
    for (int k = 0; k < 2 * l->n_steps; k++) {
      const unsigned beside = l->at[(ptrdiff_t)i + (k & 1 ? -l->step[k / 2] : l->step[k / 2])];
      if (!beside) continue;
      sum += l->value[beside - 1];
      n++;
    }
    if (!(n > 0)) continue;
    t->share[l->at[i] - 1]++;
    t->gap[l->at[i] - 1] += fabs(l->value[l->at[i] - 1] - sum / n);
  }
  for (int k = 0; k < l->n; k++) {
    if (!(t->share[k] > 0)) continue;
    t->value[t->n] = l->value[k];
    t->share[t->n] = t->share[k];
    t->gap[t->n] = t->gap[k];
    t->voxels += t->share[k];
    t->all_gaps += t->gap[k];
    t->n++;
  }
  for (int k = 0; k < t->n; k++) t->share[k] /= t->voxels;
}

vg_status vg_radiomics_ngtdm(const vg_radiomics_levels *l, double out[5]) {
  const size_t n = (size_t)l->n;
  double *block = vg_calloc(3 * n, sizeof *block);
  if (!block) return VG_MEMORY;
  tones t = {.value = block, .share = block + n, .gap = block + 2 * n};
  add_voxels(l, &t);
  double weighted = 0, apart = 0, spread = 0, complexity = 0, strength = 0;
  for (int i = 0; i < t.n; i++) {
    weighted += t.share[i] * t.gap[i];
    for (int j = 0; j < t.n; j++) {
      const double d = t.value[i] - t.value[j], both = t.share[i] + t.share[j];
      apart += fabs(t.value[i] * t.share[i] - t.value[j] * t.share[j]);
      spread += t.share[i] * t.share[j] * d * d;
      complexity += fabs(d) * (t.share[i] * t.gap[i] + t.share[j] * t.gap[j]) / both;
      strength += both * d * d;
    }
  }
  const double known = t.n;
  out[0] = apart > 0 ? weighted / apart : 0;                                     /* Busyness */
  out[1] = weighted > 0 ? 1 / weighted : 1e6;                                    /* Coarseness */
  out[2] = t.voxels > 0 ? complexity / t.voxels : NAN;                           /* Complexity */
  out[3] = t.n > 1 ? spread * t.all_gaps / t.voxels / (known * (known - 1)) : 0; /* Contrast */
  out[4] = t.all_gaps > 0 ? strength / t.all_gaps : 0;                           /* Strength */
  vg_free(block);
  return VG_OK;
}

static vg_status compute(const vg_radiomics_region *r, double *out) {
  return vg_radiomics_ngtdm(r->levels, out);
}

const vg_radiomics_family vg_radiomics_family_ngtdm = {
    "ngtdm", {"Busyness", "Coarseness", "Complexity", "Contrast", "Strength"}, compute};
