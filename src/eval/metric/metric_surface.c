/* metric_surface.c: distances between the surfaces of label maps: hd95, assd, nsd.
 *
 * Each mask gets one distance transform in the box around both masks. The distances from one surface are read
 * from the transform of the other.
 */
#include "eval/metric/metric_surface.h"

#include <math.h>
#include <string.h>
#include "base/simd.h"
#include "eval/metric/metric_memo.h"
#include "base/number/order_statistic.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "base/number/extent.h"

/* ---- surfaces ---- */

/* Marks the voxels of one row that are in the mask and have a neighbour outside it, among the rows given
 * (NULL: outside the box).
 */
VG_HOT static void surface_row(const uint8_t *m, const uint8_t *const beside[4], int n, bool flat_x,
                               uint8_t *out) {
  for (int x = 0; x < n; x++) out[x] = m[x];
  if (!flat_x) {
    for (int x = 1; x + 1 < n; x++) out[x] = m[x - 1] & m[x + 1];
    out[0] = out[n - 1] = 0;
  }
  for (int k = 0; k < 4; k++) {
    if (beside[k]) {
      for (int x = 0; x < n; x++) out[x] &= beside[k][x];
    } else {
      memset(out, 0, (size_t)n);
    }
  }
  for (int x = 0; x < n; x++) out[x] = m[x] & !out[x];
}

static void surface_of(const uint8_t *mask, const int extent[3], const bool flat[3], uint8_t *out) {
  size_t nx = (size_t)extent[0], plane = nx * (size_t)extent[1];
  for (int z = 0; z < extent[2]; z++) {
    for (int y = 0; y < extent[1]; y++) {
      size_t at = (size_t)z * plane + (size_t)y * nx;
      const uint8_t *m = mask + at;
      const uint8_t *beside[4] = {y ? m - nx : NULL, y + 1 < extent[1] ? m + nx : NULL, z ? m - plane : NULL,
                                  z + 1 < extent[2] ? m + plane : NULL};
      for (int k = 0; k < 4; k++) {
        if (flat[1 + k / 2]) beside[k] = m;
      }
      surface_row(m, beside, extent[0], flat[0], out + at);
    }
  }
}

/* The distances from one surface to the other. */
typedef struct directed {
  double p95, sum;
  size_t n, near; /* surface voxels; those within the tolerance */
} directed;

/* Distances are floats: one that equals the tolerance may lie above it by rounding. */
#define ROUNDING 1e-5

static vg_status measure(const uint8_t *from, const uint8_t *to, const int extent[3], const double mm[3],
                         double tolerance, float *distance, float *kept, directed *d) {
  size_t voxels = vg_extent_voxels(extent);
  vg_status st = vg_distance(to, extent, mm, distance);
  *d = (directed){0};
  for (size_t i = 0; i < voxels && !st; i++) {
    if (!from[i]) continue;
    kept[d->n++] = distance[i];
    d->sum += (double)distance[i];
    d->near += (double)distance[i] <= tolerance * (1 + ROUNDING);
  }
  if (!st) d->p95 = (double)vg_percentile_f32(kept, d->n, 95);
  return st;
}

vg_status vg_metric_surface_gap(const uint8_t *a, const uint8_t *b, const int extent[3], const bool flat[3],
                                const double mm[3], double tolerance, vg_surface_gap *out) {
  size_t n = vg_extent_voxels(extent);
  bool in_a = n && memchr(a, 1, n), in_b = n && memchr(b, 1, n);
  out->hd95 = out->assd = in_a || in_b ? (double)INFINITY : 0;
  out->nsd = in_a || in_b ? 0 : 1;
  if (!in_a || !in_b) return VG_OK;
  uint8_t *sa = vg_malloc(n, 1), *sb = vg_malloc(n, 1);
  float *distance = vg_malloc(n, sizeof *distance), *kept = vg_malloc(n, sizeof *kept);
  vg_status st = sa && sb && distance && kept ? VG_OK : VG_MEMORY;
  if (!st) {
    directed ab, ba;
    surface_of(a, extent, flat, sa);
    surface_of(b, extent, flat, sb);
    st = measure(sa, sb, extent, mm, tolerance, distance, kept, &ab);
    if (!st) st = measure(sb, sa, extent, mm, tolerance, distance, kept, &ba);
    if (!st) {
      out->hd95 = fmax(ab.p95, ba.p95);
      out->assd = (ab.sum + ba.sum) / (double)(ab.n + ba.n);
      out->nsd = (double)(ab.near + ba.near) / (double)(ab.n + ba.n);
    }
  }
  vg_free(sa);
  vg_free(sb);
  vg_free(distance);
  vg_free(kept);
  return st;
}

/* ---- by region ---- */

static vg_status region_gap(const vg_metric_input *in, int region, const vg_box *box, void *out) {
  int extent[3];
  bool flat[3];
  size_t n = vg_metric_box_voxels(box);
  vg_metric_box_extent(box, extent);
  for (int k = 0; k < 3; k++) flat[k] = in->dim[k] == 1;
  uint8_t *a = vg_malloc(n, 1), *b = vg_malloc(n, 1);
  vg_status st = a && b ? VG_OK : VG_MEMORY;
  if (!st && n) {
    vg_metric_region_mask(in, in->real_labels, region, box, a);
    vg_metric_region_mask(in, in->synth_labels, region, box, b);
  }
  const double tolerance = in->surface_mm > 0 ? in->surface_mm : VG_SURFACE_MM;
  if (!st) st = vg_metric_surface_gap(a, b, extent, flat, in->spacing, tolerance, out);
  vg_free(a);
  vg_free(b);
  return st;
}

static vg_status all_gaps(const vg_metric_input *in, void *block) {
  return vg_metric_each_region(in, region_gap, sizeof(vg_surface_gap), block);
}

static vg_status hd95(const vg_metric_input *in, double *values) {
  const vg_surface_gap *gaps = vg_metric_memo_get(in, all_gaps, VG_REGIONS_MAX * sizeof *gaps);
  if (!gaps) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = gaps[r].hd95;
  return VG_OK;
}

static vg_status assd(const vg_metric_input *in, double *values) {
  const vg_surface_gap *gaps = vg_metric_memo_get(in, all_gaps, VG_REGIONS_MAX * sizeof *gaps);
  if (!gaps) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = gaps[r].assd;
  return VG_OK;
}

static vg_status nsd(const vg_metric_input *in, double *values) {
  const vg_surface_gap *gaps = vg_metric_memo_get(in, all_gaps, VG_REGIONS_MAX * sizeof *gaps);
  if (!gaps) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = gaps[r].nsd;
  return VG_OK;
}

const vg_metric vg_metric_hd95 = {.unit = "mm", .kind = VG_METRIC_OVERLAP, .ideal = 0, .compute = hd95};
const vg_metric vg_metric_assd = {.unit = "mm", .kind = VG_METRIC_OVERLAP, .ideal = 0, .compute = assd};
const vg_metric vg_metric_nsd = {.unit = "", .kind = VG_METRIC_OVERLAP, .ideal = 1, .compute = nsd};
