/* term_d_real.c: the discriminator should call real images real. As in pix2pix, real and synthetic images
 * count half each. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  return vg_term_adversarial(in, &in->real, true, false);
}

static double weight(const vg_gan_objective *o) {
  (void)o;
  return 0.5;
}

const vg_term vg_term_d_real = {loss, weight, false, false};
