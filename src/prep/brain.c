/* brain.c: finds the brain in an image whose background may be any constant, or noise. */
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "prep/brain.h"
#include "grid/runs.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "prep/range.h"
#include "prep/prep.h"
#include "base/whole.h"

#define BINS 1024
/* Interpolation leaves ripples of about this share of the range in a constant background. */
#define RIPPLE 1e-5
/* A component of at least this share of the largest is a piece of brain; smaller ones are artefacts. */
#define CRUMB 20
/* Scanners set the corners of an image to 0, where they have no signal, so that most of the outer faces may
 * be constant while the air about a head is noise. On the real heads that we have, the rest of the faces was
 * at least 0.06 of them, of which at least 0.45 lay below Otsu's threshold, and what differs from the
 * constant was at least 1.6 times what lies above. On skull-stripped brains, whole or cropped to their box,
 * the first two were below 0.03 or below 0.12, and the third below 1.13. */
#define RIM_FACES 0.05
#define RIM_BELOW 0.33
#define RIM_RATIO 1.5

/* Sets a value in the runs that the rule selects. */
static vg_status repaint(uint8_t *mask, const int dim[3], const int lo[3], const int extent[3], uint8_t value,
                         bool (*pick)(const vg_run *root, uint32_t largest)) {
  vg_runs r = {0};
  vg_status st = vg_runs_find(mask, dim, lo, extent, !value, 6, &r);
  uint32_t largest = 0;
  for (uint32_t i = 0; !st && i < r.n; i++)
    if (r.items[i].parent == i && r.items[i].size > largest) largest = r.items[i].size;
  size_t rows = (size_t)extent[1] * (size_t)extent[2];
  for (size_t row = 0; !st && row < rows; row++)
    for (size_t i = r.row[row]; i < r.row[row + 1]; i++) {
      const vg_run *run = &r.items[i];
      if (pick(&r.items[vg_run_root(r.items, (uint32_t)i)], largest))
        memset(mask + vg_runs_row_at(&r, dim, row) + run->begin, value, run->end - run->begin);
    }
  vg_runs_release(&r);
  return st;
}

static bool is_crumb(const vg_run *root, uint32_t largest) {
  return (uint64_t)root->size * CRUMB < largest;
}

static bool is_smaller(const vg_run *root, uint32_t largest) {
  return root->size < largest;
}

static bool is_hole(const vg_run *root, uint32_t largest) {
  (void)largest;
  return !root->border;
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
  size_t lead, same, all, below;
  float tolerance, threshold;
} vote;

/* Boyer and Moore's majority vote: finds the only value that can occur in more than half of the voxels. */
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

static void count_below(vote *v, float x) {
  v->below += fabsf(x - v->value) > v->tolerance && x < v->threshold;
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
    bins[vg_index_of((double)at, BINS)]++;
  }
}

/* Otsu's threshold (IEEE Trans. SMC 9, 1979), which separates the two classes of a histogram best. Returns
 * the last bin of the lower class. */
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

/* Sets threshold, and returns the median of what lies below it. */
static float split(const vg_volume *vol, float lo, float hi, vg_background *out) {
  size_t n = vg_geometry_voxels(&vol->geo), bins[BINS];
  histogram(vol->data, n, lo, hi, bins);
  /* Without this, a few bright voxels would squeeze all others into the lowest bins. */
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
  return lo + (hi - lo) * ((float)median + 0.5f) / BINS;
}

void vg_background_find(const vg_volume *vol, vg_background *out) {
  size_t n = vg_geometry_voxels(&vol->geo);
  float lo, hi;
  least_most(vol->data, n, &lo, &hi);
  vote v = {.value = lo, .tolerance = (float)(RIPPLE * ((double)hi - lo))};
  each_face(vol, elect, &v);
  each_face(vol, count, &v);
  *out = (vg_background){.value = v.value, .tolerance = v.tolerance, .constant = 2 * v.same > v.all};
  if (!vg_range_spans((double)lo, (double)hi)) {
    out->tolerance = INFINITY; /* nothing stands out */
    out->constant = true;
  } else if (!out->constant) {
    out->value = split(vol, lo, hi, out);
  } else if ((double)(v.all - v.same) > RIM_FACES * (double)v.all) {
    split(vol, lo, hi, out);
    v.threshold = out->threshold;
    each_face(vol, count_below, &v);
    out->rim = (double)v.below > RIM_BELOW * (double)(v.all - v.same);
  }
}

