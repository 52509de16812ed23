/* whole.h: from a double to a whole number that may be an index, a count or a size.
 *
 * A cast of NaN, or of a value that the type cannot hold, is undefined, and in practice gives any index.
 * These cut the fraction off, as a cast does, and keep the result within bounds that make it harmless. NaN
 * gives the lower bound. Round first where that is wanted: vg_int_of(round(v)).
 */
#ifndef VG_WHOLE_H
#define VG_WHOLE_H
#include <stddef.h>
#include <stdint.h>

/* Far beyond the length of any axis; a few of them still add up to an int. */
#define VG_INT_FAR (1 << 28)

/* Within -VG_INT_FAR..VG_INT_FAR; NaN gives 0. */
static inline int vg_int_of(double v) {
  return !(v > -VG_INT_FAR) ? (v < 0 ? -VG_INT_FAR : 0) : v < VG_INT_FAR ? (int)v : VG_INT_FAR;
}

/* An index of n items: within 0..n - 1. */
static inline int vg_index_of(double v, int n) {
  return !(v > 0) ? 0 : v < n ? (int)v : n - 1;
}

/* The same for long arrays; 0 where n is 0. */
static inline size_t vg_rank_of(double v, size_t n) {
  return !(v > 0) || !n ? 0 : v < (double)n && (size_t)v < n ? (size_t)v : n - 1;
}

/* A count or a number of bytes: within 0..2^53, up to which each whole number is a double. */
static inline size_t vg_count_of(double v) {
  return !(v > 0) ? 0 : v < 0x1p53 ? (size_t)v : (size_t)1 << 53;
}

#endif
