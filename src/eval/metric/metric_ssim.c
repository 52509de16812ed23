/* metric_ssim.c: structural similarity with a Gaussian window, in 3-D or 2-D.
 *
 * The map is scikit-image's structural_similarity(gaussian_weights=True, sigma=1.5,
 * use_sample_covariance=False, full=True): population moments under a window truncated at 3.5 sigma, edges
 * mirrored with the edge voxel repeated (SciPy's mode "reflect"). It is averaged over regions instead of over
 * an inner crop. Volumes smaller than the window, which scikit-image refuses, are mirrored repeatedly. An
 * axis of extent 1 is ignored.
 *
 * Four filtered fields are enough, because the formula needs only the sum of the variances: a, b, a^2 + b^2,
 * ab. The volume is cut into blocks of rows. In a block, each plane is filtered along x and y into a ring of
 * 11 planes. The z filter reads the ring and feeds the formula directly, so no field is ever stored whole. A
 * common shift is subtracted from both images first. It does not change variances, and it keeps the precision
 * of float when intensities are far from 0.
 */
#include <math.h>
#include <string.h>
#include "base/simd.h"
#include "eval/metric/metric_memo.h"
#include "eval/metric/metric_ssim.h"
#include "eval/metric/metric_sums.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"

enum { RADIUS = 5, TAPS = 2 * RADIUS + 1, FIELDS = 4, TILE_ROWS = 24, SLAB_PLANES = 64 };

typedef struct block_sums {
  double count[VG_CELLS], ssim[VG_CELLS], cs[VG_CELLS];
} block_sums;

typedef struct ssim_job {
  const vg_ssim_scale *scale;
  int lo[3], hi[3]; /* box around all regions; the map is needed only there */
  int tiles;        /* blocks along y */
  float shift, c1, c2;
  int radius[3];
  float weight[3][RADIUS + 1]; /* by axis, from the centre outwards */
  block_sums *blocks;
} ssim_job;

/* SciPy's "reflect": d c b a | a b c d | d c b a. */
static int mirror(int i, int n) {
  int period = 2 * n;
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - 1 - i;
}

/* Computes the products of one row: field f at p + f * stride. */
static inline void products(const float *restrict a, const float *restrict b, int n, float shift,
                            float *restrict p, int stride) {
  float *restrict p1 = p + stride, *restrict p2 = p + 2 * stride, *restrict p3 = p + 3 * stride;
  for (int i = 0; i < n; i++) {
    float x = a[i] - shift, y = b[i] - shift;
    p[i] = x;
    p1[i] = y;
    p2[i] = x * x + y * y;
    p3[i] = x * y;
  }
}

/* Filters one row from 11 rows, or from one row shifted 11 times. */
static inline void filter_row(const float *const restrict from[TAPS], const float w[RADIUS + 1], int n,
                              float *restrict to) {
  const float *r0 = from[0], *r1 = from[1], *r2 = from[2], *r3 = from[3], *r4 = from[4], *r5 = from[5],
              *r6 = from[6], *r7 = from[7], *r8 = from[8], *r9 = from[9], *r10 = from[10];
  float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3], w4 = w[4], w5 = w[5];
  for (int i = 0; i < n; i++) {
    to[i] = w0 * r5[i] + w1 * (r4[i] + r6[i]) + w2 * (r3[i] + r7[i]) + w3 * (r2[i] + r8[i]) +
            w4 * (r1[i] + r9[i]) + w5 * (r0[i] + r10[i]);
  }
}

static inline void formula(const float *restrict m, int stride, int n, float shift, float c1, float c2,
                           float *restrict ssim, float *restrict cs) {
  const float *m1 = m + stride, *m2 = m + 2 * stride, *m3 = m + 3 * stride;
  for (int i = 0; i < n; i++) {
    float covariance = m3[i] - m[i] * m1[i];
    /* Written so that equal images give exactly 1. */
    float variances = m2[i] - (m[i] * m[i] + m1[i] * m1[i]);
    float ux = m[i] + shift, uy = m1[i] + shift;
    cs[i] = (2 * covariance + c2) / (variances + c2);
    ssim[i] = cs[i] * ((2 * (ux * uy) + c1) / (ux * ux + uy * uy + c1));
  }
}

