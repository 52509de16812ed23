/* features_intensity.c: histograms of an image's intensities by tissue. */
#include <math.h>
#include "eval/feature/features.h"
#include "base/number/extent.h"
#include "base/whole.h"

enum { BINS = 16 };

static size_t dims(const vg_feature_plan *plan) {
  return BINS * (size_t)vg_features_regions(plan);
}

static vg_status compute(const vg_feature_input *in, float *out) {
  size_t n = vg_extent_voxels(in->dim), bins = dims(in->plan);
  double counts[2 * VG_CLASSES_MAX * BINS] = {0};
  for (size_t i = 0; i < n; i++) {
    const int region = vg_features_region_at(in, i);
    if (region < 0) continue;
    counts[region * BINS + vg_index_of((double)((in->image[i] + 1) * (BINS / 2)), BINS)]++;
  }
  for (size_t r = 0; r < bins; r += BINS) {
    double all = 0;
    for (int b = 0; b < BINS; b++) all += counts[r + (size_t)b];
    for (int b = 0; b < BINS; b++)
      out[r + (size_t)b] = all > 0 ? (float)sqrt(counts[r + (size_t)b] / all) : 0;
  }
  return VG_OK;
}

const vg_feature_space vg_features_intensity = {.dims = dims, .compute = compute};
