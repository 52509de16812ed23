/* field.h: smooth random fields: cubic B-splines between coarse random nodes. */
#ifndef VG_RANDOMISE_FIELD_H
#define VG_RANDOMISE_FIELD_H
#include <stddef.h>
#include "voxgan/rng.h"

#define VG_FIELD_NODES 24 /* along an axis at most */

typedef struct vg_field {
  int dim[3];   /* D, H, W of the grid that it covers */
  int nodes[3]; /* along each axis; neighbours are a cell apart, and three more than cells */
  double sd;    /* of the field's values */
} vg_field;

/* Cells of about this many voxels, at least one along each axis. */
vg_field vg_field_of(const int dim[3], const double cell[3], double sd);
/* Floats that vg_field_draw() needs in scratch. */
size_t vg_field_scratch(const vg_field *f);
/* Draws the nodes from r, and evaluates the field at every voxel. */
void vg_field_draw(const vg_field *f, vg_rng *r, float *scratch, float *out);
/* Evaluates the spline of these nodes (nodes[0] x nodes[1] x nodes[2] values). */
void vg_field_expand(const vg_field *f, const float *nodes, float *scratch, float *out);

#endif
