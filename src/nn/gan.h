/* gan.h: what a vg_gan is made of; shared by the gan_*.c. */
#ifndef VG_NN_GAN_H
#define VG_NN_GAN_H
#include <string.h>
#include "nn/networks.h"
#include "nn/optim.h"
#include "nn/scales.h"

struct vg_gan {
  vg_gan_spec spec;
  vg_gan_objective objective;
  uint64_t seed;
  vg_device device;
  int64_t step; /* taken so far */

  /* (7) of each deferred step that vg_gan_losses_take has not read: losses, and not 0 where it was skipped */
  vg_tensor **pending;
  int n_pending, cap_pending;

  const vg_generator *generator;
  void *g;
  void *average; /* of the generator over the steps; NULL where none is kept */
  vg_scales d;   /* a synthesis-only GAN has none, and no reconstruction loss either */
  vg_params g_params, d_params, average_params;
  vg_adam g_adam, d_adam;
  const vg_loss *adversarial, *reconstruction;
};

/* Moves the average to the generator by this share; running statistics follow whole. */
vg_status vg_gan_average(vg_gan *gan, double share);
/* data (N, channels, D, H, W) as a tensor; NULL for NULL. */
vg_tensor *vg_gan_upload(const vg_gan *gan, const vg_gan_batch *b, const float *data, int channels);
/* (VG_GAN_LOSSES / 2): share of the losses of one half of a step. */
vg_tensor *vg_gan_losses_row(vg_tensor *const *list, double share);
/* Such a row as losses first, first + 1, ... of out; waits for the device. VG_NONFINITE, with the loss's
 * name. */
vg_status vg_gan_losses_read(vg_tensor *row, int first, vg_gan_losses *out);
/* Keeps the rows of a step for vg_gan_losses_take. */
vg_status vg_gan_losses_defer(vg_gan *gan, vg_tensor *d, vg_tensor *g, vg_tensor *skipped);
/* Forgets the deferred steps' losses. */
void vg_gan_drop_pending(vg_gan *gan);
static inline bool vg_gan_has_discriminator(const vg_gan_spec *spec) {
  return strcmp(spec->discriminator, "none") != 0;
}
/* VG_CONFIG names what is wrong. training: the discriminator is looked at too. */
vg_status vg_gan_check_spec(const vg_gan_spec *spec, bool training);
/* VG_CONFIG where the network cannot take this extent. */
vg_status vg_gan_check_dim(const vg_gan *gan, const int dim[3], bool training);

#endif
