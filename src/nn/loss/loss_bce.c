/* loss_bce.c: binary cross-entropy of logits (Goodfellow et al. 2014); the generator's is non-saturating. */
#include "nn/loss/losses.h"

vg_tensor *vg_loss_bce(vg_tensor *logits, bool real, bool for_generator) {
  (void)for_generator;
  return vg_bce_with_logits(logits, real ? 1 : 0);
}
