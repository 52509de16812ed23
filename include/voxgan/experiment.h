/* experiment.h: what synthetic data are worth: the same segmentation network trained on each row of a table,
 * tested on the same held-out real subjects (Shin et al. 2018, table 1).
 *
 *     real             real subjects
 *     real+synthetic   these and the synthetic ones
 *     synthetic        the synthetic ones alone
 *     fine-tuned       the synthetic ones, then a share of the real subjects
 *
 * each without and with augmentation, from several seeds. A job is one of these; jobs are independent of each
 * other, so that any process on any machine may do any of them.
 *
 * What makes rows comparable: the same network, settings and number of optimisation steps; no subject of the
 * test in training, nor a synthetic case made from one; no choice by validation: the weights of the last step
 * are tested. The steps of fine-tuning are part of the same number.
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
  vg_config config; /* of the network; direction and what follows from it are set here. run.seed: the first */
  const char *real, *synth, *test; /* data sets (vg_dataset_add); test NULL: a share of real's persons */
  const char *real_layout, *synth_layout, *test_layout; /* NULL: guessed */
  const char *out;
  const char *rows;         /* "real,synthetic"; NULL: all */
  const char *augmentation; /* "off,on"; NULL: both */
  int seeds;
  double test_share; /* of real's persons, where there is no test */
  double share;    /* of the real training persons, drawn anew for each seed, that fine-tune; one at least */
  double tune;     /* share of the steps that are spent on them */
  const char *key; /* the key file of an anonymous synthetic data set, or NULL */
  const char *gan; /* run folder of the model that made it, whose subjects are looked through too; or NULL */
  bool unchecked;  /* take synthetic data that do not say what they were made from */
  int shard, shards; /* does jobs j with j % shards == shard - 1; shards 0: all */
  bool dry_run;      /* print the plan to `to`, do nothing */
} vg_experiment_options;

/* Does what is not yet done of
 *
 *   OUT/experiment.json   the plan: rows, seeds, steps, settings, subjects, what was left out and why
 *   OUT/jobs/JOB/         run/ (and pretrained/ of a fine-tuned row), predicted/, eval/, and job.json once
 *                         the job is finished. A job that another process is at is passed over
 *   OUT/cache/            prepared volumes
 *
 * then, unless it is a shard, collects as vg_experiment_finish. VG_DATA: no subject on a side, differing
 * classes, synthetic cases that cannot be checked for test subjects. VG_USAGE: OUT holds another experiment.
 * VG_FAILED: some jobs failed (each said). VG_INTERRUPTED: saved; the same call goes on. */
vg_status vg_experiment(const vg_experiment_options *options, FILE *to);

/* Collects the jobs that are finished and prints their tables:
 *
 *   jobs.csv      job, row, augmentation, seed, state, steps, real, synthetic (subjects), seconds
 *   results.csv   row, augmentation, seed, subject, region, metric, value: all of suite overlap
 *   summary.json  by row and augmentation, of Dice and HD95 in WT, TC, ET (or what regions there are): mean
 *                 and SD over subjects of each one's mean over seeds, SD of the seeds' means; the differences
 *                 to row real of the same augmentation with their 95 % intervals, and a sentence on each
 *   report.html   the same for people
 *
 * VG_FAILED where jobs are missing (what is there is written all the same) that nobody is at. */
vg_status vg_experiment_finish(const char *out, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
