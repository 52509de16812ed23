/* loss_ce_dice.c: the sum of both: cross-entropy for every voxel, Dice for small classes (Isensee et al.
 * 2021, nnU-Net). */
#include "nn/loss/losses.h"

vg_tensor *vg_loss_ce_dice(vg_tensor *out, vg_tensor *target, vg_tensor *weight) {
  return vg_add(vg_loss_cross_entropy(out, target, weight), vg_loss_dice(out, target, weight));
}
