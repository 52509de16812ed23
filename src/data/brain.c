/* brain.c: where the brain is in an image whose background may be any constant, or noise. */
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "data/brain.h"
#include "voxgan/mem.h"
#include "voxgan/prep.h"

#define BINS 1024
/* Interpolation leaves ripples of about this share of the range in what was constant. */
#define RIPPLE 1e-5
/* A component this share of the largest is a piece of brain, not a crumb. */
#define CRUMB 20

/* ---- runs of one value along x, joined to components (6-connected) ---- */

typedef struct run {
  uint32_t begin, end; /* x */
  uint32_t parent;
  uint32_t size; /* of the component, at its root */
  uint8_t border;
} run;

typedef struct runs {
  run *items;
  size_t n, cap;
  uint32_t *row; /* first run of each row of the box; rows + 1 entries */
} runs;

typedef struct box {
  int lo[3], hi[3]; /* hi exclusive */
} box;

static uint32_t find_root(run *items, uint32_t i) {
  while (items[i].parent != i) {
    items[i].parent = items[items[i].parent].parent;
    i = items[i].parent;
  }
  return i;
}

static void join(run *items, uint32_t a, uint32_t b) {
  a = find_root(items, a);
  b = find_root(items, b);
  if (a == b) return;
  if (a > b) {
    uint32_t t = a;
    a = b;
    b = t;
  }
  items[b].parent = a;
  items[a].size += items[b].size;
  items[a].border |= items[b].border;
}

static void join_rows(runs *r, size_t row_a, size_t row_b) {
  uint32_t a = r->row[row_a], a_end = r->row[row_a + 1], b = r->row[row_b], b_end = r->row[row_b + 1];
  while (a < a_end && b < b_end) {
    const run *p = &r->items[a], *q = &r->items[b];
    if (p->begin < q->end && q->begin < p->end) join(r->items, a, b);
    if (p->end < q->end)
      a++;
    else
      b++;
  }
}

