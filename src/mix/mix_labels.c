/* mix_labels.c: which value each tumour class has in the mixed data set. */
#include <string.h>
#include "mix/mix_internal.h"
#include "output/format/nnunet_labels.h"
#include "voxgan/log.h"

static uint16_t own_value(const mix *m, const char *name) {
  for (int i = 0; i < m->labels.n; i++)
    if (strcmp(m->labels.labels[i].name, name) == 0) return m->labels.labels[i].value;
  return 0;
}

/* BraTS from 2017 on has one class for necrosis and non-enhancing tumour. It is called the one or the other:
 * the Decathlon, made of BraTS, calls it non-enhancing tumour. */
static const char *also_called(const char *name) {
  return strcmp(name, "nonenhancing") == 0 ? "necrosis" : strcmp(name, "necrosis") == 0 ? "nonenhancing" : "";
}

uint16_t vg_mix_value(const mix *m, const char *name) {
  const uint16_t own = own_value(m, name);
  return own ? own : own_value(m, also_called(name));
}

vg_status vg_mix_choose_labels(mix *m, const vg_source *like) {
  vg_classes classes = {0};
  vg_status st = VG_OK;
  for (int i = 0; i < m->real.n_sources && !st; i++)
    st = vg_classes_add(&classes, &m->real.sources[i].tumour_scheme, VG_ROLE_TUMOUR);
  for (int i = 0; i < m->synth.n_sources && !st; i++)
    st = vg_classes_add(&classes, &m->synth.sources[i].tumour_scheme, VG_ROLE_TUMOUR);
  if (st) return st;
  if (!classes.n) return vg_fail(VG_DATA, "%s: has no tumour classes", m->o->real);
  if (like) m->labels = like->tumour_scheme;
  const bool core = vg_classes_find(&classes, "necrosis") >= 0;
  vg_classes numbered = {0};
  for (int i = 0; i < classes.n && !st && !like; i++)
    if (!core || strcmp(classes.names[i], "nonenhancing") != 0)
      st = vg_classes_add_name(&numbered, classes.names[i], VG_ROLE_TUMOUR);
  if (!st && !like) vg_nnunet_number(&numbered, &m->labels);
  for (int i = 0; i < classes.n && !st; i++)
    if (!vg_mix_value(m, classes.names[i]))
      st = vg_fail(VG_DATA, "%s: has no label for the class %s (--like)", m->o->like, classes.names[i]);
    else if (!own_value(m, classes.names[i]))
      vg_info("%s is written as %s", classes.names[i], also_called(classes.names[i]));
  return st;
}
