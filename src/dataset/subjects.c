/* subjects.c: the table of a data set: its series, its subjects, and the files that a subject lacks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset/layout.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/file/path_part.h"

int vg_series_find(const vg_series_list *s, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (strcmp(s->names[i], name) == 0) return i;
  return -1;
}

vg_status vg_series_parse(const char *text, vg_series_list *out) {
  memset(out, 0, sizeof *out);
  size_t n = 0;
  char **items = vg_split(text, ',', &n);
  if (!items) return VG_MEMORY;
  vg_status st = VG_OK;
  for (size_t i = 0; i < n && !st; i++) {
    const char *known = vg_series_known(items[i]), *name = known ? known : items[i];
    if (!*items[i])
      st = vg_fail(VG_CONFIG, "series '%s': a name is empty", text);
    else if (strlen(name) >= VG_SERIES_NAME)
      st = vg_fail(VG_CONFIG, "series '%s': '%s' is longer than %d letters", text, items[i],
                   VG_SERIES_NAME - 1);
    else if (vg_path_part_fault(name))
      st = vg_path_part(VG_CONFIG, "series", "the name", name);
    else if (vg_series_find(out, name) >= 0)
      st = vg_fail(VG_CONFIG, "series '%s': %s occurs twice", text, name);
    else if (out->n == VG_SERIES_MAX)
      st = vg_fail(VG_CONFIG, "series '%s': more than %d", text, VG_SERIES_MAX);
    else
      strcpy(out->names[out->n++], name);
  }
  if (!st && out->n == 0) st = vg_fail(VG_CONFIG, "series '%s': the list is empty", text);
  vg_strv_free(items);
  return st;
}

/* The rank of the names that every layout has; other names follow. */
static int canonical_rank(const char *name) {
  static const char *const order[] = {"t1", "t1c", "t2", "flair"};
  for (int i = 0; i < 4; i++)
    if (strcmp(order[i], name) == 0) return i;
  return 4;
}

int vg_dataset_series(vg_dataset *ds, const char *name) {
  int at = vg_series_find(&ds->series, name);
  if (at >= 0) return at;
  if (strlen(name) >= VG_SERIES_NAME || !*name) {
    vg_fail(VG_DATA, "series name '%s' is not 1 to %d letters long", name, VG_SERIES_NAME - 1);
    return -1;
  }
  if (vg_path_part(VG_DATA, ds->n_sources ? vg_source_name(&ds->sources[ds->n_sources - 1]) : "data set",
                   "series", name))
    return -1;
  if (ds->series.n == VG_SERIES_MAX) {
    vg_fail(VG_DATA, "more than %d series (at %s)", VG_SERIES_MAX, name);
    return -1;
  }
  int rank = canonical_rank(name);
  for (at = 0; at < ds->series.n && canonical_rank(ds->series.names[at]) <= rank;) at++;
  for (int i = ds->series.n; i > at; i--)
    memcpy(ds->series.names[i], ds->series.names[i - 1], VG_SERIES_NAME);
  snprintf(ds->series.names[at], VG_SERIES_NAME, "%s", name);
  ds->series.n++;
  for (size_t k = 0; k < ds->n; k++) {
    char **paths = ds->subjects[k].series;
    for (int i = VG_SERIES_MAX - 1; i > at; i--) paths[i] = paths[i - 1];
    paths[at] = NULL;
  }
  return at;
}

const char *vg_source_name(const vg_source *source) {
  return source->manifest ? source->manifest : source->root;
}

const char *vg_subject_origin(const vg_dataset *ds, const vg_subject *s, char buf[VG_SUBJECT_ORIGIN]) {
  char line[24] = "";
  if (s->line) snprintf(line, sizeof line, ":%zu", s->line);
  snprintf(buf, VG_SUBJECT_ORIGIN, "%.480s%s", vg_source_name(&ds->sources[s->source]), line);
  return buf;
}

void vg_subject_release(vg_subject *s) {
  vg_free(s->id);
  vg_free(s->person);
  vg_free(s->tumour);
  vg_free(s->anatomy);
  vg_free(s->origins);
  for (int i = 0; i < VG_SERIES_MAX; i++) vg_free(s->series[i]);
}

void vg_dataset_release(vg_dataset *ds) {
  if (!ds) return;
  for (size_t i = 0; i < ds->n; i++) vg_subject_release(&ds->subjects[i]);
  vg_free(ds->subjects);
  for (int i = 0; i < ds->n_sources; i++) {
    vg_free(ds->sources[i].root);
    vg_free(ds->sources[i].manifest);
  }
  vg_free(ds->sources);
  vg_dataset_forget_ids(ds);
  memset(ds, 0, sizeof *ds);
}

