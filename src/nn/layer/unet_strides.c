/* unet_strides.c: how a U-Net divides its patch. */
#include "nn/layer/unet_strides.h"

int vg_unet_strides(const int patch[3], int want, int stride[VG_UNET_MAX_LEVELS][3]) {
  int n[3] = {patch[0], patch[1], patch[2]}, level = 0;
  for (; level < VG_UNET_MAX_LEVELS && (want == 0 || level < want); level++) {
    if (n[0] < 4 && n[1] < 4 && n[2] < 4) break;
    for (int a = 0; a < 3; a++) {
      stride[level][a] = n[a] >= 4 ? 2 : 1;
      n[a] /= stride[level][a];
    }
  }
  return level;
}

vg_status vg_unet_check_levels(const vg_gan_spec *spec, int least, const char *zero) {
  int stride[VG_UNET_MAX_LEVELS][3], most = vg_unet_strides(spec->patch, 0, stride);
  const int *p = spec->patch;
  if (most < least)
    return vg_fail(VG_CONFIG, "patch %dx%dx%d is too small for %s: %d voxels along an axis at least", p[0],
                   p[1], p[2], spec->generator, 2 << least);
  if ((spec->levels && spec->levels < least) || spec->levels > most)
    return vg_fail(VG_CONFIG, "levels %d: a patch of %dx%dx%d allows %d to %d, or %s", spec->levels, p[0],
                   p[1], p[2], least, most, zero);
  return VG_OK;
}

void vg_unet_min_dim(const vg_gan_spec *spec, int levels, int dim[3]) {
  int stride[VG_UNET_MAX_LEVELS][3];
  levels = vg_unet_strides(spec->patch, levels, stride);
  for (int a = 0; a < 3; a++) {
    dim[a] = 1;
    for (int i = 0; i < levels; i++) dim[a] *= stride[i][a];
  }
}