VG_HOT static void above_background(const float *v, size_t n, const vg_background *bg, uint8_t *mask) {
  if (bg->constant) {
    for (size_t i = 0; i < n; i++) mask[i] = fabsf(v[i] - bg->value) > bg->tolerance;
  } else {
    for (size_t i = 0; i < n; i++) mask[i] = v[i] >= bg->threshold;
  }
}

vg_status vg_brain_of_mask(uint8_t *mask, const int dim[3]) {
  int lo[3], extent[3];
  if (!vg_mask_box(mask, dim, 0, lo, extent)) return VG_OK;
  vg_status st = repaint(mask, dim, lo, extent, 0, is_smaller);
  return st ? st : repaint(mask, dim, lo, extent, 1, is_hole);
}

/* Fills the holes of slice k along an axis. plane has room for a slice. */
static vg_status fill_slice(uint8_t *mask, const int dim[3], int axis, int k, uint8_t *plane) {
  const size_t step[3] = {1, (size_t)dim[0], (size_t)dim[0] * (size_t)dim[1]};
  const int u = (axis + 1) % 3, v = (axis + 2) % 3, whole[3] = {0, 0, 0}, flat[3] = {dim[u], dim[v], 1};
  uint8_t *from = mask + (size_t)k * step[axis], *to = plane;
  for (int j = 0; j < dim[v]; j++)
    for (int i = 0; i < dim[u]; i++) *to++ = from[(size_t)i * step[u] + (size_t)j * step[v]];
  vg_status st = repaint(plane, flat, whole, flat, 1, is_hole);
  for (int j = 0; j < dim[v] && !st; j++)
    for (int i = 0; i < dim[u]; i++) from[(size_t)i * step[u] + (size_t)j * step[v]] = *plane++;
  return st;
}

/* Fills what a slice along any axis encloses. Of noisy air and dark tissue, a threshold cannot tell one from
 * the other: cerebrospinal fluid, bone, and the air in a head that the neck and the ears connect to the
 * outside. The skin encloses them in most slices. */
static vg_status fill_slices(uint8_t *mask, const int dim[3]) {
  vg_status st = VG_OK;
  for (int a = 0; a < 3 && !st; a++) {
    const int u = (a + 1) % 3, v = (a + 2) % 3;
    if (dim[u] < 2 || dim[v] < 2) continue;
    uint8_t *plane = vg_malloc((size_t)dim[u] * (size_t)dim[v], 1);
    if (!plane) return VG_MEMORY;
    for (int k = 0; k < dim[a] && !st; k++) st = fill_slice(mask, dim, a, k, plane);
    vg_free(plane);
  }
  return st;
}

/* The mask of one background, without crumbs and holes. An empty one stays. */
static vg_status mask_above(const vg_volume *vol, const vg_background *bg, uint8_t *mask) {
  const int *dim = vol->geo.dim;
  int lo[3], extent[3];
  above_background(vol->data, vg_geometry_voxels(&vol->geo), bg, mask);
  if (!vg_mask_box(mask, dim, 0, lo, extent)) return VG_OK;
  vg_status st = repaint(mask, dim, lo, extent, 0, is_crumb);
  if (!st) st = repaint(mask, dim, lo, extent, 1, is_hole);
  return st || bg->constant ? st : fill_slices(mask, dim);
}

VG_HOT static size_t count_set(const uint8_t *mask, size_t n) {
  size_t set = 0;
  for (size_t i = 0; i < n; i++) set += mask[i];
  return set;
}

/* Takes the mask above the threshold instead, if the constant is only the rim of noise. */
static vg_status leave_noise_out(const vg_volume *vol, vg_background bg, uint8_t *mask) {
  const size_t n = vg_geometry_voxels(&vol->geo);
  uint8_t *above = vg_malloc(n, 1);
  if (!above) return VG_MEMORY;
  bg.constant = false;
  vg_status st = mask_above(vol, &bg, above);
  const size_t set = st ? 0 : count_set(above, n);
  if (set && (double)count_set(mask, n) > RIM_RATIO * (double)set) memcpy(mask, above, n);
  vg_free(above);
  return st;
}

vg_status vg_brain_mask(const vg_volume *vol, const char *path, uint8_t *mask, double *background) {
  vg_background bg;
  int lo[3], extent[3];
  vg_background_find(vol, &bg);
  if (background) *background = bg.value;
  vg_status st = mask_above(vol, &bg, mask);
  if (!st && !vg_mask_box(mask, vol->geo.dim, 0, lo, extent))
    st = vg_fail(VG_DATA, "%s: there is no brain: every voxel has the value %g", path, (double)bg.value);
  return st || !bg.rim ? st : leave_noise_out(vol, bg, mask);
}
