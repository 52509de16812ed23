/* gan.h: what a vg_gan is made of; shared by gan.c, gan_step.c and gan_state.c. */
#ifndef VG_NN_GAN_H
#define VG_NN_GAN_H
#include "nn/networks.h"
#include "nn/optim.h"

struct vg_gan {
  vg_gan_spec spec;
  vg_gan_objective objective;
  uint64_t seed;
  vg_device device;
  int64_t step; /* taken so far */

  /* (5) of each deferred step that vg_gan_losses_take has not read: losses, and not 0 where it was skipped */
  vg_tensor **pending;
  int n_pending, cap_pending;

  const vg_generator *generator;
  const vg_discriminator *discriminator;
  void *g,
      *d; /* d NULL where there is no discriminator; a synthesis-only GAN has no reconstruction loss either */
  void *average; /* of the generator over the steps; NULL where none is kept */
  vg_params g_params, d_params, average_params;
  vg_adam g_adam, d_adam;
  const vg_loss *adversarial, *reconstruction;
};

/* Moves the average to the generator by this share; running statistics follow whole. */
vg_status vg_gan_average(vg_gan *gan, double share);
/* data (N, channels, D, H, W) as a tensor; NULL for NULL. */
vg_tensor *vg_gan_upload(const vg_gan *gan, const vg_gan_batch *b, const float *data, int channels);
/* Forgets the deferred steps' losses. */
void vg_gan_drop_pending(vg_gan *gan);
/* VG_CONFIG where the network cannot take this extent. */
vg_status vg_gan_check_dim(const vg_gan *gan, const int dim[3], bool training);

#endif
