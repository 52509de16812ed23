/* float_order.h: maps floats to unsigned numbers of the same order, for ranking by histogram. */
#ifndef VG_BASE_FLOAT_ORDER_H
#define VG_BASE_FLOAT_ORDER_H
#include <stdint.h>
#include <string.h>

static inline uint32_t vg_float_order(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static inline float vg_float_of_order(uint32_t order) {
  uint32_t bits = order & 0x80000000u ? order & 0x7fffffffu : ~order;
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

#endif
