/* percentile.h: robust limits of an image's intensities. */
#ifndef VG_DATA_PERCENTILE_H
#define VG_DATA_PERCENTILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

/* Two percentiles (0..100) of the values in the mask, 0 for an empty mask; as NumPy's default, linear
 * between order statistics. */
vg_status vg_percentiles(const float *v, const uint8_t *mask, size_t n, const double percent[2],
                         double out[2]);

/* Whether intensities from lo to hi can be brought to [-1, 1]: not where hi is no more than lo, nor where all
 * between them is a few denormals, whose scale is infinite, nor beyond what a volume may hold. */
static inline bool vg_range_spans(double lo, double hi) {
  return hi - lo >= 1e-37 && hi - lo <= 2e30;
}

#endif
