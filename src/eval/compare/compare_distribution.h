/* compare_distribution.h: the measurements of suite distribution. */
#ifndef VG_EVAL_EVALUATE_DISTRIBUTION_H
#define VG_EVAL_EVALUATE_DISTRIBUTION_H
#include "eval/model/eval_study.h"
#include "eval/feature/features.h"

/* Adds a row of metric diversity for each series, from space volume. Adds none if a side has fewer than two
 * subjects. */
vg_status vg_eval_diversity(vg_eval *e, const vg_feature_plan *plan, const vg_features *real,
                            const vg_features *synth);

/* Stores a spectrum for each series and region that both sides have, from space spectrum. */
vg_status vg_eval_spectra(vg_eval *e, const vg_feature_plan *plan, const vg_features *real,
                          const vg_features *synth);

/* MS-SSIM of two volumes (edge, edge, edge) over the voxels that are above -1 in either. */
vg_status vg_eval_likeness(const float *a, const float *b, int edge, double *out);

/* Adds rows of metric draws: how far synthetic subjects that share their label maps are apart. Adds none if
 * no two do, or if there are fewer than two real subjects. */
vg_status vg_eval_draws(eval_study *s, const vg_feature_plan *plan);

#endif
