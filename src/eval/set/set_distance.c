/* set_distance.c: a distance's value, interval, floor and p: resampling. */
#include "eval/set/set_distance.h"

#include <math.h>
#include <stdlib.h>
#include "base/task/progress.h"
#include "base/number/statistic.h"
#include "base/mem.h"
#include "voxgan/rng.h"

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

static int by_index(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

static vg_status one_draw(void *arg, size_t k) {
  const resampling *r = arg;
  size_t *points = vg_malloc(r->n_real + r->n_synth, sizeof *points);
  if (!points) return VG_MEMORY;
  size_t n = r->draw == HALVES ? r->n_real / 2 : r->n_real;
  size_t m = r->draw == HALVES ? r->n_real - n : r->n_synth;
  draw_points(r, k, points);
  /* In order, a distance reads its matrices forwards, and copies lie together. */
  qsort(points, n, sizeof *points, by_index);
  qsort(points + n, m, sizeof *points, by_index);
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
  out->biased = false;
  vg_status st = measure_value(&r, &out->value);
  if (!st && n_real >= VG_INTERVAL_MIN && n_synth >= VG_INTERVAL_MIN) {
    st = vg_task_parallel("distribution: bootstrap", "resamples", VG_RESAMPLES_SETS, one_draw, &r);
    vg_statistic_interval(values, VG_RESAMPLES_SETS, VG_INTERVAL_LINEAR, &out->ci_low, &out->ci_high);
    const double shift = out->value - vg_statistic_mean(values, VG_RESAMPLES_SETS);
    /* Where most resamples are equal and a few are far off, the shift alone would carry an end past the
     * value. */
    out->ci_low = fmin(out->ci_low + shift, out->value);
    out->ci_high = fmax(out->ci_high + shift, out->value);
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
