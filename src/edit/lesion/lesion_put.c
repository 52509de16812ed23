/* lesion_put.c: rasterises a lesion on the grid of its host, each region with the volume asked for. */
#include <math.h>
#include <string.h>

#include "base/number/float_order.h"
#include "edit/lesion/lesion.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"
#include "base/whole.h"

#define NOT_ALLOWED UINT32_MAX
#define BINS 65536

/* The box of the host in which the lesion is drawn. */
typedef struct canvas {
  const vg_lesion *lesion;
  const vg_lesion_pose *pose;
  const vg_geometry *host;
  const uint8_t *allowed;
  vg_affine to_lesion;  /* host voxel -> lesion voxel, without the warp */
  double warp_to[3][3]; /* displacement, mm -> lesion voxels */
  double mm[3];         /* of the lesion's voxels */
  double rim;           /* lower bound of the field at the faces of its box, mm */
  int lo[3], n[3];      /* the box */
  bool whole;           /* the box is the host's whole grid */
  size_t voxels;        /* of the box */
  uint32_t *key;        /* (Z, Y, X) of the box: vg_float_order of region 0's field, or NOT_ALLOWED */
  uint8_t *taken;       /* (Z, Y, X) of the box: region 0 */
  uint32_t *histogram;  /* BINS */
} canvas;

/* ---- the fields on the host's grid ---- */

/* Outside the box, the value at its nearest face plus the distance to that. */
static inline float sample(const canvas *c, const float *field, const double u[3]) {
  const int *dim = c->lesion->geo.dim;
  int at[3];
  float f[3];
  double beyond = 0;
  for (int a = 0; a < 3; a++) {
    double last = dim[a] - 1, v = u[a] < 0 ? 0 : u[a] > last ? last : u[a], off = (u[a] - v) * c->mm[a];
    beyond += off * off;
    at[a] = vg_index_of(v, dim[a]);
    if (at[a] > dim[a] - 2) at[a] = dim[a] - 2;
    f[a] = (float)(v - at[a]);
  }
  const size_t sy = (size_t)dim[0], sz = sy * (size_t)dim[1];
  const float *p = field + (size_t)at[2] * sz + (size_t)at[1] * sy + (size_t)at[0];
  float x00 = p[0] + f[0] * (p[1] - p[0]), x10 = p[sy] + f[0] * (p[sy + 1] - p[sy]);
  p += sz;
  float x01 = p[0] + f[0] * (p[1] - p[0]), x11 = p[sy] + f[0] * (p[sy + 1] - p[sy]);
  float y0 = x00 + f[1] * (x10 - x00), y1 = x01 + f[1] * (x11 - x01);
  float value = y0 + f[2] * (y1 - y0);
  return beyond > 0 ? value + (float)sqrt(beyond) : value;
}

static void lesion_point(const canvas *c, const double ijk[3], double u[3]) {
  vg_affine_apply(&c->to_lesion, ijk, u);
  if (!c->pose->warp) return;
  double mm[3], d[3];
  vg_affine_apply(&c->host->affine, ijk, mm);
  c->pose->warp(c->pose->warp_field, mm, d);
  for (int a = 0; a < 3; a++)
    u[a] += c->warp_to[a][0] * d[0] + c->warp_to[a][1] * d[1] + c->warp_to[a][2] * d[2];
}

static size_t host_index(const canvas *c, int x, int y, int z) {
  return vg_extent_index(c->host->dim, c->lo[0] + x, c->lo[1] + y, c->lo[2] + z);
}

static void draw_rows(void *arg, size_t begin, size_t end) {
  const canvas *c = arg;
  for (size_t row = begin; row < end; row++) {
    int y = (int)(row % (size_t)c->n[1]), z = (int)(row / (size_t)c->n[1]);
    const uint8_t *allowed = c->allowed + host_index(c, 0, y, z);
    uint32_t *key = c->key + row * (size_t)c->n[0];
    for (int x = 0; x < c->n[0]; x++) {
      if (!allowed[x]) {
        key[x] = NOT_ALLOWED;
        continue;
      }
      double u[3];
      lesion_point(c, (double[]){c->lo[0] + x, c->lo[1] + y, c->lo[2] + z}, u);
      key[x] = vg_float_order(sample(c, c->lesion->field[0], u));
    }
  }
}

