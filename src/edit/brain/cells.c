/* cells.c: counts voxels into cells. */
#include "edit/brain/cells.h"
#include "base/number/extent.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "edit/brain/tissue.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/whole.h"

#define BLOCK_MAX 40 /* voxels of a cell along an axis: counts of a cell fit 16 bits */

typedef struct count {
  const vg_maps *maps;
  const uint8_t *marked;
  uint64_t adds[VG_CLASSES_MAX + 1]; /* by anatomy code, four 16-bit numbers */
  vg_cells *c;
} count;

static uint64_t one_in(int channel) {
  return (uint64_t)1 << (16 * channel);
}

/* Counts one layer of cells. */
static vg_status count_layer(void *arg, size_t layer) {
  const count *w = arg;
  const vg_cells *c = w->c;
  const vg_maps *m = w->maps;
  const int *dim = m->geo.dim;
  size_t nx = (size_t)dim[0], row_cells = (size_t)c->dim[0], layer_cells = row_cells * (size_t)c->dim[1];
  size_t block = (size_t)c->block[0];
  uint64_t *sums = vg_calloc(layer_cells, sizeof *sums);
  if (!sums) return VG_MEMORY;
  float each = 1.0f / (float)(c->block[0] * c->block[1] * c->block[2]);
  float *marks = c->marked ? c->marked + (layer + 1) * layer_cells : NULL;
  int z0 = (int)layer * c->block[2], z1 = z0 + c->block[2] < dim[2] ? z0 + c->block[2] : dim[2];
  for (int z = z0; z < z1; z++)
    for (int y = 0; y < dim[1]; y++) {
      size_t at = ((size_t)z * (size_t)dim[1] + (size_t)y) * nx;
      const uint8_t *brain = m->brain + at, *first = memchr(brain, 1, nx);
      if (!first) continue;
      size_t last = nx, cell = (size_t)(1 + y / c->block[1]) * row_cells + 1;
      while (!brain[last - 1]) last--;
      for (size_t x = (size_t)(first - brain); x < last; x++)
        if (brain[x])
          sums[cell + x / block] += m->tumour[at + x] ? one_in(VG_CELL_BRAIN) : w->adds[m->anatomy[at + x]];
      for (size_t x = (size_t)(first - brain); marks && x < last; x++)
        if (w->marked[at + x]) marks[cell + x / block] += each;
    }
  float(*out)[VG_CELL_CHANNELS] = c->share + (layer + 1) * layer_cells;
  for (size_t i = 0; i < layer_cells; i++)
    for (int k = 0; k < VG_CELL_CHANNELS; k++) out[i][k] = each * (float)(sums[i] >> (16 * k) & 0xffff);
  vg_free(sums);
  return VG_OK;
}

vg_status vg_cells_init(const vg_maps *maps, const uint8_t *marked, double mm, vg_cells *out) {
  memset(out, 0, sizeof *out);
  double spacing[3];
  vg_geometry_spacing(&maps->geo, spacing);
  vg_affine scale = {{{0}}};
  for (int a = 0; a < 3; a++) {
    double block = round(mm / spacing[a]);
    out->block[a] = 1 + vg_index_of(block - 1, BLOCK_MAX);
    out->dim[a] = (maps->geo.dim[a] + out->block[a] - 1) / out->block[a] + 2;
    scale.m[a][a] = out->block[a];
    scale.m[a][3] = -0.5 * out->block[a] - 0.5;
  }
  out->world = vg_affine_mul(&maps->geo.affine, &scale);
  size_t n = vg_extent_voxels(out->dim);
  out->share = vg_calloc(n, sizeof *out->share);
  if (marked) out->marked = vg_calloc(n, sizeof *out->marked);
  if (!out->share || (marked && !out->marked)) return VG_MEMORY;
  count w = {.maps = maps, .marked = marked, .c = out};
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&maps->classes, kind);
  for (int k = 0; k <= maps->classes.n; k++)
    w.adds[k] = one_in(VG_CELL_BRAIN) + (kind[k] == VG_TISSUE_FLUID ? one_in(VG_CELL_FLUID) : 0) +
                (kind[k] == VG_TISSUE_WHITE ? one_in(VG_CELL_WHITE) : 0) +
                (kind[k] != VG_TISSUE_NONE ? one_in(VG_CELL_KNOWN) : 0);
  return vg_parallel((size_t)out->dim[2] - 2, count_layer, &w);
}

VG_HOT void vg_cells_blur(vg_cells *c) {
  size_t nx = VG_CELL_CHANNELS * (size_t)c->dim[0],
         stride[3] = {VG_CELL_CHANNELS, nx, nx * (size_t)c->dim[1]};
  size_t n = stride[2] * (size_t)c->dim[2];
  float *v = &c->share[0][0];
  for (int a = 0; a < 3; a++) {
    /* Works in the array itself: each value becomes its mean with the one before it (from the end), and then
     * with the one after it (from the start). Rows run into each other only in the empty border. */
    for (size_t i = n; i-- > stride[a];) v[i] = 0.5f * (v[i] + v[i - stride[a]]);
    for (size_t i = 0; i + stride[a] < n; i++) v[i] = 0.5f * (v[i] + v[i + stride[a]]);
  }
}

void vg_cells_release(vg_cells *c) {
  vg_free(c->share);
  vg_free(c->marked);
  memset(c, 0, sizeof *c);
}
