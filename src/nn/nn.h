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
#include <string.h>
#include "voxgan/config.h"
#include "voxgan/rng.h"
#include "io/safetensors.h"
#include "tensor/distributed/group.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Everything that is needed to build the networks; stored with every model. The settings among the fields are
 * the VG_SPEC_ rows of settings.def. The discriminator is "none" when w_adversarial is 0. */
typedef struct vg_gan_spec {
  int in_channels, out_channels;
  int patch[3]; /* D, H, W: decides depth and strides, see vg_unet_strides */
  int local[3]; /* D, H, W of the box that the tumour's discriminator sees; 0: there is none */
  int softmax;  /* 1: out_channels are class fractions, the first the background's; 0: images, by tanh */
#define VG_SPEC_BOOL(section, name, ...) bool name;
#define VG_SPEC_INT(section, name, ...) int name;
#define VG_SPEC_F64(section, name, ...) double name;
#define VG_SPEC_CHOICE(section, name, ...) vg_##section##_##name name;
#define VG_SPEC_NAME(section, name, ...) char name[VG_CONFIG_NAME];
#include "voxgan/settings.def"
} vg_gan_spec;

/* The largest value of each integer setting, for arrays: VG_SPEC_MOST_blocks. */
enum {
#define VG_SPEC_INT(section, name, resume, def, least, most, ...) VG_SPEC_MOST_##name = (most),
#include "voxgan/settings.def"
};

/* How the networks are trained: the VG_OBJECTIVE_ rows of settings.def. precision: AUTO means fp32 here; a
 * caller that knows the device decides. */
typedef struct vg_gan_objective {
#define VG_OBJECTIVE_BOOL(section, name, ...) bool name;
#define VG_OBJECTIVE_INT(section, name, ...) int name;
#define VG_OBJECTIVE_F64(section, name, ...) double name;
#define VG_OBJECTIVE_CHOICE(section, name, ...) vg_##section##_##name name;
#define VG_OBJECTIVE_NAME(section, name, ...) char name[VG_CONFIG_NAME];
#include "voxgan/settings.def"
} vg_gan_objective;

/* One field of a vg_gan_spec or vg_gan_objective. */
typedef struct vg_gan_field {
  const char *name;          /* "ngf", also in model files */
  const vg_setting *setting; /* gives type and bounds; NULL: an int that follows from the data */
  size_t offset;             /* into the struct */
  int least, most;           /* bounds of a field without a setting */
} vg_gan_field;

/* Field i of the struct, those without a setting first; false past the last. */
bool vg_gan_spec_field(int i, vg_gan_field *out);
bool vg_gan_objective_field(int i, vg_gan_field *out);
/* Copies the settings into the struct. Fields that follow from the data become 0. */
void vg_gan_spec_set(vg_gan_spec *spec, const vg_config *c);
void vg_gan_objective_set(vg_gan_objective *objective, const vg_config *c);
static inline bool vg_gan_has_discriminator(const vg_gan_spec *spec) {
  return strcmp(spec->discriminator, "none") != 0;
}

/* Whether there is a discriminator of tumours, beside that of whole samples. */
static inline bool vg_gan_has_local(const vg_gan_spec *spec) {
  return spec->local[0] > 0;
}

typedef struct vg_gan_batch {
  int n, dim[3]; /* N; D, H, W */
  const float *input, *target, *weight;
  const float *crop; /* (N, 4), where there is a discriminator of tumours: the lowest D, H and W of each
                        sample's box, and 1; or 0 for a sample without a tumour */
} vg_gan_batch;
enum { VG_GAN_CROP_NUMBERS = 4 };

/* The terms of a step, without their weights: means over samples, logits and voxels, summed over the
 * discriminator's scales. Fields d_real, d_fake, ..., g_reconstruction, ... by the VG_LOSS_TERM rows of
 * losses.def. */
typedef struct vg_gan_losses {
#define VG_LOSS_TERM(half, name, help) double half##_##name;
#include "registry/losses.def"
} vg_gan_losses;

