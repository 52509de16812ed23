/* json_lines.c: reads files with one JSON text a line, which may grow at the same time. */
#include <string.h>
#include "base/fs.h"
#include "io/json.h"
#include "base/mem.h"
#include "base/str.h"

static vg_status add_line(vg_json_lines *to, const char *path, const char *from, size_t len) {
  vg_status st = VG_MEMORY;
  char *line = vg_malloc(len + 1, 1);
  /* The list doubles at each power of two. */
  const bool full = !(to->n & (to->n - 1));
  vg_json **more = !line  ? NULL
                   : full ? vg_realloc(to->items, to->n ? 2 * to->n : 1, sizeof *more)
                          : to->items;
  if (more) {
    memcpy(line, from, len);
    line[len] = '\0';
    to->items = more;
    st = vg_json_parse(path, line, &to->items[to->n]);
    if (st == VG_DATA) vg_fail(st, "%s: line %zu is not valid JSON", path, to->n + 1);
  }
  if (!st) to->n++;
  vg_free(line);
  return st;
}

vg_status vg_json_lines_read(const char *path, vg_json_lines *out) {
  void *text = NULL;
  size_t len = 0;
  *out = (vg_json_lines){NULL, 0};
  vg_status st = vg_fs_read_optional(path, &text, &len);
  if (!st && len > VG_JSON_BYTES)
    st = vg_fail(VG_DATA, "%s: larger than the %llu bytes allowed", path, (unsigned long long)VG_JSON_BYTES);
  for (const char *at = text, *end; !st && at && (end = memchr(at, '\n', len)); at = end + 1) {
    st = add_line(out, path, at, (size_t)(end - at));
    len -= (size_t)(end - at) + 1;
  }
  vg_free(text);
  if (st) vg_json_lines_release(out);
  return st;
}

void vg_json_lines_release(vg_json_lines *lines) {
  for (size_t i = 0; i < lines->n; i++) vg_json_free(lines->items[i]);
  vg_free(lines->items);
  *lines = (vg_json_lines){NULL, 0};
}
