/* set_neighbours.c: fidelity and coverage by nearest neighbours: precision, recall, density, coverage. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/pool.h"
#include "eval/set/set_distance.h"

typedef enum measure { PRECISION, RECALL, DENSITY, COVERAGE } measure;

/* The nearest others of each point, in its own set, are listed once. A bootstrap resample misses a third of
 * its set's points and a half misses every second, so that the fifth nearest of a draw is among these. */
enum { LISTED = 64 };

typedef struct cloud {
  size_t n, listed;      /* points of both sets; others listed of each */
  const double *squared; /* (n, n), squared distances */
  uint32_t *others;      /* (n, listed), nearest first */
  measure which;
} cloud;

/* The k-th nearest of the points that a draw has, to one of them: among those listed, or else among all.
 * Copies of the point are no neighbours. */
static double find_radius(const cloud *c, size_t point, const bool *drawn, const size_t *points,
                          size_t n_points, size_t k) {
  double nearest[VG_NEIGHBOURS];
  size_t met = 0;
  for (size_t i = 0; i < c->listed; i++) {
    const size_t other = c->others[point * c->listed + i];
    if (drawn[other] && ++met == k) return c->squared[point * c->n + other];
  }
  for (size_t m = 0; m < k; m++) nearest[m] = (double)INFINITY;
  for (size_t j = 0; j < n_points; j++) {
    if (points[j] == point || (j && points[j] == points[j - 1])) continue;
    double d = c->squared[point * c->n + points[j]];
    for (size_t m = 0; m < k; m++) {
      if (d >= nearest[m]) continue;
      const double kept = nearest[m];
      nearest[m] = d;
      d = kept;
    }
  }
  return nearest[k - 1];
}

/* The squared distance of each point of a list to its k-th nearest other one. */
static vg_status find_radii(const cloud *c, const size_t *points, size_t n, double *radius, size_t *k) {
  bool *drawn = vg_calloc(c->n, sizeof *drawn);
  if (!drawn) return VG_MEMORY;
  size_t n_unique = 0;
  for (size_t i = 0; i < n; i++) {
    n_unique += !drawn[points[i]];
    drawn[points[i]] = true;
  }
  *k = n_unique > VG_NEIGHBOURS ? VG_NEIGHBOURS : n_unique > 1 ? n_unique - 1 : 1;
  for (size_t i = 0; i < n; i++)
    radius[i] =
        i && points[i] == points[i - 1] ? radius[i - 1] : find_radius(c, points[i], drawn, points, n, *k);
  vg_free(drawn);
  return VG_OK;
}

/* How many points of b lie within the radius of each point of a (by_a), and within how many of a's balls each
 * point of b lies (by_b). */
static void count(const cloud *c, const size_t *a, const double *radius, size_t n, const size_t *b, size_t m,
                  size_t *by_a, size_t *by_b) {
  memset(by_a, 0, n * sizeof *by_a);
  memset(by_b, 0, m * sizeof *by_b);
  for (size_t i = 0; i < n; i++) {
    const double *row = c->squared + a[i] * c->n;
    for (size_t j = 0; j < m; j++) {
      const bool within = row[b[j]] < radius[i];
      by_a[i] += within;
      by_b[j] += within;
    }
  }
}

static double share_met(const size_t *counts, size_t n) {
  double met = 0;
  for (size_t i = 0; i < n; i++) met += counts[i] > 0;
  return met / (double)n;
}

static vg_status distance(const void *space, const size_t *a, size_t n, const size_t *b, size_t m,
                          double *out) {
  const cloud *c = space;
  if (c->which == RECALL) {
    cloud turned = *c;
    turned.which = PRECISION;
    return distance(&turned, b, m, a, n, out);
  }
  double *radius = vg_malloc(n, sizeof *radius), all = 0;
  size_t *by_a = VG_NEW_N(size_t, n), *by_b = VG_NEW_N(size_t, m), k;
  vg_status st = radius && by_a && by_b ? find_radii(c, a, n, radius, &k) : VG_MEMORY;
  if (!st) {
    count(c, a, radius, n, b, m, by_a, by_b);
    for (size_t j = 0; j < m; j++) all += (double)by_b[j];
    *out = c->which == PRECISION ? share_met(by_b, m)
           : c->which == DENSITY ? all / ((double)k * (double)m)
                                 : share_met(by_a, n);
  }
  vg_free(radius);
  vg_free(by_a);
  vg_free(by_b);
  return st;
}

typedef struct listing {
  const vg_set_space *space;
  cloud *cloud;
} listing;

static vg_status list_others(void *arg, size_t point) {
  const listing *l = arg;
  const size_t n_real = l->space->n_real, listed = l->cloud->listed;
  const size_t from = point < n_real ? 0 : n_real, to = point < n_real ? n_real : l->cloud->n;
  vg_set_value *all = VG_NEW_N(vg_set_value, to - from);
  if (!all) return VG_MEMORY;
  size_t n = 0;
  for (size_t i = from; i < to; i++)
    if (i != point) all[n++] = (vg_set_value){l->cloud->squared[point * l->cloud->n + i], (uint32_t)i};
  vg_set_values_sort(all, n);
  for (size_t i = 0; i < listed; i++) l->cloud->others[point * listed + i] = all[i].point;
  vg_free(all);
  return VG_OK;
}

static vg_status measure_all(const vg_set_space *s, measure which, vg_set_distance *out) {
  const size_t least = s->n_real < s->n_synth ? s->n_real : s->n_synth;
  cloud c = {s->n_real + s->n_synth, least - 1 < LISTED ? least - 1 : LISTED, s->squared, NULL, which};
  c.others = vg_malloc(c.n * c.listed, sizeof *c.others);
  vg_status st = c.others ? vg_parallel(c.n, list_others, &(listing){s, &c}) : VG_MEMORY;
  if (!st) st = vg_set_distance_measure(distance, &c, s->n_real, s->n_synth, false, out);
  /* The interval's shift to the value may carry it past what can occur. */
  const double most = which == DENSITY ? (double)INFINITY : 1;
  if (!st && !isnan(out->ci_low)) {
    out->ci_low = fmin(fmax(out->ci_low, 0), most);
    out->ci_high = fmin(fmax(out->ci_high, 0), most);
  }
  vg_free(c.others);
  return st;
}

vg_status vg_set_knn_precision(const vg_set_space *s, vg_set_distance *out) {
  return measure_all(s, PRECISION, out);
}
vg_status vg_set_knn_recall(const vg_set_space *s, vg_set_distance *out) {
  return measure_all(s, RECALL, out);
}
vg_status vg_set_density(const vg_set_space *s, vg_set_distance *out) {
  return measure_all(s, DENSITY, out);
}
vg_status vg_set_coverage(const vg_set_space *s, vg_set_distance *out) {
  return measure_all(s, COVERAGE, out);
}
