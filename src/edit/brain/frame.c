/* frame.c: finds the midsagittal plane, about which the brain is most symmetric, on cells of 4 mm. */
#include "edit/brain/frame.h"
#include "base/number/extent.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "edit/brain/cells.h"
#include "base/mem.h"
#include "label/class_words.h"
#include "base/pool.h"
#include "base/whole.h"

#define CELL 4.0     /* mm */
#define BLOCK_MAX 40 /* voxels of a cell along an axis: counts of a cell fit 16 bits */
#define DEGREE 0.017453292519943295
#define TILT_MAX 20.0 /* degrees */
/* The cost of a tilt of 10 degrees: far below that of tilting a brain, but enough to keep a ball upright. */
#define UPRIGHT 5e-4
/* Share of the brain that may lie beyond its extent on each side, so that a stray crumb does not stretch it.
 */
#define CRUMBS 1e-4

/* ---- the brain in cells ---- */

typedef struct brain {
  vg_cells cells;
  uint32_t *inside; /* cells that hold brain, */
  size_t n;         /* their number, */
  double centre[3]; /* and the brain's centre of mass, mm */
} brain;

static void brain_release(brain *b) {
  vg_cells_release(&b->cells);
  vg_free(b->inside);
}

static vg_status brain_init(const vg_maps *m, brain *b) {
  memset(b, 0, sizeof *b);
  vg_status st = vg_cells_init(m, NULL, CELL, &b->cells);
  if (st) return st;
  const vg_cells *c = &b->cells;
  size_t n = vg_extent_voxels(c->dim);
  b->inside = vg_malloc(n, sizeof *b->inside);
  if (!b->inside) return VG_MEMORY;
  double mass = 0, sum[3] = {0};
  for (size_t i = 0; i < n; i++) {
    double w = (double)c->share[i][VG_CELL_BRAIN];
    if (w == 0) continue;
    b->inside[b->n++] = (uint32_t)i;
    size_t row = i / (size_t)c->dim[0];
    mass += w;
    sum[0] += w * (double)(i % (size_t)c->dim[0]);
    sum[1] += w * (double)(row % (size_t)c->dim[1]);
    sum[2] += w * (double)(row / (size_t)c->dim[1]);
  }
  if (mass == 0) return vg_fail(VG_REFUSED, "there is no brain in these label maps");
  for (int a = 0; a < 3; a++) sum[a] /= mass;
  vg_affine_apply(&c->world, sum, b->centre);
  /* Without some blur, planes that mirror cells exactly onto cells look best. */
  vg_cells_blur(&b->cells);
  return VG_OK;
}

/* ---- the symmetry about a plane ---- */

enum { YAW, ROLL, OFFSET, PLANE }; /* degrees, degrees, mm from the centre of mass */

static void normal_of(const double plane[PLANE], double n[3]) {
  n[0] = 1;
  n[1] = tan(plane[YAW] * DEGREE);
  n[2] = tan(plane[ROLL] * DEGREE);
  double length = sqrt(1 + n[1] * n[1] + n[2] * n[2]);
  for (int a = 0; a < 3; a++) n[a] /= length;
}

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Sum over every step-th brain cell of the squared differences from its mirror image. to: cell index ->
 * mirrored cell index. */
VG_HOT static double unlike(const brain *b, float to[3][4], size_t step) {
  const int *dim = b->cells.dim;
  double total = 0;
  size_t nx = (size_t)dim[0], ny = (size_t)dim[1];
  for (size_t p = 0; p < b->n; p += step) {
    size_t i = b->inside[p], row = i / nx, first;
    float x = (float)(i % nx), y = (float)(row % ny), z = (float)(row / ny), at[3], on[3],
          there[VG_CELL_CHANNELS];
    for (int a = 0; a < 3; a++) at[a] = to[a][0] * x + to[a][1] * y + to[a][2] * z + to[a][3];
    const float *here = b->cells.share[i];
    if (!vg_cells_at(dim, at, &first, on)) {
      total += (double)(here[VG_CELL_BRAIN] * here[VG_CELL_BRAIN]);
      continue;
    }
    for (int k = 0; k < VG_CELL_CHANNELS; k++)
      there[k] = vg_cells_value(dim, &b->cells.share[0][k], VG_CELL_CHANNELS, first, on);
    float whole = here[VG_CELL_BRAIN] - there[VG_CELL_BRAIN];
    float fluid = here[VG_CELL_FLUID] - there[VG_CELL_FLUID];
    float white = here[VG_CELL_WHITE] - there[VG_CELL_WHITE];
    float known = here[VG_CELL_KNOWN] * there[VG_CELL_KNOWN];
    total += (double)(whole * whole + known * (fluid * fluid + white * white));
  }
  return total;
}

