/* features_thumbnail.h: resamples the brain's box to another grid. */
#ifndef VG_EVAL_FEATURES_THUMBNAIL_H
#define VG_EVAL_FEATURES_THUMBNAIL_H
#include "eval/feature/features.h"

#define VG_VOLUME_EDGE 48 /* of space volume */

/* Resamples the brain's box of in->image to dim voxels, each axis by its own factor. Coarser axes take the
 * mean over each voxel, finer axes are interpolated linearly. out: (Z, Y, X). */
vg_status vg_features_resample_box(const vg_feature_input *in, const int dim[3], float *out);

#endif
