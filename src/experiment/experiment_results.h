/* experiment_results.h: the scores of all finished jobs, and what is made of them. */
#ifndef VG_EXPERIMENT_RESULTS_H
#define VG_EXPERIMENT_RESULTS_H
#include <stdio.h>
#include "experiment/experiment_design.h"
#include "experiment/experiment_statistics.h"
#include "voxgan/metric.h"
#include "base/str.h"
#include "io/table.h"

typedef enum experiment_state { JOB_FINISHED, JOB_BUSY, JOB_MISSING } experiment_state;
const char *vg_experiment_state_name(experiment_state s);

typedef struct experiment_outcome {
  experiment_job job;
  experiment_state state;
  double steps, real, synth, seconds; /* of a finished one */
} experiment_outcome;

typedef struct experiment_column {
  char region[VG_REGION_NAME];
  const vg_metric_row *metric;
} experiment_column;

/* One row of the table, with or without augmentation, in one column. */
typedef struct experiment_cell {
  int row;
  bool augmented;
  size_t column, seeds; /* seeds: finished */
  experiment_mean mean;
  bool compared; /* with row real of the same augmentation */
  experiment_difference difference;
  experiment_verdict verdict;
} experiment_cell;

typedef struct experiment_results {
  experiment_design design;
  experiment_outcome *jobs;
  size_t n_jobs, finished, busy;
  char **subjects; /* of the test */
  size_t n_subjects;
  experiment_column *columns;
  size_t n_columns;
  double *values; /* (jobs, columns, subjects); NaN: none */
  experiment_cell *cells;
  size_t n_cells;
  vg_json *plan; /* experiment.json */
} experiment_results;

/* Reads the plan and every finished job. VG_DATA: not an experiment, or scores of somebody who is not in the
 * test. */
vg_status vg_experiment_results_read(const char *out, experiment_results *r);
void vg_experiment_results_release(experiment_results *r);

/* Columns that are summed up: Dice and HD95 of WT, TC and ET, or of what regions there are. */
bool vg_experiment_column_shown(const experiment_results *r, size_t column);
/* The finished seeds of a row in a column, one after another, in buffer: (design.seeds, n_subjects). */
experiment_values vg_experiment_results_gather(const experiment_results *r, int row, bool augmented,
                                               size_t column, double *buffer);
/* Fills the cells. */
vg_status vg_experiment_results_compare(experiment_results *r);
/* "WT Dice is 0.052 above that of real (95 % interval 0.021 to 0.083): above noise" */
vg_status vg_experiment_sentence(const experiment_results *r, const experiment_cell *c, vg_str *out);
/* "better", "worse", "within noise", "unclear" */
const char *vg_experiment_verdict_name(const experiment_results *r, const experiment_cell *c);

/* Rows of what is finished, columns of one metric's regions. rows 0: it has none. */
vg_status vg_experiment_results_table(const experiment_results *r, const char *metric, vg_table *out);

/* jobs.csv, results.csv, summary.json. */
vg_status vg_experiment_results_write(const experiment_results *r, const char *out);
/* report.html. */
vg_status vg_experiment_results_report(const experiment_results *r, const char *out);
vg_status vg_experiment_results_print(const experiment_results *r, FILE *to);

#endif
