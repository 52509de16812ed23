/* augment.h: alters images as if another scanner had made them. */
#ifndef VG_DATA_AUGMENT_H
#define VG_DATA_AUGMENT_H
#include <stdbool.h>
#include "sample/loader.h"
#include "voxgan/rng.h"

/* Alters each of the n series of images (n, D, H, W), values in [-1, 1], where inside (D, H, W) is above 0.
 * All other voxels stay unchanged. Each alteration happens with the settings' probability, in this order:
 * bias field, blur, noise, contrast, gamma. scratch: VG_AUGMENT_SCRATCH times D H W. The result depends on r
 * alone. */
#define VG_AUGMENT_SCRATCH 3
void vg_augment_alter(float *images, int n, const float *inside, const int dim[3], const vg_augment *how,
                       vg_rng *r, float *scratch);

/* Draws which of n series a sample lacks, each with this probability. At least one stays. */
void vg_augment_drop(double probability, int n, vg_rng *r, bool missing[VG_SERIES_MAX]);

#endif
