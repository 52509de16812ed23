/* recall.c: RUN/data.json. */
#include "jobs/recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/json.h"

void vg_recalled_release(vg_recalled *r) {
  vg_strv_free(r->paths);
  vg_strv_free(r->layouts);
  *r = (vg_recalled){0};
}

static vg_status take(const vg_json *list, const char *path, vg_recalled *out) {
  const size_t n = vg_json_size(list);
  out->paths = vg_calloc(n + 1, sizeof *out->paths);
  out->layouts = vg_calloc(n + 1, sizeof *out->layouts);
  if (!out->paths || !out->layouts) return VG_MEMORY;
  for (const vg_json *e = vg_json_first(list); e; e = vg_json_next(e)) {
    const char *root = vg_json_string(vg_json_get(e, "path"), NULL);
    if (!root) return vg_fail(VG_DATA, "%s: damaged: a data set without a path", path);
    out->paths[out->n] = vg_strdup(root);
    out->layouts[out->n] = vg_strdup(vg_json_string(vg_json_get(e, "layout"), "auto"));
    if (!out->paths[out->n] || !out->layouts[out->n]) return VG_MEMORY;
    out->n++;
  }
  return VG_OK;
}

vg_status vg_recall_data(const char *run, vg_recalled *out) {
  vg_json *j = NULL;
  bool exists = false;
  *out = (vg_recalled){0};
  char *path = vg_fs_join(run, VG_RUN_DATA);
  vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, &j);
  if (!st && exists) st = take(vg_json_get(j, "data"), path, out);
  if (st) vg_recalled_release(out);
  vg_json_free(j);
  vg_free(path);
  return st;
}

vg_status vg_recall_write(const char *run, const vg_roots *roots) {
  vg_json *j = vg_json_object();
  vg_json *list = vg_json_put_take(j, "data", vg_json_array());
  for (int i = 0; i < roots->n; i++) {
    char *path = realpath(roots->paths[i], NULL);
    vg_json *e = vg_json_put_take(list, NULL, vg_json_object());
    vg_json_put_string(e, "path", path ? path : roots->paths[i]);
    vg_json_put_string(e, "layout",
                       roots->n_layouts ? roots->layouts[roots->n_layouts == 1 ? 0 : i] : "auto");
    free(path);
  }
  char *path = vg_fs_join(run, VG_RUN_DATA);
  vg_status st = path ? vg_json_write(path, j) : VG_MEMORY;
  vg_free(path);
  vg_json_free(j);
  return st;
}
