/* argmax.h: the likeliest class of voxels. */
#ifndef VG_RUN_ARGMAX_H
#define VG_RUN_ARGMAX_H
#include "prep/prep.h"

/* klass[i], for n voxels of the prepared grid from first on: class + 1, 0 where what no class fills is more.
 */
void vg_classes_of_case(const vg_case *c, size_t first, size_t n, uint8_t *klass);
/* The same of fractions (channels, voxels), the first of which is the background. */
void vg_classes_of_fractions(const float *fractions, int channels, size_t voxels, size_t first, size_t n,
                             uint8_t *klass);

#endif
