/* channel.h: the values of one channel of a prepared case, which lie in an array of all voxels or packed
 * (pack.h). */
#ifndef VG_PREP_CHANNEL_H
#define VG_PREP_CHANNEL_H
#include "prep/prep.h"

/* A row along x: its voxels [x, x + n) have values, and the others are background. */
typedef struct vg_row {
  uint32_t at; /* of the first of these values; VG_ROW_FULL: all of them are the channel's `full` */
  uint32_t x, n;
} vg_row;
#define VG_ROW_FULL UINT32_MAX

typedef struct vg_channel {
  const void *values; /* int16_t of an image, uint8_t of labels and the brain */
  const vg_row *rows; /* of the box, y fastest; NULL: all rows have all their voxels */
  int lo[2], dim[2];  /* the box, y and z; no row outside has a value */
  int width;          /* voxels of a row */
  uint8_t full;
} vg_channel;

vg_channel vg_case_labels(const vg_case *c, int klass);
vg_channel vg_case_image(const vg_case *c, int series);
vg_channel vg_case_brain(const vg_case *c);

/* Any y and z; a row outside the grid has no voxel. */
static inline vg_row vg_channel_row(const vg_channel *c, int y, int z) {
  const unsigned b = (unsigned)y - (unsigned)c->lo[0], d = (unsigned)z - (unsigned)c->lo[1];
  if (b >= (unsigned)c->dim[0] || d >= (unsigned)c->dim[1]) return (vg_row){0};
  const size_t row = (size_t)d * (size_t)c->dim[0] + b;
  if (c->rows) return c->rows[row];
  return (vg_row){(uint32_t)(row * (size_t)c->width), 0, (uint32_t)c->width};
}

#endif
