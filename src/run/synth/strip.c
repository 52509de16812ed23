/* strip.c: the brain without the fluid around it. */
#include "run/synth/strip.h"

#include "base/mem.h"
#include "edit/brain/tissue.h"
#include "grid/grid.h"
#include "prep/brain.h"

/* Voxels up to mm away from the mask (or, from its complement, further than mm) stay 1. */
static vg_status near(uint8_t *mask, const vg_geometry *geo, bool complement, double mm, float *distance) {
  const size_t n = vg_geometry_voxels(geo);
  double voxel[3];
  vg_geometry_spacing(geo, voxel);
  for (size_t i = 0; i < n; i++) mask[i] = !mask[i] == complement;
  const vg_status st = vg_distance(mask, geo->dim, voxel, distance);
  for (size_t i = 0; i < n && !st; i++) mask[i] = (distance[i] <= mm) != complement;
  return st;
}

vg_status vg_strip_fluid(const vg_maps *m, uint8_t *brain) {
  vg_tissue kind[VG_CLASSES_MAX + 1];
  const size_t n = vg_geometry_voxels(&m->geo);
  float *distance = vg_malloc(n, sizeof *distance);
  if (!distance) return VG_MEMORY;
  vg_tissue_table(&m->classes, kind);
  for (size_t i = 0; i < n; i++)
    brain[i] = m->brain[i] && (m->tumour[i] || kind[m->anatomy[i]] != VG_TISSUE_FLUID);
  vg_status st = vg_brain_of_mask(brain, m->geo.dim);
  if (!st) st = near(brain, &m->geo, false, VG_STRIP_MM, distance);
  if (!st) st = near(brain, &m->geo, true, VG_STRIP_MM, distance);
  if (!st) st = vg_brain_of_mask(brain, m->geo.dim);
  for (size_t i = 0; i < n && !st; i++) brain[i] &= m->brain[i];
  vg_free(distance);
  return st;
}
