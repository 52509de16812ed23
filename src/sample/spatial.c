/* spatial.c: rotation, size and smooth displacement of a sample, in one interpolation. */
#include "sample/spatial.h"

#include <math.h>
#include <string.h>
#include "base/number/extent.h"
#include "base/simd.h"
#include "prep/randomise/deform.h"
#include "prep/randomise/field.h"

bool vg_spatial_wanted(const vg_augment *how) {
  return how->share > 0 && (how->rotate > 0 || how->scale > 0 || how->elastic > 0);
}

size_t vg_spatial_scratch(const int dim[3]) {
  /* Cells as small as they can be, whatever the case's voxels. */
  const vg_field most = vg_field_of(dim, (const double[3]){1, 1, 1}, 1);
  return vg_field_scratch(&most);
}

/* Fills places with the displacement in voxels. */
static void bend(double sd_mm, const double mm[3], const int dim[3], vg_rng *r, float *scratch,
                 float *places) {
  const double cell[3] = {VG_SPATIAL_ELASTIC_MM / mm[0], VG_SPATIAL_ELASTIC_MM / mm[1],
                          VG_SPATIAL_ELASTIC_MM / mm[2]};
  const size_t n = vg_extent_voxels(dim);
  memset(places, 0, 3 * n * sizeof *places);
  for (int a = 0; a < 3 && sd_mm > 0; a++) {
    const vg_field f = vg_field_of(dim, cell, sd_mm / mm[a]);
    if (dim[a] > 1) vg_field_draw(&f, r, scratch, places + (size_t)a * n);
  }
}

void vg_spatial_draw(const vg_augment *how, const vg_case *c, const int lo[3], const int dim[3], vg_rng *r,
                     float *scratch, float *places) {
  const double mm[3] = {c->record.spacing[2], c->record.spacing[1], c->record.spacing[0]};
  const size_t n = vg_extent_voxels(dim);
  double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (int a = 0; a < 3; a++) {
    const double degrees = vg_rng_uniform(r, -how->rotate, how->rotate);
    if (dim[(a + 1) % 3] > 1 && dim[(a + 2) % 3] > 1) vg_deform_turn(m, a, degrees);
  }
  const double most = log(1 + how->scale), size = exp(vg_rng_uniform(r, -most, most));
  bend(vg_rng_uniform(r, 0, how->elastic), mm, dim, r, scratch, places);
  size_t i = 0;
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[2]; x++, i++) {
        const double o[3] = {(z - (dim[0] - 1) / 2.0) * mm[0] / size, (y - (dim[1] - 1) / 2.0) * mm[1] / size,
                             (x - (dim[2] - 1) / 2.0) * mm[2] / size};
        for (int a = 0; a < 3; a++)
          places[(size_t)a * n + i] += (float)(lo[a] + (dim[a] - 1) / 2.0 +
                                               (m[a][0] * o[0] + m[a][1] * o[1] + m[a][2] * o[2]) / mm[a]);
      }
}

/* ---- between the voxels ---- */

/* One axis of a place: the voxel below it and the share of the one above. */
typedef struct between {
  int at;
  float above;
} between;

static inline between split(float place) {
  const float below = floorf(place);
  /* A place far outside would not fit into an int; all of them are background. */
  return below < -2 || below > 1e6f ? (between){-2, 0} : (between){(int)below, place - below};
}

/* The value of a voxel; outside of the case it is the background's. */
#define INTERPOLATE(name, type, outside)                                                                     \
  static inline float name##_at(const type *v, const int have[3], int z, int y, int x) {                     \
    const bool in = z >= 0 && z < have[0] && y >= 0 && y < have[1] && x >= 0 && x < have[2];                 \
    return in ? (float)v[((size_t)z * (size_t)have[1] + (size_t)y) * (size_t)have[2] + (size_t)x] : outside; \
  }                                                                                                          \
  VG_HOT static void name(const type *v, const int have[3], const float *places, size_t n, float scale,      \
                          float *out) {                                                                      \
    for (size_t i = 0; i < n; i++) {                                                                         \
      const between z = split(places[i]), y = split(places[n + i]), x = split(places[2 * n + i]);            \
      float sum = 0;                                                                                         \
      for (int k = 0; k < 8; k++) {                                                                          \
        const int up[3] = {k >> 2, k >> 1 & 1, k & 1};                                                       \
        const float w = (up[0] ? z.above : 1 - z.above) * (up[1] ? y.above : 1 - y.above) *                  \
                        (up[2] ? x.above : 1 - x.above);                                                     \
        if (w > 0) sum += w * name##_at(v, have, z.at + up[0], y.at + up[1], x.at + up[2]);                  \
      }                                                                                                      \
      out[i] = sum * scale;                                                                                  \
    }                                                                                                        \
  }
INTERPOLATE(fractions, uint8_t, 0.0f)
INTERPOLATE(intensities, int16_t, -32767.0f)

static void extent_of(const vg_case *c, int have[3]) {
  for (int a = 0; a < 3; a++) have[a] = c->record.dim[2 - a];
}

void vg_spatial_patch(const vg_case *c, const float *places, size_t voxels, float *labels, float *image) {
  const size_t n = vg_extent_voxels(c->record.dim);
  int have[3];
  extent_of(c, have);
  for (int k = 0; k < c->n_classes; k++)
    fractions(c->labels + (size_t)k * n, have, places, voxels, 1.0f / 255, labels + (size_t)k * voxels);
  for (int k = 0; k < c->n_series; k++)
    intensities(c->image + (size_t)k * n, have, places, voxels, 1.0f / 32767, image + (size_t)k * voxels);
}

void vg_spatial_brain(const vg_case *c, const float *places, size_t voxels, float *inside) {
  int have[3];
  extent_of(c, have);
  fractions(c->brain, have, places, voxels, 1.0f / 255, inside);
}