/* The number of terms, and of the discriminator's among them, which come first. */
enum {
#define VG_LOSS_TERM(half, name, help) VG_GAN_LOSS_##half##_##name,
#include "registry/losses.def"
  VG_GAN_LOSSES
};
enum {
#define VG_GAN_COUNT_d +1
#define VG_GAN_COUNT_g
#define VG_LOSS_TERM(half, name, help) VG_GAN_COUNT_##half
  VG_GAN_D_LOSSES = 0
#include "registry/losses.def"
};
#undef VG_GAN_COUNT_d
#undef VG_GAN_COUNT_g

/* Name ("d_real") and value of term i of a vg_gan_losses. */
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

/* One optimisation step over n_batches micro-batches whose gradients are averaged (accumulation); losses are
 * the means over the batches. VG_NONFINITE, naming the loss or the network, when a loss or a gradient is not
 * finite. After any failure the parameters are as before.
 * What the batches point to may change once the step returns; of memory that vg_host_pin gave to a GPU, after
 * vg_tensor_loads_wait.
 * losses NULL: the host waits for nothing, so that a GPU always has work. The losses stay on the device for
 * vg_gan_losses_take, and a network whose losses or gradients are not finite is left as it was. */
vg_status vg_gan_step(vg_gan *gan, const vg_gan_batch *batches, int n_batches, double lr_g, double lr_d,
                      vg_gan_losses *losses);
/* From here on a step is one of all processes of the group: each gives its micro-batches to vg_gan_step_of,
 * and the result is that of one process which has them all, those of rank 0 first, then those of rank 1, ...,
 * in turn. The group must outlive the GAN's steps. */
void vg_gan_join(vg_gan *gan, vg_group *group);
/* Gives rank 0's weights, statistics, moments and step to all. */
vg_status vg_gan_share(vg_gan *gan);
/* vg_gan_step where the group has n_all micro-batches and this process n_batches of them, which may be 0. */
vg_status vg_gan_step_of(vg_gan *gan, const vg_gan_batch *batches, int n_batches, int n_all, double lr_g,
                         double lr_d, vg_gan_losses *losses);
/* Reads the losses of all steps since the last call, and adds the finite ones to sum in their order. Counts
 * the finite steps and the skipped ones. Waits for the device. */
vg_status vg_gan_losses_take(vg_gan *gan, vg_gan_losses *sum, int64_t *steps, int64_t *skipped);
void vg_gan_losses_add(vg_gan_losses *sum, const vg_gan_losses *l);

/* What synthesis draws, for networks with noise (net.noise) or a style (net.style); others ignore it. */
typedef struct vg_gan_draw {
  double noise;              /* factor of the noise; 0: none, which makes the mean image */
  const vg_noise_id *ids;    /* n, of the noise; NULL: none */
  const vg_noise_id *others; /* n: noise from here instead, in the share mix of a voxel */
  const float *mix;          /* (N, 1, D, H, W), 0 to 1; NULL: nowhere */
  const float *style;        /* (N, net.style); NULL: the mean style, which is 0 */
} vg_gan_draw;
/* Computes out (N, out_channels, D, H, W) from input, without dropout, with running statistics under batch
 * norm. Uses the generator's moving average if it has one. After step t the average moves towards the
 * generator by 1 - min(ema, (1 + t) / (10 + t)), so that a short run forgets its first weights too. dim may
 * be any extent that vg_gan_min_dim allows, not only the patch. draw NULL: no noise and the mean style. */
vg_status vg_gan_generate(vg_gan *gan, const float *input, int n, const int dim[3], const vg_gan_draw *draw,
                          float *out);
struct vg_listing;
/* What the generator computes (network/listing.h), of its average where it has one; its first input is named
 * `input`. VG_CONFIG: it cannot be exported. */
vg_status vg_gan_listing(const vg_gan *gan, const char *input, struct vg_listing *out);
/* The style (net.style) of one image (out_channels, D, H, W). */
vg_status vg_gan_style_of(vg_gan *gan, const float *images, const int dim[3], float *style);
/* The discriminator's mean logit for b's input and target: above 0 the pair looks real. Weights do not
 * change, but the estimate of a spectral norm takes a step. */
vg_status vg_gan_judge(vg_gan *gan, const vg_gan_batch *b, double *score);
/* Whether the file has each tensor of the generator and the discriminator (which) that spec describes, in its
 * shape; VG_DATA names the first that it has not. This makes no tensor: specs come from files, and what they
 * promise is built only once it was found there. */
