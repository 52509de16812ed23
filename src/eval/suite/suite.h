/* suite.h: a suite of voxgan eval: the work after all cases are measured, and its section of report.html.
 *
 * To add a suite, write a row in src/registry/suites.def and a file src/eval/suite/suite_NAME.c. The suite's
 * rows in metrics.def decide what is measured in each case. A suite with such metrics only needs a title, but
 * no function.
 */
#ifndef VG_EVAL_SUITE_H
#define VG_EVAL_SUITE_H
#include "eval/model/eval_study.h"
#include "report/report.h"

typedef struct vg_eval_suite {
  const char *title, *text; /* title and text of its section */
  /* Compares the data sets as wholes and adds sets and verdicts to the evaluation. NULL: the suite has
   * metrics of cases only. */
  vg_status (*run)(eval_study *s, const vg_eval_settings *set);
  /* Adds the suite's own charts. NULL: only the usual charts. */
  void (*charts)(vg_report *r, const vg_eval *e);
  /* Adds pictures of persons; not called with no_gallery. NULL: none. */
  vg_status (*pictures)(vg_report *r, const vg_eval *e);
} vg_eval_suite;

/* Returns the suite of a row of registry "suites"; NULL: there is none. */
const vg_eval_suite *vg_eval_suites_find(const char *name);
/* Whether any suite in bits compares data sets as wholes. */
bool vg_eval_suites_compare_sets(uint32_t bits);
/* Adds a suite and its row while the program runs, for tests. All pointers are borrowed until the program
 * ends. VG_CONFIG: no room, or the name exists already. */
vg_status vg_eval_suites_add(const char *name, const char *help, const vg_eval_suite *suite);

#define VG_SUITE(name, help) extern const vg_eval_suite vg_eval_suite_##name;
#include "registry/suites.def"
#undef VG_SUITE

#endif
