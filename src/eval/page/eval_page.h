/* eval_page.h: the parts of report.html that are made from an evaluation. */
#ifndef VG_EVAL_PAGE_H
#define VG_EVAL_PAGE_H
#include "eval/model/eval_study.h"
#include "report/report.h"

/* Tables and distributions of a suite's groups. */
vg_status vg_eval_page_groups(vg_report *r, const vg_evaluation *e, const char *suite);
/* Curves across the surface of the tumour and its parts. */
void vg_eval_page_profiles(vg_report *r, const vg_evaluation *e);
/* A suite's metrics of sets. */
vg_status vg_eval_page_sets(vg_report *r, const vg_evaluation *e, const char *suite);
/* A suite's verdicts with their text; suite NULL: those of all suites, in brief. */
vg_status vg_eval_page_verdicts(vg_report *r, const vg_evaluation *e, const char *suite);

/* Slices of the worst cases: of each series that was compared, and of label maps. budget: bytes of the page
 * that they may take together. */
vg_status vg_eval_page_images(vg_report *r, const eval_study *s, size_t budget);
vg_status vg_eval_page_labels(vg_report *r, const eval_study *s, size_t budget);

#endif
