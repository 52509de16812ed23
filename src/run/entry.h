/* entry.h: the functions that the module offers to programs, in the table that vg_torch_open returns. They
 * are documented in voxgan/run.h. */
#ifndef VG_RUN_ENTRY_H
#define VG_RUN_ENTRY_H
#include "voxgan/run.h"

vg_status vg_train(const vg_train_options *options);
vg_status vg_synth(const vg_synth_options *options);
vg_status vg_export(const vg_export_options *options);
vg_status vg_extractor_open(const vg_extractor_options *options, vg_extractor *out);
void vg_extractor_close(vg_extractor *x);

extern const vg_torch_module vg_torch_entry;

#endif
