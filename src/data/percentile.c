/* percentile.c: exact percentiles in linear time, by the bits of the values. */
#include "data/percentile.h"

#include <string.h>

#include "voxgan/mem.h"

#define VALUES 65536 /* of 16 bits */

/* Order-preserving bits of a float. */
static uint32_t float_key(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return u & 0x80000000u ? ~u : u | 0x80000000u;
}

static float key_float(uint32_t u) {
  u = u & 0x80000000u ? u & 0x7fffffffu : ~u;
  float f;
  memcpy(&f, &u, 4);
  return f;
}

/* The rank-th smallest (from 0), exactly, from a histogram of the upper and one of the lower 16 bits. */
static float order_statistic(const uint32_t *keys, size_t n, const uint32_t *upper, uint32_t *lower,
                             size_t rank) {
  uint32_t bin = 0;
  while (rank >= upper[bin]) rank -= upper[bin++];
  memset(lower, 0, VALUES * sizeof *lower);
  for (size_t i = 0; i < n; i++)
    if (keys[i] >> 16 == bin) lower[keys[i] & 0xffff]++;
  uint32_t low = 0;
  while (rank >= lower[low]) rank -= lower[low++];
  return key_float(bin << 16 | low);
}

vg_status vg_percentiles(const float *v, const uint8_t *mask, size_t n, const double percent[2],
                         double out[2]) {
  size_t m = 0;
  for (size_t i = 0; i < n; i++) m += mask[i];
  uint32_t *keys = vg_malloc(m, sizeof *keys), *bins = vg_calloc(2 * VALUES, sizeof *bins);
  vg_status st = VG_OK;
  if (!keys || !bins) {
    st = VG_MEMORY;
    goto out;
  }
  m = 0;
  for (size_t i = 0; i < n; i++)
    if (mask[i]) keys[m++] = float_key(v[i]);
  for (size_t i = 0; i < m; i++) bins[keys[i] >> 16]++;
  for (int k = 0; k < 2; k++) {
    double at = percent[k] / 100 * (double)(m - 1);
    size_t rank = (size_t)at;
    double a = order_statistic(keys, m, bins, bins + VALUES, rank), b = a;
    if (rank + 1 < m && at > (double)rank) b = order_statistic(keys, m, bins, bins + VALUES, rank + 1);
    out[k] = a + (b - a) * (at - (double)rank);
  }
out:
  vg_free(keys);
  vg_free(bins);
  return st;
}
