/* nn.h: networks, losses and the GAN step, on tensor.h.
 *
 * A network is a row of a registry (generators.def, discriminators.def) plus named parameters
 * (vg_params). A vg_gan holds both networks, their Adams and the loss weights; vg_gan_step is one
 * full optimisation step, D then G, and reads top to bottom in src/nn/gan/gan_compute.c.
 *
 * Inputs are plain floats, so that loader threads never touch a tensor:
 *   input  (N, in_channels, D, H, W)   class fractions in [0, 1], or intensities in [-1, 1]
 *   target (N, out_channels, D, H, W)  intensities in [-1, 1]; of a softmax, fractions that add up to 1
 *   weight (N, 1, D, H, W) or NULL     of the reconstruction loss, per voxel
 *
 * Architecture follows pix2pix (Isola et al., CVPR 2017) in 3-D; an axis of patch size 1 has kernel
 * 1, so 2-D is a case of 3-D.
 */
#ifndef VOXGAN_NN_H
#define VOXGAN_NN_H
#include "voxgan/rng.h"
#include "io/safetensors.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What must be known to build the networks; stored with every model. */
typedef struct vg_gan_spec {
  char generator[16];     /* row of generators.def: unet, unet_k3, resnet */
  char discriminator[16]; /* row of discriminators.def: patch; or "none", where w_adversarial is 0 */
  char norm[16];          /* instance, batch, none */
  int in_channels, out_channels;
  int patch[3];   /* D, H, W: decides depth and strides, see vg_unet_strides */
  int ngf, ndf;   /* base widths */
  int levels;     /* of the U-Net; 0: from the patch */
  int blocks;     /* of the ResNet generator */
  int d_layers;   /* stride-2 layers of the PatchGAN, pix2pix: 3 */
  int d_scales;   /* resolutions that are judged, each half the one before; pix2pix: 1, pix2pixHD: 3 */
  int softmax;    /* 1: out_channels are class fractions, the first the background's; 0: images, by tanh */
  int input_skip; /* 1: unet's input also reaches its output by a k3 convolution; pix2pix: 0 */
  double dropout; /* probability in the innermost decoder blocks, pix2pix: 0.5 */
} vg_gan_spec;

typedef struct vg_gan_objective {
  char adversarial[16];                   /* row of losses.def with kind adversarial: bce, lsgan, hinge */
  char reconstruction[16];                /* row with kind reconstruction: l1, ce_dice */
  double w_adversarial, w_reconstruction; /* pix2pix: 1, 100 */
  double w_feature;                       /* of feature matching, pix2pixHD: 10; 0: none */
  double w_r1;                            /* gamma of R1 (Mescheder et al., ICML 2018); 0: none */
  int r1_every; /* steps between such terms, each that many times as large (StyleGAN2: 16) */
  double beta1, beta2;
  double ema;     /* decay a step of the generator's exponential moving average; 0: none */
  bool bf16;      /* convolutions in bf16, see vg_tensor_bf16 */
  bool recompute; /* keep little of the generator for its gradient, and compute it again (Chen et al. 2016) */
  bool d_spectral; /* spectral norm in the discriminator (Miyato et al., ICLR 2018) */
} vg_gan_objective;

typedef struct vg_gan_batch {
  int n, dim[3]; /* N; D, H, W */
  const float *input, *target, *weight;
} vg_gan_batch;

/* Unweighted means over samples, logits and voxels; what a discriminator gives, summed over its scales. */
typedef struct vg_gan_losses {
  double d_real, d_fake;
  double d_r1; /* |d sum(logits) / d image|^2 / logits of the real images, so that it depends neither on the
                  patch nor on the batch; in each r1_every-th step, that many times as large, else 0 */
  double g_adversarial, g_reconstruction;
  double g_feature; /* sum over layers of the mean |real - fake| of what they give */
} vg_gan_losses;
#define VG_GAN_LOSSES 6
/* Name ("d_real") and value of loss i of a vg_gan_losses. */
const char *vg_gan_loss_name(int i);
double *vg_gan_loss_at(vg_gan_losses *l, int i);

typedef struct vg_gan vg_gan;

/* Checks the spec (VG_CONFIG names the fault), builds both networks, N(0, 0.02) weights from seed. */
vg_status vg_gan_new(const vg_gan_spec *spec, const vg_gan_objective *objective, uint64_t seed,
                     vg_device device, vg_gan **out);
/* The generator alone, for synthesis. */
vg_status vg_gan_new_generator(const vg_gan_spec *spec, vg_device device, vg_gan **out);
void vg_gan_free(vg_gan *gan);
const vg_gan_spec *vg_gan_get_spec(const vg_gan *gan);

/* One optimisation step over parts micro-batches whose gradients are averaged (accumulation); losses are
 * the means over the parts. VG_NONFINITE, naming the loss or the network, when a loss or a gradient is not
 * finite. After any failure the parameters are as before.
 * What the parts point to may change once the step returns; of memory that vg_host_pin gave to a GPU, after
 * vg_tensor_loads_wait.
 * losses NULL: the host waits for nothing, so that a GPU always has work. The losses stay on the device for
 * vg_gan_losses_take, and a network whose losses or gradients are not finite is left as it was. */
vg_status vg_gan_step(vg_gan *gan, const vg_gan_batch *parts, int n_parts, double lr_g, double lr_d,
                      vg_gan_losses *losses);
