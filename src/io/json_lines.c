/* json_lines.c: reads files with one JSON text a line, which may grow at the same time. */
#include <string.h>
#include "base/fs.h"
#include "io/json.h"
#include "base/mem.h"
#include "base/str.h"

static vg_status add_line(vg_json_lines *to, const char *path, const char *from, size_t len) {
  vg_status st = VG_MEMORY;
  char *line = vg_format("%.*s", (int)len, from);
  vg_json **more = line ? vg_realloc(to->items, to->n + 1, sizeof *more) : NULL;
  if (more) {
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
