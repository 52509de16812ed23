/* set_distance.c: code that all distances between clouds of points share: scales, inner products, resampling.
 */
#include "eval/set/set_distance.h"

#include <math.h>
#include <stdlib.h>
#include "base/task/progress.h"
#include "base/simd.h"
#include "base/number/statistic.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"

/* ---- scales ---- */

/* Computes mean and SD of each dimension over two lists of rows. An SD that is only rounding becomes 0. */
static void spread(const float *rows, size_t n, const float *more, size_t m, size_t dims, double *mean,
                   double *sd) {
  double all = (double)(n + m);
  for (size_t d = 0; d < dims; d++) mean[d] = sd[d] = 0;
  for (size_t i = 0; i < n + m; i++) {
    const float *v = i < n ? rows + i * dims : more + (i - n) * dims;
    for (size_t d = 0; d < dims; d++) mean[d] += (double)v[d];
  }
  for (size_t d = 0; d < dims; d++) mean[d] /= all;
  for (size_t i = 0; i < n + m; i++) {
    const float *v = i < n ? rows + i * dims : more + (i - n) * dims;
    for (size_t d = 0; d < dims; d++) sd[d] += ((double)v[d] - mean[d]) * ((double)v[d] - mean[d]);
  }
  for (size_t d = 0; d < dims; d++) {
    sd[d] = n + m > 1 ? sqrt(sd[d] / (all - 1)) : 0;
    if (sd[d] < 1e-6 * (fabs(mean[d]) + 1e-3)) sd[d] = 0;
  }
}

float *vg_set_points_standardised(const vg_points *p, bool pooled) {
  size_t n = p->n_real + p->n_synth, dims = p->dims;
  float *out = vg_malloc(n * dims, sizeof *out);
  double *mean = vg_malloc(4 * dims, sizeof *mean);
  if (!out || !mean) {
    vg_free(out);
    vg_free(mean);
    return NULL;
  }
  double *sd = mean + dims, *mean_all = sd + dims, *sd_all = mean_all + dims;
  spread(p->real, p->n_real, p->synth, p->n_synth, dims, mean_all, sd_all);
  spread(p->real, p->n_real, NULL, 0, dims, mean, sd);
  for (size_t d = 0; d < dims; d++) {
    double by = pooled ? sd_all[d] : fmax(sd[d], VG_LEAST_SD * sd_all[d]);
    if (pooled) mean[d] = mean_all[d];
    sd[d] = !p->units_differ ? 1 : by > 0 ? 1 / by : 0;
  }
  for (size_t i = 0; i < n; i++) {
    const float *v = i < p->n_real ? p->real + i * dims : p->synth + (i - p->n_real) * dims;
    for (size_t d = 0; d < dims; d++) out[i * dims + d] = (float)(((double)v[d] - mean[d]) * sd[d]);
  }
  vg_free(mean);
  return out;
}

