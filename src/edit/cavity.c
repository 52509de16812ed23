/* cavity.c: hides a resection cavity from an edit. */
#include "edit/cavity.h"
#include "base/mem.h"

vg_status vg_cavity_hide(vg_maps *maps, vg_cavity *c) {
  const size_t n = vg_geometry_voxels(&maps->geo);
  *c = (vg_cavity){.klass = (uint8_t)(vg_classes_find(&maps->classes, VG_CLASS_CAVITY) + 1)};
  for (size_t i = 0; c->klass && i < n; i++) c->n += maps->tumour[i] == c->klass;
  if (!c->n) return VG_OK;
  c->at = vg_malloc(c->n, sizeof *c->at);
  c->anatomy = vg_malloc(c->n, 1);
  if (!c->at || !c->anatomy) {
    vg_free(c->at);
    vg_free(c->anatomy);
    *c = (vg_cavity){0};
    return VG_MEMORY;
  }
  for (size_t i = 0, k = 0; i < n; i++) {
    if (maps->tumour[i] != c->klass) continue;
    c->at[k] = (uint32_t)i;
    c->anatomy[k++] = maps->anatomy[i];
    maps->tumour[i] = maps->anatomy[i] = maps->brain[i] = 0;
  }
  return VG_OK;
}

void vg_cavity_restore(vg_maps *maps, vg_cavity *c) {
  for (size_t k = 0; k < c->n; k++) {
    const size_t i = c->at[k];
    maps->tumour[i] = c->klass;
    maps->anatomy[i] = c->anatomy[k];
    maps->brain[i] = 1;
  }
  vg_free(c->at);
  vg_free(c->anatomy);
  *c = (vg_cavity){0};
}