/* Computes the products of rows y0 - radius .. y1 + radius of plane z and filters them along x into wide,
 * then along y into plane. Both are (FIELDS, rows, nx). */
VG_HOT static void filter_plane(const ssim_job *j, int z, int y0, int rows, float *line, float *wide,
                                float *plane) {
  const vg_ssim_scale *in = j->scale;
  int nx = j->hi[0] - j->lo[0], padded = nx + 2 * RADIUS, ry = j->radius[1], wide_rows = rows + 2 * ry;
  float *row_a = line + FIELDS * padded, *row_b = row_a + padded;
  const float *from[TAPS];
  for (int r = 0; r < wide_rows; r++) {
    int y = mirror(y0 - ry + r, in->dim[1]);
    size_t base = vg_extent_index(in->dim, 0, y, z);
    const float *a = in->real + base, *b = in->synth + base;
    int first = j->lo[0] - RADIUS;
    if (first >= 0 && j->hi[0] + RADIUS <= in->dim[0]) {
      a += first;
      b += first;
    } else {
      for (int i = 0; i < padded; i++) {
        int x = mirror(first + i, in->dim[0]);
        row_a[i] = a[x];
        row_b[i] = b[x];
      }
      a = row_a;
      b = row_b;
    }
    products(a, b, padded, j->shift, line, padded);
    for (int f = 0; f < FIELDS; f++) {
      for (int k = 0; k < TAPS; k++) from[k] = line + f * padded + k;
      filter_row(from, j->weight[0], nx, wide + ((size_t)f * (size_t)wide_rows + (size_t)r) * (size_t)nx);
    }
  }
  for (int f = 0; f < FIELDS; f++) {
    for (int r = 0; r < rows; r++) {
      const float *centre = wide + ((size_t)f * (size_t)wide_rows + (size_t)(r + ry)) * (size_t)nx;
      for (int k = 0; k < TAPS; k++) from[k] = ry ? centre + (ptrdiff_t)(k - RADIUS) * nx : centre;
      filter_row(from, j->weight[1], nx, plane + ((size_t)f * (size_t)rows + (size_t)r) * (size_t)nx);
    }
  }
}

/* Computes SSIM and its contrast-structure term in one row: applies the z filter over the ring's planes, then
 * the formula. */
VG_HOT static void finish_row(const ssim_job *j, const float *const planes[TAPS], int rows, int r,
                              float *moments, float *ssim, float *cs) {
  int nx = j->hi[0] - j->lo[0];
  const float *from[TAPS];
  for (int f = 0; f < FIELDS; f++) {
    for (int k = 0; k < TAPS; k++) from[k] = planes[k] + ((size_t)f * (size_t)rows + (size_t)r) * (size_t)nx;
    filter_row(from, j->weight[2], nx, moments + (size_t)f * (size_t)nx);
  }
  formula(moments, nx, nx, j->shift, j->c1, j->c2, ssim, cs);
}

/* Adds coarse row (y, z) to the cells of the full-resolution voxels in it. */
VG_HOT static void add_row(const ssim_job *j, int y, int z, const float *ssim, const float *cs,
                           block_sums *sums) {
  const vg_metric_input *in = j->scale->in;
  int h = j->scale->halvings, x0 = j->lo[0] << h, end[3];
  const int next[3] = {j->hi[0], y + 1, z + 1};
  for (int d = 0; d < 3; d++) end[d] = next[d] << h < in->dim[d] ? next[d] << h : in->dim[d];
  for (int fz = z << h; fz < end[2]; fz++) {
    for (int fy = y << h; fy < end[1]; fy++) {
      const uint8_t *cells = in->cells + vg_extent_index(in->dim, 0, fy, fz);
      for (int x = x0; x < end[0];) {
        uint8_t cell = cells[x];
        double s = 0, c = 0;
        int from = x;
        do {
          s += (double)ssim[(x >> h) - j->lo[0]];
          c += (double)cs[(x >> h) - j->lo[0]];
        } while (++x < end[0] && cells[x] == cell);
        sums->count[cell] += x - from;
        sums->ssim[cell] += s;
        sums->cs[cell] += c;
      }
    }
  }
}

