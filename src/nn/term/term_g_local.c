/* term_g_local.c: the generator should make tumours that their discriminator calls real. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  return vg_term_adversarial(in, &in->fake, true, true);
}

static double weight(const vg_gan_objective *o) {
  return o->w_local;
}

const vg_term vg_term_g_local = {loss, weight, false, true};
