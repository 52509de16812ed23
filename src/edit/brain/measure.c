/* measure.c: measures an edited tumour. */
#include "edit/brain/measure.h"

#include <string.h>

#include "edit/brain/frame.h"
#include "voxgan/edit.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/number/extent.h"

/* The tumour's box. */
typedef struct box {
  int lo[3], extent[3];
} box;

static size_t voxels_of(const box *b) {
  return vg_extent_voxels(b->extent);
}

/* The first voxel of row (y, z) of the box in the whole grid. */
static size_t row_of(const vg_maps *m, const box *b, int y, int z) {
  const int *dim = m->geo.dim;
  return ((size_t)(b->lo[2] + z) * (size_t)dim[1] + (size_t)(b->lo[1] + y)) * (size_t)dim[0] +
         (size_t)b->lo[0];
}

vg_status vg_tumour_pieces(const vg_maps *maps, uint8_t without, int *pieces) {
  box b;
  *pieces = 0;
  if (!vg_mask_box(maps->tumour, maps->geo.dim, 0, b.lo, b.extent)) return VG_OK;
  size_t n = voxels_of(&b), found = 0;
  uint8_t *mask = vg_malloc(n, 1), *to = mask;
  uint32_t *label = vg_malloc(n, sizeof *label);
  vg_status st = mask && label ? VG_OK : VG_MEMORY;
  for (int z = 0; z < b.extent[2] && !st; z++)
    for (int y = 0; y < b.extent[1]; y++) {
      const uint8_t *from = maps->tumour + row_of(maps, &b, y, z);
      for (int x = 0; x < b.extent[0]; x++) *to++ = from[x] && from[x] != without;
    }
  if (!st) st = vg_components(mask, b.extent, 26, label, &found, NULL);
  *pieces = (int)found;
  vg_free(mask);
  vg_free(label);
  return st;
}

vg_status vg_tumour_measure(const vg_maps *maps, vg_tumour_facts *out) {
  vg_brain_frame frame;
  memset(out, 0, sizeof *out);
  if (!vg_mask_box(maps->tumour, maps->geo.dim, 0, (int[3]){0}, (int[3]){0})) return VG_OK;
  vg_status st = vg_frame_find(maps, &frame);
  return st ? st : vg_tumour_measure_in(maps, &frame, out);
}

vg_status vg_tumour_measure_in(const vg_maps *maps, const vg_brain_frame *frame, vg_tumour_facts *out) {
  box b;
  memset(out, 0, sizeof *out);
  if (!vg_mask_box(maps->tumour, maps->geo.dim, 0, b.lo, b.extent)) return VG_OK;
  vg_status st = vg_tumour_pieces(maps, 0, &out->components);
  if (st) return st;

  /* The distance to the midsagittal plane is linear: side[0] x + side[1] y + side[2] z + side[3] at voxel
   * (x, y, z). */
  const double(*a)[4] = maps->geo.affine.m;
  double side[4] = {0};
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 3; c++) side[c] += frame->axis[0][r] * a[r][c];
    side[3] += frame->axis[0][r] * (a[r][3] - frame->origin[r]);
  }
  size_t count[VG_CLASSES_MAX + 1] = {0}, sum[3] = {0}, outside = 0, left = 0, all = 0;
  for (int z = 0; z < b.extent[2]; z++)
    for (int y = 0; y < b.extent[1]; y++) {
      size_t row = row_of(maps, &b, y, z);
      size_t at[3] = {0, (size_t)(b.lo[1] + y), (size_t)(b.lo[2] + z)};
      double offset = side[3] + side[1] * (double)at[1] + side[2] * (double)at[2];
      for (int x = 0; x < b.extent[0]; x++) {
        uint8_t code = maps->tumour[row + (size_t)x];
        if (!code) continue;
        at[0] = (size_t)(b.lo[0] + x);
        count[code <= VG_CLASSES_MAX ? code : 0]++;
        for (int k = 0; k < 3; k++) sum[k] += at[k];
        outside += !maps->brain[row + (size_t)x];
        left += offset + side[0] * (double)at[0] < 0;
        all++;
      }
    }
  double centre[3];
  const double ml = vg_geometry_voxel_ml(&maps->geo);
  for (int k = 0; k < maps->classes.n; k++) out->ml[k] = (double)count[k + 1] * ml;
  for (int k = 0; k < 3; k++) centre[k] = (double)sum[k] / (double)all;
  vg_affine_apply(&maps->geo.affine, centre, out->centre);
  out->total_ml = (double)all * ml;
  out->outside_ml = (double)outside * ml;
  out->left_share = (double)left / (double)all;
  return VG_OK;
}