static vg_status ssim_block(void *arg, size_t index) {
  const ssim_job *j = arg;
  const int *dim = j->scale->dim;
  block_sums *sums = &j->blocks[index];
  int tile = (int)(index % (size_t)j->tiles), slab = (int)(index / (size_t)j->tiles);
  int y0 = j->lo[1] + tile * TILE_ROWS, y1 = y0 + TILE_ROWS < j->hi[1] ? y0 + TILE_ROWS : j->hi[1];
  int z0 = j->lo[2] + slab * SLAB_PLANES, z1 = z0 + SLAB_PLANES < j->hi[2] ? z0 + SLAB_PLANES : j->hi[2];
  int nx = j->hi[0] - j->lo[0], rows = y1 - y0, rz = j->radius[2];
  size_t plane = (size_t)FIELDS * (size_t)rows * (size_t)nx, padded = (size_t)nx + 2 * RADIUS;
  size_t wide = (size_t)FIELDS * (size_t)(rows + 2 * RADIUS) * (size_t)nx;
  float *ring =
      vg_malloc(plane * TAPS + wide + (FIELDS + 2) * padded + (FIELDS + 2) * (size_t)nx, sizeof *ring);
  if (!ring) return VG_MEMORY;
  float *wide_plane = ring + plane * TAPS, *line = wide_plane + wide, *moments = line + (FIELDS + 2) * padded;
  float *out = moments + FIELDS * (size_t)nx, *cs = out + nx;

  for (int zi = z0 - rz; zi < z1 + rz; zi++) {
    int slot = (zi - z0 + rz) % TAPS;
    filter_plane(j, mirror(zi, dim[2]), y0, rows, line, wide_plane, ring + plane * (size_t)slot);
    int z = zi - rz; /* the plane whose window is now complete */
    if (z < z0) continue;
    const float *planes[TAPS];
    for (int k = 0; k < TAPS; k++) planes[k] = ring + plane * (size_t)(rz ? (z - z0 + k) % TAPS : slot);
    for (int r = 0; r < rows; r++) {
      finish_row(j, planes, rows, r, moments, out, cs);
      add_row(j, y0 + r, z, out, cs, sums);
    }
  }
  vg_free(ring);
  return VG_OK;
}

/* The box around all voxels of any region, and the mean of both images there. */
typedef struct region_box {
  bool any;
  int lo[3], hi[3];
  double mean;
} region_box;

static vg_status find_region_box(const vg_metric_input *in, void *block) {
  region_box *box = block;
  int *lo = box->lo, *hi = box->hi;
  double sum = 0, count = 0;
  for (int d = 0; d < 3; d++) {
    lo[d] = in->dim[d];
    hi[d] = 0;
  }
  size_t at = 0;
  for (int z = 0; z < in->dim[2]; z++) {
    for (int y = 0; y < in->dim[1]; y++, at += (size_t)in->dim[0]) {
      int first = 0, last = in->dim[0] - 1;
      while (first <= last && !in->regions->member[in->cells[at + (size_t)first]]) first++;
      if (first > last) continue;
      while (!in->regions->member[in->cells[at + (size_t)last]]) last--;
      int at_lo[3] = {first, y, z}, at_hi[3] = {last + 1, y + 1, z + 1};
      for (int d = 0; d < 3; d++) {
        if (at_lo[d] < lo[d]) lo[d] = at_lo[d];
        if (at_hi[d] > hi[d]) hi[d] = at_hi[d];
      }
      for (int x = first; x <= last; x++) {
        sum += 0.5 * ((double)in->real[at + (size_t)x] + (double)in->synth[at + (size_t)x]);
      }
      count += last + 1 - first;
    }
  }
  box->any = count > 0;
  box->mean = count > 0 ? sum / count : 0;
  return VG_OK;
}

