/* loss_lsgan.c: least-squares GAN, mean((logit - target)^2), targets 1 and 0 (Mao et al. 2017). */
#include "nn/loss/losses.h"

vg_tensor *vg_loss_lsgan(vg_tensor *logits, bool real, bool for_generator) {
  (void)for_generator;
  return vg_mean(vg_square(vg_scale(logits, 1, real ? -1 : 0)));
}