vg_status vg_gan_check_file(const vg_gan_spec *spec, int which, bool spectral, const char *name,
                            const vg_st_file *file);
/* Smallest extent along D, H, W that the generator takes. */
void vg_gan_min_dim(const vg_gan *gan, int dim[3]);
/* The same of a training step, in which discriminators look too. */
void vg_gan_min_step_dim(const vg_gan *gan, int dim[3]);
/* Bytes that generate needs beyond the parameters, for one sample: an estimate from the widths. */
size_t vg_gan_generate_bytes(const vg_gan_spec *spec, const int dim[3]);
/* The same of a step on n samples, with parameters, gradients and moments; 0 for a spec that is not valid. */
size_t vg_gan_step_bytes(const vg_gan_spec *spec, const vg_gan_objective *objective, int n, const int dim[3]);
/* The same while a checkpoint is saved on the CPU: networks, optimisers, and the copy that is written. */
size_t vg_gan_save_bytes(const vg_gan_spec *spec, const vg_gan_objective *objective);
size_t vg_gan_parameters(const vg_gan *gan, bool discriminator);

/* ---- state ---- */
/* Weights (and running statistics) of the generator: entries named as PyTorch's state_dict would,
 * "down.0.weight". Transposed-convolution weights are in PyTorch's (C, K, kd, kh, kw) layout. entries and
 * their data are the caller's: vg_gan_state_free. */
typedef enum vg_gan_tensors {
  VG_GAN_GENERATOR = 1,
  VG_GAN_DISCRIMINATOR = 2,
  VG_GAN_OPTIMISER = 4,
  VG_GAN_AVERAGE = 8, /* of the generator, where there is one */
  VG_GAN_ALL = 15,
  VG_GAN_RESULT = 16 /* what generates: the average, or else the generator; named "g." like it */
} vg_gan_tensors;
/* Names carry the prefixes "g.", "d.", "adam.", "ema.". The random streams are counters of the step, so
 * (seed, step) restores them. */
vg_status vg_gan_state_get(vg_gan *gan, int which, vg_st_entry **entries, size_t *n);
void vg_gan_state_free(vg_st_entry *entries, size_t n);
/* VG_DATA, naming file and tensor, if the file lacks a tensor of these or has it in another shape. When a
 * generator is set without its average, the average starts from it. */
vg_status vg_gan_state_set(vg_gan *gan, int which, const char *name, const vg_st_file *file);
/* Which tensors a GAN took from another file. The lists name tensors, ", " between them. */
typedef struct vg_gan_transfer {
  int wanted, matched, n_reshaped, n_missing;
  char *reshaped; /* in the file with another shape; the text names both shapes */
  char *missing;  /* not in the file */
} vg_gan_transfer;
/* Takes the tensors that the file has in the same shape; the others keep their values. A moving average
 * starts from the result. */
vg_status vg_gan_state_transfer(vg_gan *gan, int which, const vg_st_file *file, vg_gan_transfer *out);
void vg_gan_transfer_release(vg_gan_transfer *t);
/* Steps taken so far; decides Adam's bias correction and the dropout stream. */
int64_t vg_gan_get_step(const vg_gan *gan);
void vg_gan_set_step(vg_gan *gan, int64_t step);

/* ---- registries ---- */
typedef enum vg_loss_kind { VG_LOSS_ADVERSARIAL, VG_LOSS_RECONSTRUCTION } vg_loss_kind;
typedef struct vg_loss {
  const char *name, *help;
  vg_loss_kind kind;
  bool fractions; /* of class fractions, which must add up to 1 */
  /* adversarial: mean loss of logits against "real" (for D: true/false; for G: g true asks to fool) */
  vg_tensor *(*adversarial)(vg_tensor *logits, bool real, bool for_generator);
  vg_tensor *(*reconstruction)(vg_tensor *out, vg_tensor *target, vg_tensor *weight);
} vg_loss;
const vg_loss *vg_loss_find(const char *name); /* NULL when there is none */
const vg_loss *vg_loss_at(int i);              /* NULL past the last */
/* Adds a loss while the program runs, also to the registry "losses", so that train.adversarial or
 * train.reconstruction takes it. Its strings are borrowed for good. Not safe beside other threads. */
vg_status vg_loss_add(const vg_loss *loss);

#ifdef __cplusplus
}
#endif
#endif
