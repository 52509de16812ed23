/* eval_output.h: what an evaluation writes: summary.json, metrics.csv, report.html, baselines. */
#ifndef VG_EVAL_OUTPUT_H
#define VG_EVAL_OUTPUT_H
#include "eval/model/eval_study.h"
#include "io/json.h"

/* Makes e->summary. */
vg_status vg_eval_summary_json(vg_evaluation *e);
/* The settings that a summary and a baseline carry; the caller's (vg_json_free). */
vg_json *vg_eval_settings_json(const vg_evaluation *e);
/* A group as one JSON object. EVAL_ROW_BASELINE: only what a comparison needs, rounded. */
typedef enum eval_row_form { EVAL_ROW_FULL, EVAL_ROW_BASELINE } eval_row_form;
vg_json *vg_eval_group_json(const eval_group *g, eval_row_form form);
/* Puts a number with nine digits: further ones differ between processors. */
void vg_eval_put_rounded(vg_json *row, const char *key, double value);
/* Writes metrics.csv and summary.json into a folder. */
vg_status vg_eval_write(const vg_evaluation *e, const char *out);

/* Writes report.html. Reads the cases of its galleries again, one a thread. */
vg_status vg_eval_report(const eval_study *s, const vg_evaluate_settings *set, const char *path);

/* How far a mean may move: within the baseline's interval where it has one, else by a share of the mean. */
typedef struct eval_tolerance {
  bool interval;
  double share;
} eval_tolerance;

/* A baseline, read before the work begins. */
typedef struct eval_baseline {
  const char *path;
  vg_json *root;
  eval_tolerance *tolerance; /* by metric row */
} eval_baseline;
/* Parses the tolerances, reads the baseline where there is one, and checks that e has the same settings. */
vg_status vg_eval_baseline_read(const vg_evaluate_settings *s, const vg_evaluation *e, eval_baseline *b);
/* Fills e->moved and e->n_worse. b's JSON goes over to e. */
vg_status vg_eval_baseline_compare(eval_baseline *b, vg_evaluation *e);
/* Writes what a later run compares with, one line each metric, so that a diff can be read. */
vg_status vg_eval_baseline_write(const vg_evaluation *e, const char *path);
void vg_eval_baseline_release(eval_baseline *b);

#endif
