/* augment.c: random differences between scanners: shading, sharpness, noise, contrast. */
#include "sample/augment.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "base/number/extent.h"
#include "base/whole.h"

/* One series; x holds its values in the brain, scaled to 0 to 1. */
typedef struct picture {
  float *x;
  const float *inside;
  const int *dim; /* D, H, W */
  size_t n;
} picture;

static void clamp(picture *p) {
  for (size_t i = 0; i < p->n; i++) p->x[i] = p->x[i] < 0 ? 0 : p->x[i] > 1 ? 1 : p->x[i];
}

/* ---- bias field ---- */

/* Multiplies by exp of a quadratic in the coordinates (-1 to 1 along each axis); the absolute values of its
 * coefficients add up to `most`. Then restores the brightness of the brightest voxel, as normalising a shaded
 * scan does. */
static void bias(picture *p, double most, vg_rng *r) {
  double c[9], sum = 0, size = vg_rng_uniform(r, 0, most);
  for (int k = 0; k < 9; k++) sum += fabs(c[k] = vg_rng_uniform(r, -1, 1));
  for (int k = 0; k < 9; k++) c[k] *= sum > 0 ? size / sum : 0;
  float before = 0, after = 0;
  size_t i = 0;
  for (int z = 0; z < p->dim[0]; z++)
    for (int y = 0; y < p->dim[1]; y++) {
      double v = p->dim[0] > 1 ? 2.0 * z / (p->dim[0] - 1) - 1 : 0;
      double u = p->dim[1] > 1 ? 2.0 * y / (p->dim[1] - 1) - 1 : 0;
      double step = p->dim[2] > 1 ? 2.0 / (p->dim[2] - 1) : 0;
      double row = c[0] * v + c[1] * u + c[2] * v * v + c[3] * u * u + c[4] * u * v;
      double slope = c[5] + c[6] * v + c[7] * u;
      for (int x = 0; x < p->dim[2]; x++, i++) {
        if (!(p->inside[i] > 0)) continue;
        double t = step * x - 1;
        before = fmaxf(before, p->x[i]);
        p->x[i] *= (float)exp(row + (slope + c[8] * t) * t);
        after = fmaxf(after, p->x[i]);
      }
    }
  float scale = after > 0 ? before / after : 1;
  for (i = 0; i < p->n; i++) p->x[i] *= scale;
}

/* ---- blur ---- */

/* Convolves v along one axis with w[0..radius] on both sides. Values outside the grid count as 0. */
VG_HOT static void blur_axis(const float *v, float *out, const int dim[3], int axis, const float *w,
                             int radius) {
  const size_t stride = axis == 2 ? 1 : axis == 1 ? (size_t)dim[2] : (size_t)dim[1] * (size_t)dim[2];
  size_t i = 0;
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[2]; x++, i++) {
        const int at = axis == 2 ? x : axis == 1 ? y : z;
        float sum = w[0] * v[i];
        for (int k = 1; k <= radius; k++) {
          if (at >= k) sum += w[k] * v[i - (size_t)k * stride];
          if (at + k < dim[axis]) sum += w[k] * v[i + (size_t)k * stride];
        }
        out[i] = sum;
      }
}

static void blur_all(float *v, float *work, const int dim[3], const float *w, int radius) {
  blur_axis(v, work, dim, 2, w, radius);
  blur_axis(work, v, dim, 1, w, radius);
  if (dim[0] == 1) return;
  blur_axis(v, work, dim, 0, w, radius);
  memcpy(v, work, vg_extent_voxels(dim) * sizeof *v);
}

/* Blurs over the brain only, so that its rim does not mix with the background. */
static void blur(picture *p, double most, vg_rng *r, float *scratch) {
  enum { RADIUS = 15 };
  float w[RADIUS + 1], *share = scratch, *work = scratch + p->n;
  double sigma = vg_rng_uniform(r, 0, most);
  int radius = vg_index_of(ceil(3 * sigma), RADIUS + 1);
  if (sigma < 0.1) return;
  for (int k = 0; k <= radius; k++) w[k] = (float)exp(-0.5 * k * k / (sigma * sigma));
  for (size_t i = 0; i < p->n; i++) {
    share[i] = p->inside[i] > 0;
    p->x[i] *= share[i];
  }
  blur_all(p->x, work, p->dim, w, radius);
  blur_all(share, work, p->dim, w, radius);
  for (size_t i = 0; i < p->n; i++) p->x[i] = share[i] > 0 ? p->x[i] / share[i] : 0;
}

/* ---- voxel by voxel ---- */

static void noise(picture *p, double most, vg_rng *r) {
  double sd = vg_rng_uniform(r, 0, most);
  for (size_t i = 0; i < p->n; i++)
    if (p->inside[i] > 0) p->x[i] += (float)(sd * vg_rng_normal(r));
}

static void contrast(picture *p, double most, vg_rng *r) {
  double gain = vg_rng_uniform(r, 1 - most, 1 + most), shift = vg_rng_uniform(r, -most / 2, most / 2);
  double sum = 0, count = 0;
  for (size_t i = 0; i < p->n; i++)
    if (p->inside[i] > 0) sum += p->x[i], count++;
  const double mean = count > 0 ? sum / count : 0;
  const float factor = (float)gain, offset = (float)(mean * (1 - gain) + shift);
  for (size_t i = 0; i < p->n; i++) p->x[i] = p->x[i] * factor + offset;
}

static void gamma_curve(picture *p, double most, vg_rng *r) {
  float power = (float)exp(vg_rng_uniform(r, -most, most));
  for (size_t i = 0; i < p->n; i++)
    if (p->inside[i] > 0) p->x[i] = powf(p->x[i], power);
}

void vg_augment_alter(float *images, int n, const float *inside, const int dim[3], const vg_augment *how,
                       vg_rng *r, float *scratch) {
  const size_t voxels = vg_extent_voxels(dim);
  for (int s = 0; s < n; s++, images += voxels) {
    picture p = {scratch, inside, dim, voxels};
    float *rest = scratch + voxels;
    for (size_t i = 0; i < voxels; i++) p.x[i] = (images[i] + 1) / 2;
    if (how->bias > 0 && vg_rng_uniform(r, 0, 1) < how->share) bias(&p, how->bias, r);
    if (how->blur > 0 && vg_rng_uniform(r, 0, 1) < how->share) blur(&p, how->blur, r, rest);
    if (how->noise > 0 && vg_rng_uniform(r, 0, 1) < how->share) noise(&p, how->noise, r);
    if (how->contrast > 0 && vg_rng_uniform(r, 0, 1) < how->share) contrast(&p, how->contrast, r);
    clamp(&p);
    if (how->gamma > 0 && vg_rng_uniform(r, 0, 1) < how->share) gamma_curve(&p, how->gamma, r);
    for (size_t i = 0; i < voxels; i++)
      if (inside[i] > 0) images[i] = 2 * p.x[i] - 1;
  }
}

void vg_augment_drop(double probability, int n, vg_rng *r, bool missing[VG_SERIES_MAX]) {
  int left = n;
  for (int s = 0; s < n; s++) {
    missing[s] = vg_rng_uniform(r, 0, 1) < probability;
    left -= missing[s];
  }
  int stays = (int)vg_rng_below(r, (uint64_t)n);
  if (!left) missing[stays] = false;
}
