/* regrid.h: resamples a label map to another grid in the same world space. */
#ifndef VG_DATA_REGRID_H
#define VG_DATA_REGRID_H
#include "voxgan/volume.h"

/* Each voxel of `to` takes the value of the voxel of m nearest to its centre, or 0 if its centre lies outside
 * m. VG_DATA: the affine of m is singular; m is unchanged. */
vg_status vg_labelmap_regrid(vg_labelmap *m, const vg_geometry *to);

#endif
