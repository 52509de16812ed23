/* dot.h: inner products that the compiler can turn into SIMD code. */
#ifndef VG_NUMBER_DOT_H
#define VG_NUMBER_DOT_H
#include <stddef.h>

/* Sum of a[i] * b[i]. Eight partial sums, whose order of addition is fixed: the result does not depend on the
 * instruction set. */
static inline double vg_dot_f64(const double *a, const double *b, size_t n) {
  double part[8] = {0};
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (size_t k = 0; k < 8; k++) part[k] += a[i + k] * b[i + k];
  }
  double sum = 0;
  for (; i < n; i++) sum += a[i] * b[i];
  for (size_t k = 0; k < 8; k++) sum += part[k];
  return sum;
}

#endif
