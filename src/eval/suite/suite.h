/* suite.h: a suite of voxgan eval: what it does once the cases are measured, and its section of report.html.
 *
 * A new suite is a row of src/registry/suites.def and a file src/eval/suite/suite_NAME.c. Which cases are
 * measured follows from the suite's rows of metrics.def: a suite of such metrics alone needs a title and no
 * function.
 */
#ifndef VG_EVAL_SUITE_H
#define VG_EVAL_SUITE_H
#include "eval/model/eval_study.h"
#include "report/report.h"

typedef struct vg_eval_suite {
  const char *title, *text; /* of its section */
  /* Compares the data sets as wholes and adds sets and verdicts to the evaluation. NULL: the suite has
   * metrics of cases only. */
  vg_status (*run)(eval_study *s, const vg_evaluate_settings *set);
  /* Adds charts of its own, where the suite has metrics of cases; NULL: none beside the usual ones. */
  void (*charts)(vg_report *r, const vg_evaluation *e);
} vg_eval_suite;

/* The suite of a row of registry "suites"; NULL: there is none. */
const vg_eval_suite *vg_eval_suites_find(const char *name);
/* Whether a suite among bits compares data sets as wholes. */
bool vg_eval_suites_compare_sets(uint32_t bits);
/* Adds a suite and its row while the program runs, for tests. All is borrowed for good. VG_CONFIG: no room,
 * or the name is taken. */
vg_status vg_eval_suites_add(const char *name, const char *help, const vg_eval_suite *suite);

#define VG_SUITE(name, help) extern const vg_eval_suite vg_eval_suite_##name;
#include "registry/suites.def"
#undef VG_SUITE

#endif
