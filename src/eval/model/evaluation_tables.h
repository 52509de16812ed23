/* evaluation_tables.h: an evaluation as tables, for the terminal and for report.html. */
#ifndef VG_EVAL_EVALUATION_TABLES_H
#define VG_EVAL_EVALUATION_TABLES_H
#include "eval/model/evaluation.h"
#include "io/table.h"

/* In each function, *t belongs to the caller and is zero at first. It stays without rows if there is nothing
 * to show. */

/* Means and SD of a suite: one row per series and region, one column per metric of the suite's nth table,
 * from 0. *more: there is another table. */
vg_status vg_eval_means_table(const vg_eval *e, const char *suite, int nth, const char *plus_minus,
                              bool *more, vg_table *t);
/* A suite's metrics of sets. */
vg_status vg_eval_sets_table(const vg_eval *e, const char *suite, vg_table *t);
/* The values that moved against the baseline. */
vg_status vg_eval_moved_table(const vg_eval *e, vg_table *t);

#endif
