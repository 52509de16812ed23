/* run_inputs.h: what the files of a run's subjects held when the run began. */
#ifndef VG_RUN_RUN_INPUTS_H
#define VG_RUN_RUN_INPUTS_H
#include "run/train/run_data.h"

/* Writes RUN/inputs.json: the classes, and a hash of each subject's files. A run that has the file keeps it.
 */
vg_status vg_run_inputs_write(const char *run, const run_data *data);
/* Compares the data with RUN/inputs.json, if the run has it. Warns of subjects whose files changed, that are
 * new or that are missing. VG_CONFIG: the data have other classes. */
vg_status vg_run_inputs_compare(const char *run, const run_data *data);
/* The parts of tumours that the run began with; none (not divided), if it has none. */
vg_status vg_run_inputs_parts(const char *run, vg_classes *out);

#endif
