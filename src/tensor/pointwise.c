/* pointwise.c: see pointwise.h. */
#include "tensor/pointwise.h"
#include <math.h>
#include <string.h>
#include "base/simd.h"

#define LANES 16
#define BLOCK 4096 /* 16 KiB: the second look at a block finds it in the first-level cache */

static inline float fold(const float lane[LANES]) {
  float s = 0;
  for (int l = 0; l < LANES; l++) s += lane[l];
  return s;
}

VG_HOT void vg_pw_widen(const uint16_t *x, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits = (uint32_t)x[i] << 16;
    memcpy(&y[i], &bits, sizeof bits);
  }
}

VG_HOT void vg_pw_narrow(const float *x, size_t n, uint16_t *y) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, &x[i], sizeof bits);
    uint32_t quiet = (bits >> 16) | 0x40, near = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    y[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : near);
  }
}

VG_HOT void vg_pw_add(const float *x, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) y[i] += x[i];
}

/* Blocks are combined as Chan, Golub and LeVeque (1983) do, so that a large mean costs no digits. */
VG_HOT void vg_pw_moments(const float *x, size_t n, double *mean, double *var) {
  double m = 0, m2 = 0;
  for (size_t at = 0; at < n; at += BLOCK) {
    const size_t len = n - at < BLOCK ? n - at : BLOCK;
    const float *p = x + at;
    float lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= len; i += LANES)
      for (int l = 0; l < LANES; l++) lane[l] += p[i + l];
    for (; i < len; i++) lane[0] += p[i];
    const float centre = fold(lane) / (float)len;
    float first[LANES] = {0}, second[LANES] = {0};
    for (i = 0; i + LANES <= len; i += LANES)
      for (int l = 0; l < LANES; l++) {
        const float d = p[i + l] - centre;
        first[l] += d;
        second[l] += d * d;
      }
    for (; i < len; i++) {
      const float d = p[i] - centre;
      first[0] += d;
      second[0] += d * d;
    }
    const double residue = fold(first) / (double)len, block_mean = centre + residue;
    const double block_m2 = fold(second) - residue * residue * (double)len;
    const double delta = block_mean - m, total = (double)(at + len);
    m += delta * (double)len / total;
    m2 += block_m2 + delta * delta * (double)at * (double)len / total;
  }
  *mean = m;
  *var = n ? m2 / (double)n : 0;
}

VG_HOT void vg_pw_norm_act(const float *x, size_t n, float mean, float rstd, float slope, float *y) {
  for (size_t i = 0; i < n; i++) {
    const float v = (x[i] - mean) * rstd;
    y[i] = v > 0 ? v : v * slope;
  }
}

/* With z = (x - mean) rstd and dz = dy act'(z): dx = rstd (dz - mean(dz) - z mean(dz z)). */
VG_HOT void vg_pw_norm_act_backward(const float *dy, const float *of, size_t n, float mean, float rstd,
                                    float slope, int of_output, float scale, float *dx) {
  /* from the output, z is recovered by undoing the slope */
  const float undo = of_output ? 1 / slope : 1;
  double sum = 0, sum_z = 0;
  for (size_t at = 0; at < n; at += BLOCK) {
    const size_t len = n - at < BLOCK ? n - at : BLOCK;
    const float *g = dy + at, *p = of + at;
    float a[LANES] = {0}, b[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= len; i += LANES)
      for (int l = 0; l < LANES; l++) {
        const float v = (p[i + l] - mean) * rstd;
        const float z = v > 0 ? v : v * undo, dz = v > 0 ? g[i + l] : g[i + l] * slope;
        a[l] += dz;
        b[l] += dz * z;
      }
    for (; i < len; i++) {
      const float v = (p[i] - mean) * rstd;
      const float z = v > 0 ? v : v * undo, dz = v > 0 ? g[i] : g[i] * slope;
      a[0] += dz;
      b[0] += dz * z;
    }
    sum += fold(a);
    sum_z += fold(b);
  }
  const float m = (float)(sum / (double)n), mz = (float)(sum_z / (double)n);
  for (size_t i = 0; i < n; i++) {
    const float v = (of[i] - mean) * rstd;
    const float z = v > 0 ? v : v * undo, dz = v > 0 ? dy[i] : dy[i] * slope;
    dx[i] = scale * (dz - m - z * mz);
  }
}

VG_HOT static void smooth_row(const float *low, const float *x, const float *high, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = 0.5f * x[i] + 0.25f * (low[i] + high[i]);
}

