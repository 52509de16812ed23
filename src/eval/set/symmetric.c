/* symmetric.c: eigenvalues of a symmetric matrix. LAPACK would become a dependency of the product for this
 * one routine. The matrices have one row per subject. */
#include "eval/set/symmetric.h"

#include <math.h>
#include <stdbool.h>
#include "base/number/order_statistic.h"
#include "base/mem.h"
#include "base/number/dot.h"
#include "base/simd.h"

/* Householder: a's last row, then the one before ... becomes zero left of the subdiagonal. diagonal and
 * below: (n), below[i] lies left of diagonal[i]. */
VG_HOT static void reduce(double *a, size_t n, double *diagonal, double *below, double *p) {
  for (size_t i = n; i-- > 2;) {
    double *v = a + i * n, scale = 0, h = 0;
    for (size_t k = 0; k < i; k++) scale += fabs(v[k]);
    below[i] = v[i - 1];
    diagonal[i] = v[i];
    if (!(scale > 0)) continue;
    for (size_t k = 0; k < i; k++) {
      v[k] /= scale;
      h += v[k] * v[k];
    }
    double g = v[i - 1] > 0 ? -sqrt(h) : sqrt(h);
    below[i] = scale * g;
    h -= v[i - 1] * g;
    v[i - 1] -= g;
    /* p = A v / h, then A -= v q' + q v' with q = p - (v' p / 2 h) v. */
    for (size_t j = 0; j < i; j++) p[j] = 0;
    for (size_t j = 0; j < i; j++) {
      const double *row = a + j * n;
      for (size_t k = 0; k < j; k++) p[k] += row[k] * v[j];
      p[j] += vg_dot_f64(row, v, j) + row[j] * v[j];
    }
    double vp = 0;
    for (size_t j = 0; j < i; j++) {
      p[j] /= h;
      vp += v[j] * p[j];
    }
    for (size_t j = 0; j < i; j++) p[j] -= vp / (2 * h) * v[j];
    for (size_t j = 0; j < i; j++) {
      double *row = a + j * n;
      for (size_t k = 0; k <= j; k++) row[k] -= v[j] * p[k] + p[j] * v[k];
    }
  }
  if (n > 1) {
    diagonal[1] = a[n + 1];
    below[1] = a[n];
  }
  diagonal[0] = a[0];
}

/* Implicit QL with Wilkinson's shift; e[i] lies between d[i] and d[i + 1], e[n - 1] is 0. */
static vg_status iterate(double *d, double *e, size_t n) {
  /* Sets with few dimensions, or with copies of points, give many eigenvalues that are only rounding.
   * Relative to the largest element they are 0; relative to themselves they may never converge, and on the
   * way they become denormal numbers, with which a processor computes a hundred times more slowly. */
  double largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fmax(fabs(d[i]), fabs(e[i])));
  const double least = 1e-16 * largest;
  for (size_t l = 0; l < n; l++) {
    for (int round = 0;; round++) {
      size_t m = l;
      while (m + 1 < n && fabs(e[m]) > least) m++;
      if (m == l) break;
      if (round == 100) return vg_fail(VG_FAILED, "eigenvalues: no convergence");
      double g = (d[l + 1] - d[l]) / (2 * e[l]), r = sqrt(g * g + 1);
      g = d[m] - d[l] + e[l] / (g + copysign(r, g));
      double s = 1, c = 1, p = 0;
      bool split = false;
      for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];
        e[i + 1] = r = sqrt(f * f + g * g);
        if (!(r > 0)) {
          d[i + 1] -= p;
          e[m] = 0;
          split = true;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
      }
      if (split) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return VG_OK;
}

vg_status vg_set_eigenvalues(double *a, size_t n, double *values) {
  if (!n) return VG_OK;
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k <= i; k++) {
      if (!isfinite(a[i * n + k]))
        return vg_fail(VG_FAILED, "cannot compute eigenvalues: the matrix has a value that is not finite");
    }
  }
  double *below = vg_calloc(2 * n, sizeof *below);
  if (!below) return VG_MEMORY;
  reduce(a, n, values, below, below + n);
  for (size_t i = 1; i < n; i++) below[i - 1] = below[i];
  below[n - 1] = 0;
  vg_status st = iterate(values, below, n);
  vg_free(below);
  vg_sort_f64(values, n);
  return st;
}
