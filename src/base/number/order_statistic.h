/* order_statistic.h: order statistics. */
#ifndef VG_EVAL_ORDER_STATISTIC_H
#define VG_EVAL_ORDER_STATISTIC_H
#include <stddef.h>

/* The p-th percentile (0..100) of n > 0 values, as numpy.percentile. Reorders the values. */
float vg_percentile_f32(float *values, size_t n, double p);

/* A comparison for qsort(). */
int vg_ascending_f64(const void *a, const void *b);
/* The q-th quantile (0..1) of n > 0 sorted values, linear between neighbours. */
double vg_quantile_f64(const double *sorted, size_t n, double q);

#endif
