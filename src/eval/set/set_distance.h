/* set_distance.h: distances between two clouds of points, with intervals.
 *
 * All that is drawn comes from streams of its own, so that a distance is the same in every run, whatever the
 * threads.
 */
#ifndef VG_EVAL_SET_DISTANCE_H
#define VG_EVAL_SET_DISTANCE_H
#include <stdbool.h>
#include <stddef.h>
#include "voxgan/status.h"

typedef struct vg_points {
  size_t n_real, n_synth, dims;
  const float *real, *synth; /* (n_real, dims), (n_synth, dims) */
  bool units_differ;         /* dimensions are standardised first */
} vg_points;

#define VG_PERMUTATIONS 1000
#define VG_HALVINGS 20    /* of the real set */
#define VG_INTERVAL_MIN 5 /* points a side that an interval needs */
#define VG_FLOOR_MIN 4    /* real points that a halving needs */

typedef struct vg_set_distance {
  double value;
  double ci_low, ci_high; /* NaN with too few points */
  double floor;           /* mean over random halvings of the real set; NaN with too few points */
  double p; /* share of random relabellings of all points, and the true one, that reach the value; NaN where
               that is not asked for */
} vg_set_distance;

/* Squared maximum mean discrepancy, unbiased (Gretton et al., JMLR 13, 2012, eq. 3): kernel
 * exp(-d^2 / (2 s^2)), s the median distance between two points of both sets together; dimensions are
 * standardised over both sets. A resample's points are not paired with their own copies. With p. */
vg_status vg_set_mmd(const vg_points *p, vg_set_distance *out);

/* Squared Frechet distance (Heusel et al., NeurIPS 2017, eq. 6): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2) of
 * the means and covariances (n - 1), dimensions standardised by the real set. Covariances are neither shrunk
 * nor reduced: the last trace is the sum of singular values of the inner products between the centred sets,
 * which exist however few points there are. Its bias, upwards and the larger the fewer points there are for
 * the dimensions, is in floor too, there of half as many points. */
vg_status vg_set_frechet(const vg_points *p, vg_set_distance *out);

/* Sliced Wasserstein distance (Rabin et al., SSVM 2011): the mean over VG_SLICES random directions of the
 * Wasserstein-1 distance between the projections, dimensions standardised by the real set. */
#define VG_SLICES 128
vg_status vg_set_sliced_wasserstein(const vg_points *p, vg_set_distance *out);
/* The k-th direction, of length 1. */
void vg_set_slice_direction(size_t k, float *out, size_t dims);
/* Wasserstein-1 distance between the distributions of two lists of values, which are sorted by it. */
double vg_set_wasserstein_1d(double *a, size_t n, double *b, size_t m);

/* Mean of likeness over pairs within the synthetic set minus that within the real set. likeness (n, n) over
 * both sets, the real one first; NaN: not measured. No floor. */
vg_status vg_set_diversity(const double *likeness, size_t n_real, size_t n_synth, vg_set_distance *out);

/* ---- what distances share ---- */

/* A distance between two lists of points, a and b, which are indices over both sets, the real one first. */
typedef vg_status (*vg_set_distance_of)(const void *space, const size_t *a, size_t n, const size_t *b,
                                        size_t m, double *out);
/* The value, its floor, and its interval: 2.5th and 97.5th percentile of VG_RESAMPLES_SETS bootstrap
 * resamples of each set, moved so that their mean is the value, because resamples, with their copies, lie
 * further apart than the sets do. permute: also p. */
vg_status vg_set_distance_measure(vg_set_distance_of distance, const void *space, size_t n_real,
                                  size_t n_synth, bool permute, vg_set_distance *out);

/* Points as float rows (n_real + n_synth, dims), centred, and where units differ each dimension divided by
 * its SD (n - 1); vg_free. Mean and SD are those of the real set (of both together: pooled), the SD at least
 * VG_LEAST_SD of both together's, so that what hardly varies among few real points does not drown the rest. A
 * dimension that is constant in both is 0. */
#define VG_LEAST_SD 0.1
float *vg_set_points_standardised(const vg_points *p, bool pooled);
double vg_set_points_dot(const float *a, const float *b, size_t dims);
/* Mean over the pairs of a that are different points and whose value (n, n) is not NaN; 1 where there is
 * none, as of a point with itself. */
double vg_set_points_mean_within(const double *pairs, size_t n, const size_t *a, size_t n_a);
/* Inner products of all pairs of n rows (n, n); vg_free. */
double *vg_set_points_gram(const float *rows, size_t n, size_t dims);

#endif
