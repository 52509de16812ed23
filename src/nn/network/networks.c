/* networks.c: the registries of networks. */
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
