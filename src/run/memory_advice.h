/* memory_advice.h: which settings make a training step need less memory. */
#ifndef VG_RUN_MEMORY_ADVICE_H
#define VG_RUN_MEMORY_ADVICE_H
#include "voxgan/config.h"
#include "nn/nn.h"
#include "base/str.h"

/* Adds to text settings that, each by itself, bring a step on the spec's patch to at most so many bytes, with
 * what it then needs by the estimate: "train.recompute=true (9.1 GiB), train.batch=2 (…),
 * train.patch=96,96,72 (…)"; or "none of train.recompute, train.batch and train.patch alone". */
void vg_memory_advice(const vg_config *c, const vg_gan_spec *spec, const vg_gan_objective *o, size_t bytes,
                      vg_str *text);

#endif
