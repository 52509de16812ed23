/* edit_graft.c: puts another subject's tumour into this brain. */
#include <string.h>

#include "base/mem.h"
#include "edit/kind/change.h"
#include "edit/brain/memo.h"

#define REACH 40.0 /* mm; brains differ in shape */

static const vg_param params[] = {
    {.name = "donor",
     .type = VG_PARAM_DONOR,
     .text_def = "random",
     .unit = "",
     .help = "id of the subject whose tumour it is, or random"},
    {.name = "at",
     .type = VG_PARAM_CHOICE,
     .text_def = "",
     .choices = "same|random|region",
     .unit = "",
     .help =
         "the donor's own site in this brain (the default), anywhere (in the region, if one is given), or "
         "the region's middle"},
    {.name = "region",
     .type = VG_PARAM_CHOICE,
     .text_def = "",
     .choices = VG_REGIONS,
     .unit = "",
     .help = "the region that `at` uses"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* Turns directions of the donor's brain into those of the host's. */
static void align(const vg_brain_frame *donor, const vg_brain_frame *host, double linear[3][3]) {
  memset(linear, 0, 9 * sizeof **linear);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (int a = 0; a < 3; a++) linear[i][j] += donor->axis[a][i] * host->axis[a][j];
}

/* The donor's tumour. Its resection cavity stays where it is: nobody operated on the host. */
static vg_status take(const vg_edit_call *call, vg_lesion *lesion) {
  const vg_maps *donor = call->donor;
  const size_t n = vg_geometry_voxels(&donor->geo);
  const int cavity = vg_classes_find(&donor->classes, VG_CLASS_CAVITY) + 1;
  size_t there = 0;
  uint8_t *only = NULL;
  for (size_t i = 0; cavity && !call->cavity_free && i < n; i++) there += donor->tumour[i] == cavity;
  if (there && !(only = vg_malloc(n, 1))) return VG_MEMORY;
  for (size_t i = 0; only && i < n; i++) only[i] = donor->tumour[i] && donor->tumour[i] != cavity;
  vg_status st = vg_lesion_take(donor, only, lesion);
  vg_free(only);
  return st == VG_REFUSED ? vg_fail(st, "the donor has no tumour") : st;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  const char *at = vg_call_text(call, "at"), *region = vg_call_text(call, "region");
  if (!*at) at = *region ? "region" : "same";
  if (*region && !strcmp(at, "same")) return vg_fail(VG_CONFIG, "at=same takes no region");
  if (!*region && !strcmp(at, "region")) return vg_fail(VG_CONFIG, "at=region needs a region");
  vg_brain_frame donor;
  vg_change c;
  vg_status st = vg_change_begin(&c, maps, call, true);
  if (!st) st = take(call, &c.lesion);
  if (!st && (st = vg_memo_frame(call->memo, call->donor, &donor))) st = vg_fail_in(st, "the donor");
  if (!st) {
    vg_search search = {.allowed = c.allowed,
                        .frame = &c.frame,
                        .region = *region ? region : "any",
                        .keep_side = *region,
                        .what = "a tumour"};
    vg_lesion_pose pose = vg_lesion_pose_at(c.lesion.centre);
    double unit[3], same[3], site[3];
    align(&donor, &c.frame, pose.linear);
    vg_frame_to_unit(&donor, c.lesion.centre, unit);
    vg_frame_from_unit(&c.frame, unit, same);
    if (!strcmp(at, "same")) {
      search.region = vg_search_side(&c.frame, same);
      search.nominal = same;
      search.reach = REACH;
    } else if (!strcmp(at, "region")) {
      st = vg_site_middle(maps, c.allowed, &c.frame, region, same, site);
      search.nominal = site;
      search.reach = REACH;
    }
    if (!st) st = vg_search_site(maps, &c.lesion, &pose, &search, &c.rules, call->rng, NULL);
  }
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_graft = {
    .params = params, .needs_donor = true, .makes_tumour = true, .region_param = "region", .apply = apply};
