/* networks.c: the registries of networks, and the rule of strides. */
#include "nn/network/networks.h"
#include <string.h>

#define VG_GENERATOR(name, help) extern const vg_generator vg_generator_##name;
#include "registry/generators.def"
#undef VG_GENERATOR
#define VG_DISCRIMINATOR(name, help) extern const vg_discriminator vg_discriminator_##name;
#include "registry/discriminators.def"
#undef VG_DISCRIMINATOR

const vg_generator *vg_generator_find(const char *name) {
#define VG_GENERATOR(row, text) \
  if (!strcmp(name, #row)) return &vg_generator_##row;
#include "registry/generators.def"
#undef VG_GENERATOR
  return NULL;
}

const vg_discriminator *vg_discriminator_find(const char *name) {
#define VG_DISCRIMINATOR(row, text) \
  if (!strcmp(name, #row)) return &vg_discriminator_##row;
#include "registry/discriminators.def"
#undef VG_DISCRIMINATOR
  return NULL;
}

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
