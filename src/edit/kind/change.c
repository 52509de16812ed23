/* change.c: the steps that all edits of a tumour share. */
#include "edit/kind/change.h"

#include <string.h>

#include "edit/brain/heal.h"
#include "edit/brain/memo.h"
#include "base/mem.h"
#include "base/pool.h"

/* A tumour that would leave the brain or enter a ventricle is shifted by at most this. */
#define NEAR 25.0 /* mm */

static vg_status save(vg_change *c, vg_maps *maps, const vg_edit_call *call) {
  size_t n = vg_geometry_voxels(&maps->geo);
  *c = (vg_change){
      .maps = maps, .call = call, .rules = vg_site_rules_of_call(call), .mass = vg_mass_of_call(call)};
  c->before = vg_malloc(n, 1);
  if (!c->before) return VG_MEMORY;
  memcpy(c->before, maps->tumour, n);
  c->allowed = vg_malloc(n, 1);
  return c->allowed ? VG_OK : VG_MEMORY;
}

static vg_status survey(vg_change *c, bool with_frame) {
  uint8_t *ventricles = vg_malloc(vg_geometry_voxels(&c->maps->geo), 1);
  vg_status st = ventricles ? VG_OK : VG_MEMORY;
  if (!st && with_frame) st = vg_memo_frame(c->call->memo, c->maps, &c->frame);
  if (!st && !c->rules.anywhere)
    st = vg_memo_ventricles(c->call->memo, c->maps, with_frame ? &c->frame : NULL, ventricles);
  if (!st) st = vg_site_allowed(c->maps, &c->rules, ventricles, c->allowed);
  vg_free(ventricles);
  return st;
}

vg_status vg_change_begin(vg_change *c, vg_maps *maps, const vg_edit_call *call, bool with_frame) {
  vg_status st = save(c, maps, call);
  return st ? st : survey(c, with_frame);
}

static void allow_before(void *arg, size_t begin, size_t end) {
  const vg_change *c = arg;
  const uint8_t *restrict before = c->before;
  uint8_t *restrict allowed = c->allowed;
  for (size_t i = begin; i < end; i++) allowed[i] |= before[i] != 0;
}

vg_status vg_change_take(vg_change *c, vg_maps *maps, const vg_edit_call *call, const char *verb,
                         bool with_frame) {
  size_t n = vg_geometry_voxels(&maps->geo);
  vg_status st = save(c, maps, call);
  if (!st) st = vg_lesion_take(maps, NULL, &c->lesion);
  if (st == VG_REFUSED) return vg_fail(st, "the case has no tumour to %s", verb);
  if (st) return st;
  memset(maps->tumour, 0, n);
  st = survey(c, with_frame);
  vg_parallel_ranges(n, 1 << 16, allow_before, c);
  return st;
}

vg_status vg_change_put_near(vg_change *c, vg_lesion_pose *pose, const double at[3]) {
  vg_search search = {
      .allowed = c->allowed, .region = "any", .nominal = at, .reach = NEAR, .what = "a tumour"};
  return vg_search_site(c->maps, &c->lesion, pose, &search, &c->rules, c->call->rng, NULL);
}

/* ---- afterwards ---- */

static void mark_left(void *arg, size_t begin, size_t end) {
  const vg_change *c = arg;
  const uint8_t *restrict before = c->before, *restrict tumour = c->maps->tumour,
                          *restrict anatomy = c->maps->anatomy;
  uint8_t *restrict left = c->allowed;
  for (size_t i = begin; i < end; i++) left[i] = (before[i] != 0) & (tumour[i] == 0) & (anatomy[i] == 0);
}

static void mark_added(void *arg, size_t begin, size_t end) {
  const vg_change *c = arg;
  const uint8_t *restrict before = c->before, *restrict tumour = c->maps->tumour;
  uint8_t *restrict added = c->allowed;
  for (size_t i = begin; i < end; i++) added[i] = (tumour[i] != 0) & (before[i] == 0);
}

/* `allowed` is no longer needed, so its memory serves as the mask. */
static vg_status settle(vg_change *c) {
  size_t n = vg_geometry_voxels(&c->maps->geo);
  vg_parallel_ranges(n, 1 << 16, mark_left, c);
  vg_status st = memchr(c->allowed, 1, n) ? vg_heal(c->maps, c->allowed, VG_FILL_NEAREST) : VG_OK;
  if (st || !(c->mass.share > 0)) return st;
  vg_parallel_ranges(n, 1 << 16, mark_added, c);
  return memchr(c->allowed, 1, n) ? vg_mass_effect(c->maps, c->allowed, &c->mass) : VG_OK;
}

vg_status vg_change_end(vg_change *c, vg_status st) {
  if (!st) st = settle(c);
  if (st && c->before) memcpy(c->maps->tumour, c->before, vg_geometry_voxels(&c->maps->geo));
  vg_lesion_release(&c->lesion);
  vg_free(c->before);
  vg_free(c->allowed);
  return st;
}
