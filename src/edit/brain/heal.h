/* heal.h: anatomy where a tumour was, or where it never was known. */
#ifndef VG_EDIT_HEAL_H
#define VG_EDIT_HEAL_H
#include "voxgan/maps.h"

typedef enum vg_fill {
  VG_FILL_NEAREST, /* the class of the nearest voxel outside the gap whose anatomy is known */
  VG_FILL_MIRROR   /* that of the mirrored voxel, the nearest where that is in the gap or unknown too */
} vg_fill;

/* Gives every brain voxel of gap (mask, (Z, Y, X)) an anatomy class in place of the one it has; the tumour
 * map is not touched. Voxels outside gap stay. VG_FILL_MIRROR: VG_REFUSED when there is no brain. Where no
 * anatomy is known at all, maps stay as they are. */
vg_status vg_heal(vg_maps *maps, const uint8_t *gap, vg_fill fill);

#endif
