/* experiment.h: measures what synthetic data are worth. It trains the same segmentation network on each row
 * of a table and tests it on the same held-out real subjects (Shin et al. 2018, table 1).
 *
 *     real             real subjects
 *     real+synthetic   real and synthetic subjects
 *     synthetic        synthetic subjects alone
 *     fine-tuned       synthetic subjects, then a share of the real subjects
 *
 * Each row is trained without and with augmentation, from several seeds. Each such training is a job. Jobs
 * are independent, so any process on any machine may do any job.
 *
 * Rows are comparable. They share the network, the settings and the number of optimisation steps, which
 * includes the steps of fine-tuning. No test subject is in the training data, and no synthetic case was made
 * from one. Nothing is chosen by validation: the weights of the last step are tested.
 */
#ifndef VOXGAN_EXPERIMENT_H
#define VOXGAN_EXPERIMENT_H
#include <stdbool.h>
#include <stdio.h>
#include "voxgan/config.h"
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Strings are borrowed for the call. */
typedef struct vg_experiment_options {
  vg_config config; /* of the network; the experiment sets direction and the settings that depend on it.
                       run.seed: the first seed */
  const char *real, *synth, *test; /* data sets (vg_dataset_add); test NULL: use a share of real's persons */
  const char *real_layout, *synth_layout, *test_layout; /* NULL: guess it */
  const char *out;
  const char *rows;         /* "real,synthetic"; NULL: all */
  const char *augmentation; /* "off,on"; NULL: both */
  int seeds;
  double test_share; /* share of real's persons to test on, if test is NULL */
  double share;    /* share of the real training persons for fine-tuning, drawn for each seed; at least one */
  double tune;     /* share of the steps for fine-tuning */
  const char *key; /* the key file of an anonymous synthetic data set, or NULL */
  const char *gan; /* run folder of the model; its subjects are checked too; or NULL */
  bool unchecked;  /* accept synthetic data without a record of their sources */
  int shard, shards; /* does jobs j with j % shards == shard - 1; shards 0: all */
  bool dry_run;      /* print the plan to `to`, do nothing else */
  /* Predicted classes of which only the largest component is kept before they are scored, as in
   * vg_synth_options */
  const char *const *keep_largest;
  int n_keep_largest;
} vg_experiment_options;

/* Does the jobs that are not yet finished. Writes
 *
 *   OUT/experiment.json   the plan: rows, seeds, steps, settings, subjects, omitted subjects with the reasons
 *   OUT/jobs/JOB/         run/ (and pretrained/ of a fine-tuned row), predicted/, predicted.png, eval/, and
 *                         job.json once the job is finished. A job that another process is doing is skipped
 *   OUT/cache/            prepared volumes
 *
 * Then, unless it is a shard, collects the results as vg_experiment_finish does. VG_DATA: one side has no
 * subject, classes differ, synthetic cases cannot be checked for test subjects. VG_USAGE: OUT holds another
 * experiment. VG_FAILED: some jobs failed; the log names each. VG_INTERRUPTED: the state is saved; the same
 * call continues. */
vg_status vg_experiment(const vg_experiment_options *options, FILE *to);

/* Collects the finished jobs and prints their tables:
 *
 *   jobs.csv      job, row, augmentation, seed, state, steps, real, synthetic (subjects), seconds
 *   results.csv   row, augmentation, seed, subject, region, metric, value: all of suite overlap
 *   summary.json  by row and augmentation, of Dice and HD95 in WT, TC, ET (or the regions that exist):
 *                 mean and SD over subjects, where each subject counts with its mean over seeds; SD of the
 *                 seeds' means; the differences to row real of the same augmentation, each with its 95 %
 *                 interval and a sentence
 *   report.html   the same as a page
 *
 * VG_FAILED: jobs are missing, and no process is doing them. The results of the finished jobs are written
 * nevertheless. */
vg_status vg_experiment_finish(const char *out, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
