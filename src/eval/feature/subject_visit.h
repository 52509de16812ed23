/* subject_visit.h: reads the label maps and series of one subject, and hands each to the caller. */
#ifndef VG_EVAL_SUBJECT_VISIT_H
#define VG_EVAL_SUBJECT_VISIT_H
#include "eval/feature/features.h"

#define VG_SUBJECT_LABELS (-1)

typedef struct vg_eval_visit {
  const vg_feature_plan *plan;
  const vg_dataset *set;
  const vg_json *description; /* the set's dataset_description.json, or NULL */
  bool images;                /* series are wanted, not only label maps */
  /* Gets each series of the plan in turn, if the subject has all of them, and at last the label maps alone
   * (VG_SUBJECT_LABELS). `in` is valid during the call. */
  vg_status (*each)(void *arg, size_t index, int series, const vg_feature_input *in);
  void *arg;
} vg_eval_visit;

/* Whether the subject has every series of the plan. */
bool vg_eval_is_whole(const vg_eval_visit *v, size_t index);
/* Errors name the subject. VG_DATA: see vg_features_read. */
vg_status vg_eval_visit_one(const vg_eval_visit *v, size_t index);

#endif
