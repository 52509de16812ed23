/* loss_hinge.c: hinge GAN (Lim and Ye 2017): D mean(max(0, 1 -+ logit)), G -mean(logit). */
#include "nn/loss/losses.h"

vg_tensor *vg_loss_hinge(vg_tensor *logits, bool real, bool for_generator) {
  double sign = real ? -1 : 1;
  if (for_generator) return vg_scale(vg_mean(logits), sign, 0);
  return vg_mean(vg_relu(vg_scale(logits, sign, 1)));
}
