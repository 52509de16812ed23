/* eval_page.h: the parts of report.html that are made from an evaluation. */
#ifndef VG_EVAL_EVALUATE_REPORT_H
#define VG_EVAL_EVALUATE_REPORT_H
#include "eval/model/eval_study.h"
#include "report/report.h"

/* The page of an evaluation whose summary is made. Cases of galleries are read again, one a thread. */
vg_status vg_eval_report(const eval_study *s, const vg_evaluate_settings *set, const char *path);

/* Tables and distributions of a suite's groups. */
vg_status vg_eval_report_groups(vg_report *r, const vg_evaluation *e, const char *suite);
/* Of summary's "profiles", "sets" and "verdicts", as far as there are any; suite: of which one; verdicts with
 * NULL: of all, in brief. */
void vg_eval_report_profiles(vg_report *r, const vg_json *summary);
vg_status vg_eval_report_sets(vg_report *r, const vg_evaluation *e, const char *suite);
vg_status vg_eval_report_verdicts(vg_report *r, const vg_json *summary, const char *suite);

/* Slices of the worst cases: of each series that was compared, and of label maps. budget: bytes of the page
 * that they may take together. */
vg_status vg_eval_report_images(vg_report *r, const eval_study *s, size_t budget);
vg_status vg_eval_report_labels(vg_report *r, const eval_study *s, size_t budget);

#endif
