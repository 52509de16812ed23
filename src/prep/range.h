/* range.h: which ranges of intensities can be scaled. */
#ifndef VG_PREP_RANGE_H
#define VG_PREP_RANGE_H
#include <stdbool.h>

/* Whether intensities from lo to hi can be brought to [-1, 1]. They cannot if hi is no more than lo, if the
 * range is a few denormals, whose scale is infinite, or if it is larger than a volume may hold. */
static inline bool vg_range_spans(double lo, double hi) {
  return hi - lo >= 1e-37 && hi - lo <= 2e30;
}

#endif
