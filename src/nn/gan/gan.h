/* gan.h: what a vg_gan is made of; shared by the gan_*.c. */
#ifndef VG_NN_GAN_H
#define VG_NN_GAN_H
#include <string.h>
#include "nn/network/networks.h"
#include "nn/gan/optim.h"
#include "nn/network/scales.h"
#include "tensor/distributed/group.h"

/* A micro-batch on the device, in tensors that stay from step to step. */
typedef struct vg_fed {
  int n, dim[3];                      /* 0: nothing yet */
  vg_tensor *input, *target, *weight; /* (N, C, D, H, W), see nn.h; input bf16 where convolutions are */
  vg_tensor *crop;                    /* (N, 4), see vg_gan_batch; NULL where there is none, as below */
  vg_tensor *picks; /* (N, in + 1, 1, 1, 1): the classes that LabelMix takes from real images */
  float *picked;    /* the same as numbers */
  vg_rand *rand;    /* of dropout */
  vg_tensor *ids;   /* of noise and style; NULL without */
} vg_fed;

/* A recorded step, see gan_record.c. */
typedef struct vg_recording {
  int64_t shapes;      /* gan->shapes when its eager steps began; another value makes it void */
  int n_batches, seen; /* micro-batches; eager steps of as many before it was recorded */
  vg_graph *graph;     /* NULL: not yet */
  vg_tensor *row;      /* losses, as vg_gan_losses_deferred gives them */
} vg_recording;

typedef struct vg_gan_rates {
  double g, d;    /* learning rates */
  bool on_device; /* these and the step's number are read from clock_g and clock_d instead */
} vg_gan_rates;

struct vg_gan {
  vg_gan_spec spec;
  vg_gan_objective objective;
  uint64_t seed;
  vg_device device;
  int64_t step; /* taken so far */

  /* One row per deferred step that vg_gan_losses_take has not read: the losses, then not 0 if it was skipped
   */
  vg_tensor **pending;
  int n_pending, cap_pending;

  vg_fed *fed;
  int n_fed;
  int64_t shapes;               /* counts how often tensors of fed were replaced */
  vg_recording recorded[2];     /* steps without R1, and with */
  vg_tensor *clock_g, *clock_d; /* (2): learning rate and number of a recorded step */
  bool eager;                   /* steps cannot be recorded */

  vg_fed idle;     /* zeros, for a process without a micro-batch that joins in batch norms */
  vg_group *group; /* of the processes that train it; borrowed, NULL: alone */
  int all_batches; /* micro-batches of a step in all processes */

  const vg_generator *generator;
  void *g;
  void *average;   /* moving average of the generator; NULL without train.ema */
  vg_scales d;     /* a synthesis-only GAN has none, and no reconstruction loss either */
  vg_scales local; /* of tumours; its parameters are among d_params */
  int box[3];      /* D, H, W that it sees */
  vg_params g_params, d_params, average_params;
  vg_adam g_adam, d_adam;
  const vg_loss *adversarial, *reconstruction;
};

/* Copies the micro-batches to the device, into gan->fed. */
vg_status vg_gan_feed(vg_gan *gan, const vg_gan_batch *batches, int n_batches);
void vg_gan_feed_release(vg_gan *gan);
/* Whether the generator has noise or a style. */
bool vg_gan_draws(const vg_gan_spec *spec);
/* Computes new weights from gan->fed, in the current scope. losses NULL: row gets the result of
 * vg_gan_losses_deferred. After a failure `before` holds the values to restore. */
vg_status vg_gan_compute(vg_gan *gan, int n_batches, const vg_gan_rates *rates, vg_gan_losses *losses,
                         vg_undo *before, vg_tensor **row);
/* Does a deferred step by replaying a recording, or by making one when it is time. done: the step is done. */
vg_status vg_gan_replay(vg_gan *gan, int n_batches, const vg_gan_rates *rates, bool *done);
void vg_gan_forget_recordings(vg_gan *gan);
/* Whether the next step has the gradient penalty. */
bool vg_gan_r1_is_due(const vg_gan *gan);
/* Number of this process's micro-batch p among those of all: they are dealt out in turn. */
int vg_gan_batch_number(const vg_gan *gan, int p);
/* Micro-batches that this process computes of its n_batches: where statistics are shared, as many as any
 * other. Those from n_batches on are idle: they do not count. */
int vg_gan_rounds(const vg_gan *gan, int n_batches);
/* The next backward pass is the last that adds to these gradients, so they may leave while it runs. */
void vg_gan_sum_soon(vg_gan *gan, const vg_adam *a);
/* Sums over the processes: the gradients that Adam will use, and a row of losses. */
vg_status vg_gan_sum(vg_gan *gan, const vg_adam *a, vg_tensor *row);
/* Running statistics become those of rank 0, which has a micro-batch in every step. */
vg_status vg_gan_share_statistics(vg_gan *gan);
/* Moves the average to the generator by this share; running statistics follow whole. */
vg_status vg_gan_average(vg_gan *gan, double share);
/* data (N, channels, D, H, W) as a tensor; NULL for NULL. */
vg_tensor *vg_gan_upload(const vg_gan *gan, const vg_gan_batch *b, const float *data, int channels);
/* (n): share times each of the n losses. */
vg_tensor *vg_gan_losses_row(vg_tensor *const *list, int n, double share);
/* Such a row as losses first, first + 1, ... of out; waits for the device. VG_NONFINITE names the loss. */
vg_status vg_gan_losses_read(vg_tensor *row, int first, int n, vg_gan_losses *out);
/* (VG_GAN_LOSSES + 1): the rows of both halves of a step, and whether it was skipped. */
vg_tensor *vg_gan_losses_deferred(vg_tensor *d, vg_tensor *g, vg_tensor *skipped);
/* Keeps such a row for vg_gan_losses_take. */
vg_status vg_gan_losses_defer(vg_gan *gan, vg_tensor *row);
/* Forgets the deferred steps' losses. */
void vg_gan_drop_pending(vg_gan *gan);
/* VG_CONFIG names the first field that is outside its bounds or none of its choices. objective may be NULL.
 */
vg_status vg_gan_check_fields(const vg_gan_spec *spec, const vg_gan_objective *objective);
/* VG_CONFIG names the fault: a field, or two that do not fit together. training: checks the discriminator
 * too. */
vg_status vg_gan_check_spec(const vg_gan_spec *spec, bool training);
/* Both discriminators, their parameters added to p. */
vg_status vg_gan_build_discriminators(const vg_gan_spec *spec, vg_params *p, vg_scales *d, vg_scales *local);
/* What the discriminator of tumours is built for: a PatchGAN on a patch that is its box. */
void vg_gan_local_spec(const vg_gan_spec *spec, vg_gan_spec *out);
vg_status vg_gan_check_local(const vg_gan_spec *spec);
/* VG_CONFIG where the network cannot take this extent. */
vg_status vg_gan_check_dim(const vg_gan *gan, const int dim[3], bool training);

#endif
