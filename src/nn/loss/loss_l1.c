/* loss_l1.c: mean(|out - target| * weight). */
#include "nn/loss/losses.h"

vg_tensor *vg_loss_l1(vg_tensor *out, vg_tensor *target, vg_tensor *weight) {
  return vg_l1(out, target, weight);
}
