/* tumour_crop.c: the extent and the position of the tumour discriminator's box. */
#include "sample/tumour_crop.h"

#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/number/statistic.h"

#define MULTIPLE 8
#define LEAST 16

typedef struct box {
  int lo[3], hi[3]; /* x, y, z; hi is the last voxel */
} box;

static void include(box *b, const int at[3]) {
  for (int a = 0; a < 3; a++) {
    if (at[a] < b->lo[a]) b->lo[a] = at[a];
    if (at[a] > b->hi[a]) b->hi[a] = at[a];
  }
}

static box nothing(const int dim[3]) {
  return (box){{dim[0], dim[1], dim[2]}, {-1, -1, -1}};
}

static box box_of_case(const vg_case *c) {
  box b = nothing(c->record.dim);
  for (uint32_t i = 0; i < c->n_tumour; i++) {
    int at[3];
    vg_extent_at(c->record.dim, c->tumour[i], at);
    include(&b, at);
  }
  return b;
}

vg_status vg_tumour_crop_extent(const vg_case *cases, size_t n, double margin, const int patch[3],
                                int extent[3]) {
  double *want[3] = {NULL};
  size_t with = 0;
  vg_status st = VG_OK;
  memset(extent, 0, 3 * sizeof *extent);
  for (int a = 0; a < 3 && !st; a++)
    if (!(want[a] = vg_malloc(n, sizeof *want[a]))) st = VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) {
    if (!cases[i].n_tumour) continue;
    const box b = box_of_case(&cases[i]);
    for (int a = 0; a < 3; a++)
      want[a][with] = b.hi[a] - b.lo[a] + 1 + 2 * margin / cases[i].record.spacing[a];
    with++;
  }
  for (int a = 0; a < 3 && !st && with; a++) {
    const double median = vg_statistic_median(want[a], with);
    const int most = patch[2 - a];
    int *e = &extent[2 - a];
    *e = (int)fmin(ceil(median / MULTIPLE) * MULTIPLE, most);
    if (*e < LEAST) *e = most < LEAST ? most : LEAST;
  }
  for (int a = 0; a < 3; a++) vg_free(want[a]);
  return st;
}

static bool is_tumour(const float *fractions, int n, size_t voxels, size_t i) {
  float sum = 0;
  for (int k = 0; k < n; k++) sum += fractions[(size_t)k * voxels + i];
  return sum > 0.5f;
}

/* The voxel that is the k-th of the tumour. */
static size_t nth(const float *fractions, int n, size_t voxels, uint64_t k) {
  for (size_t i = 0; i < voxels; i++)
    if (is_tumour(fractions, n, voxels, i) && !k--) return i;
  return 0;
}

void vg_tumour_crop_place(const float *fractions, int n, const int dim[3], const int extent[3], vg_rng *r,
                          float out[VG_CROP_NUMBERS]) {
  const int xyz[3] = {dim[2], dim[1], dim[0]};
  const size_t voxels = vg_extent_voxels(dim);
  box b = nothing(xyz);
  uint64_t count = 0;
  int at[3];
  memset(out, 0, VG_CROP_NUMBERS * sizeof *out);
  for (size_t i = 0; i < voxels; i++) {
    if (!is_tumour(fractions, n, voxels, i)) continue;
    vg_extent_at(xyz, i, at);
    include(&b, at);
    count++;
  }
  if (!count) return;
  vg_extent_at(xyz, nth(fractions, n, voxels, vg_rng_below(r, count)), at);
  for (int a = 0; a < 3; a++) {
    const int own = extent[2 - a], most = xyz[a] - own;
    const bool fits = b.hi[a] - b.lo[a] < own;
    const int lo = fits ? (b.lo[a] + b.hi[a] + 1 - own) / 2 : at[a] - own / 2;
    out[VG_CROP_AT + 2 - a] = (float)(lo < 0 ? 0 : lo > most ? most : lo);
  }
  out[VG_CROP_PRESENT] = 1;
}
