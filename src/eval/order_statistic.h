/* order_statistic.h: order statistics without sorting. */
#ifndef VG_EVAL_ORDER_STATISTIC_H
#define VG_EVAL_ORDER_STATISTIC_H
#include <stddef.h>

/* The p-th percentile (0..100) of n > 0 values, as numpy.percentile; the values are reordered. */
float vg_percentile_f32(float *values, size_t n, double p);

#endif
