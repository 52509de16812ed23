/* losses.c: the registry of losses. */
#include "nn/loss/losses.h"
#include <string.h>
#include "registry/registry_extend.h"

enum { LOSSES_MAX = 32 };

static vg_loss losses[LOSSES_MAX + 1] = {
#define VG_LOSS_ADV(row, text) {#row, text, VG_LOSS_ADVERSARIAL, false, vg_loss_##row, NULL},
#define VG_LOSS_REC(row, text) {#row, text, VG_LOSS_RECONSTRUCTION, false, NULL, vg_loss_##row},
#define VG_LOSS_SEG(row, text) {#row, text, VG_LOSS_RECONSTRUCTION, true, NULL, vg_loss_##row},
#include "registry/losses.def"
};

const vg_loss *vg_loss_at(int i) {
  return i >= 0 && i < LOSSES_MAX && losses[i].name ? &losses[i] : NULL;
}

const vg_loss *vg_loss_find(const char *name) {
  for (int i = 0; vg_loss_at(i); i++)
    if (!strcmp(losses[i].name, name)) return &losses[i];
  return NULL;
}

vg_status vg_loss_add(const vg_loss *loss) {
  int n = 0;
  while (vg_loss_at(n)) n++;
  if (n == LOSSES_MAX) return vg_fail(VG_CONFIG, "more than %d losses", LOSSES_MAX);
  if (strlen(loss->name) >= VG_CONFIG_NAME)
    return vg_fail(VG_CONFIG, "%s: longer than %d letters", loss->name, VG_CONFIG_NAME - 1);
  vg_status st = vg_registry_extend_kind(
      "losses", loss->kind == VG_LOSS_ADVERSARIAL ? "adversarial" : "reconstruction", loss->name, loss->help);
  if (!st) losses[n] = *loss;
  return st;
}
