/* case_check.c: checks whether an edited case is fit for use. */
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "edit/brain/measure.h"
#include "study/study_internal.h"
#include "voxgan/log.h"
#include "base/whole.h"
#include "base/text/plural.h"

/* Counts the voxels whose anatomy or tumour code is unknown, or of the other role. Anatomy classes come
 * first, so a role is a range of codes. */
VG_HOT static size_t count_unknown(const vg_maps *m, uint8_t n_anatomy, uint8_t n_classes, size_t n) {
  size_t bad = 0;
  for (size_t i = 0; i < n; i++) {
    uint8_t a = m->anatomy[i], t = m->tumour[i];
    bad += (a > n_anatomy) | ((t != 0) & ((t <= n_anatomy) | (t > n_classes)));
  }
  return bad;
}

/* Counts the pieces that the tumour may have after the edits: those of the host and the donors, and those
 * that the edits may add. */
static int count_asked(const vg_edit_log *edits, vg_pieces pieces) {
  int asked = pieces.tumour;
  for (int i = 0; i < edits->n; i++) {
    const vg_edit_drawn *step = &edits->steps[i];
    const char *count = step->edit->pieces_param;
    asked += step->edit->adds_pieces;
    if (step->edit->may_split && pieces.core > pieces.tumour) asked += pieces.core - pieces.tumour;
    for (int p = 0; count && step->edit->params[p].name; p++)
      if (!strcmp(step->edit->params[p].name, count)) asked += vg_int_of(step->values[p].number);
  }
  return asked;
}

vg_status vg_study_check(const vg_maps *maps, const vg_brain_frame *frame, vg_pieces pieces,
                         const vg_edit_log *edits, const vg_plan_target *target, vg_tumour_facts *facts) {
  int n_anatomy = 0;
  for (int k = 0; k < maps->classes.n; k++) n_anatomy += maps->classes.roles[k] == VG_ROLE_ANATOMY;
  size_t unknown =
      count_unknown(maps, (uint8_t)n_anatomy, (uint8_t)maps->classes.n, vg_geometry_voxels(&maps->geo));
  if (unknown)
    return vg_fail(VG_REFUSED, "%zu %s of no known class", unknown,
                   vg_plural(unknown, "voxel is", "voxels are"));
  const int most = count_asked(edits, pieces);
  vg_status st = vg_tumour_measure_in(maps, frame, facts);
  if (st) return st;
  if (facts->outside_ml > 0)
    return vg_fail(VG_REFUSED, "%.3g ml of the tumour lie outside the brain", facts->outside_ml);
  if (facts->components > most)
    return vg_fail(VG_REFUSED, "the tumour is in %d pieces, where at most %d are asked for",
                   facts->components, most);
  const double voxel = vg_geometry_voxel_ml(&maps->geo); /* a grid cannot be more exact */
  const double *ml = target->ml, *left = target->left;
  if (facts->total_ml < ml[0] - voxel || facts->total_ml > ml[1] + voxel)
    return vg_fail(VG_REFUSED, "the tumour has %.4g ml, not %.10g to %.10g", facts->total_ml, ml[0], ml[1]);
  if (facts->left_share < left[0] || facts->left_share > left[1])
    return vg_fail(VG_REFUSED, "%.1f%% of the tumour is on the left, not %.0f to %.0f%%",
                   100 * facts->left_share, 100 * left[0], 100 * left[1]);
  return VG_OK;
}
