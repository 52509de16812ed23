/* rates.h: shares and rank statistics of small samples, with their intervals and bounds. */
#ifndef VG_EVAL_RATES_H
#define VG_EVAL_RATES_H
#include <stddef.h>

/* A figure and its 95 % interval; NaN where there is none. */
typedef struct eval_estimate {
  double value, low, high;
} eval_estimate;

/* k of n as a share, with Wilson's score interval (JASA 22, 1927); NaN of none. */
eval_estimate vg_share(size_t k, size_t n);

/* The area under the ROC curve of telling those of `high` from those of `low` by a score that is higher in
 * the former: the probability that it is, ties counting half (Mann-Whitney). The interval is Newcombe's
 * (Statistics in Medicine 25, 2006, part 2, method 5), which unlike DeLong's has a width where the groups are
 * apart. Values that are NaN are passed over; NaN where a group has none. */
eval_estimate vg_auc(const double *high, size_t n_high, const double *low, size_t n_low);

/* The value below which one more of the same normal distribution falls with probability alpha: mean of v less
 * the t quantile times sd sqrt(1 + 1/n) (a prediction limit; Hahn and Meeker, Statistical Intervals,
 * 1991, 4.8). NaN of fewer than 3, or where they do not differ. */
double vg_prediction_limit(const double *v, size_t n, double alpha);

/* Student's t: the quantile at p, 0.5 < p < 1, of df >= 1. */
double vg_t_quantile(double p, int df);

#endif
