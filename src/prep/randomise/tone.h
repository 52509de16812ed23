/* tone.h: from a scanner's intensities to a network's input. */
#ifndef VG_RANDOMISE_TONE_H
#define VG_RANDOMISE_TONE_H
#include <stddef.h>
#include <stdint.h>

/* Multiplies by exp(field). */
void vg_tone_shade(float *v, const float *field, size_t n);
/* Two percentiles of the values where kinds is not 0 (everywhere if it is 0 everywhere), to a thousandth of
 * their range. */
void vg_tone_range(const float *v, const uint8_t *kinds, size_t n, const double percentile[2], double out[2]);
/* Brings [lo, hi] to [0, 1], cut off there, takes it to the power gamma, and brings it to [-1, 1]. */
void vg_tone_map(float *v, size_t n, double lo, double hi, double gamma);

#endif
