/* synth_model.h: the model of a synthesis, opened and ready. */
#ifndef VG_RUN_SYNTH_MODEL_H
#define VG_RUN_SYNTH_MODEL_H
#include "run/model_file.h"
#include "voxgan/run.h"

typedef struct synth_model {
  model_info info;
  vg_gan *gan;
  size_t memory; /* bytes that windows may use */
} synth_model;

/* Opens the device and loads the model. VG_USAGE: the options ask for the other direction than the model's.
 */
vg_status vg_synth_model_open(const vg_synth_options *o, synth_model *out);
void vg_synth_model_close(synth_model *m);

#endif
