/* path_part.c: checks the parts of paths that come from data. */
#include "base/file/path_part.h"
#include <string.h>
#include "base/text/shown.h"

const char *vg_path_part_fault(const char *value) {
  const size_t len = strlen(value);
  if (!len) return "it is empty";
  if (len > VG_PATH_PART_MAX) return "it is longer than 127 bytes";
  if (*value == '.') return "it begins with a dot";
  if (*value == '-') return "it begins with a dash";
  if (strpbrk(value, "/\\")) return "it contains a slash";
  for (size_t at = 0, n; at < len; at += n)
    if (!vg_shown_as_is(value + at, len - at, &n)) return "it contains characters that do not print";
  return NULL;
}

vg_status vg_path_part(vg_status st, const char *where, const char *what, const char *value) {
  const char *fault = vg_path_part_fault(value);
  if (!fault) return VG_OK;
  return vg_fail(st, "%s: %s '%.200s' cannot be part of a file's name: %s", where, what, value, fault);
}

bool vg_path_below(const char *path) {
  for (;;) {
    const size_t n = strcspn(path, "/");
    if (!n || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.')) return false;
    if (!path[n]) return true;
    path += n + 1;
  }
}
