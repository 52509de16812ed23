/* page_slice.h: planes through the volumes of a case, as pictures for the report. The view is radiological:
 * the patient's right, and in sagittal planes the front, is on the viewer's left. */
#ifndef VG_EVAL_EVALUATE_SLICE_H
#define VG_EVAL_EVALUATE_SLICE_H
#include <stdbool.h>
#include <stdint.h>
#include "picture/png.h"
#include "voxgan/volume.h"

enum { EVAL_SLICES = 7 }; /* at most this many: axial slices from low to high, a coronal and a sagittal one */

/* Pixel (u, v), from the upper left, is voxel first + u * step_u + v * step_v. */
typedef struct eval_slice {
  size_t first;
  ptrdiff_t step_u, step_v;
  int width, height;
  double width_mm, height_mm;
  char label[48]; /* "axial, z 12 mm" */
  bool middle;    /* the axial slice through the middle of the focus */
} eval_slice;

/* Chooses planes through the quantiles of the voxels that focus marks (non-zero); if focus is all zero, of
 * those that shown marks. Planes are cut to the voxels that shown marks, plus a margin. Volumes larger than
 * about 200 voxels per side are subsampled. Masks are (Z, Y, X) of geo, whose axes run closest to R, A, S.
 * Returns the number of planes. Only VG_MEMORY. */
vg_status vg_eval_slices(const vg_geometry *geo, const uint8_t *shown, const uint8_t *focus,
                         eval_slice slices[EVAL_SLICES], int *n);

/* Draw a slice (vg_picture_release): values lo to hi in grey, times brightness. */
vg_status vg_eval_slice_grey(const eval_slice *s, const float *data, double lo, double hi, double brightness,
                             vg_picture *out);
/* Draws the difference: orange where synth is above real, blue where it is below, with full colour from
 * `full` on. */
vg_status vg_eval_slice_difference(const eval_slice *s, const float *real, const float *synth, double full,
                                   vg_picture *out);
/* Draw onto a picture of the slice: classes (0: nothing) in their colours; and edges between classes of two
 * maps: blue for the real map, orange for the synthetic one, white where both have an edge. */
void vg_eval_slice_classes(const eval_slice *s, const uint8_t *classes, const uint8_t *colours,
                           vg_picture *p);
void vg_eval_slice_edges(const eval_slice *s, const uint8_t *real, const uint8_t *synth, vg_picture *p);

#endif
