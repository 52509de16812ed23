/* distance.c: exact Euclidean distance transforms, one axis after the other: within rows by runs, then along
 * y and z by lower envelopes of parabolas (Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012).
 *
 * Squared distances are in units of the voxel's x edge, so that they are whole numbers, and exact, where
 * spacing is isotropic. Neighbouring columns are worked on side by side: memory is read along its lines, and
 * the processor overlaps the columns' chains of dependent steps.
 */
#include <math.h>
#include <stdbool.h>

#include "base/simd.h"
#include "data/runs.h"
#include "voxgan/grid.h"
#include "voxgan/mem.h"
#include "voxgan/pool.h"

#define LANES 32
/* Columns of one piece of work along z. */
#define COLUMNS 1024

/* height + weight * (q - apex)^2 is the least of all parabolas from q = from to where the next begins. */
typedef struct parabola {
  float height, apex, from;
  uint32_t nearest; /* the voxel whose distance this is */
} parabola;

/* One axis of n places. Those that are not sites are infinite in all columns, and are not read. */
typedef struct axis {
  int n, sites;
  int *site;
  float weight; /* squared edge, in units of x's */
} axis;

static inline float height_at(const parabola *p, float weight, float q) {
  float d = q - p->apex;
  return p->height + weight * d * d;
}

/* Replaces the values of neighbouring columns by their lower envelopes; places are stride apart. stack: n
 * parabolas a column. nearest may be NULL. */
VG_HOT static void envelopes(const axis *a, float *values, uint32_t *nearest, size_t stride, int columns,
                             parabola *stack) {
  int top[LANES];
  for (int l = 0; l < columns; l++) top[l] = -1;
  float w = a->weight;
  double per_w = 1 / (double)w, last = a->n - 1;
  for (int s = 0; s < a->sites; s++) {
    size_t row = (size_t)a->site[s] * stride;
    parabola p = {.apex = (float)a->site[s]};
    for (int l = 0; l < columns; l++) {
      parabola *items = stack + (size_t)l * (size_t)a->n, *at = items + top[l];
      p.height = values[row + (size_t)l];
      while (at >= items && height_at(at, w, at->from) > height_at(&p, w, at->from)) at--;
      p.from = 0;
      if (at >= items) {
        /* Division rounds correctly: parabolas that meet at a whole number are found to, and the earlier one
         * has it. */
        double apart = (double)p.apex - at->apex, middle = ((double)p.apex + at->apex) / 2;
        double meet = middle + ((double)p.height - at->height) * per_w / (2 * apart);
        top[l] = (int)(at - items);
        if (meet >= last) continue;
        p.from = 1 + (meet > at->from ? (float)(int)meet : at->from);
      }
      if (nearest) p.nearest = nearest[row + (size_t)l];
      *++at = p;
      top[l] = (int)(at - items);
    }
  }
  for (int q = a->n - 1; q >= 0; q--) {
    size_t row = (size_t)q * stride;
    for (int l = 0; l < columns; l++) {
      const parabola *at = stack + (size_t)l * (size_t)a->n + top[l];
      int past = at->from > (float)q;
      at -= past;
      top[l] -= past;
      values[row + (size_t)l] = height_at(at, w, (float)q);
      if (nearest) nearest[row + (size_t)l] = at->nearest;
    }
  }
}

/* Squared distances within a row; false, and nothing written, where the mask has none of it. index: of the
 * row's first voxel. */
VG_HOT static bool along_row(const uint8_t *mask, int n, uint32_t index, float *values, uint32_t *nearest) {
  int x = 0, left = -2 * n, right = vg_row_seek(mask, 0, n, true);
  if (right == n) return false;
  for (;;) {
    int next = right < n ? right : 3 * n; /* out of reach, as left is at first */
    for (int i = x; i < right; i++) {
      float d = (float)(i - left < next - i ? i - left : next - i);
      values[i] = d * d;
    }
    if (nearest)
      for (int i = x; i < right; i++) nearest[i] = index + (uint32_t)(i - left <= next - i ? left : next);
    if (right == n) return true;
    x = vg_row_seek(mask, right, n, false);
    for (int i = right; i < x; i++) values[i] = 0;
    if (nearest)
      for (int i = right; i < x; i++) nearest[i] = index + (uint32_t)i;
    left = x - 1;
    right = vg_row_seek(mask, x, n, true);
  }
}

