/* style.h: an encoder of images to a code of a few numbers, the look of an image as a whole. Strided k4
 * convolutions, no norm (which would take contrast away), the mean over the volume, and a linear layer to
 * mean and log variance of the code, as a variational autoencoder's (Kingma and Welling 2014). */
#ifndef VG_NN_STYLE_H
#define VG_NN_STYLE_H
#include "nn/layer/block.h"

#define VG_STYLE_LAYERS 4

typedef struct vg_style {
  int dims, layers;
  vg_block layer[VG_STYLE_LAYERS];
  vg_tensor *weight, *bias; /* (2 D, C), (2 D) */
} vg_style;

/* dims is 0 where the spec has no style. */
vg_style vg_style_make(vg_params *p, const vg_gan_spec *spec);
/* (N, D): the mean of the code of images (N, S, D, H, W). With noise (N, D), normal numbers, a draw from the
 * code's distribution, and *divergence gets the Kullback-Leibler distance of that from the normal one: its
 * mean over the samples. */
vg_tensor *vg_style_encode(const vg_style *s, vg_tensor *images, vg_tensor *noise, vg_tensor **divergence,
                           const vg_pass *pass);
/* Floats that encoding keeps for a gradient, one sample. */
double vg_style_floats(const vg_gan_spec *spec, const int dim[3]);

#endif
