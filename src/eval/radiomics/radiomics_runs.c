/* radiomics_runs.c: features of run lengths (Galloway 1975) and of size zones (Thibault et al. 2014). A run
 * is a line of neighbours of one level, a zone a component of one level by 26 neighbours; their features are
 * the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "eval/radiomics/radiomics_cells.h"
#include "eval/radiomics/radiomics_family.h"

/* Merges cells of one level and length; returns how many remain. */
static size_t merge(vg_radiomics_cell *c, size_t n) {
  size_t kept = 0;
  qsort(c, n, sizeof *c, vg_radiomics_cell_by_level);
  for (size_t i = 0; i < n; i++) {
    if (kept && !vg_radiomics_cell_by_level(&c[kept - 1], &c[i]))
      c[kept - 1].count += c[i].count;
    else
      c[kept++] = c[i];
  }
  return kept;
}

/* Counts the runs of a direction into room (n, longest + 1) and lists them. */
static size_t list_runs(const vg_radiomics_levels *l, ptrdiff_t step, size_t longest, double *room,
                        vg_radiomics_cell *out) {
  const size_t n = (size_t)l->n;
  size_t met = 0;
  memset(room, 0, n * (longest + 1) * sizeof *room);
  for (size_t i = 0; i < l->voxels; i++) {
    const unsigned level = l->at[i];
    if (!level || l->at[(ptrdiff_t)i - step] == level) continue;
    size_t length = 1;
    for (ptrdiff_t k = (ptrdiff_t)i + step; l->at[k] == level; k += step) length++;
    room[(level - 1) * (longest + 1) + length]++;
  }
  for (size_t g = 0; g < n; g++)
    for (size_t s = 1; s <= longest; s++)
      if (room[g * (longest + 1) + s] > 0)
        out[met++] = (vg_radiomics_cell){l->value[g], (double)s, room[g * (longest + 1) + s]};
  return met;
}

vg_status vg_radiomics_glrlm(const vg_radiomics_levels *l, double out[16]) {
  size_t longest = 0;
  for (int a = 0; a < 3; a++)
    if ((size_t)l->dim[a] > longest) longest = (size_t)l->dim[a];
  double *room = vg_malloc((size_t)l->n * (longest + 1), sizeof *room);
  vg_radiomics_cell *cells = VG_NEW_N(vg_radiomics_cell, (size_t)l->n * longest);
  vg_status st = room && cells ? VG_OK : VG_MEMORY;
  memset(out, 0, VG_CELL_FEATURES * sizeof *out);
  for (int k = 0; k < l->n_steps && !st; k++) {
    double one[VG_CELL_FEATURES];
    vg_radiomics_cells_measure(cells, list_runs(l, l->step[k], longest, room, cells), one);
    for (int f = 0; f < VG_CELL_FEATURES; f++) out[f] += one[f] / l->n_steps;
  }
  vg_free(room);
  vg_free(cells);
  return st;
}

/* Grows the zone of a voxel, and clears it from the map. Returns its size. */
static size_t take_zone(const vg_radiomics_levels *l, uint16_t *at, size_t from, size_t *stack) {
  const uint16_t level = at[from];
  size_t size = 0, n = 0;
  stack[n++] = from;
  at[from] = 0;
  while (n) {
    const ptrdiff_t here = (ptrdiff_t)stack[--n];
    size++;
    for (int k = 0; k < 2 * l->n_steps; k++) {
      const ptrdiff_t next = here + (k & 1 ? -l->step[k / 2] : l->step[k / 2]);
      if (at[next] != level) continue;
      at[next] = 0;
      stack[n++] = (size_t)next;
    }
  }
  return size;
}

vg_status vg_radiomics_glszm(const vg_radiomics_levels *l, double out[16]) {
  uint16_t *at = vg_malloc(l->voxels, sizeof *at);
  size_t *stack = VG_NEW_N(size_t, l->n_inside), zones = 0;
  vg_radiomics_cell *cells = VG_NEW_N(vg_radiomics_cell, l->n_inside);
  vg_status st = at && stack && cells ? VG_OK : VG_MEMORY;
  if (!st) {
    memcpy(at, l->at, l->voxels * sizeof *at);
    for (size_t i = 0; i < l->voxels; i++) {
      if (!at[i]) continue;
      const double level = l->value[at[i] - 1];
      cells[zones++] = (vg_radiomics_cell){level, (double)take_zone(l, at, i, stack), 1};
    }
    vg_radiomics_cells_measure(cells, merge(cells, zones), out);
  }
  vg_free(at);
  vg_free(stack);
  vg_free(cells);
  return st;
}

static vg_status compute_runs(const vg_radiomics_region *r, double *out) {
  return vg_radiomics_glrlm(r->levels, out);
}

const vg_radiomics_family vg_radiomics_family_glrlm = {
    "glrlm",
    {"GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized", "GrayLevelVariance",
     "HighGrayLevelRunEmphasis", "LongRunEmphasis", "LongRunHighGrayLevelEmphasis",
     "LongRunLowGrayLevelEmphasis", "LowGrayLevelRunEmphasis", "RunEntropy", "RunLengthNonUniformity",
     "RunLengthNonUniformityNormalized", "RunPercentage", "RunVariance", "ShortRunEmphasis",
     "ShortRunHighGrayLevelEmphasis", "ShortRunLowGrayLevelEmphasis"},
    compute_runs};

static vg_status compute_zones(const vg_radiomics_region *r, double *out) {
  return vg_radiomics_glszm(r->levels, out);
}

const vg_radiomics_family vg_radiomics_family_glszm = {
    "glszm",
    {"GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized", "GrayLevelVariance",
     "HighGrayLevelZoneEmphasis", "LargeAreaEmphasis", "LargeAreaHighGrayLevelEmphasis",
     "LargeAreaLowGrayLevelEmphasis", "LowGrayLevelZoneEmphasis", "ZoneEntropy", "SizeZoneNonUniformity",
     "SizeZoneNonUniformityNormalized", "ZonePercentage", "ZoneVariance", "SmallAreaEmphasis",
     "SmallAreaHighGrayLevelEmphasis", "SmallAreaLowGrayLevelEmphasis"},
    compute_zones};
