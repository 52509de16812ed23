/* edit_mirror.c: moves the tumour to the mirrored site in the other hemisphere. */
#include "edit/kind/change.h"

#define REACH 30.0 /* mm; the hemispheres are not quite symmetric */

static const vg_param params[] = {VG_SITE_PARAMS, VG_MASS_PARAMS, {0}};

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  vg_change c;
  vg_status st = vg_change_take(&c, maps, call, "mirror", true);
  if (!st) {
    double site[3], r[3][3];
    vg_frame_mirror(&c.frame, c.lesion.centre, site);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) r[i][j] = (i == j) - 2 * c.frame.axis[0][i] * c.frame.axis[0][j];
    vg_lesion_pose pose = vg_lesion_pose_at(site);
    vg_lesion_pose_turn(&pose, r);
    vg_search search = {.allowed = c.allowed,
                        .frame = &c.frame,
                        .region = vg_search_side(&c.frame, site),
                        .nominal = site,
                        .reach = REACH,
                        .what = "a tumour"};
    st = vg_search_site(maps, &c.lesion, &pose, &search, &c.rules, call->rng, NULL);
  }
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_mirror = {.params = params, .apply = apply};
