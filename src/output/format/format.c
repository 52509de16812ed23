/* format.c: the registry of formats. */
#include "output/format/format.h"

#include <string.h>
#include "output/format/format_values.h"
#include "registry/registry_extend.h"

/* The rows end with a NULL name. */
static struct {
  const char *name;
  const vg_dataset_format *format;
  const char *help;
} rows[VG_FORMATS_MAX + 1] = {
#define VG_FORMAT(name, help) {#name, &vg_dataset_format_##name, help},
#include "registry/formats.def"
#undef VG_FORMAT
};

vg_status vg_dataset_format_add(const char *name, const char *help, const vg_dataset_format *format) {
  int n = 0;
  while (rows[n].name) n++;
  if (n == VG_FORMATS_MAX) return vg_fail(VG_CONFIG, "more than %d formats", VG_FORMATS_MAX);
  vg_status st = vg_registry_extend("formats", name, help);
  if (st) return st;
  rows[n].format = format;
  rows[n].help = help;
  rows[n].name = name;
  return VG_OK;
}

const char *vg_dataset_format_at(int i, const vg_dataset_format **format, const char **help) {
  if (i < 0 || i >= VG_FORMATS_MAX || !rows[i].name) return NULL;
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

const char *vg_dataset_format_default(const char *layout, const vg_format_set *set) {
  const vg_dataset_format *format = NULL;
  const char *at, *best = NULL;
  int most = 0;
  for (int i = 0; (at = vg_dataset_format_at(i, &format, NULL)); i++) {
    if (!strcmp(format->layout, layout)) return at;
    int rank = format->rank ? format->rank(set) : 0;
    if (rank > most) best = at, most = rank;
  }
  if (!best) VG_BUG("no format is a default");
  return best;
}

const char *vg_dataset_format_any(void) {
  const vg_dataset_format *format = NULL;
  const char *at;
  for (int i = 0; (at = vg_dataset_format_at(i, &format, NULL)); i++)
    if (format->any_class) return at;
  VG_BUG("no format has values for every class");
}
