/* experiment_job.h: one job, from training to scores. */
#ifndef VG_EXPERIMENT_JOB_H
#define VG_EXPERIMENT_JOB_H
#include "experiment/experiment_plan.h"
#include "voxgan/run.h"

/* OUT/jobs/NAME (vg_free); NULL when out of memory. */
char *vg_experiment_job_folder(const char *out, const experiment_job *j);
/* *finished: the job's job.json exists. */
vg_status vg_experiment_job_finished(const char *out, const experiment_job *j, bool *finished);
/* Some process holds its lock. */
bool vg_experiment_job_busy(const char *out, const experiment_job *j);

/* Trains, predicts the test subjects, scores them, and writes job.json; whatever of that is done already is
 * kept. *taken is false, and nothing done, where another process is at it or has just finished it. */
vg_status vg_experiment_job_do(const vg_experiment_options *o, const experiment_data *d,
                               const experiment_plan *p, const experiment_job *j,
                               const vg_torch_module *torch, bool *taken);

#endif
