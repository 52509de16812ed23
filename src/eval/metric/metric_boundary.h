/* metric_boundary.h: profiles of an image across a surface. */
#ifndef VG_EVAL_METRIC_BOUNDARY_H
#define VG_EVAL_METRIC_BOUNDARY_H
#include "voxgan/metric.h"

enum { VG_PROFILE_BINS = 2 * VG_PROFILE_MM }; /* of 1 mm: bin b holds distances from b - 10 to b - 9 */

/* Means by bin of signed distance; NaN if a bin has no voxel. A voxel counts only if all its face neighbours
 * are in the brain, so that its gradient (central differences, per mm) stays inside the brain. */
typedef struct vg_profile {
  double intensity[VG_PROFILE_BINS], gradient[VG_PROFILE_BINS];
  double sharpness; /* mean gradient within 1.5 mm of the surface, divided by that from 3 to 8 mm; NaN if
                       either is missing */
} vg_profile;

typedef struct vg_boundary {
  vg_profile real[VG_REGIONS_MAX], synth[VG_REGIONS_MAX]; /* by region */
} vg_boundary;

/* Returns the input's profiles, and makes them if the input has none. Borrowed; NULL: out of memory. */
const vg_boundary *vg_metric_boundary_profiles(const vg_metric_input *in);

#endif
