/* set_neighbours.c: fidelity and coverage by nearest neighbours: precision, recall, density, coverage. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "eval/set/set_distance.h"

typedef enum measure { PRECISION, RECALL, DENSITY, COVERAGE } measure;

typedef struct cloud {
  size_t n;           /* points of both sets */
  const double *gram; /* (n, n) */
  measure which;
} cloud;

static double squared(const cloud *c, size_t a, size_t b) {
  return fmax(c->gram[a * c->n + a] + c->gram[b * c->n + b] - 2 * c->gram[a * c->n + b], 0);
}

/* The squared distance of each point of a list to its k-th nearest other one. A bootstrap resample holds
 * copies; they are no neighbours. */
static vg_status find_radii(const cloud *c, const size_t *points, size_t n, double *radius, size_t *k) {
  bool *seen = vg_calloc(c->n, sizeof *seen);
  size_t *unique = VG_NEW_N(size_t, n), n_unique = 0;
  vg_status st = seen && unique ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    if (!seen[points[i]]) unique[n_unique++] = points[i];
    seen[points[i]] = true;
  }
  *k = n_unique > VG_NEIGHBOURS ? VG_NEIGHBOURS : n_unique > 1 ? n_unique - 1 : 1;
  for (size_t i = 0; i < n && !st; i++) {
    double nearest[VG_NEIGHBOURS];
    for (size_t m = 0; m < VG_NEIGHBOURS; m++) nearest[m] = (double)INFINITY;
    for (size_t j = 0; j < n_unique; j++) {
      if (unique[j] == points[i]) continue;
      double d = squared(c, points[i], unique[j]);
      for (size_t m = 0; m < *k; m++) {
        if (d >= nearest[m]) continue;
        const double kept = nearest[m];
        nearest[m] = d;
        d = kept;
      }
    }
    radius[i] = nearest[*k - 1];
  }
  vg_free(seen);
  vg_free(unique);
  return st;
}

/* How many points of b lie within the radius of each point of a (by_a), and within how many of a's balls each
 * point of b lies (by_b). */
static void count(const cloud *c, const size_t *a, const double *radius, size_t n, const size_t *b, size_t m,
                  size_t *by_a, size_t *by_b) {
  memset(by_a, 0, n * sizeof *by_a);
  memset(by_b, 0, m * sizeof *by_b);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < m; j++) {
      const bool within = squared(c, a[i], b[j]) < radius[i];
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
    const cloud turned = {c->n, c->gram, PRECISION};
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

static vg_status measure_all(const vg_points *p, measure which, vg_set_distance *out) {
  float *rows = vg_set_points_standardised(p, false);
  double *gram = rows ? vg_set_points_gram(rows, p->n_real + p->n_synth, p->dims) : NULL;
  const cloud c = {p->n_real + p->n_synth, gram, which};
  vg_status st = gram ? vg_set_distance_measure(distance, &c, p->n_real, p->n_synth, false, out) : VG_MEMORY;
  /* The interval's shift to the value may carry it past what can occur. */
  const double most = which == DENSITY ? (double)INFINITY : 1;
  if (!st && !isnan(out->ci_low)) {
    out->ci_low = fmax(out->ci_low, 0);
    out->ci_high = fmin(out->ci_high, most);
  }
  vg_free(rows);
  vg_free(gram);
  return st;
}

vg_status vg_set_knn_precision(const vg_points *p, vg_set_distance *out) {
  return measure_all(p, PRECISION, out);
}
vg_status vg_set_knn_recall(const vg_points *p, vg_set_distance *out) {
  return measure_all(p, RECALL, out);
}
vg_status vg_set_density(const vg_points *p, vg_set_distance *out) {
  return measure_all(p, DENSITY, out);
}
vg_status vg_set_coverage(const vg_points *p, vg_set_distance *out) {
  return measure_all(p, COVERAGE, out);
}
