/* intensity.h: which intensities become -1 and +1. */
#ifndef VG_EVAL_INTENSITY_H
#define VG_EVAL_INTENSITY_H
#include <stdbool.h>
#include "io/json.h"
#include "voxgan/volume.h"

/* The 0.5th and 99.5th percentile where cells are not 0, of which there is one at least. */
vg_status vg_eval_intensity_range(const vg_volume *vol, const uint8_t *cells, float *lo, float *hi);
/* What a data set's description says of a series; false where it says nothing. */
bool vg_eval_intensity_recorded(const vg_json *description, const char *series, float *lo, float *hi);
/* lo becomes -1, hi +1, values beyond are clipped, and where cells are 0 all becomes -1. A constant volume
 * (lo is hi) becomes 0. */
void vg_eval_intensity_to_unit(float *v, const uint8_t *cells, size_t n, float lo, float hi);

#endif
