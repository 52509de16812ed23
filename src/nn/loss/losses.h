/* losses.h: one function per row of losses.def. */
#ifndef VG_NN_LOSSES_H
#define VG_NN_LOSSES_H
#include "nn/nn.h"

#define VG_LOSS_ADV(name, help) vg_tensor *vg_loss_##name(vg_tensor *logits, bool real, bool for_generator);
#define VG_LOSS_REC(name, help) \
  vg_tensor *vg_loss_##name(vg_tensor *out, vg_tensor *target, vg_tensor *weight);
#define VG_LOSS_SEG VG_LOSS_REC
#include "registry/losses.def"

#endif
