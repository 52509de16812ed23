/* grid.h: measures masks on a voxel grid: exact distances and connected components.
 *
 * Masks are (Z, Y, X), x fastest, dim is x, y, z; any value but 0 is inside. mm is the voxel size along x, y,
 * z. All functions run on the pool's threads and give the same bytes with any number of threads.
 */
#ifndef VOXGAN_GRID_H
#define VOXGAN_GRID_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Euclidean distance, mm, from the centre of each voxel to the nearest centre inside the mask: 0 inside,
 * INFINITY everywhere for an empty mask. Exact up to single precision, in linear time (Felzenszwalb and
 * Huttenlocher, Theory of Computing 8, 2012). */
vg_status vg_distance(const uint8_t *mask, const int dim[3], const double mm[3], float *out);

/* The same, and the index of the nearest voxel (flat; of equally near voxels the lowest index; UINT32_MAX for
 * an empty mask). out may be NULL. VG_DATA: more than 2^32 - 1 voxels. */
vg_status vg_distance_nearest(const uint8_t *mask, const int dim[3], const double mm[3], float *out,
                              uint32_t *nearest);

/* Distance to the mask's surface, negative inside. The surface lies halfway between neighbouring centres, so
 * each side's distance is reduced by half a voxel and the field has no jump at the surface. Half the smallest
 * of mm is used, which keeps the sign right for anisotropic voxels. +INFINITY for an empty mask, -INFINITY
 * for a full one. */
vg_status vg_signed_distance(const uint8_t *mask, const int dim[3], const double mm[3], float *out);

/* Connected components, by 6 (faces), 18 (edges too) or 26 (corners too) neighbours. label (Z, Y, X): 0
 * outside, else 1..n in the order of the components' first voxels. sizes (vg_free): n voxel counts; may be
 * NULL. VG_DATA: more than 2^32 - 1 voxels. */
vg_status vg_components(const uint8_t *mask, const int dim[3], int connectivity, uint32_t *label, size_t *n,
                        size_t **sizes);

/* The smallest box around the mask, enlarged by margin voxels and clipped to the grid. Returns 0 for an empty
 * mask. */
int vg_mask_box(const uint8_t *mask, const int dim[3], int margin, int lo[3], int extent[3]);

#ifdef __cplusplus
}
#endif
#endif