void vg_pw_smooth(const float *x, size_t n, size_t floats, float *y) {
  const size_t last = (n - 1) * floats;
  if (n == 1) {
    memcpy(y, x, floats * sizeof *y);
    return;
  }
  smooth_row(x, x, x + floats, floats, y);
  if (floats == 1) { /* the row before is the float before: one loop for all but the ends */
    smooth_row(x, x + 1, x + 2, n - 2, y + 1);
  } else {
    for (size_t at = floats; at < last; at += floats)
      smooth_row(x + at - floats, x + at, x + at + floats, floats, y + at);
  }
  smooth_row(x + last - floats, x + last, x + last, floats, y + last);
}

VG_HOT void vg_pw_act(const float *x, const float *b, size_t n, float slope, float *y) {
  for (size_t i = 0; !b && i < n; i++) y[i] = x[i] > 0 ? x[i] : x[i] * slope;
  for (size_t i = 0; b && i < n; i++) {
    const float v = x[i] + b[i];
    y[i] = v > 0 ? v : v * slope;
  }
}

VG_HOT void vg_pw_act_backward(const float *dy, const float *y, size_t n, float slope, float *dx,
                               float *sum) {
  for (size_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : dy[i] * slope;
  for (size_t i = 0; sum && i < n; i++) sum[i] += dx[i];
}

/* 1 - 2 / (exp(2 |x|) + 1), where that loses no digits, else an odd polynomial; both polynomials by least
 * squares over Chebyshev's points, weighted for the relative error. */
VG_HOT void vg_pw_tanh(const float *x, size_t n, float *y) {
  const float magic = 12582912; /* 1.5 2^23: adding it leaves the nearest whole number in the last bits */
  for (size_t i = 0; i < n; i++) {
    const float a = fabsf(x[i]), z = a * a;
    const float odd =
        -0.33333279f + z * (0.13331381f + z * (-0.053735319f + z * (0.020626292f + z * -0.0056919857f)));
    const float t = (a > 10 ? 10 : a) * 2.88539008f; /* log2 of exp(2 a) */
    union {
      float value;
      uint32_t bits;
    } whole = {t + magic}, power;
    const float f = t - (whole.value - magic);
    const float part =
        f * (0.69314721f +
             f * (0.24022647f +
                  f * (0.05550329f + f * (0.0096185195f + f * (0.001339986f + f * 0.00015337577f)))));
    power.bits = (whole.bits << 23) + (127u << 23);
    const float near = a + a * z * odd, far = 1 - 2 / (power.value + power.value * part + 1);
    y[i] = copysignf(a < 0.625f ? near : far, x[i]);
  }
}

VG_HOT void vg_pw_tanh_backward(const float *dy, const float *y, size_t n, float *dx) {
  for (size_t i = 0; i < n; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
}

VG_HOT double vg_pw_l1(const float *a, const float *b, const float *w, size_t n) {
  double total = 0;
  for (size_t at = 0; at < n; at += BLOCK) {
    const size_t len = n - at < BLOCK ? n - at : BLOCK;
    const float *p = a + at, *q = b + at, *r = w ? w + at : NULL;
    float lane[LANES] = {0};
    size_t i = 0;
    if (r)
      for (; i + LANES <= len; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += fabsf(p[i + l] - q[i + l]) * r[i + l];
    else
      for (; i + LANES <= len; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += fabsf(p[i + l] - q[i + l]);
    for (; i < len; i++) lane[0] += fabsf(p[i] - q[i]) * (r ? r[i] : 1);
    total += fold(lane);
  }
  return total;
}

VG_HOT void vg_pw_l1_backward(const float *a, const float *b, const float *w, size_t n, float scale,
                              float *d) {
  for (size_t i = 0; i < n; i++) {
    const float e = a[i] - b[i];
    d[i] = e > 0 ? scale : e < 0 ? -scale : 0;
  }
  if (w)
    for (size_t i = 0; i < n; i++) d[i] *= w[i];
}

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014) as a hash of the element's index: any thread finds
 * any element's draw, and the backward pass draws it again instead of keeping a mask. */
VG_HOT void vg_pw_dropout(const float *x, size_t n, uint64_t key, uint64_t first, uint64_t threshold,
                          float scale, float *y) {
  for (size_t i = 0; i < n; i++) {
    uint64_t h = key + (first + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    h ^= h >> 31;
    y[i] = (h >> 32) < threshold ? x[i] * scale : 0;
  }
}

VG_HOT void vg_pw_adam(float *p, const float *g, float *m, float *v, size_t n, const vg_pw_adam_args *args) {
  const vg_pw_adam_args a = *args;
  for (size_t i = 0; i < n; i++) {
    const float d = g[i] + a.decay * p[i];
    m[i] = a.beta1 * m[i] + a.one_minus_beta1 * d;
    v[i] = a.beta2 * v[i] + a.one_minus_beta2 * d * d;
    p[i] -= a.step * m[i] / (sqrtf(v[i]) * a.root + a.eps);
  }
}
