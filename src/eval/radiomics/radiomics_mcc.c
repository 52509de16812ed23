/* radiomics_mcc.c: the two features of the co-occurrence matrix that only version 0 of FRD counts: the
 * maximal correlation coefficient, and the mean of the sum of two neighbours' levels. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "eval/radiomics/radiomics_family.h"
#include "eval/set/symmetric.h"

/* Divides the matrix by its sum, and computes its marginal and the mean level. */
static double normalise(const vg_radiomics_levels *l, double *p, double total, double *marginal) {
  const size_t n = (size_t)l->n;
  double mean = 0;
  for (size_t i = 0; i < n; i++) {
    marginal[i] = 0;
    for (size_t k = 0; k < n; k++) marginal[i] += p[i * n + k] /= total;
    mean += marginal[i] * l->value[i];
  }
  return mean;
}

/* The root of the second largest eigenvalue of Q(i, j) = sum over k of p(i, k) p(j, k) / (p(i) p(k)). Q has
 * the eigenvalues of S S with S(i, k) = p(i, k) / sqrt(p(i) p(k)), which is symmetric. */
static vg_status correlate(double *p, size_t n, const double *marginal, double *values, double *out) {
  double largest = 0, second = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) p[i * n + k] /= sqrt(marginal[i] * marginal[k] + VG_LEVEL_EPS);
  const vg_status st = vg_set_eigenvalues(p, n, values);
  for (size_t i = 0; i < n && !st; i++) {
    const double v = fabs(values[i]);
    second = v > largest ? largest : fmax(second, v);
    largest = fmax(largest, v);
  }
  *out = n > 1 ? second : 1; /* of one level by definition */
  return st;
}

vg_status vg_radiomics_mcc(const vg_radiomics_levels *l, double out[2]) {
  const size_t n = (size_t)l->n;
  double *p = vg_malloc(n * n + 2 * n, sizeof *p), known = 0, sums[2] = {0};
  vg_status st = p ? VG_OK : VG_MEMORY;
  for (int k = 0; k < l->n_steps && !st; k++) {
    double *marginal = p + n * n, *values = marginal + n, correlation = 0;
    const double total = vg_radiomics_levels_pairs(l, l->step[k], p);
    if (!(total > 0)) continue;
    const double mean = normalise(l, p, total, marginal);
    st = correlate(p, n, marginal, values, &correlation);
    sums[0] += correlation;
    sums[1] += 2 * mean;
    known++;
  }
  for (int f = 0; f < 2; f++) out[f] = known > 0 ? sums[f] / known : NAN;
  vg_free(p);
  return st;
}

static vg_status compute(const vg_radiomics_region *r, double *out) {
  return vg_radiomics_mcc(r->levels, out);
}

const vg_radiomics_family vg_radiomics_family_mcc = {"glcm", {"MCC", "SumAverage"}, compute};
