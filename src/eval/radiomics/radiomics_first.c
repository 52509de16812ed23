/* radiomics_first.c: first-order features: the distribution of a region's intensities. */
#include <math.h>
#include "base/number/order_statistic.h"
#include "eval/radiomics/radiomics_family.h"

/* The mean absolute deviation of sorted[from] to sorted[to - 1]. */
static double deviation(const double *sorted, size_t from, size_t to) {
  double mean = 0, sum = 0;
  for (size_t i = from; i < to; i++) mean += sorted[i];
  mean /= (double)(to - from);
  for (size_t i = from; i < to; i++) sum += fabs(sorted[i] - mean);
  return sum / (double)(to - from);
}

void vg_radiomics_first_order(double *v, size_t n, const vg_radiomics_levels *l, double shift,
                              double voxel_mm3, double out[18]) {
  double mean = 0, energy = 0, m2 = 0, m3 = 0, m4 = 0, entropy = 0, uniformity = 0;
  const double count = (double)n;
  vg_sort_f64(v, n);
  for (size_t i = 0; i < n; i++) {
    mean += v[i] / count;
    energy += (v[i] + shift) * (v[i] + shift);
  }
  if (!(v[n - 1] > v[0])) mean = v[0]; /* without the rounding of a sum */
  for (size_t i = 0; i < n; i++) {
    const double d = v[i] - mean;
    m2 += d * d / count;
    m3 += d * d * d / count;
    m4 += d * d * d * d / count;
  }
  for (int k = 0; k < l->n; k++) {
    const double p = l->count[k] / count;
    entropy -= p * log2(p + VG_LEVEL_EPS);
    uniformity += p * p;
  }
  const double p10 = vg_quantile_f64(v, n, 0.1), p90 = vg_quantile_f64(v, n, 0.9);
  size_t from = 0, to = n;
  while (v[from] < p10) from++;
  while (v[to - 1] > p90) to--;
  out[0] = p10;
  out[1] = p90;
  out[2] = energy;
  out[3] = entropy;
  out[4] = vg_quantile_f64(v, n, 0.75) - vg_quantile_f64(v, n, 0.25);
  out[5] = m2 > 0 ? m4 / (m2 * m2) : 0;
  out[6] = v[n - 1];
  out[7] = deviation(v, 0, n);
  out[8] = mean;
  out[9] = vg_quantile_f64(v, n, 0.5);
  out[10] = v[0];
  out[11] = v[n - 1] - v[0];
  out[12] = deviation(v, from, to);
  out[13] = sqrt(energy / count);
  out[14] = m2 > 0 ? m3 / pow(m2, 1.5) : 0;
  out[15] = energy * voxel_mm3;
  out[16] = uniformity;
  out[17] = m2;
}

static vg_status compute(const vg_radiomics_region *r, double *out) {
  const double voxel_mm3 = r->mm[0] * r->mm[1] * r->mm[2];
  vg_radiomics_first_order(r->values, r->levels->n_inside, r->levels, r->shift, voxel_mm3, out);
  return VG_OK;
}

const vg_radiomics_family vg_radiomics_family_firstorder = {
    "firstorder",
    {"10Percentile", "90Percentile", "Energy", "Entropy", "InterquartileRange", "Kurtosis", "Maximum",
     "MeanAbsoluteDeviation", "Mean", "Median", "Minimum", "Range", "RobustMeanAbsoluteDeviation",
     "RootMeanSquared", "Skewness", "TotalEnergy", "Uniformity", "Variance"},
    compute};
