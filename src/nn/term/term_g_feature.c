/* term_g_feature.c: feature matching (pix2pixHD): the discriminator's layers should have the same outputs for
 * synthetic images as for real ones. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  if (!in->conditions || !(in->objective->w_feature > 0)) return NULL;
  const vg_pass pass = {.training = true};
  vg_verdict real[VG_SCALES_MAX];
  vg_tensor *sum = NULL;
  bool before = vg_no_grad(true);
  vg_pyramid images = vg_scales_see(in->d, in->target);
  vg_scales_judge(in->d, in->conditions, &images, &pass, real);
  vg_no_grad(before);
  for (int k = 0; k < in->d->n; k++) {
    const vg_verdict *fake = &in->fake.verdict[k];
    for (int i = 0; i < fake->n_features; i++) {
      vg_tensor *distance = vg_l1(fake->feature[i], real[k].feature[i], NULL);
      sum = sum ? vg_add(sum, distance) : distance;
    }
  }
  return sum;
}

static double weight(const vg_gan_objective *o) {
  return o->w_feature;
}

const vg_term vg_term_g_feature = {loss, weight, false, false};
