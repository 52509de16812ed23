/* shape_mesh.h: the surface of a region as a mesh of triangles. */
#ifndef VG_EVAL_SHAPE_MESH_H
#define VG_EVAL_SHAPE_MESH_H
#include "eval/radiomics/radiomics_levels.h"

/* Area in mm^2 and volume in mm^3 of the mesh that marching cubes (Lorensen and Cline 1987) make of the
 * region: its vertices are halfway between a voxel of the region and one outside.
 *
 * The triangles are as large as pyradiomics'. Where two voxels of the region, or outside, share an edge only,
 * its mesh has holes, and the volume depends on the origin, which is the first voxel of the box. */
void vg_shape_mesh(const vg_radiomics_levels *l, const double mm[3], double *area, double *volume);

#endif
