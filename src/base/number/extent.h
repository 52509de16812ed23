/* extent.h: the voxels of a grid of dim[0] x dim[1] x dim[2], stored (Z, Y, X), x fastest. */
#ifndef VG_BASE_EXTENT_H
#define VG_BASE_EXTENT_H
#include <stddef.h>

static inline size_t vg_extent_voxels(const int dim[3]) {
  return (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
}

/* The index of voxel (x, y, z). */
static inline size_t vg_extent_index(const int dim[3], int x, int y, int z) {
  return ((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[0] + (size_t)x;
}

/* The voxel of an index. */
static inline void vg_extent_at(const int dim[3], size_t index, int at[3]) {
  at[0] = (int)(index % (size_t)dim[0]);
  at[1] = (int)(index / (size_t)dim[0] % (size_t)dim[1]);
  at[2] = (int)(index / (size_t)dim[0] / (size_t)dim[1]);
}

#endif
