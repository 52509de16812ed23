/* networks.h: what a generator and a discriminator are to the GAN: rows of generators.def and
 * discriminators.def.
 *
 * Adding a generator: a row in generators.def, and generator_NAME.c that defines vg_generator_NAME.
 */
#ifndef VG_NN_NETWORKS_H
#define VG_NN_NETWORKS_H
#include "nn/layer/block.h"
#include "nn/layer/listing.h"
#include "nn/layer/unet_strides.h"

/* What memory is asked for. */
typedef enum vg_use { VG_USE_GENERATING, VG_USE_TRAINING, VG_USE_RECOMPUTING } vg_use;

typedef struct vg_generator {
  /* VG_CONFIG where the spec does not suit this network. */
  vg_status (*check)(const vg_gan_spec *spec); /* beyond the bounds of settings.def; NULL: nothing */
  /* The network (vg_free), its parameters added to p; NULL: out of memory. p->status has the rest. */
  void *(*build)(const vg_gan_spec *spec, vg_params *p);
  /* x (N, in, D, H, W) -> (N, out, D, H, W), see vg_output. */
  vg_tensor *(*forward)(const void *net, vg_tensor *x, const vg_pass *pass);
  void (*min_dim)(const vg_gan_spec *spec, int dim[3]);
  /* Floats held at once for one sample: generating, with its input; or for a forward and backward pass,
   * without it, that keeps all activations or recomputes them. */
  double (*floats)(const vg_gan_spec *spec, const int dim[3], vg_use use);
  bool noise; /* takes net.noise */
  /* (N, D): the style of images (N, out, D, H, W), see vg_gan_spec's style. NULL: takes no net.style. */
  vg_tensor *(*encode)(const void *net, vg_tensor *images);
  /* What forward computes of value x, (N, in, D, H, W), without dropout: returns the value (N, out, D, H, W).
   * Noise and style are inputs of the listing. NULL: the network cannot be exported. */
  int (*listing)(const void *net, vg_listing *f, int x);
} vg_generator;

#define VG_FEATURES_MAX 8

/* What a discriminator makes of images. */
typedef struct vg_verdict {
  vg_tensor *logits;
  vg_tensor *feature[VG_FEATURES_MAX]; /* what each layer before the logits gives */
  int n_features;
} vg_verdict;

typedef struct vg_discriminator {
  vg_status (*check)(const vg_gan_spec *spec); /* beyond the bounds of settings.def; NULL: nothing */
  void *(*build)(const vg_gan_spec *spec, vg_params *p);
  /* The part that depends on the labels (N, in, D, H, W) alone; computed once, used for real and fake.
   * Spectral norms take the next step of their estimate here. */
  vg_tensor *(*condition)(const void *net, vg_tensor *labels);
  /* Of images (k N, out, D, H, W), k samples sets that share the N conditions. */
  vg_verdict (*judge)(const void *net, vg_tensor *conditions, vg_tensor *images, const vg_pass *pass);
  void (*min_dim)(const vg_gan_spec *spec, int dim[3]);
  double (*floats)(const vg_gan_spec *spec, const int dim[3]); /* of a training pass, one sample */

  /* The rest is for a discriminator whose logits say more than real or synthetic. NULL: they say only that,
   * and their loss is train.adversarial. */

  /* Mean loss of logits, as vg_loss.adversarial has it. */
  vg_tensor *(*loss)(vg_tensor *logits, vg_tensor *conditions, bool real, bool for_generator);
  /* ln of the odds that an image is real, at each position. */
  vg_tensor *(*realness)(vg_tensor *logits);
  /* LabelMix: 1 where a mix of a real and a synthetic image is the real one, else 0, as (N, 1, D, H, W).
   * picks (N, in + 1, 1, 1, 1): the same for the background and for each class of the label map. NULL: there
   * is no LabelMix, as logits do not lie on the image's voxels. */
  vg_tensor *(*mix)(vg_tensor *conditions, vg_tensor *picks);
} vg_discriminator;

const vg_generator *vg_generator_find(const char *name);         /* NULL when there is none */
const vg_discriminator *vg_discriminator_find(const char *name); /* NULL when there is none */
/* Adds the names of the generators that take net.style, or else net.noise: "unet, spade". */
void vg_generators_that_draw(bool style, vg_str *out);
/* Adds a row while the program runs, also to the registry of that name, so that net.generator and
 * net.discriminator take it. The arguments are borrowed for good. Not safe beside other threads. */
vg_status vg_generator_add(const char *name, const char *help, const vg_generator *generator);
vg_status vg_discriminator_add(const char *name, const char *help, const vg_discriminator *discriminator);

#endif
