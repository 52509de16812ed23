/* unet_strides.c: how a U-Net divides its patch. */
#include "nn/nn.h"

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