vg_status vg_dataset_subject(vg_dataset *ds, const char *id, const char *person, int source,
                             vg_subject **out) {
  size_t at;
  vg_status st = vg_dataset_find_id(ds, id, &at);
  if (st) return st;
  if (at < ds->n) {
    *out = &ds->subjects[at];
    if ((*out)->source == source) return VG_OK;
    return vg_fail(VG_DATA, "subject %s is both in %s and in %s", id,
                   vg_source_name(&ds->sources[(*out)->source]), vg_source_name(&ds->sources[source]));
  }
  const char *root = source < ds->n_sources ? vg_source_name(&ds->sources[source]) : "data set";
  if (vg_path_part(VG_DATA, root, "id", id) || vg_path_part(VG_DATA, root, "person", person)) return VG_DATA;
  vg_subject *more = vg_realloc(ds->subjects, ds->n + 1, sizeof *more);
  if (!more) return VG_MEMORY;
  ds->subjects = more;
  vg_subject *s = *out = &more[ds->n];
  memset(s, 0, sizeof *s);
  s->source = source;
  s->id = vg_strdup(id);
  s->person = vg_strdup(person);
  if (!s->id || !s->person) {
    vg_subject_release(s);
    return VG_MEMORY;
  }
  ds->n++;
  return VG_OK;
}

vg_status vg_subject_put_take(vg_subject *s, char **slot, const char *what, char *path) {
  if (!path) return VG_MEMORY;
  if (*slot) {
    vg_status st =
        vg_fail(VG_DATA, "subject %s: two files claim to be its %s: %s and %s", s->id, what, *slot, path);
    vg_free(path);
    return st;
  }
  *slot = path;
  return VG_OK;
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const vg_subject *)a)->id, ((const vg_subject *)b)->id);
}

void vg_dataset_sort(vg_dataset *ds) {
  vg_dataset_forget_ids(ds);
  if (ds->n) qsort(ds->subjects, ds->n, sizeof *ds->subjects, by_id);
}

/* Adds the names of missing files, as "t1c, a tumour map". False if it lacks nothing. */
static bool lacks(const vg_dataset *ds, const vg_subject *s, const vg_wanted *wanted, vg_str *what) {
  for (int i = 0; i < wanted->series.n; i++) {
    int at = vg_series_find(&ds->series, wanted->series.names[i]);
    if (at < 0 || !s->series[at]) vg_str_addf(what, "%s%s", what->len ? ", " : "", wanted->series.names[i]);
  }
  if (wanted->tumour && !s->tumour) vg_str_addf(what, "%sa tumour map", what->len ? ", " : "");
  if (wanted->anatomy && !s->anatomy) vg_str_addf(what, "%san anatomy map", what->len ? ", " : "");
  return what->len > 0;
}

/* Adds what helps where `bad` subjects are incomplete. */
static void say_way_on(const vg_dataset *ds, const vg_wanted *wanted, size_t bad, vg_str *to) {
  bool unknown = false, maps = false;
  for (int i = 0; i < wanted->series.n; i++)
    unknown |= vg_series_find(&ds->series, wanted->series.names[i]) < 0;
  for (size_t i = 0; i < ds->n; i++) maps |= ds->subjects[i].anatomy != NULL;
  if (!wanted->train) return;
  if (unknown && ds->series.n) {
    vg_str_add(to, "; the data have ");
    for (int pass = 0; pass < 2; pass++) {
      for (int k = 0; k < ds->series.n; k++) vg_str_addf(to, "%s%s", k ? "," : "", ds->series.names[k]);
      if (!pass) vg_str_add(to, ": --set data.series=");
    }
  } else if (wanted->anatomy && !maps) {
    vg_str_add(to, "; without anatomy maps: --anatomy brain, a model that finds csf, gm and wm");
  } else if (bad < ds->n) {
    vg_str_addf(to, "; --skip-incomplete goes on with the other %zu", ds->n - bad);
  }
}

vg_status vg_dataset_require(vg_dataset *ds, const vg_wanted *wanted) {
  const bool skip = ds->skip_incomplete;
  vg_str what = VG_STR_INIT, first = VG_STR_INIT;
  size_t kept = 0, bad = 0;
  char origin[VG_SUBJECT_ORIGIN];
  vg_dataset_forget_ids(ds);
  for (size_t i = 0; i < ds->n; i++) {
    vg_subject *s = &ds->subjects[i];
    vg_str_clear(&what);
    if (!lacks(ds, s, wanted, &what)) {
      vg_subject moved = *s;
      ds->subjects[kept++] = moved;
      continue;
    }
    if (!bad++)
      vg_str_addf(&first, "subject %s (%s) lacks %s", s->id, vg_subject_origin(ds, s, origin),
                  vg_str_text(&what));
    if (skip) {
      vg_warn("skipped subject %s (%s): it lacks %s", s->id, vg_subject_origin(ds, s, origin),
              vg_str_text(&what));
      vg_subject_release(s);
    } else {
      vg_subject moved = *s;
      ds->subjects[kept++] = moved;
    }
  }
  ds->n = kept;
  vg_status st = VG_OK;
  if (bad && !skip) {
    if (bad > 1)
      vg_str_addf(&first, "; %zu more subject%s also incomplete", bad - 1, bad == 2 ? " is" : "s are");
    say_way_on(ds, wanted, bad, &first);
    st = vg_fail(VG_DATA, "%s", vg_str_text(&first));
  } else if (kept == 0) {
    st = bad ? vg_fail(VG_DATA, "no subject is complete: %s", vg_str_text(&first))
             : vg_fail(VG_DATA, "no subject");
  }
  vg_str_release(&what);
  vg_str_release(&first);
  return st;
}
