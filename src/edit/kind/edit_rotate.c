/* edit_rotate.c: turns the tumour about its centre. */
#include "edit/kind/change.h"

#define ANGLE(axis, text)                                                                           \
  {                                                                                                 \
    .name = axis, .type = VG_PARAM_NUMBER, .def = 0, .least = -360, .most = 360, .unit = "degrees", \
    .help = text                                                                                    \
  }

static const vg_param params[] = {
    ANGLE("x", "angle about the axis to the right"),
    ANGLE("y", "angle about the axis to the front, after x"),
    ANGLE("z", "angle about the axis upwards, after y"),
    {.name = "random", .type = VG_PARAM_FLAG, .help = "a random rotation, all equally likely"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  static const char *const axes[] = {"x", "y", "z"};
  double degrees[3], r[3][3];
  bool random = vg_call_flag(call, "random"), given = false;
  for (int a = 0; a < 3; a++) {
    degrees[a] = vg_call_number(call, axes[a]);
    given |= vg_call_given(call, axes[a]);
  }
  if (random == given) return vg_fail(VG_CONFIG, "give angles x, y, z, or random");
  if (random)
    vg_rotation_random(call->rng, r);
  else
    vg_rotation_of_angles(degrees, r);
  vg_change c;
  vg_status st = vg_change_take(&c, maps, call, "rotate", false);
  if (!st) {
    vg_lesion_pose pose = vg_lesion_pose_at(c.lesion.centre);
    vg_lesion_pose_turn(&pose, r);
    st = vg_change_put_near(&c, &pose, c.lesion.centre);
  }
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_rotate = {.params = params, .apply = apply};
