/* edit_mirror.c: the tumour at the mirrored place of the other hemisphere. */
#include "edit/kind/change.h"

#define REACH 30.0 /* mm: hemispheres are not alike */

static const vg_param params[] = {VG_PLACE_PARAMS, VG_MASS_PARAMS, {0}};

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  vg_change c;
  vg_status st = vg_change_take(&c, maps, call, "mirror", true);
  if (!st) {
    double place[3], r[3][3];
    vg_frame_mirror(&c.frame, c.lesion.centre, place);
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) r[i][j] = (i == j) - 2 * c.frame.axis[0][i] * c.frame.axis[0][j];
    vg_lesion_pose pose = vg_lesion_pose_at(place);
    vg_lesion_pose_turn(&pose, r);
    vg_search search = {.allowed = c.allowed,
                        .frame = &c.frame,
                        .region = vg_search_side(&c.frame, place),
                        .nominal = place,
                        .reach = REACH,
                        .what = "a tumour"};
    st = vg_search_place(maps, &c.lesion, &pose, &search, &c.rules, call->rng, NULL);
  }
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_mirror = {.params = params, .apply = apply};
