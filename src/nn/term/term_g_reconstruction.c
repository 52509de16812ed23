/* term_g_reconstruction.c: the generator should make the target. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  return in->reconstruction->reconstruction(in->made, in->target, in->weight);
}

static double weight(const vg_gan_objective *o) {
  return o->w_reconstruction;
}

const vg_term vg_term_g_reconstruction = {loss, weight, false, false};
