/* pack.h: a prepared case without its background, as the cache stores it.
 *
 * Half of the box about a brain is background, and so is most of the box in a channel of a small class. Of
 * each row along x, a packed channel keeps the voxels from the first to the last that are not background.
 * A row of nothing but the largest value keeps none: inside a class, most rows are such. The series share
 * their rows. Nothing is lost, and any voxel is found in constant time, so that a mapped file serves as it
 * is. */
#ifndef VG_PREP_PACK_H
#define VG_PREP_PACK_H
#include "prep/pack/channel.h"

/* Where the rows and values of a channel lie, in bytes from the first shape. A case has the shape of its
 * images, of its brain, and of each class. */
typedef struct vg_shape {
  int32_t lo[2], dim[2]; /* y and z */
  uint64_t values;       /* of each series */
  uint64_t rows_at, values_at;
} vg_shape;

/* A packed case before it is written. */
typedef struct vg_pack {
  const vg_case *c;
  vg_shape *shapes;
  vg_row *rows; /* of all shapes, one after the other */
  size_t total; /* bytes */
} vg_pack;

/* Plans how to pack a case that holds arrays. VG_MEMORY. */
vg_status vg_pack_plan(const vg_case *c, vg_pack *out);
/* Fills a block of p->total bytes, all 0 before. */
void vg_pack_write(const vg_pack *p, uint8_t *block);
void vg_pack_release(vg_pack *p);

/* Points a case with its numbers and record at a packed block of len bytes, 64-byte aligned. False: the
 * block's lengths and offsets contradict each other. Does not read its values. */
bool vg_pack_place(vg_case *c, bool kinds, const void *block, size_t len);

/* The same case with arrays of all voxels, for one who reads it whole. It borrows what c has as arrays. */
vg_status vg_case_unpack(const vg_case *c, vg_case *out);

#endif
