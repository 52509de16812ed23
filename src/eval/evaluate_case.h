/* evaluate_case.h: a study in the making: its plan, and one pair of cases, measured. */
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

/* Classes, regions and groups of the study's evaluation, and room for their values. */
vg_status vg_eval_plan(eval_study *s);
/* Suites that were asked for and of which there is nothing: said once, with the first reason. why NULL: what
 * the data would need. */
void vg_eval_say_left_out(vg_evaluation *e, const char *why);
/* Label maps that are copies of each other say nothing about the images beside them. */
void vg_eval_leave_out_copies(const eval_study *s);

/* Fills row `index` of the evaluation's values; for vg_parallel. */
vg_status vg_eval_case(void *study, size_t index);

#endif
