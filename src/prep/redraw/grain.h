/* grain.h: random fields of a given correlation over distance. */
#ifndef VG_PREP_GRAIN_H
#define VG_PREP_GRAIN_H
#include <stdint.h>
#include "voxgan/status.h"

/* Correlations over distances along the three axes. */
enum { VG_LAGS_MAX = 192 };
typedef struct vg_lags {
  int n;
  struct {
    double mm, value;
    double pairs; /* of voxels */
  } of[VG_LAGS_MAX];
} vg_lags;

/* Measures values of mean 0 and variance 1 over the voxels of mask, up to a distance of reach mm. Distances
 * with fewer than 50 pairs are skipped. value is (Z, Y, X) of dim, x fastest; mm is the voxel size. */
void vg_lags_measure(const float *value, const uint8_t *mask, const int dim[3], const double mm[3],
                     double reach, vg_lags *out);

/* A sum of smooth fields: the correlation at distance d is the sum of share[k] exp(-d^2 / (2 mm[k]^2)). The
 * shares add up to 1. */
enum { VG_GRAIN_SCALES = 8 };
typedef struct vg_grain {
  int n;
  double mm[VG_GRAIN_SCALES], share[VG_GRAIN_SCALES];
} vg_grain;

/* Fits the shares of scales from twice `least` mm, the smallest voxel size, up to reach; from finer ones
 * where the values vary faster. Near distances count more. Without distances, all scales have the same share.
 */
void vg_grain_fit(const vg_lags *lags, double least, double reach, vg_grain *out);
/* Draws a field of mean 0 and variance 1 in each voxel. */
vg_status vg_grain_draw(const vg_grain *g, const int dim[3], const double mm[3], uint64_t seed, uint64_t key,
                        float *out);

#endif
