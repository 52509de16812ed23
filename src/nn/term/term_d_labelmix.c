/* term_d_labelmix.c: LabelMix (Schonfeld et al. 2021). Each class of a mixed image comes from the real or the
 * synthetic one, at random, and the discriminator should judge each voxel as in the image that it comes from.
 * So it learns to look at voxels, not at borders. */
#include "nn/term/terms.h"

static vg_tensor *loss(const vg_term_input *in) {
  if (!in->picks) return NULL;
  const vg_pass pass = {.training = true};
  vg_verdict verdict[VG_SCALES_MAX];
  vg_tensor *sum = NULL, *mask = in->d->kind->mix(in->conditions->at[0], in->picks);
  vg_tensor *mixed = vg_add(in->made, vg_mul(mask, vg_sub(in->target, in->made)));
  vg_pyramid masks = vg_scales_see(in->d, mask), images = vg_scales_see(in->d, mixed);
  vg_scales_judge(in->d, in->conditions, &images, &pass, verdict);
  for (int k = 0; k < in->d->n; k++) {
    vg_tensor *real = vg_judged_logits(&in->real, k), *made = vg_judged_logits(&in->fake, k);
    vg_tensor *both = vg_add(made, vg_mul(masks.at[k], vg_sub(real, made)));
    vg_tensor *distance = vg_mean(vg_square(vg_sub(verdict[k].logits, both)));
    sum = sum ? vg_add(sum, distance) : distance;
  }
  return sum;
}

static double weight(const vg_gan_objective *o) {
  return o->w_labelmix;
}

const vg_term vg_term_d_labelmix = {loss, weight, false, false};
