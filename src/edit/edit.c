/* edit.c: the registry of edits. */
#include "voxgan/edit.h"

#include <string.h>

#define VG_EDIT(name, help) extern const vg_edit vg_edit_##name;
#include "registry/edits.def"
#undef VG_EDIT

static const struct {
  const char *name;
  const vg_edit *edit;
  const char *help;
} rows[] = {
#define VG_EDIT(name, help) {#name, &vg_edit_##name, help},
#include "registry/edits.def"
#undef VG_EDIT
    {NULL, NULL, NULL}};

const char *vg_edit_at(int i, const vg_edit **edit, const char **help) {
  if (i < 0 || (size_t)i + 1 >= sizeof rows / sizeof rows[0]) return NULL;
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
