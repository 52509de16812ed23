/* compare_distribution.h: the measurements of suite distribution. */
#ifndef VG_EVAL_EVALUATE_DISTRIBUTION_H
#define VG_EVAL_EVALUATE_DISTRIBUTION_H
#include "eval/model/evaluation.h"
#include "eval/feature/features.h"

/* Adds a row of metric diversity for each series, from space volume. Adds none if a side has fewer than two
 * subjects. */
vg_status vg_eval_diversity(vg_evaluation *e, const vg_feature_plan *plan, const vg_features *real,
                            const vg_features *synth);

#endif
