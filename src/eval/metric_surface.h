/* metric_surface.h: masks cut out of label maps, and distances between their surfaces. */
#ifndef VG_EVAL_METRIC_SURFACE_H
#define VG_EVAL_METRIC_SURFACE_H
#include "voxgan/metric.h"

/* A box of voxels: lo inclusive, hi exclusive; empty: hi <= lo. */
typedef struct vg_box {
  int lo[3], hi[3];
} vg_box;

vg_box vg_box_empty(void);
void vg_box_add(vg_box *b, const vg_box *other);
void vg_box_extent(const vg_box *b, int extent[3]);
size_t vg_box_voxels(const vg_box *b);

/* By label value: the box around its voxels in both maps; once an input. Borrowed; NULL: out of memory. */
const vg_box *vg_label_boxes(const vg_metric_input *in);
/* The box of a region, from those of its labels. */
vg_box vg_region_label_box(const vg_metric_input *in, const vg_box *by_label, int region);
/* mask (z, y, x of box): 1 where the label is in the region. */
void vg_region_mask(const vg_metric_input *in, const uint8_t *labels, int region, const vg_box *box,
                    uint8_t *mask);
/* The first region with the same cells, which is region itself where there is none before it. */
int vg_region_twin(const vg_regions *regions, int region);

typedef struct vg_surface_gap {
  double hd95, assd; /* mm; 0 where both masks are empty, INFINITY where one is */
} vg_surface_gap;

/* Between the surfaces of two masks in a box outside of which both are empty. A surface is made of the mask's
 * voxels that have a face neighbour outside the mask; beyond the grid is outside, but an axis on which the
 * grid has extent 1 (flat) does not count. */
vg_status vg_surface_gap_between(const uint8_t *a, const uint8_t *b, const int extent[3], const bool flat[3],
                                 const double mm[3], vg_surface_gap *out);

#endif
