/* radiomics_cells.h: a matrix of levels by lengths, such as that of run lengths, as a list of its cells. */
#ifndef VG_EVAL_RADIOMICS_CELLS_H
#define VG_EVAL_RADIOMICS_CELLS_H
#include <stddef.h>

/* So many runs of a level have a length. */
typedef struct vg_radiomics_cell {
  double level, length, count;
} vg_radiomics_cell;

/* In the order of pyradiomics' names for run lengths. */
enum {
  VG_CELL_LEVEL_NON_UNIFORMITY,
  VG_CELL_LEVEL_NON_UNIFORMITY_NORMALISED,
  VG_CELL_LEVEL_VARIANCE,
  VG_CELL_HIGH,
  VG_CELL_LONG,
  VG_CELL_LONG_HIGH,
  VG_CELL_LONG_LOW,
  VG_CELL_LOW,
  VG_CELL_ENTROPY,
  VG_CELL_LENGTH_NON_UNIFORMITY,
  VG_CELL_LENGTH_NON_UNIFORMITY_NORMALISED,
  VG_CELL_PERCENTAGE,
  VG_CELL_LENGTH_VARIANCE,
  VG_CELL_SHORT,
  VG_CELL_SHORT_HIGH,
  VG_CELL_SHORT_LOW,
  VG_CELL_FEATURES
};

/* For qsort: by level, then by length. */
int vg_radiomics_cell_by_level(const void *a, const void *b);

/* Reorders the cells. */
void vg_radiomics_cells_measure(vg_radiomics_cell *c, size_t n, double out[VG_CELL_FEATURES]);

#endif
