/* statistic.h: means, medians, bootstrap intervals; shares and rank statistics of small samples. */
#ifndef VG_BASE_STATISTIC_H
#define VG_BASE_STATISTIC_H
#include <stddef.h>
#include "voxgan/status.h"

/* The mean, and the median (the mean of the two middle values where n is even); NaN for n = 0. */
double vg_statistic_mean(const double *v, size_t n);
double vg_statistic_median(double *v, size_t n); /* sorts v */
double vg_statistic_median_sorted(const double *sorted, size_t n);

/* ---- the bootstrap ---- */

/* How many resamples an interval is made of. A resample of whole data sets computes distances anew, so there
 * are fewer of these. A crossed resample draws subjects and seeds. */
#define VG_RESAMPLES_SUBJECTS 1000
#define VG_RESAMPLES_SETS 200
#define VG_RESAMPLES_CROSSED 10000

/* Where the 2.5th and 97.5th percentile of n resampled values lie: between ranks (linear), or at the values
 * of rank n/40 from either end. */
typedef enum vg_interval_rule { VG_INTERVAL_LINEAR, VG_INTERVAL_RANKS } vg_interval_rule;
/* The 95 % percentile interval of n resampled values, which are sorted by it; NaN for n = 0. */
void vg_statistic_interval(double *drawn, size_t n, vg_interval_rule rule, double *low, double *high);

/* A statistic of a resample, which it may reorder. */
typedef double (*vg_statistic_of)(double *v, size_t n);
/* The 95 % interval of a statistic by the percentile bootstrap (Efron 1979) with VG_RESAMPLES_SUBJECTS
 * resamples, drawn from the random stream of that name; NaN for n < 2. */
vg_status vg_statistic_bootstrap(vg_statistic_of statistic, const double *v, size_t n, vg_interval_rule rule,
                                 const char *stream, double *low, double *high);

/* ---- shares ---- */

/* A figure and its 95 % interval; NaN where there is none. */
typedef struct vg_estimate {
  double value, low, high;
} vg_estimate;

/* k of n as a share, with Wilson's score interval (JASA 22, 1927); NaN of none. */
vg_estimate vg_statistic_share(size_t k, size_t n);

/* The area under the ROC curve of telling those of `high` from those of `low` by a score that is higher in
 * the former: the probability that it is, ties counting half (Mann-Whitney). The interval is Newcombe's
 * (Statistics in Medicine 25, 2006, part 2, method 5), which unlike DeLong's has a width where the groups are
 * apart. Values that are NaN are passed over; NaN where a group has none. */
vg_estimate vg_statistic_auc(const double *high, size_t n_high, const double *low, size_t n_low);

/* The value below which one more of the same normal distribution falls with probability alpha: mean of v less
 * the t quantile times sd sqrt(1 + 1/n) (a prediction limit; Hahn and Meeker, Statistical Intervals,
 * 1991, 4.8). NaN of fewer than 3, or where they do not differ. */
double vg_statistic_prediction_limit(const double *v, size_t n, double alpha);

/* Student's t: the quantile at p, 0.5 < p < 1, of df >= 1. */
double vg_statistic_t_quantile(double p, int df);

#endif
