/* term_g_style.c: keeps the codes of a style near the normal distribution that synthesis draws from. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  return in->divergence;
}

static double weight(const vg_gan_objective *o) {
  return o->w_style;
}

const vg_term vg_term_g_style = {loss, weight, false, false};
