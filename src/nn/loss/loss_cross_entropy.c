/* loss_cross_entropy.c: mean over voxels of -sum_k target_k ln(out_k), of fractions that a softmax made. */
#include "nn/loss/losses.h"

/* Keeps the logarithm finite; below it a class that is wrongly ruled out pulls less than it should. */
#define LEAST 1e-7

vg_tensor *vg_loss_cross_entropy(vg_tensor *out, vg_tensor *target, vg_tensor *weight) {
  vg_scope *s = vg_scope_push();
  vg_tensor *sum = vg_mul(target, vg_ln(vg_scale(out, 1, LEAST)));
  if (weight) sum = vg_mul(sum, weight);
  return vg_scope_pop(s, vg_scale(vg_mean(sum), -(double)vg_size(out, 1), 0));
}
