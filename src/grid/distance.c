/* distance.c: exact Euclidean distance transforms, one axis after the other: within rows by runs, then along
 * y and z by lower envelopes of parabolas (Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012).
 *
 * Squared distances are in units of the voxel's x edge. With isotropic spacing they are therefore whole
 * numbers, and exact. The code works on neighbouring columns side by side: it reads memory along cache lines,
 * and the processor overlaps the columns' chains of dependent steps.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/simd.h"
#include "grid/runs.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"

#define LANES 32
/* The number of columns in one piece of work along z. */
#define COLUMNS 1024

/* One axis of n positions. Positions that are not sites are infinite in all columns and are not read. */
typedef struct axis {
  int n, sites;
  int *site;
  float weight; /* squared edge, in units of x's */
  float scale;  /* of the final square roots; 0: values stay squared */
} axis;

/* The state of LANES neighbouring columns; all arrays are (n, LANES). The parabola of site q is
 *   height[q] + weight * (x - q)^2
 * It is the lowest from position from[q] to the start of the next parabola in its list. link[q] is the
 * previous parabola, or -1. Lists, unlike stacks, allow adding parabolas to all columns at once. */
typedef struct bench {
  float *height, *from;
  uint32_t *nearest; /* the voxel that height is the distance to */
  int32_t *link;
  int32_t *owner; /* the site that is lowest from this position on; -1: the same as one position before */
  float *owner_height; /* its height */
} bench;

static void bench_release(bench *b) {
  vg_free(b->height);
  vg_free(b->from);
  vg_free(b->nearest);
  vg_free(b->link);
  vg_free(b->owner);
  vg_free(b->owner_height);
}

static vg_status bench_init(bench *b, int slots) {
  size_t n = (size_t)slots * LANES;
  *b = (bench){.height = vg_calloc(n, sizeof *b->height),
               .from = vg_calloc(n, sizeof *b->from),
               .nearest = vg_calloc(n, sizeof *b->nearest),
               .link = vg_calloc(n, sizeof *b->link),
               .owner = vg_malloc(n, sizeof *b->owner),
               .owner_height = vg_malloc(n, sizeof *b->owner_height)};
  if (!b->height || !b->from || !b->nearest || !b->link || !b->owner || !b->owner_height) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) b->owner[i] = -1;
  return VG_OK;
}

/* Marks the columns where site s may be lowest somewhere. Its neighbours often leave it no interval, or none
 * on the grid. A 0 among zeros needs no parabola, because its value does not change. */
static inline bool find_needed(const axis *a, const float *height, int s, int32_t needed[restrict LANES]) {
  if (s == 0 || s == a->sites - 1 || a->site[s + 1] - a->site[s - 1] > 2) {
    for (int l = 0; l < LANES; l++) needed[l] = 1;
    return true;
  }
  const float *h = height + a->site[s] * LANES, *before = h - LANES, *after = h + LANES;
  float half = 0.5f / a->weight, u = (float)a->site[s], last = (float)(a->n - 1);
  int32_t any = 0;
  for (int l = 0; l < LANES; l++) {
    float from = floorf((h[l] - before[l]) * half + (u - 0.5f));
    float to = floorf((after[l] - h[l]) * half + (u + 0.5f));
    needed[l] = (from < to) & (from < last) & (to >= 0) & (before[l] + h[l] + after[l] > 0);
    any |= needed[l];
  }
  return any;
}

