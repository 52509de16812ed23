/* order_statistic.c: order statistics; for floats, without sorting. */
#include "base/number/order_statistic.h"
#include "base/whole.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/float_order.h"

/* Returns the k-th smallest value and moves all smaller values before it (Hoare's FIND with a median of
 * three). */
static float select_kth(float *v, size_t n, size_t kth) {
  ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1, k = (ptrdiff_t)kth;
  while (lo < hi) {
    float a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi];
    float pivot = fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
    ptrdiff_t i = lo, j = hi;
    do {
      while (v[i] < pivot) i++;
      while (pivot < v[j]) j--;
      if (i > j) break;
      float t = v[i];
      v[i++] = v[j];
      v[j--] = t;
    } while (i <= j);
    if (j < k) lo = i;
    if (k < i) hi = j;
  }
  return v[k];
}

float vg_percentile_f32(float *values, size_t n, double p) {
  if (!n) return NAN;
  double at = p / 100 * (double)(n - 1);
  size_t k = vg_rank_of(at, n);
  float low = select_kth(values, n, k);
  if (k + 1 == n) return low;
  float next = values[k + 1];
  for (size_t i = k + 2; i < n; i++) next = fminf(next, values[i]);
  return (float)((double)low + (at - (double)k) * ((double)next - (double)low));
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void vg_sort_f64(double *v, size_t n) {
  if (n) qsort(v, n, sizeof *v, ascending);
}

double vg_quantile_f64(const double *sorted, size_t n, double q) {
  double at = q * (double)(n - 1);
  size_t i = vg_rank_of(at, n);
  return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* ---- by the bits of the values ---- */

#define VALUES 65536 /* of 16 bits */

/* The rank-th smallest (from 0), exactly, from a histogram of the upper and one of the lower 16 bits. */
static float order_statistic(const uint32_t *keys, size_t n, const uint32_t *upper, uint32_t *lower,
                             size_t rank) {
  uint32_t bin = 0;
  while (rank >= upper[bin]) rank -= upper[bin++];
  memset(lower, 0, VALUES * sizeof *lower);
  for (size_t i = 0; i < n; i++)
    if (keys[i] >> 16 == bin) lower[keys[i] & 0xffff]++;
  uint32_t low = 0;
  while (rank >= lower[low]) rank -= lower[low++];
  return vg_float_of_order(bin << 16 | low);
}

vg_status vg_percentiles(const float *v, const uint8_t *mask, size_t n, const double percent[2],
                         double out[2]) {
  size_t m = 0;
  for (size_t i = 0; i < n; i++) m += mask[i];
  uint32_t *keys = vg_malloc(m, sizeof *keys), *bins = vg_calloc(2 * VALUES, sizeof *bins);
  vg_status st = VG_OK;
  out[0] = out[1] = 0;
  if (!m) goto out;
  if (!keys || !bins) {
    st = VG_MEMORY;
    goto out;
  }
  m = 0;
  for (size_t i = 0; i < n; i++)
    if (mask[i]) keys[m++] = vg_float_order(v[i]);
  for (size_t i = 0; i < m; i++) bins[keys[i] >> 16]++;
  for (int k = 0; k < 2; k++) {
    double at = percent[k] / 100 * (double)(m - 1);
    size_t rank = vg_rank_of(at, m);
    double a = order_statistic(keys, m, bins, bins + VALUES, rank), b = a;
    if (rank + 1 < m && at > (double)rank) b = order_statistic(keys, m, bins, bins + VALUES, rank + 1);
    out[k] = a + (b - a) * (at - (double)rank);
  }
out:
  vg_free(keys);
  vg_free(bins);
  return st;
}
