/* percentile.h: robust limits of an image's intensities. */
#ifndef VG_DATA_PERCENTILE_H
#define VG_DATA_PERCENTILE_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

/* Two percentiles (0..100) of the values in the mask, which must not be empty. Linear between order
 * statistics, NumPy's default. */
vg_status vg_percentiles(const float *v, const uint8_t *mask, size_t n, const double percent[2],
                         double out[2]);

#endif
