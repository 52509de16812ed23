/* metric_box.h: regions of two label maps as masks in the boxes around them. */
#ifndef VG_EVAL_METRIC_BOX_H
#define VG_EVAL_METRIC_BOX_H
#include "voxgan/metric.h"

/* A box of voxels: lo inclusive, hi exclusive; empty: hi <= lo. */
typedef struct vg_box {
  int lo[3], hi[3];
} vg_box;

vg_box vg_metric_box_empty(void);
void vg_metric_box_add(vg_box *b, const vg_box *other);
void vg_metric_box_extent(const vg_box *b, int extent[3]);
size_t vg_metric_box_voxels(const vg_box *b);

/* The volume of a voxel, mm^3. */
static inline double vg_metric_voxel(const vg_metric_input *in) {
  return in->voxel_mm3 > 0 ? in->voxel_mm3 : in->spacing[0] * in->spacing[1] * in->spacing[2];
}

/* Sets mask (z, y, x of box) to 1 where the label is in the region. */
void vg_metric_region_mask(const vg_metric_input *in, const uint8_t *labels, int region, const vg_box *box,
                           uint8_t *mask);

/* Computes the result of one region into out. The box contains the region in both maps; it is empty if both
 * are.
 */
typedef vg_status (*vg_region_work)(const vg_metric_input *in, int region, const vg_box *box, void *out);
/* Runs work on all regions. A region with the same cells as an earlier one copies its result. out: a result
 * of size bytes for each region. */
vg_status vg_metric_each_region(const vg_metric_input *in, vg_region_work work, size_t size, void *out);

#endif
