/* unet_strides.h: strides, kernels and channels of networks that halve a patch level by level. */
#ifndef VG_NN_UNET_STRIDES_H
#define VG_NN_UNET_STRIDES_H
#include "nn/nn.h"

/* How the U-Net divides a patch: per level the stride of each axis (2 while the axis is at least 4, else 1).
 * 64^3 gives 5 levels, 128x128x54 6. Returns the levels, at most want (0: as many as the largest axis
 * allows). */
#define VG_UNET_MAX_LEVELS VG_SPEC_MOST_levels
int vg_unet_strides(const int patch[3], int want, int stride[VG_UNET_MAX_LEVELS][3]);
/* What networks that divide as vg_unet_strides says have in common. VG_CONFIG where the patch is too small
 * for `least` levels, or does not allow the spec's; zero says what 0 levels are. */
vg_status vg_unet_check_levels(const vg_gan_spec *spec, int least, const char *zero);
void vg_unet_min_dim(const vg_gan_spec *spec, int levels, int dim[3]);

/* ngf * min(2^i, 8), as pix2pix. */
static inline int vg_width(int base, int i) {
  return base * (1 << (i < 3 ? i : 3));
}
/* Voxels of a grid. */
static inline double vg_voxels(const int dim[3]) {
  return (double)dim[0] * dim[1] * dim[2];
}
/* Kernel and padding of a stride on an axis whose extent in the patch is n: k4 p1 at stride 2; at stride 1
 * k3 p1, and k1 on an axis of one voxel, which is how 2-D is a case of 3-D. */
static inline void vg_axis_kernel(int n, int stride, int *kernel, int *pad) {
  *kernel = stride == 2 ? 4 : n > 1 ? 3 : 1;
  *pad = *kernel > 1;
}

#endif
