/* page_slice.h: planes through the volumes of a case, as pictures for the report. Radiological: the
 * patient's right, and in sagittal planes the front, is on the viewer's left. */
#ifndef VG_EVAL_EVALUATE_SLICE_H
#define VG_EVAL_EVALUATE_SLICE_H
#include <stdbool.h>
#include <stdint.h>
#include "picture/png.h"
#include "voxgan/volume.h"

enum { EVAL_SLICES = 7 }; /* at most: axial ones from low to high, a coronal and a sagittal one */

/* Pixel (u, v), from the upper left, is voxel first + u * step_u + v * step_v. */
typedef struct eval_slice {
  size_t first;
  ptrdiff_t step_u, step_v;
  int width, height;
  double width_mm, height_mm;
  char label[48]; /* "axial, z 12 mm" */
  bool middle;    /* the axial one through the middle of what is looked at */
} eval_slice;

/* Planes through the quantiles of what focus marks (0 or not; all zeros: of what shown marks), cut to what
 * shown marks and a margin; volumes of more than some 200 voxels a side are thinned out. (Z, Y, X) of geo,
 * whose axes run closest to R, A, S. Answers their number. VG_MEMORY only. */
vg_status vg_eval_slices(const vg_geometry *geo, const uint8_t *shown, const uint8_t *focus,
                         eval_slice slices[EVAL_SLICES], int *n);

/* Pictures of a slice (vg_picture_release). Values lo to hi in grey, times brightness. */
vg_status vg_eval_slice_grey(const eval_slice *s, const float *data, double lo, double hi, double brightness,
                             vg_picture *out);
/* Where synth is above real in orange, below in blue, in full where by `full` or more. */
vg_status vg_eval_slice_difference(const eval_slice *s, const float *real, const float *synth, double full,
                                   vg_picture *out);
/* Onto a picture of the slice: classes (0: nothing) in their colours; and the edges between the classes of
 * two maps, of the real one in blue, of the synthetic one in orange, where both have one in white. */
void vg_eval_slice_classes(const eval_slice *s, const uint8_t *classes, vg_picture *p);
void vg_eval_slice_edges(const eval_slice *s, const uint8_t *real, const uint8_t *synth, vg_picture *p);

#endif
