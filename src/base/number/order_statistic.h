/* order_statistic.h: order statistics: sorting, quantiles, percentiles.
 *
 * There is one definition of a quantile: NumPy's default, linear between the two nearest order statistics.
 * The three functions differ in what they take and in how they round.
 */
#ifndef VG_BASE_ORDER_STATISTIC_H
#define VG_BASE_ORDER_STATISTIC_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

/* Sorts n values, the smallest first. */
void vg_sort_f64(double *v, size_t n);
/* The q-th quantile (0..1) of n > 0 sorted values. */
double vg_quantile_f64(const double *sorted, size_t n, double q);

/* The p-th percentile (0..100) of n > 0 values, rounded to float; linear time, the values are reordered. */
float vg_percentile_f32(float *values, size_t n, double p);

/* Two percentiles (0..100) of the values where mask is not 0, which must not be empty; the distance between
 * neighbours is rounded to float, the result is not. Linear time: histograms of the values' bits find the
 * order statistics exactly. */
vg_status vg_percentiles(const float *v, const uint8_t *mask, size_t n, const double percent[2],
                         double out[2]);

#endif
