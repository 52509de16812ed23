/* neighbours.h: measures how near the subjects of one set come to those of another. The spaces are chosen so
 * that a copy stays near although it was mirrored, or has noise on it, or another contrast:
 *
 * - image: 1 - correlation of the brains' boxes at 32x32x32 voxels (feature space thumbnail), mean over
 * series. Each pair is compared mirrored left-right and not mirrored; the smaller distance counts. The space
 * is blind to gain and offset.
 * - structure: the same, after subtracting the local mean and dividing by the local SD over 5x5x5 voxels. The
 *   space is blind to a bias field and to most of a gamma, and gyri count as much as ventricles.
 * - patches: Euclidean distance in the feature space patches, standardised over the real subjects.
 * - tumour: the same in the feature space tumour, for label maps only.
 */
#ifndef VG_EVAL_NEIGHBOURS_H
#define VG_EVAL_NEIGHBOURS_H
#include "eval/feature/features.h"
#include "voxgan/status.h"

/* The three sets to compare. */
typedef enum near_set { NEAR_TRAIN, NEAR_HELD_OUT, NEAR_SYNTH, NEAR_SETS } near_set;

enum { NEAR_SPACES = 4 };

/* The nearest training subject. */
typedef struct near_one {
  size_t index; /* index within the training set; SIZE_MAX: none */
  double distance;
  bool mirrored; /* it is nearer when mirrored left-right */
} near_one;

/* One space. It lacks the subjects without features (no tumour, or a missing series). */
typedef struct near_space {
  const char *name;
  bool of_labels;
  bool tells_copies;
  size_t n[NEAR_SETS];
  size_t *subject[NEAR_SETS];   /* (n) within its set, ascending */
  near_one *nearest[NEAR_SETS]; /* (n); for a training subject: the nearest one of another person */
  /* (n synth); for each synthetic subject, the chance that it is nearer to the training subjects than to as
   * many held-out ones; NaN if either set is empty. */
  double *prefers_train;
} near_space;

/* Measures all spaces that the data allow. sets[NEAR_HELD_OUT] may be empty. description: of the synthetic
 * set, or NULL. spaces: NEAR_SPACES entries, of which *n are filled; the caller releases them. */
vg_status vg_privacy_near_measure(const vg_dataset *const sets[NEAR_SETS], const vg_json *description,
                                  near_space spaces[NEAR_SPACES], int *n);
void vg_privacy_near_release(near_space spaces[NEAR_SPACES]);

/* ---- thresholds ---- */

#define NEAR_ALPHA 0.001
#define NEAR_HELD_OUT_MIN 20

/* How near two different persons come. */
typedef struct near_limit {
  double
      limit; /* a smaller distance is a near-copy: one in 1000 distances between persons is smaller (lognormal
                prediction limit, vg_statistic_prediction_limit); NaN with fewer than 3 distances */
  double median; /* median of the distances behind the limit; NaN without any */
  size_t n;      /* number of these distances: from held-out to training subjects; if these are fewer than
                    NEAR_HELD_OUT_MIN, also from training subjects to others */
  bool with_train;
} near_limit;
vg_status vg_privacy_near_limit(const near_space *s, near_limit *out);

#endif
