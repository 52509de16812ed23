/* features.h: subjects as points: what two sets of subjects are compared by when nobody is paired.
 *
 *     vg_feature_plan plan;
 *     vg_features real[VG_FEATURE_SPACES_MAX] = {0}, synth[VG_FEATURE_SPACES_MAX] = {0};
 *     st = vg_features_plan_init(&plan, (const vg_dataset *const[]){&a, &b}, 2);
 *     if (!st) st = vg_features_read(&plan, &a, NULL, real);
 *     if (!st) st = vg_features_read(&plan, &b, recorded, synth);
 *     real[i].values ...                       // of space vg_features_at(i)
 *     vg_features_release(real), ...
 *
 * Each subject is read once for all spaces, subjects in parallel; memory beside the features themselves is
 * one image and its label maps a thread. The features do not depend on the number of threads.
 *
 * The brain is what a subject's anatomy and tumour maps label; where it has no anatomy map, the brain mask
 * of its first series (vg_brain_mask) and the tumour; where it has no series either, the whole grid. In it,
 * the 0.5th and 99.5th percentile of each series become -1 and +1, or what the set's description says that
 * they mean (vg_normalise EACH); all outside is -1, and a volume that is constant in the brain is 0 there.
 *
 * A new space: one row in features.def, one struct in a file of src/eval.
 */
#ifndef VOXGAN_FEATURES_H
#define VOXGAN_FEATURES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/dataset.h"
#include "voxgan/extractor.h"
#include "io/json.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VG_FEATURE_SPACES_MAX 8 /* spaces */

/* What is measured: the same for every subject of all sets that are to be compared. Plain data. */
typedef struct vg_feature_plan {
  vg_series_list series;         /* those that at least half of the subjects of every set have */
  vg_classes anatomy, tumour;    /* all classes of the sets' schemes */
  bool has_anatomy, has_tumour;  /* every subject of every set has the map: regions are told by its classes */
  uint32_t spaces;               /* bit i: vg_features_at(i); those that the sets allow */
  const vg_extractor *extractor; /* of space network, borrowed; or NULL */
} vg_feature_plan;

/* VG_DATA: the sets' classes do not fit into one list. spaces can be narrowed afterwards. */
vg_status vg_features_plan_init(vg_feature_plan *plan, const vg_dataset *const *sets, int n_sets);
/* Adds space network, where there is a series. x is borrowed for as long as the plan is used. */
void vg_features_plan_extract(vg_feature_plan *plan, const vg_extractor *x);

/* One subject, with one of its images; (Z, Y, X), axes closest to R, A, S. All borrowed. */
typedef struct vg_feature_input {
  const vg_feature_plan *plan;
  int dim[3];                      /* x, y, z */
  double mm[3];                    /* voxel size */
  int lo[3], extent[3];            /* the brain's box */
  const uint8_t *brain;            /* 0 or 1 */
  const uint8_t *anatomy, *tumour; /* index into the plan's classes + 1; NULL: no map */
  const float *image;              /* in [-1, 1], -1 outside the brain; NULL for spaces of label maps */
} vg_feature_input;

typedef struct vg_feature_space {
  bool of_labels;    /* of the label maps alone; else of each series, one after the other */
  bool by_extractor; /* needs the plan's */
  bool units_differ; /* between dimensions, so that they are standardised before distances are taken */
  size_t of_some;    /* at most so many subjects, evenly over the ids, as pairs are all that is looked at; 0:
                        all,    as points */
  /* How many values: of a series, or of the label maps. */
  size_t (*dims)(const vg_feature_plan *plan);
  /* Where the subject has no features in this space, out[0] is NaN. Fails for lack of memory only. */
  vg_status (*compute)(const vg_feature_input *in, float *out);
} vg_feature_space;

typedef struct vg_feature_row {
  const char *name, *help;
  const vg_feature_space *space;
} vg_feature_row;
const vg_feature_row *vg_features_at(int i); /* NULL past the last */
int vg_features_find(const char *name);      /* -1 */
/* Of a whole row of the matrix: all series. */
size_t vg_features_dims(const vg_feature_plan *plan, const vg_feature_space *space);

/* A set's subjects in one space. Caller-owned: _init by {0}. */
typedef struct vg_features {
  size_t n, dims;
  float *values;   /* (n, dims); series follow each other as in the plan */
  size_t *subject; /* (n), ascending: whose row it is. Those that lack a series of the plan, or a tumour, have
                      none, nor those beyond of_some */
} vg_features;

/* out: VG_FEATURE_SPACES_MAX, by space; those that the plan leaves out stay empty. description: what the
 * set's dataset_description.json says, or NULL. VG_DATA: differing grids within a subject, labels outside a
 * scheme, no brain. */
vg_status vg_features_read(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                           vg_features *out);
void vg_features_release(vg_features *all); /* VG_FEATURE_SPACES_MAX of them */

#define VG_FEATURES(name, help) extern const vg_feature_space vg_features_##name;
#include "registry/features.def"
#undef VG_FEATURES

#ifdef __cplusplus
}
#endif
#endif
