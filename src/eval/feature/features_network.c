/* features_network.c: features from a network that the user supplies. */
#include <string.h>
#include "eval/feature/features_thumbnail.h"
#include "base/mem.h"
#include "base/number/extent.h"

enum { SLICES = 16 };

static size_t dims(const vg_feature_plan *plan) {
  return plan->extractor->dims;
}

/* Resamples the image to the network's grid, and copies it into every channel. */
static vg_status fill(const vg_feature_input *in, const int dim[3], int channels, float *out) {
  size_t n = vg_extent_voxels(dim);
  vg_status st = vg_features_resample_box(in, dim, out);
  for (int c = 1; c < channels && !st; c++) memcpy(out + (size_t)c * n, out, n * sizeof *out);
  return st;
}

/* Runs the network on the volume, or on slices spread evenly over the brain's height, whose features are
 * averaged. */
static vg_status compute(const vg_feature_input *in, float *out) {
  const vg_extractor *x = in->plan->extractor;
  const int dim[3] = {x->size, x->size, x->flat ? 1 : x->size};
  size_t n = x->flat ? SLICES : 1;
  size_t each = (size_t)x->channels * vg_extent_voxels(dim);
  float *inputs = vg_malloc(n * each, sizeof *inputs), *rows = vg_malloc(n * x->dims, sizeof *rows);
  vg_status st = inputs && rows ? VG_OK : VG_MEMORY;
  for (size_t k = 0; k < n && !st; k++) {
    vg_feature_input part = *in;
    if (x->flat) {
      part.lo[2] += (int)((2 * k + 1) * (size_t)in->extent[2] / (2 * n));
      part.extent[2] = 1;
    }
    st = fill(&part, dim, x->channels, inputs + k * each);
  }
  if (!st) st = x->extract(x, inputs, n, rows);
  for (size_t d = 0; d < x->dims && !st; d++) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += (double)rows[k * x->dims + d];
    out[d] = (float)(sum / (double)n);
  }
  vg_free(inputs);
  vg_free(rows);
  return st;
}

const vg_feature_space vg_features_network = {.by_extractor = true, .dims = dims, .compute = compute};
