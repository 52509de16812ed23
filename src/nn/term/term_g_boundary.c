/* term_g_boundary.c: the images should change as steeply across the boundary of a class as the target does.
 *
 * The discriminator sees that a tumour looks cut out; this says how far. Of each class and series, the mean
 * step between neighbouring voxels is compared, weighted by how much the class's fraction changes between
 * them. Only the mean counts, so that a step may lie where it wants. The images are smoothed first: a fine
 * hatching would otherwise be the easiest way to steeper steps, and networks find it. */
#include "nn/term/terms.h"

/* Standard deviation of the smoothing, voxels: of a checkerboard nothing is left, of a step between two
 * voxels 40 %. */
#define SIGMA 1.0

/* Added to the sum of weights, so that a class without a boundary counts as 0. */
#define LEAST 1e-6

/* |difference| between neighbours along an axis of (N, C, D, H, W). */
static vg_tensor *steps(vg_tensor *a, int axis) {
  const int64_t n = vg_size(a, axis) - 1;
  return vg_abs(vg_sub(vg_narrow(a, axis, 1, n), vg_narrow(a, axis, 0, n)));
}

static vg_tensor *loss(const vg_term_input *in) {
  static const int space[] = {2, 3, 4};
  const int series = in->spec->out_channels;
  vg_tensor *edge[3], *more[3], *edges = NULL, *total = NULL;
  int axes = 0;
  if (!(in->objective->w_boundary > 0) || in->spec->softmax) return NULL;
  vg_scope *s = vg_scope_push();
  vg_tensor *made = vg_blur3d(in->made, SIGMA), *target = vg_blur3d(in->target, SIGMA);
  for (int axis = 2; axis < 5; axis++) {
    if (vg_size(made, axis) < 2) continue;
    edge[axes] = steps(in->input, axis);
    more[axes] = vg_sub(steps(made, axis), steps(target, axis));
    vg_tensor *sum = vg_sum_dims(edge[axes], space, 3, false); /* (N, classes) */
    edges = edges ? vg_add(edges, sum) : sum;
    axes++;
  }
  for (int k = 0; k < series && axes; k++) {
    vg_tensor *sum = NULL;
    for (int a = 0; a < axes; a++) {
      vg_tensor *one = vg_sum_dims(vg_mul(edge[a], vg_narrow(more[a], 1, k, 1)), space, 3, false);
      sum = sum ? vg_add(sum, one) : one;
    }
    sum = vg_mean(vg_abs(vg_div(sum, vg_scale(edges, 1, LEAST))));
    total = total ? vg_add(total, sum) : sum;
  }
  return vg_scope_pop(s, total ? vg_scale(total, 1.0 / series, 0) : NULL);
}

static double weight(const vg_gan_objective *o) {
  return o->w_boundary;
}

const vg_term vg_term_g_boundary = {loss, weight, false, false};
