/* clusters.c: intervals of intensity, narrow where intensities are frequent, then a few sweeps in which
 * neighbours agree (ICM, Besag 1986). The sweeps read one array and write another, so their order does not
 * matter. */
#include "prep/clusters.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/number/order_statistic.h"
#include "base/whole.h"
#include "prep/range.h"
#include "voxgan/config.h"

enum { BINS = VG_CLUSTER_BINS, SWEEPS = 3 };
/* Share of the scale that follows the intensities as they are; the rest follows the square root of how
 * frequent they are. On the intensities alone, the few bright voxels of a head's fat take half of the
 * clusters, and its brain has two. A mixture fitted by EM leaves it as few: 42 % of a head's voxels were one
 * cluster. */
#define LINEAR 0.25
/* What a neighbour of another class costs, in units of log-likelihood. */
#define AGREE 0.7

/* A normal distribution of bins for each cluster, from dark to bright. */
typedef struct mixture {
  int n;
  double weight[VG_CLUSTERS_MAX], mean[VG_CLUSTERS_MAX], variance[VG_CLUSTERS_MAX];
} mixture;

static double log_density(const mixture *g, int k, double x) {
  const double d = x - g->mean[k];
  return log(g->weight[k]) - 0.5 * log(g->variance[k]) - 0.5 * d * d / g->variance[k];
}

/* Sums of counts, and of counts by position and its square, over the bins before b. */
typedef struct prefix {
  double n[BINS + 1], x[BINS + 1], xx[BINS + 1];
} prefix;

static void sum_up(const size_t bins[BINS], const double position[BINS], prefix *p) {
  p->n[0] = p->x[0] = p->xx[0] = 0;
  for (int b = 0; b < BINS; b++) {
    const double n = (double)bins[b], x = position[b];
    p->n[b + 1] = p->n[b] + n;
    p->x[b + 1] = p->x[b] + n * x;
    p->xx[b + 1] = p->xx[b] + n * x * x;
  }
}

/* The squared distances of the bins from..to - 1 to their mean. */
static double scatter(const prefix *p, int from, int to) {
  const double n = p->n[to] - p->n[from], x = p->x[to] - p->x[from];
  return n > 0 ? p->xx[to] - p->xx[from] - x * x / n : 0;
}

/* Positions from 0 to 1 on which frequent intensities lie far apart. */
static void stretch(const size_t bins[BINS], double position[BINS]) {
  double all = 0, before = 0;
  for (int b = 0; b < BINS; b++) all += sqrt((double)bins[b]);
  for (int b = 0; b < BINS; b++) {
    before += sqrt((double)bins[b]);
    position[b] = LINEAR * b / BINS + (1 - LINEAR) * before / all;
  }
}

/* The partition into n intervals with the least scatter, by dynamic programming (Fisher 1958): it does not
 * depend on chance. best[k][b]: the least scatter of bins before b in k + 1 intervals; cut: where the last of
 * them begins. */
static vg_status partition(const prefix *p, int n, int from[VG_CLUSTERS_MAX + 1]) {
  double(*best)[BINS + 1] = vg_calloc((size_t)n, sizeof *best);
  int(*cut)[BINS + 1] = vg_calloc((size_t)n, sizeof *cut);
  const vg_status st = best && cut ? VG_OK : VG_MEMORY;
  for (int k = 0; k < n && !st; k++)
    for (int b = 1; b <= BINS; b++) {
      best[k][b] = k ? INFINITY : scatter(p, 0, b);
      for (int c = k; c < b && k; c++) {
        const double cost = best[k - 1][c] + scatter(p, c, b);
        if (cost >= best[k][b]) continue;
        best[k][b] = cost;
        cut[k][b] = c;
      }
    }
  from[n] = BINS;
  for (int k = n - 1; k >= 0 && !st; k--) from[k] = cut[k][from[k + 1]];
  vg_free(best);
  vg_free(cut);
  return st;
}

static vg_status fit(const size_t bins[BINS], size_t all, mixture *g) {
  double position[BINS];
  int from[VG_CLUSTERS_MAX + 1];
  prefix *p = VG_NEW(prefix);
  if (!p) return VG_MEMORY;
  stretch(bins, position);
  sum_up(bins, position, p);
  const vg_status st = partition(p, g->n, from);
  for (int b = 0; b < BINS; b++) position[b] = b;
  sum_up(bins, position, p);
  for (int k = 0; k < g->n && !st; k++) {
    const int first = from[k], end = from[k + 1];
    const double n = p->n[end] - p->n[first];
    g->weight[k] = fmax(1e-6, n / (double)all);
    g->mean[k] = n > 0 ? (p->x[end] - p->x[first]) / n : (first + end) / 2.0;
    g->variance[k] = fmax(1, n > 0 ? scatter(p, first, end) / n : 0);
  }
  vg_free(p);
  return st;
}

vg_status vg_clusters_partition(const size_t bins[VG_CLUSTER_BINS], int n, int from[VG_CLUSTERS_MAX + 1]) {
  double position[BINS];
  prefix *p = VG_NEW(prefix);
  if (!p) return VG_MEMORY;
  for (int b = 0; b < BINS; b++) position[b] = b;
  sum_up(bins, position, p);
  const vg_status st = partition(p, n, from);
  vg_free(p);
  return st;
}

