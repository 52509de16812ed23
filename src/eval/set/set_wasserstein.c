/* set_wasserstein.c: sliced Wasserstein distance. */
#include <math.h>
#include "base/task/progress.h"
#include "base/number/order_statistic.h"
#include "eval/set/set_distance.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"

void vg_set_slice_direction(size_t k, float *out, size_t dims) {
  vg_rng r = vg_rng_init(0, vg_rng_key("slice direction", k, 0));
  double squares = 0;
  for (size_t d = 0; d < dims; d++) {
    double v = vg_rng_normal(&r);
    out[d] = (float)v;
    squares += v * v;
  }
  float scale = (float)(1 / sqrt(squares));
  for (size_t d = 0; d < dims; d++) out[d] *= scale;
}

double vg_set_wasserstein_1d(double *a, size_t n, double *b, size_t m) {
  vg_sort_f64(a, n);
  vg_sort_f64(b, m);
  /* The area between the two distribution functions. */
  double at = fmin(a[0], b[0]), sum = 0;
  for (size_t i = 0, j = 0; i < n || j < m;) {
    double next = j == m || (i < n && a[i] <= b[j]) ? a[i] : b[j];
    sum += (next - at) * fabs((double)i / (double)n - (double)j / (double)m);
    at = next;
    if (j == m || (i < n && a[i] <= b[j]))
      i++;
    else
      j++;
  }
  return sum;
}

typedef struct slices {
  size_t n, dims;
  const float *rows; /* (n, dims) */
  double *at;        /* (VG_SLICES, n): position of each point along each direction */
} slices;

static vg_status project(void *arg, size_t k) {
  const slices *s = arg;
  float *direction = vg_malloc(s->dims, sizeof *direction);
  if (!direction) return VG_MEMORY;
  vg_set_slice_direction(k, direction, s->dims);
  for (size_t i = 0; i < s->n; i++)
    s->at[k * s->n + i] = vg_set_points_dot(s->rows + i * s->dims, direction, s->dims);
  vg_free(direction);
  return VG_OK;
}

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const slices *s = space;
  double *values = vg_malloc(n + m, sizeof *values), sum = 0;
  if (!values) return VG_MEMORY;
  for (size_t k = 0; k < VG_SLICES; k++) {
    const double *at = s->at + k * s->n;
    for (size_t i = 0; i < n; i++) values[i] = at[a[i]];
    for (size_t j = 0; j < m; j++) values[n + j] = at[b[j]];
    sum += vg_set_wasserstein_1d(values, n, values + n, m);
  }
  vg_free(values);
  *out = sum / VG_SLICES;
  return VG_OK;
}

vg_status vg_set_sliced_wasserstein(const vg_points *p, vg_set_distance *out) {
  slices s = {.n = p->n_real + p->n_synth, .dims = p->dims};
  float *rows = vg_set_points_standardised(p, false);
  s.rows = rows;
  s.at = vg_malloc(VG_SLICES * s.n, sizeof *s.at);
  vg_status st = rows && s.at ? vg_task_parallel("distribution: slices", "directions", VG_SLICES, project, &s)
                              : VG_MEMORY;
  if (!st) st = vg_set_distance_measure(distance, &s, p->n_real, p->n_synth, false, out);
  vg_free(rows);
  vg_free(s.at);
  return st;
}
