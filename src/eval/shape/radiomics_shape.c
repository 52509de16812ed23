/* radiomics_shape.c: features of a region's shape: its mesh, its diameters, the axes of the ellipsoid with
 * the same moments. */
#include <math.h>
#include <string.h>
#include "eval/radiomics/radiomics_family.h"
#include "eval/shape/shape_diameters.h"
#include "eval/shape/shape_mesh.h"
#include "eval/set/symmetric.h"

/* The variances of the voxels' centres along the principal axes, ascending, in mm^2. */
static vg_status find_axes(const vg_radiomics_levels *l, const double mm[3], double out[3]) {
  double sum[3] = {0}, products[9] = {0};
  const double n = (double)l->n_inside;
  for (int pass = 0; pass < 2; pass++) {
    size_t i = 0;
    for (int z = 0; z < l->dim[2]; z++) {
      for (int y = 0; y < l->dim[1]; y++) {
        for (int x = 0; x < l->dim[0]; x++, i++) {
          if (!l->at[i]) continue;
          const double at[3] = {x * mm[0], y * mm[1], z * mm[2]};
          for (int r = 0; r < 3; r++) {
            if (!pass) sum[r] += at[r];
            for (int c = 0; c <= r && pass; c++)
              products[3 * r + c] += (at[r] - sum[r] / n) * (at[c] - sum[c] / n) / n;
          }
        }
      }
    }
  }
  const vg_status st = vg_set_eigenvalues(products, 3, out);
  for (int a = 0; a < 3; a++) out[a] = fmax(out[a], 0); /* a flat region's least one is 0 but for rounding */
  return st;
}

enum {
  ELONGATION,
  FLATNESS,
  LEAST,
  MAJOR,
  COLUMN,
  ROW,
  SLICE,
  DIAMETER,
  MESH_VOLUME,
  MINOR,
  SPHERICITY,
  SURFACE,
  SURFACE_VOLUME,
  VOXEL_VOLUME
};

static vg_status compute(const vg_radiomics_region *r, double *out) {
  double axes[3], diameters[4], area, volume;
  vg_status st = find_axes(r->levels, r->mm, axes);
  if (!st) st = vg_shape_diameters(r->levels, r->mm, diameters);
  if (st) return st;
  vg_shape_mesh(r->levels, r->mm, &area, &volume);
  out[ELONGATION] = sqrt(axes[1] / axes[2]);
  out[FLATNESS] = sqrt(axes[0] / axes[2]);
  out[LEAST] = 4 * sqrt(axes[0]);
  out[MAJOR] = 4 * sqrt(axes[2]);
  out[MINOR] = 4 * sqrt(axes[1]);
  out[ROW] = diameters[0];
  out[COLUMN] = diameters[1];
  out[SLICE] = diameters[2];
  out[DIAMETER] = diameters[3];
  out[MESH_VOLUME] = volume;
  out[SURFACE] = area;
  out[SURFACE_VOLUME] = area / volume;
  out[SPHERICITY] = cbrt(36 * 3.14159265358979323846 * volume * volume) / area;
  out[VOXEL_VOLUME] = (double)r->levels->n_inside * r->mm[0] * r->mm[1] * r->mm[2];
  return VG_OK;
}

const vg_radiomics_family vg_radiomics_family_shape = {
    "shape",
    {"Elongation", "Flatness", "LeastAxisLength", "MajorAxisLength", "Maximum2DDiameterColumn",
     "Maximum2DDiameterRow", "Maximum2DDiameterSlice", "Maximum3DDiameter", "MeshVolume", "MinorAxisLength",
     "Sphericity", "SurfaceArea", "SurfaceVolumeRatio", "VoxelVolume"},
    compute};
