/* voxel_cast.h: converts stored voxels of any type and byte order to float or labels, and back. */
#ifndef VG_IO_VOXEL_CAST_H
#define VG_IO_VOXEL_CAST_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/volume.h"

/* Intensities beyond this are refused as infinite ones are: squares and sums of them would be. */
#define VG_VALUE_MOST 1e30f

/* Bytes a voxel; 0 for a code that is not a vg_dtype. */
size_t vg_dtype_size(int dtype);

typedef struct vg_cast {
  const void *stored; /* need not be aligned */
  vg_dtype dtype;
  bool swap; /* the other byte order */
  double slope, inter;
  bool nan_is_zero; /* of labels: NaN is 0, and no fault */
} vg_cast;

/* Converts n values. Returns how many are not finite; *first is the lowest index of these. */
size_t vg_cast_to_float(const vg_cast *c, float *to, size_t n, size_t *first);
/* Converts n labels. Returns how many are not whole or outside 0..65535, with the index and value of the
 * first. */
size_t vg_cast_to_labels(const vg_cast *c, uint16_t *to, size_t n, size_t *first, double *value);

/* stored = clamp(round((value - inter) / slope)). Returns how many values are not finite. *clamped: how many
 * are beyond the integer type. */
size_t vg_cast_from_float(const float *from, size_t n, vg_dtype dtype, double slope, double inter,
                          void *stored, size_t *first, size_t *clamped);

#endif
