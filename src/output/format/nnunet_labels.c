/* nnunet_labels.c: names and label values of nnU-Net's data sets. */
#include "output/format/nnunet_labels.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "output/format/format_values.h"

/* The order of nnU-Net's converters (Dataset137_BraTS21.py). */
static const char *const order[] = {"oedema", "necrosis", "nonenhancing", "enhancing", VG_CLASS_CAVITY};
enum { ORDERED = sizeof order / sizeof order[0] };

static void add(vg_scheme *out, const char *name) {
  vg_label *l = &out->labels[out->n++];
  *l = (vg_label){.value = (uint16_t)out->n, .role = VG_ROLE_TUMOUR};
  snprintf(l->name, sizeof l->name, "%s", name);
}

void vg_nnunet_number(const vg_classes *classes, vg_scheme *out) {
  *out = (vg_scheme){.name = "inline"};
  for (int k = 0; k < ORDERED; k++) {
    const int at = vg_classes_find(classes, order[k]);
    if (at >= 0 && classes->roles[at] == VG_ROLE_TUMOUR) add(out, order[k]);
  }
  for (int i = 0; i < classes->n; i++) {
    bool ordered = classes->roles[i] != VG_ROLE_TUMOUR;
    for (int k = 0; k < ORDERED; k++) ordered |= strcmp(classes->names[i], order[k]) == 0;
    if (!ordered) add(out, classes->names[i]);
  }
}

bool vg_nnunet_has_regions(const vg_scheme *s) {
  static const char *const brats[] = {"oedema", "necrosis", "enhancing", VG_CLASS_CAVITY};
  if (s->n < 3 || s->n > 4) return false;
  for (int i = 0; i < s->n; i++)
    if (s->labels[i].value != i + 1 || s->labels[i].more || strcmp(s->labels[i].name, brats[i]) != 0)
      return false;
  return true;
}

static void put_values(vg_json *labels, const char *name, int first, int last) {
  vg_json *list = vg_json_put_take(labels, name, vg_json_array());
  for (int v = first; v <= last; v++) vg_json_put_number(list, NULL, v);
}

void vg_nnunet_put_labels(vg_json *dataset, const vg_scheme *s) {
  vg_json *labels = vg_json_put_take(dataset, "labels", vg_json_object());
  vg_json_put_number(labels, "background", 0);
  if (!vg_nnunet_has_regions(s)) {
    for (int i = 0; i < s->n; i++) vg_json_put_number(labels, s->labels[i].name, s->labels[i].value);
    return;
  }
  put_values(labels, "whole tumor", 1, 3);
  put_values(labels, "tumor core", 2, 3);
  put_values(labels, "enhancing tumor", 3, 3);
  if (s->n == 4) put_values(labels, "resection cavity", 4, 4);
  put_values(dataset, "regions_class_order", 1, s->n);
}

const char *vg_nnunet_channel(const char *series) {
  static const char *const names[][2] = {{"t1", "T1"}, {"t1c", "T1ce"}, {"t2", "T2"}, {"flair", "Flair"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(names[i][0], series)) return names[i][1];
  return series;
}

vg_status vg_nnunet_folder(const char *wanted, char *buf, size_t size) {
  const char *name = wanted ? wanted : "";
  char clean[64] = "Synthetic";
  unsigned long number = 501;
  if (vg_starts_with(name, "Dataset")) name += strlen("Dataset");
  if (isdigit((unsigned char)*name)) {
    char *end;
    number = strtoul(name, &end, 10);
    if (number < 1 || number > 999 || (*end != '_' && *end))
      return vg_fail(VG_CONFIG, "'%s' is no nnU-Net data set: a number from 1 to 999, '_' and a name",
                     wanted);
    name = *end ? end + 1 : end;
  }
  vg_status st = *name ? vg_format_clean(name, "-_", clean, sizeof clean) : VG_OK;
  if (!st) snprintf(buf, size, "Dataset%03lu_%s", number, clean);
  return st;
}
