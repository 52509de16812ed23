/* blur.c: a separable convolution, whose inner loop runs over neighbours in memory. */
#include "prep/randomise/blur.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "base/number/extent.h"
#include "base/whole.h"

#define CHUNK 1024 /* floats of a row that stay in the cache while rows are added */

static int kernel(double sigma, float w[VG_BLUR_RADIUS + 1]) {
  const int radius = vg_index_of(ceil(3 * sigma), VG_BLUR_RADIUS + 1);
  double sum = 0;
  for (int k = 0; k <= radius; k++) sum += (k ? 2 : 1) * exp(-0.5 * k * k / (sigma * sigma));
  for (int k = 0; k <= radius; k++) w[k] = (float)(exp(-0.5 * k * k / (sigma * sigma)) / sum);
  return radius;
}

VG_HOT static void first_row(const float *restrict a, float w, float *restrict out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = w * a[i];
}

VG_HOT static void add_rows(const float *restrict a, const float *restrict b, float w, float *restrict out,
                            size_t n) {
  for (size_t i = 0; i < n; i++) out[i] += w * (a[i] + b[i]);
}

/* Blurs `outer` blocks of n rows of `inner` floats across their rows. */
static void blur_rows(const float *in, float *out, size_t outer, int n, size_t inner, const float *w,
                      int radius) {
  for (size_t o = 0; o < outer; o++, in += (size_t)n * inner, out += (size_t)n * inner)
    for (size_t from = 0; from < inner; from += CHUNK) {
      const size_t len = inner - from < CHUNK ? inner - from : CHUNK;
      for (int i = 0; i < n; i++) {
        float *row = out + (size_t)i * inner + from;
        first_row(in + (size_t)i * inner + from, w[0], row, len);
        for (int k = 1; k <= radius; k++) {
          const size_t a = i < k ? 0 : (size_t)(i - k), b = i + k < n ? (size_t)(i + k) : (size_t)(n - 1);
          add_rows(in + a * inner + from, in + b * inner + from, w[k], row, len);
        }
      }
    }
}

/* Blurs rows of n floats along themselves. */
static void blur_line(const float *in, float *out, size_t rows, int n, const float *w, int radius) {
  enum { LONGEST = 4096 };
  float padded[LONGEST + 2 * VG_BLUR_RADIUS];
  for (size_t row = 0; row < rows; row++, in += n, out += n)
    for (int from = 0; from < n; from += LONGEST) {
      const int len = n - from < LONGEST ? n - from : LONGEST;
      for (int i = -radius; i < len + radius; i++) {
        const int at = from + i < 0 ? 0 : from + i < n ? from + i : n - 1;
        padded[VG_BLUR_RADIUS + i] = in[at];
      }
      const float *p = padded + VG_BLUR_RADIUS;
      first_row(p, w[0], out + from, (size_t)len);
      for (int k = 1; k <= radius; k++) add_rows(p - k, p + k, w[k], out + from, (size_t)len);
    }
}

void vg_blur(float *v, const int dim[3], const double sigma[3], float *work) {
  float w[VG_BLUR_RADIUS + 1], *from = v, *to = work;
  size_t outer = 1, inner = vg_extent_voxels(dim);
  for (int a = 0; a < 3; a++) {
    inner /= (size_t)dim[a];
    if (sigma[a] >= 0.1 && dim[a] > 1) {
      const int radius = kernel(sigma[a], w);
      if (a < 2)
        blur_rows(from, to, outer, dim[a], inner, w, radius);
      else
        blur_line(from, to, outer, dim[a], w, radius);
      float *swap = from;
      from = to, to = swap;
    }
    outer *= (size_t)dim[a];
  }
  if (from != v) memcpy(v, from, vg_extent_voxels(dim) * sizeof *v);
}
