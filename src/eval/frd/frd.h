/* frd.h: suite frd: the Frechet radiomics distance between the real and the synthetic set. */
#ifndef VG_EVAL_FRD_H
#define VG_EVAL_FRD_H
#include "eval/model/eval_study.h"
#include "eval/set/set_distance.h"

/* FRD v1 (Konz et al., arXiv 2412.01496), by series, in the brain and in the tumour: features (radiomics.h)
 * less their mean over the real set, over its SD (n); features that are constant there or undefined in some
 * subject are dropped; then the logarithm of the squared Frechet distance, as frd-score 1.0 gives it.
 *
 * Images are in [-1, 1], cut to the brain's box, and averaged to 2 mm where they are finer. */
vg_status vg_frd_run(eval_study *s, const vg_evaluate_settings *set);

/* The squared distance of two lists of rows (n, dims), with its interval and floor. Rows with a NaN in the
 * first column do not count; *n_real, *n_synth: rows that count. VG_OK with *dims 0: no feature remains. */
vg_status vg_frd_distance(const double *real, size_t *n_real, const double *synth, size_t *n_synth,
                          size_t *dims, vg_set_distance *out);

#endif
