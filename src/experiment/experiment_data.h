/* experiment_data.h: who is trained on, who is tested, and who must not be. */
#ifndef VG_EXPERIMENT_DATA_H
#define VG_EXPERIMENT_DATA_H
#include "experiment/experiment_design.h"
#include "voxgan/dataset.h"
#include "voxgan/experiment.h"
#include "voxgan/manifest.h"

/* Three data sets that have nobody in common. */
typedef struct experiment_data {
  vg_dataset real, synth, test;
  vg_json *left_out; /* [{"id", "of", "why"}] */
} experiment_data;

/* Opens them and parts them. synth is opened where a row of the design trains on it. Subjects that lack a
 * series or the tumour map are VG_DATA, or left out (data.skip_incomplete). */
vg_status vg_experiment_data_open(const vg_experiment_options *o, const experiment_design *d,
                                  experiment_data *out);
void vg_experiment_data_release(experiment_data *d);

/* Whether a case was made from someone in test: source, or one of donors ("a;b"), is the id of a subject
 * there, or of another case of the same person; by letters and digits. known: whose persons are known besides
 * test's. secret: of ids that are hashed, else NULL. Answers that subject, or NULL. */
const vg_subject *vg_experiment_leak(const char *source, const char *donors, const vg_dataset *test,
                                     const vg_dataset *known, const vg_secret *secret);

/* The real subjects that a fine-tuned job of that seed takes: a share of real's persons, one at least. take
 * has real->n entries. */
vg_status vg_experiment_tuning_subjects(const vg_dataset *real, double share, int seed, bool *take);

#endif
