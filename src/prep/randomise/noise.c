/* noise.c: Philox and Box-Muller over blocks that fill vectors. The words are those of vg_philox(). */
#include "prep/randomise/noise.h"

#include <math.h>

#include "base/simd.h"
#include "prep/randomise/vector_math.h"

#define LANES 64 /* counters of a block; each gives four deviates */

/* The same rounds as in base/rng.c, for LANES counters side by side. */
VG_HOT static void block(uint64_t seed, uint64_t key, uint64_t first, float *restrict out) {
  uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int i = 0; i < LANES; i++) {
    c0[i] = (uint32_t)(first + (uint64_t)i);
    c1[i] = (uint32_t)((first + (uint64_t)i) >> 32);
    c2[i] = (uint32_t)key;
    c3[i] = (uint32_t)(key >> 32);
  }
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < LANES; i++) {
      const uint64_t p0 = (uint64_t)0xD2511F53u * c0[i], p1 = (uint64_t)0xCD9E8D57u * c2[i];
      c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
      c1[i] = (uint32_t)p1;
      c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
      c3[i] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < LANES; i++) {
    float s0, t0, s1, t1;
    /* In (0, 1]: the logarithm is finite. 24 bits are exact in a float. */
    const float u0 = (float)((int32_t)(c0[i] >> 8) + 1) * 0x1p-24f,
                u1 = (float)((int32_t)(c2[i] >> 8) + 1) * 0x1p-24f;
    const float r0 = sqrtf(-1.386294361f * vg_log2f(u0)), r1 = sqrtf(-1.386294361f * vg_log2f(u1));
    vg_turn((float)(int32_t)c1[i] * 0x1p-32f, &s0, &t0);
    vg_turn((float)(int32_t)c3[i] * 0x1p-32f, &s1, &t1);
    out[i] = r0 * t0;
    out[LANES + i] = r0 * s0;
    out[2 * LANES + i] = r1 * t1;
    out[3 * LANES + i] = r1 * s1;
  }
}

void vg_noise_normals(uint64_t seed, uint64_t key, float *out, size_t n) {
  size_t i = 0;
  uint64_t first = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES, first += LANES) block(seed, key, first, out + i);
  if (i == n) return;
  float rest[4 * LANES];
  block(seed, key, first, rest);
  for (size_t k = 0; i + k < n; k++) out[i + k] = rest[k];
}

VG_HOT static void add(float *restrict v, const float *restrict z, float sd, size_t n) {
  for (size_t i = 0; i < n; i++) v[i] += sd * z[i];
}

VG_HOT static void magnitude(float *restrict v, const float *restrict z, float sd, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const float a = v[i] + sd * z[i], b = sd * z[n + i];
    v[i] = sqrtf(a * a + b * b);
  }
}

void vg_noise_gaussian(float *v, size_t n, double sd, uint64_t seed, uint64_t key, float *scratch) {
  vg_noise_normals(seed, key, scratch, n);
  add(v, scratch, (float)sd, n);
}

void vg_noise_rician(float *v, size_t n, double sd, uint64_t seed, uint64_t key, float *scratch) {
  vg_noise_normals(seed, key, scratch, 2 * n);
  magnitude(v, scratch, (float)sd, n);
}
