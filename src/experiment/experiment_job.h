/* experiment_job.h: one job, from training to scores. */
#ifndef VG_EXPERIMENT_JOB_H
#define VG_EXPERIMENT_JOB_H
#include "experiment/plan/experiment_plan.h"
#include "voxgan/run.h"

/* Returns OUT/jobs/NAME (vg_free), or NULL when out of memory. */
char *vg_experiment_job_folder(const char *out, const experiment_job *j);
/* Returns OUT/jobs/NAME/predicted.png (vg_free), or NULL when out of memory: the worst, the median and the
 * best prediction beside the truth. */
char *vg_experiment_job_sheet(const char *out, const experiment_job *j);
/* *finished: the job's job.json exists. */
vg_status vg_experiment_job_finished(const char *out, const experiment_job *j, bool *finished);
/* Removes what a finished job no longer needs, where an earlier run could not. */
vg_status vg_experiment_job_tidy(const char *out, const experiment_job *j);
/* Some process holds its lock. */
bool vg_experiment_job_busy(const char *out, const experiment_job *j);

/* Trains, predicts the test subjects, scores them, and writes job.json. Keeps the steps that are already
 * done. If another process works on the job or has just finished it, does nothing and sets *taken to false.
 */
vg_status vg_experiment_job_do(const vg_experiment_options *o, const experiment_data *d,
                               const experiment_plan *p, const experiment_job *j,
                               const vg_torch_module *torch, bool *taken);

#endif
