/* lesion.c: takes a tumour out of its maps as nested distance fields. */
#include "edit/lesion/lesion.h"

#include <string.h>

#include "edit/brain/tissue.h"
#include "grid/grid.h"
#include "base/mem.h"

/* With so many points, the share on allowed tissue is right to a percent or two. */
#define POINTS 4096

void vg_lesion_release(vg_lesion *l) {
  for (int k = 0; k < l->n; k++) vg_free(l->field[k]);
  vg_free(l->points);
  memset(l, 0, sizeof *l);
}

/* Copies the tumour's codes into the lesion's box, which may reach beyond the grid. */
static uint8_t *cut_out(const vg_maps *maps, const uint8_t *only, const int from[3], const vg_geometry *box) {
  uint8_t *codes = vg_calloc(vg_geometry_voxels(box), 1);
  if (!codes) return NULL;
  const int *dim = maps->geo.dim, *n = box->dim;
  for (int z = VG_LESION_MARGIN; z < n[2] - VG_LESION_MARGIN; z++)
    for (int y = VG_LESION_MARGIN; y < n[1] - VG_LESION_MARGIN; y++) {
      size_t there = ((size_t)(from[2] + z) * (size_t)dim[1] + (size_t)(from[1] + y)) * (size_t)dim[0];
      uint8_t *row = codes + ((size_t)z * (size_t)n[1] + (size_t)y) * (size_t)n[0];
      for (int x = VG_LESION_MARGIN; x < n[0] - VG_LESION_MARGIN; x++) {
        size_t i = there + (size_t)(from[0] + x);
        if (!only || only[i]) row[x] = maps->tumour[i];
      }
    }
  return codes;
}

/* Replaces each code by the number of regions around it, and finds the regions, their volumes and the centre.
 */
static void find_regions(const vg_classes *classes, uint8_t *codes, vg_lesion *l) {
  int depth[VG_CLASSES_MAX + 1], depths = vg_tumour_depths(classes, depth);
  size_t n = vg_geometry_voxels(&l->geo), count[VG_CLASSES_MAX + 1] = {0}, all = 0;
  for (size_t i = 0; i < n; i++) count[codes[i]]++;
  uint8_t regions[VG_CLASSES_MAX + 1] = {0};
  for (int d = 0; d < depths; d++)
    for (int code = 1; code <= classes->n; code++)
      if (depth[code] == d && count[code]) {
        l->code[l->n++] = (uint8_t)code;
        regions[code] = (uint8_t)l->n;
        all += count[code];
      }
  double sum[3] = {0};
  const double voxel_ml = vg_geometry_voxel_ml(&l->geo);
  size_t within = all;
  for (int k = 0; k < l->n; k++) {
    l->ml[k] = (double)within * voxel_ml;
    within -= count[l->code[k]];
  }
  size_t i = 0;
  for (int z = 0; z < l->geo.dim[2]; z++)
    for (int y = 0; y < l->geo.dim[1]; y++)
      for (int x = 0; x < l->geo.dim[0]; x++, i++)
        if ((codes[i] = regions[codes[i]])) sum[0] += x, sum[1] += y, sum[2] += z;
  for (int a = 0; a < 3; a++) sum[a] /= (double)all;
  vg_affine_apply(&l->geo.affine, sum, l->centre);
}

/* Samples region 0 at every n-th voxel, with n such that there are at most POINTS. */
static vg_status scatter_points(const uint8_t *depth, vg_lesion *l) {
  size_t n = vg_geometry_voxels(&l->geo), inside = 0, seen = 0;
  for (size_t i = 0; i < n; i++) inside += depth[i] > 0;
  size_t every = (inside + POINTS - 1) / POINTS;
  if (!(l->points = vg_malloc(3 * (inside / every + 1), sizeof(float)))) return VG_MEMORY;
  const size_t nx = (size_t)l->geo.dim[0], ny = (size_t)l->geo.dim[1];
  for (size_t i = 0; i < n; i++) {
    if (!depth[i] || seen++ % every) continue;
    double mm[3];
    vg_affine_apply(&l->geo.affine,
                    (double[]){(double)(i % nx), (double)(i / nx % ny), (double)(i / nx / ny)}, mm);
    float *p = l->points + 3 * l->n_points++;
    for (int a = 0; a < 3; a++) p[a] = (float)(mm[a] - l->centre[a]);
  }
  return VG_OK;
}

static vg_status measure_regions(const uint8_t *depth, vg_lesion *l) {
  size_t n = vg_geometry_voxels(&l->geo);
  double mm[3];
  vg_geometry_spacing(&l->geo, mm);
  uint8_t *mask = vg_malloc(n, 1);
  uint32_t *label = vg_malloc(n, sizeof *label);
  vg_status st = mask && label ? VG_OK : VG_MEMORY;
  for (int k = 0; k < l->n && !st; k++) {
    for (size_t i = 0; i < n; i++) mask[i] = depth[i] > k;
    if (!(l->field[k] = vg_malloc(n, sizeof(float))))
      st = VG_MEMORY;
    else
      st = vg_signed_distance(mask, l->geo.dim, mm, l->field[k]);
  }
  if (!st) st = scatter_points(depth, l);
  if (!st) st = vg_components(depth, l->geo.dim, 26, label, &l->pieces, NULL);
  vg_free(mask);
  vg_free(label);
  return st;
}

vg_status vg_lesion_take(const vg_maps *maps, const uint8_t *only, vg_lesion *out) {
  memset(out, 0, sizeof *out);
  int from[3], extent[3];
  if (!vg_mask_box(only ? only : maps->tumour, maps->geo.dim, 0, from, extent))
    return vg_fail(VG_REFUSED, "there is no tumour");
  double corner[3];
  out->geo = maps->geo;
  for (int a = 0; a < 3; a++) {
    from[a] -= VG_LESION_MARGIN, corner[a] = from[a];
    out->geo.dim[a] = extent[a] + 2 * VG_LESION_MARGIN;
  }
  double origin[3];
  vg_affine_apply(&maps->geo.affine, corner, origin);
  for (int a = 0; a < 3; a++) out->geo.affine.m[a][3] = origin[a];
  uint8_t *codes = cut_out(maps, only, from, &out->geo);
  vg_status st = codes ? VG_OK : VG_MEMORY;
  if (!st) {
    find_regions(&maps->classes, codes, out);
    st = out->n ? measure_regions(codes, out) : vg_fail(VG_REFUSED, "there is no tumour");
  }
  vg_free(codes);
  if (st) vg_lesion_release(out);
  return st;
}
