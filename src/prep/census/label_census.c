/* label_census.c: counts the classes that label maps show. A class that none shows is a sign that the scheme
 * does not fit. */
#include "prep/census/label_census.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "label/class_words.h"
#include "voxgan/log.h"
#include "voxgan/volume.h"

enum { MAPS = 64, VALUES = 65536, SHOWN = 8, LEFT_AMYGDALA = 18, RIGHT_AMYGDALA = 54 };
#define AMYGDALA_ML 2.0

typedef struct census {
  vg_classes classes;
  uint8_t *table;                                     /* VALUES: class + 1 */
  bool *value;                                        /* VALUES: it occurs */
  size_t in[VG_CLASSES_MAX];                          /* maps that show the class */
  double least[VG_CLASSES_MAX], most[VG_CLASSES_MAX]; /* ml, in these */
  double most_amygdala;                               /* ml of the value 18 in one map */
  size_t maps, have;                                  /* counted, and in the data set */
  const char **paths;                                 /* MAPS at most, evenly spread over the data set */
  size_t n_paths;
  pthread_mutex_t lock;
} census;

/* Adds what one map shows. Counts and extremes do not depend on the order. */
static void add(census *c, const size_t *count, double voxel_ml) {
  size_t voxels[VG_CLASSES_MAX + 1] = {0};
  c->maps++;
  c->most_amygdala = fmax(c->most_amygdala, (double)count[LEFT_AMYGDALA] * voxel_ml);
  for (int v = 1; v < VALUES; v++) {
    if (!count[v]) continue;
    c->value[v] = true;
    voxels[c->table[v]] += count[v];
  }
  for (int k = 0; k < c->classes.n; k++) {
    const double ml = (double)voxels[k + 1] * voxel_ml;
    if (!voxels[k + 1]) continue;
    if (!c->in[k] || ml < c->least[k]) c->least[k] = ml;
    if (!c->in[k] || ml > c->most[k]) c->most[k] = ml;
    c->in[k]++;
  }
}

/* A faulty map is ignored here: reading for use reports it. */
static vg_status count_map(void *arg, size_t i) {
  census *c = arg;
  vg_labelmap map = {0};
  vg_status st = vg_volume_read_labels(c->paths[i], &map, NULL);
  if (st == VG_MEMORY || st == VG_INTERRUPTED) return st;
  if (st) {
    vg_error_clear();
    return VG_OK;
  }
  size_t *count = VG_NEW_N(size_t, VALUES);
  const size_t n = vg_geometry_voxels(&map.geo);
  for (size_t k = 0; k < n && count; k++) count[map.data[k]]++;
  if (count) {
    pthread_mutex_lock(&c->lock);
    add(c, count, vg_geometry_voxel_ml(&map.geo));
    pthread_mutex_unlock(&c->lock);
  }
  st = count ? VG_OK : VG_MEMORY;
  vg_free(count);
  vg_labelmap_release(&map);
  return st;
}

/* Three digits, but never as 1.3e+03. */
static const char *ml_text(double ml, char out[32]) {
  snprintf(out, 32, ml < 100 ? "%.3g" : "%.0f", ml);
  return out;
}

/* "necrosis in 57 (0.2 to 14 ml), oedema in 0" */
static void say(const vg_source *source, vg_role role, const census *c) {
  vg_str text = VG_STR_INIT;
  for (int k = 0; k < c->classes.n; k++) {
    vg_str_addf(&text, "%s%s in %zu", k ? ", " : "", c->classes.names[k], c->in[k]);
    char least[32], most[32];
    if (c->in[k] == 1) vg_str_addf(&text, " (%s ml)", ml_text(c->least[k], least));
    if (c->in[k] > 1)
      vg_str_addf(&text, " (%s to %s ml)", ml_text(c->least[k], least), ml_text(c->most[k], most));
  }
  vg_info("%s: classes of %zu %s %s%s: %s", vg_source_name(source), c->maps, vg_role_name(role),
          vg_plural(c->maps, "map", "maps"), c->maps < c->have ? " looked at" : "", vg_str_text(&text));
  vg_str_release(&text);
}

