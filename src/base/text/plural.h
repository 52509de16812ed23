/* plural.h: a noun or verb that agrees with a count: "1 case is", "2 cases are". */
#ifndef VG_BASE_PLURAL_H
#define VG_BASE_PLURAL_H
#include <stddef.h>

/* For text such as "%zu %s", n, vg_plural(n, "case", "cases"). */
static inline const char *vg_plural(size_t n, const char *one, const char *many) {
  return n == 1 ? one : many;
}

#endif