static void gaussian(ssim_job *j) {
  double w[RADIUS + 1], total = 0;
  for (int k = 0; k <= RADIUS; k++) {
    w[k] = exp(-0.5 * k * k / (1.5 * 1.5));
    total += k ? 2 * w[k] : w[k];
  }
  for (int d = 0; d < 3; d++) {
    j->radius[d] = j->scale->dim[d] > 1 ? RADIUS : 0;
    for (int k = 0; k <= RADIUS; k++) j->weight[d][k] = j->radius[d] ? (float)(w[k] / total) : k == 0;
  }
}

vg_status vg_metric_ssim_means(const vg_ssim_scale *scale, vg_ssim_result *out) {
  const vg_metric_input *in = scale->in;
  ssim_job j = {.scale = scale};
  const region_box *box = vg_metric_memo_get(in, find_region_box, sizeof *box);
  if (!box) return VG_MEMORY;
  if (!box->any || !(in->range > 0)) {
    for (int r = 0; r < in->regions->n; r++) out->ssim[r] = out->cs[r] = NAN;
    return VG_OK;
  }
  for (int d = 0; d < 3; d++) {
    j.lo[d] = box->lo[d] >> scale->halvings;
    j.hi[d] = ((box->hi[d] - 1) >> scale->halvings) + 1;
  }
  j.shift = (float)box->mean;
  j.c1 = (float)(0.01 * in->range * 0.01 * in->range);
  j.c2 = (float)(0.03 * in->range * 0.03 * in->range);
  gaussian(&j);
  j.tiles = (j.hi[1] - j.lo[1] + TILE_ROWS - 1) / TILE_ROWS;
  int slabs = (j.hi[2] - j.lo[2] + SLAB_PLANES - 1) / SLAB_PLANES;
  size_t n = (size_t)j.tiles * (size_t)slabs;
  j.blocks = VG_NEW_N(block_sums, n);
  if (!j.blocks) return VG_MEMORY;
  vg_status st = vg_parallel(n, ssim_block, &j);
  /* Blocks are added in order, so the result does not depend on the number of threads. */
  block_sums *total = &j.blocks[0];
  for (size_t i = 1; i < n; i++) {
    for (int c = 0; c < VG_CELLS; c++) {
      total->count[c] += j.blocks[i].count[c];
      total->ssim[c] += j.blocks[i].ssim[c];
      total->cs[c] += j.blocks[i].cs[c];
    }
  }
  if (!st) {
    vg_metric_region_means(in->regions, total->ssim, total->count, out->ssim);
    vg_metric_region_means(in->regions, total->cs, total->count, out->cs);
  }
  vg_free(j.blocks);
  return st;
}

static vg_status full_scale(const vg_metric_input *in, void *block) {
  vg_ssim_scale scale = {.in = in, .real = in->real, .synth = in->synth};
  for (int d = 0; d < 3; d++) scale.dim[d] = in->dim[d];
  return vg_metric_ssim_means(&scale, block);
}

const vg_ssim_result *vg_metric_ssim_full_scale(const vg_metric_input *in) {
  return vg_metric_memo_get(in, full_scale, sizeof(vg_ssim_result));
}

static vg_status ssim(const vg_metric_input *in, double *values) {
  const vg_ssim_result *means = vg_metric_ssim_full_scale(in);
  if (!means) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = means->ssim[r];
  return VG_OK;
}

const vg_metric vg_metric_ssim = {.unit = "", .kind = VG_METRIC_IMAGE, .ideal = 1, .compute = ssim};
