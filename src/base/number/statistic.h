/* statistic.h: means, medians, bootstrap intervals; shares and rank statistics of small samples. */
#ifndef VG_BASE_STATISTIC_H
#define VG_BASE_STATISTIC_H
#include <stddef.h>
#include "voxgan/status.h"

/* The mean, and the median (for even n, the mean of the two middle values). NaN for n = 0. */
double vg_statistic_mean(const double *v, size_t n);
double vg_statistic_median(double *v, size_t n); /* sorts v */
double vg_statistic_median_sorted(const double *sorted, size_t n);

/* ---- the bootstrap ---- */

/* The number of resamples of an interval. A resample of whole data sets computes all distances again, so
 * there are fewer of them. A crossed resample draws subjects and seeds. */
#define VG_RESAMPLES_SUBJECTS 1000
#define VG_RESAMPLES_SETS 200
#define VG_RESAMPLES_CROSSED 10000

/* The definition of the 2.5th and 97.5th percentile of n resampled values: interpolated between ranks
 * (linear), or the values at rank n/40 from either end. */
typedef enum vg_interval_rule { VG_INTERVAL_LINEAR, VG_INTERVAL_RANKS } vg_interval_rule;
/* The 95 % percentile interval of n resampled values. Sorts the values. NaN for n = 0. */
void vg_statistic_interval(double *drawn, size_t n, vg_interval_rule rule, double *low, double *high);

/* Computes a statistic of a resample. May reorder the values. */
typedef double (*vg_statistic_of)(double *v, size_t n);
/* The 95 % interval of a statistic: percentile bootstrap (Efron 1979) with VG_RESAMPLES_SUBJECTS resamples,
 * drawn from the random stream of the given name. NaN for n < 2. */
vg_status vg_statistic_bootstrap(vg_statistic_of statistic, const double *v, size_t n, vg_interval_rule rule,
                                 const char *stream, double *low, double *high);

/* ---- shares ---- */

/* A value and its 95 % interval; NaN if undefined. */
typedef struct vg_estimate {
  double value, low, high;
} vg_estimate;

/* k of n as a share, with Wilson's score interval (JASA 22, 1927). NaN for n = 0. */
vg_estimate vg_statistic_share(size_t k, size_t n);

/* The area under the ROC curve for separating `high` from `low` by a score: the probability that a member of
 * `high` scores higher than a member of `low`; ties count half (Mann-Whitney). The interval is Newcombe's
 * (Statistics in Medicine 25, 2006, part 2, method 5). Unlike DeLong's, it has a width when the groups do not
 * overlap. Ignores NaN values. The result is NaN if a group has no value. */
vg_estimate vg_statistic_auc(const double *high, size_t n_high, const double *low, size_t n_low);

/* A prediction limit: one more value from the same normal distribution falls below it with probability alpha.
 * It is the mean of v minus the t quantile times sd sqrt(1 + 1/n) (Hahn and Meeker, Statistical Intervals,
 * 1991, 4.8). NaN for fewer than 3 values, or if all are equal. */
double vg_statistic_prediction_limit(const double *v, size_t n, double alpha);

/* Student's t: the quantile at p, 0.5 < p < 1, of df >= 1. */
double vg_statistic_t_quantile(double p, int df);

#endif
