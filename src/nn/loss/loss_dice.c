/* loss_dice.c: 1 - 2 sum(out target) / (sum(out^2) + sum(target^2)), a mean over the classes, the sums over
 * the batch and all voxels. With squares (Milletari et al. 2016, V-Net) it is least where out is the target,
 * also for fractions between 0 and 1. */
#include "nn/loss/losses.h"

/* Voxels added above and below, so that a class which is nowhere has a value. */
#define SMOOTH 1.0

vg_tensor *vg_loss_dice(vg_tensor *out, vg_tensor *target, vg_tensor *weight) {
  static const int over[] = {0, 2, 3, 4};
  vg_scope *s = vg_scope_push();
  vg_tensor *both = vg_mul(out, target), *sizes = vg_add(vg_square(out), vg_square(target));
  if (weight) both = vg_mul(both, weight), sizes = vg_mul(sizes, weight);
  vg_tensor *above = vg_scale(vg_sum_dims(both, over, 4, false), 2, SMOOTH);
  vg_tensor *below = vg_scale(vg_sum_dims(sizes, over, 4, false), 1, SMOOTH);
  return vg_scope_pop(s, vg_scale(vg_mean(vg_div(above, below)), -1, 1));
}
