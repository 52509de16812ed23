/* vector_math.h: functions that a compiler can put into vectors, where libm's cannot be. They are for
 * synthetic intensities: their relative error is below 1e-6. */
#ifndef VG_RANDOMISE_VECTOR_MATH_H
#define VG_RANDOMISE_VECTOR_MATH_H
#include <stdint.h>
#include <string.h>

static inline float vg_from_bits(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline int32_t vg_to_bits(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* The binary logarithm of a normal number above 0. */
static inline float vg_log2f(float x) {
  /* Mantissas from sqrt(1/2) to sqrt(2): the series of atanh converges fast on both sides of 1. */
  const int32_t bits = vg_to_bits(x), above = bits - 0x3f3504f3, e = above >> 23;
  const float m = vg_from_bits(bits - (int32_t)((uint32_t)e << 23));
  const float s = (m - 1) / (m + 1), q = s * s;
  const float series =
      2.885390082f + q * (0.961796694f + q * (0.577078016f + q * (0.412198583f + q * 0.320598898f)));
  return (float)e + s * series;
}

/* 2 to the power x, for x from -126 to 127; beyond, the value there. */
static inline float vg_exp2f(float x) {
  /* One choice a statement: GCC makes branches of nested ones. */
  x = x < -126 ? -126 : x;
  x = x > 127 ? 127 : x;
  const int32_t whole = (int32_t)(x + 126.5f) - 126;
  const float t = (x - (float)whole) * 0.6931471806f;
  const float p =
      1 + t * (1 + t * (0.5f + t * (0.166666667f +
                                    t * (0.0416666667f + t * (0.00833333333f + t * 0.00138888889f)))));
  return p * vg_from_bits((int32_t)((uint32_t)(whole + 127) << 23));
}

/* sin and cos of 2 pi x, for x from -0.5 to 0.5. */
static inline void vg_turn(float x, float *sine, float *cosine) {
  const float turns = x * 4;
  const int32_t quarter = (int32_t)(turns + (turns < 0 ? -0.5f : 0.5f));
  const float t = (turns - (float)quarter) * 1.570796327f, q = t * t;
  const float s =
      t * (1 + q * (-0.166666667f + q * (0.00833333333f + q * (-1.98412698e-4f + q * 2.75573192e-6f))));
  const float c =
      1 +
      q * (-0.5f + q * (0.0416666667f + q * (-0.00138888889f + q * (2.48015873e-5f - q * 2.75573192e-7f))));
  const float a = quarter & 1 ? c : s, b = quarter & 1 ? s : c;
  *sine = quarter & 2 ? -a : a;
  *cosine = (quarter + 1) & 2 ? -b : b;
}

#endif
