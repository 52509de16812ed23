/* metric_sums.h: combines per-cell sums into means over regions, for every metric that is a mean. */
#ifndef VG_EVAL_METRIC_SUMS_H
#define VG_EVAL_METRIC_SUMS_H
#include "voxgan/metric.h"

/* values[r] = sum of sums over the cells of region r / number of its voxels; NaN if there are none. */
void vg_metric_region_means(const vg_regions *regions, const double sums[VG_CELLS],
                            const double counts[VG_CELLS], double *values);

#endif
