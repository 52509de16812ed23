/* radiomics_cells.c: the features that run lengths, size zones and dependences share. */
#include "eval/radiomics/radiomics_cells.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "eval/radiomics/radiomics_levels.h"

static int by_length(const void *a, const void *b) {
  const vg_radiomics_cell *x = a, *y = b;
  return (x->length > y->length) - (x->length < y->length);
}

int vg_radiomics_cell_by_level(const void *a, const void *b) {
  const vg_radiomics_cell *x = a, *y = b;
  if (x->level != y->level) return x->level < y->level ? -1 : 1;
  return by_length(a, b);
}

/* The sum of squares of what cells of one level, or one length, add up to. Sorts the cells. */
static double squares(vg_radiomics_cell *c, size_t n, bool of_levels) {
  double sum = 0;
  qsort(c, n, sizeof *c, of_levels ? vg_radiomics_cell_by_level : by_length);
  for (size_t i = 0; i < n;) {
    const size_t from = i;
    double same = 0;
    for (; i < n && !(of_levels ? c[i].level > c[from].level : c[i].length > c[from].length); i++)
      same += c[i].count;
    sum += same * same;
  }
  return sum;
}

void vg_radiomics_cells_measure(vg_radiomics_cell *c, size_t n, double out[VG_CELL_FEATURES]) {
  double runs = 0, voxels = 0, mean_level = 0, mean_length = 0;
  memset(out, 0, VG_CELL_FEATURES * sizeof *out);
  for (size_t i = 0; i < n; i++) {
    runs += c[i].count;
    voxels += c[i].count * c[i].length;
    mean_level += c[i].count * c[i].level;
    mean_length += c[i].count * c[i].length;
  }
  mean_level /= runs;
  mean_length /= runs;
  for (size_t i = 0; i < n; i++) {
    const double p = c[i].count / runs, g = c[i].level * c[i].level, s = c[i].length * c[i].length;
    const double level_gap = c[i].level - mean_level, length_gap = c[i].length - mean_length;
    out[VG_CELL_LEVEL_VARIANCE] += p * level_gap * level_gap;
    out[VG_CELL_HIGH] += p * g;
    out[VG_CELL_LONG] += p * s;
    out[VG_CELL_LONG_HIGH] += p * s * g;
    out[VG_CELL_LONG_LOW] += p * s / g;
    out[VG_CELL_LOW] += p / g;
    out[VG_CELL_ENTROPY] -= p * log2(p + VG_LEVEL_EPS);
    out[VG_CELL_LENGTH_VARIANCE] += p * length_gap * length_gap;
    out[VG_CELL_SHORT] += p / s;
    out[VG_CELL_SHORT_HIGH] += p * g / s;
    out[VG_CELL_SHORT_LOW] += p / (s * g);
  }
  out[VG_CELL_LEVEL_NON_UNIFORMITY] = squares(c, n, true) / runs;
  out[VG_CELL_LEVEL_NON_UNIFORMITY_NORMALISED] = out[VG_CELL_LEVEL_NON_UNIFORMITY] / runs;
  out[VG_CELL_LENGTH_NON_UNIFORMITY] = squares(c, n, false) / runs;
  out[VG_CELL_LENGTH_NON_UNIFORMITY_NORMALISED] = out[VG_CELL_LENGTH_NON_UNIFORMITY] / runs;
  out[VG_CELL_PERCENTAGE] = runs / voxels;
}
