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

/* 1 + the index of the first label of the value's name; 0: the scheme lacks it. */
static int named_contrast(const vg_scheme *s, uint16_t value) {
  const vg_label *l = vg_scheme_find(s, value);
  if (!l) return 0;
  int first = 0;
  while (strcmp(s->labels[first].name, l->name)) first++;
  return 1 + first;
}

vg_status vg_kinds_of_class(vg_kinds *k, int klass, uint8_t *kind) {
  return vg_kinds_of(k, 1 + VG_LABELS_MAX + klass, klass + 1, kind);
}

vg_status vg_kinds_table(vg_kinds *k, const vg_scheme *contrasts, const uint8_t *class_of, uint8_t *table) {
  vg_status st = VG_OK;
  memset(table, 0, VALUES);
  for (int v = 1; v < VALUES && !st; v++) {
    const int contrast = named_contrast(contrasts, (uint16_t)v), klass = class_of[v];
    if (contrast)
      st = vg_kinds_of(k, contrast, klass, &table[v]);
    else if (klass)
      st = vg_kinds_of_class(k, klass - 1, &table[v]);
  }
  return st;
}
