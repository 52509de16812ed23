/* head.c: strips the skull, and crops. */
#include "prep/randomise/head.h"

#include <string.h>

#include "base/simd.h"
#include "base/number/extent.h"
#include "prep/randomise/blur.h"

#define SOFT_MM 2.5 /* of the blur whose level lines are the borders */

VG_HOT static void clear_below(uint8_t *kinds, const float *v, float level, size_t n) {
  for (size_t i = 0; i < n; i++) kinds[i] = v[i] < level ? 0 : kinds[i];
}

void vg_head_strip(uint8_t *kinds, const int dim[3], const double mm[3], const vg_kinds *table, vg_rng *r,
                   float *v, float *work) {
  const size_t n = vg_extent_voxels(dim);
  /* The levels 0.12 and 0.88 lie 3 mm on both sides of a flat border. */
  const float level = (float)vg_rng_uniform(r, 0.12, 0.88);
  float inside[VG_KINDS_MAX + 1] = {0};
  for (int k = 1; k <= table->n; k++) inside[k] = vg_kinds_in_brain(table, k);
  for (size_t i = 0; i < n; i++) v[i] = inside[kinds[i]];
  vg_blur(v, dim, (const double[3]){SOFT_MM / mm[0], SOFT_MM / mm[1], SOFT_MM / mm[2]}, work);
  clear_below(kinds, v, level, n);
}

void vg_head_crop(uint8_t *kinds, const int dim[3], vg_rng *r) {
  const int axis = (int)vg_rng_below(r, 3);
  const bool low = vg_rng_uniform(r, 0, 1) < 0.5;
  const int depth = (int)(vg_rng_uniform(r, 0, 1.0 / 3) * dim[axis]);
  const int from = low ? 0 : dim[axis] - depth, to = from + depth;
  for (int z = axis == 0 ? from : 0; z < (axis == 0 ? to : dim[0]); z++)
    for (int y = axis == 1 ? from : 0; y < (axis == 1 ? to : dim[1]); y++) {
      const int x = axis == 2 ? from : 0;
      memset(kinds + ((size_t)z * (size_t)dim[1] + (size_t)y) * (size_t)dim[2] + x, 0,
             (size_t)(axis == 2 ? depth : dim[2]));
    }
}
