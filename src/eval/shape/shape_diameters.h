/* shape_diameters.h: how far apart the surface of a region reaches. */
#ifndef VG_EVAL_SHAPE_DIAMETERS_H
#define VG_EVAL_SHAPE_DIAMETERS_H
#include "eval/radiomics/radiomics_levels.h"

/* The largest distance in mm between two vertices of the mesh (shape_mesh.h) with the same x, y or z:
 * out[0] to out[2]; and between any two: out[3]. */
vg_status vg_shape_diameters(const vg_radiomics_levels *l, const double mm[3], double out[4]);

#endif
