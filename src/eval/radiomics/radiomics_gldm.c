/* radiomics_gldm.c: features of the grey level dependence matrix (Sun and Wee 1983): how many neighbours of a
 * voxel have its level, and the voxel itself. */
#include "base/mem.h"
#include "eval/radiomics/radiomics_cells.h"
#include "eval/radiomics/radiomics_family.h"

enum { SIZES = 2 * VG_DIRECTIONS + 1 };

/* Counts the voxels by level and size into (n, SIZES). */
static void count_sizes(const vg_radiomics_levels *l, double *count) {
  for (size_t i = 0; i < l->voxels; i++) {
    const unsigned level = l->at[i];
    unsigned others = 0;
    if (!level) continue;
    for (int k = 0; k < l->n_steps; k++) {
      others += l->at[(ptrdiff_t)i + l->step[k]] == level;
      others += l->at[(ptrdiff_t)i - l->step[k]] == level;
    }
    count[(level - 1) * SIZES + others]++;
  }
}

vg_status vg_radiomics_gldm(const vg_radiomics_levels *l, double out[14]) {
  static const int order[14] = {VG_CELL_ENTROPY,
                                VG_CELL_LENGTH_NON_UNIFORMITY,
                                VG_CELL_LENGTH_NON_UNIFORMITY_NORMALISED,
                                VG_CELL_LENGTH_VARIANCE,
                                VG_CELL_LEVEL_NON_UNIFORMITY,
                                VG_CELL_LEVEL_VARIANCE,
                                VG_CELL_HIGH,
                                VG_CELL_LONG,
                                VG_CELL_LONG_HIGH,
                                VG_CELL_LONG_LOW,
                                VG_CELL_LOW,
                                VG_CELL_SHORT,
                                VG_CELL_SHORT_HIGH,
                                VG_CELL_SHORT_LOW};
  const size_t n = (size_t)l->n;
  double *count = vg_calloc(n * SIZES, sizeof *count), all[VG_CELL_FEATURES];
  vg_radiomics_cell *cells = VG_NEW_N(vg_radiomics_cell, n * SIZES);
  vg_status st = count && cells ? VG_OK : VG_MEMORY;
  if (!st) {
    size_t met = 0;
    count_sizes(l, count);
    for (size_t k = 0; k < n * SIZES; k++)
      if (count[k] > 0)
        cells[met++] = (vg_radiomics_cell){l->value[k / SIZES], (double)(k % SIZES + 1), count[k]};
    vg_radiomics_cells_measure(cells, met, all);
    for (int f = 0; f < 14; f++) out[f] = all[order[f]];
  }
  vg_free(count);
  vg_free(cells);
  return st;
}

static vg_status compute(const vg_radiomics_region *r, double *out) {
  return vg_radiomics_gldm(r->levels, out);
}

const vg_radiomics_family vg_radiomics_family_gldm = {
    "gldm",
    {"DependenceEntropy", "DependenceNonUniformity", "DependenceNonUniformityNormalized",
     "DependenceVariance", "GrayLevelNonUniformity", "GrayLevelVariance", "HighGrayLevelEmphasis",
     "LargeDependenceEmphasis", "LargeDependenceHighGrayLevelEmphasis", "LargeDependenceLowGrayLevelEmphasis",
     "LowGrayLevelEmphasis", "SmallDependenceEmphasis", "SmallDependenceHighGrayLevelEmphasis",
     "SmallDependenceLowGrayLevelEmphasis"},
    compute};
