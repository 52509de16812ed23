/* frame.c: the midsagittal plane as the one across which the brain is most alike, found on cells of 4 mm. */
#include "edit/frame.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "edit/tissue.h"
#include "voxgan/mem.h"
#include "voxgan/pool.h"

#define CELL 4.0     /* mm */
#define BLOCK_MAX 40 /* voxels of a cell along an axis: counts of a cell fit 16 bits */
#define DEGREE 0.017453292519943295
#define TILT_MAX 20.0 /* degrees */
/* What a tilt of 10 degrees costs: far below what one of a brain does, enough to keep a ball upright. */
#define UPRIGHT 5e-4
/* Share of the brain beyond its extent on each side, so that a stray crumb does not stretch it. */
#define CRUMBS 1e-4

/* ---- the brain in cells, with one empty cell around ---- */

enum { BRAIN, FLUID, WHITE, KNOWN, CHANNELS };

typedef struct cells {
  int dim[3], block[3];
  vg_affine world;          /* cell index -> mm */
  float (*value)[CHANNELS]; /* (Z, Y, X): share of the cell in the brain, fluid, white, of known tissue */
  uint32_t *inside;         /* cells that hold brain, */
  size_t n;                 /* their number, */
  double centre[3];         /* and the brain's centre of mass, mm */
  const vg_maps *maps;
} cells;

static void cells_release(cells *c) {
  vg_free(c->value);
  vg_free(c->inside);
}

/* Counts as four 16-bit numbers. */
static uint64_t one_in(int channel) {
  return (uint64_t)1 << (16 * channel);
}

/* One layer of cells. */
static vg_status fill_layer(void *arg, size_t layer) {
  cells *c = arg;
  const vg_maps *m = c->maps;
  const int *dim = m->geo.dim;
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&m->classes, kind);
  uint64_t adds[VG_CLASSES_MAX + 1];
  for (int k = 0; k <= m->classes.n; k++)
    adds[k] = one_in(BRAIN) + (kind[k] == VG_TISSUE_FLUID ? one_in(FLUID) : 0) +
              (kind[k] == VG_TISSUE_WHITE ? one_in(WHITE) : 0) +
              (kind[k] != VG_TISSUE_NONE ? one_in(KNOWN) : 0);
  size_t nx = (size_t)dim[0], row_cells = (size_t)c->dim[0], layer_cells = row_cells * (size_t)c->dim[1];
  uint64_t *sums = vg_calloc(layer_cells, sizeof *sums);
  if (!sums) return VG_MEMORY;
  int z0 = (int)layer * c->block[2], z1 = z0 + c->block[2] < dim[2] ? z0 + c->block[2] : dim[2];
  for (int z = z0; z < z1; z++)
    for (int y = 0; y < dim[1]; y++) {
      size_t at = ((size_t)z * (size_t)dim[1] + (size_t)y) * nx;
      const uint8_t *brain = m->brain + at, *first = memchr(brain, 1, nx);
      if (!first) continue;
      size_t last = nx;
      while (!brain[last - 1]) last--;
      uint64_t *row = sums + (size_t)(1 + y / c->block[1]) * row_cells + 1;
      for (size_t x = (size_t)(first - brain); x < last; x++)
        if (brain[x])
          row[x / (size_t)c->block[0]] += m->tumour[at + x] ? one_in(BRAIN) : adds[m->anatomy[at + x]];
    }
  float each = 1.0f / (float)(c->block[0] * c->block[1] * c->block[2]);
  float(*out)[CHANNELS] = c->value + (layer + 1) * layer_cells;
  for (size_t i = 0; i < layer_cells; i++)
    for (int k = 0; k < CHANNELS; k++) out[i][k] = each * (float)(sums[i] >> (16 * k) & 0xffff);
  vg_free(sums);
  return VG_OK;
}

/* A little blur along each axis: without it, planes that mirror cells onto cells would look the best. */
VG_HOT static void blur_cells(cells *c) {
  size_t stride[3] = {CHANNELS, CHANNELS * (size_t)c->dim[0],
                      CHANNELS * (size_t)c->dim[0] * (size_t)c->dim[1]};
  size_t n = stride[2] * (size_t)c->dim[2];
  float *v = &c->value[0][0];
  for (int a = 0; a < 3; a++) {
    /* In place: first the mean with the one before, from the end, then with the one after, from the start.
     * The border is empty, so what is next to it across the rows does not matter. */
    for (size_t i = n; i-- > stride[a];) v[i] = 0.5f * (v[i] + v[i - stride[a]]);
    for (size_t i = 0; i + stride[a] < n; i++) v[i] = 0.5f * (v[i] + v[i + stride[a]]);
  }
}

