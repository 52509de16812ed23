/* metric_sums.h: per-cell sums, and their union into regions: what every metric that is a mean shares. */
#ifndef VG_EVAL_METRIC_SUMS_H
#define VG_EVAL_METRIC_SUMS_H
#include "voxgan/metric.h"

/* values[r] = sum of sums over the cells of region r / number of its voxels; NaN where there are none. */
void vg_metric_region_means(const vg_regions *regions, const double sums[VG_CELLS],
                            const double counts[VG_CELLS], double *values);

#endif
