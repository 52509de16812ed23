/* radiomics_glcm.c: features of the grey level co-occurrence matrix (Haralick et al. 1973): how often two
 * levels are neighbours in a direction, counted both ways. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "eval/radiomics/radiomics_family.h"

/* Entropies that differ by less are equal. */
#define ROUNDING 1e-12

/* Sums over one direction's matrix. */
typedef struct pairs {
  const vg_radiomics_levels *l;
  double *p;        /* (n, n) */
  double *marginal; /* (n) of the rows, and of the columns: the matrix is symmetric */
  double *sum;      /* (2 most + 1) by the sum of the two levels */
  double *gap;      /* (most) by their difference */
} pairs;

static double entropy_of(const double *p, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    if (p[i] > 0) sum -= p[i] * log2(p[i] + VG_LEVEL_EPS);
  return sum;
}

/* Scales the matrix to sum 1, and sums it up along its rows and diagonals. */
static void sum_up(const pairs *m, double total) {
  const vg_radiomics_levels *l = m->l;
  const size_t n = (size_t)l->n, most = (size_t)l->most;
  memset(m->marginal, 0, n * sizeof *m->marginal);
  memset(m->sum, 0, (2 * most + 1) * sizeof *m->sum);
  memset(m->gap, 0, most * sizeof *m->gap);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      double *p = &m->p[i * n + j];
      if (!(*p > 0)) continue;
      *p /= total;
      m->marginal[i] += *p;
      m->sum[(size_t)(l->value[i] + l->value[j])] += *p;
      m->gap[(size_t)fabs(l->value[i] - l->value[j])] += *p;
    }
  }
}

enum {
  AUTOCORRELATION,
  PROMINENCE,
  SHADE,
  TENDENCY,
  CONTRAST,
  CORRELATION,
  DIFFERENCE_AVERAGE,
  DIFFERENCE_ENTROPY,
  DIFFERENCE_VARIANCE,
  ID,
  IDM,
  IDMN,
  IDN,
  IMC1,
  IMC2,
  INVERSE_VARIANCE,
  JOINT_AVERAGE,
  JOINT_ENERGY,
  JOINT_ENTROPY,
  MAXIMUM_PROBABILITY,
  SUM_ENTROPY,
  SUM_SQUARES,
  FEATURES
};

static void from_gaps(const pairs *m, double out[FEATURES]) {
  const double levels = m->l->most;
  for (size_t k = 0; k < (size_t)m->l->most; k++) {
    const double p = m->gap[k], d = (double)k;
    if (!(p > 0)) continue;
    out[CONTRAST] += p * d * d;
    out[DIFFERENCE_AVERAGE] += p * d;
    out[ID] += p / (1 + d);
    out[IDM] += p / (1 + d * d);
    out[IDMN] += p / (1 + d * d / (levels * levels));
    out[IDN] += p / (1 + d / levels);
    if (k) out[INVERSE_VARIANCE] += p / (d * d);
  }
  for (size_t k = 0; k < (size_t)m->l->most; k++)
    out[DIFFERENCE_VARIANCE] +=
        m->gap[k] * ((double)k - out[DIFFERENCE_AVERAGE]) * ((double)k - out[DIFFERENCE_AVERAGE]);
  out[DIFFERENCE_ENTROPY] = entropy_of(m->gap, (size_t)m->l->most);
}

static void from_pairs(const pairs *m, double out[FEATURES]) {
  const vg_radiomics_levels *l = m->l;
  const size_t n = (size_t)l->n;
  double mean = 0, variance = 0, together = 0;
  for (size_t i = 0; i < n; i++) mean += m->marginal[i] * l->value[i];
  for (size_t i = 0; i < n; i++) variance += m->marginal[i] * (l->value[i] - mean) * (l->value[i] - mean);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      const double p = m->p[i * n + j], a = l->value[i], b = l->value[j], c = a + b - 2 * mean;
      if (!(p > 0)) continue;
      out[AUTOCORRELATION] += p * a * b;
      out[TENDENCY] += p * c * c;
      out[SHADE] += p * c * c * c;
      out[PROMINENCE] += p * c * c * c * c;
      out[JOINT_ENERGY] += p * p;
      out[MAXIMUM_PROBABILITY] = fmax(out[MAXIMUM_PROBABILITY], p);
      together += p * (a - mean) * (b - mean);
    }
  }
  out[JOINT_AVERAGE] = mean;
  out[SUM_SQUARES] = variance;
  out[CORRELATION] = variance > 0 ? together / (variance + VG_LEVEL_EPS) : 1;
}

/* One direction. IMC2 is 0 where the two levels of a pair are independent, as with one level alone. */
static void measure(const pairs *m, double out[FEATURES]) {
  memset(out, 0, FEATURES * sizeof *out);
  from_gaps(m, out);
  from_pairs(m, out);
  const size_t n = (size_t)m->l->n;
  const double hx = entropy_of(m->marginal, n), hxy = entropy_of(m->p, n * n);
  out[JOINT_ENTROPY] = hxy;
  out[SUM_ENTROPY] = entropy_of(m->sum, 2 * (size_t)m->l->most + 1);
  /* HXY1 and HXY2 are both the entropy of the product of the marginals, twice hx. */
  out[IMC1] = hx > 0 ? (hxy - 2 * hx) / hx : 0;
  const double shared = 2 * hx - hxy;
  out[IMC2] = shared > ROUNDING ? sqrt(1 - exp(-2 * shared)) : 0;
}

vg_status vg_radiomics_glcm(const vg_radiomics_levels *l, double out[22]) {
  const size_t n = (size_t)l->n, most = (size_t)l->most;
  double sum[FEATURES] = {0}, known[FEATURES] = {0}, one[FEATURES];
  double *block = vg_malloc(n * n + n + 3 * most + 1, sizeof *block);
  if (!block) return VG_MEMORY;
  const pairs m = {l, block, block + n * n, block + n * n + n, block + n * n + n + 2 * most + 1};
  for (int k = 0; k < l->n_steps; k++) {
    const double total = vg_radiomics_levels_pairs(l, l->step[k], m.p);
    if (!(total > 0)) continue;
    sum_up(&m, total);
    measure(&m, one);
    for (int f = 0; f < FEATURES; f++) {
      if (isnan(one[f])) continue;
      sum[f] += one[f];
      known[f]++;
    }
  }
  for (int f = 0; f < FEATURES; f++) out[f] = known[f] > 0 ? sum[f] / known[f] : NAN;
  vg_free(block);
  return VG_OK;
}

static vg_status compute(const vg_radiomics_region *r, double *out) {
  return vg_radiomics_glcm(r->levels, out);
}

const vg_radiomics_family vg_radiomics_family_glcm = {"glcm",
                                                      {"Autocorrelation",
                                                       "ClusterProminence",
                                                       "ClusterShade",
                                                       "ClusterTendency",
                                                       "Contrast",
                                                       "Correlation",
                                                       "DifferenceAverage",
                                                       "DifferenceEntropy",
                                                       "DifferenceVariance",
                                                       "Id",
                                                       "Idm",
                                                       "Idmn",
                                                       "Idn",
                                                       "Imc1",
                                                       "Imc2",
                                                       "InverseVariance",
                                                       "JointAverage",
                                                       "JointEnergy",
                                                       "JointEntropy",
                                                       "MaximumProbability",
                                                       "SumEntropy",
                                                       "SumSquares"},
                                                      compute};
