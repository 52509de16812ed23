/* metric_image.c: voxel-wise errors between intensities: mae, mse, psnr. */
#include <math.h>
#include <string.h>
#include "base/simd.h"
#include "eval/metric/metric_memo.h"
#include "eval/metric/metric_sums.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"

/* Sums are computed over chunks of a fixed length and added in order, so that they do not depend on the
 * number of threads. */
enum { CHUNK = 1 << 18 };

typedef struct chunk_sums {
  double count[VG_CELLS], absolute[VG_CELLS], squared[VG_CELLS];
} chunk_sums;

typedef struct error_job {
  const vg_metric_input *in;
  size_t voxels;
  chunk_sums *chunks;
} error_job;

/* Adds |a - b| and (a - b)^2 over voxels of one cell, in double precision. */
VG_HOT static void add_run(const float *a, const float *b, size_t n, double *absolute, double *squared) {
  float part_abs[16] = {0}, part_sq[16] = {0};
  for (; n >= 16; n -= 16, a += 16, b += 16) {
    for (int k = 0; k < 16; k++) {
      float e = a[k] - b[k];
      part_abs[k] += fabsf(e);
      part_sq[k] += e * e;
    }
  }
  for (size_t k = 0; k < n; k++) {
    float e = a[k] - b[k];
    part_abs[k] += fabsf(e);
    part_sq[k] += e * e;
  }
  for (int k = 0; k < 16; k++) {
    *absolute += (double)part_abs[k];
    *squared += (double)part_sq[k];
  }
}

static vg_status chunk_errors(void *arg, size_t index) {
  const error_job *j = arg;
  chunk_sums *s = &j->chunks[index];
  const uint8_t *cells = j->in->cells;
  size_t end = (index + 1) * CHUNK < j->voxels ? (index + 1) * CHUNK : j->voxels;
  for (size_t at = index * CHUNK; at < end;) {
    /* Such a run is short enough for sums in single precision. */
    size_t from = at, most = at + 1024 < end ? at + 1024 : end;
    uint8_t cell = cells[at];
    while (at < most && cells[at] == cell) at++;
    if (!j->in->regions->member[cell]) continue;
    s->count[cell] += (double)(at - from);
    add_run(j->in->real + from, j->in->synth + from, at - from, &s->absolute[cell], &s->squared[cell]);
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

/* Means by region. */
typedef struct mean_errors {
  double absolute[VG_REGIONS_MAX], squared[VG_REGIONS_MAX];
} mean_errors;

static vg_status errors(const vg_metric_input *in, void *block) {
  mean_errors *means = block;
  size_t voxels = vg_extent_voxels(in->dim);
  size_t n = (voxels + CHUNK - 1) / CHUNK;
  chunk_sums total = {{0}, {0}, {0}}, *chunks = VG_NEW_N(chunk_sums, n);
  if (!chunks) return VG_MEMORY;
  vg_status st = vg_parallel(n, chunk_errors, &(error_job){in, voxels, chunks});
  for (size_t i = 0; i < n; i++) {
    for (int c = 0; c < VG_CELLS; c++) {
      total.count[c] += chunks[i].count[c];
      total.absolute[c] += chunks[i].absolute[c];
      total.squared[c] += chunks[i].squared[c];
    }
  }
  vg_metric_region_means(in->regions, total.absolute, total.count, means->absolute);
  vg_metric_region_means(in->regions, total.squared, total.count, means->squared);
  vg_free(chunks);
  return st;
}

static vg_status mae(const vg_metric_input *in, double *values) {
  const mean_errors *means = vg_metric_memo_get(in, errors, sizeof *means);
  if (!means) return VG_MEMORY;
  memcpy(values, means->absolute, (size_t)in->regions->n * sizeof *values);
  return VG_OK;
}

static vg_status mse(const vg_metric_input *in, double *values) {
  const mean_errors *means = vg_metric_memo_get(in, errors, sizeof *means);
  if (!means) return VG_MEMORY;
  memcpy(values, means->squared, (size_t)in->regions->n * sizeof *values);
  return VG_OK;
}

static vg_status psnr(const vg_metric_input *in, double *values) {
  vg_status st = mse(in, values);
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
