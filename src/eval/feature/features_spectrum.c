/* features_spectrum.c: the power spectrum of an image's texture by tissue.
 *
 * A tissue has any shape, so its spectrum is that of its autocovariance (Blackman and Tukey 1958): the mean
 * product of two voxels of the tissue, as differences from the tissue's mean, by their distance along an axis
 * up to 16 mm, under Parzen's window. The axes whose voxels resolve a wavelength are averaged. The unit is
 * the square of the image's unit times mm, so that grids of other voxel sizes give the same value. */
#include "eval/feature/features_spectrum.h"

#include <math.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/whole.h"

#define LONGEST_MM 16.0
/* Voxels of a region; distances in voxels: an axis with voxels below 0.1 mm is not measured. */
enum { FEWEST = 64, LAGS_MAX = 160, REGIONS_MAX = 2 * VG_CLASSES_MAX };

/* The image cut to the brain's box: of each voxel its region + 1 (0: none), and its difference from the
 * region's mean. */
typedef struct texture {
  int dim[3], regions;
  uint8_t *region;
  float *difference;
  double n[REGIONS_MAX], variance[REGIONS_MAX];
} texture;

/* Sums of products and numbers of pairs, by region and distance in voxels - 1: of one line, and of all. */
typedef struct covariance {
  float sum[REGIONS_MAX][LAGS_MAX], pairs[REGIONS_MAX][LAGS_MAX];
  double all_sum[REGIONS_MAX][LAGS_MAX], all_pairs[REGIONS_MAX][LAGS_MAX];
} covariance;

double vg_features_wavelength(int band) {
  return LONGEST_MM * exp2(-band / 2.0);
}

static size_t dims(const vg_feature_plan *plan) {
  return VG_SPECTRUM_BANDS * (size_t)vg_features_regions(plan);
}

static vg_status cut(const vg_feature_input *in, texture *t) {
  double sum[REGIONS_MAX + 1] = {0}, n[REGIONS_MAX + 1] = {0}, squares[REGIONS_MAX + 1] = {0};
  for (int a = 0; a < 3; a++) t->dim[a] = in->extent[a];
  const size_t voxels = vg_extent_voxels(t->dim);
  t->regions = vg_features_regions(in->plan);
  t->region = vg_malloc(voxels, 1);
  t->difference = vg_malloc(voxels, sizeof *t->difference);
  if (!t->region || !t->difference) return VG_MEMORY;
  for (size_t i = 0; i < voxels; i++) {
    int at[3];
    vg_extent_at(t->dim, i, at);
    const size_t from = vg_extent_index(in->dim, in->lo[0] + at[0], in->lo[1] + at[1], in->lo[2] + at[2]);
    const uint8_t r = t->region[i] = (uint8_t)(vg_features_region_at(in, from) + 1);
    t->difference[i] = in->image[from];
    sum[r] += (double)in->image[from];
    n[r]++;
  }
  for (size_t i = 0; i < voxels; i++) {
    const uint8_t r = t->region[i];
    const double d = (double)t->difference[i] - sum[r] / n[r];
    t->difference[i] = (float)d;
    squares[r] += d * d;
  }
  for (int r = 0; r < t->regions; r++) {
    t->n[r] = n[r + 1];
    t->variance[r] = n[r + 1] > 0 ? squares[r + 1] / n[r + 1] : 0;
  }
  return VG_OK;
}

/* Adds the products of voxels of one line that lie 1 to `lags` voxels apart in the same region. The line's
 * ends are followed by `lags` voxels of no region. */
static void add_line(const float *region, const float *difference, int n, int lags, covariance *c) {
  for (int x = 0; x < n; x++) {
    const float r = region[x], d = difference[x];
    if (!(r > 0)) continue;
    float *sum = c->sum[(int)r - 1], *pairs = c->pairs[(int)r - 1];
    const float *other = region + x + 1, *difference_of = difference + x + 1;
    for (int k = 0; k < lags; k++) {
      const float same = other[k] == r ? 1 : 0;
      sum[k] += same * d * difference_of[k];
      pairs[k] += same;
    }
  }
}

