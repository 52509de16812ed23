/* term_g_l1_low.c: the generator should make the target's local means. Texture, which a label map does not
 * determine, is left to the discriminator.
 *
 * The low-pass is a normalised convolution (Knutsson and Westin 1993): each voxel counts by its weight, and
 * voxels outside the brain do not count, so that an error inside cannot hide behind one outside. */
#include "nn/term/terms.h"

/* Below this sum of weights a neighbourhood has no mean; its own weights are 0 too. */
#define LEAST 1e-12

/* (N, 1, D, H, W), or NULL: all voxels count the same. */
static vg_tensor *voxel_weights(const vg_term_input *in) {
  static const int channels = 1;
  if (in->spec->softmax) return in->weight;
  vg_tensor *brain = vg_sum_dims(in->input, &channels, 1, true);
  return in->weight ? vg_mul(brain, in->weight) : brain;
}

static vg_tensor *loss(const vg_term_input *in) {
  if (!(in->objective->w_l1_low > 0)) return NULL;
  const double sigma = in->objective->low_sigma;
  vg_scope *s = vg_scope_push();
  vg_tensor *weight = voxel_weights(in), *difference = vg_sub(in->made, in->target);
  if (weight) {
    vg_tensor *sum = vg_blur3d(vg_mul(difference, weight), sigma);
    difference = vg_div(sum, vg_scale(vg_blur3d(weight, sigma), 1, LEAST));
  } else {
    difference = vg_blur3d(difference, sigma);
  }
  difference = vg_abs(difference);
  return vg_scope_pop(s, vg_mean(weight ? vg_mul(difference, weight) : difference));
}

static double weight(const vg_gan_objective *o) {
  return o->w_l1_low;
}

const vg_term vg_term_g_l1_low = {loss, weight, false, false};