/* Of the steps whose losses were not read since the last call: adds them to sum where they were finite, as
 * one by one, and says how many these are, and how many were not. Waits for the device. */
vg_status vg_gan_losses_take(vg_gan *gan, vg_gan_losses *sum, int64_t *steps, int64_t *skipped);
void vg_gan_losses_add(vg_gan_losses *sum, const vg_gan_losses *l);

/* out (N, out_channels, D, H, W) from input, without dropout, running statistics where the norm is batch. By
 * the generator's moving average where it has one: after step t that moves to the generator by the share
 * 1 - min(ema, (1 + t) / (10 + t)), so that a short run forgets its first weights too.
 * Any dim that vg_gan_min_dim allows, not only the patch. */
vg_status vg_gan_generate(vg_gan *gan, const float *input, int n, const int dim[3], float *out);
/* The discriminator's mean logit of b's input with its target: above 0 they look real to it. Its weights are
 * left as they are (of a spectral norm the estimate goes on a step). */
vg_status vg_gan_judge(vg_gan *gan, const vg_gan_batch *b, double *score);
/* Whether the file has each tensor of the generator and the discriminator (parts) that spec describes, in its
 * shape; VG_DATA names the first that it has not. This makes no tensor: specs come from files, and what they
 * promise is built only once it was found there. */
vg_status vg_gan_check_file(const vg_gan_spec *spec, int parts, bool spectral, const char *name,
                            const vg_st_file *file);
/* Smallest extent along D, H, W that the generator takes. */
void vg_gan_min_dim(const vg_gan *gan, int dim[3]);
/* Bytes that generate needs beyond the parameters, for one sample: an estimate from the widths. */
size_t vg_gan_generate_bytes(const vg_gan_spec *spec, const int dim[3]);
/* The same of a step on n samples, with parameters, gradients and moments; 0 for a spec that is not valid. */
size_t vg_gan_step_bytes(const vg_gan_spec *spec, const vg_gan_objective *objective, int n, const int dim[3]);
size_t vg_gan_parameters(const vg_gan *gan, bool discriminator);

/* ---- state ---- */
/* Weights (and running statistics) of the generator: entries named as PyTorch's state_dict would,
 * "down.0.weight". Transposed-convolution weights are in PyTorch's (C, K, kd, kh, kw) layout. entries and
 * their data are the caller's: vg_gan_state_free. */
typedef enum vg_gan_part {
  VG_GAN_GENERATOR = 1,
  VG_GAN_DISCRIMINATOR = 2,
  VG_GAN_OPTIMISER = 4,
  VG_GAN_AVERAGE = 8, /* of the generator, where there is one */
  VG_GAN_ALL = 15,
  VG_GAN_RESULT = 16 /* what generates: the average, or else the generator; named "g." like it */
} vg_gan_part;
/* Names carry the prefixes "g.", "d.", "adam.", "ema.". The random streams are counters of the step, so
 * (seed, step) restores them. */
vg_status vg_gan_state_get(vg_gan *gan, int parts, vg_st_entry **entries, size_t *n);
void vg_gan_state_free(vg_st_entry *entries, size_t n);
/* Every tensor of the parts must be in the file with its shape, else VG_DATA naming file and tensor. A
 * generator that is set without its average is what the average begins with. */
vg_status vg_gan_state_set(vg_gan *gan, int parts, const char *name, const vg_st_file *file);
/* What a GAN took over from another's file. The lists name tensors, ", " between them. */
typedef struct vg_gan_transfer {
  int wanted, matched, n_reshaped, n_missing;
  char *reshaped; /* in the file with another shape, which is said */
  char *missing;  /* not in the file */
} vg_gan_transfer;
/* Takes the tensors of the parts that the file holds in their shape; the others stay as they are. An average
 * begins with the outcome. */
vg_status vg_gan_state_transfer(vg_gan *gan, int parts, const vg_st_file *file, vg_gan_transfer *out);
void vg_gan_transfer_release(vg_gan_transfer *t);
/* Steps taken so far; decides Adam's bias correction and the dropout stream. */
int64_t vg_gan_get_step(const vg_gan *gan);
void vg_gan_set_step(vg_gan *gan, int64_t step);

/* ---- registries ---- */
typedef enum vg_loss_kind { VG_LOSS_ADVERSARIAL, VG_LOSS_RECONSTRUCTION } vg_loss_kind;
typedef struct vg_loss {
  const char *name, *help;
  vg_loss_kind kind;
  bool fractions; /* of class fractions that add up to 1, which it wants */
  /* adversarial: mean loss of logits against "real" (for D: true/false; for G: g true asks to fool) */
  vg_tensor *(*adversarial)(vg_tensor *logits, bool real, bool for_generator);
  vg_tensor *(*reconstruction)(vg_tensor *out, vg_tensor *target, vg_tensor *weight);
} vg_loss;
const vg_loss *vg_loss_find(const char *name); /* NULL when there is none */
const vg_loss *vg_loss_at(int i);              /* NULL past the last */

/* How the U-Net divides a patch: per level the stride of each axis (2 while the axis is at least 4, else 1).
 * 64^3 gives 5 levels, 128x128x54 6. Returns the levels, at most want (0: as many as the largest axis
 * allows). */
#define VG_UNET_MAX_LEVELS 10
int vg_unet_strides(const int patch[3], int want, int stride[VG_UNET_MAX_LEVELS][3]);

#ifdef __cplusplus
}
#endif
#endif
