/* radiomics_runs.c: features of run lengths (Galloway 1975) and of size zones (Thibault et al. 2014). A run
 * is a line of neighbours of one level, a zone a component of one level by 26 neighbours; their features are
 * the same.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "eval/radiomics/radiomics_levels.h"

enum { FEATURES = 16 };

/* So many runs of a level have a length. */
typedef struct cell {
  double level, length, count;
} cell;

static int by_length(const void *a, const void *b) {
  const cell *x = a, *y = b;
  return (x->length > y->length) - (x->length < y->length);
}

static int by_level(const void *a, const void *b) {
  const cell *x = a, *y = b;
  if (x->level != y->level) return x->level < y->level ? -1 : 1;
  return by_length(a, b);
}

/* The sum of squares of what cells of one level, or one length, add up to. Sorts the cells. */
static double squares(cell *c, size_t n, bool of_levels) {
  double sum = 0;
  qsort(c, n, sizeof *c, of_levels ? by_level : by_length);
  for (size_t i = 0; i < n;) {
    const size_t from = i;
    double same = 0;
    for (; i < n && !(of_levels ? c[i].level > c[from].level : c[i].length > c[from].length); i++)
      same += c[i].count;
    sum += same * same;
  }
  return sum;
}

/* In the order of pyradiomics' names: GrayLevelNonUniformity, ...Normalized, GrayLevelVariance,
 * HighGrayLevel-, Long-, LongHigh-, LongLow-, LowGrayLevel- emphases, RunEntropy, RunLengthNonUniformity,
 * ...Normalized, RunPercentage, RunVariance, Short-, ShortHigh-, ShortLow- emphases. */
static void measure(cell *c, size_t n, double out[FEATURES]) {
  double runs = 0, voxels = 0, mean_level = 0, mean_length = 0;
  memset(out, 0, FEATURES * sizeof *out);
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
    out[2] += p * level_gap * level_gap;
    out[3] += p * g;
    out[4] += p * s;
    out[5] += p * s * g;
    out[6] += p * s / g;
    out[7] += p / g;
    out[8] -= p * log2(p + VG_LEVEL_EPS);
    out[12] += p * length_gap * length_gap;
    out[13] += p / s;
    out[14] += p * g / s;
    out[15] += p / (s * g);
  }
  out[0] = squares(c, n, true) / runs;
  out[1] = out[0] / runs;
  out[9] = squares(c, n, false) / runs;
  out[10] = out[9] / runs;
  out[11] = runs / voxels;
}

/* Merges cells of one level and length; returns how many remain. */
static size_t merge(cell *c, size_t n) {
  size_t kept = 0;
  qsort(c, n, sizeof *c, by_level);
  for (size_t i = 0; i < n; i++) {
    if (kept && !by_level(&c[kept - 1], &c[i]))
      c[kept - 1].count += c[i].count;
    else
      c[kept++] = c[i];
  }
  return kept;
}

/* Counts the runs of a direction into room (n, longest + 1) and lists them. */
static size_t list_runs(const vg_levels *l, ptrdiff_t step, size_t longest, double *room, cell *out) {
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
        out[met++] = (cell){l->value[g], (double)s, room[g * (longest + 1) + s]};
  return met;
}

vg_status vg_radiomics_glrlm(const vg_levels *l, double out[16]) {
  size_t longest = 0;
  for (int a = 0; a < 3; a++)
    if ((size_t)l->dim[a] > longest) longest = (size_t)l->dim[a];
  double *room = vg_malloc((size_t)l->n * (longest + 1), sizeof *room);
  cell *cells = VG_NEW_N(cell, (size_t)l->n * longest);
  vg_status st = room && cells ? VG_OK : VG_MEMORY;
  memset(out, 0, FEATURES * sizeof *out);
  for (int k = 0; k < l->n_steps && !st; k++) {
    double one[FEATURES];
    measure(cells, list_runs(l, l->step[k], longest, room, cells), one);
    for (int f = 0; f < FEATURES; f++) out[f] += one[f] / l->n_steps;
  }
  vg_free(room);
  vg_free(cells);
  return st;
}

/* Grows the zone of a voxel, and clears it from the map. Returns its size. */
static size_t take_zone(const vg_levels *l, uint16_t *at, size_t from, size_t *stack) {
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

vg_status vg_radiomics_glszm(const vg_levels *l, double out[16]) {
  uint16_t *at = vg_malloc(l->voxels, sizeof *at);
  size_t *stack = VG_NEW_N(size_t, l->n_inside), zones = 0;
  cell *cells = VG_NEW_N(cell, l->n_inside);
  vg_status st = at && stack && cells ? VG_OK : VG_MEMORY;
  if (!st) {
    memcpy(at, l->at, l->voxels * sizeof *at);
    for (size_t i = 0; i < l->voxels; i++) {
      if (!at[i]) continue;
      const double level = l->value[at[i] - 1];
      cells[zones++] = (cell){level, (double)take_zone(l, at, i, stack), 1};
    }
    measure(cells, merge(cells, zones), out);
  }
  vg_free(at);
  vg_free(stack);
  vg_free(cells);
  return st;
}
