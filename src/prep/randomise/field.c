/* field.c: expands a B-spline axis by axis, so that a voxel costs four products for each axis. */
#include "prep/randomise/field.h"

#include <math.h>

#include "base/simd.h"
#include "base/number/extent.h"
#include "base/whole.h"

/* A cubic B-spline of independent nodes of standard deviation 1 has about this one. Along an axis the
 * variance is between 0.46 (between two nodes) and 0.5 (at a node). */
#define SPLINE_SD 0.333

vg_field vg_field_of(const int dim[3], const double cell[3], double sd) {
  vg_field f = {.sd = sd};
  for (int a = 0; a < 3; a++) {
    f.dim[a] = dim[a];
    const int cells = vg_index_of(ceil((dim[a] - 1) / cell[a]), VG_FIELD_NODES - 3 + 1);
    f.nodes[a] = (cells < 1 ? 1 : cells) + 3;
  }
  return f;
}

static size_t rows_x(const vg_field *f) {
  return (size_t)f->nodes[0] * (size_t)f->nodes[1] * (size_t)f->dim[2];
}

static size_t rows_y(const vg_field *f) {
  return (size_t)f->nodes[0] * (size_t)f->dim[1] * (size_t)f->dim[2];
}

size_t vg_field_scratch(const vg_field *f) {
  return vg_extent_voxels(f->nodes) + rows_x(f) + rows_y(f);
}

/* The first of the four nodes that reach voxel i of n, and their weights. */
static int weights_at(int i, int n, int nodes, float w[4]) {
  const int cells = nodes - 3;
  const double u = n > 1 ? (double)i * cells / (n - 1) : 0;
  int first = (int)u;
  if (first >= cells) first = cells - 1;
  const double t = u - first, s = 1 - t;
  w[0] = (float)(s * s * s / 6);
  w[1] = (float)((3 * t * t * t - 6 * t * t + 4) / 6);
  w[2] = (float)((3 * s * s * s - 6 * s * s + 4) / 6);
  w[3] = (float)(t * t * t / 6);
  return first;
}

VG_HOT static void mix_rows(const float *in, size_t stride, const float w[4], float *out, size_t n) {
  const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
  const float *a = in, *b = in + stride, *c = in + 2 * stride, *d = in + 3 * stride;
  for (size_t i = 0; i < n; i++) out[i] = w0 * a[i] + w1 * b[i] + w2 * c[i] + w3 * d[i];
}

void vg_field_expand(const vg_field *f, const float *nodes, float *scratch, float *out) {
  const size_t width = (size_t)f->dim[2], plane = (size_t)f->dim[1] * width;
  float *x = scratch, *y = scratch + rows_x(f), w[4];
  const size_t lines = (size_t)f->nodes[0] * (size_t)f->nodes[1];
  for (int i = 0; i < f->dim[2]; i++) {
    const int first = weights_at(i, f->dim[2], f->nodes[2], w);
    for (size_t line = 0; line < lines; line++) {
      const float *p = nodes + line * (size_t)f->nodes[2] + first;
      x[line * width + (size_t)i] = w[0] * p[0] + w[1] * p[1] + w[2] * p[2] + w[3] * p[3];
    }
  }
  for (int i = 0; i < f->dim[1]; i++) {
    const int first = weights_at(i, f->dim[1], f->nodes[1], w);
    for (int k = 0; k < f->nodes[0]; k++)
      mix_rows(x + ((size_t)k * (size_t)f->nodes[1] + (size_t)first) * width, width, w,
               y + (size_t)k * plane + (size_t)i * width, width);
  }
  for (int i = 0; i < f->dim[0]; i++) {
    const int first = weights_at(i, f->dim[0], f->nodes[0], w);
    mix_rows(y + (size_t)first * plane, plane, w, out + (size_t)i * plane, plane);
  }
}

void vg_field_draw(const vg_field *f, vg_rng *r, float *scratch, float *out) {
  const size_t n = vg_extent_voxels(f->nodes);
  const double sd = f->sd / SPLINE_SD;
  for (size_t i = 0; i < n; i++) scratch[i] = (float)(sd * vg_rng_normal(r));
  vg_field_expand(f, scratch, scratch + n, out);
}