/* Draws region 0 in a box that extends `reach` mm beyond the lesion's own. Outside this box the field is
 * above reach + rim. */
static vg_status draw(canvas *c, double reach) {
  vg_affine to_host;
  if (!vg_affine_invert(&c->to_lesion, &to_host)) VG_BUG("a lesion is put down flat");
  const int *dim = c->lesion->geo.dim;
  double lo[3] = {INFINITY, INFINITY, INFINITY}, hi[3] = {-INFINITY, -INFINITY, -INFINITY};
  for (int corner = 0; corner < 8; corner++) {
    double u[3], ijk[3];
    for (int a = 0; a < 3; a++) {
      double out = (reach + c->pose->warp_reach) / c->mm[a];
      u[a] = corner >> a & 1 ? dim[a] - 1 + out : -out;
    }
    vg_affine_apply(&to_host, u, ijk);
    for (int a = 0; a < 3; a++) lo[a] = fmin(lo[a], ijk[a]), hi[a] = fmax(hi[a], ijk[a]);
  }
  c->voxels = 1, c->whole = true;
  for (int a = 0; a < 3; a++) {
    int last = c->host->dim[a] - 1;
    int from = vg_index_of(floor(lo[a]), last + 1), to = vg_index_of(ceil(hi[a]), last + 1);
    c->lo[a] = from, c->n[a] = to < from ? 1 : to - from + 1;
    c->whole &= c->n[a] == c->host->dim[a];
    c->voxels *= (size_t)c->n[a];
  }
  vg_free(c->key);
  vg_free(c->taken);
  c->key = vg_malloc(c->voxels, sizeof *c->key);
  c->taken = vg_malloc(c->voxels, 1);
  if (!c->key || !c->taken) return VG_MEMORY;
  vg_parallel_ranges((size_t)c->n[1] * (size_t)c->n[2], 64, draw_rows, c);
  return VG_OK;
}

/* ---- levels by rank ---- */

/* Marks the `want` lowest keys (of equal keys, those of lowest index) and sets level to the highest of them.
 * False: fewer voxels are allowed. */
static bool take_lowest(const uint32_t *key, size_t n, size_t want, uint32_t *histogram, uint8_t *taken,
                        uint32_t *level) {
  size_t left = want;
  uint32_t prefix = 0;
  for (int half = 0; half < 2; half++) {
    memset(histogram, 0, BINS * sizeof *histogram);
    for (size_t i = 0; i < n; i++)
      if (key[i] != NOT_ALLOWED && (!half || key[i] >> 16 == prefix))
        histogram[half ? key[i] & 0xffff : key[i] >> 16]++;
    uint32_t bin = 0;
    while (bin < BINS && histogram[bin] < left) left -= histogram[bin++];
    if (bin == BINS) return false;
    prefix = half ? prefix << 16 | bin : bin;
  }
  *level = prefix;
  for (size_t i = 0; i < n; i++) taken[i] = key[i] < prefix || (key[i] == prefix && left && left--);
  return true;
}

/* ---- connected ---- */