/* Builds the lists of the lower envelopes; top: the last parabola of each. */
VG_HOT static void build(const axis *a, bench *b, int32_t top[restrict LANES]) {
  const float *restrict height = b->height;
  float *restrict from = b->from, top_height[LANES] = {0}, top_from[LANES] = {0};
  int32_t *restrict link = b->link, needed[LANES], over[LANES];
  float w = a->weight, last = (float)(a->n - 1);
  for (int l = 0; l < LANES; l++) top[l] = -1;
  for (int s = 0; s < a->sites; s++) {
    int32_t q = a->site[s];
    float u = (float)q;
    const float *restrict h = height + q * LANES;
    if (!find_needed(a, height, s, needed)) continue;
    for (;;) {
      int32_t any = 0;
      for (int l = 0; l < LANES; l++) {
        float d = top_from[l] - (float)top[l], e = top_from[l] - u;
        over[l] = needed[l] & (top[l] >= 0) & (top_height[l] + w * d * d > h[l] + w * e * e);
        any |= over[l];
      }
      if (!any) break;
      for (int l = 0; l < LANES; l++) {
        if (!over[l]) continue;
        top[l] = link[top[l] * LANES + l];
        int32_t at = (top[l] < 0 ? 0 : top[l]) * LANES + l;
        top_height[l] = height[at];
        top_from[l] = from[at];
      }
    }
    for (int l = 0; l < LANES; l++) {
      /* If two parabolas meet at a whole number, this finds it exactly, and the earlier one owns it. */
      float v = (float)top[l];
      float meet = floorf(0.5f * (u + v) + (h[l] - top_height[l]) / (2 * w * (u - v)));
      float begin = top[l] < 0 ? 0 : 1 + (meet > top_from[l] ? meet : top_from[l]);
      int32_t add = needed[l] & (begin <= last);
      link[q * LANES + l] = top[l];
      from[q * LANES + l] = begin;
      top[l] = add ? q : top[l];
      top_height[l] = add ? h[l] : top_height[l];
      top_from[l] = add ? begin : top_from[l];
    }
  }
}

/* Assigns to each parabola the positions where it is lowest. */
static void give_places(bench *b, const int32_t top[LANES]) {
  for (int l = 0; l < LANES; l++)
    for (int32_t q = top[l]; q >= 0; q = b->link[q * LANES + l]) {
      int at = (int)b->from[q * LANES + l] * LANES + l;
      b->owner[at] = q;
      b->owner_height[at] = b->height[q * LANES + l];
    }
}

/* Evaluates the envelopes, and clears owner again. */
VG_HOT static void read_off(const axis *a, bench *b, float *values, uint32_t *nearest, size_t stride,
                            int columns) {
  int32_t own[LANES] = {0};
  float height[LANES] = {0}, value[LANES], w = a->weight;
  for (int q = 0, s = 0; q < a->n; q++) {
    const float *restrict h = b->height + q * LANES, *restrict owner_height = b->owner_height + q * LANES;
    int32_t *restrict owner = b->owner + q * LANES;
    bool site = s < a->sites && a->site[s] == q;
    s += site;
    for (int l = 0; l < LANES; l++) {
      own[l] = owner[l] < 0 ? own[l] : owner[l];
      height[l] = owner[l] < 0 ? height[l] : owner_height[l];
      owner[l] = -1;
      float d = (float)(q - own[l]);
      value[l] = height[l] + w * d * d;
    }
    for (int l = 0; l < columns && nearest; l++)
      nearest[(size_t)q * stride + (size_t)l] = b->nearest[(site && h[l] == 0 ? q : own[l]) * LANES + l];
    if (site)
      for (int l = 0; l < LANES; l++) value[l] = h[l] < value[l] ? h[l] : value[l];
    if (a->scale > 0)
      for (int l = 0; l < LANES; l++) value[l] = a->scale * sqrtf(value[l]);
    memcpy(values + (size_t)q * stride, value, (size_t)columns * sizeof *values);
  }
}

/* Replaces the values of neighbouring columns by their lower envelopes. Positions are stride apart; nearest
 * may be NULL. */
