/* dataset_join.c: joins two data sets: images and tumour maps of one, anatomy maps of the other. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "voxgan/dataset.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"

#define SHOWN 3 /* ids that a message names */

typedef struct entry {
  char key[128];
  const vg_subject *subject;
  bool used;
} entry;

void vg_dataset_id_key(const char *id, char key[128]) {
  size_t n = 0;
  if (vg_starts_with(id, "sub-")) id += 4;
  for (; *id && n + 1 < 128; id++)
    if (isalnum((unsigned char)*id)) key[n++] = *id;
  key[n] = '\0';
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const entry *)a)->key, ((const entry *)b)->key);
}

/* Lists the subjects of ds that have a map of the role, by key. VG_DATA: two subjects have the same key. */
static vg_status list_entries(const vg_dataset *ds, vg_role role, entry **out, size_t *n) {
  entry *list = *out = vg_calloc(ds->n ? ds->n : 1, sizeof *list);
  *n = 0;
  if (!list) return VG_MEMORY;
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *s = &ds->subjects[i];
    if (!(role == VG_ROLE_TUMOUR ? s->tumour : s->anatomy)) continue;
    vg_dataset_id_key(s->id, list[*n].key);
    list[(*n)++].subject = s;
  }
  if (*n) qsort(list, *n, sizeof *list, by_key);
  for (size_t i = 1; i < *n; i++)
    if (!strcmp(list[i - 1].key, list[i].key))
      return vg_fail(
          VG_DATA, "%s and %s (%s) have the same letters and digits, so their cases cannot be distinguished",
          list[i - 1].subject->id, list[i].subject->id,
          vg_source_name(&ds->sources[list[i].subject->source]));
  return VG_OK;
}

static vg_status copy_path(const char *from, char **to) {
  *to = from ? vg_strdup(from) : NULL;
  return from && !*to ? VG_MEMORY : VG_OK;
}

/* Source i of tumour and source j of anatomy become source i * anatomy->n_sources + j. */
static vg_status join_sources(const vg_dataset *tumour, const vg_dataset *anatomy, vg_dataset *out) {
  out->sources = vg_calloc((size_t)tumour->n_sources * (size_t)anatomy->n_sources, sizeof *out->sources);
  if (!out->sources) return VG_MEMORY;
  for (int i = 0; i < tumour->n_sources; i++)
    for (int j = 0; j < anatomy->n_sources; j++) {
      vg_source *s = &out->sources[out->n_sources];
      *s = tumour->sources[i];
      s->anatomy_scheme = anatomy->sources[j].anatomy_scheme;
      s->regrid = true;
      s->manifest = NULL;
      if (!(s->root = vg_strdup(tumour->sources[i].root))) return VG_MEMORY;
      out->n_sources++;
      if (copy_path(tumour->sources[i].manifest, &s->manifest)) return VG_MEMORY;
    }
  return VG_OK;
}

static vg_status join_subject(const vg_subject *t, const vg_subject *a, int a_sources, vg_dataset *out) {
  vg_subject *s = &out->subjects[out->n++];
  memset(s, 0, sizeof *s);
  s->source = t->source * a_sources + a->source;
  s->line = t->line;
  vg_status st = copy_path(t->id, &s->id);
  if (!st) st = copy_path(t->person, &s->person);
  if (!st) st = copy_path(t->tumour, &s->tumour);
  if (!st) st = copy_path(a->anatomy, &s->anatomy);
  s->origins_hashed = t->origins_hashed;
  if (!st) st = copy_path(t->origins, &s->origins);
  for (int i = 0; i < VG_SERIES_MAX && !st; i++) st = copy_path(t->series[i], &s->series[i]);
  return st;
}

/* "3 cases of T1 have no anatomy map: a, b, c" */
static void list_ids(vg_str *t, const char *const *ids, size_t n) {
  for (size_t i = 0; i < n && i < SHOWN; i++) vg_str_addf(t, "%s%s", i ? ", " : "", ids[i]);
  if (n > SHOWN) vg_str_add(t, ", ...");
}

