/* set_wasserstein.c: sliced Wasserstein distance. */
#include <math.h>
#include <stdint.h>
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

/* All points along every direction, sorted once: a resample is then one walk along each. */
typedef struct slices {
  size_t n;
  double *at;      /* (VG_SLICES, n): positions, ascending */
  uint32_t *point; /* (VG_SLICES, n): the point at each */
} slices;

/* The area between the distribution functions of the two lists, which say how often each point occurs. */
static double area_between(const slices *s, size_t slice, const uint32_t *a, size_t n, const uint32_t *b,
                           size_t m) {
  const double *at = s->at + slice * s->n;
  const uint32_t *point = s->point + slice * s->n;
  double sum = 0;
  size_t below_a = 0, below_b = 0;
  for (size_t i = 0; i + 1 < s->n; i++) {
    below_a += a[point[i]];
    below_b += b[point[i]];
    sum += (at[i + 1] - at[i]) * fabs((double)below_a / (double)n - (double)below_b / (double)m);
  }
  return sum;
}

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const slices *s = space;
  uint32_t *copies = vg_calloc(2 * s->n, sizeof *copies);
  if (!copies) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) copies[a[i]]++;
  for (size_t j = 0; j < m; j++) copies[s->n + b[j]]++;
  *out = 0;
  for (size_t k = 0; k < VG_SLICES; k++) *out += area_between(s, k, copies, n, copies + s->n, m) / VG_SLICES;
  vg_free(copies);
  return VG_OK;
}

typedef struct job {
  size_t dims;
  float *directions; /* (VG_SLICES, dims) */
  slices *slices;
} job;

static vg_status draw_direction(void *arg, size_t k) {
  const job *j = arg;
  vg_set_slice_direction(k, j->directions + k * j->dims, j->dims);
  return VG_OK;
}

static vg_status sort_slice(void *arg, size_t k) {
  const slices *s = ((const job *)arg)->slices;
  vg_set_value *all = VG_NEW_N(vg_set_value, s->n);
  if (!all) return VG_MEMORY;
  for (size_t i = 0; i < s->n; i++) all[i] = (vg_set_value){s->at[k * s->n + i], (uint32_t)i};
  vg_set_values_sort(all, s->n);
  for (size_t i = 0; i < s->n; i++) {
    s->at[k * s->n + i] = all[i].value;
    s->point[k * s->n + i] = all[i].point;
  }
  vg_free(all);
  return VG_OK;
}

vg_status vg_set_sliced_wasserstein(const vg_set_space *s, vg_set_distance *out) {
  const size_t n = s->n_real + s->n_synth;
  slices all = {n, vg_malloc(VG_SLICES * n, sizeof *all.at), vg_malloc(VG_SLICES * n, sizeof *all.point)};
  job j = {s->dims, vg_malloc(VG_SLICES * s->dims, sizeof *j.directions), &all};
  vg_status st = all.at && all.point && j.directions ? VG_OK : VG_MEMORY;
  if (!st) st = vg_parallel(VG_SLICES, draw_direction, &j);
  if (!st)
    st = vg_set_points_products("distribution: projections", j.directions, VG_SLICES, s->rows, n, s->dims,
                                all.at);
  if (!st) st = vg_parallel(VG_SLICES, sort_slice, &j);
  vg_free(j.directions);
  if (!st) st = vg_set_distance_measure(distance, &all, s->n_real, s->n_synth, false, out);
  vg_free(all.at);
  vg_free(all.point);
  return st;
}
