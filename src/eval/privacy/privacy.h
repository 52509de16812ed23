/* privacy.h: suite privacy: checks whether a synthetic set, or the model that made it, gives training data
 * away. Each check has a file: privacy_neighbours.c, privacy_membership.c, privacy_identifiers.c. */
#ifndef VG_EVAL_PRIVACY_H
#define VG_EVAL_PRIVACY_H
#include "eval/model/eval_study.h"
#include "voxgan/dataset.h"
#include "io/table.h"

#define PRIVACY "privacy"
/* The verdicts of a check. Its text explains the limits. */
#define PRIVACY_FOUND "found"
#define PRIVACY_NONE "none found"
#define PRIVACY_UNCLEAR "inconclusive"
#define PRIVACY_NOT_TESTED "not tested"

/* The training and held-out subjects. */
typedef struct privacy_study {
  eval_study *study;
  const vg_eval_settings *settings;
  vg_dataset train;    /* training subjects; n 0: unknown */
  vg_dataset held_out; /* real subjects that are neither training subjects nor other scans of them */
} privacy_study;

/* Runs all checks if the user asked for suite privacy. */
vg_status vg_privacy_run(eval_study *s, const vg_eval_settings *set);

vg_status vg_privacy_neighbours(const privacy_study *p);
vg_status vg_privacy_membership(const privacy_study *p);
vg_status vg_privacy_identifiers(const privacy_study *p);

/* Adds the verdict of one check. text is consumed (NULL: VG_MEMORY). */
vg_status vg_privacy_verdict_take(const privacy_study *p, const char *check, const char *verdict, char *text);
/* Writes a table into the evaluation's folder, if there is one. */
vg_status vg_privacy_write(const privacy_study *p, const char *name, const vg_table *t);

#endif