static vg_status find_runs(const uint8_t *mask, const int dim[3], const box *b, uint8_t value, runs *r) {
  int ny = b->hi[1] - b->lo[1], nz = b->hi[2] - b->lo[2];
  r->row = vg_malloc((size_t)ny * (size_t)nz + 1, sizeof *r->row);
  if (!r->row) return VG_MEMORY;
  size_t row = 0;
  for (int z = b->lo[2]; z < b->hi[2]; z++) {
    for (int y = b->lo[1]; y < b->hi[1]; y++, row++) {
      const uint8_t *line = mask + ((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[0];
      bool edge = (dim[1] > 1 && (y == b->lo[1] || y == b->hi[1] - 1)) ||
                  (dim[2] > 1 && (z == b->lo[2] || z == b->hi[2] - 1));
      r->row[row] = (uint32_t)r->n;
      for (int x = b->lo[0]; x < b->hi[0];) {
        if (line[x] != value) {
          x++;
          continue;
        }
        int begin = x;
        while (x < b->hi[0] && line[x] == value) x++;
        if (r->n == r->cap) {
          size_t cap = r->cap ? r->cap * 2 : 65536;
          run *items = vg_realloc(r->items, cap, sizeof *items);
          if (!items) return VG_MEMORY;
          r->items = items;
          r->cap = cap;
        }
        bool side = dim[0] > 1 && (begin == b->lo[0] || x == b->hi[0]);
        r->items[r->n] =
            (run){(uint32_t)begin, (uint32_t)x, (uint32_t)r->n, (uint32_t)(x - begin), edge || side};
        r->n++;
      }
    }
  }
  r->row[row] = (uint32_t)r->n;
  row = 0;
  for (int z = 0; z < nz; z++)
    for (int y = 0; y < ny; y++, row++) {
      if (y > 0) join_rows(r, row - 1, row);
      if (z > 0) join_rows(r, row - (size_t)ny, row);
    }
  return VG_OK;
}

static void paint_run(uint8_t *mask, const int dim[3], const box *b, size_t row, const run *r,
                      uint8_t value) {
  size_t ny = (size_t)(b->hi[1] - b->lo[1]);
  size_t z = (size_t)b->lo[2] + row / ny, y = (size_t)b->lo[1] + row % ny;
  memset(mask + (z * (size_t)dim[1] + y) * (size_t)dim[0] + r->begin, value, r->end - r->begin);
}

static void runs_release(runs *r) {
  vg_free(r->items);
  vg_free(r->row);
  memset(r, 0, sizeof *r);
}

static vg_status drop_crumbs(uint8_t *mask, const int dim[3], const box *b) {
  runs r = {0};
  vg_status st = find_runs(mask, dim, b, 1, &r);
  uint32_t largest = 0;
  for (uint32_t i = 0; !st && i < r.n; i++)
    if (r.items[i].parent == i && r.items[i].size > largest) largest = r.items[i].size;
  size_t rows = (size_t)(b->hi[1] - b->lo[1]) * (size_t)(b->hi[2] - b->lo[2]);
  for (size_t row = 0; !st && row < rows; row++)
    for (uint32_t i = r.row[row]; i < r.row[row + 1]; i++)
      if ((uint64_t)r.items[find_root(r.items, i)].size * CRUMB < largest)
        paint_run(mask, dim, b, row, &r.items[i], 0);
  runs_release(&r);
  return st;
}

static vg_status fill_holes(uint8_t *mask, const int dim[3], const box *b) {
  runs r = {0};
  vg_status st = find_runs(mask, dim, b, 0, &r);
  size_t rows = (size_t)(b->hi[1] - b->lo[1]) * (size_t)(b->hi[2] - b->lo[2]);
  for (size_t row = 0; !st && row < rows; row++)
    for (uint32_t i = r.row[row]; i < r.row[row + 1]; i++)
      if (!r.items[find_root(r.items, i)].border) paint_run(mask, dim, b, row, &r.items[i], 1);
  runs_release(&r);
  return st;
}

/* ---- background ---- */

VG_HOT static void least_most(const float *v, size_t n, float *least, float *most) {
  float lo = v[0], hi = v[0];
  for (size_t i = 1; i < n; i++) {
    lo = v[i] < lo ? v[i] : lo;
    hi = v[i] > hi ? v[i] : hi;
  }
  *least = lo;
  *most = hi;
}

typedef struct vote {
  float value;
  size_t lead, same, all;
  float tolerance;
} vote;

/* Boyer and Moore's majority vote: the only value that can hold more than half. */
static void elect(vote *v, float x) {
  if (v->lead == 0) v->value = x;
  if (x == v->value)
    v->lead++;
  else
    v->lead--;
}

static void count(vote *v, float x) {
  v->all++;
  v->same += fabsf(x - v->value) <= v->tolerance;
}

/* Visits the outer faces; axes of one voxel have none (a slice is bounded by its edges). */
static void each_face(const vg_volume *vol, void (*visit)(vote *, float), vote *v) {
  const int *dim = vol->geo.dim;
  size_t stride[3] = {1, (size_t)dim[0], (size_t)dim[0] * (size_t)dim[1]};
  for (int a = 0; a < 3; a++) {
    if (dim[a] < 2) continue;
    int b = (a + 1) % 3, c = (a + 2) % 3;
    for (int side = 0; side < 2; side++)
      for (int j = 0; j < dim[c]; j++)
        for (int i = 0; i < dim[b]; i++)
          visit(v, vol->data[(side ? (size_t)(dim[a] - 1) * stride[a] : 0) + (size_t)i * stride[b] +
                             (size_t)j * stride[c]]);
  }
}

static void histogram(const float *v, size_t n, float lo, float hi, size_t bins[BINS]) {
  memset(bins, 0, BINS * sizeof *bins);
  float scale = BINS / (hi - lo);
  for (size_t i = 0; i < n; i++) {
    float at = (v[i] - lo) * scale;
    bins[at < 0 ? 0 : at >= BINS ? BINS - 1 : (int)at]++;
  }
}

/* Otsu (IEEE Trans. SMC 9, 1979): the cut that separates the histogram's two halves best; the last bin of the
 * lower. */
static int otsu(const size_t bins[BINS]) {
  double total = 0, sum = 0, below = 0, sum_below = 0, best = -1;
  int cut = 0;
  for (int i = 0; i < BINS; i++) {
    total += (double)bins[i];
    sum += (double)bins[i] * i;
  }
  for (int i = 0; i < BINS - 1; i++) {
    below += (double)bins[i];
    sum_below += (double)bins[i] * i;
    if (below == 0 || below == total) continue;
    double d = sum_below / below - (sum - sum_below) / (total - below);
    double between = below * (total - below) * d * d;
    if (between > best) {
      best = between;
      cut = i;
    }
  }
  return cut;
}

void vg_background_find(const vg_volume *vol, vg_background *out) {
  size_t n = vg_geometry_voxels(&vol->geo);
  float lo, hi;
  least_most(vol->data, n, &lo, &hi);
  vote v = {.value = lo, .tolerance = (float)(RIPPLE * ((double)hi - lo))};
  each_face(vol, elect, &v);
  each_face(vol, count, &v);
  *out = (vg_background){.value = v.value, .tolerance = v.tolerance, .constant = 2 * v.same > v.all};
  if (out->constant || !(hi > lo)) {
    out->constant = true;
    return;
  }
  /* A few bright voxels would squeeze the rest into the lowest bins. */
  size_t bins[BINS];
  histogram(vol->data, n, lo, hi, bins);
  size_t tail = n / 500, seen = 0;
  int top = BINS - 1;
  while (top > 0 && (seen += bins[top]) < tail) top--;
  hi = lo + (hi - lo) * (float)(top + 1) / BINS;
  histogram(vol->data, n, lo, hi, bins);
  int cut = otsu(bins);
  out->threshold = lo + (hi - lo) * (float)(cut + 1) / BINS;
  size_t below = 0, half = 0;
  for (int i = 0; i <= cut; i++) below += bins[i];
  int median = 0;
  while (median < cut && 2 * (half += bins[median]) < below) median++;
  out->value = lo + (hi - lo) * ((float)median + 0.5f) / BINS;
}

/* Writes the mask of one row and says whether any voxel is in it. */
VG_HOT static unsigned mask_row(const float *v, int n, const vg_background *bg, uint8_t *mask) {
  unsigned any = 0;
  if (bg->constant) {
    for (int x = 0; x < n; x++) any |= mask[x] = fabsf(v[x] - bg->value) > bg->tolerance;
  } else {
    for (int x = 0; x < n; x++) any |= mask[x] = v[x] >= bg->threshold;
  }
  return any;
}

vg_status vg_brain_mask(const vg_volume *vol, const char *path, uint8_t *mask, double *background) {
  const int *dim = vol->geo.dim;
  vg_background bg;
  vg_background_find(vol, &bg);
  if (background) *background = bg.value;
  box b = {{dim[0], dim[1], dim[2]}, {0, 0, 0}};
  for (int z = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++) {
      size_t at = ((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[0];
      if (!mask_row(vol->data + at, dim[0], &bg, mask + at)) continue;
      int x0 = 0, x1 = dim[0];
      while (!mask[at + (size_t)x0]) x0++;
      while (!mask[at + (size_t)x1 - 1]) x1--;
      int lo[3] = {x0, y, z}, hi[3] = {x1, y + 1, z + 1};
      for (int a = 0; a < 3; a++) {
        if (lo[a] < b.lo[a]) b.lo[a] = lo[a];
        if (hi[a] > b.hi[a]) b.hi[a] = hi[a];
      }
    }
  if (b.hi[0] == 0)
    return vg_fail(VG_DATA, "%s: no brain in it: every voxel has the value %g", path, (double)bg.value);
  vg_status st = drop_crumbs(mask, dim, &b);
  return st ? st : fill_holes(mask, dim, &b);
}
