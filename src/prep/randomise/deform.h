/* deform.h: takes a sample of a map of kinds, turned, scaled, sheared and bent. */
#ifndef VG_RANDOMISE_DEFORM_H
#define VG_RANDOMISE_DEFORM_H
#include "prep/randomise/randomise.h"
#include "voxgan/rng.h"

/* A voxel o of the sample, in mm from its centre, shows the source at centre + matrix o + the displacement.
 * Axes are D, H, W. */
typedef struct vg_deform {
  double matrix[3][3];
} vg_deform;

/* Turns about an axis by degrees, after what the matrix does. */
void vg_deform_turn(double matrix[3][3], int axis, double degrees);
/* Rotations about the three axes, then a shear, then the scales. */
void vg_deform_draw(const vg_randomise *how, vg_rng *r, vg_deform *out);
/* Each voxel takes the nearest kind. shift: displacement in mm along each axis, at each voxel. */
void vg_deform_kinds(const vg_deform *d, const vg_randomise_source *s, const int dim[3],
                     const float *const shift[3], uint8_t *out);

#endif
