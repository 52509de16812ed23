/* dataset_select.c: adds some subjects of a data set, or their images, to another. */
#include <stdio.h>
#include <string.h>

#include "base/index/text_index.h"
#include "dataset/layout.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"

static vg_status copy_sources(const vg_dataset *from, vg_dataset *to) {
  const int n = to->n_sources + from->n_sources;
  vg_source *more = vg_realloc(to->sources, (size_t)n, sizeof *more);
  if (!more) return VG_MEMORY;
  to->sources = more;
  for (int i = 0; i < from->n_sources; i++) {
    vg_source *s = &more[to->n_sources];
    *s = from->sources[i];
    s->manifest = NULL;
    if (!(s->root = vg_strdup(from->sources[i].root))) return VG_MEMORY;
    to->n_sources++;
    if (from->sources[i].manifest && !(s->manifest = vg_strdup(from->sources[i].manifest))) return VG_MEMORY;
  }
  return VG_OK;
}

/* The id itself, or with a number behind it if another source already has this id. */
static vg_status free_id(vg_dataset *ds, const char *wanted, char id[160]) {
  snprintf(id, 160, "%s", wanted);
  for (int k = 2;; k++) {
    size_t i;
    vg_status st = vg_dataset_find_id(ds, id, &i);
    if (st) return st;
    if (i == ds->n) return VG_OK;
    snprintf(id, 160, "%.140s+%d", wanted, k);
  }
}

static vg_status copy_path(const char *from, char **to) {
  if (from && !(*to = vg_strdup(from))) return VG_MEMORY;
  return VG_OK;
}

/* at[i]: index in `to` of series i of `from`. */
static vg_status copy_subject(const vg_dataset *from, const vg_subject *s, const int *at, int source,
                              vg_dataset *to) {
  char id[160];
  vg_subject *own;
  vg_status st = free_id(to, s->id, id);
  if (!st) st = vg_dataset_subject(to, id, s->person, source, &own);
  if (st) return st;
  own->line = s->line;
  own->origins_hashed = s->origins_hashed;
  st = copy_path(s->origins, &own->origins);
  if (!st) st = copy_path(s->tumour, &own->tumour);
  if (!st) st = copy_path(s->anatomy, &own->anatomy);
  for (int k = 0; k < from->series.n && !st; k++) st = copy_path(s->series[k], &own->series[at[k]]);
  return st;
}

vg_status vg_dataset_select(const vg_dataset *from, const bool *take, vg_dataset *to) {
  int at[VG_SERIES_MAX];
  const int before = to->n_sources;
  /* A new series shifts those behind it, so add all before looking up any. */
  for (int k = 0; k < from->series.n; k++)
    if (vg_dataset_series(to, from->series.names[k]) < 0) return VG_DATA;
  for (int k = 0; k < from->series.n; k++) at[k] = vg_series_find(&to->series, from->series.names[k]);
  vg_status st = copy_sources(from, to);
  for (size_t i = 0; i < from->n && !st; i++)
    if (!take || take[i])
      st = copy_subject(from, &from->subjects[i], at, before + from->subjects[i].source, to);
  if (!st) vg_dataset_sort(to);
  return st;
}

/* The subjects of a data set by vg_dataset_id_key(). */
typedef struct keyed {
  vg_text_index first;
  size_t *next; /* another subject with the same key, or VG_NO_NUMBER */
} keyed;

static size_t number_of(const keyed *k, const char *id) {
  char key[128];
  vg_dataset_id_key(id, key);
  return vg_text_index_get(&k->first, key, strlen(key));
}

static vg_status list_keys(const vg_dataset *ds, keyed *out) {
  *out = (keyed){.next = vg_malloc(ds->n, sizeof *out->next)};
  vg_status st = out->next ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < ds->n && !st; i++) {
    char key[128];
    const size_t first = number_of(out, ds->subjects[i].id);
    out->next[i] = VG_NO_NUMBER;
    if (first != VG_NO_NUMBER) {
      out->next[i] = out->next[first];
      out->next[first] = i;
    } else {
      vg_dataset_id_key(ds->subjects[i].id, key);
      st = vg_text_index_put(&out->first, key, strlen(key), i);
    }
  }
  return st;
}

static void keyed_release(keyed *k) {
  vg_text_index_release(&k->first);
  vg_free(k->next);
}

vg_status vg_dataset_add_series(vg_dataset *ds, const vg_dataset *images) {
  int at[VG_SERIES_MAX];
  keyed keys;
  for (int k = 0; k < images->series.n; k++)
    if (vg_dataset_series(ds, images->series.names[k]) < 0) return VG_DATA;
  for (int k = 0; k < images->series.n; k++) at[k] = vg_series_find(&ds->series, images->series.names[k]);
  vg_status st = list_keys(images, &keys);
  for (size_t i = 0; i < ds->n && !st; i++)
    for (size_t j = number_of(&keys, ds->subjects[i].id); j != VG_NO_NUMBER && !st; j = keys.next[j])
      for (int k = 0; k < images->series.n && !st; k++) {
        char **own = &ds->subjects[i].series[at[k]];
        if (!*own) st = copy_path(images->subjects[j].series[k], own);
      }
  keyed_release(&keys);
  return st;
}

vg_status vg_dataset_take_anatomy(vg_dataset *ds, const vg_dataset *maps) {
  keyed keys;
  if (maps->n_sources != 1)
    return vg_fail(VG_DATA, "anatomy maps of %d sources, but they must have one scheme", maps->n_sources);
  for (int i = 0; i < ds->n_sources; i++) {
    ds->sources[i].anatomy_scheme = maps->sources[0].anatomy_scheme;
    ds->sources[i].assumed[VG_ROLE_ANATOMY] = false;
  }
  vg_status st = list_keys(maps, &keys);
  for (size_t i = 0; i < ds->n && !st; i++) {
    vg_subject *s = &ds->subjects[i];
    vg_free(s->anatomy);
    s->anatomy = NULL;
    for (size_t j = number_of(&keys, s->id); j != VG_NO_NUMBER && !s->anatomy && !st; j = keys.next[j])
      st = copy_path(maps->subjects[j].anatomy, &s->anatomy);
  }
  keyed_release(&keys);
  return st;
}
