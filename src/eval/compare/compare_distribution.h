/* compare_distribution.h: what suite distribution is made of. */
#ifndef VG_EVAL_EVALUATE_DISTRIBUTION_H
#define VG_EVAL_EVALUATE_DISTRIBUTION_H
#include "eval/model/evaluation.h"
#include "eval/feature/features.h"

/* A row of metric diversity for each series, from space volume; none with fewer than two subjects a side. */
vg_status vg_eval_diversity(vg_evaluation *e, const vg_feature_plan *plan, const vg_features *real,
                            const vg_features *synth);

#endif
