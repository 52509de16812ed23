/* experiment_provenance.h: whether synthetic cases were made from test subjects. */
#ifndef VG_EXPERIMENT_PROVENANCE_H
#define VG_EXPERIMENT_PROVENANCE_H
#include "experiment/plan/experiment_data.h"

/* Adds a subject to d->left_out. */
void vg_experiment_exclude(experiment_data *d, const char *id, const char *of, const char *why);
/* Keeps the subjects of ds for which take is true. */
vg_status vg_experiment_keep(vg_dataset *ds, const bool *take);

/* Subjects of an anonymous data set cannot be compared with others: VG_DATA if --real or --test is one, or,
 * with o->unchecked, a sentence in d->not_checked. */
vg_status vg_experiment_check_real(const vg_experiment_options *o, experiment_data *d);
/* Excludes synthetic cases that were made from test subjects. A check that cannot be done is VG_DATA, or,
 * with o->unchecked, a sentence in d->not_checked: there is no manifest, a case has no source, sources are
 * hashed and there is no key. VG_CONFIG: the key is that of another data set. */
vg_status vg_experiment_check_synth(const vg_experiment_options *o, experiment_data *d);

#endif
