/* metric_overlap.c: metrics from counts of voxels: the overlap of label maps, and their volumes. */
#include <math.h>
#include "eval/metric/metric_box.h"
#include "eval/metric/metric_memo.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"

enum { CHUNK = 1 << 20 };

/* Counts of (real, synthetic) label pairs in each chunk. Counts are integers, so the order of adding does not
 * matter. */
typedef struct pair_counts {
  uint32_t n[VG_CELLS][VG_CELLS];
} pair_counts;

typedef struct pair_job {
  const uint8_t *a, *b;
  size_t voxels;
  uint64_t (*total)[VG_CELLS];
} pair_job;

static vg_status count_pairs(void *arg, size_t index) {
  const pair_job *j = arg;
  size_t begin = index * CHUNK, end = begin + CHUNK < j->voxels ? begin + CHUNK : j->voxels;
  pair_counts *c = VG_NEW(pair_counts);
  if (!c) return VG_MEMORY;
  for (size_t i = begin; i < end; i++) c->n[j->a[i]][j->b[i]]++;
  for (int a = 0; a < VG_CELLS; a++) {
    for (int b = 0; b < VG_CELLS; b++) {
      if (c->n[a][b]) __atomic_fetch_add(&j->total[a][b], c->n[a][b], __ATOMIC_RELAXED);
    }
  }
  vg_free(c);
  return VG_OK;
}

/* Voxel counts by region. */
typedef struct overlap_counts {
  double both[VG_REGIONS_MAX], real[VG_REGIONS_MAX], synth[VG_REGIONS_MAX];
} overlap_counts;

static vg_status count_regions(const vg_metric_input *in, void *block) {
  overlap_counts *counts = block;
  size_t voxels = vg_extent_voxels(in->dim);
  uint64_t(*pairs)[VG_CELLS] = vg_calloc(VG_CELLS, sizeof *pairs);
  if (!pairs) return VG_MEMORY;
  pair_job job = {in->real_labels, in->synth_labels, voxels, pairs};
  vg_status st = vg_parallel((voxels + CHUNK - 1) / CHUNK, count_pairs, &job);
  const uint64_t *member = in->regions->member;
  for (int a = 0; a < VG_CELLS; a++) {
    for (int b = 0; b < VG_CELLS; b++) {
      if (!pairs[a][b]) continue;
      for (int r = 0; r < in->regions->n; r++) {
        bool in_real = member[a] >> r & 1, in_synth = member[b] >> r & 1;
        if (in_real && in_synth) counts->both[r] += (double)pairs[a][b];
        if (in_real) counts->real[r] += (double)pairs[a][b];
        if (in_synth) counts->synth[r] += (double)pairs[a][b];
      }
    }
  }
  vg_free(pairs);
  return st;
}

/* One region's value from its voxel counts. */
typedef double (*overlap_formula)(double both, double real, double synth);

static vg_status from_counts(const vg_metric_input *in, overlap_formula formula, double scale,
                             double *values) {
  const overlap_counts *c = vg_metric_memo_get(in, count_regions, sizeof *c);
  if (!c) return VG_MEMORY;
  for (int r = 0; r < in->regions->n; r++) values[r] = scale * formula(c->both[r], c->real[r], c->synth[r]);
  return VG_OK;
}

static double dice_of(double both, double real, double synth) {
  return real + synth > 0 ? 2 * both / (real + synth) : 1;
}
static double jaccard_of(double both, double real, double synth) {
  return real + synth > 0 ? both / (real + synth - both) : 1;
}
static double sensitivity_of(double both, double real, double synth) {
  return (void)synth, real > 0 ? both / real : NAN;
}
static double precision_of(double both, double real, double synth) {
  return (void)real, synth > 0 ? both / synth : NAN;
}
static double difference_of(double both, double real, double synth) {
  return (void)both, fabs(synth - real);
}
static double relative_difference_of(double both, double real, double synth) {
  (void)both;
  if (real > 0) return fabs(synth - real) / real;
  return synth > 0 ? (double)INFINITY : 0;
}

static vg_status dice(const vg_metric_input *in, double *values) {
  return from_counts(in, dice_of, 1, values);
}
static vg_status jaccard(const vg_metric_input *in, double *values) {
  return from_counts(in, jaccard_of, 1, values);
}
static vg_status sensitivity(const vg_metric_input *in, double *values) {
  return from_counts(in, sensitivity_of, 1, values);
}
static vg_status precision(const vg_metric_input *in, double *values) {
  return from_counts(in, precision_of, 1, values);
}
static vg_status volume_difference(const vg_metric_input *in, double *values) {
  return from_counts(in, difference_of, vg_metric_voxel(in) / 1000, values);
}
static vg_status relative_volume_difference(const vg_metric_input *in, double *values) {
  return from_counts(in, relative_difference_of, 1, values);
}

#define OVERLAP(name, unit_, ideal_)   \
  const vg_metric vg_metric_##name = { \
      .unit = unit_, .kind = VG_METRIC_OVERLAP, .ideal = ideal_, .compute = name}
OVERLAP(dice, "", 1);
OVERLAP(jaccard, "", 1);
OVERLAP(sensitivity, "", 1);
OVERLAP(precision, "", 1);
OVERLAP(volume_difference, "ml", 0);
OVERLAP(relative_volume_difference, "", 0);
