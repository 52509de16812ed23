/* metric_nmi.c: normalised mutual information (Studholme, Hill, Hawkes, Pattern Recognition 32, 1999), with
 * the bins of scikit-image's normalized_mutual_information: 100 equal bins from the smallest to the largest
 * value of each image in the region. The last bin is closed. */
#include <math.h>
#include "eval/metric/metric_memo.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/number/extent.h"
#include "base/whole.h"

enum { BINS = 100 };

typedef struct axis {
  double lo, hi;
} axis;

/* Returns the bin of v as numpy.histogram does: it compares with the edges lo + i * (hi - lo) / BINS and does
 * not trust the quotient. */
static inline int bin_of(double v, double lo, double step, double per_step) {
  int i = vg_index_of((v - lo) * per_step, BINS);
  if (i > 0 && v < lo + i * step)
    i--;
  else if (i + 1 < BINS && v >= lo + (i + 1) * step)
    i++;
  return i;
}

static double entropy(const uint32_t *counts, size_t n, double total) {
  double h = 0;
  for (size_t i = 0; i < n; i++) {
    if (counts[i]) h -= counts[i] / total * log(counts[i] / total);
  }
  return h;
}

static double from_counts(const uint32_t *joint, double total) {
  uint32_t real[BINS] = {0}, synth[BINS] = {0};
  for (int a = 0; a < BINS; a++) {
    for (int b = 0; b < BINS; b++) {
      real[a] += joint[a * BINS + b];
      synth[b] += joint[a * BINS + b];
    }
  }
  double both = entropy(joint, BINS * BINS, total);
  return both > 0 ? (entropy(real, BINS, total) + entropy(synth, BINS, total)) / both : NAN;
}

typedef struct nmi_job {
  const vg_metric_input *in;
  size_t voxels;
  axis real[VG_CELLS], synth[VG_CELLS]; /* extremes by cell */
  double *values;
} nmi_job;

static void widen(axis *a, double lo, double hi) {
  if (lo < a->lo) a->lo = lo;
  if (hi > a->hi) a->hi = hi;
}

static vg_status one_region(void *arg, size_t r) {
  const nmi_job *j = arg;
  const vg_metric_input *in = j->in;
  axis a = {(double)INFINITY, -(double)INFINITY}, b = a;
  uint8_t member[VG_CELLS];
  for (int c = 0; c < VG_CELLS; c++) {
    member[c] = in->regions->member[c] >> r & 1;
    if (!member[c]) continue;
    widen(&a, j->real[c].lo, j->real[c].hi);
    widen(&b, j->synth[c].lo, j->synth[c].hi);
  }
  j->values[r] = NAN;
  if (!(a.hi >= a.lo)) return VG_OK;
  /* A constant image falls into one bin. */
  double step_a = (a.hi - a.lo) / BINS, step_b = (b.hi - b.lo) / BINS;
  double per_a = step_a > 0 ? 1 / step_a : 0, per_b = step_b > 0 ? 1 / step_b : 0;
  uint32_t *joint = VG_NEW_N(uint32_t, BINS * BINS);
  if (!joint) return VG_MEMORY;
  size_t n = 0;
  for (size_t i = 0; i < j->voxels; i++) {
    if (!member[in->cells[i]]) continue;
    int x = per_a > 0 ? bin_of((double)in->real[i], a.lo, step_a, per_a) : 0;
    int y = per_b > 0 ? bin_of((double)in->synth[i], b.lo, step_b, per_b) : 0;
    joint[x * BINS + y]++;
    n++;
  }
  j->values[r] = from_counts(joint, (double)n);
  vg_free(joint);
  return VG_OK;
}

static vg_status nmi(const vg_metric_input *in, double *values) {
  nmi_job *j = VG_NEW(nmi_job);
  if (!j) return VG_MEMORY;
  j->in = in;
  j->voxels = vg_extent_voxels(in->dim);
  j->values = values;
  for (int c = 0; c < VG_CELLS; c++) {
    j->real[c] = j->synth[c] = (axis){(double)INFINITY, -(double)INFINITY};
  }
  for (size_t i = 0; i < j->voxels; i++) {
    if (!in->regions->member[in->cells[i]]) continue;
    widen(&j->real[in->cells[i]], (double)in->real[i], (double)in->real[i]);
    widen(&j->synth[in->cells[i]], (double)in->synth[i], (double)in->synth[i]);
  }
  vg_status st = vg_parallel((size_t)in->regions->n, one_region, j);
  vg_free(j);
  return st;
}

const vg_metric vg_metric_nmi = {.unit = "", .kind = VG_METRIC_IMAGE, .ideal = 2, .compute = nmi};
