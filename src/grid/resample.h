/* resample.h: a grid resampled along each axis: area-weighted where coarser, linear, or sharper, where finer.
 * What lies outside the input counts as 0. */
#ifndef VG_DATA_RESAMPLE_H
#define VG_DATA_RESAMPLE_H
#include <stdbool.h>
#include "voxgan/status.h"

/* Along one axis, output voxel k is the sum of count[k] inputs from first[k] with weights[k * width ...]. */
typedef struct vg_axis_map {
  int n_in, n_out, width;
  int *first, *count;
  float *weights;
} vg_axis_map;

typedef struct vg_resampler {
  vg_axis_map axis[3];
  int order[3]; /* axes that shrink most come first */
  bool identity;
  float *work[2];
} vg_resampler;

/* Output voxel k along axis a covers [k * step[a] + start[a], (k + 1) * step[a] + start[a]] in input voxels,
 * of which voxel j covers [j, j + 1]. sharp: where finer, the means over the voxels of a curve through those
 * of the input, rather than linear interpolation, which blurs what is a mean over a voxel once more. */
vg_status vg_resampler_init(vg_resampler *r, const int in[3], const int out[3], const double step[3],
                            const double start[3], bool sharp);
/* in and out are (Z, Y, X) and may not overlap. Not for two threads at once. */
void vg_resample(vg_resampler *r, const float *in, float *out);
void vg_resampler_release(vg_resampler *r);

#endif
