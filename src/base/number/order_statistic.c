/* order_statistic.c: order statistics, of floats without sorting. */
#include "base/number/order_statistic.h"
#include "base/whole.h"

#include <math.h>

/* The k-th smallest (Hoare's FIND with a median of three); what is smaller ends up before it. */
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

int vg_ascending_f64(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double vg_quantile_f64(const double *sorted, size_t n, double q) {
  double at = q * (double)(n - 1);
  size_t i = vg_rank_of(at, n);
  return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}
