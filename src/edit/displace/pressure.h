/* pressure.h: the flow of tissue around something that grows in it. */
#ifndef VG_EDIT_PRESSURE_H
#define VG_EDIT_PRESSURE_H
#include "edit/brain/cells.h"

/* Velocity through the faces between cells. Caller-owned: _find, _release. */
typedef struct vg_flow {
  int dim[3];
  double mm[3];   /* edges of a cell */
  float *face[3]; /* (Z, Y, X): mm per unit of time along axis a, between a cell and the next along a */
} vg_flow;

/* Darcy's flow u = -grad p of the pressure p that solves
 *
 *     -div grad p + k p = s   in the brain,   no flow through its outline,
 *
 * with s = rate in the marked voxels of cells and 0 elsewhere, so the flow out of them is rate times their
 * volume per unit of time. k falloff^2 is the compliance: almost 0 in marked voxels, 1 in tissue, and up to
 * 16 in fluid, which leaves the skull as the tumour grows (Monro and Kellie). A cell's fluid counts by the
 * square of its share, since wide spaces drain and thin sulci hardly do. In uniform tissue a point source has
 * p = exp(-r / falloff) / (4 pi r). Models of oedema and hydrocephalus describe brain tissue as a porous
 * medium (Nagashima et al., Neurosurgery 21, 1987). We use finite volumes and conjugate gradients; the bytes
 * do not depend on the number of threads. After a failure the caller may release out. */
vg_status vg_flow_find(const vg_cells *cells, const double cell_mm[3], double rate, double falloff,
                       vg_flow *out);
void vg_flow_release(vg_flow *f);

/* Velocity at a point, in cells per unit of time; the point is in cells (0 is the centre of the first). 0
 * outside. */
void vg_flow_at(const vg_flow *f, const float at[3], float velocity[3]);

#endif
