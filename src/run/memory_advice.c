/* memory_advice.c: which settings make a training step need less memory. */
#include "run/memory_advice.h"
#include <stdio.h>

#define PARTS 32   /* of its extent, by which a patch is made smaller */
#define MULTIPLE 8 /* of the voxels along an axis */

static void add(vg_str *text, int *n, const char *setting, size_t need) {
  vg_str_addf(text, "%s%s (%.1f GiB)", (*n)++ ? ", " : "", setting, (double)need / (1 << 30));
}

/* Smaller by the same share along all axes; false: it is no smaller than before. */
static bool shrink(const int from[3], int parts, int to[3]) {
  bool smaller = false;
  for (int a = 0; a < 3; a++) {
    to[a] = from[a] * parts / PARTS / MULTIPLE * MULTIPLE;
    if (to[a] < MULTIPLE) to[a] = from[a] < MULTIPLE ? from[a] : MULTIPLE;
    smaller = smaller || to[a] < from[a];
  }
  return smaller;
}

void vg_memory_advice(const vg_config *c, const vg_gan_spec *spec, const vg_gan_objective *o, size_t bytes,
                      vg_str *text) {
  char setting[64];
  size_t need;
  int found = 0;
  vg_gan_objective again = *o;
  again.recompute = true;
  need = vg_gan_step_bytes(spec, &again, c->train.batch, spec->patch);
  if (!o->recompute && need && need <= bytes) add(text, &found, "train.recompute=true", need);
  for (int n = c->train.batch - 1; n >= 1; n--) {
    if ((need = vg_gan_step_bytes(spec, o, n, spec->patch)) > bytes || !need) continue;
    snprintf(setting, sizeof setting, "train.batch=%d", n);
    add(text, &found, setting, need);
    break;
  }
  for (int parts = PARTS - 1; parts > 0; parts--) {
    vg_gan_spec less = *spec;
    if (!shrink(spec->patch, parts, less.patch)) continue;
    if ((need = vg_gan_step_bytes(&less, o, c->train.batch, less.patch)) > bytes || !need) continue;
    snprintf(setting, sizeof setting, "train.patch=%d,%d,%d", less.patch[2], less.patch[1], less.patch[0]);
    add(text, &found, setting, need);
    break;
  }
  if (!found) vg_str_add(text, "none of train.recompute, train.batch and train.patch alone");
}
