/* networks.c: the registries of networks. */
#include "nn/network/networks.h"
#include <string.h>
#include "registry/registry_extend.h"

#define VG_GENERATOR(name, help) extern const vg_generator vg_generator_##name;
#include "registry/generators.def"
#undef VG_GENERATOR
#define VG_DISCRIMINATOR(name, help) extern const vg_discriminator vg_discriminator_##name;
#include "registry/discriminators.def"
#undef VG_DISCRIMINATOR

enum { ROWS_MAX = 32 };

static struct {
  const char *name; /* NULL past the last */
  const vg_generator *generator;
} generators[ROWS_MAX + 1] = {
#define VG_GENERATOR(row, text) {#row, &vg_generator_##row},
#include "registry/generators.def"
#undef VG_GENERATOR
};

static struct {
  const char *name;
  const vg_discriminator *discriminator;
} discriminators[ROWS_MAX + 1] = {
#define VG_DISCRIMINATOR(row, text) {#row, &vg_discriminator_##row},
#include "registry/discriminators.def"
#undef VG_DISCRIMINATOR
};

const vg_generator *vg_generator_find(const char *name) {
  for (int i = 0; generators[i].name; i++)
    if (!strcmp(generators[i].name, name)) return generators[i].generator;
  return NULL;
}

void vg_generators_that_draw(bool style, vg_str *out) {
  for (int i = 0; generators[i].name; i++)
    if (style ? generators[i].generator->encode != NULL : generators[i].generator->noise)
      vg_str_addf(out, "%s%s", out->len ? ", " : "", generators[i].name);
}

const vg_discriminator *vg_discriminator_find(const char *name) {
  for (int i = 0; discriminators[i].name; i++)
    if (!strcmp(discriminators[i].name, name)) return discriminators[i].discriminator;
  return NULL;
}

static vg_status extend(const char *registry, int n, const char *name, const char *help) {
  if (n == ROWS_MAX) return vg_fail(VG_CONFIG, "more than %d %s", ROWS_MAX, registry);
  if (strlen(name) >= VG_CONFIG_NAME)
    return vg_fail(VG_CONFIG, "%s: longer than %d letters", name, VG_CONFIG_NAME - 1);
  return vg_registry_extend(registry, name, help);
}

vg_status vg_generator_add(const char *name, const char *help, const vg_generator *generator) {
  int n = 0;
  while (generators[n].name) n++;
  vg_status st = extend("generators", n, name, help);
  if (st) return st;
  generators[n].name = name;
  generators[n].generator = generator;
  return VG_OK;
}

vg_status vg_discriminator_add(const char *name, const char *help, const vg_discriminator *discriminator) {
  int n = 0;
  while (discriminators[n].name) n++;
  vg_status st = extend("discriminators", n, name, help);
  if (st) return st;
  discriminators[n].name = name;
  discriminators[n].discriminator = discriminator;
  return VG_OK;
}
