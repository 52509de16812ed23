/* set_mmd.c: maximum mean discrepancy. */
#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/dot.h"
#include "base/number/order_statistic.h"
#include "base/number/statistic.h"
#include "base/simd.h"
#include "eval/set/set_distance.h"

typedef struct kernel {
  size_t n;
  const double *k; /* (n, n) */
} kernel;

/* How often a list names each of n points, and the number of pairs of two different points. */
static double count_copies(const size_t *points, size_t n_points, double *copies, size_t n) {
  double pairs = (double)n_points * (double)n_points;
  memset(copies, 0, n * sizeof *copies);
  for (size_t i = 0; i < n_points; i++) copies[points[i]]++;
  for (size_t i = 0; i < n; i++) pairs -= copies[i] * copies[i];
  return pairs / 2;
}

/* With the copies of each point as weights, all three sums are inner products of whole rows of the kernel. */
VG_HOT static double mmd(const kernel *s, const double *a, double pairs_a, const double *b, double pairs_b,
                         double between) {
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < s->n; i++) {
    const double *row = s->k + i * s->n, with_b = vg_dot_f64(row, b, s->n);
    if (a[i] > 0) {
      aa += a[i] * (vg_dot_f64(row, a, s->n) - a[i] * row[i]);
      ab += a[i] * with_b;
    }
    bb += b[i] * (with_b - b[i] * row[i]);
  }
  /* Without a pair of different points, it is a point's value with itself. */
  return (pairs_a > 0 ? aa / (2 * pairs_a) : 1) + (pairs_b > 0 ? bb / (2 * pairs_b) : 1) - 2 * ab / between;
}

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const kernel *s = space;
  double *copies = vg_malloc(2 * s->n, sizeof *copies);
  if (!copies) return VG_MEMORY;
  const double pairs_a = count_copies(a, n, copies, s->n), pairs_b = count_copies(b, m, copies + s->n, s->n);
  *out = mmd(s, copies, pairs_a, copies + s->n, pairs_b, (double)n * (double)m);
  vg_free(copies);
  return VG_OK;
}

static vg_status median_distance(const double *squared, size_t n, double *out) {
  size_t pairs = 0;
  double *all = vg_malloc(n * (n - 1) / 2, sizeof *all);
  if (!all) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) all[pairs++] = sqrt(squared[i * n + j]);
  }
  vg_sort_f64(all, pairs);
  *out = vg_statistic_median_sorted(all, pairs);
  vg_free(all);
  return VG_OK;
}

static void fill_kernel(const double *squared, size_t n, double median, double *k) {
  for (size_t i = 0; i < n; i++) {
    k[i * n + i] = 1;
    for (size_t j = 0; j < i; j++) {
      const double d2 = squared[i * n + j];
      /* If half of all points coincide, the kernel only shows whether two points are equal. */
      k[i * n + j] = k[j * n + i] = median > 0 ? exp(-d2 / (2 * median * median)) : !(d2 > 0);
    }
  }
}

vg_status vg_set_mmd(const vg_set_space *s, vg_set_distance *out) {
  const size_t n = s->n_real + s->n_synth;
  double median, *k = vg_malloc(n * n, sizeof *k);
  vg_status st = k ? median_distance(s->pooled, n, &median) : VG_MEMORY;
  if (!st) {
    fill_kernel(s->pooled, n, median, k);
    st = vg_set_distance_measure(distance, &(kernel){n, k}, s->n_real, s->n_synth, true, out);
  }
  vg_free(k);
  return st;
}
