/* features.h: subjects as points in feature spaces, to compare two sets of subjects without pairs.
 *
 *     vg_feature_plan plan;
 *     vg_features real[VG_FEATURE_SPACES_MAX] = {0}, synth[VG_FEATURE_SPACES_MAX] = {0};
 *     st = vg_features_plan_init(&plan, (const vg_dataset *const[]){&a, &b}, 2);
 *     if (!st) st = vg_features_read(&plan, &a, NULL, real);
 *     if (!st) st = vg_features_read(&plan, &b, recorded, synth);
 *     real[i].values ... // in space vg_features_at(i)
 *     vg_features_release(real), ...
 *
 * Each subject is read once for all spaces, and subjects are read in parallel. Besides the features, each
 * thread holds one image and its label maps in memory. The features do not depend on the number of threads.
 *
 * The brain is the voxels that a subject's anatomy and tumour maps label. Without an anatomy map, it is the
 * brain mask of the first series (vg_brain_mask) and the tumour; without a series too, the whole grid. In the
 * brain, the 0.5th and 99.5th percentile of each series become -1 and +1, unless the set's description gives
 * other values (vg_normalise EACH). Outside, all is -1. A volume that is constant in the brain becomes 0
 * there.
 *
 * To add a space, write one row in features.def and one struct in a file of src/eval.
 */
#ifndef VOXGAN_FEATURES_H
#define VOXGAN_FEATURES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/dataset.h"
#include "voxgan/evaluate.h"
#include "io/json.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_FEATURE_SPACES_MAX 8 /* spaces */
#define VG_FEATURE_VALUES_MAX                                                  \
  ((size_t)1 << 26) /* of a set in one space, where a plan limits the subjects \
                     */

/* What to measure. The plan is the same for every subject of all sets. Plain data. */
typedef struct vg_feature_plan {
  vg_series_list series;      /* series that at least half of the subjects of every set have */
  vg_classes anatomy, tumour; /* all classes of the sets' schemes */
  bool has_anatomy,
      has_tumour;  /* whether every subject of every set has the map; its classes then define regions */
  uint32_t spaces; /* bit i: the sets have the data for vg_features_at(i) */
  size_t most; /* at most this many subjects of a set in any space, and VG_FEATURE_VALUES_MAX values; 0: all
                  subjects. They are spread evenly over the ids */
  const vg_extractor *extractor; /* network of space network, borrowed; or NULL */
} vg_feature_plan;

/* Plans for all sets. The caller may clear bits of spaces afterwards. VG_DATA: the sets' classes do not fit
 * into one list. */
vg_status vg_features_plan_init(vg_feature_plan *plan, const vg_dataset *const *sets, int n_sets);
/* Adds space network if the plan has a series. x is borrowed for as long as the plan is used. */
void vg_features_plan_extract(vg_feature_plan *plan, const vg_extractor *x);

/* One subject with one of its images, as (Z, Y, X) with axes closest to R, A, S. All pointers are borrowed.
 */
typedef struct vg_feature_input {
  const vg_feature_plan *plan;
  int dim[3];                      /* x, y, z */
  double mm[3];                    /* voxel size */
  double voxel_ml;                 /* volume of a voxel, which is less than the product in a sheared grid */
  int lo[3], extent[3];            /* the brain's box */
  const uint8_t *brain;            /* 0 or 1 */
  const uint8_t *anatomy, *tumour; /* index into the plan's classes + 1; NULL: no map */
  const float *image;              /* in [-1, 1], -1 outside the brain; NULL in spaces of label maps */
} vg_feature_input;

typedef struct vg_feature_space {
  bool of_labels;    /* features come from the label maps alone; else from each series in turn */
  bool by_extractor; /* needs the plan's extractor */
  bool units_differ; /* dimensions have different units, so they are standardised before distances are
                        computed */
  size_t of_some;    /* at most this many subjects, spread evenly over the ids, for spaces that compare pairs
                        only; 0: all subjects */
  /* Number of values for one series, or for the label maps. */
  size_t (*dims)(const vg_feature_plan *plan);
  /* Computes the features. out[0] is NaN if the subject has none in this space. Only VG_MEMORY. */
  vg_status (*compute)(const vg_feature_input *in, float *out);
} vg_feature_space;

typedef struct vg_feature_row {
  const char *name, *help;
  const vg_feature_space *space;
} vg_feature_row;
const vg_feature_row *vg_features_at(int i); /* NULL past the last */
int vg_features_find(const char *name);      /* -1 */
/* The regions of spaces that measure by tissue: the brain's anatomy classes outside the tumour first (one,
 * the whole brain, if not all subjects have an anatomy map), then the tumour's classes. */
int vg_features_regions(const vg_feature_plan *plan);
const char *vg_features_region_name(const vg_feature_plan *plan, int region);
/* The region of a voxel, or -1. */
int vg_features_region_at(const vg_feature_input *in, size_t voxel);
/* Number of values in a whole row of the matrix, with all series. */
size_t vg_features_dims(const vg_feature_plan *plan, const vg_feature_space *space);

/* A set's subjects in one space. Caller-owned: _init by {0}. */
typedef struct vg_features {
  size_t n, dims;
  float *values;    /* (n, dims); series in the plan's order */
  size_t *subject;  /* (n), ascending: the subject of each row. Subjects that lack a series of the plan or a
                       tumour have no row, nor have subjects beyond of_some or the plan's most */
  size_t taken, of; /* subjects that were measured, of those in the set */
} vg_features;

/* Computes the features of a set. out: VG_FEATURE_SPACES_MAX entries, by space; spaces outside the plan stay
 * empty. description: the set's dataset_description.json, or NULL. VG_DATA: differing grids within a subject,
 * labels outside a scheme, no brain. */
vg_status vg_features_read(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                           vg_features *out);
void vg_features_release(vg_features *all); /* Releases VG_FEATURE_SPACES_MAX entries. */

#define VG_FEATURES(name, help) extern const vg_feature_space vg_features_##name;
#include "registry/features.def"
#undef VG_FEATURES

#ifdef __cplusplus
}
#endif
#endif
