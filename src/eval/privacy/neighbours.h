/* neighbours.h: how near the subjects of one set come to those of another, in spaces where a copy stays near
 * though it was mirrored, has noise on it, or another contrast.
 *
 *   image      1 - correlation of the brains' boxes at 32x32x32 voxels, by series (feature space thumbnail),
 * the mean over series; mirrored left-right or not, whichever is nearer. Blind to gain and offset. structure
 * the same after the local mean is taken off and the rest divided by the local SD, over 5x5x5 voxels: blind
 * to a bias field and to most of a gamma; gyri count as much as ventricles patches    Euclidean distance of
 * the feature space patches, standardised over the real subjects tumour     the same of the feature space
 * tumour: label maps only
 */
#ifndef VG_EVAL_NEIGHBOURS_H
#define VG_EVAL_NEIGHBOURS_H
#include "eval/feature/features.h"
#include "voxgan/status.h"

/* The three sets that are compared. */
typedef enum near_set { NEAR_TRAIN, NEAR_HELD_OUT, NEAR_SYNTH, NEAR_SETS } near_set;

enum { NEAR_SPACES = 4 };

/* The nearest training subject. */
typedef struct near_one {
  size_t index; /* within the training set; SIZE_MAX: there is none */
  double distance;
  bool mirrored; /* it is nearer when mirrored left-right */
} near_one;

/* One space. Subjects that have no features in it (no tumour, a series missing) are not there. */
typedef struct near_space {
  const char *name;
  bool of_labels;
  bool tells_copies;
  size_t n[NEAR_SETS];
  size_t *subject[NEAR_SETS];   /* (n) within its set, ascending */
  near_one *nearest[NEAR_SETS]; /* (n); of a training subject: its nearest one that is of another person */
  /* (n synth) of the synthetic subjects: the chance to be nearer to the training than to the held-out
   * subjects, of equally many of each; NaN without either. */
  double *prefers_train;
} near_space;

/* sets[NEAR_HELD_OUT] may be empty. description: of the synthetic set, or NULL. spaces: NEAR_SPACES of them,
 * by what the data allow: *n of them are filled. The caller's: _release. */
vg_status vg_privacy_near_measure(const vg_dataset *const sets[NEAR_SETS], const vg_json *description,
                                  near_space spaces[NEAR_SPACES], int *n);
void vg_privacy_near_release(near_space spaces[NEAR_SPACES]);

/* ---- thresholds ---- */

#define NEAR_ALPHA 0.001
#define NEAR_HELD_OUT_MIN 20

/* How near two different persons come. */
typedef struct near_limit {
  double limit;  /* nearer is a near-copy: one in 1000 such distances between persons falls below (lognormal
                    prediction  limit, vg_statistic_prediction_limit); NaN with fewer than 3 */
  double median; /* of the distances it was made of; NaN without any */
  size_t n; /* those: of held-out to training subjects, and where they are fewer than NEAR_HELD_OUT_MIN also
               of training subjects to others */
  bool with_train;
} near_limit;
vg_status vg_privacy_near_limit(const near_space *s, near_limit *out);

#endif
