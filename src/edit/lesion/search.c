/* search.c: tries sites in turn until the lesion fits. */
#include "edit/lesion/search.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/whole.h"

/* Draws within one ball before the site counts as tried in vain. */
#define DRAWS 64

const char *vg_search_side(const vg_brain_frame *frame, const double mm[3]) {
  double unit[3];
  vg_frame_to_unit(frame, mm, unit);
  return unit[0] < 0 ? "left-hemisphere" : "right-hemisphere";
}

static bool allowed_there(const vg_maps *maps, const vg_search *s, const vg_affine *to_voxel,
                          const double mm[3]) {
  double ijk[3];
  size_t at = 0;
  vg_affine_apply(to_voxel, mm, ijk);
  for (int a = 2; a >= 0; a--) {
    double v = floor(ijk[a] + 0.5);
    if (!(v >= 0 && v < maps->geo.dim[a])) return false;
    at = at * (size_t)maps->geo.dim[a] + vg_rank_of(v, (size_t)maps->geo.dim[a]);
  }
  if (!(s->centres ? s->centres : s->allowed)[at]) return false;
  return vg_site_is_in(maps, s->frame, s->region, at, mm);
}

/* Draws an allowed point from the ball around the nominal site, all equally likely. */
static bool draw_near(const vg_maps *maps, const vg_search *s, const vg_affine *to_voxel, double radius,
                      vg_rng *rng, double mm[3]) {
  for (int draw = 0; draw < DRAWS; draw++) {
    double length = 0;
    for (int a = 0; a < 3; a++) {
      double off = vg_rng_uniform(rng, -1, 1);
      length += off * off;
      mm[a] = s->nominal[a] + radius * off;
    }
    if (length <= 1 && allowed_there(maps, s, to_voxel, mm)) return true;
  }
  return false;
}

/* Share of the lesion's points on the region's side of the midplane. */
static double share_on_side(const vg_lesion *l, const vg_lesion_pose *pose, const vg_brain_frame *frame,
                            double side) {
  vg_affine to_lesion = vg_lesion_pose_affine(l, pose), to_host;
  if (!vg_affine_invert(&to_lesion, &to_host)) VG_BUG("a lesion is put down flat");
  size_t there = 0;
  for (size_t i = 0; i < l->n_points; i++) {
    double point[3], mm[3], off = 0;
    for (int a = 0; a < 3; a++) point[a] = l->centre[a] + (double)l->points[3 * i + (size_t)a];
    vg_affine_apply(&to_host, point, mm);
    for (int a = 0; a < 3; a++) off += frame->axis[0][a] * (mm[a] - frame->origin[a]);
    there += side * off > 0;
  }
  return (double)there / (double)l->n_points;
}

static double fit_of(const vg_maps *maps, const vg_lesion *l, const vg_lesion_pose *pose,
                     const vg_search *s) {
  double fit = vg_lesion_fit(l, pose, &maps->geo, s->allowed);
  double side = !s->keep_side                         ? 0
                : vg_starts_with(s->region, "left-")  ? -1
                : vg_starts_with(s->region, "right-") ? 1
                                                      : 0;
  return side != 0 ? fmin(fit, share_on_side(l, pose, s->frame, side)) : fit;
}

static vg_status refuse(const vg_search *s, double ml, int tried, double best) {
  vg_str where = VG_STR_INIT;
  if (strcmp(s->region, "any")) vg_str_addf(&where, " in region %s", s->region);
  if (s->nominal)
    vg_str_addf(&where, " within %.0f mm of (%.0f, %.0f, %.0f)", s->reach, s->nominal[0], s->nominal[1],
                s->nominal[2]);
  vg_status st = vg_fail(VG_REFUSED,
                         "no site for %s of %.1f ml%s: %d tried, the best had %.0f%% of it on allowed "
                         "tissue",
                         s->what, ml, vg_str_text(&where), tried, floor(100 * best));
  vg_str_release(&where);
  return st;
}

vg_status vg_search_site(vg_maps *maps, const vg_lesion *lesion, vg_lesion_pose *pose,
                         const vg_search *search, const vg_site_rules *rules, vg_rng *rng, uint8_t *put) {
  vg_affine to_voxel;
  if (!vg_affine_invert(&maps->geo.affine, &to_voxel)) VG_BUG("maps with a flat grid");
  double best = 0, ml = lesion->ml[0] * pose->ml_factor;
  for (int tried = 0; tried < rules->tries; tried++) {
    bool drawn = true;
    if (search->nominal && !tried) {
      memcpy(pose->at, search->nominal, sizeof pose->at);
    } else if (search->nominal) {
      drawn = draw_near(maps, search, &to_voxel, search->reach * tried / rules->tries, rng, pose->at);
    } else {
      vg_status st = vg_site_draw(maps, search->centres ? search->centres : search->allowed, search->frame,
                                  search->region, rng, pose->at);
      if (st) return st;
    }
    double fit = drawn ? fit_of(maps, lesion, pose, search) : 0;
    if (fit > best) best = fit;
    if (!drawn || fit < rules->fit) continue;
    vg_status st = vg_lesion_put(maps, lesion, pose, search->allowed, rules, put);
    /* If the lesion fits here but its volume has no room, no other site has more. */
    return st ? vg_fail_in(st, "at site %d", tried + 1) : VG_OK;
  }
  return refuse(search, ml, rules->tries, best);
}
