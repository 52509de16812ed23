/* eval_study.h: the state that all steps of an evaluation share: both data sets, their pairs, and the
 * evaluation.
 */
#ifndef VG_EVAL_STUDY_H
#define VG_EVAL_STUDY_H
#include "eval/model/evaluation.h"

typedef struct eval_pair {
  const vg_subject *real, *synth;
} eval_pair;

typedef struct eval_study {
  vg_dataset real, synth;
  eval_pair *pairs; /* (evaluation->n_cases) */
  vg_classes tumour, anatomy;
  const vg_extractor *extractor; /* or NULL */
  bool overlap_by_name;          /* the user named the overlap suite */
  bool compares_sets;            /* a chosen suite compares data sets as wholes */
  vg_eval *evaluation;
  bool maps_differ; /* atomic: a pair of label maps differs */
  /* Classes + 1 that occur in a pair's label maps, atomic: bit k. */
  uint64_t tumour_seen, anatomy_seen;
} eval_study;

/* Cells of the image regions: 0 outside, then the brain, the band around the tumour, the tumour classes. */
#define EVAL_CELL_BRAIN 1
#define EVAL_CELL_BAND 2
#define EVAL_CELL_TUMOUR 3

#endif