typedef struct transform {
  const uint8_t *mask;
  const int *dim;
  float weight[3];
  double edge; /* of x, mm */
  float *values;
  uint32_t *nearest;
  bool *seen; /* slices that hold mask */
  axis z;
} transform;

/* Two passes within a slice, which stays in the cache between them. */
static vg_status along_slice(void *arg, size_t z) {
  transform *t = arg;
  int nx = t->dim[0], ny = t->dim[1];
  size_t slice = (size_t)nx * (size_t)ny, from = z * slice;
  axis y = {.n = ny, .weight = t->weight[1], .site = vg_malloc((size_t)ny, sizeof *y.site)};
  parabola *stack = vg_malloc((size_t)ny * LANES, sizeof *stack);
  if (y.site && stack) {
    for (int row = 0; row < ny; row++) {
      size_t at = from + (size_t)row * (size_t)nx;
      if (along_row(t->mask + at, nx, (uint32_t)at, t->values + at, t->nearest ? t->nearest + at : NULL))
        y.site[y.sites++] = row;
    }
    t->seen[z] = y.sites > 0;
    for (int x = 0; x < nx && y.sites; x += LANES)
      envelopes(&y, t->values + from + x, t->nearest ? t->nearest + from + x : NULL, (size_t)nx,
                nx - x < LANES ? nx - x : LANES, stack);
  }
  vg_status st = y.site && stack ? VG_OK : VG_MEMORY;
  vg_free(stack);
  vg_free(y.site);
  return st;
}

VG_HOT static void roots(float *values, int n, float scale) {
  for (int i = 0; i < n; i++) values[i] = scale * sqrtf(values[i]);
}

static vg_status across_slices(void *arg, size_t piece) {
  transform *t = arg;
  size_t slice = (size_t)t->dim[0] * (size_t)t->dim[1], end = (piece + 1) * COLUMNS;
  parabola *stack = vg_malloc((size_t)t->z.n * LANES, sizeof *stack);
  if (!stack) return VG_MEMORY;
  if (end > slice) end = slice;
  for (size_t at = piece * COLUMNS; at < end; at += LANES) {
    int columns = end - at < LANES ? (int)(end - at) : LANES;
    envelopes(&t->z, t->values + at, t->nearest ? t->nearest + at : NULL, slice, columns, stack);
    for (int z = 0; z < t->z.n; z++) roots(t->values + at + (size_t)z * slice, columns, (float)t->edge);
  }
  vg_free(stack);
  return VG_OK;
}

/* One value throughout. */
static void fill(transform *t) {
  size_t n = (size_t)t->dim[0] * (size_t)t->dim[1] * (size_t)t->dim[2];
  for (size_t i = 0; i < n; i++) t->values[i] = INFINITY;
  for (size_t i = 0; i < n && t->nearest; i++) t->nearest[i] = UINT32_MAX;
}

static vg_status run_transform(transform *t, const double mm[3]) {
  size_t slice = (size_t)t->dim[0] * (size_t)t->dim[1];
  for (int a = 0; a < 3; a++) t->weight[a] = (float)(mm[a] / mm[0] * (mm[a] / mm[0]));
  t->edge = mm[0];
  t->z = (axis){.n = t->dim[2], .weight = t->weight[2]};
  t->seen = vg_calloc((size_t)t->dim[2], sizeof *t->seen);
  t->z.site = vg_malloc((size_t)t->dim[2], sizeof *t->z.site);
  vg_status st = t->seen && t->z.site ? vg_parallel((size_t)t->dim[2], along_slice, t) : VG_MEMORY;
  for (int z = 0; !st && z < t->dim[2]; z++)
    if (t->seen[z]) t->z.site[t->z.sites++] = z;
  if (!st && t->z.sites)
    st = vg_parallel((slice + COLUMNS - 1) / COLUMNS, across_slices, t);
  else if (!st)
    fill(t);
  vg_free(t->seen);
  vg_free(t->z.site);
  return st;
}

