/* term_g_adversarial.c: the generator should make images that the discriminator calls real. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  return in->conditions ? vg_term_adversarial(in, &in->fake, true, true) : NULL;
}

static double weight(const vg_gan_objective *o) {
  return o->w_adversarial;
}

const vg_term vg_term_g_adversarial = {loss, weight, false, false};
