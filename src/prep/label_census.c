/* label_census.c: finds classes of a scheme that label maps never show, a sign that the scheme does not fit.
 */
#include <string.h>

#include "prep/label_census.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/volume.h"

enum { MAPS = 64, VALUES = 65536, SHOWN = 8, LEFT_AMYGDALA = 18 };
#define AMYGDALA_ML 2.0

typedef struct census {
  vg_classes classes;
  uint8_t *table; /* VALUES: class + 1 */
  bool seen[VG_CLASSES_MAX + 1];
  bool *value;          /* VALUES */
  double most_amygdala; /* ml of the value 18 in one map */
  size_t maps;
} census;

static bool all_seen(const census *c) {
  for (int k = 0; k < c->classes.n; k++)
    if (!c->seen[k + 1]) return false;
  return true;
}

/* A faulty map is ignored here: reading for use reports it. */
static vg_status count_map(const char *path, census *c) {
  vg_labelmap map = {0};
  vg_status st = vg_volume_read_labels(path, &map, NULL);
  if (st == VG_MEMORY || st == VG_INTERRUPTED) return st;
  if (st) {
    vg_error_clear();
    return VG_OK;
  }
  const size_t n = vg_geometry_voxels(&map.geo);
  size_t amygdala = 0;
  for (size_t i = 0; i < n; i++) {
    c->value[map.data[i]] = true;
    amygdala += map.data[i] == LEFT_AMYGDALA;
  }
  const double ml = (double)amygdala * vg_geometry_voxel_ml(&map.geo);
  if (ml > c->most_amygdala) c->most_amygdala = ml;
  for (int v = 1; v < VALUES; v++) c->seen[c->table[v]] |= c->value[v];
  c->maps++;
  vg_labelmap_release(&map);
  return VG_OK;
}

static void warn(const vg_source *source, vg_role role, const census *c) {
  const vg_scheme *scheme = role == VG_ROLE_TUMOUR ? &source->tumour_scheme : &source->anatomy_scheme;
  vg_str missing = VG_STR_INIT, values = VG_STR_INIT;
  int n = 0;
  for (int k = 0; k < c->classes.n; k++)
    if (!c->seen[k + 1]) vg_str_addf(&missing, "%s%s", missing.len ? ", " : "", c->classes.names[k]);
  for (int v = 1; v < VALUES && n < SHOWN; v++)
    if (c->value[v]) vg_str_addf(&values, "%s%d", n++ ? " " : "", v);
  vg_warn("%s: no voxel of %s in %zu %s map%s, whose values are %s%s: does scheme %s fit? (--%s-scheme, "
          "data.%s_scheme)",
          source->root, vg_str_text(&missing), c->maps, vg_role_name(role), c->maps == 1 ? "" : "s",
          values.len ? vg_str_text(&values) : "0 alone", n == SHOWN ? " ..." : "", scheme->name,
          vg_role_name(role), vg_role_name(role));
  vg_str_release(&missing);
  vg_str_release(&values);
}

/* TumorSynth of FreeSurfer gives the whole tumour the value of an amygdala, which has 1 to 2 ml. */
static void warn_of_tumorsynth(const vg_source *source, const census *c) {
  if (!vg_starts_with(source->anatomy_scheme.name, "freesurfer") || c->most_amygdala < 3 * AMYGDALA_ML)
    return;
  vg_warn(
      "%s: value 18, by scheme %s the left amygdala, fills %.0f ml in a map, and an amygdala has 1 to 2: is "
      "it the whole tumour of TumorSynth? Then name --anatomy-scheme and --tumour-scheme tumorsynth "
      "(data.anatomy_scheme, data.tumour_scheme)",
      source->root, source->anatomy_scheme.name, c->most_amygdala);
}

static const char *map_of(const vg_subject *s, vg_role role) {
  return role == VG_ROLE_TUMOUR ? s->tumour : s->anatomy;
}

/* Looks at MAPS maps at most, evenly spread, and stops when all classes were seen. */
static vg_status take_census(const vg_dataset *ds, int source, vg_role role, census *c) {
  size_t have = 0, at = 0, next = 0;
  vg_status st = VG_OK;
  for (size_t i = 0; i < ds->n; i++)
    have += ds->subjects[i].source == source && map_of(&ds->subjects[i], role);
  const size_t wanted = have < MAPS ? have : MAPS;
  for (size_t i = 0; i < ds->n && !st && !all_seen(c); i++) {
    const vg_subject *s = &ds->subjects[i];
    if (s->source != source || !map_of(s, role)) continue;
    if (at++ * wanted / have < next) continue;
    next++;
    st = count_map(map_of(s, role), c);
  }
  return st;
}

static vg_status check(const vg_dataset *ds, int source, vg_role role) {
  const vg_source *src = &ds->sources[source];
  const vg_scheme *scheme = role == VG_ROLE_TUMOUR ? &src->tumour_scheme : &src->anatomy_scheme;
  census c = {.table = vg_calloc(VALUES, 1), .value = vg_calloc(VALUES, sizeof *c.value)};
  vg_status st = c.table && c.value ? VG_OK : VG_MEMORY;
  if (!st) st = vg_classes_add(&c.classes, scheme, role);
  if (!st) st = vg_classes_table(&c.classes, scheme, role, c.table);
  if (!st) st = take_census(ds, source, role, &c);
  if (!st && c.maps && !all_seen(&c)) warn(src, role, &c);
  if (!st && role == VG_ROLE_ANATOMY) warn_of_tumorsynth(src, &c);
  vg_free(c.table);
  vg_free(c.value);
  return st;
}

vg_status vg_dataset_warn_of_classes(const vg_dataset *ds, bool anatomy, bool tumour) {
  vg_status st = VG_OK;
  for (int i = 0; i < ds->n_sources && !st; i++) {
    if (tumour) st = check(ds, i, VG_ROLE_TUMOUR);
    if (!st && anatomy) st = check(ds, i, VG_ROLE_ANATOMY);
  }
  return st;
}
