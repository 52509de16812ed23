/* percentile.c: exact percentiles in linear time, by the bits of the values. */
#include "prep/percentile.h"

#include <string.h>

#include "base/number/float_order.h"
#include "base/mem.h"
#include "base/whole.h"

#define VALUES 65536 /* of 16 bits */

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
  return vg_float_of_order(bin << 16 | low);
}

vg_status vg_percentiles(const float *v, const uint8_t *mask, size_t n, const double percent[2],
                         double out[2]) {
  size_t m = 0;
  for (size_t i = 0; i < n; i++) m += mask[i];
  uint32_t *keys = vg_malloc(m, sizeof *keys), *bins = vg_calloc(2 * VALUES, sizeof *bins);
  vg_status st = VG_OK;
  out[0] = out[1] = 0;
  if (!m) goto out;
  if (!keys || !bins) {
    st = VG_MEMORY;
    goto out;
  }
  m = 0;
  for (size_t i = 0; i < n; i++)
    if (mask[i]) keys[m++] = vg_float_order(v[i]);
  for (size_t i = 0; i < m; i++) bins[keys[i] >> 16]++;
  for (int k = 0; k < 2; k++) {
    double at = percent[k] / 100 * (double)(m - 1);
    size_t rank = vg_rank_of(at, m);
    double a = order_statistic(keys, m, bins, bins + VALUES, rank), b = a;
    if (rank + 1 < m && at > (double)rank) b = order_statistic(keys, m, bins, bins + VALUES, rank + 1);
    out[k] = a + (b - a) * (at - (double)rank);
  }
out:
  vg_free(keys);
  vg_free(bins);
  return st;
}
