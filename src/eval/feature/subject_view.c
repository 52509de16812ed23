/* subject_view.c: averages an image and its masks to coarser voxels. */
#include "eval/feature/subject_view.h"

#include <math.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/whole.h"
#include "grid/resample.h"

#define SAME 0.01 /* relative */

void vg_eval_view_release(vg_eval_view *v) {
  for (int k = 0; k < 3; k++) {
    vg_free(v->own[k]);
    v->own[k] = NULL;
  }
}

/* Marks the coarse voxels of which half is in the mask. share: how much of each is. */
static void average_mask(vg_resampler *r, const uint8_t *mask, size_t from, size_t to, float *work,
                         float *share, uint8_t *out) {
  for (size_t i = 0; i < from; i++) work[i] = mask[i] ? 1 : 0;
  vg_resample(r, work, share);
  for (size_t i = 0; i < to; i++) out[i] = share[i] >= 0.5F;
}

static vg_status average(const vg_feature_input *in, const double step[3], vg_eval_view *v) {
  const double start[3] = {0, 0, 0};
  vg_resampler r = {0};
  vg_status st = vg_resampler_init(&r, in->dim, v->dim, step, start, false);
  const size_t from = vg_extent_voxels(in->dim), to = vg_extent_voxels(v->dim);
  float *work = vg_malloc(from, sizeof *work), *share = vg_malloc(to, sizeof *share);
  float *image = v->own[0] = vg_malloc(to, sizeof *image);
  uint8_t *brain = v->own[1] = vg_malloc(to, 1);
  uint8_t *tumour = v->own[2] = in->tumour ? vg_malloc(to, 1) : NULL;
  if (!st && (!work || !share || !image || !brain || (in->tumour && !tumour))) st = VG_MEMORY;
  if (!st) {
    if (tumour) average_mask(&r, in->tumour, from, to, work, share, tumour);
    average_mask(&r, in->brain, from, to, work, share, brain);
    for (size_t i = 0; i < from; i++) work[i] = in->brain[i] ? in->image[i] + 1 : 0;
    vg_resample(&r, work, image);
    for (size_t i = 0; i < to; i++) image[i] = brain[i] ? image[i] / share[i] - 1 : -1;
  }
  v->image = image;
  v->brain = brain;
  v->tumour = tumour;
  vg_resampler_release(&r);
  vg_free(work);
  vg_free(share);
  return st;
}

vg_status vg_eval_view_make(const vg_feature_input *in, const double mm[3], vg_eval_view *v) {
  double step[3];
  bool same = true;
  *v = (vg_eval_view){.image = in->image, .brain = in->brain, .tumour = in->tumour};
  for (int a = 0; a < 3; a++) {
    step[a] = mm[a] > in->mm[a] * (1 + SAME) ? mm[a] / in->mm[a] : 1;
    v->mm[a] = in->mm[a] * step[a];
    v->dim[a] = vg_int_of(fmax(1, ceil(in->dim[a] / step[a] - SAME)));
    same &= step[a] <= 1;
  }
  return same ? VG_OK : average(in, step, v);
}
