/* modulate.c: see modulate.h. */
#include "tensor/modulate.h"
#include <string.h>
#include "base/simd.h"

#define LANES 16

typedef struct factors {
  float gain[VG_MODULATE_CHUNK], shift[VG_MODULATE_CHUNK], strength[VG_MODULATE_CHUNK];
} factors;

static inline float fold(const float lane[LANES]) {
  float s = 0;
  for (int l = 0; l < LANES; l++) s += lane[l];
  return s;
}

static inline __attribute__((always_inline)) void start(float *v, const float *map, float bias, size_t n) {
  if (map)
    for (size_t i = 0; i < n; i++) v[i] = bias + map[i];
  else
    for (size_t i = 0; i < n; i++) v[i] = bias;
}

static inline __attribute__((always_inline)) void factors_of(const vg_md_chunk *q, const vg_md_channel *c,
                                                             factors *f) {
  const size_t n = q->n;
  start(f->gain, c->map[0], 1 + c->bias[0], n);
  start(f->shift, c->map[1], c->bias[1], n);
  if (q->noise) start(f->strength, NULL, c->bias[2], n);
  for (int k = 0; k < q->classes; k++) {
    const float *const m = q->fraction[k];
    const int at = q->column[k];
    const float g = c->row[0] ? c->row[0][at] : 0, t = c->row[1] ? c->row[1][at] : 0;
    if (c->row[0])
      for (size_t i = 0; i < n; i++) {
        f->gain[i] += g * m[i];
        f->shift[i] += t * m[i];
      }
    if (q->noise && c->row[2])
      for (size_t i = 0; i < n; i++) f->strength[i] += c->row[2][at] * m[i];
  }
}

VG_HOT void vg_md_forward(const vg_md_chunk *q, const vg_md_channel *c, const float *x, float *y) {
  factors f;
  factors_of(q, c, &f);
  if (q->noise)
    for (size_t i = 0; i < q->n; i++) f.shift[i] += f.strength[i] * q->noise[i];
  for (size_t i = 0; i < q->n; i++) {
    const float v = (x[i] - c->mean) * c->rstd * f.gain[i] + f.shift[i];
    y[i] = v > 0 ? v : v * c->slope;
  }
}

/* The sum of a times b; b NULL is 1. */
static inline __attribute__((always_inline)) float product(const float *a, const float *b, size_t n) {
  float lane[LANES] = {0};
  size_t i = 0;
  if (b)
    for (; i + LANES <= n; i += LANES)
      for (int l = 0; l < LANES; l++) lane[l] += a[i + l] * b[i + l];
  else
    for (; i + LANES <= n; i += LANES)
      for (int l = 0; l < LANES; l++) lane[l] += a[i + l];
  for (; i < n; i++) lane[0] += b ? a[i] * b[i] : a[i];
  return fold(lane);
}

VG_HOT void vg_md_backward(const vg_md_chunk *q, const vg_md_channel *c, const float *x, const float *dy,
                           float *dh, float *const dmap[2], vg_md_sums *sums) {
  factors f;
  float h[VG_MODULATE_CHUNK], d[3][VG_MODULATE_CHUNK];
  const size_t n = q->n;
  const int parts = q->noise ? 3 : 2;
  factors_of(q, c, &f);
  if (q->noise)
    for (size_t i = 0; i < n; i++) f.shift[i] += f.strength[i] * q->noise[i];
  for (size_t i = 0; i < n; i++) {
    h[i] = (x[i] - c->mean) * c->rstd;
    const float v = h[i] * f.gain[i] + f.shift[i];
    d[1][i] = v > 0 ? dy[i] : dy[i] * c->slope;
    d[0][i] = d[1][i] * h[i];
    dh[i] = d[1][i] * f.gain[i];
  }
  if (q->noise)
    for (size_t i = 0; i < n; i++) d[2][i] = d[1][i] * q->noise[i];
  sums->dh = product(dh, NULL, n);
  sums->dh_h = product(dh, h, n);
  for (int r = 0; r < parts; r++) {
    sums->bias[r] = product(d[r], NULL, n);
    for (int k = 0; k < q->classes; k++) sums->by_class[r][k] = product(d[r], q->fraction[k], n);
  }
  for (int r = 0; r < 2; r++)
    if (dmap[r]) memcpy(dmap[r], d[r], n * sizeof(float));
}

VG_HOT void vg_md_norm_backward(const float *dh, const float *x, size_t n, float mean, float rstd,
                                float dh_mean, float dh_h_mean, float *dx) {
  for (size_t i = 0; i < n; i++) dx[i] = rstd * (dh[i] - dh_mean - (x[i] - mean) * rstd * dh_h_mean);
}
