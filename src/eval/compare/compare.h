/* compare.h: the measurements: their plan, pairs of cases, subjects without partners, and sets as wholes. */
#ifndef VG_EVAL_COMPARE_H
#define VG_EVAL_COMPARE_H
#include "eval/model/eval_study.h"

/* Whether a suite that was asked for has metrics of that kind. */
bool vg_eval_asks_for(const vg_eval *e, vg_metric_kind kind);

/* Sets the classes, regions and groups of the study's evaluation, and makes room for their values. */
vg_status vg_eval_plan(eval_study *s);
/* Logs once, with the first reason, each suite that was asked for and has no group. why NULL: the message
 * names the data that are missing. */
void vg_eval_say_left_out(vg_eval *e, const char *why);
/* Skips the comparison of label maps if both sides have the same ones: a comparison of copies says nothing
 * about the images. */
void vg_eval_leave_out_copies(const eval_study *s);
/* Drops the values of regions that no label map of any pair has: agreement on nothing says nothing. */
void vg_eval_leave_out_empty(const eval_study *s);

/* Measures every pair. */
vg_status vg_eval_all(eval_study *s);
/* Runs the chosen metrics of some kinds (bits) and stores their values in row `index`. */
vg_status vg_eval_run_metrics(vg_eval *e, size_t index, unsigned kinds, const char *series,
                              const vg_metric_input *in);

/* Compares the profiles of each synthetic subject with the mean profiles of the real subjects; needs no
 * pairs. */
vg_status vg_eval_unpaired(eval_study *s);

/* Suite distribution: compares the real set with the synthetic one in every feature space with enough
 * subjects. */
vg_status vg_eval_distribution(eval_study *s);

#endif
