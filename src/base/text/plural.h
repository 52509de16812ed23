/* plural.h: a noun or verb that agrees with a count: "1 case is", "2 cases are". */
#ifndef VG_BASE_PLURAL_H
#define VG_BASE_PLURAL_H

/* For text such as "%zu %s", n, vg_plural(n, "case", "cases"). A double, as counts in a file may be any
 * number. */
static inline const char *vg_plural(double n, const char *one, const char *many) {
  return n == 1 ? one : many;
}

#endif
