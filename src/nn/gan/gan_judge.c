/* gan_judge.c: the discriminator's score of images, without training. */
#include "nn/gan/gan.h"

vg_status vg_gan_judge(vg_gan *gan, const vg_gan_batch *b, double *score) {
  vg_status st = vg_gan_check_dim(gan, b->dim, true);
  if (st) return st;
  if (!gan->d.n) return vg_fail(VG_FAILED, "this GAN has no discriminator");
  const vg_pass pass = {0};
  const bool before = vg_no_grad(true);
  vg_scope *s = vg_scope_push();
  vg_pyramid conditions =
      vg_scales_condition(&gan->d, vg_gan_upload(gan, b, b->input, gan->spec.in_channels));
  vg_pyramid images = vg_scales_see(&gan->d, vg_gan_upload(gan, b, b->target, gan->spec.out_channels));
  vg_verdict verdict[VG_SCALES_MAX];
  vg_scales_judge(&gan->d, &conditions, &images, &pass, verdict);
  vg_tensor *mean = NULL;
  for (int k = 0; k < gan->d.n; k++) {
    vg_tensor *here = vg_scale(vg_mean(vg_realness(&gan->d, verdict[k].logits)), 1.0 / gan->d.n, 0);
    mean = mean ? vg_add(mean, here) : here;
  }
  st = vg_tensor_check();
  if (!st) *score = vg_item(mean);
  vg_scope_pop(s, NULL);
  vg_no_grad(before);
  return st;
}
