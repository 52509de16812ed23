/* pressure.c: the screened Poisson equation on cells, by conjugate gradients with Jacobi's preconditioner. */
#include "edit/displace/pressure.h"
#include "base/number/extent.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "base/mem.h"

#define FLUID_GIVES 16.0 /* compliance of fluid, relative to tissue */
#define MARKED_GIVES \
  0.01                 /* that of marked voxels; above 0, so that a solution exists if everything is marked */
#define EMPTY 0.05f    /* cells with less brain are excluded */
#define TOLERANCE 1e-3 /* relative, of the residual's norm */
#define ITERATIONS 1000
#define LANES 16

/* The range of cells with brain, from the first to past the last, with a layer around. */
typedef struct system {
  size_t begin, end, stride[3];
  float *weight[3]; /* of the face to the next cell along an axis */
  float *diagonal, *inverse, *p, *r, *d, *q;
  float *block; /* owns all arrays */
} system;

static float brain_of(const vg_cells *c, size_t i) {
  float b = c->share[i][VG_CELL_BRAIN];
  return b < EMPTY ? 0 : b;
}

static vg_status system_init(const vg_cells *c, const double mm[3], double rate, double falloff, system *s) {
  size_t n = vg_extent_voxels(c->dim);
  memset(s, 0, sizeof *s);
  s->stride[0] = 1;
  s->stride[1] = (size_t)c->dim[0];
  s->stride[2] = s->stride[1] * (size_t)c->dim[1];
  /* Loops run over whole lanes and look one layer back and ahead. */
  size_t spare = s->stride[2] + LANES, each = n + 2 * spare;
  float **arrays[] = {&s->weight[0], &s->weight[1], &s->weight[2], &s->diagonal, &s->inverse,
                      &s->p,         &s->r,         &s->d,         &s->q};
  size_t n_arrays = sizeof arrays / sizeof arrays[0];
  s->block = vg_calloc(n_arrays * each, sizeof *s->block);
  if (!s->block) return VG_MEMORY;
  for (size_t k = 0; k < n_arrays; k++) *arrays[k] = s->block + k * each + spare;
  s->begin = n;
  for (size_t i = s->stride[2]; i + s->stride[2] < n; i++) {
    float brain = brain_of(c, i);
    if (brain == 0) continue;
    s->begin = i < s->begin ? i : s->begin;
    s->end = i + 1;
    for (int a = 0; a < 3; a++) {
      float next = brain_of(c, i + s->stride[a]);
      if (next == 0) continue;
      s->weight[a][i] = 2 * brain * next / (brain + next) / (float)(mm[a] * mm[a]);
      s->diagonal[i] += s->weight[a][i];
      s->diagonal[i + s->stride[a]] += s->weight[a][i];
    }
    float fluid = c->share[i][VG_CELL_FLUID], marked = c->marked[i], rest = fmaxf(brain - fluid - marked, 0);
    double gives = FLUID_GIVES * (double)(fluid * fluid) + (double)rest + MARKED_GIVES * (double)marked;
    s->diagonal[i] += (float)(gives / (falloff * falloff));
    s->r[i] = (float)rate * marked;
  }
  for (size_t i = 0; i < n; i++) s->inverse[i] = s->diagonal[i] > 0 ? 1 / s->diagonal[i] : 0;
  s->begin -= s->begin % LANES;
  s->end += (LANES - s->end % LANES) % LANES;
  return VG_OK;
}

/* We sum in lanes: the order is fixed, and loops still vectorise. */
static double sum_lanes(const float lane[LANES]) {
  double total = 0;
  for (int k = 0; k < LANES; k++) total += (double)lane[k];
  return total;
}

/* q = A d; returns d.q. */
VG_HOT static double apply_system(const system *s) {
  const float *d = s->d, *wx = s->weight[0], *wy = s->weight[1], *wz = s->weight[2], *diagonal = s->diagonal;
  float *q = s->q, lane[LANES] = {0};
  size_t y = s->stride[1], z = s->stride[2];
  for (size_t b = s->begin; b < s->end; b += LANES) {
    for (size_t i = b; i < b + LANES; i++)
      q[i] = diagonal[i] * d[i] - wx[i] * d[i + 1] - wx[i - 1] * d[i - 1] - wy[i] * d[i + y] -
             wy[i - y] * d[i - y] - wz[i] * d[i + z] - wz[i - z] * d[i - z];
    for (size_t k = 0; k < LANES; k++) lane[k] += d[b + k] * q[b + k];
  }
  return sum_lanes(lane);
}

/* p += step d, r -= step q; returns r.r / diagonal. */
VG_HOT static double descend(const system *s, float step) {
  const float *d = s->d, *q = s->q, *inverse = s->inverse;
  float *p = s->p, *r = s->r, lane[LANES] = {0};
  for (size_t b = s->begin; b < s->end; b += LANES) {
    for (size_t i = b; i < b + LANES; i++) {
      p[i] += step * d[i];
      r[i] -= step * q[i];
    }
    for (size_t k = 0; k < LANES; k++) lane[k] += r[b + k] * r[b + k] * inverse[b + k];
  }
  return sum_lanes(lane);
}

/* d = r / diagonal + keep d. */
VG_HOT static void turn(const system *s, float keep) {
  const float *r = s->r, *inverse = s->inverse;
  float *d = s->d;
  for (size_t i = s->begin; i < s->end; i++) d[i] = r[i] * inverse[i] + keep * d[i];
}

static void solve(const system *s) {
  double size = descend(s, 0), first = size;
  turn(s, 0);
  for (int k = 0; k < ITERATIONS && size > TOLERANCE * TOLERANCE * first; k++) {
    double before = size, along = apply_system(s);
    size = descend(s, (float)(before / along));
    turn(s, (float)(size / before));
  }
}

vg_status vg_flow_find(const vg_cells *cells, const double cell_mm[3], double rate, double falloff,
                       vg_flow *out) {
  size_t n = vg_extent_voxels(cells->dim);
  system s;
  memset(out, 0, sizeof *out);
  vg_status st = system_init(cells, cell_mm, rate, falloff, &s);
  for (int a = 0; a < 3 && !st; a++) {
    out->dim[a] = cells->dim[a];
    out->mm[a] = cell_mm[a];
    out->face[a] = vg_calloc(n, sizeof(float));
    if (!out->face[a]) st = VG_MEMORY;
  }
  if (!st) solve(&s);
  for (int a = 0; a < 3 && !st; a++)
    for (size_t i = s.begin; i < s.end; i++)
      if (s.weight[a][i] > 0) out->face[a][i] = (s.p[i] - s.p[i + s.stride[a]]) / (float)cell_mm[a];
  vg_free(s.block);
  return st;
}

void vg_flow_release(vg_flow *f) {
  for (int a = 0; a < 3; a++) vg_free(f->face[a]);
  memset(f, 0, sizeof *f);
}

void vg_flow_at(const vg_flow *f, const float at[3], float velocity[3]) {
  for (int a = 0; a < 3; a++) {
    float face[3] = {at[0], at[1], at[2]}, on[3];
    size_t first;
    face[a] -= 0.5f; /* faces lie halfway to the next cell */
    velocity[a] = vg_cells_at(f->dim, face, &first, on)
                      ? vg_cells_value(f->dim, f->face[a], 1, first, on) / (float)f->mm[a]
                      : 0;
  }
}