static double cost(const brain *b, const double plane[PLANE], size_t step) {
  double n[3];
  normal_of(plane, n);
  double d = dot(n, b->centre) + plane[OFFSET];
  vg_affine mirror, back;
  for (int r = 0; r < 3; r++) {
    for (int k = 0; k < 3; k++) mirror.m[r][k] = (r == k) - 2 * n[r] * n[k];
    mirror.m[r][3] = 2 * n[r] * d;
  }
  if (!vg_affine_invert(&b->cells.world, &back)) return DBL_MAX;
  mirror = vg_affine_mul(&mirror, &b->cells.world);
  mirror = vg_affine_mul(&back, &mirror);
  float to[3][4];
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < 4; k++) to[r][k] = (float)mirror.m[r][k];
  size_t n_used = (b->n + step - 1) / step;
  double tilt = (plane[YAW] * plane[YAW] + plane[ROLL] * plane[ROLL]) / 100;
  return unlike(b, to, step) / (double)n_used + UPRIGHT * tilt;
}

typedef struct trials {
  const brain *b;
  size_t step;
  double (*plane)[PLANE], *cost;
} trials;

static vg_status try_one(void *arg, size_t i) {
  trials *t = arg;
  t->cost[i] = cost(t->b, t->plane[i], t->step);
  return VG_OK;
}

/* Tries planes every 10 degrees and 8 mm. */
static vg_status search_wide(const brain *b, double best[PLANE]) {
  double plane[75][PLANE], costs[75];
  size_t n = 0;
  for (int y = -2; y <= 2; y++)
    for (int r = -2; r <= 2; r++)
      for (int o = -1; o <= 1; o++, n++)
        plane[n][YAW] = 10 * y, plane[n][ROLL] = 10 * r, plane[n][OFFSET] = 8 * o;
  trials t = {b, 1 + b->n / 2000, plane, costs};
  vg_status st = vg_parallel(n, try_one, &t);
  size_t least = 0;
  for (size_t i = 1; i < n; i++)
    if (costs[i] < costs[least]) least = i;
  memcpy(best, plane[least], sizeof plane[least]);
  return st;
}

/* Fits parabolas through three costs along each parameter in turn, with ever smaller steps. */
static vg_status refine(const brain *b, double best[PLANE]) {
  static const double first[PLANE] = {5, 5, 4};
  for (int round = 0; round < 6; round++) {
    size_t step = 1 + b->n / (round > 3 ? 20000 : round > 1 ? 8000 : 3000);
    for (int a = 0; a < PLANE; a++) {
      double h = first[a] / pow(1.7, round), plane[3][PLANE], costs[3];
      for (int i = 0; i < 3; i++) {
        memcpy(plane[i], best, sizeof plane[i]);
        plane[i][a] += (i - 1) * h;
      }
      trials t = {b, step, plane, costs};
      vg_status st = vg_parallel(3, try_one, &t);
      if (st) return st;
      double bend = costs[0] - 2 * costs[1] + costs[2];
      double move = bend > 0 ? 0.5 * (costs[0] - costs[2]) / bend : costs[0] < costs[2] ? -1 : 1;
      if (bend <= 0 && costs[0] == costs[2]) move = 0;
      best[a] += h * fmax(-1, fmin(1, move));
      if (a != OFFSET) best[a] = fmax(-TILT_MAX, fmin(TILT_MAX, best[a]));
    }
  }
  return VG_OK;
}

/* ---- axes and extents ---- */

#define BIN 0.25 /* mm */
#define BINS 4096

