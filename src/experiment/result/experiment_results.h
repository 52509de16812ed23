/* experiment_results.h: the scores of all finished jobs, and their comparison. */
#ifndef VG_EXPERIMENT_RESULTS_H
#define VG_EXPERIMENT_RESULTS_H
#include <stdio.h>
#include "base/index/text_index.h"
#include "experiment/plan/experiment_design.h"
#include "experiment/result/experiment_statistics.h"
#include "voxgan/metric.h"
#include "base/str.h"
#include "io/table.h"

typedef enum experiment_state { JOB_FINISHED, JOB_BUSY, JOB_MISSING } experiment_state;
const char *vg_experiment_state_name(experiment_state s);

typedef struct experiment_outcome {
  experiment_job job;
  experiment_state state;
  double steps, real, synth, seconds; /* set for finished jobs */
} experiment_outcome;

typedef struct experiment_column {
  char region[VG_REGION_NAME];
  const vg_metric_row *metric;
} experiment_column;

/* One cell of the table: a row, with or without augmentation, in one column. */
typedef struct experiment_cell {
  int row;
  bool augmented;
  size_t column, seeds; /* seeds: finished ones */
  experiment_mean mean;
  bool compared; /* with row real at the same augmentation */
  experiment_difference difference;
  experiment_verdict verdict;
} experiment_cell;

typedef struct experiment_results {
  experiment_design design;
  experiment_outcome *jobs;
  size_t n_jobs, finished, busy;
  char **subjects; /* test subjects */
  size_t n_subjects;
  vg_text_index subject_places;
  experiment_column *columns;
  size_t n_columns;
  double *values; /* (jobs, columns, subjects); NaN: none */
  experiment_cell *cells;
  size_t n_cells;
  vg_json *plan; /* experiment.json */
} experiment_results;

/* Reads the plan and every finished job. VG_DATA: not an experiment, or scores of a subject that is not a
 * test subject. */
vg_status vg_experiment_results_read(const char *out, experiment_results *r);
void vg_experiment_results_release(experiment_results *r);

/* Whether the report shows the column: Dice and HD95 of WT, TC and ET, or of other regions if those are
 * missing. */
bool vg_experiment_column_shown(const experiment_results *r, size_t column);
/* Copies the values of a row's finished seeds in a column, seed by seed, into buffer: (design.seeds,
 * n_subjects). */
experiment_values vg_experiment_results_gather(const experiment_results *r, int row, bool augmented,
                                               size_t column, double *buffer);
/* Computes all cells. */
vg_status vg_experiment_results_compare(experiment_results *r);
/* Writes a difference, or an end of its interval, with the digits of its metric; "" for NaN. */
const char *vg_experiment_difference_text(const experiment_results *r, const experiment_cell *c, double v,
                                          char *buf, size_t size);
/* Writes "WT Dice is 0.052 above that of real (95 % interval 0.021 to 0.083): above noise". */
vg_status vg_experiment_sentence(const experiment_results *r, const experiment_cell *c, vg_str *out);
/* Returns "better", "worse", "within noise" or "unclear". */
const char *vg_experiment_verdict_name(const experiment_results *r, const experiment_cell *c);

/* Makes a table with a line for each finished row and a column for each region of one metric. out->rows is 0
 * if no column has that metric. */
vg_status vg_experiment_results_table(const experiment_results *r, const char *metric, const char *plus_minus,
                                      vg_table *out);

/* Writes jobs.csv, results.csv and summary.json. */
vg_status vg_experiment_results_write(const experiment_results *r, const char *out);
/* Writes report.html. */
vg_status vg_experiment_results_report(const experiment_results *r, const char *out);
vg_status vg_experiment_results_print(const experiment_results *r, FILE *to);

#endif