/* Moves the sums of a line, in which floats are exact enough, to those of all lines. */
static void flush(int regions, int lags, covariance *c) {
  for (int r = 0; r < regions; r++) {
    for (int k = 0; k < lags; k++) {
      c->all_sum[r][k] += (double)c->sum[r][k];
      c->all_pairs[r][k] += (double)c->pairs[r][k];
      c->sum[r][k] = c->pairs[r][k] = 0;
    }
  }
}

/* Sums over all lines along an axis. line: room for two lines with `lags` voxels behind each. */
static void correlate(const texture *t, int axis, int lags, float *line, covariance *c) {
  const size_t steps[3] = {1, (size_t)t->dim[0], (size_t)t->dim[0] * (size_t)t->dim[1]};
  const int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2, n = t->dim[axis];
  float *region = line, *difference = line + n + lags;
  for (int j = 0; j < t->dim[v]; j++) {
    for (int i = 0; i < t->dim[u]; i++) {
      const size_t from = (size_t)i * steps[u] + (size_t)j * steps[v];
      for (int x = 0; x < n; x++) {
        region[x] = t->region[from + (size_t)x * steps[axis]];
        difference[x] = t->difference[from + (size_t)x * steps[axis]];
      }
      add_line(region, difference, n, lags, c);
      flush(t->regions, lags, c);
    }
  }
}

/* Parzen's window at u = distance / longest distance: its transform has no negative values. */
static double window(double u) {
  return u <= 0.5 ? 1 - 6 * u * u * (1 - u) : u < 1 ? 2 * (1 - u) * (1 - u) * (1 - u) : 0;
}

/* Adds the spectra of one axis to sum (regions, bands), where its voxels of h mm resolve the wavelength.
 * Counts such axes in axes (bands). */
static vg_status add_axis(const texture *t, int axis, double h, double *sum, int *axes) {
  const int lags = vg_int_of(ceil(LONGEST_MM / h)) - 1, n = t->dim[axis];
  if (n == 1 || lags < 1 || lags > LAGS_MAX) return VG_OK;
  covariance *c = VG_NEW(covariance);
  float *line = VG_NEW_N(float, 2 * (size_t)(n + lags));
  const vg_status st = c && line ? VG_OK : VG_MEMORY;
  if (!st) correlate(t, axis, lags, line, c);
  for (int b = 0; b < VG_SPECTRUM_BANDS && !st; b++) {
    const double wavelength = vg_features_wavelength(b);
    if (2 * h > wavelength * (1 + 1e-6)) continue;
    axes[b]++;
    for (int r = 0; r < t->regions; r++) {
      double power = t->variance[r];
      for (int k = 0; k < lags; k++) {
        const double at = (k + 1) * h, pairs = c->all_pairs[r][k];
        if (pairs > 0)
          power += 2 * window(at / LONGEST_MM) * c->all_sum[r][k] / pairs * cos(2 * M_PI * at / wavelength);
      }
      sum[r * VG_SPECTRUM_BANDS + b] += h * power;
    }
  }
  vg_free(line);
  vg_free(c);
  return st;
}

static vg_status compute(const vg_feature_input *in, float *out) {
  double sum[REGIONS_MAX * VG_SPECTRUM_BANDS] = {0};
  int axes[VG_SPECTRUM_BANDS] = {0};
  texture t = {{0}, 0, NULL, NULL, {0}, {0}};
  vg_status st = cut(in, &t);
  for (int a = 0; a < 3 && !st; a++) st = add_axis(&t, a, in->mm[a], sum, axes);
  for (int r = 0; r < t.regions && !st; r++) {
    const bool known = t.n[r] >= FEWEST && t.variance[r] > 0;
    for (int b = 0; b < VG_SPECTRUM_BANDS; b++) {
      const double power = axes[b] ? sum[r * VG_SPECTRUM_BANDS + b] / axes[b] : 0;
      const double least = pow(10, (double)VG_SPECTRUM_NONE);
      out[r * VG_SPECTRUM_BANDS + b] = known && power > least ? (float)log10(power) : VG_SPECTRUM_NONE;
    }
  }
  vg_free(t.region);
  vg_free(t.difference);
  return st;
}

const vg_feature_space vg_features_spectrum = {.dims = dims, .compute = compute};
