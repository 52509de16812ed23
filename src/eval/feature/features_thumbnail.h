/* features_thumbnail.h: the brain's box on another grid. */
#ifndef VG_EVAL_FEATURES_THUMBNAIL_H
#define VG_EVAL_FEATURES_THUMBNAIL_H
#include "eval/feature/features.h"

#define VG_VOLUME_EDGE 48 /* of space volume */

/* The brain's box of in->image resampled to dim voxels, each axis by its own factor: the mean over each voxel
 * where it is coarser, linear where finer. out: (Z, Y, X). */
vg_status vg_features_resample_box(const vg_feature_input *in, const int dim[3], float *out);

#endif
