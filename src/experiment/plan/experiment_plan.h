/* experiment_plan.h: the plan of an experiment, as stored in OUT/experiment.json. */
#ifndef VG_EXPERIMENT_PLAN_H
#define VG_EXPERIMENT_PLAN_H
#include "experiment/plan/experiment_data.h"

/* Epochs of a fine-tuned job's two trainings. Other jobs only have the first. */
typedef struct experiment_epochs {
  int first, tuning;
} experiment_epochs;

typedef struct experiment_plan {
  experiment_design design;
  vg_config config; /* resolved, for a job with augmentation */
  experiment_epochs tuned;
  long long steps; /* of every job */
} experiment_plan;

/* VG_USAGE: a share is out of range. */
vg_status vg_experiment_options_check(const vg_experiment_options *o);
/* Computes the settings that all jobs share. VG_CONFIG: a setting would make the rows differ, or augmentation
 * on and off would be the same. */
vg_status vg_experiment_plan_make(const vg_experiment_options *o, const experiment_data *d,
                                  const experiment_design *design, experiment_plan *out);
/* Contains everything that decides the results, but no paths, devices or threads. */
vg_json *vg_experiment_plan_json(const vg_experiment_options *o, const experiment_data *d,
                                 const experiment_plan *p);
/* Prints the plan for --dry-run. */
vg_status vg_experiment_plan_describe(const vg_experiment_options *o, const experiment_data *d,
                                      const experiment_plan *p, FILE *to);

/* Returns the settings of a job's first training; with tuning, of its second. */
vg_config vg_experiment_job_config(const experiment_plan *p, const experiment_job *j, bool tuning);
/* The number of synthetic cases that the job trains on. */
size_t vg_experiment_job_synthetic(const experiment_data *d, const experiment_job *j);
/* Adds the subjects that the job trains on to out: the synthetic ones last, as train.mix expects. Of two jobs
 * with one seed, the one with more synthetic cases has all those of the other. */
vg_status vg_experiment_job_subjects(const experiment_data *d, const experiment_job *j, double share,
                                     bool tuning, vg_dataset *out);

#endif
