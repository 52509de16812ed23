/* radiomics_levels.c: bins a region's intensities. */
#include "eval/radiomics/radiomics_levels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/whole.h"
#include "grid/grid.h"

/* A region of one slice has no direction out of it. */
static void set_steps(vg_radiomics_levels *l, const int extent[3]) {
  const ptrdiff_t row = l->dim[0], plane = row * l->dim[1];
  for (int c = 14; c < 27; c++) { /* the later one of each pair of opposite neighbours */
    const int way[3] = {c % 3 - 1, c / 3 % 3 - 1, c / 9 - 1};
    bool leaves = false;
    for (int a = 0; a < 3; a++) leaves |= way[a] != 0 && extent[a] == 1;
    if (!leaves) l->step[l->n_steps++] = way[0] + way[1] * row + way[2] * plane;
  }
}

/* The bin of a value, from 1. The comparisons are those of numpy.digitize on edges low + k * width. */
static double bin_of(double v, double low, double width) {
  double k = floor((v - low) / width);
  if (v < low + k * width) k--;
  if (v >= low + (k + 1) * width) k++;
  return k + 1;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Lists the levels that occur among n bins. */
static vg_status list_levels(const double *bins, size_t n, vg_radiomics_levels *l) {
  double *sorted = vg_malloc(n, sizeof *sorted);
  if (!sorted) return VG_MEMORY;
  memcpy(sorted, bins, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_value);
  size_t met = 0;
  for (size_t i = 0; i < n; i++)
    if (!i || sorted[i] > sorted[met - 1]) sorted[met++] = sorted[i];
  if (met > VG_LEVELS_MAX || sorted[met - 1] > 1e6) met = 0;
  l->n = (int)met;
  l->most = met ? vg_int_of(sorted[met - 1]) : 0;
  l->value = vg_malloc(met, sizeof *l->value);
  l->count = vg_calloc(met, sizeof *l->count);
  if (l->value && l->count) memcpy(l->value, sorted, met * sizeof *sorted);
  vg_free(sorted);
  return l->value && l->count ? VG_OK : VG_MEMORY;
}

vg_status vg_radiomics_levels_make(const double *data, const uint8_t *roi, const int dim[3], double width,
                                   vg_radiomics_levels *l) {
  int lo[3], extent[3];
  size_t n = 0;
  double least = (double)INFINITY;
  *l = (vg_radiomics_levels){0};
  if (!vg_mask_box(roi, dim, 0, lo, extent)) return VG_OK;
  for (int a = 0; a < 3; a++) l->dim[a] = extent[a] + 2;
  l->voxels = vg_extent_voxels(l->dim);
  set_steps(l, extent);
  l->at = vg_calloc(l->voxels, sizeof *l->at);
  const size_t all = vg_extent_voxels(dim);
  double *bins = vg_malloc(all, sizeof *bins);
  size_t *where = VG_NEW_N(size_t, all);
  vg_status st = l->at && bins && where ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < all && !st; i++) {
    int at[3];
    if (!roi[i]) continue;
    vg_extent_at(dim, i, at);
    where[n] = vg_extent_index(l->dim, at[0] - lo[0] + 1, at[1] - lo[1] + 1, at[2] - lo[2] + 1);
    bins[n++] = data[i];
    least = fmin(least, data[i]);
  }
  const double low = floor(least / width) * width;
  for (size_t i = 0; i < n && !st; i++) bins[i] = bin_of(bins[i], low, width);
  if (!st) st = list_levels(bins, n, l);
  for (size_t i = 0; i < n && l->n && !st; i++) {
    const double *found = bsearch(&bins[i], l->value, (size_t)l->n, sizeof *found, by_value);
    l->at[where[i]] = (uint16_t)(found - l->value + 1);
    l->count[found - l->value]++;
  }
  l->n_inside = n;
  vg_free(bins);
  vg_free(where);
  return st;
}

void vg_radiomics_levels_release(vg_radiomics_levels *l) {
  vg_free(l->at);
  vg_free(l->value);
  vg_free(l->count);
  *l = (vg_radiomics_levels){0};
}

double vg_radiomics_levels_pairs(const vg_radiomics_levels *l, ptrdiff_t step, double *p) {
  const size_t n = (size_t)l->n;
  double total = 0;
  memset(p, 0, n * n * sizeof *p);
  for (size_t i = 0; i < l->voxels; i++) {
    const unsigned a = l->at[i], b = a ? l->at[(ptrdiff_t)i + step] : 0;
    if (!b) continue;
    p[(a - 1) * n + b - 1]++;
    p[(b - 1) * n + a - 1]++;
    total += 2;
  }
  return total;
}
