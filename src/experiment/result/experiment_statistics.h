/* experiment_statistics.h: means over subjects and seeds, and whether two rows differ. */
#ifndef VG_EXPERIMENT_STATISTICS_H
#define VG_EXPERIMENT_STATISTICS_H
#include <stddef.h>
#include "base/number/statistic.h"
#include "voxgan/status.h"

/* One metric in one region of one row, with one value per seed and subject. NaN means no value. Infinite
 * values are counted but enter no mean.
 */
typedef struct experiment_values {
  size_t seeds, subjects;
  const double *v; /* (seeds, subjects) */
} experiment_values;

typedef struct experiment_mean {
  size_t n, infinite; /* n: subjects with a mean over seeds; infinite: number of infinite values */
  double mean, sd;    /* over subjects; NaN where there are too few */
  double seed_sd;     /* SD of the seeds' means over subjects: the effect of the random seed */
} experiment_mean;

experiment_mean vg_experiment_mean_of(const experiment_values *v);

typedef struct experiment_difference {
  size_t n;         /* subjects with a finite value on both sides */
  double mean;      /* over these subjects, of a's mean over seeds minus b's */
  double low, high; /* 95 % interval; NaN with fewer than 2 subjects */
} experiment_difference;

/* Computes a minus b over the same subjects. The interval comes from a percentile bootstrap over two crossed
 * factors, subjects and seeds, which are resampled independently (pigeonhole bootstrap, Owen 2007,
 * doi 10.1214/07-AOAS122). Subjects are drawn once for both sides, because both sides have the same ones.
 * Seeds are drawn for each side separately, because runs of different rows are independent. If we averaged
 * the seeds first, the interval would hold for these networks only; we ask whether the difference would
 * appear again with networks trained again, on other subjects. We draw n - 1 of n (one of one), which gives
 * the mean its unbiased variance (Rao and Wu 1988, doi 10.2307/2288945); drawing n of three seeds would give
 * two thirds of it. purpose names the stream of random numbers. */
vg_status vg_experiment_difference_of(const experiment_values *a, const experiment_values *b,
                                      const char *purpose, experiment_difference *out);

/* The conclusion that a difference allows. Fewer than six subjects are too few: five subjects all agree by
 * chance in one of 16 cases (2 / 2^5), six in one of 32. A single seed on a side does not show how much
 * training varies. */
typedef enum experiment_verdict {
  VERDICT_NONE,
  VERDICT_TOO_FEW,
  VERDICT_ONE_SEED,
  VERDICT_NOISE,
  VERDICT_LOWER,
  VERDICT_HIGHER
} experiment_verdict;
#define EXPERIMENT_LEAST_SUBJECTS 6
experiment_verdict vg_experiment_verdict_of(const experiment_difference *d, size_t a_seeds, size_t b_seeds);

#endif
