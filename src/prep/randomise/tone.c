/* tone.c: shading, the range of intensities, and the tone curve. */
#include "prep/randomise/tone.h"

#include <string.h>

#include "base/simd.h"
#include "prep/randomise/vector_math.h"

#define BINS 2048

VG_HOT void vg_tone_shade(float *restrict v, const float *restrict field, size_t n) {
  for (size_t i = 0; i < n; i++) v[i] *= vg_exp2f(field[i] * 1.442695041f);
}

VG_HOT void vg_tone_map(float *v, size_t n, double lo, double hi, double gamma) {
  const float from = (float)lo, scale = (float)(1 / (hi > lo ? hi - lo : 1)), power = (float)gamma;
  for (size_t i = 0; i < n; i++) {
    float x = (v[i] - from) * scale;
    x = x < 1e-6f ? 1e-6f : x;
    x = x > 1 ? 1 : x;
    v[i] = 2 * vg_exp2f(power * vg_log2f(x)) - 1;
  }
}

VG_HOT static void least_most(const float *v, size_t n, float out[2]) {
  float lo = v[0], hi = v[0];
  for (size_t i = 1; i < n; i++) {
    lo = v[i] < lo ? v[i] : lo;
    hi = v[i] > hi ? v[i] : hi;
  }
  out[0] = lo;
  out[1] = hi;
}

void vg_tone_range(const float *v, const uint8_t *kinds, size_t n, const double percentile[2],
                   double out[2]) {
  float range[2];
  uint32_t bins[BINS] = {0};
  least_most(v, n, range);
  const float scale = (BINS - 1) / (range[1] > range[0] ? range[1] - range[0] : 1);
  size_t all = 0;
  for (size_t i = 0; i < n; i++) {
    if (!kinds[i]) continue;
    bins[(int)((v[i] - range[0]) * scale)]++;
    all++;
  }
  if (!all)
    for (size_t i = 0; i < n; i++, all++) bins[(int)((v[i] - range[0]) * scale)]++;
  for (int k = 0; k < 2; k++) {
    size_t seen = 0;
    int bin = 0;
    while (bin < BINS - 1 && (double)(seen + bins[bin]) < percentile[k] / 100 * (double)all)
      seen += bins[bin++];
    out[k] = (double)range[0] + (bin + (k ? 1 : 0)) / (double)scale;
  }
}
