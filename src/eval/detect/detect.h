/* detect.h: suite detect: can small networks tell synthetic from real patches of persons that they never saw?
 *
 * A classifier two-sample test (Lopez-Paz and Oquab, ICLR 2017). Three comparisons, each with SEEDS seeds:
 *   synthetic  synthetic against real patches
 *   halves     the patches of one half of the real persons against those of the other; about 0.5
 *   blurred    real patches against the same after a slight blur; near 1
 * Each seed divides the persons into two folds. A network trains on one fold and is asked about the other, so
 * every patch is judged by networks that never saw its person. A person's real and synthetic subjects are in
 * one fold.
 */
#ifndef VG_EVAL_DETECT_H
#define VG_EVAL_DETECT_H
#include "eval/model/eval_study.h"

#define DETECT "detect"

/* Adds the areas and the verdict, keeps the most telling patches for the page, and writes detect.csv. */
vg_status vg_detect_run(eval_study *s, const vg_eval_settings *set);

#endif
