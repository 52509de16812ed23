/* edit_multifocal.c: adds satellites, small copies of the tumour elsewhere in the brain. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "edit/kind/change.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/whole.h"

static const vg_param params[] = {
    {.name = "n",
     .type = VG_PARAM_WHOLE,
     .def = 2,
     .least = 1,
     .most = 50,
     .unit = "",
     .help = "number of satellites"},
    {.name = "ml",
     .type = VG_PARAM_NUMBER,
     .def = 3,
     .least = 0.01,
     .most = 200,
     .unit = "ml",
     .help = "median volume of a satellite"},
    {.name = "spread",
     .type = VG_PARAM_NUMBER,
     .def = 0.5,
     .least = 0,
     .most = 2,
     .unit = "",
     .help = "standard deviation of the logarithm of their volumes; 0: all equal"},
    {.name = "near",
     .type = VG_PARAM_NUMBER,
     .def = 10,
     .least = 0,
     .most = 200,
     .unit = "mm",
     .help = "least distance of a satellite's centre from the tumour"},
    {.name = "far",
     .type = VG_PARAM_NUMBER,
     .def = 60,
     .least = 1,
     .most = 200,
     .unit = "mm",
     .help = "most distance of a satellite's centre from the tumour"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* Takes the tumour's largest piece as a lesion; satellites are copies of it. */
static vg_status take_largest(const vg_maps *maps, vg_lesion *l) {
  vg_status st = vg_lesion_take(maps, NULL, l);
  if (st == VG_REFUSED) return vg_fail(st, "the case has no tumour to add satellites of");
  if (st || l->pieces == 1) return st;
  vg_lesion_release(l);
  size_t n = vg_geometry_voxels(&maps->geo), pieces, *sizes = NULL, largest = 0;
  uint32_t *label = vg_malloc(n, sizeof *label);
  uint8_t *only = vg_malloc(n, 1);
  st = label && only ? vg_components(maps->tumour, maps->geo.dim, 26, label, &pieces, &sizes) : VG_MEMORY;
  if (!st) {
    for (size_t k = 1; k < pieces; k++)
      if (sizes[k] > sizes[largest]) largest = k;
    for (size_t i = 0; i < n; i++) only[i] = label[i] == largest + 1;
    st = vg_lesion_take(maps, only, l);
  }
  vg_free(sizes);
  vg_free(label);
  vg_free(only);
  return st;
}

/* centres: the voxels at the right distance from the tumour. The satellite's centre is drawn from those that
 * are allowed, and the others are cleared. */
static vg_status add_satellite(vg_change *c, uint8_t *centres, uint8_t *put, double ml, const char *what) {
  size_t n = vg_geometry_voxels(&c->maps->geo);
  double r[3][3];
  vg_lesion_pose pose = vg_lesion_pose_at(c->lesion.centre);
  vg_rotation_random(c->call->rng, r);
  vg_lesion_pose_turn(&pose, r);
  vg_lesion_pose_scale(&pose, ml / c->lesion.ml[0]);
  const uint8_t *restrict allowed = c->allowed;
  uint8_t *restrict left = centres;
  for (size_t i = 0; i < n; i++) left[i] &= allowed[i];
  memset(put, 0, n);
  vg_search search = {.allowed = c->allowed, .centres = centres, .region = "any", .what = what};
  vg_status st = vg_search_site(c->maps, &c->lesion, &pose, &search, &c->rules, c->call->rng, put);
  if (!st && !c->rules.anywhere) st = vg_site_keep_off(&c->maps->geo, put, c->rules.gap, c->allowed);
  return st;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  int count = vg_int_of(vg_call_number(call, "n"));
  double near = vg_call_number(call, "near"), far = vg_call_number(call, "far");
  if (near > far) return vg_fail(VG_CONFIG, "near, %g mm, is beyond far, %g mm", near, far);
  size_t n = vg_geometry_voxels(&maps->geo);
  uint8_t *centres = vg_malloc(n, 1), *put = vg_malloc(n, 1);
  vg_change c = {0};
  vg_status st = centres && put ? vg_change_begin(&c, maps, call, false) : VG_MEMORY;
  if (!st) st = take_largest(maps, &c.lesion);
  if (!st) st = vg_site_band(&maps->geo, maps->tumour, near, far, centres);
  for (int k = 0; k < count && !st; k++) {
    char what[64];
    snprintf(what, sizeof what, "satellite %d of %d,", k + 1, count);
    double ml = vg_call_number(call, "ml") * exp(vg_call_number(call, "spread") * vg_rng_normal(call->rng));
    st = add_satellite(&c, centres, put, ml, what);
  }
  vg_free(centres);
  vg_free(put);
  return vg_change_end(&c, st);
}

const vg_edit vg_edit_multifocal = {.params = params, .pieces_param = "n", .apply = apply};
