/* edit_scale.c: grows or shrinks the tumour about its centre. */
#include <math.h>

#include "edit/kind/change.h"

static const vg_param params[] = {
    {.name = "factor",
     .type = VG_PARAM_NUMBER,
     .def = NAN,
     .least = 0.01,
     .most = 100,
     .unit = "",
     .help = "factor of the volume; give this, diameter or ml"},
    {.name = "diameter",
     .type = VG_PARAM_NUMBER,
     .def = NAN,
     .least = 0.2,
     .most = 5,
     .unit = "",
     .help = "factor of the diameter"},
    {.name = "ml",
     .type = VG_PARAM_NUMBER,
     .def = NAN,
     .least = 0.001,
     .most = 1000,
     .unit = "ml",
     .help = "volume wanted"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* The factor of the volume that a call asks for. */
static double factor_of(const vg_edit_call *call, double before) {
  const double factor = vg_call_number(call, "factor"), diameter = vg_call_number(call, "diameter"),
               ml = vg_call_number(call, "ml");
  return !isnan(ml) ? ml / before : !isnan(diameter) ? diameter * diameter * diameter : factor;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  double factor = vg_call_number(call, "factor"), diameter = vg_call_number(call, "diameter"),
         ml = vg_call_number(call, "ml");
  if (!isnan(factor) + !isnan(diameter) + !isnan(ml) != 1)
    return vg_fail(VG_CONFIG, "give one of factor, diameter and ml");
  vg_change c;
  vg_status st = vg_change_take(&c, maps, call, "scale", false);
  if (!st) {
    vg_lesion_pose pose = vg_lesion_pose_at(c.lesion.centre);
    vg_lesion_pose_scale(&pose, factor_of(call, c.lesion.ml[0]));
    st = vg_change_put_near(&c, &pose, c.lesion.centre);
  }
  return vg_change_end(&c, st);
}

static double volume(const vg_edit_call *call, double before) {
  const double ml = vg_call_number(call, "ml");
  return !isnan(ml) ? ml : before * factor_of(call, before);
}

const vg_edit vg_edit_scale = {.params = params, .volume = volume, .apply = apply};
