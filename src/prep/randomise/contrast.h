/* contrast.h: random intensities for each contrast and its parts. */
#ifndef VG_RANDOMISE_CONTRAST_H
#define VG_RANDOMISE_CONTRAST_H
#include <stddef.h>
#include "prep/randomise/randomise.h"
#include "voxgan/rng.h"

#define VG_CONTRAST_CLUSTERS_MAX 3

/* By part * (VG_KINDS_MAX + 1) + kind. */
typedef struct vg_contrast {
  float mean[VG_CONTRAST_CLUSTERS_MAX * (VG_KINDS_MAX + 1)], sd[VG_CONTRAST_CLUSTERS_MAX * (VG_KINDS_MAX + 1)];
} vg_contrast;

/* Kinds of one contrast get the same intensities; contrasts of one class similar ones, which rise in the
 * order of the classes with probability `sorted`. The background's is 0 in half of the draws, and dark
 * otherwise. */
void vg_contrast_draw(const vg_randomise *how, double sorted, const vg_kinds *kinds, vg_rng *r,
                      vg_contrast *out);
/* The intensity of each voxel: its mean, plus its standard deviation times z. part: a field of standard
 * deviation 1, whose lower, middle and upper third are the parts. */
void vg_contrast_paint(const vg_contrast *c, const uint8_t *kinds, const float *part, const float *z,
                       float *out, size_t n);

#endif
