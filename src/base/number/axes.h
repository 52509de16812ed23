/* axes.h: a number for each axis, often the same one. */
#ifndef VG_AXES_H
#define VG_AXES_H
#include <stdbool.h>

static inline bool vg_axes_same(const double v[3]) {
  return v[0] == v[1] && v[1] == v[2];
}

#endif
