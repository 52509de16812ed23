/* edit_deform.c: deforms the tumour alone, or all maps together, by a smooth random displacement. */
#include <math.h>
#include <string.h>

#include "edit/kind/change.h"
#include "edit/displace/warp.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/whole.h"

static const vg_param params[] = {
    {.name = "target",
     .type = VG_PARAM_CHOICE,
     .text_def = "tumour",
     .choices = "tumour|all",
     .unit = "",
     .help = "tumour: its volume stays; all: anatomy, brain and tumour together"},
    {.name = "amplitude",
     .type = VG_PARAM_NUMBER,
     .def = 4,
     .least = 0.1,
     .most = 50,
     .unit = "mm",
     .help = "longest displacement; limited to about a fifth of smoothness, so that space cannot fold"},
    {.name = "smoothness",
     .type = VG_PARAM_NUMBER,
     .def = 20,
     .least = 4,
     .most = 200,
     .unit = "mm",
     .help = "distance over which the displacement changes"},
    VG_SITE_PARAMS,
    VG_MASS_PARAMS,
    {0},
};

/* The lesion's box, enlarged by `room` mm. */
static vg_geometry grown(const vg_geometry *geo, double room) {
  vg_geometry g = *geo;
  double mm[3], corner[3], world[3];
  vg_geometry_spacing(geo, mm);
  for (int a = 0; a < 3; a++) {
    int voxels = vg_int_of(ceil(room / mm[a]));
    g.dim[a] += 2 * voxels;
    corner[a] = -voxels;
  }
  vg_affine_apply(&geo->affine, corner, world);
  for (int a = 0; a < 3; a++) g.affine.m[a][3] = world[a];
  return g;
}

static vg_status deform_tumour(vg_maps *maps, const vg_edit_call *call, double amplitude, double smoothness) {
  vg_change c;
  vg_warp warp = {0};
  vg_status st = vg_change_take(&c, maps, call, "deform", false);
  if (!st) {
    vg_geometry around = grown(&c.lesion.geo, smoothness);
    st = vg_warp_random(&around, amplitude, smoothness, call->rng, &warp);
  }
  if (!st) {
    /* Moving the lesion by its displacement keeps its centre where it was. */
    double at[3], d[3];
    vg_warp_at(&warp, c.lesion.centre, d);
    for (int a = 0; a < 3; a++) at[a] = c.lesion.centre[a] + d[a];
    vg_lesion_pose pose = vg_lesion_pose_at(at);
    pose.warp = vg_warp_at, pose.warp_field = &warp, pose.warp_reach = warp.reach;
    st = vg_change_put_near(&c, &pose, at);
  }
  vg_warp_release(&warp);
  return vg_change_end(&c, st);
}

/* ---- all maps ---- */

typedef struct head {
  const vg_warp *warp;
  const vg_maps *from;
  vg_maps *to;
  float to_voxels[3][3]; /* mm -> voxels */
  int lo[3], n[3];       /* the box that may change */
} head;

/* The code with the greatest weight among the eight corners. */
static uint8_t elect(const uint8_t *codes, const size_t corner[8], const float weight[8]) {
  float best = 0;
  uint8_t elected = codes[corner[0]];
  for (int i = 0; i < 8; i++) {
    float sum = 0;
    for (int j = 0; j < 8; j++) sum += codes[corner[j]] == codes[corner[i]] ? weight[j] : 0;
    if (sum > best) best = sum, elected = codes[corner[i]];
  }
  return elected;
}

static bool uniform(const uint8_t *codes, const size_t corner[8]) {
  uint8_t differ = 0;
  for (int i = 1; i < 8; i++) differ |= codes[corner[i]] ^ codes[corner[0]];
  return !differ;
}

/* Writes to voxel `to` what the old maps have at point v (in voxels). Only corners inside the brain vote on
 * anatomy and tumour, so that the three maps agree. */
