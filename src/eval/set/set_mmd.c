/* set_mmd.c: maximum mean discrepancy. */
#include <math.h>
#include "base/number/order_statistic.h"
#include "base/number/statistic.h"
#include "eval/set/set_distance.h"
#include "base/mem.h"

typedef struct kernel {
  size_t n;
  const double *k; /* (n, n) */
} kernel;

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const kernel *s = space;
  double between = 0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < m; j++) between += s->k[a[i] * s->n + b[j]];
  }
  *out = vg_set_points_mean_within(s->k, s->n, a, n) + vg_set_points_mean_within(s->k, s->n, b, m) -
         2 * between / ((double)n * (double)m);
  return VG_OK;
}

/* Turns inner products into the kernel, in place. */
static vg_status make_kernel(double *gram, size_t n) {
  size_t pairs = 0;
  double *squares = vg_malloc(n * (n - 1) / 2, sizeof *squares);
  if (!squares) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++)
      squares[pairs++] = fmax(gram[i * n + i] + gram[j * n + j] - 2 * gram[i * n + j], 0);
  }
  for (size_t i = 0, at = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) gram[i * n + j] = squares[at++];
  }
  vg_sort_f64(squares, pairs);
  for (size_t i = 0; i < pairs; i++) squares[i] = sqrt(squares[i]);
  double median = vg_statistic_median_sorted(squares, pairs);
  vg_free(squares);
  for (size_t i = 0; i < n; i++) {
    gram[i * n + i] = 1;
    for (size_t j = 0; j < i; j++) {
      double d2 = gram[i * n + j];
      /* If half of all points coincide, the kernel only shows whether two points are equal. */
      double k = median > 0 ? exp(-d2 / (2 * median * median)) : !(d2 > 0);
      gram[i * n + j] = gram[j * n + i] = k;
    }
  }
  return VG_OK;
}

vg_status vg_set_mmd(const vg_points *p, vg_set_distance *out) {
  size_t n = p->n_real + p->n_synth;
  float *rows = vg_set_points_standardised(p, true);
  double *gram = rows ? vg_set_points_gram(rows, n, p->dims) : NULL;
  vg_free(rows);
  vg_status st = gram ? make_kernel(gram, n) : VG_MEMORY;
  if (!st) st = vg_set_distance_measure(distance, &(kernel){n, gram}, p->n_real, p->n_synth, true, out);
  vg_free(gram);
  return st;
}
