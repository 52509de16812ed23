/* format.c: the registry of formats. */
#include "output/format/format.h"

#include <string.h>
#include "output/format/formats.h"

static const struct {
  const char *name;
  const vg_dataset_format *format;
  const char *help;
} rows[] = {
#define VG_FORMAT(name, help) {#name, &vg_dataset_format_##name, help},
#include "registry/formats.def"
#undef VG_FORMAT
    {NULL, NULL, NULL}};

const char *vg_dataset_format_at(int i, const vg_dataset_format **format, const char **help) {
  if (i < 0 || (size_t)i + 1 >= sizeof rows / sizeof rows[0]) return NULL;
  if (format) *format = rows[i].format;
  if (help) *help = rows[i].help;
  return rows[i].name;
}

const vg_dataset_format *vg_dataset_format_find(const char *name) {
  const vg_dataset_format *format = NULL;
  const char *at;
  for (int i = 0; (at = vg_dataset_format_at(i, &format, NULL)); i++)
    if (!strcmp(at, name)) return format;
  return NULL;
}