/* ---- classes of voxels ---- */

typedef struct field {
  const int *dim;
  const uint16_t *bin;               /* BINS: no class */
  float cost[BINS][VG_CLUSTERS_MAX]; /* of a class, by intensity */
  int n;
} field;

static uint8_t cheapest(const float *cost, int n) {
  int best = 0;
  for (int k = 1; k < n; k++)
    if (cost[k] < cost[best]) best = k;
  return (uint8_t)(best + 1);
}

/* from, to: class + 1; 0 outside. */
static void sweep(const field *f, const uint8_t *from, uint8_t *to) {
  const size_t step[3] = {1, (size_t)f->dim[0], (size_t)f->dim[0] * (size_t)f->dim[1]};
  size_t i = 0;
  for (int z = 0; z < f->dim[2]; z++)
    for (int y = 0; y < f->dim[1]; y++)
      for (int x = 0; x < f->dim[0]; x++, i++) {
        const int at[3] = {x, y, z};
        float cost[VG_CLUSTERS_MAX];
        to[i] = 0;
        if (f->bin[i] == BINS) continue;
        memcpy(cost, f->cost[f->bin[i]], sizeof cost);
        for (int a = 0; a < 3; a++) {
          if (at[a] > 0 && from[i - step[a]]) cost[from[i - step[a]] - 1] -= (float)AGREE;
          if (at[a] + 1 < f->dim[a] && from[i + step[a]]) cost[from[i + step[a]] - 1] -= (float)AGREE;
        }
        to[i] = cheapest(cost, f->n);
      }
}

/* of: the cluster + 1 of each voxel, 0 outside. spare: as large. */
static vg_status classify(const mixture *g, const uint16_t *bin, const vg_geometry *geo, uint8_t *of,
                          uint8_t *spare) {
  const size_t n = vg_geometry_voxels(geo);
  field *f = VG_NEW(field);
  if (!f) return VG_MEMORY;
  f->dim = geo->dim;
  f->bin = bin;
  f->n = g->n;
  for (int i = 0; i < BINS; i++)
    for (int k = 0; k < g->n; k++) f->cost[i][k] = (float)-log_density(g, k, i);
  for (size_t i = 0; i < n; i++) of[i] = bin[i] == BINS ? 0 : cheapest(f->cost[bin[i]], g->n);
  for (int s = 0; s < SWEEPS; s++) sweep(f, s % 2 ? spare : of, s % 2 ? of : spare);
  if (SWEEPS % 2) memcpy(of, spare, n);
  vg_free(f);
  return VG_OK;
}

/* The clusters of one series, into of. inside: its voxels. */
static vg_status cluster(const vg_volume *vol, const char *path, int n, const uint8_t *inside, uint8_t *of,
                         uint8_t *spare) {
  const size_t voxels = vg_geometry_voxels(&vol->geo);
  const double percent[2] = {0.1, 99.9};
  double range[2] = {0, 0};
  size_t bins[BINS] = {0}, all = 0;
  mixture g = {.n = n};
  uint16_t *bin = vg_malloc(voxels, sizeof *bin);
  vg_status st = bin ? vg_percentiles(vol->data, inside, voxels, percent, range) : VG_MEMORY;
  if (!st && !vg_range_spans(range[0], range[1]))
    st = vg_fail(VG_DATA, "%s: its brain has one intensity, so there are no clusters", path);
  for (size_t i = 0; i < voxels && !st; i++) {
    bin[i] = BINS;
    if (!inside[i]) continue;
    all++;
    bin[i] = (uint16_t)vg_index_of(((double)vol->data[i] - range[0]) / (range[1] - range[0]) * BINS, BINS);
    bins[bin[i]]++;
  }
  if (!st) st = fit(bins, all, &g);
  if (!st) st = classify(&g, bin, &vol->geo, of, spare);
  vg_free(bin);
  return st;
}

vg_status vg_clusters_find(const vg_volume *const vol[], const char *const path[], const vg_clusters *of,
                           vg_maps *m) {
  const size_t voxels = vg_geometry_voxels(&m->geo);
  size_t all = 0;
  uint8_t *inside = vg_malloc(voxels, 1), *one = vg_malloc(voxels, 1), *spare = vg_malloc(voxels, 1);
  vg_status st = inside && one && spare ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < voxels && !st; i++) all += inside[i] = m->brain[i] && !m->tumour[i];
  if (!st && !all) st = vg_fail(VG_DATA, "%s: all of its brain is tumour", path[0]);
  for (int k = 0; k < of->n_series && !st; k++) {
    st = cluster(vol[k], path[k], of->n[k], inside, one, spare);
    for (size_t i = 0; i < voxels && !st; i++)
      if (inside[i]) m->anatomy[i] = (uint8_t)(k ? (m->anatomy[i] - 1) * of->n[k] + one[i] : one[i]);
  }
  vg_free(inside);
  vg_free(one);
  vg_free(spare);
  return st;
}
