/* metric_ssim.h: means of the SSIM map at one scale, for the metrics derived from it. */
#ifndef VG_EVAL_METRIC_SSIM_H
#define VG_EVAL_METRIC_SSIM_H
#include "voxgan/metric.h"

/* The input's images after some halvings of each axis; 0: the images themselves. */
typedef struct vg_ssim_scale {
  const vg_metric_input *in;
  int halvings;
  int dim[3];
  const float *real, *synth; /* (Z, Y, X) of dim */
} vg_ssim_scale;

/* By region: means of the SSIM map and of its contrast-structure term; NaN if undefined. */
typedef struct vg_ssim_result {
  double ssim[VG_REGIONS_MAX], cs[VG_REGIONS_MAX];
} vg_ssim_result;

/* Regions are at full resolution: each of their voxels takes the value of the coarse voxel that contains it.
 */
vg_status vg_metric_ssim_means(const vg_ssim_scale *scale, vg_ssim_result *out);

/* Returns the means at the images' own scale, computed once per input. Borrowed; NULL: out of memory. */
const vg_ssim_result *vg_metric_ssim_full_scale(const vg_metric_input *in);

#endif
