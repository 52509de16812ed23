/* model_spec.h: the description of the networks in a model file's metadata. */
#ifndef VG_RUN_MODEL_SPEC_H
#define VG_RUN_MODEL_SPEC_H
#include "io/json.h"
#include "nn/nn.h"

/* NULL when out of memory. */
vg_json *vg_spec_to_json(const vg_gan_spec *spec);
/* VG_DATA, naming path and key, when a value is missing or outside its bounds. */
vg_status vg_spec_from_json(const char *path, const vg_json *j, vg_gan_spec *spec);

#endif
