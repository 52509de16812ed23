/* intensity.h: scales intensities to [-1, 1]. */
#ifndef VG_EVAL_INTENSITY_H
#define VG_EVAL_INTENSITY_H
#include <stdbool.h>
#include "io/json.h"
#include "voxgan/volume.h"

/* Computes the 0.5th and 99.5th percentile over non-zero cells. There must be at least one. */
vg_status vg_eval_intensity_range(const vg_volume *vol, const uint8_t *cells, float *lo, float *hi);
/* Reads the range of a series from a data set's description. Returns false if it has none. */
bool vg_eval_intensity_recorded(const vg_json *description, const char *series, float *lo, float *hi);
/* Maps lo to -1 and hi to +1, and clips values beyond. Voxels with cell 0 become -1. A constant volume (lo
 * equals hi) becomes 0. */
void vg_eval_intensity_to_unit(float *v, const uint8_t *cells, size_t n, float lo, float hi);

#endif
