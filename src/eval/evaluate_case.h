/* evaluate_case.h: one pair of cases, measured. */
#ifndef VG_EVAL_EVALUATE_CASE_H
#define VG_EVAL_EVALUATE_CASE_H
#include "eval/evaluation.h"

typedef struct eval_pair {
  const vg_subject *real, *synth;
} eval_pair;

/* What all cases share while they are measured. */
typedef struct eval_study {
  vg_dataset real, synth;
  eval_pair *pairs; /* (evaluation->n_cases) */
  vg_classes tumour, anatomy;
  bool overlap_by_name; /* the overlap suite was asked for */
  vg_evaluation *evaluation;
  size_t done;      /* atomic */
  bool maps_differ; /* atomic: some pair of label maps is not equal */
} eval_study;

/* Cells of the image regions: 0 outside, then the brain, the band around the tumour, the tumour classes. */
#define EVAL_CELL_BRAIN 1
#define EVAL_CELL_BAND 2
#define EVAL_CELL_TUMOUR 3

/* Fills row `index` of the evaluation's values; for vg_parallel. */
vg_status vg_eval_case(void *study, size_t index);

#endif
