/* privacy.h: suite privacy: whether a synthetic set, or the model that made it, gives training data away. One
 * check a file: privacy_neighbours.c, privacy_membership.c, privacy_identifiers.c. */
#ifndef VG_EVAL_PRIVACY_H
#define VG_EVAL_PRIVACY_H
#include "eval/model/eval_study.h"
#include "voxgan/dataset.h"
#include "io/table.h"

#define PRIVACY "privacy"
/* What a check says; its text says how far that goes. */
#define PRIVACY_FOUND "found"
#define PRIVACY_NONE "none found"
#define PRIVACY_UNCLEAR "inconclusive"
#define PRIVACY_NOT_TESTED "not tested"

/* Who was trained on. */
typedef struct privacy_study {
  eval_study *study;
  const vg_evaluate_settings *settings;
  vg_dataset train;    /* members; n 0: not known */
  vg_dataset held_out; /* real subjects that are no members, nor scans of members */
} privacy_study;

/* Runs all checks where suite privacy was asked for. */
vg_status vg_privacy_run(eval_study *s, const vg_evaluate_settings *set);

vg_status vg_privacy_neighbours(const privacy_study *p);
vg_status vg_privacy_membership(const privacy_study *p);
vg_status vg_privacy_identifiers(const privacy_study *p);

/* The verdict of one check. text is consumed (NULL: VG_MEMORY). */
vg_status vg_privacy_verdict_take(const privacy_study *p, const char *check, const char *verdict, char *text);
/* Writes a table into the evaluation's folder, where there is one. */
vg_status vg_privacy_write(const privacy_study *p, const char *name, const vg_table *t);

#endif
