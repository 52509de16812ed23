/* front.h: a front that spreads from a voxel with a speed that varies in space. */
#ifndef VG_EDIT_FRONT_H
#define VG_EDIT_FRONT_H
#include <stddef.h>
#include <stdint.h>

#include "voxgan/status.h"

/* Speed in mm per unit of time at a voxel (flat index, and x, y, z); 0: the front cannot enter. Called once a
 * voxel. */
typedef float (*vg_front_speed)(const void *arg, size_t voxel, const int at[3]);

/* Lists the first n voxels that a front from seed reaches, in order of arrival; fewer if barred voxels shut
 * it in. order: room for n flat indices. Arrival times solve |grad T| speed = 1 by fast marching (Sethian,
 * PNAS 93, 1996), with second-order differences where the neighbours allow, so at constant speed the front is
 * a ball, in mm, on any spacing. VG_DATA: more than 2^32 - 1 voxels. */
vg_status vg_front_run(const int dim[3], const double mm[3], const int seed[3], vg_front_speed speed,
                       const void *arg, size_t n, uint32_t *order, size_t *reached);

#endif