static void show(const head *h, const float v[3], size_t to) {
  const vg_maps *from = h->from;
  const int *dim = from->geo.dim;
  size_t corner[8], base = 0, step[3] = {1, (size_t)dim[0], (size_t)dim[0] * (size_t)dim[1]};
  float on[3], weight[8], inside = 0;
  for (int a = 0; a < 3; a++) {
    float last = (float)(dim[a] - 1), at = v[a] < 0 ? 0 : v[a] > last ? last : v[a];
    int whole = vg_index_of((double)at, dim[a]);
    on[a] = at - (float)whole;
    base += (size_t)whole * step[a];
    if (whole == dim[a] - 1) step[a] = 0;
  }
  for (int i = 0; i < 8; i++)
    corner[i] = base + (i & 1 ? step[0] : 0) + (i & 2 ? step[1] : 0) + (i & 4 ? step[2] : 0);
  bool sure = uniform(from->brain, corner);
  if (sure && (!from->brain[base] || (uniform(from->anatomy, corner) && uniform(from->tumour, corner)))) {
    h->to->brain[to] = from->brain[base];
    h->to->anatomy[to] = from->anatomy[base];
    h->to->tumour[to] = from->tumour[base];
    return;
  }
  for (int i = 0; i < 8; i++) {
    weight[i] = from->brain[corner[i]] ? 1 : 0;
    for (int a = 0; a < 3; a++) weight[i] *= i >> a & 1 ? on[a] : 1 - on[a];
    inside += weight[i];
  }
  bool brain = inside >= 0.5f;
  h->to->brain[to] = brain;
  h->to->anatomy[to] = brain ? elect(from->anatomy, corner, weight) : 0;
  h->to->tumour[to] = brain ? elect(from->tumour, corner, weight) : 0;
}

static vg_status warp_slice(void *arg, size_t slice) {
  const head *h = arg;
  const vg_geometry *geo = &h->from->geo;
  int z = h->lo[2] + (int)slice;
  float *row = vg_malloc(3 * (size_t)geo->dim[0], sizeof *row);
  if (!row) return VG_MEMORY;
  for (int y = h->lo[1]; y < h->lo[1] + h->n[1]; y++) {
    vg_warp_row(h->warp, geo, y, z, row);
    size_t base = ((size_t)z * (size_t)geo->dim[1] + (size_t)y) * (size_t)geo->dim[0];
    for (int x = h->lo[0]; x < h->lo[0] + h->n[0]; x++) {
      float v[3] = {(float)x, (float)y, (float)z};
      for (int a = 0; a < 3; a++)
        for (int k = 0; k < 3; k++) v[a] += h->to_voxels[a][k] * row[3 * x + k];
      show(h, v, base + (size_t)x);
    }
  }
  vg_free(row);
  return VG_OK;
}

static vg_status deform_all(vg_maps *maps, vg_rng *rng, double amplitude, double smoothness) {
  vg_warp warp = {0};
  vg_maps from = {0};
  head h = {.warp = &warp, .from = &from, .to = maps};
  double mm[3];
  vg_affine to_voxel;
  vg_geometry_spacing(&maps->geo, mm);
  if (!vg_affine_invert(&maps->geo.affine, &to_voxel)) VG_BUG("maps with a flat grid");
  for (int a = 0; a < 3; a++)
    for (int k = 0; k < 3; k++) h.to_voxels[a][k] = (float)to_voxel.m[a][k];
  vg_status st = vg_warp_random(&maps->geo, amplitude, smoothness, rng, &warp);
  int margin = vg_int_of(ceil(warp.reach / fmin(mm[0], fmin(mm[1], mm[2]))));
  if (!st && !vg_mask_box(maps->brain, maps->geo.dim, margin, h.lo, h.n))
    st = vg_fail(VG_REFUSED, "the case has no brain to deform");
  if (!st) st = vg_maps_copy(maps, &from);
  if (!st) st = vg_parallel((size_t)h.n[2], warp_slice, &h);
  vg_maps_release(&from);
  vg_warp_release(&warp);
  return st;
}

static vg_status apply(vg_maps *maps, const vg_edit_call *call) {
  double amplitude = vg_call_number(call, "amplitude"), smoothness = vg_call_number(call, "smoothness");
  if (!strcmp(vg_call_text(call, "target"), "all")) return deform_all(maps, call->rng, amplitude, smoothness);
  return deform_tumour(maps, call, amplitude, smoothness);
}

static bool moves_brain(const vg_edit_call *call) {
  return strcmp(vg_call_text(call, "target"), "all") == 0;
}

const vg_edit vg_edit_deform = {.params = params, .moves_brain = moves_brain, .apply = apply};
