/* front.h: a front that spreads from a voxel, faster here than there. */
#ifndef VG_EDIT_FRONT_H
#define VG_EDIT_FRONT_H
#include <stddef.h>
#include <stdint.h>

#include "voxgan/status.h"

/* mm per unit of time at a voxel (flat index, and x, y, z); 0: the front does not enter. Asked once a voxel.
 */
typedef float (*vg_front_speed)(const void *arg, size_t voxel, const int at[3]);

/* The first n voxels that a front from seed reaches, in the order of its arrival; fewer where it is shut in
 * by barred voxels. order: room for n flat indices. Arrival times solve |grad T| speed = 1 by fast marching
 * (Sethian, PNAS 93, 1996) with second-order differences where they are known, so that under even speed the
 * front is a ball, in mm, on any spacing. VG_DATA beyond 2^32 - 1 voxels. */
vg_status vg_front_run(const int dim[3], const double mm[3], const int seed[3], vg_front_speed speed,
                       const void *arg, size_t n, uint32_t *order, size_t *reached);

#endif
