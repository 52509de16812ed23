/* case_order.h: which case each sample of an epoch shows. */
#ifndef VG_SAMPLE_CASE_ORDER_H
#define VG_SAMPLE_CASE_ORDER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

typedef struct vg_case_group {
  uint32_t *cases; /* (n), ascending */
  size_t n;
  uint32_t *order; /* (n), the cases as shuffled for (epoch, round) */
  long epoch, round;
} vg_case_group;

/* Not for several threads at once. */
typedef struct vg_case_order {
  uint64_t seed;
  double mix;
  vg_case_group groups[2];
} vg_case_order;

/* Every epoch shuffles the cases again, and has as many rounds as it needs; the order depends on the seed and
 * the epoch alone. mix 0: all cases occur equally often. Otherwise mix, below 1, is the share of the samples
 * that show a case that last marks (n; NULL: none), evenly spread over the epoch; within either group, cases
 * occur equally often. VG_CONFIG: one of the groups is empty. */
vg_status vg_case_order_init(vg_case_order *o, uint64_t seed, size_t n, const bool *last, double mix);
void vg_case_order_release(vg_case_order *o);
size_t vg_case_order_pick(vg_case_order *o, long epoch, long sample);

#endif