VG_HOT double vg_set_points_dot(const float *a, const float *b, size_t n) {
  double lanes[8] = {0}, sum = 0;
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 8; k++) lanes[k] += (double)a[i + (size_t)k] * (double)b[i + (size_t)k];
  for (int k = 0; k < 8; k++) sum += lanes[k];
  for (; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

typedef struct gram {
  const float *rows;
  size_t n, dims;
  double *out;
} gram;

/* Rows of a tile, and values of a row that are read at a time: a tile's rows then stay in the cache, where
 * row by row every inner product would read both from memory. */
enum { TILE = 16, CHUNK = 2048 };

/* Adds the inner products of the first n_a rows of a and n_b rows of b, over the values [from, to). */
VG_HOT static void add_tile(const float *a, size_t n_a, const float *b, size_t n_b, size_t dims, size_t from,
                            size_t to, double sums[TILE][TILE]) {
  for (size_t i = 0; i < n_a; i++) {
    for (size_t k = 0; k < n_b; k++)
      sums[i][k] += vg_set_points_dot(a + i * dims + from, b + k * dims + from, to - from);
  }
}

static vg_status gram_rows(void *arg, size_t block) {
  const gram *g = arg;
  const size_t first = block * TILE, n_a = g->n - first < TILE ? g->n - first : TILE;
  for (size_t other = 0; other <= first; other += TILE) {
    const size_t n_b = g->n - other < TILE ? g->n - other : TILE;
    double sums[TILE][TILE] = {{0}};
    for (size_t from = 0; from < g->dims; from += CHUNK) {
      const size_t to = g->dims - from < CHUNK ? g->dims : from + CHUNK;
      add_tile(g->rows + first * g->dims, n_a, g->rows + other * g->dims, n_b, g->dims, from, to, sums);
    }
    for (size_t i = 0; i < n_a; i++) {
      for (size_t k = 0; k < n_b; k++)
        g->out[(first + i) * g->n + other + k] = g->out[(other + k) * g->n + first + i] = sums[i][k];
    }
  }
  return VG_OK;
}

double *vg_set_points_gram(const float *rows, size_t n, size_t dims) {
  gram g = {rows, n, dims, vg_malloc(n * n, sizeof(double))};
  if (g.out)
    vg_task_parallel("distribution: inner products", "blocks of subjects", (n + TILE - 1) / TILE, gram_rows,
                     &g);
  return g.out;
}

double vg_set_points_mean_within(const double *pairs, size_t n, const size_t *a, size_t n_a) {
  double sum = 0, met = 0;
  for (size_t i = 0; i < n_a; i++) {
    for (size_t j = 0; j < i; j++) {
      double v = pairs[a[i] * n + a[j]];
      if (a[i] == a[j] || isnan(v)) continue;
      sum += v;
      met++;
    }
  }
  return met > 0 ? sum / met : 1;
}

/* ---- resampling ---- */

typedef enum draw { BOOTSTRAP, HALVES, PERMUTATION } draw;
static const char *const draw_names[] = {"set bootstrap", "set halves", "set permutation"};

typedef struct resampling {
  vg_set_distance_of distance;
  const void *space;
  size_t n_real, n_synth;
  draw draw;
  double *values;
} resampling;

/* Lists the points of the k-th draw, b's after a's. */
static void draw_points(const resampling *r, size_t k, size_t *points) {
  vg_rng rng = vg_rng_init(0, vg_rng_key(draw_names[r->draw], k, 0));
  size_t n = r->n_real, m = r->draw == HALVES ? 0 : r->n_synth;
  for (size_t i = 0; i < n + m; i++) {
    if (r->draw == BOOTSTRAP)
      points[i] = i < n ? vg_rng_below(&rng, n) : n + vg_rng_below(&rng, m);
    else
      points[i] = i;
  }
  for (size_t i = n + m; i-- > 1 && r->draw != BOOTSTRAP;) {
    size_t other = vg_rng_below(&rng, i + 1), kept = points[i];
    points[i] = points[other];
    points[other] = kept;
  }
}

static vg_status one_draw(void *arg, size_t k) {
  const resampling *r = arg;
  size_t *points = vg_malloc(r->n_real + r->n_synth, sizeof *points);
  if (!points) return VG_MEMORY;
  size_t n = r->draw == HALVES ? r->n_real / 2 : r->n_real;
  size_t m = r->draw == HALVES ? r->n_real - n : r->n_synth;
  draw_points(r, k, points);
  vg_status st = r->distance(r->space, points, n, points + n, m, &r->values[k]);
  vg_free(points);
  return st;
}

static vg_status measure_value(resampling *r, double *out) {
  size_t all = r->n_real + r->n_synth, *points = vg_malloc(all, sizeof *points);
  if (!points) return VG_MEMORY;
  for (size_t i = 0; i < all; i++) points[i] = i;
  vg_status st = r->distance(r->space, points, r->n_real, points + r->n_real, r->n_synth, out);
  vg_free(points);
  return st;
}

vg_status vg_set_distance_measure(vg_set_distance_of distance, const void *space, size_t n_real,
                                  size_t n_synth, bool permute, vg_set_distance *out) {
  double values[VG_PERMUTATIONS];
  resampling r = {distance, space, n_real, n_synth, BOOTSTRAP, values};
  out->ci_low = out->ci_high = out->floor = out->p = NAN;
  vg_status st = measure_value(&r, &out->value);
  if (!st && n_real >= VG_INTERVAL_MIN && n_synth >= VG_INTERVAL_MIN) {
    st = vg_task_parallel("distribution: bootstrap", "resamples", VG_RESAMPLES_SETS, one_draw, &r);
    vg_statistic_interval(values, VG_RESAMPLES_SETS, VG_INTERVAL_LINEAR, &out->ci_low, &out->ci_high);
    const double shift = out->value - vg_statistic_mean(values, VG_RESAMPLES_SETS);
    out->ci_low += shift;
    out->ci_high += shift;
  }
  r.draw = HALVES;
  if (!st && n_real >= VG_FLOOR_MIN) {
    st = vg_task_parallel("distribution: halves", "resamples", VG_HALVINGS, one_draw, &r);
    out->floor = vg_statistic_mean(values, VG_HALVINGS);
  }
  r.draw = PERMUTATION;
  if (!st && permute) {
    st = vg_task_parallel("distribution: permutations", "resamples", VG_PERMUTATIONS, one_draw, &r);
    size_t reached = 1;
    for (size_t i = 0; i < VG_PERMUTATIONS; i++) reached += values[i] >= out->value;
    out->p = (double)reached / (VG_PERMUTATIONS + 1);
  }
  return st;
}
