/* grid.h: what masks on a voxel grid are measured by: exact distances and connected components.
 *
 * Masks are (Z, Y, X), x fastest, dim is x, y, z; any value but 0 is inside. mm is the voxel size along x, y,
 * z. All run on the pool's threads and give the same bytes whatever their number.
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

/* The same, and which voxel is nearest (flat index; the lowest index of equally near ones; UINT32_MAX for an
 * empty mask). out may be NULL. VG_DATA beyond 2^32 - 1 voxels. */
vg_status vg_distance_nearest(const uint8_t *mask, const int dim[3], const double mm[3], float *out,
                              uint32_t *nearest);

/* Distance to the mask's surface, negative inside: the surface lies halfway between neighbouring centres, so
 * half a voxel (of the smallest of mm, so that the sign stays right where voxels are oblong) is taken off
 * either side, and the field has no jump there.
 * +INFINITY for an empty mask, -INFINITY for a full one. */
vg_status vg_signed_distance(const uint8_t *mask, const int dim[3], const double mm[3], float *out);

/* Connected components, by 6 (faces), 18 (edges too) or 26 (corners too) neighbours. label (Z, Y, X): 0
 * outside, else 1..n in the order of the components' first voxels. sizes (vg_free): n voxel counts; may be
 * NULL. VG_DATA beyond 2^32 - 1 voxels. */
vg_status vg_components(const uint8_t *mask, const int dim[3], int connectivity, uint32_t *label, size_t *n,
                        size_t **sizes);

/* The least box that holds the mask, grown by margin voxels and kept inside the grid; 0 for an empty mask. */
int vg_mask_box(const uint8_t *mask, const int dim[3], int margin, int lo[3], int extent[3]);

#ifdef __cplusplus
}
#endif
#endif
