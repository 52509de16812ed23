/* set_frechet.c: Frechet distance between two normal distributions with the sets' means and covariances. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "eval/set/set_distance.h"
#include "eval/set/symmetric.h"
#include "base/mem.h"
#include "base/number/dot.h"
#include "base/simd.h"

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

/* A list of points in which copies are counted. */
typedef struct weighted {
  size_t n;
  size_t *point;  /* (n) */
  double *weight; /* (n), copies of each */
} weighted;

/* Merges the copies among n points. room: n of each array of w. */
static void merge_copies(const size_t *points, size_t n, weighted *w) {
  w->n = 0;
  for (size_t i = 0; i < n; i++) {
    if (w->n && w->point[w->n - 1] == points[i]) {
      w->weight[w->n - 1]++;
    } else {
      w->point[w->n] = points[i];
      w->weight[w->n++] = 1;
    }
  }
}

/* The inner products of a's points with b's, both centred, each row and column times the root of its weight:
 * (a->n, b->n). */
static void centred_products(const cloud *c, const weighted *a, double n, const weighted *b, double m,
                             double *xy, double *rows, double *columns) {
  double all = 0;
  memset(rows, 0, a->n * sizeof *rows);
  memset(columns, 0, b->n * sizeof *columns);
  for (size_t i = 0; i < a->n; i++) {
    for (size_t j = 0; j < b->n; j++) {
      const double v = xy[i * b->n + j] = c->gram[a->point[i] * c->n + b->point[j]];
      rows[i] += v * b->weight[j] / m;
      columns[j] += v * a->weight[i] / n;
    }
    all += rows[i] * a->weight[i] / n;
  }
  for (size_t j = 0; j < b->n; j++) columns[j] -= all;
  for (size_t i = 0; i < a->n; i++) {
    for (size_t j = 0; j < b->n; j++)
      xy[i * b->n + j] = (xy[i * b->n + j] - rows[i] - columns[j]) * sqrt(a->weight[i] * b->weight[j]);
  }
}

/* The lower triangle of X X', (n, n), of X (n, m). */
VG_HOT static void square_of(const double *x, size_t n, size_t m, double *out) {
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k <= i; k++) out[i * n + k] = vg_dot_f64(x + i * m, x + k * m, m);
  }
}

/* tr (S1 S2)^1/2 with fewer points than dimensions. With centred rows X and Y, S1 = X'X / (n - 1) and
 * S2 = Y'Y / (m - 1), it is the sum of the singular values of X Y' / sqrt((n - 1)(m - 1)). w copies of a row
 * have the same singular values as that row times sqrt(w), so a resample takes the time of its distinct
 * points, 63 %. */
static vg_status root_trace_of_points(const cloud *c, const size_t *a, size_t n, const size_t *b, size_t m,
                                      double *out) {
  if (n > m) return root_trace_of_points(c, b, m, a, n, out);
  double *room = vg_malloc(n * m + n * n + 2 * n + 2 * m, sizeof *room);
  size_t *points = vg_malloc(n + m, sizeof *points);
  vg_status st = room && points ? VG_OK : VG_MEMORY;
  if (!st) {
    double *xy = room, *square = xy + n * m, *sums = square + n * n, *weights = sums + n + m;
    weighted wa = {0, points, weights}, wb = {0, points + n, weights + n};
    merge_copies(a, n, &wa);
    merge_copies(b, m, &wb);
    centred_products(c, &wa, (double)n, &wb, (double)m, xy, sums, sums + n);
    square_of(xy, wa.n, wb.n, square);
    st = sum_roots(square, wa.n, out);
    *out /= sqrt((double)(n - 1) * (double)(m - 1));
  }
  vg_free(room);
  vg_free(points);
  return st;
}

/* The covariance, (d, d), from the points' inner products by dimension. room: (d, n) values and d. */
VG_HOT static void covariance(const cloud *c, const size_t *a, size_t n, double *room, double *out) {
  const size_t d = c->dims;
  for (size_t k = 0; k < d; k++) {
    double *values = room + k * n, mean = 0;
    for (size_t i = 0; i < n; i++) mean += (values[i] = (double)c->rows[a[i] * d + k]) / (double)n;
    for (size_t i = 0; i < n; i++) values[i] -= mean;
    for (size_t l = 0; l <= k; l++)
      out[k * d + l] = out[l * d + k] = vg_dot_f64(values, room + l * n, n) / (double)(n - 1);
  }
}

/* S = L L' in place, with zeros above the diagonal. A pivot that is only rounding belongs to a dimension that
 * depends on others; its column becomes 0. */
VG_HOT static void cholesky(double *s, size_t d) {
  double largest = 0;
  for (size_t k = 0; k < d; k++) largest = fmax(largest, s[k * d + k]);
  for (size_t k = 0; k < d; k++) {
    double *row = s + k * d;
    const double pivot = row[k] - vg_dot_f64(row, row, k);
    const double root = pivot > 1e-12 * largest ? sqrt(pivot) : 0;
    row[k] = root;
    for (size_t i = k + 1; i < d; i++) {
      double *to = s + i * d;
      to[k] = root > 0 ? (to[k] - vg_dot_f64(to, row, k)) / root : 0;
      row[i] = 0;
    }
  }
}

/* out = X Y' of (d, d) matrices. */
VG_HOT static void product(const double *x, const double *y, size_t d, double *out) {
  for (size_t i = 0; i < d; i++) {
    for (size_t k = 0; k < d; k++) out[i * d + k] = vg_dot_f64(x + i * d, y + k * d, d);
  }
}

static void transpose(double *x, size_t d) {
  for (size_t i = 0; i < d; i++) {
    for (size_t k = 0; k < i; k++) {
      const double kept = x[i * d + k];
      x[i * d + k] = x[k * d + i];
      x[k * d + i] = kept;
    }
  }
}

/* tr (S1 S2)^1/2 with more points than dimensions: with S1 = L L', the eigenvalues of S1 S2 are those of
 * L' S2 L. */
static vg_status root_trace_of_covariances(const cloud *c, const size_t *a, size_t n, const size_t *b,
                                           size_t m, double *out) {
  const size_t d = c->dims;
  double *l = vg_malloc(3 * d * d + d * (n > m ? n : m), sizeof *l);
  if (!l) return VG_MEMORY;
  double *s = l + d * d, *ls = s + d * d, *room = ls + d * d;
  covariance(c, a, n, room, l);
  cholesky(l, d);
  transpose(l, d);
  covariance(c, b, m, room, s);
  product(l, s, d, ls);
  product(ls, l, d, s);
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

vg_status vg_set_frechet(const vg_set_space *s, vg_set_distance *out) {
  const cloud c = {s->n_real + s->n_synth, s->dims, s->rows, s->gram};
  vg_status st = vg_set_distance_measure(distance, &c, s->n_real, s->n_synth, false, out);
  out->biased = s->n_real <= s->dims || s->n_synth <= s->dims;
  return st;
}
