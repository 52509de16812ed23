/* kinds.c: the pairs of contrast and class that occur in label schemes. */
#include "label/kinds.h"

#include <string.h>

#define VALUES 65536

vg_status vg_kinds_of(vg_kinds *k, int contrast, int klass, uint8_t *kind) {
  for (int i = 1; i <= k->n; i++)
    if (k->contrast[i] == contrast && k->klass[i] == klass) {
      *kind = (uint8_t)i;
      return VG_OK;
    }
  if (k->n == VG_KINDS_MAX)
    return vg_fail(VG_CONFIG, "more than %d pairs of contrast and class", VG_KINDS_MAX);
  *kind = (uint8_t)++k->n;
  k->contrast[k->n] = (uint8_t)contrast;
  k->klass[k->n] = (uint8_t)klass;
  return VG_OK;
}

/* 1 + the index of the first label of that name. */
int vg_kinds_contrast(const vg_scheme *contrasts, const char *name) {
  for (int i = 0; i < contrasts->n; i++)
    if (!strcmp(contrasts->labels[i].name, name)) return 1 + i;
  return 0;
}

/* 0: the scheme lacks the value. */
static int contrast_of_value(const vg_scheme *contrasts, uint16_t value) {
  const vg_label *l = vg_scheme_find(contrasts, value);
  return l ? vg_kinds_contrast(contrasts, l->name) : 0;
}

vg_status vg_kinds_of_class(vg_kinds *k, int klass, uint8_t *kind) {
  return vg_kinds_of(k, 1 + VG_LABELS_MAX + klass, klass + 1, kind);
}

vg_status vg_kinds_table(vg_kinds *k, const vg_scheme *contrasts, const uint8_t *class_of, uint8_t *table) {
  vg_status st = VG_OK;
  memset(table, 0, VALUES);
  for (int v = 1; v < VALUES && !st; v++) {
    const int contrast = contrast_of_value(contrasts, (uint16_t)v), klass = class_of[v];
    if (contrast)
      st = vg_kinds_of(k, contrast, klass, &table[v]);
    else if (klass)
      st = vg_kinds_of_class(k, klass - 1, &table[v]);
  }
  return st;
}
