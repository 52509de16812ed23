/* eval_output.h: the files that an evaluation writes: summary.json, metrics.csv, report.html, baselines. */
#ifndef VG_EVAL_OUTPUT_H
#define VG_EVAL_OUTPUT_H
#include "eval/model/eval_study.h"
#include "io/json.h"

/* Makes e->summary. */
vg_status vg_eval_summary_json(vg_eval *e);
/* Returns the settings for a summary or a baseline (vg_json_free). */
vg_json *vg_eval_settings_json(const vg_eval *e);
/* How a group becomes a JSON object. EVAL_ROW_BASELINE: only the rounded values that a comparison needs. */
typedef enum eval_row_form { EVAL_ROW_FULL, EVAL_ROW_BASELINE } eval_row_form;
vg_json *vg_eval_group_json(const eval_group *g, eval_row_form form);
/* Puts a number with nine digits, because further digits differ between processors. */
void vg_eval_put_rounded(vg_json *row, const char *key, double value);
/* VG_USAGE where one of the files that an evaluation writes is there, and no evaluation made it. Before
 * measuring. */
vg_status vg_eval_check_files(const vg_eval_settings *set);
/* Writes metrics.csv and summary.json into a folder. */
vg_status vg_eval_write(const vg_eval *e, const char *out);

/* Writes report.html. Reads the cases of its galleries again, one per thread. */
vg_status vg_eval_report(const eval_study *s, const vg_eval_settings *set, const char *path);

/* How far a mean may move: within the baseline's interval if it has one, else by a share of the mean. */
typedef struct eval_tolerance {
  bool interval;
  double share;
} eval_tolerance;

/* A baseline. It is read before the measurements, so that a mistake shows at once. */
typedef struct eval_baseline {
  const char *path;
  vg_json *root;
  eval_tolerance *tolerance; /* by metric row */
} eval_baseline;
/* Parses the tolerances, reads the baseline if there is one, and checks that e has the same settings. */
vg_status vg_eval_baseline_read(const vg_eval_settings *s, const vg_eval *e, eval_baseline *b);
/* Fills e->moved and e->n_worse. e takes over b's JSON. */
vg_status vg_eval_baseline_compare(eval_baseline *b, vg_eval *e);
/* Writes a baseline for a later run, one line per metric, so that people can read a diff. */
vg_status vg_eval_baseline_write(const vg_eval *e, const char *path);
void vg_eval_baseline_release(eval_baseline *b);

#endif
