/* set_distance.h: distances between two clouds of points, with intervals.
 *
 *     vg_set_space space;
 *     st = vg_set_space_init(&points, &space);
 *     if (!st) st = vg_set_mmd(&space, &mmd);
 *     if (!st) st = vg_set_frechet(&space, &frechet); ...
 *     vg_set_space_release(&space);
 *
 * Every draw has its own random stream, so a distance is the same in every run, for any number of threads.
 */
#ifndef VG_EVAL_SET_DISTANCE_H
#define VG_EVAL_SET_DISTANCE_H
#include <stdbool.h>
#include <stddef.h>
#include "eval/set/set_space.h"
#include "voxgan/status.h"

/* Suite distribution measures at most this many subjects a side, and fewer where their features have more
 * than VG_FEATURE_VALUES_MAX / VG_SET_POINTS_MAX values: 512 for the thumbnails of four series. Smaller sets
 * are measured whole. Time and memory of the distances, which grow with the square or the cube of the points,
 * are therefore bounded. The subjects are spread evenly over the sorted ids, so a run takes the same ones
 * each time. With n points a side, this is what the sample does to the distance of the whole sets.
 *
 * MMD stays unbiased. It is off by more than t with a probability of at most 2 exp(-t^2 n / 16) (Hoeffding's
 * bound for U-statistics, kernel in [0, 1]: Gretton et al., theorem 10), so by at most 0.25 in 95 of 100
 * samples of 1,000. In practice the interval is far narrower, and it is printed.
 *
 * The sliced Wasserstein distance is on average at most higher by the sum over both sets of the mean over
 * directions of the integral of sqrt(F (1 - F) / n), F the projections' distribution function. That is at
 * most range / (2 sqrt n).
 *
 * The Frechet distance is biased upwards as by any n points; floor, of n / 2 points, has at least that bias.
 *
 * Diversity uses 32 subjects a side in any case. */
#define VG_SET_POINTS_MAX 1000
#define VG_PERMUTATIONS 1000
#define VG_HALVINGS 20    /* of the real set */
#define VG_INTERVAL_MIN 5 /* points per side that an interval needs */
#define VG_FLOOR_MIN 4    /* real points that a halving needs */

typedef struct vg_set_distance {
  double value;
  double ci_low, ci_high; /* NaN with too few points */
  double floor;           /* mean over random halvings of the real set; NaN with too few points */
  double p; /* share of the labellings of all points (random ones and the true one) that reach the value; NaN
               if not requested */
  bool biased; /* upwards: there are too few points for so many dimensions */
} vg_set_distance;

/* One function for each VG_SET_DISTANCE row of set_metrics.def. */
#define VG_SET_DISTANCE(name, suite, better, ideal, help) \
  vg_status vg_set_##name(const vg_set_space *s, vg_set_distance *out);
#include "registry/set_metrics.def"

/* vg_set_mmd: squared maximum mean discrepancy, unbiased (Gretton et al., JMLR 13, 2012, eq. 3): kernel
 * exp(-d^2 / (2 s^2)), s the median distance between two points of both sets together; dimensions are
 * standardised over both sets. A resample's points are not paired with their own copies. Sets p.
 *
 * vg_set_frechet: squared Frechet distance (Heusel et al., NeurIPS 2017, eq. 6): |m1 - m2|^2 + tr(S1 + S2 - 2
 * (S1 S2)^1/2) of the means and covariances (n - 1), dimensions standardised by the real set. Covariances are
 * neither shrunk nor reduced: the last trace is the sum of singular values of the inner products between the
 * centred sets, which exist for any number of points. The distance is biased upwards, more so with fewer
 * points per dimension. floor has the same kind of bias, for half as many points. Sets biased.
 *
 * vg_set_sliced_wasserstein: sliced Wasserstein distance (Rabin et al., SSVM 2011): the mean over VG_SLICES
 * random directions of the Wasserstein-1 distance between the projections, dimensions standardised by the
 * real set. */
#define VG_SLICES 128
/* The k-th direction, of length 1. */
void vg_set_slice_direction(size_t k, float *out, size_t dims);

/* vg_set_knn_precision, _knn_recall, _density, _coverage: fidelity and coverage by balls around points. A
 * ball reaches to the k-th nearest other point of its own set, k = VG_NEIGHBOURS, or one less than the
 * points. Dimensions are standardised by the real set.
 *
 *   knn_precision  share of synthetic points within a ball of a real one (Kynkaanniemi et al., NeurIPS 2019)
 *   knn_recall     share of real points within a ball of a synthetic one
 *   density        mean number of real balls that hold a synthetic point, over k (Naeem et al., ICML 2020)
 *   coverage       share of real balls that hold a synthetic point */
#define VG_NEIGHBOURS 5

/* Mean likeness of pairs within the synthetic set minus that within the real set. likeness is (n, n) over
 * both sets, the real one first; NaN: not measured. Sets no floor. */
vg_status vg_set_diversity(const double *likeness, size_t n_real, size_t n_synth, vg_set_distance *out);

/* ---- shared by all distances ---- */

/* A distance between two lists of points. a and b are indices over both sets, the real one first, ascending;
 * a resample lists copies. */
typedef vg_status (*vg_set_distance_of)(const void *space, const size_t *a, size_t n, const size_t *b,
                                        size_t m, double *out);
/* Computes the value, its floor, and its interval: the 2.5th and 97.5th percentile of VG_RESAMPLES_SETS
 * bootstrap resamples of each set. Resamples contain copies and therefore lie further apart than the sets, so
 * the percentiles are shifted to make the resamples' mean equal the value. permute: also computes p. */
vg_status vg_set_distance_measure(vg_set_distance_of distance, const void *space, size_t n_real,
                                  size_t n_synth, bool permute, vg_set_distance *out);

/* Mean over the pairs of different points in a whose value (n, n) is not NaN. Without such a pair it is 1,
 * the value of a point with itself. */
double vg_set_points_mean_within(const double *pairs, size_t n, const size_t *a, size_t n_a);

#endif
