/* metric_image.c: voxel-wise errors between intensities: mae, mse, psnr. */
#include <math.h>
#include "base/simd.h"
#include "eval/metric_sums.h"
#include "voxgan/mem.h"
#include "voxgan/pool.h"

/* Sums are taken over chunks of a fixed length and added in order, so that they do not depend on the number
 * of threads. */
enum { CHUNK = 1 << 18 };

typedef struct chunk_sums {
  double count[VG_CELLS], sum[VG_CELLS];
} chunk_sums;

typedef struct error_job {
  const vg_metric_input *in;
  size_t voxels;
  bool squared;
  chunk_sums *chunks;
} error_job;

VG_HOT static void absolute(const float *a, const float *b, size_t n, float *out) {
  for (size_t i = 0; i < n; i++) out[i] = fabsf(a[i] - b[i]);
}

VG_HOT static void square(const float *a, const float *b, size_t n, float *out) {
  for (size_t i = 0; i < n; i++) out[i] = (a[i] - b[i]) * (a[i] - b[i]);
}

static vg_status chunk_errors(void *arg, size_t index) {
  const error_job *j = arg;
  chunk_sums *s = &j->chunks[index];
  size_t begin = index * CHUNK, end = begin + CHUNK < j->voxels ? begin + CHUNK : j->voxels;
  float error[1024];
  for (size_t at = begin; at < end; at += 1024) {
    size_t n = end - at < 1024 ? end - at : 1024;
    (j->squared ? square : absolute)(j->in->real + at, j->in->synth + at, n, error);
    const uint8_t *cells = j->in->cells + at;
    for (size_t i = 0; i < n; i++) {
      s->count[cells[i]] += 1;
      s->sum[cells[i]] += (double)error[i];
    }
  }
  return VG_OK;
}

void vg_metric_region_means(const vg_regions *regions, const double sums[VG_CELLS],
                            const double counts[VG_CELLS], double *values) {
  for (int r = 0; r < regions->n; r++) {
    double sum = 0, count = 0;
    for (int c = 0; c < VG_CELLS; c++) {
      if (!(regions->member[c] >> r & 1)) continue;
      sum += sums[c];
      count += counts[c];
    }
    values[r] = count > 0 ? sum / count : NAN;
  }
}

static vg_status mean_errors(const vg_metric_input *in, bool squared, double *values) {
  size_t voxels = (size_t)in->dim[0] * (size_t)in->dim[1] * (size_t)in->dim[2];
  size_t n = (voxels + CHUNK - 1) / CHUNK;
  chunk_sums total = {{0}, {0}}, *chunks = VG_NEW_N(chunk_sums, n);
  if (!chunks) return VG_MEMORY;
  error_job job = {in, voxels, squared, chunks};
  vg_status st = vg_parallel(n, chunk_errors, &job);
  for (size_t i = 0; i < n; i++) {
    for (int c = 0; c < VG_CELLS; c++) {
      total.count[c] += chunks[i].count[c];
      total.sum[c] += chunks[i].sum[c];
    }
  }
  vg_metric_region_means(in->regions, total.sum, total.count, values);
  vg_free(chunks);
  return st;
}

static vg_status mae(const vg_metric_input *in, double *values) {
  return mean_errors(in, false, values);
}
static vg_status mse(const vg_metric_input *in, double *values) {
  return mean_errors(in, true, values);
}

static vg_status psnr(const vg_metric_input *in, double *values) {
  vg_status st = mean_errors(in, true, values);
  for (int r = 0; !st && r < in->regions->n; r++) {
    if (isnan(values[r])) continue;
    if (!(in->range > 0))
      values[r] = NAN;
    else
      values[r] = values[r] > 0 ? 10 * log10(in->range * in->range / values[r]) : INFINITY;
  }
  return st;
}

const vg_metric vg_metric_mae = {.unit = "", .kind = VG_METRIC_IMAGE, .ideal = 0, .compute = mae};
const vg_metric vg_metric_mse = {.unit = "", .kind = VG_METRIC_IMAGE, .ideal = 0, .compute = mse};
const vg_metric vg_metric_psnr = {
    .unit = "dB", .kind = VG_METRIC_IMAGE, .ideal = (double)INFINITY, .compute = psnr};
