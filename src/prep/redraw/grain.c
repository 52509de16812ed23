/* grain.c: see grain.h. */
#include "prep/redraw/grain.h"

#include <math.h>

#include "base/mem.h"
#include "base/number/extent.h"
#include "voxgan/rng.h"

#define LEAST_PAIRS 50
#define NEAR_MM 10.0 /* over which the weight of a distance falls to a quarter */
#define MOST_EXCESS 0.05
#define STEP 1.6 /* from one scale to the next */

/* ---- measuring ---- */

void vg_lags_measure(const float *value, const uint8_t *mask, const int dim[3], const double mm[3],
                     double reach, vg_lags *out) {
  const size_t stride[3] = {1, (size_t)dim[0], (size_t)dim[0] * (size_t)dim[1]};
  out->n = 0;
  for (int a = 0; a < 3; a++) {
    /* Far distances need not be measured voxel by voxel. */
    for (int k = 1; k < dim[a] && k * mm[a] <= reach && out->n < (a + 1) * VG_LAGS_MAX / 3; k += 1 + k / 8) {
      const size_t off = (size_t)k * stride[a];
      const int to[3] = {dim[0] - (a == 0 ? k : 0), dim[1] - (a == 1 ? k : 0), dim[2] - (a == 2 ? k : 0)};
      double sum = 0, pairs = 0;
      for (int z = 0; z < to[2]; z++)
        for (int y = 0; y < to[1]; y++)
          for (size_t i = vg_extent_index(dim, 0, y, z), x = 0; x < (size_t)to[0]; x++, i++) {
            if (!mask[i] || !mask[i + off]) continue;
            sum += (double)value[i] * (double)value[i + off];
            pairs++;
          }
      if (pairs < LEAST_PAIRS) continue;
      out->of[out->n].mm = k * mm[a];
      out->of[out->n].value = sum / pairs;
      out->of[out->n++].pairs = pairs;
    }
  }
}

/* ---- fitting ---- */

static double correlation(double mm, double distance) {
  return exp(-0.5 * distance * distance / (mm * mm));
}

/* Moves share from scale j to scale i, or back, to where the error is least. Returns the share moved. */
static double balance(const vg_lags *lags, vg_grain *g, int i, int j) {
  double slope = 0, curve = 0;
  for (int k = 0; k < lags->n; k++) {
    const double d = lags->of[k].mm, near = 1 + d / NEAR_MM;
    const double weight = lags->of[k].pairs / (near * near);
    const double step = correlation(g->mm[i], d) - correlation(g->mm[j], d);
    double error = lags->of[k].value;
    for (int s = 0; s < g->n; s++) error -= g->share[s] * correlation(g->mm[s], d);
    slope += weight * step * error;
    curve += weight * step * step;
  }
  if (!(curve > 0)) return 0;
  const double move = fmin(fmax(slope / curve, -g->share[i]), g->share[j]);
  g->share[i] += move;
  g->share[j] -= move;
  return fabs(move);
}

/* The error is convex in the shares, and any two of them can be balanced without leaving the simplex. */
static void fit_from(const vg_lags *lags, double finest, double reach, vg_grain *out) {
  *out = (vg_grain){0};
  for (double mm = finest; out->n < VG_GRAIN_SCALES && (mm <= reach || out->n < 2); mm *= STEP)
    out->mm[out->n++] = mm;
  for (int k = 0; k < out->n; k++) out->share[k] = 1.0 / out->n;
  for (int round = 0; round < 500; round++) {
    double most = 0;
    for (int i = 0; i < out->n; i++)
      for (int j = 0; j < i; j++) most = fmax(most, balance(lags, out, i, j));
    if (most < 1e-4) return;
  }
}

