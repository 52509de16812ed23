/* resample.h: resamples a grid along each axis: area-weighted if the output is coarser; linear, or sharper,
 * if it is finer. Values outside the input count as 0. */
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
  int order[3]; /* the axis that shrinks most comes first */
  bool identity;
  float *work[2];
} vg_resampler;

/* Output voxel k along axis a covers [k * step[a] + start[a], (k + 1) * step[a] + start[a]] in input voxels;
 * input voxel j covers [j, j + 1]. sharp: if the output is finer, fits a curve whose means over input voxels
 * are the input, and takes its means over output voxels. Linear interpolation would blur voxel means a second
 * time. */
vg_status vg_resampler_init(vg_resampler *r, const int in[3], const int out[3], const double step[3],
                            const double start[3], bool sharp);
/* in and out are (Z, Y, X) and must not overlap. Two threads must not use one resampler at once. */
void vg_resample(vg_resampler *r, const float *in, float *out);
void vg_resampler_release(vg_resampler *r);

#endif
