/* spatial.c: rotation, size and smooth displacement of a sample, in one interpolation. */
#include "sample/spatial.h"

#include <math.h>
#include <string.h>
#include "base/number/extent.h"
#include "base/simd.h"
#include "prep/pack/channel.h"
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

/* Fills positions with the displacement in voxels. */
static void bend(double sd_mm, const double mm[3], const int dim[3], vg_rng *r, float *scratch,
                 float *positions) {
  const double cell[3] = {VG_SPATIAL_ELASTIC_MM / mm[0], VG_SPATIAL_ELASTIC_MM / mm[1],
                          VG_SPATIAL_ELASTIC_MM / mm[2]};
  const size_t n = vg_extent_voxels(dim);
  memset(positions, 0, 3 * n * sizeof *positions);
  for (int a = 0; a < 3 && sd_mm > 0; a++) {
    const vg_field f = vg_field_of(dim, cell, sd_mm / mm[a]);
    if (dim[a] > 1) vg_field_draw(&f, r, scratch, positions + (size_t)a * n);
  }
}

void vg_spatial_draw(const vg_augment *how, const vg_case *c, const int lo[3], const int dim[3], vg_rng *r,
                     float *scratch, float *positions) {
  const double mm[3] = {c->record.spacing[2], c->record.spacing[1], c->record.spacing[0]};
  const size_t n = vg_extent_voxels(dim);
  double m[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (int a = 0; a < 3; a++) {
    const double degrees = vg_rng_uniform(r, -how->rotate, how->rotate);
    if (dim[(a + 1) % 3] > 1 && dim[(a + 2) % 3] > 1) vg_deform_turn(m, a, degrees);
  }
  const double most = log(1 + how->scale), size = exp(vg_rng_uniform(r, -most, most));
  bend(vg_rng_uniform(r, 0, how->elastic), mm, dim, r, scratch, positions);
  size_t i = 0;
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[2]; x++, i++) {
        const double o[3] = {(z - (dim[0] - 1) / 2.0) * mm[0] / size, (y - (dim[1] - 1) / 2.0) * mm[1] / size,
                             (x - (dim[2] - 1) / 2.0) * mm[2] / size};
        for (int a = 0; a < 3; a++)
          positions[(size_t)a * n + i] += (float)(lo[a] + (dim[a] - 1) / 2.0 +
                                                  (m[a][0] * o[0] + m[a][1] * o[1] + m[a][2] * o[2]) / mm[a]);
      }
}

/* ---- between the voxels ---- */

/* One axis of a position: the voxel below it and the share of the one above. */
typedef struct between {
  int at;
  float above;
} between;

static inline between split(float position) {
  const float below = floorf(position);
  /* A position far outside would not fit into an int; all of them are background. */
  return below < -2 || below > 1e6f ? (between){-2, 0} : (between){(int)below, position - below};
}

/* The value of a voxel; outside of a row's voxels it is the background's. */
#define INTERPOLATE(name, type, outside)                                                                    \
  static inline float name##_at(const vg_channel *c, const vg_row *r, int x) {                              \
    const uint32_t i = (uint32_t)x - r->x;                                                                  \
    if (i >= r->n) return outside;                                                                          \
    return r->at == VG_ROW_FULL ? (float)c->full : (float)((const type *)c->values)[r->at + i];             \
  }                                                                                                         \
  VG_HOT static void name(const vg_channel *c, const float *positions, size_t n, float scale, float *out) { \
    for (size_t i = 0; i < n; i++) {                                                                        \
      const between z = split(positions[i]), y = split(positions[n + i]), x = split(positions[2 * n + i]);  \
      float sum = 0;                                                                                        \
      for (int k = 0; k < 4; k++) {                                                                         \
        const int up[2] = {k >> 1, k & 1};                                                                  \
        const float w = (up[0] ? z.above : 1 - z.above) * (up[1] ? y.above : 1 - y.above);                  \
        const float below = w * (1 - x.above), above = w * x.above;                                         \
        if (!(w > 0)) continue;                                                                             \
        const vg_row r = vg_channel_row(c, y.at + up[1], z.at + up[0]);                                     \
        if (below > 0) sum += below * name##_at(c, &r, x.at);                                               \
        if (above > 0) sum += above * name##_at(c, &r, x.at + 1);                                           \
      }                                                                                                     \
      out[i] = sum * scale;                                                                                 \
    }                                                                                                       \
  }
INTERPOLATE(fractions, uint8_t, 0.0f)
INTERPOLATE(intensities, int16_t, -32767.0f)

void vg_spatial_patch(const vg_case *c, const float *positions, size_t voxels, float *labels, float *image) {
  for (int k = 0; k < c->n_classes; k++) {
    const vg_channel ch = vg_case_labels(c, k);
    fractions(&ch, positions, voxels, 1.0f / 255, labels + (size_t)k * voxels);
  }
  for (int k = 0; k < c->n_series; k++) {
    const vg_channel ch = vg_case_image(c, k);
    intensities(&ch, positions, voxels, 1.0f / 32767, image + (size_t)k * voxels);
  }
}

void vg_spatial_brain(const vg_case *c, const float *positions, size_t voxels, float *inside) {
  const vg_channel brain = vg_case_brain(c);
  fractions(&brain, positions, voxels, 1.0f / 255, inside);
}