/* A binary heap of (key, voxel), lowest first. */
static void heap_push(uint64_t *heap, size_t *n, uint64_t item) {
  size_t i = (*n)++;
  for (; i && heap[(i - 1) / 2] > item; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
  heap[i] = item;
}

static uint64_t heap_pop(uint64_t *heap, size_t *n) {
  uint64_t top = heap[0], last = heap[--*n];
  size_t i = 0;
  for (size_t child; (child = 2 * i + 1) < *n; i = child) {
    if (child + 1 < *n && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= last) break;
    heap[i] = heap[child];
  }
  heap[i] = last;
  return top;
}

static void push_neighbours(const canvas *c, size_t i, uint64_t *heap, size_t *n, uint8_t *seen) {
  const size_t nx = (size_t)c->n[0], ny = (size_t)c->n[1];
  const int x = (int)(i % nx), y = (int)(i / nx % ny), z = (int)(i / nx / ny);
  for (int dz = -1; dz <= 1; dz++)
    for (int dy = -1; dy <= 1; dy++)
      for (int dx = -1; dx <= 1; dx++) {
        if (x + dx < 0 || x + dx >= c->n[0] || y + dy < 0 || y + dy >= c->n[1] || z + dz < 0 ||
            z + dz >= c->n[2])
          continue;
        size_t j = ((size_t)(z + dz) * ny + (size_t)(y + dy)) * nx + (size_t)(x + dx);
        if (seen[j] || c->key[j] == NOT_ALLOWED) continue;
        seen[j] = 1;
        heap_push(heap, n, (uint64_t)c->key[j] << 32 | j);
      }
}

/* As take_lowest, but connected: starts at the deepest voxels of the largest components, as many as the
 * lesion has pieces, and adds neighbours in the order of their keys until `want` voxels are taken. */
static vg_status take_connected(const canvas *c, const uint32_t *label, const size_t *sizes,
                                size_t components, size_t want, uint32_t *level, bool *enough) {
  size_t n = 0, taken = 0;
  uint64_t *heap = vg_malloc(c->voxels, sizeof *heap), *deepest = vg_malloc(components, sizeof *deepest);
  uint8_t *seen = vg_calloc(c->voxels, 1);
  vg_status st = heap && deepest && seen ? VG_OK : VG_MEMORY;
  if (st) goto out;
  memset(deepest, 0xff, components * sizeof *deepest);
  for (size_t i = 0; i < c->voxels; i++) {
    uint64_t item = (uint64_t)c->key[i] << 32 | i;
    if (label[i] && item < deepest[label[i] - 1]) deepest[label[i] - 1] = item;
  }
  for (size_t piece = 0; piece < c->lesion->pieces; piece++) {
    size_t largest = components;
    for (size_t k = 0; k < components; k++)
      if (deepest[k] != UINT64_MAX && (largest == components || sizes[k] > sizes[largest])) largest = k;
    seen[deepest[largest] & UINT32_MAX] = 1;
    heap_push(heap, &n, deepest[largest]);
    deepest[largest] = UINT64_MAX;
  }
  memset(c->taken, 0, c->voxels);
  *level = 0;
  while (n && taken < want) {
    uint64_t item = heap_pop(heap, &n);
    size_t i = (size_t)(item & UINT32_MAX);
    c->taken[i] = 1, taken++;
    if (item >> 32 > *level) *level = (uint32_t)(item >> 32);
    push_neighbours(c, i, heap, &n, seen);
  }
  *enough = taken == want;
out:
  vg_free(heap);
  vg_free(deepest);
  vg_free(seen);
  return st;
}

/* Takes region 0 in the box drawn. enough is false if the box has less room, or if the level exceeds what the
 * box is certain to hold. */
static vg_status take_outline(const canvas *c, double reach, size_t want, bool *enough) {
  uint32_t level;
  size_t components, *sizes = NULL;
  *enough = take_lowest(c->key, c->voxels, want, c->histogram, c->taken, &level) &&
            (c->whole || (double)vg_float_of_order(level) <= reach + c->rim);
  if (!*enough) return VG_OK;
  uint32_t *label = vg_malloc(c->voxels, sizeof *label);
  vg_status st = label ? vg_components(c->taken, c->n, 26, label, &components, &sizes) : VG_MEMORY;
  if (!st && components > c->lesion->pieces) {
    st = take_connected(c, label, sizes, components, want, &level, enough);
    *enough &= c->whole || (double)vg_float_of_order(level) <= reach + c->rim;
  }
  vg_free(sizes);
  vg_free(label);
  return st;
}

/* ---- inner regions ---- */

typedef struct inner {
  const canvas *canvas;
  const float *field;
  const size_t *voxel; /* of the box */
  uint32_t *key;
} inner;

static void draw_inner(void *arg, size_t begin, size_t end) {
  const inner *in = arg;
  const canvas *c = in->canvas;
  const size_t nx = (size_t)c->n[0], ny = (size_t)c->n[1];
  for (size_t k = begin; k < end; k++) {
    size_t i = in->voxel[k];
    double u[3];
    lesion_point(c,
                 (double[]){(double)((size_t)c->lo[0] + i % nx), (double)((size_t)c->lo[1] + i / nx % ny),
                            (double)((size_t)c->lo[2] + i / nx / ny)},
                 u);
    in->key[k] = vg_float_order(sample(c, in->field, u));
  }
}

/* Writes the outer region, and then each inner region among the voxels of the one around it. */
static vg_status write_regions(const canvas *c, const size_t *want, uint8_t *tumour, uint8_t *put) {
  const vg_lesion *l = c->lesion;
  size_t *voxel = vg_malloc(want[0], sizeof *voxel), n = 0;
  uint32_t *key = vg_malloc(want[0], sizeof *key), level;
  uint8_t *taken = vg_malloc(want[0], 1);
  const size_t nx = (size_t)c->n[0], ny = (size_t)c->n[1];
  vg_status st = voxel && key && taken ? VG_OK : VG_MEMORY;
  if (st) goto out;
  for (size_t i = 0; i < c->voxels; i++)
    if (c->taken[i]) voxel[n++] = i;
  for (int k = 0; k < l->n && n; k++) {
    if (k) {
      inner in = {c, l->field[k], voxel, key};
      vg_parallel_ranges(n, 4096, draw_inner, &in);
      if (!want[k] || !take_lowest(key, n, want[k], c->histogram, taken, &level)) break;
      size_t kept = 0;
      for (size_t i = 0; i < n; i++)
        if (taken[i]) voxel[kept++] = voxel[i];
      n = kept;
    }
    for (size_t i = 0; i < n; i++) {
      size_t v = voxel[i];
      size_t at = host_index(c, (int)(v % nx), (int)(v / nx % ny), (int)(v / nx / ny));
      tumour[at] = l->code[k];
      if (put) put[at] = 1;
    }
  }
out:
  vg_free(voxel);
  vg_free(key);
  vg_free(taken);
  return st;
}

static void canvas_init(canvas *c, const vg_lesion *l, const vg_lesion_pose *pose, const vg_geometry *host,
                        const uint8_t *allowed) {
  *c = (canvas){.lesion = l, .pose = pose, .host = host, .allowed = allowed};
  vg_affine world = vg_lesion_pose_affine(l, pose), to_voxel;
  if (!vg_affine_invert(&l->geo.affine, &to_voxel)) VG_BUG("a lesion has a flat grid");
  vg_affine from_host = vg_affine_mul(&world, &host->affine);
  c->to_lesion = vg_affine_mul(&to_voxel, &from_host);
  for (int r = 0; r < 3; r++)
    for (int k = 0; k < 3; k++) c->warp_to[r][k] = to_voxel.m[r][k];
  vg_geometry_spacing(&l->geo, c->mm);
  c->rim = (VG_LESION_MARGIN - 0.5) * fmin(c->mm[0], fmin(c->mm[1], c->mm[2]));
}

vg_status vg_lesion_put(vg_maps *maps, const vg_lesion *l, const vg_lesion_pose *pose, const uint8_t *allowed,
                        const vg_site_rules *rules, uint8_t *put) {
  const double ml = l->ml[0] * pose->ml_factor, voxel_ml = vg_geometry_voxel_ml(&maps->geo);
  size_t want[VG_CLASSES_MAX];
  for (int k = 0; k < l->n; k++) want[k] = vg_count_of(round(l->ml[k] * pose->ml_factor / voxel_ml));
  if (!want[0]) return vg_fail(VG_REFUSED, "a tumour of %.3g ml is less than half a voxel", ml);
  double fit = rules->fit > 0 ? vg_lesion_fit(l, pose, &maps->geo, allowed) : 1;
  if (fit < rules->fit)
    return vg_fail(VG_REFUSED, "only %.0f%% of the tumour's shape is on allowed tissue", 100 * fit);
  canvas c;
  canvas_init(&c, l, pose, &maps->geo, allowed);
  bool enough = false;
  c.histogram = vg_malloc(BINS, sizeof *c.histogram);
  vg_status st = c.histogram ? VG_OK : VG_MEMORY;
  for (double reach = 0; !st && !enough; reach = 2 * reach + 4) {
    st = draw(&c, reach);
    if (!st) st = take_outline(&c, reach, want[0], &enough);
    if (!st && !enough && c.whole) st = vg_fail(VG_REFUSED, "there is no room for a tumour of %.3g ml", ml);
  }
  if (!st) st = write_regions(&c, want, maps->tumour, put);
  vg_free(c.histogram);
  vg_free(c.key);
  vg_free(c.taken);
  return st;
}
