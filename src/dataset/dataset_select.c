/* dataset_select.c: adds some subjects of a data set, or their images, to another. */
#include <stdio.h>
#include <string.h>

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
    if (!(s->root = vg_strdup(from->sources[i].root))) return VG_MEMORY;
    to->n_sources++;
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
  st = copy_path(s->tumour, &own->tumour);
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

vg_status vg_dataset_add_series(vg_dataset *ds, const vg_dataset *images) {
  char key[128], other[128];
  vg_status st = VG_OK;
  for (int k = 0; k < images->series.n; k++)
    if (vg_dataset_series(ds, images->series.names[k]) < 0) return VG_DATA;
  for (size_t i = 0; i < ds->n; i++) {
    vg_dataset_id_key(ds->subjects[i].id, key);
    for (size_t j = 0; j < images->n && !st; j++) {
      vg_dataset_id_key(images->subjects[j].id, other);
      if (strcmp(key, other) != 0) continue;
      for (int k = 0; k < images->series.n && !st; k++) {
        char **own = &ds->subjects[i].series[vg_series_find(&ds->series, images->series.names[k])];
        if (!*own) st = copy_path(images->subjects[j].series[k], own);
      }
    }
  }
  return st;
}

vg_status vg_dataset_take_anatomy(vg_dataset *ds, const vg_dataset *maps) {
  char key[128], other[128];
  if (maps->n_sources != 1)
    return vg_fail(VG_DATA, "anatomy maps of %d sources, but they must have one scheme", maps->n_sources);
  for (int i = 0; i < ds->n_sources; i++) {
    ds->sources[i].anatomy_scheme = maps->sources[0].anatomy_scheme;
    ds->sources[i].assumed[VG_ROLE_ANATOMY] = false;
  }
  vg_status st = VG_OK;
  for (size_t i = 0; i < ds->n && !st; i++) {
    vg_subject *s = &ds->subjects[i];
    vg_free(s->anatomy);
    s->anatomy = NULL;
    vg_dataset_id_key(s->id, key);
    for (size_t j = 0; j < maps->n && !s->anatomy && !st; j++) {
      vg_dataset_id_key(maps->subjects[j].id, other);
      if (!strcmp(key, other)) st = copy_path(maps->subjects[j].anatomy, &s->anatomy);
    }
  }
  return st;
}
