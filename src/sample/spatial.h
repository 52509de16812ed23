/* spatial.h: takes a sample of a real case turned, resized and bent, as another position of the head in the
 * scanner or another person would be. */
#ifndef VG_SAMPLE_SPATIAL_H
#define VG_SAMPLE_SPATIAL_H
#include "prep/prep.h"
#include "sample/loader.h"
#include "voxgan/rng.h"

#define VG_SPATIAL_ELASTIC_MM 25.0 /* between the nodes of the displacement, as in SynthSeg */

/* Whether the settings ask for any of it. */
bool vg_spatial_wanted(const vg_augment *how);
/* Floats that vg_spatial_draw() needs in scratch, for patches of this size. */
size_t vg_spatial_scratch(const int dim[3]);

/* Draws the position of each voxel of a patch (dim: D, H, W) with its corner at lo, in voxels of the case:
 * positions (3, D, H, W), along z, y and x. A patch of one voxel along an axis stays in its plane. The result
 * depends on r alone. */
void vg_spatial_draw(const vg_augment *how, const vg_case *c, const int lo[3], const int dim[3], vg_rng *r,
                     float *scratch, float *positions);

/* As vg_case_patch, at the positions: linear between the voxels. labels (C, D, H, W), image (S, D, H, W). */
void vg_spatial_patch(const vg_case *c, const float *positions, size_t voxels, float *labels, float *image);
/* Above 0 inside the brain, 0 outside. */
void vg_spatial_brain(const vg_case *c, const float *positions, size_t voxels, float *inside);

#endif
