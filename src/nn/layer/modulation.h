/* modulation.h: gain and bias of a norm that follow the classes of each voxel, with noise and a style.
 *
 * net.modulation=class: a pair for each class and channel, blended by the class fractions (CLADE, Tan et al.
 * 2020). net.modulation=conv: two k3 convolutions over the fractions (SPADE, Park et al. 2019). A style adds
 * a gain and a bias to each channel, linear in its code (as AdaIN, Huang and Belongie 2017). Noise is one
 * field for all channels, times a strength for each class and channel, which begins at 0. */
#ifndef VG_NN_MODULATION_H
#define VG_NN_MODULATION_H
#include "nn/layer/block.h"
#include "nn/layer/unet_strides.h"

typedef struct vg_modulation {
  char name[16]; /* of the block behind which it is */
  int channels;
  vg_net_norm norm;
  vg_device device;
  bool conv;
  vg_tensor *weight, *bias;            /* class: (2 K, C) and (2 K), gains first; NULL with noise alone */
  vg_block hidden, maps;               /* conv */
  vg_tensor *strength, *strength_bias; /* (K, C), (K); NULL without noise */
  vg_tensor *style;                    /* (2 K, D); NULL without */
} vg_modulation;

/* Makes the parameters of block `name` with so many channels, on a grid that has patch voxels in training. */
vg_modulation vg_modulation_make(vg_params *p, const vg_gan_spec *spec, const char *name, int channels,
                                 const int patch[3], vg_net_norm norm);
/* The same with noise alone: neither norm nor gain and bias. */
vg_modulation vg_modulation_make_noise(vg_params *p, const vg_gan_spec *spec, const char *name, int channels);
bool vg_modulation_has_noise(const vg_pass *pass);
/* The noise (N, 1, D, H, W) of a level, one of whose voxels is scale voxels wide, for fractions (N, C, D, H,
 * W) on its grid; NULL where the pass has none. */
vg_tensor *vg_modulation_noise(const vg_pass *pass, int level, const int scale[3],
                               const vg_tensor *fractions);
/* The noise of each level of a U-Net, and the class fractions on its grid; both NULL where there is none. */
typedef struct vg_level_noise {
  vg_tensor *fractions[VG_UNET_MAX_LEVELS], *noise[VG_UNET_MAX_LEVELS];
} vg_level_noise;
/* at: of each level. x: the fractions at the whole resolution. The tensors are the caller's scope's. */
vg_level_noise vg_modulation_draw(const vg_modulation at[], const int stride[][3], int levels, vg_tensor *x,
                                  const vg_pass *pass);
/* leaky_relu(norm(y), modulated, slope). y: a batch norm's output, or the convolution's. noise and style may
 * be NULL. */
vg_tensor *vg_modulation_apply(const vg_modulation *m, vg_tensor *y, vg_tensor *fractions, vg_tensor *noise,
                               vg_tensor *style, double slope, const vg_pass *pass);

#endif
