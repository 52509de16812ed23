/* gan_judge.c: what the discriminator says of images that nobody trains on just now. */
#include "nn/gan.h"

vg_status vg_gan_judge(vg_gan *gan, const vg_gan_batch *b, double *score) {
  vg_status st = vg_gan_check_dim(gan, b->dim, true);
  if (st) return st;
  if (!gan->d) return vg_fail(VG_FAILED, "this GAN has no discriminator");
  const int64_t in[5] = {b->n, gan->spec.in_channels, b->dim[0], b->dim[1], b->dim[2]};
  const int64_t out[5] = {b->n, gan->spec.out_channels, b->dim[0], b->dim[1], b->dim[2]};
  const vg_pass pass = {0};
  const bool before = vg_no_grad(true);
  vg_scope *s = vg_scope_push();
  vg_tensor *conditions = gan->discriminator->condition(gan->d, vg_tensor_from(b->input, in, 5, gan->device));
  vg_tensor *images = vg_tensor_from(b->target, out, 5, gan->device);
  vg_tensor *mean = vg_mean(gan->discriminator->judge(gan->d, conditions, images, &pass));
  st = vg_tensor_check();
  if (!st) *score = vg_item(mean);
  vg_scope_pop(s, NULL);
  vg_no_grad(before);
  return st;
}
