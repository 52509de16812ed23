/* set_frechet.c: Frechet distance between two normal distributions with the sets' means and covariances. */
#include <math.h>
#include <string.h>
#include "eval/set/set_distance.h"
#include "eval/set/symmetric.h"
#include "base/mem.h"

typedef struct cloud {
  size_t n, dims;
  const float *rows;  /* (n, dims), standardised */
  const double *gram; /* (n, n) */
} cloud;

/* Sum of the square roots of a matrix's eigenvalues. Only rounding can make one negative. */
static vg_status sum_roots(double *matrix, size_t n, double *out) {
  double *values = vg_malloc(n, sizeof *values);
  vg_status st = values ? vg_set_eigenvalues(matrix, n, values) : VG_MEMORY;
  *out = 0;
  for (size_t i = 0; i < n && !st; i++) *out += sqrt(fmax(values[i], 0));
  vg_free(values);
  return st;
}

/* tr (S1 S2)^1/2 with fewer points than dimensions. With centred rows X and Y, S1 = X'X / (n - 1) and
 * S2 = Y'Y / (m - 1), it is the sum of the singular values of X Y' / sqrt((n - 1)(m - 1)). */
static vg_status root_trace_of_points(const cloud *c, const size_t *a, size_t n, const size_t *b, size_t m,
                                      double *out) {
  if (n > m) return root_trace_of_points(c, b, m, a, n, out);
  double *xy = vg_malloc(n * m + n * n + n + m, sizeof *xy);
  if (!xy) return VG_MEMORY;
  double *square = xy + n * m, *rows = square + n * n, *columns = rows + n, all = 0;
  memset(rows, 0, (n + m) * sizeof *rows);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < m; j++) {
      double v = xy[i * m + j] = c->gram[a[i] * c->n + b[j]];
      rows[i] += v / (double)m;
      columns[j] += v / (double)n;
      all += v / ((double)n * (double)m);
    }
  }
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < m; j++) xy[i * m + j] += all - rows[i] - columns[j];
    for (size_t k = 0; k <= i; k++) {
      double sum = 0;
      for (size_t j = 0; j < m; j++) sum += xy[i * m + j] * xy[k * m + j];
      square[i * n + k] = sum;
    }
  }
  vg_status st = sum_roots(square, n, out);
  *out /= sqrt((double)(n - 1) * (double)(m - 1));
  vg_free(xy);
  return st;
}

/* The lower triangle of the covariance. */
static void covariance(const cloud *c, const size_t *a, size_t n, double *mean, double *out) {
  size_t d = c->dims;
  memset(mean, 0, d * sizeof *mean);
  memset(out, 0, d * d * sizeof *out);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < d; k++) mean[k] += (double)c->rows[a[i] * d + k] / (double)n;
  }
  for (size_t i = 0; i < n; i++) {
    const float *v = c->rows + a[i] * d;
    for (size_t k = 0; k < d; k++) {
      double scaled = ((double)v[k] - mean[k]) / (double)(n - 1);
      for (size_t l = 0; l <= k; l++) out[k * d + l] += scaled * ((double)v[l] - mean[l]);
    }
  }
}

/* S = L L' in place. A pivot that is only rounding belongs to a dimension that depends on others; its column
 * becomes 0. */
static void cholesky(double *s, size_t d) {
  double largest = 0;
  for (size_t k = 0; k < d; k++) largest = fmax(largest, s[k * d + k]);
  for (size_t k = 0; k < d; k++) {
    double pivot = s[k * d + k];
    for (size_t j = 0; j < k; j++) pivot -= s[k * d + j] * s[k * d + j];
    double root = pivot > 1e-12 * largest ? sqrt(pivot) : 0;
    s[k * d + k] = root;
    for (size_t i = k + 1; i < d; i++) {
      double v = s[i * d + k];
      for (size_t j = 0; j < k; j++) v -= s[i * d + j] * s[k * d + j];
      s[i * d + k] = root > 0 ? v / root : 0;
    }
  }
}

/* tr (S1 S2)^1/2 with more points than dimensions: with S1 = L L', the eigenvalues of S1 S2 are those of
 * L' S2 L. */
static vg_status root_trace_of_covariances(const cloud *c, const size_t *a, size_t n, const size_t *b,
                                           size_t m, double *out) {
  size_t d = c->dims;
  double *l = vg_malloc(3 * d * d + d, sizeof *l);
  if (!l) return VG_MEMORY;
  double *s = l + d * d, *sl = s + d * d, *mean = sl + d * d;
  covariance(c, a, n, mean, l);
  cholesky(l, d);
  covariance(c, b, m, mean, s);
  for (size_t i = 0; i < d; i++) {
    for (size_t k = 0; k < d; k++) {
      double sum = 0;
      for (size_t j = k; j < d; j++) sum += (j <= i ? s[i * d + j] : s[j * d + i]) * l[j * d + k];
      sl[i * d + k] = sum;
    }
  }
  for (size_t i = 0; i < d; i++) {
    for (size_t k = 0; k <= i; k++) {
      double sum = 0;
      for (size_t j = i; j < d; j++) sum += l[j * d + i] * sl[j * d + k];
      s[i * d + k] = sum;
    }
  }
  vg_status st = sum_roots(s, d, out);
  vg_free(l);
  return st;
}

static double mean_between(const cloud *c, const size_t *a, size_t n, const size_t *b, size_t m) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < m; j++) sum += c->gram[a[i] * c->n + b[j]];
  }
  return sum / ((double)n * (double)m);
}

/* Trace of the covariance; within: mean of the inner products of all pairs. */
static double variance(const cloud *c, const size_t *a, size_t n, double within) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += c->gram[a[i] * c->n + a[i]];
  return (sum - (double)n * within) / (double)(n - 1);
}

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const cloud *c = space;
  bool few = n <= c->dims || m <= c->dims;
  double root_trace = 0;
  vg_status st = few ? root_trace_of_points(c, a, n, b, m, &root_trace)
                     : root_trace_of_covariances(c, a, n, b, m, &root_trace);
  double aa = mean_between(c, a, n, a, n), bb = mean_between(c, b, m, b, m);
  double apart = aa + bb - 2 * mean_between(c, a, n, b, m);
  *out = fmax(apart + variance(c, a, n, aa) + variance(c, b, m, bb) - 2 * root_trace, 0);
  return st;
}

vg_status vg_set_frechet(const vg_points *p, vg_set_distance *out) {
  cloud c = {.n = p->n_real + p->n_synth, .dims = p->dims};
  float *rows = vg_set_points_standardised(p, false);
  double *gram = rows ? vg_set_points_gram(rows, c.n, c.dims) : NULL;
  c.rows = rows;
  c.gram = gram;
  vg_status st = gram ? vg_set_distance_measure(distance, &c, p->n_real, p->n_synth, false, out) : VG_MEMORY;
  vg_free(rows);
  vg_free(gram);
  return st;
}
