/* term_d_local_r1.c: R1 of the discriminator of tumours, at the boxes of real samples. */
#include "nn/term/terms.h"

static double weight(const vg_gan_objective *o) {
  return 0.5 * o->w_r1;
}

const vg_term vg_term_d_local_r1 = {vg_term_r1, weight, true, true};
