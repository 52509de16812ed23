/* heal.h: fills in anatomy where a tumour was, or where the anatomy is unknown. */
#ifndef VG_EDIT_HEAL_H
#define VG_EDIT_HEAL_H
#include "voxgan/maps.h"

typedef enum vg_fill {
  VG_FILL_NEAREST, /* the class of the nearest voxel outside the gap with known anatomy */
  VG_FILL_MIRROR   /* the class of the mirrored voxel; VG_FILL_NEAREST if that is unknown or in the gap too */
} vg_fill;

/* Gives every brain voxel of gap (mask, (Z, Y, X)) a new anatomy class. Voxels outside gap and the tumour map
 * stay. If no anatomy is known at all, nothing changes. VG_REFUSED: VG_FILL_MIRROR without a brain. */
vg_status vg_heal(vg_maps *maps, const uint8_t *gap, vg_fill fill);

#endif
