/* features_patches.c: statistics of an image's patches at four scales. */
#include <math.h>
#include <string.h>
#include "eval/feature/features.h"
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/whole.h"

enum { SCALES = 4, STATISTICS = 5 };
#define FINEST_MM 4.0
/* A patch with a smaller SD (1/2000 of the range) is flat: its skewness and kurtosis are set to 0.
 */
#define FLAT_SD 1e-3

/* Power sums over a patch's brain voxels, and the gradient over those with six neighbours in the brain. */
typedef struct patch {
  double n, s1, s2, s3, s4, n_gradient, gradient;
} patch;

typedef struct patches {
  int dim[3];   /* patches along x, y, z */
  double whole; /* voxels of a patch */
  patch *items;
} patches;

static size_t count(const patches *p) {
  return vg_extent_voxels(p->dim);
}

/* Magnitude of the central difference per mm; negative if a neighbour is outside the brain. Axes with one
 * voxel are ignored. */
static double gradient_at(const vg_feature_input *in, const int at[3], size_t i) {
  size_t step = 1;
  double sum = 0;
  for (int a = 0; a < 3; step *= (size_t)in->dim[a++]) {
    if (in->dim[a] == 1) continue;
    if (at[a] == 0 || at[a] == in->dim[a] - 1 || !in->brain[i - step] || !in->brain[i + step]) return -1;
    double d = ((double)in->image[i + step] - (double)in->image[i - step]) / (2 * in->mm[a]);
    sum += d * d;
  }
  return sqrt(sum);
}

static void add_voxel(const vg_feature_input *in, const int at[3], size_t i, patch *p) {
  double v = (double)in->image[i], g = gradient_at(in, at, i);
  p->n++;
  p->s1 += v;
  p->s2 += v * v;
  p->s3 += v * v * v;
  p->s4 += v * v * v * v;
  p->n_gradient += g >= 0;
  p->gradient += g >= 0 ? g : 0;
}

/* Cuts the finest patches, starting at the lower corner of the brain's box. */
static vg_status cut(const vg_feature_input *in, patches *out) {
  int edge[3], at[3];
  out->whole = 1;
  for (int a = 0; a < 3; a++) {
    edge[a] = vg_int_of(fmax(1, floor(FINEST_MM / in->mm[a] + 0.5)));
    out->dim[a] = (in->extent[a] + edge[a] - 1) / edge[a];
    out->whole *= edge[a] < in->extent[a] ? edge[a] : in->extent[a];
  }
  out->items = VG_NEW_N(patch, count(out));
  if (!out->items) return VG_MEMORY;
  for (at[2] = in->lo[2]; at[2] < in->lo[2] + in->extent[2]; at[2]++) {
    for (at[1] = in->lo[1]; at[1] < in->lo[1] + in->extent[1]; at[1]++) {
      size_t row = vg_extent_index(in->dim, 0, at[1], at[2]);
      size_t k = ((size_t)((at[2] - in->lo[2]) / edge[2]) * (size_t)out->dim[1] +
                  (size_t)((at[1] - in->lo[1]) / edge[1])) *
                 (size_t)out->dim[0];
      for (at[0] = in->lo[0]; at[0] < in->lo[0] + in->extent[0]; at[0]++) {
        size_t i = row + (size_t)at[0];
        if (in->brain[i]) add_voxel(in, at, i, &out->items[k + (size_t)((at[0] - in->lo[0]) / edge[0])]);
      }
    }
  }
  return VG_OK;
}

/* Merges patches into patches twice as large, in place: a coarse patch overwrites a fine one that has already
 * been read. */
static void merge(patches *p) {
  patches coarse = *p;
  for (int a = 0; a < 3; a++) {
    coarse.dim[a] = (p->dim[a] + 1) / 2;
    if (p->dim[a] > 1) coarse.whole *= 2;
  }
  for (int z = 0; z < coarse.dim[2]; z++) {
    for (int y = 0; y < coarse.dim[1]; y++) {
      for (int x = 0; x < coarse.dim[0]; x++) {
        patch sum = {0};
        for (int c = 0; c < 8; c++) {
          int fx = 2 * x + (c & 1), fy = 2 * y + (c >> 1 & 1), fz = 2 * z + (c >> 2);
          if (fx >= p->dim[0] || fy >= p->dim[1] || fz >= p->dim[2]) continue;
          const patch *f = &p->items[vg_extent_index(p->dim, fx, fy, fz)];
          sum.n += f->n;
          sum.s1 += f->s1;
          sum.s2 += f->s2;
          sum.s3 += f->s3;
          sum.s4 += f->s4;
          sum.n_gradient += f->n_gradient;
          sum.gradient += f->gradient;
        }
        p->items[vg_extent_index(coarse.dim, x, y, z)] = sum;
      }
    }
  }
  *p = coarse;
}

/* Computes mean, SD, mean gradient, skewness and excess kurtosis. */
static void statistics(const patch *p, double out[STATISTICS]) {
  double m = p->s1 / p->n, e2 = p->s2 / p->n, e3 = p->s3 / p->n, e4 = p->s4 / p->n;
  double var = fmax(e2 - m * m, 0);
  bool flat = var < FLAT_SD * FLAT_SD;
  out[0] = m;
  out[1] = sqrt(var);
  out[2] = p->n_gradient > 0 ? p->gradient / p->n_gradient : 0;
  out[3] = flat ? 0 : (e3 - 3 * m * e2 + 2 * m * m * m) / (var * sqrt(var));
  out[4] = flat ? 0 : (e4 - 4 * m * e3 + 6 * m * m * e2 - 3 * m * m * m * m) / (var * var) - 3;
}

/* Computes mean and SD over the patches that are at least half brain; 0 if there is none. */
static void summarise(const patches *p, float *out) {
  double n = 0, sum[STATISTICS] = {0}, squares[STATISTICS] = {0}, v[STATISTICS];
  for (size_t i = 0; i < count(p); i++) {
    if (!(p->items[i].n > 0) || 2 * p->items[i].n < p->whole) continue;
    statistics(&p->items[i], v);
    n++;
    for (int k = 0; k < STATISTICS; k++) {
      sum[k] += v[k];
      squares[k] += v[k] * v[k];
    }
  }
  for (int k = 0; k < STATISTICS; k++) {
    double mean = n > 0 ? sum[k] / n : 0, var = n > 0 ? squares[k] / n - mean * mean : 0;
    out[2 * k] = (float)mean;
    out[2 * k + 1] = (float)sqrt(fmax(var, 0));
  }
}

static size_t dims(const vg_feature_plan *plan) {
  (void)plan;
  return SCALES * STATISTICS * 2;
}

static vg_status compute(const vg_feature_input *in, float *out) {
  patches p = {{0}, 0, NULL};
  vg_status st = cut(in, &p);
  for (int s = 0; s < SCALES && !st; s++) {
    if (s) merge(&p);
    summarise(&p, out + s * STATISTICS * 2);
  }
  vg_free(p.items);
  return st;
}

const vg_feature_space vg_features_patches = {.units_differ = true, .dims = dims, .compute = compute};
