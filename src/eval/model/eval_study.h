/* eval_study.h: a study in the making: its plan, and one pair of cases, measured. */
#ifndef VG_EVAL_EVALUATE_CASE_H
#define VG_EVAL_EVALUATE_CASE_H
#include "eval/model/evaluation.h"

typedef struct eval_pair {
  const vg_subject *real, *synth;
} eval_pair;

/* What all cases share while they are measured. */
typedef struct eval_study {
  vg_dataset real, synth;
  eval_pair *pairs; /* (evaluation->n_cases) */
  vg_classes tumour, anatomy;
  const vg_extractor *extractor; /* or NULL */
  bool overlap_by_name;          /* the overlap suite was asked for */
  vg_evaluation *evaluation;
  size_t done;      /* atomic */
  bool maps_differ; /* atomic: some pair of label maps is not equal */
} eval_study;

/* Cells of the image regions: 0 outside, then the brain, the band around the tumour, the tumour classes. */
#define EVAL_CELL_BRAIN 1
#define EVAL_CELL_BAND 2
#define EVAL_CELL_TUMOUR 3

/* Whether some suite that was asked for compares sets of subjects. */
bool vg_eval_asks_for_sets(const vg_evaluation *e);

/* Classes, regions and groups of the study's evaluation, and room for their values. */
vg_status vg_eval_plan(eval_study *s);
/* Suites that were asked for and of which there is nothing: said once, with the first reason. why NULL: what
 * the data would need. */
void vg_eval_say_left_out(vg_evaluation *e, const char *why);
/* Label maps that are copies of each other say nothing about the images beside them. */
void vg_eval_leave_out_copies(const eval_study *s);

/* Measures every pair. */
vg_status vg_eval_all(eval_study *s);
/* The chosen metrics of some kinds (bits) into row `index` of the values. */
vg_status vg_eval_run_metrics(vg_evaluation *e, size_t index, unsigned kinds, const char *series,
                              const vg_metric_input *in);

/* Without pairs: the profiles of each synthetic subject against the mean ones of the real subjects. */
vg_status vg_eval_unpaired(eval_study *s);

/* Suite distribution: the real set against the synthetic one, where there are subjects enough. */
vg_status vg_eval_distribution(eval_study *s);
/* Suite privacy: the synthetic set, and the model, against who was trained on. */
vg_status vg_eval_privacy(eval_study *s, const vg_evaluate_settings *set);

#endif
