/* losses.c: the registry of losses. */
#include "nn/loss/losses.h"
#include <string.h>

static const vg_loss losses[] = {
#define VG_LOSS_ADV(row, text) {#row, text, VG_LOSS_ADVERSARIAL, false, vg_loss_##row, NULL},
#define VG_LOSS_REC(row, text) {#row, text, VG_LOSS_RECONSTRUCTION, false, NULL, vg_loss_##row},
#define VG_LOSS_SEG(row, text) {#row, text, VG_LOSS_RECONSTRUCTION, true, NULL, vg_loss_##row},
#include "registry/losses.def"
};

const vg_loss *vg_loss_at(int i) {
  return i >= 0 && (size_t)i < sizeof losses / sizeof *losses ? &losses[i] : NULL;
}

const vg_loss *vg_loss_find(const char *name) {
  for (int i = 0; vg_loss_at(i); i++)
    if (!strcmp(losses[i].name, name)) return &losses[i];
  return NULL;
}