static void envelopes(const axis *a, bench *b, float *values, uint32_t *nearest, size_t stride, int columns) {
  for (int s = 0; s < a->sites; s++) {
    size_t to = (size_t)a->site[s] * LANES, at = (size_t)a->site[s] * stride, width = (size_t)columns;
    memcpy(b->height + to, values + at, width * sizeof *values);
    if (nearest) memcpy(b->nearest + to, nearest + at, width * sizeof *nearest);
  }
  int32_t top[LANES];
  build(a, b, top);
  give_places(b, top);
  read_off(a, b, values, nearest, stride, columns);
}

/* Computes squared distances within a row. If the row has no voxel of the mask, returns false and writes
 * nothing. index: the row's first voxel. */
VG_HOT static bool along_row(const uint8_t *mask, int n, uint32_t index, float *values, uint32_t *nearest) {
  int x = 0, left = -2 * n, right = vg_row_seek(mask, 0, n, true);
  if (right == n) return false;
  for (;;) {
    int next = right < n ? right : 3 * n; /* out of reach, like the initial left */
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
  float *values;
  uint32_t *nearest;
  bool *seen; /* slices that contain mask */
  axis z;
} transform;

/* Runs two passes in one slice, which stays in the cache between them. */
static vg_status along_slice(void *arg, size_t z) {
  transform *t = arg;
  int nx = t->dim[0], ny = t->dim[1];
  size_t from = z * (size_t)nx * (size_t)ny;
  bench b = {0};
  axis y = {.n = ny, .weight = t->weight[1], .site = vg_malloc((size_t)ny, sizeof *y.site)};
  vg_status st = y.site ? bench_init(&b, ny) : VG_MEMORY;
  for (int row = 0; !st && row < ny; row++) {
    size_t at = from + (size_t)row * (size_t)nx;
    if (along_row(t->mask + at, nx, (uint32_t)at, t->values + at, t->nearest ? t->nearest + at : NULL))
      y.site[y.sites++] = row;
  }
  t->seen[z] = y.sites > 0;
  for (int x = 0; x < nx && y.sites; x += LANES)
    envelopes(&y, &b, t->values + from + x, t->nearest ? t->nearest + from + x : NULL, (size_t)nx,
              nx - x < LANES ? nx - x : LANES);
  bench_release(&b);
  vg_free(y.site);
  return st;
}

static vg_status across_slices(void *arg, size_t piece) {
  transform *t = arg;
  size_t slice = (size_t)t->dim[0] * (size_t)t->dim[1], end = (piece + 1) * COLUMNS;
  bench b;
  vg_status st = bench_init(&b, t->z.n);
  if (end > slice) end = slice;
  for (size_t at = piece * COLUMNS; at < end && !st; at += LANES)
    envelopes(&t->z, &b, t->values + at, t->nearest ? t->nearest + at : NULL, slice,
              end - at < LANES ? (int)(end - at) : LANES);
  bench_release(&b);
  return st;
}

/* Fills all of out with one value. */
static void fill(transform *t) {
  size_t n = vg_extent_voxels(t->dim);
  for (size_t i = 0; i < n; i++) t->values[i] = INFINITY;
  for (size_t i = 0; i < n && t->nearest; i++) t->nearest[i] = UINT32_MAX;
}

static vg_status run_transform(transform *t, const double mm[3]) {
  size_t slice = (size_t)t->dim[0] * (size_t)t->dim[1];
  for (int a = 0; a < 3; a++) t->weight[a] = (float)(mm[a] / mm[0] * (mm[a] / mm[0]));
  t->z = (axis){.n = t->dim[2], .weight = t->weight[2], .scale = (float)mm[0]};
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
  size_t n = vg_extent_voxels(dim);
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
  int lo[3], extent[3]; /* the box of the mask, one voxel larger on each side */
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
  size_t n = vg_extent_voxels(dim);
  inner in = {.mask = mask, .dim = dim, .half = fmin(mm[0], fmin(mm[1], mm[2])) / 2, .out = out};
  vg_status st = vg_distance(mask, dim, mm, out);
  /* The outside voxel that is nearest to an inside voxel lies directly beside the mask. */
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
