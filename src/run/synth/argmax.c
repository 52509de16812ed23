/* argmax.c: the likeliest class of voxels. */
#include "run/synth/argmax.h"
#include "base/number/extent.h"

void vg_classes_of_case(const vg_case *c, size_t first, size_t n, uint8_t *klass) {
  const size_t voxels = vg_extent_voxels(c->record.dim);
  for (size_t i = 0; i < n; i++) {
    int best = 0, left = 255;
    klass[i] = 0;
    for (int k = 0; k < c->n_classes; k++) {
      int f = c->labels[(size_t)k * voxels + first + i];
      left -= f;
      if (f > best) best = f, klass[i] = (uint8_t)(k + 1);
    }
    if (left > best) klass[i] = 0;
  }
}

void vg_classes_of_fractions(const float *fractions, int channels, size_t voxels, size_t first, size_t n,
                             uint8_t *klass) {
  for (size_t i = 0; i < n; i++) {
    float best = fractions[first + i];
    klass[i] = 0;
    for (int k = 1; k < channels; k++) {
      float f = fractions[(size_t)k * voxels + first + i];
      if (f > best) best = f, klass[i] = (uint8_t)k;
    }
  }
}