vg_status vg_distance(const uint8_t *mask, const int dim[3], const double mm[3], float *out) {
  return run_transform(&(transform){.mask = mask, .dim = dim, .values = out}, mm);
}

vg_status vg_distance_nearest(const uint8_t *mask, const int dim[3], const double mm[3], float *out,
                              uint32_t *nearest) {
  size_t n = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  if (n >= UINT32_MAX) return vg_fail(VG_DATA, "nearest voxels: a grid of %zu voxels is too large", n);
  float *own = out ? NULL : vg_malloc(n, sizeof *own);
  if (!out && !own) return VG_MEMORY;
  vg_status st = run_transform(
      &(transform){.mask = mask, .dim = dim, .values = out ? out : own, .nearest = nearest}, mm);
  vg_free(own);
  return st;
}

typedef struct inner {
  const uint8_t *mask;
  const int *dim;
  int lo[3], extent[3]; /* of the mask, with a voxel around it */
  double half;
  uint8_t *outside;
  float *depth, *out;
} inner;

static void copy_outside(void *arg, size_t begin, size_t end) {
  inner *in = arg;
  size_t nx = (size_t)in->extent[0], ny = (size_t)in->extent[1];
  for (size_t row = begin; row < end; row++) {
    size_t z = (size_t)in->lo[2] + row / ny, y = (size_t)in->lo[1] + row % ny;
    const uint8_t *from = in->mask + (z * (size_t)in->dim[1] + y) * (size_t)in->dim[0] + in->lo[0];
    for (size_t x = 0; x < nx; x++) in->outside[row * nx + x] = !from[x];
  }
}

static void put_depth(void *arg, size_t begin, size_t end) {
  inner *in = arg;
  size_t nx = (size_t)in->extent[0], ny = (size_t)in->extent[1];
  float twice = 2 * (float)in->half;
  for (size_t row = begin; row < end; row++) {
    size_t z = (size_t)in->lo[2] + row / ny, y = (size_t)in->lo[1] + row % ny;
    float *to = in->out + (z * (size_t)in->dim[1] + y) * (size_t)in->dim[0] + in->lo[0];
    for (size_t x = 0; x < nx; x++)
      if (!in->outside[row * nx + x]) to[x] = twice - in->depth[row * nx + x];
  }
}

static void take_half(void *arg, size_t begin, size_t end) {
  const inner *in = arg;
  for (size_t i = begin; i < end; i++) in->out[i] -= (float)in->half;
}

vg_status vg_signed_distance(const uint8_t *mask, const int dim[3], const double mm[3], float *out) {
  size_t n = (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  inner in = {.mask = mask, .dim = dim, .half = fmin(mm[0], fmin(mm[1], mm[2])) / 2, .out = out};
  vg_status st = vg_distance(mask, dim, mm, out);
  /* What is nearest to a voxel inside lies no further out than just beside the mask. */
  if (st || !vg_mask_box(mask, dim, 1, in.lo, in.extent)) return st;
  size_t rows = (size_t)in.extent[1] * (size_t)in.extent[2], boxed = rows * (size_t)in.extent[0];
  in.outside = vg_malloc(boxed, 1);
  in.depth = vg_malloc(boxed, sizeof *in.depth);
  st = in.outside && in.depth ? VG_OK : VG_MEMORY;
  if (!st) {
    vg_parallel_ranges(rows, 64, copy_outside, &in);
    st = vg_distance(in.outside, in.extent, mm, in.depth);
  }
  if (!st) {
    vg_parallel_ranges(rows, 64, put_depth, &in);
    vg_parallel_ranges(n, 65536, take_half, &in);
  }
  vg_free(in.depth);
  vg_free(in.outside);
  return st;
}
