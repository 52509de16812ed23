/* experiment_statistics.h: means over subjects and seeds, and whether two rows differ. */
#ifndef VG_EXPERIMENT_STATISTICS_H
#define VG_EXPERIMENT_STATISTICS_H
#include <stddef.h>
#include "base/number/statistic.h"
#include "voxgan/status.h"

/* One metric in one region of one row: a value a seed and subject. NaN: none; infinite: counted, in no mean.
 */
typedef struct experiment_values {
  size_t seeds, subjects;
  const double *v; /* (seeds, subjects) */
} experiment_values;

typedef struct experiment_mean {
  size_t n, infinite; /* subjects with a mean over seeds; infinite values */
  double mean, sd;    /* over subjects; NaN where there are too few */
  double seed_sd;     /* of the seeds' own means over subjects: what luck of the draw moves */
} experiment_mean;

experiment_mean vg_experiment_mean_of(const experiment_values *v);

typedef struct experiment_difference {
  size_t n;         /* subjects with a finite value on both sides */
  double mean;      /* over them, of a's mean over seeds less b's */
  double low, high; /* 95 % interval; NaN with fewer than 2 subjects */
} experiment_difference;

/* a less b, of the same subjects. The interval is the percentile bootstrap's over subjects and seeds, two
 * crossed factors that are drawn each for itself (the pigeonhole bootstrap, Owen 2007, doi
 * 10.1214/07-AOAS122): subjects once for both sides, as they are the same ones; seeds for each side by
 * itself, as a run of one row has nothing to do with one of another. Averaging the seeds before would answer
 * for these very networks only; what is asked is whether training again, on other subjects, would show it
 * again. Of n, n - 1 are drawn (one of one), which gives the mean its unbiased variance (Rao and Wu 1988, doi
 * 10.2307/2288945); n of them would give three seeds two thirds of it. purpose names the stream of random
 * numbers. */
vg_status vg_experiment_difference_of(const experiment_values *a, const experiment_values *b,
                                      const char *purpose, experiment_difference *out);

/* What may be said of it. Fewer than six subjects are too few: five that all agree do so by chance alone in
 * one of 16 cases (2 / 2^5), six in one of 32. One seed on a side shows nothing of training's own noise. */
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
