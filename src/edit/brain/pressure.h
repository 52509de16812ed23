/* pressure.h: how tissue flows when something grows in it. */
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
 * with s = rate in the marked voxels of cells, 0 elsewhere: so the flow out of them is rate times their
 * volume per unit of time. k falloff^2 says how much gives way: nothing in marked voxels, 1 in tissue, and up
 * to 16 in fluid, which leaves the skull as the tumour comes (Monro and Kellie); a cell's fluid counts by the
 * square of its share, since wide spaces drain and thin sulci hardly do. In uniform tissue a point source has
 * p = exp(-r / falloff) / (4 pi r). Porous media stand for brain tissue in models of oedema and hydrocephalus
 * (Nagashima et al., Neurosurgery 21, 1987). Finite volumes and conjugate gradients; the same bytes whatever
 * the number of threads. After a failure out may be released. */
vg_status vg_flow_find(const vg_cells *cells, const double cell_mm[3], double rate, double falloff,
                       vg_flow *out);
void vg_flow_release(vg_flow *f);

/* Velocity at a place, given in cells (0 the centre of the first), in cells per unit of time; 0 outside. */
void vg_flow_at(const vg_flow *f, const float at[3], float velocity[3]);

#endif
