/* term_g_texture.c: the generator should make as much texture as the target has, wherever it lies.
 *
 * Both images are split into bands, differences of Gaussians of 0, 1, 2 and 4 voxels (Burt and Adelson 1983). In each band
 * the standard deviation within a neighbourhood is compared, not the voxels: grain of the right strength and
 * size costs nothing, whatever its pattern, and a smooth image costs what it lacks. This is the energy of texture
 * (Laws 1980; Heeger and Bergen 1995, place by place instead of over the whole image). */
#include "nn/term/terms.h"

enum { BANDS = 3 };
/* The square of a deviation that nobody sees: keeps the gradient finite where a band is empty. */
#define UNSEEN 1e-6

/* The texture of a within two voxels and more, by band, from one low-pass to the next. */
static vg_tensor *deviation(vg_tensor *fine, vg_tensor *coarse, vg_tensor *weight, double sigma) {
  vg_tensor *energy = vg_term_local_mean(vg_square(vg_sub(fine, coarse)), weight, sigma);
  return vg_sqrt(vg_scale(energy, 1, UNSEEN));
}

static vg_tensor *loss(const vg_term_input *in) {
  if (!(in->objective->w_texture > 0)) return NULL;
  vg_scope *s = vg_scope_push();
  vg_tensor *weight = vg_term_voxel_weights(in), *sum = NULL, *made = in->made, *target = in->target;
  for (int k = 0; k < BANDS; k++) {
    const double sigma = 1 << k;
    vg_tensor *made_low = vg_blur3d(in->made, sigma), *target_low = vg_blur3d(in->target, sigma);
    vg_tensor *difference = vg_abs(vg_sub(deviation(made, made_low, weight, 2 * sigma),
                                          deviation(target, target_low, weight, 2 * sigma)));
    difference = vg_mean(weight ? vg_mul(difference, weight) : difference);
    sum = sum ? vg_add(sum, difference) : difference;
    made = made_low;
    target = target_low;
  }
  return vg_scope_pop(s, vg_scale(sum, 1.0 / BANDS, 0));
}

static double weight(const vg_gan_objective *o) {
  return o->w_texture;
}

const vg_term vg_term_g_texture = {loss, weight, false, false};
