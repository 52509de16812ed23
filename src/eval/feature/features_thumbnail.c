/* features_thumbnail.c: the brain resampled to a size at which whole volumes can be compared. */
#include "eval/feature/features_thumbnail.h"

#include <string.h>
#include "grid/resample.h"
#include "base/mem.h"
#include "base/number/extent.h"

/* The resampler takes 0 for voxels outside its input, so 0 must be the background here. */
static float *cut_box(const vg_feature_input *in) {
  size_t n = vg_extent_voxels(in->extent);
  float *box = vg_malloc(n, sizeof *box), *to = box;
  for (int z = 0; box && z < in->extent[2]; z++) {
    for (int y = 0; y < in->extent[1]; y++) {
      size_t row = (size_t)(in->lo[2] + z) * (size_t)in->dim[1] + (size_t)(in->lo[1] + y);
      const float *from = in->image + row * (size_t)in->dim[0] + in->lo[0];
      for (int x = 0; x < in->extent[0]; x++) *to++ = from[x] + 1;
    }
  }
  return box;
}

vg_status vg_features_resample_box(const vg_feature_input *in, const int dim[3], float *out) {
  float *box = cut_box(in);
  vg_resampler r = {0};
  double step[3], start[3] = {0, 0, 0};
  for (int a = 0; a < 3; a++) step[a] = (double)in->extent[a] / dim[a];
  vg_status st = box ? vg_resampler_init(&r, in->extent, dim, step, start, false) : VG_MEMORY;
  size_t n = vg_extent_voxels(dim);
  if (!st) vg_resample(&r, box, out);
  for (size_t i = 0; i < n && !st; i++) out[i] -= 1;
  vg_resampler_release(&r);
  vg_free(box);
  return st;
}

enum { SMALL = 32, LARGE = VG_VOLUME_EDGE };

static size_t small_dims(const vg_feature_plan *plan) {
  (void)plan;
  return (size_t)SMALL * SMALL * SMALL;
}

static vg_status small(const vg_feature_input *in, float *out) {
  return vg_features_resample_box(in, (const int[]){SMALL, SMALL, SMALL}, out);
}

static size_t large_dims(const vg_feature_plan *plan) {
  (void)plan;
  return (size_t)LARGE * LARGE * LARGE;
}

static vg_status large(const vg_feature_input *in, float *out) {
  return vg_features_resample_box(in, (const int[]){LARGE, LARGE, LARGE}, out);
}

const vg_feature_space vg_features_thumbnail = {.dims = small_dims, .compute = small};
const vg_feature_space vg_features_volume = {.of_some = 32, .dims = large_dims, .compute = large};
