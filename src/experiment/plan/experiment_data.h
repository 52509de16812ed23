/* experiment_data.h: the subjects of an experiment: for training, for testing, and those excluded. */
#ifndef VG_EXPERIMENT_DATA_H
#define VG_EXPERIMENT_DATA_H
#include "experiment/plan/experiment_design.h"
#include "voxgan/dataset.h"
#include "voxgan/experiment.h"

/* Three data sets. No person is in two of them. */
typedef struct experiment_data {
  vg_dataset real, synth, test;
  vg_json *left_out;    /* [{"id", "of", "why"}] */
  vg_json *not_checked; /* sentences: what could not be checked; for the plan, the report and the terminal */
} experiment_data;

/* Opens the data sets and separates them. Opens synth only if a row of the design trains on it. A subject
 * that lacks a series or the tumour map is VG_DATA, or skipped with data.skip_incomplete. */
vg_status vg_experiment_data_open(const vg_experiment_options *o, const experiment_design *design,
                                  experiment_data *d);
void vg_experiment_data_release(experiment_data *d);

/* Draws the real subjects for a fine-tuned job with that seed: a share of real's persons, at least one. take
 * has real->n entries. */
vg_status vg_experiment_tuning_subjects(const vg_dataset *real, double share, int seed, bool *take);

#endif
