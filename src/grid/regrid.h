/* regrid.h: a label map brought to another grid of the same world. */
#ifndef VG_DATA_REGRID_H
#define VG_DATA_REGRID_H
#include "voxgan/volume.h"

/* Each voxel of `to` takes the value of the voxel of m that is nearest to its centre, or 0 where its centre
 * lies outside m. VG_DATA where m's affine is singular; m is then as it was. */
vg_status vg_labelmap_regrid(vg_labelmap *m, const vg_geometry *to);

#endif
