/* term_d_local_fake.c: the discriminator of tumours should call synthetic ones synthetic. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  return vg_term_adversarial(in, &in->fake, false, false);
}

static double weight(const vg_gan_objective *o) {
  (void)o;
  return 0.5;
}

const vg_term vg_term_d_local_fake = {loss, weight, false, true};