static void say_unused(const vg_dataset *anatomy, const entry *maps, size_t n) {
  const char *ids[SHOWN] = {NULL};
  size_t unused = 0;
  vg_str t = VG_STR_INIT;
  for (size_t i = 0; i < n; i++)
    if (!maps[i].used && unused++ < SHOWN) ids[unused - 1] = maps[i].subject->id;
  list_ids(&t, ids, unused);
  if (unused)
    vg_warn("%s: %zu anatomy %s skipped, because no tumour map belongs to the same case (%s)",
            vg_source_name(&anatomy->sources[0]), unused, vg_plural(unused, "map is", "maps are"),
            vg_str_text(&t));
  vg_str_release(&t);
}

static vg_status judge_unpaired(const vg_dataset *tumour, const vg_dataset *anatomy, const char *const *ids,
                                size_t n) {
  const bool skip = tumour->skip_incomplete;
  vg_str t = VG_STR_INIT;
  vg_status st = VG_OK;
  list_ids(&t, ids, n);
  if (n && skip)
    vg_warn("%s: %zu %s skipped, because a map is missing (%s)", vg_source_name(&tumour->sources[0]), n,
            vg_plural(n, "case is", "cases are"), vg_str_text(&t));
  else if (n)
    st = vg_fail(VG_DATA,
                 "%zu %s of %s %s no tumour map or no anatomy map in %s (%s); --skip-incomplete skips them",
                 n, vg_plural(n, "case", "cases"), vg_source_name(&tumour->sources[0]),
                 vg_plural(n, "has", "have"), vg_source_name(&anatomy->sources[0]), vg_str_text(&t));
  vg_str_release(&t);
  return st;
}

vg_status vg_dataset_join(const vg_dataset *tumour, const vg_dataset *anatomy, vg_dataset *out) {
  entry *cases = NULL, *maps = NULL;
  const char **lone = vg_malloc(tumour->n ? tumour->n : 1, sizeof *lone);
  size_t n_cases, n_maps, n_lone = 0;
  memset(out, 0, sizeof *out);
  out->series = tumour->series;
  out->subjects = vg_calloc(tumour->n ? tumour->n : 1, sizeof *out->subjects);
  vg_status st = lone && out->subjects ? join_sources(tumour, anatomy, out) : VG_MEMORY;
  if (!st) st = list_entries(tumour, VG_ROLE_TUMOUR, &cases, &n_cases); /* only to detect ambiguous ids */
  if (!st) st = list_entries(anatomy, VG_ROLE_ANATOMY, &maps, &n_maps);
  for (size_t i = 0; i < tumour->n && !st; i++) {
    const vg_subject *t = &tumour->subjects[i];
    entry wanted;
    vg_dataset_id_key(t->id, wanted.key);
    entry *map = t->tumour ? bsearch(&wanted, maps, n_maps, sizeof *maps, by_key) : NULL;
    if (map) {
      map->used = true;
      st = join_subject(t, map->subject, anatomy->n_sources, out);
    } else {
      lone[n_lone++] = t->id;
    }
  }
  if (!st) say_unused(anatomy, maps, n_maps);
  if (!st && !out->n && !n_maps)
    st =
        vg_fail(VG_DATA, "no subject of %s has an anatomy map (`voxgan synth brain --images DIR` finds them)",
                vg_source_name(&anatomy->sources[0]));
  else if (!st && !out->n)
    st = vg_fail(VG_DATA, "no case of %s has an anatomy map in %s, whose ids are like %s",
                 vg_source_name(&tumour->sources[0]), vg_source_name(&anatomy->sources[0]),
                 anatomy->n ? anatomy->subjects[0].id : "none");
  if (!st) st = judge_unpaired(tumour, anatomy, lone, n_lone);
  vg_free(cases);
  vg_free(maps);
  vg_free(lone);
  if (st) vg_dataset_release(out);
  return st;
}