static vg_status cells_init(const vg_maps *m, cells *c) {
  memset(c, 0, sizeof *c);
  c->maps = m;
  double mm[3];
  vg_geometry_spacing(&m->geo, mm);
  vg_affine scale = {{{0}}};
  for (int a = 0; a < 3; a++) {
    double block = round(CELL / mm[a]);
    c->block[a] = block < 1 ? 1 : block > BLOCK_MAX ? BLOCK_MAX : (int)block;
    c->dim[a] = (m->geo.dim[a] + c->block[a] - 1) / c->block[a] + 2;
    scale.m[a][a] = c->block[a];
    scale.m[a][3] = -0.5 * c->block[a] - 0.5;
  }
  c->world = vg_affine_mul(&m->geo.affine, &scale);
  size_t n = (size_t)c->dim[0] * (size_t)c->dim[1] * (size_t)c->dim[2];
  c->value = vg_calloc(n, sizeof *c->value);
  c->inside = vg_malloc(n, sizeof *c->inside);
  if (!c->value || !c->inside) return VG_MEMORY;
  vg_status st = vg_parallel((size_t)c->dim[2] - 2, fill_layer, c);
  if (st) return st;
  double mass = 0, sum[3] = {0};
  for (size_t i = 0; i < n; i++) {
    double b = (double)c->value[i][BRAIN];
    if (b == 0) continue;
    c->inside[c->n++] = (uint32_t)i;
    size_t row = i / (size_t)c->dim[0];
    mass += b;
    sum[0] += b * (double)(i % (size_t)c->dim[0]);
    sum[1] += b * (double)(row % (size_t)c->dim[1]);
    sum[2] += b * (double)(row / (size_t)c->dim[1]);
  }
  blur_cells(c);
  if (mass == 0) return vg_fail(VG_REFUSED, "there is no brain in these label maps");
  for (int a = 0; a < 3; a++) sum[a] /= mass;
  vg_affine_apply(&c->world, sum, c->centre);
  return VG_OK;
}

/* ---- how alike the two sides of a plane are ---- */

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

/* Sum over every step-th brain cell of the squared differences from its mirrored place. to: cell index ->
 * mirrored cell index. */
VG_HOT static double unlike(const cells *c, float to[3][4], size_t step) {
  double total = 0;
  size_t nx = (size_t)c->dim[0], nxy = nx * (size_t)c->dim[1];
  for (size_t p = 0; p < c->n; p += step) {
    size_t i = c->inside[p], row = i / nx;
    float x = (float)(i % nx), y = (float)(row % (size_t)c->dim[1]), z = (float)(row / (size_t)c->dim[1]);
    float at[3], f[3];
    size_t base = 0;
    bool out = false;
    for (int a = 0; a < 3; a++) {
      at[a] = to[a][0] * x + to[a][1] * y + to[a][2] * z + to[a][3];
      out |= !(at[a] >= 0 && at[a] < (float)(c->dim[a] - 1));
    }
    const float *here = c->value[i];
    if (out) {
      total += (double)(here[BRAIN] * here[BRAIN]);
      continue;
    }
    for (int a = 2; a >= 0; a--) {
      int whole = (int)at[a];
      f[a] = at[a] - (float)whole;
      base = base * (size_t)c->dim[a] + (size_t)whole;
    }
    const float *v = &c->value[base][0];
    float there[CHANNELS];
    for (size_t k = 0; k < CHANNELS; k++) {
      float side[4];
      for (size_t j = 0; j < 4; j++) {
        size_t o = CHANNELS * (j / 2 * nxy + j % 2 * nx) + k;
        side[j] = v[o] + f[0] * (v[o + CHANNELS] - v[o]);
      }
      float low = side[0] + f[1] * (side[1] - side[0]), high = side[2] + f[1] * (side[3] - side[2]);
      there[k] = low + f[2] * (high - low);
    }
    float brain = here[BRAIN] - there[BRAIN], fluid = here[FLUID] - there[FLUID],
          white = here[WHITE] - there[WHITE];
    total += (double)(brain * brain + here[KNOWN] * there[KNOWN] * (fluid * fluid + white * white));
  }
  return total;
}