/* Returns the only value of the tumour maps, if classes never occur; else 0. */
static uint16_t warn(const vg_source *source, vg_role role, const census *c) {
  const vg_scheme *scheme = role == VG_ROLE_TUMOUR ? &source->tumour_scheme : &source->anatomy_scheme,
                  *other = role == VG_ROLE_TUMOUR ? &source->anatomy_scheme : &source->tumour_scheme;
  vg_str fault = VG_STR_INIT, values = VG_STR_INIT, advice = VG_STR_INIT;
  int n = 0, last = 0;
  bool foreign = false;
  for (int k = 0; k < c->classes.n; k++)
    if (!c->in[k]) vg_str_addf(&fault, "%s%s", fault.len ? ", " : "no voxel of ", c->classes.names[k]);
  for (int v = 1; v < VALUES; v++) {
    if (!c->value[v]) continue;
    if (n < SHOWN) vg_str_addf(&values, "%s%d", n ? " " : "", last = v);
    n++;
    foreign |= !vg_scheme_find(scheme, (uint16_t)v) && !vg_scheme_find(other, (uint16_t)v);
  }
  if (foreign && !fault.len) vg_str_add(&fault, "values without a class");
  if (foreign && (vg_str_add(&advice, "; all of these values are in scheme "),
                  !vg_scheme_suggest(c->value, role, &advice)))
    vg_str_clear(&advice);
  const bool whole = n == 1 && role == VG_ROLE_TUMOUR && fault.len;
  if (whole) /* it may be the whole tumour, whatever the scheme calls it */
    vg_str_addf(&advice, "; if %d is the whole tumour, name it: --tumour-scheme %d=tumour", last, last);
  if (fault.len)
    vg_warn("%s: %s in %zu %s %s, whose values are %s%s: does scheme %s fit? (--%s-scheme, data.%s_scheme)%s",
            vg_source_name(source), vg_str_text(&fault), c->maps, vg_role_name(role),
            vg_plural(c->maps, "map", "maps"), values.len ? vg_str_text(&values) : "0 alone",
            n > SHOWN ? " ..." : "", scheme->name, vg_role_name(role), vg_role_name(role),
            vg_str_text(&advice));
  vg_str_release(&fault);
  vg_str_release(&values);
  vg_str_release(&advice);
  return whole ? (uint16_t)last : 0;
}

/* TumorSynth of FreeSurfer gives the whole tumour the value of an amygdala, which has 1 to 2 ml. */
static void warn_of_tumorsynth(const vg_source *source, const census *c) {
  const vg_scheme *s = &source->anatomy_scheme;
  const vg_label *left = vg_scheme_find(s, LEFT_AMYGDALA), *right = vg_scheme_find(s, RIGHT_AMYGDALA);
  /* Every scheme of FreeSurfer's values has both in one class; tumorsynth has neither in an anatomy class. */
  if (!left || !right || left->role != VG_ROLE_ANATOMY || strcmp(left->name, right->name) != 0 ||
      c->most_amygdala < 3 * AMYGDALA_ML)
    return;
  vg_warn(
      "%s: value 18, by scheme %s the left amygdala, fills %.0f ml in a map, and an amygdala has 1 to 2: is "
      "it the whole tumour of TumorSynth? Then name --anatomy-scheme and --tumour-scheme tumorsynth "
      "(data.anatomy_scheme, data.tumour_scheme)",
      vg_source_name(source), source->anatomy_scheme.name, c->most_amygdala);
}

static const char *map_of(const vg_subject *s, vg_role role) {
  return role == VG_ROLE_TUMOUR ? s->tumour : s->anatomy;
}

static void choose_maps(const vg_dataset *ds, int source, vg_role role, census *c) {
  size_t at = 0;
  for (size_t i = 0; i < ds->n; i++)
    c->have += ds->subjects[i].source == source && map_of(&ds->subjects[i], role);
  const size_t wanted = c->have < MAPS ? c->have : MAPS;
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    if (s->source != source || !map_of(s, role)) continue;
    if (at++ * wanted / c->have >= c->n_paths) c->paths[c->n_paths++] = map_of(s, role);
  }
}

static vg_status take_census(const vg_dataset *ds, int source, vg_role role, uint16_t *whole) {
  const vg_source *src = &ds->sources[source];
  const vg_scheme *scheme = role == VG_ROLE_TUMOUR ? &src->tumour_scheme : &src->anatomy_scheme;
  const char *paths[MAPS];
  census c = {.table = vg_calloc(VALUES, 1),
              .value = vg_calloc(VALUES, sizeof *c.value),
              .paths = paths,
              .lock = PTHREAD_MUTEX_INITIALIZER};
  vg_status st = c.table && c.value ? VG_OK : VG_MEMORY;
  if (!st) st = vg_classes_add(&c.classes, scheme, role);
  if (!st) st = vg_classes_table(&c.classes, scheme, role, c.table);
  if (!st) choose_maps(ds, source, role, &c);
  if (!st && c.classes.n) st = vg_task_parallel("counting labels", "maps", c.n_paths, count_map, &c);
  if (!st && c.maps) say(src, role, &c);
  if (!st && c.maps) *whole = warn(src, role, &c);
  if (!st && role == VG_ROLE_ANATOMY) warn_of_tumorsynth(src, &c);
  vg_free(c.table);
  vg_free(c.value);
  return st;
}

vg_status vg_dataset_take_census(const vg_dataset *ds, bool anatomy, bool tumour, uint16_t *whole) {
  vg_status st = VG_OK;
  uint16_t value = 0, none;
  for (int i = 0; i < ds->n_sources && !st; i++) {
    uint16_t own = 0;
    if (tumour) st = take_census(ds, i, VG_ROLE_TUMOUR, &own);
    if (!st && anatomy) st = take_census(ds, i, VG_ROLE_ANATOMY, &none);
    value = !i || own == value ? own : 0;
  }
  if (whole) *whole = value;
  return st;
}
