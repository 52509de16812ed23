/* scales.h: a discriminator at several resolutions, as pix2pixHD (Wang et al., CVPR 2018): a network each,
 * the first of the full grid, the next ones of images and labels averaged to half, a quarter, ...
 * (vg_halve3d). An axis of fewer than 8 voxels stays as it is. */
#ifndef VG_NN_SCALES_H
#define VG_NN_SCALES_H
#include "nn/network/networks.h"

#define VG_SCALES_MAX VG_SPEC_MOST_d_scales

typedef struct vg_scales {
  const vg_discriminator *kind;
  int n; /* 0: there is no discriminator */
  void *net[VG_SCALES_MAX];
  int stride[VG_SCALES_MAX][3]; /* from the scale before */
} vg_scales;

/* A tensor for each scale. */
typedef struct vg_pyramid {
  vg_tensor *at[VG_SCALES_MAX];
} vg_pyramid;

/* VG_CONFIG where the patch is too small. */
vg_status vg_scales_check(const vg_gan_spec *spec);
/* Builds the networks, their parameters added to p, their names after those of p->within; those of scale k
 * from 1 on are named "scale.k.". */
vg_status vg_scales_build(const vg_gan_spec *spec, vg_params *p, vg_scales *out);
void vg_scales_release(vg_scales *s);
/* x (N, C, D, H, W) as each scale sees it. */
vg_pyramid vg_scales_see(const vg_scales *s, vg_tensor *x);
vg_pyramid vg_scales_condition(const vg_scales *s, vg_tensor *labels);
void vg_scales_judge(const vg_scales *s, const vg_pyramid *conditions, const vg_pyramid *images,
                     const vg_pass *pass, vg_verdict verdict[VG_SCALES_MAX]);
/* ln of the odds that an image is real, at each position. */
vg_tensor *vg_realness(const vg_scales *s, vg_tensor *logits);
/* See vg_discriminator. */
void vg_scales_min_dim(const vg_gan_spec *spec, int dim[3]);
double vg_scales_floats(const vg_gan_spec *spec, const int dim[3]);

#endif
