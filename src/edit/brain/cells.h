/* cells.h: label maps averaged over cells of a few millimetres, for coarse computations. */
#ifndef VG_EDIT_CELLS_H
#define VG_EDIT_CELLS_H
#include "voxgan/maps.h"

/* Shares of a cell. Tumour counts as brain only, because the tissue under it is unknown. */
enum { VG_CELL_BRAIN, VG_CELL_FLUID, VG_CELL_WHITE, VG_CELL_KNOWN, VG_CELL_CHANNELS };

/* The maps' cells with a border of one empty cell. Caller-owned: _init, _release. */
typedef struct vg_cells {
  int dim[3], block[3];             /* cells, and voxels of a cell, along each axis */
  vg_affine world;                  /* cell index -> mm, at cells' centres */
  float (*share)[VG_CELL_CHANNELS]; /* (Z, Y, X), 0..1 */
  float *marked;                    /* (Z, Y, X): share of marked voxels; NULL if no mask was given */
} vg_cells;

/* Makes cells of about `mm` a side. marked: mask (Z, Y, X) of the maps, or NULL. After a failure the caller
 * may release out. */
vg_status vg_cells_init(const vg_maps *maps, const uint8_t *marked, double mm, vg_cells *out);
/* Blurs with weights 1/4, 1/2, 1/4 along each axis. */
void vg_cells_blur(vg_cells *c);
void vg_cells_release(vg_cells *c);

/* Finds the eight cells around a point: the index of the first, and the fraction of the way to the next along
 * each axis. false: the point is outside. */
static inline bool vg_cells_at(const int dim[3], const float at[3], size_t *first, float on[3]) {
  size_t base = 0;
  for (int a = 2; a >= 0; a--) {
    if (!(at[a] >= 0 && at[a] < (float)(dim[a] - 1))) return false;
    int whole = (int)at[a];
    on[a] = at[a] - (float)whole;
    base = base * (size_t)dim[a] + (size_t)whole;
  }
  *first = base;
  return true;
}

/* Interpolates one of `width` interleaved channels at that point, trilinearly. */
static inline float vg_cells_value(const int dim[3], const float *v, size_t width, size_t first,
                                   const float on[3]) {
  size_t nx = (size_t)dim[0], side[4] = {0, nx, nx * (size_t)dim[1], nx * (size_t)dim[1] + nx};
  float s[4];
  for (int j = 0; j < 4; j++) {
    size_t o = width * (first + side[j]);
    s[j] = v[o] + on[0] * (v[o + width] - v[o]);
  }
  float low = s[0] + on[1] * (s[1] - s[0]), high = s[2] + on[1] * (s[3] - s[2]);
  return low + on[2] * (high - low);
}

#endif
