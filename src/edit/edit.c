/* edit.c: the registry of edits. */
#include "voxgan/edit.h"

#include <string.h>

#include "edit/edit_add.h"
#include "registry/registry_extend.h"

#define VG_EDIT(name, help) extern const vg_edit vg_edit_##name;
#include "registry/edits.def"
#undef VG_EDIT

/* The rows end with a NULL name. */
static struct {
  const char *name;
  const vg_edit *edit;
  const char *help;
} rows[VG_EDITS_MAX + 1] = {
#define VG_EDIT(name, help) {#name, &vg_edit_##name, help},
#include "registry/edits.def"
#undef VG_EDIT
};

vg_status vg_edit_add(const char *name, const char *help, const vg_edit *edit) {
  int n = 0;
  while (rows[n].name) n++;
  if (n == VG_EDITS_MAX) return vg_fail(VG_CONFIG, "more than %d edits", VG_EDITS_MAX);
  vg_status st = vg_registry_extend("edits", name, help);
  if (st) return st;
  rows[n].edit = edit;
  rows[n].help = help;
  rows[n].name = name;
  return VG_OK;
}

const char *vg_edit_at(int i, const vg_edit **edit, const char **help) {
  if (i < 0 || i >= VG_EDITS_MAX || !rows[i].name) return NULL;
  if (edit) *edit = rows[i].edit;
  if (help) *help = rows[i].help;
  return rows[i].name;
}

const vg_edit *vg_edit_find(const char *name) {
  const vg_edit *edit = NULL;
  const char *at;
  for (int i = 0; (at = vg_edit_at(i, &edit, NULL)); i++)
    if (!strcmp(at, name)) return edit;
  return NULL;
}
