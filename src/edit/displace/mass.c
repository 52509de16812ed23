/* mass.c: the anatomy around a new tumour flows outward.
 *
 * We follow each cell's centre back along the flow over a unit of time. Voxels interpolate their displacement
 * between the cells around, and take the class with the most weight around the point that they come from.
 */
#include "edit/displace/mass.h"
#include "base/number/extent.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "edit/displace/pressure.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/whole.h"
#include "label/class_words.h"

#define CELL 4.0
#define STEPS 4
/* Voxels: a smaller shift along every axis leaves most of the weight in the voxel itself, 0.794^3 > 1/2. */
#define STILL 0.206f

typedef struct work {
  vg_maps *maps;
  vg_cells cells;
  vg_flow flow;
  float (*shift)[3];             /* (Z, Y, X) of cells: the origin of each minus its position, in voxels */
  const uint8_t *before;         /* anatomy */
  bool head[VG_CLASSES_MAX + 1]; /* codes of rigid tissue, which a tumour may hide */
  size_t jump[3], corner[8];     /* to the next voxel along an axis, to the eight around a point */
} work;

/* Follows one layer of cells back, by the midpoint method. */
static vg_status trace_layer(void *arg, size_t z) {
  work *w = arg;
  const vg_cells *c = &w->cells;
  size_t i = z * (size_t)c->dim[0] * (size_t)c->dim[1];
  for (int y = 0; y < c->dim[1]; y++)
    for (int x = 0; x < c->dim[0]; x++, i++) {
      if (c->share[i][VG_CELL_BRAIN] == 0) continue;
      float from[3] = {(float)x, (float)y, (float)z}, half[3], v[3];
      for (int k = 0; k < STEPS; k++) {
        vg_flow_at(&w->flow, from, v);
        for (int a = 0; a < 3; a++) half[a] = from[a] - v[a] * (0.5f / STEPS);
        vg_flow_at(&w->flow, half, v);
        for (int a = 0; a < 3; a++) from[a] -= v[a] * (1.0f / STEPS);
      }
      const float at[3] = {(float)x, (float)y, (float)z};
      for (int a = 0; a < 3; a++) w->shift[i][a] = (from[a] - at[a]) * (float)c->block[a];
    }
  return VG_OK;
}

/* The known class with the most weight around a point; 0 if all are unknown. sum: zeros, before and after. */
static uint8_t class_at(const work *w, const float at[3], float sum[VG_CLASSES_MAX + 1]) {
  const int *dim = w->maps->geo.dim;
  const uint8_t *v = w->before;
  float on[3];
  for (int a = 0; a < 3; a++) {
    float most = (float)(dim[a] - 1), point = at[a] < 0 ? 0 : at[a] > most ? most : at[a];
    int low = vg_index_of((double)point, dim[a]) - (point == most && dim[a] > 1);
    on[a] = point - (float)low;
    v += (size_t)low * w->jump[a];
  }
  const size_t *to = w->corner;
  uint8_t code[8] = {v[0], v[to[1]], v[to[2]], v[to[3]], v[to[4]], v[to[5]], v[to[6]], v[to[7]]}, best = 0;
  uint64_t all;
  memcpy(&all, code, sizeof all);
  if (all == code[0] * UINT64_C(0x0101010101010101)) return code[0];
  for (int k = 0; k < 8; k++)
    sum[code[k]] += (k & 1 ? on[0] : 1 - on[0]) * (k & 2 ? on[1] : 1 - on[1]) * (k & 4 ? on[2] : 1 - on[2]);
  sum[0] = 0;
  for (int k = 0; k < 8; k++)
    if (sum[code[k]] > sum[best] || (sum[code[k]] == sum[best] && code[k] < best)) best = code[k];
  for (int k = 0; k < 8; k++) sum[code[k]] = 0;
  return best;
}

/* The class that a voxel takes from `shift` away. If that point is unknown or outside the brain, we take the
 * first known point on the way back. */
static uint8_t class_from(const work *w, const float voxel[3], const float shift[3], float *sum) {
  for (int k = 4; k > 0; k--) {
    float at[3];
    for (int a = 0; a < 3; a++) at[a] = voxel[a] + shift[a] * (0.25f * (float)k);
    uint8_t code = class_at(w, at, sum);
    if (code) return code;
  }
  return 0;
}

/* Interpolates between the four rows of cells around a row of voxels; returns the largest displacement along
 * any axis. */
