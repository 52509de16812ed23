/* metric_ms_ssim.c: multi-scale structural similarity (Wang, Simoncelli, Bovik, Asilomar 2003, eq. 7).
 *
 * Between scales both images are averaged over 2x2x2 voxels (over fewer at an odd edge). A region's value is
 * a product over scales: of its mean contrast-structure term, and at the last scale of its mean SSIM, each
 * raised to the scale's weight. A negative mean counts as 0, since it cannot be raised to such a power.
 */
#include <math.h>
#include <string.h>
#include "eval/metric/metric_ssim.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"

enum { WINDOW = 11 };
static const double weights[] = {.0448, .2856, .3001, .2363, .1333};
enum { SCALES_MAX = sizeof weights / sizeof *weights };

int vg_metric_ms_ssim_scales(const int dim[3]) {
  int least = 0, n = 1;
  for (int d = 0; d < 3; d++) {
    if (dim[d] > 1 && (!least || dim[d] < least)) least = dim[d];
  }
  while (n < SCALES_MAX && least >> n >= WINDOW) n++;
  return n;
}

typedef struct halving {
  const float *from;
  float *to;
  const int *from_dim, *to_dim;
} halving;

static vg_status halve_plane(void *arg, size_t plane) {
  const halving *h = arg;
  int nx = h->from_dim[0], ny = h->from_dim[1], nz = h->from_dim[2], z = (int)plane;
  for (int y = 0; y < h->to_dim[1]; y++) {
    float *to = h->to + vg_extent_index(h->to_dim, 0, y, z);
    int y1 = 2 * y + 1 < ny ? 2 * y + 1 : 2 * y, z1 = 2 * z + 1 < nz ? 2 * z + 1 : 2 * z;
    const float *r[4];
    for (int k = 0; k < 4; k++) {
      r[k] =
          h->from + ((size_t)(k & 2 ? z1 : 2 * z) * (size_t)ny + (size_t)(k & 1 ? y1 : 2 * y)) * (size_t)nx;
    }
    for (int x = 0; x < h->to_dim[0]; x++) {
      int a = 2 * x, b = a + 1 < nx ? a + 1 : a;
      to[x] =
          0.125f * ((r[0][a] + r[0][b]) + (r[1][a] + r[1][b]) + (r[2][a] + r[2][b]) + (r[3][a] + r[3][b]));
    }
  }
  return VG_OK;
}

/* Returns the image averaged over 2x2x2 (vg_free), or NULL. At an odd edge the voxel replaces its missing
 * neighbour, which amounts to the mean over the existing voxels. */
static float *halve(const float *from, const int from_dim[3], const int to_dim[3]) {
  float *to = vg_malloc(vg_extent_voxels(to_dim), sizeof *to);
  if (!to) return NULL;
  vg_parallel((size_t)to_dim[2], halve_plane, &(halving){from, to, from_dim, to_dim});
  return to;
}

/* Halves the scale. images: the buffers of the scale; those of the old scale are freed. */
static vg_status halve_scale(vg_ssim_scale *s, float *images[2]) {
  int dim[3];
  for (int d = 0; d < 3; d++) dim[d] = (s->dim[d] + 1) / 2;
  const float *from[2] = {s->real, s->synth};
  for (int i = 0; i < 2; i++) {
    float *to = halve(from[i], s->dim, dim);
    vg_free(images[i]);
    images[i] = to;
  }
  s->real = images[0];
  s->synth = images[1];
  s->halvings++;
  memcpy(s->dim, dim, sizeof dim);
  return images[0] && images[1] ? VG_OK : VG_MEMORY;
}

static vg_status ms_ssim(const vg_metric_input *in, double *values) {
  int n = vg_metric_ms_ssim_scales(in->dim), regions = in->regions->n;
  vg_ssim_scale scale = {.in = in, .real = in->real, .synth = in->synth};
  memcpy(scale.dim, in->dim, sizeof scale.dim);
  double total = 0;
  for (int k = 0; k < n; k++) total += weights[k];
  for (int r = 0; r < regions; r++) values[r] = 1;
  float *images[2] = {NULL, NULL};
  vg_status st = VG_OK;
  for (int k = 0; k < n && !st; k++) {
    vg_ssim_result coarse;
    const vg_ssim_result *means = &coarse;
    if (!k) {
      if (!(means = vg_metric_ssim_full_scale(in))) st = VG_MEMORY;
    } else {
      st = halve_scale(&scale, images);
      if (!st) st = vg_metric_ssim_means(&scale, &coarse);
    }
    for (int r = 0; r < regions && !st; r++) {
      double mean = k == n - 1 ? means->ssim[r] : means->cs[r];
      values[r] *= isnan(mean) ? NAN : pow(fmax(mean, 0), weights[k] / total);
    }
  }
  for (int i = 0; i < 2; i++) vg_free(images[i]);
  return st;
}

const vg_metric vg_metric_ms_ssim = {.unit = "", .kind = VG_METRIC_IMAGE, .ideal = 1, .compute = ms_ssim};
