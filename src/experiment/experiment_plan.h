/* experiment_plan.h: what an experiment is, before and after it is done: OUT/experiment.json. */
#ifndef VG_EXPERIMENT_PLAN_H
#define VG_EXPERIMENT_PLAN_H
#include "experiment/experiment_data.h"

/* Epochs of the two parts of a fine-tuned job; of others all are first. */
typedef struct experiment_epochs {
  int first, tuning;
} experiment_epochs;

typedef struct experiment_plan {
  experiment_design design;
  vg_config config; /* resolved, of a job with augmentation */
  experiment_epochs tuned;
  long long steps; /* of every job */
} experiment_plan;

/* VG_USAGE: a share that is none. */
vg_status vg_experiment_options_check(const vg_experiment_options *o);
/* Works out what all jobs share. VG_CONFIG: a setting that would make the rows differ,
 * or that leaves them no augmentation to differ in. */
vg_status vg_experiment_plan_make(const vg_experiment_options *o, const experiment_data *d,
                                  const experiment_design *design, experiment_plan *out);
/* All that decides the results, and nothing of where and how fast they are made. */
vg_json *vg_experiment_plan_json(const vg_experiment_options *o, const experiment_data *d,
                                 const experiment_plan *p);
/* --dry-run. */
vg_status vg_experiment_plan_describe(const vg_experiment_options *o, const experiment_data *d,
                                      const experiment_plan *p, FILE *to);

/* The settings of one job's training; tuning: of its second part. */
vg_config vg_experiment_job_config(const experiment_plan *p, const experiment_job *j, bool tuning);
/* Whom it trains on, added to out. */
vg_status vg_experiment_job_subjects(const experiment_data *d, const experiment_job *j, double share,
                                     bool tuning, vg_dataset *out);

#endif
