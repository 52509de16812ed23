/* warp.h: smooth random displacements: cubic B-splines over a lattice of control points (Rueckert et al.,
 * IEEE Trans. Med. Imaging 18, 1999). */
#ifndef VG_EDIT_WARP_H
#define VG_EDIT_WARP_H
#include "voxgan/rng.h"
#include "voxgan/volume.h"

typedef struct vg_warp {
  vg_affine to_lattice; /* world mm -> lattice cells */
  int n[3];             /* cells along each axis; control points lie at -1 .. n + 1 */
  float *control;       /* (n2 + 3, n1 + 3, n0 + 3, 3): displacements, mm */
  double reach;         /* no displacement is longer, mm */
} vg_warp;

/* Draws a displacement over a grid, 0 at its faces and beyond, of random directions, that changes over about
 * `smoothness` mm. The longest displacement at a lattice point is `amplitude` mm, but never so long that
 * space could fold: each control point stays below 0.4 of a cell (Choi and Lee, Graphical Models 62, 2000).
 */
vg_status vg_warp_random(const vg_geometry *geo, double amplitude, double smoothness, vg_rng *rng,
                         vg_warp *out);
void vg_warp_release(vg_warp *w);

/* The displacement at a point, as vg_lesion_pose expects it. */
void vg_warp_at(const void *warp, const double mm[3], double displacement[3]);

/* The displacements of one row of the voxels of the grid that the warp was made for: (dim[0], 3), mm. */
void vg_warp_row(const vg_warp *w, const vg_geometry *geo, int y, int z, float *row);

#endif