static double cost(const cells *c, const double plane[PLANE], size_t step) {
  double n[3];
  normal_of(plane, n);
  double d = dot(n, c->centre) + plane[OFFSET];
  vg_affine mirror, back;
  for (int r = 0; r < 3; r++) {
    for (int k = 0; k < 3; k++) mirror.m[r][k] = (r == k) - 2 * n[r] * n[k];
    mirror.m[r][3] = 2 * n[r] * d;
  }
  if (!vg_affine_invert(&c->world, &back)) return DBL_MAX;
  mirror = vg_affine_mul(&mirror, &c->world);
  mirror = vg_affine_mul(&back, &mirror);
  float to[3][4];
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < 4; k++) to[r][k] = (float)mirror.m[r][k];
  size_t n_used = (c->n + step - 1) / step;
  double tilt = (plane[YAW] * plane[YAW] + plane[ROLL] * plane[ROLL]) / 100;
  return unlike(c, to, step) / (double)n_used + UPRIGHT * tilt;
}

typedef struct trials {
  const cells *c;
  size_t step;
  double (*plane)[PLANE], *cost;
} trials;

static vg_status try_one(void *arg, size_t i) {
  trials *t = arg;
  t->cost[i] = cost(t->c, t->plane[i], t->step);
  return VG_OK;
}

/* Every 10 degrees and 8 mm, coarsely. */
static vg_status search_wide(const cells *c, double best[PLANE]) {
  double plane[75][PLANE], costs[75];
  size_t n = 0;
  for (int y = -2; y <= 2; y++)
    for (int r = -2; r <= 2; r++)
      for (int o = -1; o <= 1; o++, n++)
        plane[n][YAW] = 10 * y, plane[n][ROLL] = 10 * r, plane[n][OFFSET] = 8 * o;
  trials t = {c, c->n > 4000 ? 11 : 1, plane, costs};
  vg_status st = vg_parallel(n, try_one, &t);
  size_t least = 0;
  for (size_t i = 1; i < n; i++)
    if (costs[i] < costs[least]) least = i;
  memcpy(best, plane[least], sizeof plane[least]);
  return st;
}

/* Parabolas through three costs along each parameter in turn, ever closer. */
static vg_status refine(const cells *c, double best[PLANE]) {
  static const double first[PLANE] = {5, 5, 4};
  for (int round = 0; round < 6; round++) {
    size_t step = c->n < 4000 || round > 3 ? 1 : round > 1 ? 3 : 7;
    for (int a = 0; a < PLANE; a++) {
      double h = first[a] / pow(1.7, round), plane[3][PLANE], costs[3];
      for (int i = 0; i < 3; i++) {
        memcpy(plane[i], best, sizeof plane[i]);
        plane[i][a] += (i - 1) * h;
      }
      trials t = {c, step, plane, costs};
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

/* Extents along the axes from the origin, over every second row. */
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
          bins[a][bin < 0 ? 0 : bin >= BINS ? BINS - 1 : (int)bin]++;
        }
      }
    }
  size_t spare = (size_t)((double)total * CRUMBS);
  for (int a = 0; a < 3; a++) {
    int lo = 0, hi = BINS - 1;
    for (size_t seen = bins[a][lo]; seen <= spare && lo < hi;) seen += bins[a][++lo];
    for (size_t seen = bins[a][hi]; seen <= spare && hi > lo;) seen += bins[a][--hi];
    f->reach[a][0] = (lo - BINS / 2) * BIN;
    f->reach[a][1] = (hi + 1 - BINS / 2) * BIN;
  }
}

static vg_status frame_of(const vg_maps *m, const cells *c, const double plane[PLANE], vg_brain_frame *f) {
  uint32_t(*bins)[BINS] = vg_calloc(3, sizeof *bins);
  if (!bins) return VG_MEMORY;
  double *right = f->axis[0], *front = f->axis[1], *up = f->axis[2];
  normal_of(plane, right);
  double length = sqrt(1 - right[1] * right[1]);
  for (int k = 0; k < 3; k++) {
    front[k] = ((k == 1) - right[1] * right[k]) / length;
    f->origin[k] = c->centre[k] + plane[OFFSET] * right[k];
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
  /* A plane that the brain lies beside divides nothing, but has two sides all the same. */
  f->reach[0][0] = fmin(f->reach[0][0], -BIN);
  f->reach[0][1] = fmax(f->reach[0][1], BIN);
  vg_free(bins);
  return VG_OK;
}

vg_status vg_frame_find(const vg_maps *maps, vg_brain_frame *out) {
  cells c;
  double plane[PLANE];
  memset(out, 0, sizeof *out);
  vg_status st = cells_init(maps, &c);
  if (!st) st = search_wide(&c, plane);
  if (!st) st = refine(&c, plane);
  if (!st) st = frame_of(maps, &c, plane, out);
  cells_release(&c);
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