/* Finds the extents along the axes from the origin, over every second row. */
static void reach_of(const vg_maps *m, vg_brain_frame *f, uint32_t (*bins)[BINS]) {
  const int *dim = m->geo.dim;
  const vg_affine *w = &m->geo.affine;
  double step[3], mm[3];
  size_t total = 0;
  vg_geometry_spacing(&m->geo, mm);
  for (int a = 0; a < 3; a++)
    step[a] = (f->axis[a][0] * w->m[0][0] + f->axis[a][1] * w->m[1][0] + f->axis[a][2] * w->m[2][0]) / BIN;
  int skip_y = mm[1] < 1.5 ? 2 : 1, skip_z = mm[2] < 1.5 ? 2 : 1;
  for (int z = 0; z < dim[2]; z += skip_z)
    for (int y = 0; y < dim[1]; y += skip_y) {
      const uint8_t *row = m->brain + ((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[0];
      const uint8_t *hit = memchr(row, 1, (size_t)dim[0]);
      if (!hit) continue;
      double ijk[3] = {0, y, z}, at[3], from[3];
      vg_affine_apply(w, ijk, at);
      for (int k = 0; k < 3; k++) at[k] -= f->origin[k];
      for (int a = 0; a < 3; a++) from[a] = dot(f->axis[a], at) / BIN + BINS / 2;
      for (int x = (int)(hit - row); x < dim[0]; x++) {
        if (!row[x]) continue;
        total++;
        for (int a = 0; a < 3; a++) {
          double bin = from[a] + x * step[a];
          bins[a][vg_index_of(bin, BINS)]++;
        }
      }
    }
  size_t spare = vg_count_of((double)total * CRUMBS);
  for (int a = 0; a < 3; a++) {
    int lo = 0, hi = BINS - 1;
    for (size_t seen = bins[a][lo]; seen <= spare && lo < hi;) seen += bins[a][++lo];
    for (size_t seen = bins[a][hi]; seen <= spare && hi > lo;) seen += bins[a][--hi];
    f->reach[a][0] = (lo - BINS / 2) * BIN;
    f->reach[a][1] = (hi + 1 - BINS / 2) * BIN;
  }
}

static vg_status frame_of(const vg_maps *m, const brain *b, const double plane[PLANE], vg_brain_frame *f) {
  uint32_t(*bins)[BINS] = vg_calloc(3, sizeof *bins);
  if (!bins) return VG_MEMORY;
  double *right = f->axis[0], *front = f->axis[1], *up = f->axis[2];
  normal_of(plane, right);
  double length = sqrt(1 - right[1] * right[1]);
  for (int k = 0; k < 3; k++) {
    front[k] = ((k == 1) - right[1] * right[k]) / length;
    f->origin[k] = b->centre[k] + plane[OFFSET] * right[k];
  }
  up[0] = right[1] * front[2] - right[2] * front[1];
  up[1] = right[2] * front[0] - right[0] * front[2];
  up[2] = right[0] * front[1] - right[1] * front[0];
  reach_of(m, f, bins);
  for (int a = 1; a < 3; a++) {
    double middle = (f->reach[a][0] + f->reach[a][1]) / 2;
    for (int k = 0; k < 3; k++) f->origin[k] += middle * f->axis[a][k];
    f->reach[a][0] -= middle;
    f->reach[a][1] -= middle;
  }
  /* Even if the whole brain lies on one side of the plane, both sides need an extent. */
  f->reach[0][0] = fmin(f->reach[0][0], -BIN);
  f->reach[0][1] = fmax(f->reach[0][1], BIN);
  vg_free(bins);
  return VG_OK;
}

static vg_status find(const vg_maps *maps, vg_brain_frame *out) {
  brain b;
  double plane[PLANE];
  memset(out, 0, sizeof *out);
  vg_status st = brain_init(maps, &b);
  if (!st) st = search_wide(&b, plane);
  if (!st) st = refine(&b, plane);
  if (!st) st = frame_of(maps, &b, plane, out);
  brain_release(&b);
  return st;
}

/* Tissue of the head is labelled as the brain is. */
vg_status vg_frame_find(const vg_maps *maps, vg_brain_frame *out) {
  bool head[VG_CLASSES_MAX + 1];
  if (!vg_class_head_table(&maps->classes, head)) return find(maps, out);
  const size_t n = vg_geometry_voxels(&maps->geo);
  vg_maps alone = *maps;
  if (!(alone.brain = vg_malloc(n, 1))) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) alone.brain[i] = maps->brain[i] && !head[maps->anatomy[i]];
  vg_status st = find(&alone, out);
  vg_free(alone.brain);
  return st;
}

/* ---- coordinates ---- */

void vg_frame_to_unit(const vg_brain_frame *f, const double mm[3], double unit[3]) {
  double at[3] = {mm[0] - f->origin[0], mm[1] - f->origin[1], mm[2] - f->origin[2]};
  for (int a = 0; a < 3; a++) {
    double along = dot(f->axis[a], at);
    unit[a] = along < 0 ? -along / f->reach[a][0] : along / f->reach[a][1];
  }
}

void vg_frame_from_unit(const vg_brain_frame *f, const double unit[3], double mm[3]) {
  memcpy(mm, f->origin, sizeof f->origin);
  for (int a = 0; a < 3; a++) {
    double along = unit[a] < 0 ? -unit[a] * f->reach[a][0] : unit[a] * f->reach[a][1];
    for (int k = 0; k < 3; k++) mm[k] += along * f->axis[a][k];
  }
}

void vg_frame_mirror(const vg_brain_frame *f, const double mm[3], double out[3]) {
  double at[3] = {mm[0] - f->origin[0], mm[1] - f->origin[1], mm[2] - f->origin[2]};
  double along = dot(f->axis[0], at);
  for (int k = 0; k < 3; k++) out[k] = mm[k] - 2 * along * f->axis[0][k];
}
