/* evaluation_patches.c: stores the patches that an evaluation shows. */
#include "eval/model/evaluation_patches.h"

#include <string.h>
#include "base/mem.h"

vg_status vg_eval_patches_new(vg_eval *e, const vg_series_list *series, int edge) {
  e->patches = VG_NEW(struct eval_patches);
  if (!e->patches) return VG_MEMORY;
  e->patches->series = *series;
  e->patches->edge = edge;
  return VG_OK;
}

vg_status vg_eval_add_patch(vg_eval *e, const char *id, bool synthetic, const int at[3], double logit,
                            const uint8_t *voxels) {
  struct eval_patches *all = e->patches;
  const size_t bytes = (size_t)all->series.n * (size_t)all->edge * (size_t)all->edge;
  eval_patch *p = &all->list[all->n++];
  *p = (eval_patch){
      .id = vg_strdup(id), .synthetic = synthetic, .logit = logit, .voxels = vg_malloc(bytes, 1)};
  memcpy(p->at, at, sizeof p->at);
  if (!p->id || !p->voxels) return VG_MEMORY;
  memcpy(p->voxels, voxels, bytes);
  return VG_OK;
}

void vg_eval_patches_free(struct eval_patches *p) {
  if (!p) return;
  for (size_t i = 0; i < p->n; i++) {
    vg_free(p->list[i].id);
    vg_free(p->list[i].voxels);
  }
  vg_free(p);
}