VG_HOT static float blend_rows(const float *v, size_t n, size_t next_y, size_t next_z, float fy, float fz,
                               float *line) {
  float most = 0;
  for (size_t i = 0; i < n; i++) {
    float lo = v[i] + fy * (v[i + next_y] - v[i]);
    float hi = v[i + next_z] + fy * (v[i + next_y + next_z] - v[i + next_z]);
    line[i] = lo + fz * (hi - lo);
    float far = fabsf(line[i]);
    most = far > most ? far : most;
  }
  return most;
}

/* Moves one layer of voxels. Displacements are interpolated between rows of cells first, then along each row.
 */
static vg_status move_layer(void *arg, size_t z) {
  const work *w = arg;
  vg_maps *m = w->maps;
  const vg_cells *c = &w->cells;
  size_t nx = (size_t)m->geo.dim[0], row_floats = 3 * (size_t)c->dim[0];
  float sum[VG_CLASSES_MAX + 1] = {0}, *line = vg_malloc(row_floats, sizeof *line);
  if (!line) return VG_MEMORY;
  float cell_z = ((float)z + 0.5f) / (float)c->block[2] + 0.5f, per_cell = 1 / (float)c->block[0];
  for (int y = 0; y < m->geo.dim[1]; y++) {
    size_t row = (z * (size_t)m->geo.dim[1] + (size_t)y) * nx;
    if (!memchr(m->brain + row, 1, nx)) continue;
    float cell_y = ((float)y + 0.5f) / (float)c->block[1] + 0.5f;
    size_t below = ((size_t)cell_z * (size_t)c->dim[1] + (size_t)cell_y) * row_floats;
    float most = blend_rows(&w->shift[0][0] + below, row_floats, row_floats, row_floats * (size_t)c->dim[1],
                            cell_y - floorf(cell_y), cell_z - floorf(cell_z), line);
    for (size_t x = 0; most > STILL && x < nx; x++) {
      if (!m->brain[row + x] || w->head[m->anatomy[row + x]]) continue;
      float cell_x = ((float)x + 0.5f) * per_cell + 0.5f, shift[3], own = 1;
      size_t i = (size_t)cell_x;
      const float *lo = line + 3 * i, *hi = lo + 3;
      for (int a = 0; a < 3; a++) {
        shift[a] = lo[a] + (cell_x - (float)i) * (hi[a] - lo[a]);
        float left = 1 - fabsf(shift[a]);
        own *= left > 0 ? left : 0;
      }
      if (own > 0.5f) continue;
      const float voxel[3] = {(float)x, (float)y, (float)z};
      uint8_t code = class_from(w, voxel, shift, sum);
      if (code) m->anatomy[row + x] = code;
    }
  }
  vg_free(line);
  return VG_OK;
}

vg_status vg_mass_effect(vg_maps *maps, const uint8_t *added, const vg_mass_settings *s) {
  if (!(s->share > 0)) return VG_OK;
  work w = {.maps = maps};
  double mm[3], cell_mm[3];
  size_t n = vg_geometry_voxels(&maps->geo);
  vg_geometry_spacing(&maps->geo, mm);
  uint8_t *before = vg_malloc(n, 1);
  vg_status st = before ? vg_cells_init(maps, added, CELL, &w.cells) : VG_MEMORY;
  for (int a = 0; a < 3; a++) {
    cell_mm[a] = mm[a] * w.cells.block[a];
    w.jump[a] = a ? w.jump[a - 1] * (size_t)maps->geo.dim[a - 1] : 1;
    for (int k = 0; k < 8; k++) w.corner[k] += k >> a & 1 && maps->geo.dim[a] > 1 ? w.jump[a] : 0;
  }
  if (!st) st = vg_flow_find(&w.cells, cell_mm, s->share, s->falloff, &w.flow);
  size_t cells = vg_extent_voxels(w.cells.dim);
  if (!st && !(w.shift = vg_calloc(cells, sizeof *w.shift))) st = VG_MEMORY;
  if (!st) st = vg_parallel((size_t)w.cells.dim[2], trace_layer, &w);
  if (!st) {
    vg_class_head_table(&maps->classes, w.head);
    for (size_t i = 0; i < n; i++) before[i] = w.head[maps->anatomy[i]] ? 0 : maps->anatomy[i];
    w.before = before;
    st = vg_parallel((size_t)maps->geo.dim[2], move_layer, &w);
  }
  vg_flow_release(&w.flow);
  vg_cells_release(&w.cells);
  vg_free(w.shift);
  vg_free(before);
  return st;
}
