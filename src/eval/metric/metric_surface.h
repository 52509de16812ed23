/* metric_surface.h: distances between the surfaces of masks. */
#ifndef VG_EVAL_METRIC_SURFACE_H
#define VG_EVAL_METRIC_SURFACE_H
#include "eval/metric/metric_box.h"

typedef struct vg_surface_gap {
  double hd95, assd; /* mm; 0 if both masks are empty, INFINITY if one is */
  double nsd;        /* 1 if both masks are empty, 0 if one is */
} vg_surface_gap;

/* Computes the distances between the surfaces of two masks, and the share of both surfaces that lies within
 * tolerance mm of the other surface. Both masks are empty outside the box. The surface
 * is the mask's voxels that have a face neighbour outside the mask. Positions outside the grid are outside
 * the mask, but an axis on which the grid has extent 1 (flat) does not count. */
vg_status vg_metric_surface_gap(const uint8_t *a, const uint8_t *b, const int extent[3], const bool flat[3],
                                const double mm[3], double tolerance, vg_surface_gap *out);

#endif