/* By how much the fit exceeds the correlation over the shortest distance. */
static double excess(const vg_lags *lags, const vg_grain *g) {
  int nearest = 0;
  double fitted = 0;
  if (!lags->n) return 0;
  for (int k = 1; k < lags->n; k++)
    if (lags->of[k].mm < lags->of[nearest].mm) nearest = k;
  for (int s = 0; s < g->n; s++) fitted += g->share[s] * correlation(g->mm[s], lags->of[nearest].mm);
  return fitted - lags->of[nearest].value;
}

/* A little of a scale of one voxel improves many a fit slightly, and strews single voxels over the tumour,
 * where real parts are compact. So fine scales are taken only where the fit is bad without them. */
void vg_grain_fit(const vg_lags *lags, double least, double reach, vg_grain *out) {
  double finest = 2 * least;
  fit_from(lags, finest, reach, out);
  for (int k = 0; k < 3 && excess(lags, out) > MOST_EXCESS; k++) fit_from(lags, finest /= STEP, reach, out);
}

/* ---- drawing ---- */

/* Filters white noise along one axis by a Gaussian of sigma voxels. The sum of squared weights is 1 in each
 * voxel, at the ends too, so the variance stays. line has room for 2 rows of the axis and its weights. */
static void smooth(float *v, const int dim[3], int axis, double sigma, float *line) {
  const int n = dim[axis], reach = (int)fmin(n - 1, ceil(3.5 * sigma));
  const size_t stride[3] = {1, (size_t)dim[0], (size_t)dim[0] * (size_t)dim[1]}, step = stride[axis],
               voxels = vg_extent_voxels(dim);
  float *in = line, *scale = line + n, *weight = line + 2 * n;
  for (int k = 0; k <= reach; k++) weight[k] = (float)exp(-0.5 * k * k / (sigma * sigma));
  for (int i = 0; i < n; i++) {
    double square = 0;
    for (int j = i > reach ? i - reach : 0; j < n && j <= i + reach; j++) {
      const double w = (double)weight[j > i ? j - i : i - j];
      square += w * w;
    }
    scale[i] = (float)(1 / sqrt(square));
  }
  for (size_t from = 0; from < voxels; from++) {
    if (from / step % (size_t)n) continue; /* no line begins here */
    for (int i = 0; i < n; i++) in[i] = v[from + (size_t)i * step];
    for (int i = 0; i < n; i++) {
      float sum = in[i];
      for (int k = 1; k <= reach && k <= i; k++) sum += weight[k] * in[i - k];
      for (int k = 1; k <= reach && k < n - i; k++) sum += weight[k] * in[i + k];
      v[from + (size_t)i * step] = sum * scale[i];
    }
  }
}

vg_status vg_grain_draw(const vg_grain *g, const int dim[3], const double mm[3], uint64_t seed, uint64_t key,
                        float *out) {
  const size_t n = vg_extent_voxels(dim);
  int longest = dim[0];
  for (int a = 1; a < 3; a++) longest = dim[a] > longest ? dim[a] : longest;
  float *one = vg_malloc(n, sizeof *one), *line = vg_malloc(3 * (size_t)longest, sizeof *line);
  const vg_status st = one && line ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) out[i] = 0;
  for (int k = 0; k < g->n && !st; k++) {
    if (!(g->share[k] > 0)) continue;
    vg_rng rng = vg_rng_init(seed, vg_rng_key("grain", key, (uint64_t)k));
    for (size_t i = 0; i < n; i++) one[i] = (float)vg_rng_normal(&rng);
    /* Filtered noise has the correlation of the filter with itself, which is sqrt(2) times as wide. */
    for (int a = 0; a < 3; a++)
      if (g->mm[k] * M_SQRT1_2 > 0.15 * mm[a]) smooth(one, dim, a, g->mm[k] * M_SQRT1_2 / mm[a], line);
    const float factor = (float)sqrt(g->share[k]);
    for (size_t i = 0; i < n; i++) out[i] += factor * one[i];
  }
  vg_free(one);
  vg_free(line);
  return st;
}
