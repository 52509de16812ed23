/* term_d_r1.c: R1, gamma / 2 E |d D / d x|^2 over real images (Mescheder et al., ICML 2018). Every
 * r1_every-th step has the term, that many times as large (lazily, as StyleGAN2). Each scale is penalised at
 * the images that it sees. */
#include "nn/term/terms.h"

bool vg_term_r1_is_due(const vg_gan_objective *o, int64_t step) {
  return o->w_r1 > 0 && step % o->r1_every == 0;
}

/* Each sample's part times whether it is present. */
static vg_tensor *only_present(vg_tensor *squares, vg_tensor *present) {
  return present ? vg_mul(squares, vg_reshape(present, (const int64_t[]){vg_size(present, 0), 1, 1, 1, 1}, 5))
                 : squares;
}

vg_tensor *vg_term_r1(const vg_term_input *in) {
  if (!vg_term_r1_is_due(in->objective, in->step)) return NULL;
  const vg_pass pass = {.training = true};
  vg_verdict verdict[VG_SCALES_MAX];
  vg_tensor *sum = NULL;
  vg_pyramid conditions = vg_scales_condition(in->d, in->input), images = vg_scales_see(in->d, in->target);
  for (int k = 0; k < in->d->n; k++) images.at[k] = vg_requires_grad(vg_detach(images.at[k]), true);
  vg_scales_judge(in->d, &conditions, &images, &pass, verdict);
  for (int k = 0; k < in->d->n; k++) {
    vg_tensor *logits = vg_realness(in->d, verdict[k].logits);
    vg_tensor *steep = vg_sum(only_present(vg_square(vg_gradient(logits, images.at[k])), in->present));
    steep = vg_scale(steep, in->objective->r1_every / (double)vg_numel(logits), 0);
    sum = sum ? vg_add(sum, steep) : steep;
  }
  return sum;
}

static double weight(const vg_gan_objective *o) {
  return 0.5 * o->w_r1;
}

const vg_term vg_term_d_r1 = {vg_term_r1, weight, true, false};
