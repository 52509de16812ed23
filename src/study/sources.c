/* sources.c: opens the data sets of the hosts and donors of a study, and merges their classes. */
#include <string.h>

#include "study/study_internal.h"
#include "base/names.h"
#include "base/str.h"
#include "voxgan/log.h"
#include "base/mem.h"

static int length(char *const *texts) {
  int n = 0;
  while (texts && texts[n]) n++;
  return n;
}

static char *key_of(const vg_plan_source *from) {
  vg_str key = VG_STR_INIT;
  for (int i = 0; i < length(from->paths); i++) vg_str_addf(&key, "%s\n", from->paths[i]);
  for (int i = 0; i < length(from->layouts); i++) vg_str_addf(&key, "layout %s\n", from->layouts[i]);
  vg_str_addf(&key, "%s\n%s", from->tumour_scheme ? from->tumour_scheme : "",
              from->anatomy_scheme ? from->anatomy_scheme : "");
  return vg_str_take(&key);
}

static vg_status open_set(vg_study *s, const vg_plan_source *from, bool skip, const vg_dataset **out) {
  if ((*out = from->opened)) return VG_OK;
  char *key = key_of(from);
  if (!key) return VG_MEMORY;
  for (int i = 0; i < s->n_sets; i++)
    if (!strcmp(s->sets[i]->key, key)) {
      vg_free(key);
      *out = &s->sets[i]->data;
      return VG_OK;
    }
  vg_study_set **more = vg_realloc(s->sets, (size_t)s->n_sets + 1, sizeof *more);
  if (more) s->sets = more;
  vg_study_set *set = more ? VG_NEW(vg_study_set) : NULL;
  if (!set) {
    vg_free(key);
    return VG_MEMORY;
  }
  set->key = key;
  s->sets[s->n_sets++] = set;
  vg_roots roots = {(const char *const *)from->paths, length(from->paths), (const char *const *)from->layouts,
                    length(from->layouts)};
  *out = &set->data;
  set->data.skip_incomplete = skip;
  return vg_dataset_add_roots(&set->data, &roots, from->tumour_scheme, from->anatomy_scheme);
}

static vg_status check_ids(const vg_dataset *ds, char *const *ids, const char *what) {
  const vg_names known = VG_NAMES_N(ds->subjects, ds->n);
  for (char *const *id = ids; id && *id; id++) {
    if (vg_names_find(known, *id) >= 0) continue;
    const char *near = vg_names_nearest(known, *id);
    return vg_fail(VG_CONFIG, near ? "%s: no subject %s in %s; did you mean %s?" : "%s: no subject %s in %s",
                   what, *id, vg_source_name(&ds->sources[0]), near);
  }
  return VG_OK;
}

static bool listed(char *const *ids, const char *id) {
  for (char *const *one = ids; one && *one; one++)
    if (!strcmp(*one, id)) return true;
  return !ids;
}

vg_status vg_study_pick(vg_study *s, const vg_plan_source *from, const vg_wanted *need, bool skip,
                        const char *what, vg_members *out) {
  const vg_dataset *ds;
  memset(out, 0, sizeof *out);
  vg_status st = open_set(s, from, skip, &ds);
  if (!st) st = check_ids(ds, from->ids, what);
  if (st) return st;
  if (!(out->list = vg_malloc(ds->n, sizeof *out->list))) return VG_MEMORY;
  for (size_t i = 0; i < ds->n; i++) {
    const vg_subject *subject = &ds->subjects[i];
    const char *lacks = need->tumour && !subject->tumour     ? "a tumour map"
                        : need->anatomy && !subject->anatomy ? "an anatomy map"
                                                             : NULL;
    char origin[VG_SUBJECT_ORIGIN];
    if (!listed(from->ids, subject->id)) continue;
    if (lacks && !skip)
      return vg_fail(
          VG_DATA, "%s: subject %s (%s) lacks %s%s", what, subject->id,
          vg_subject_origin(ds, subject, origin), lacks,
          need->tumour && !subject->tumour
              ? s->parts.n
                    ? "; an edit can bring the tumour (--edit graft --donors DIR), and --skip-incomplete "
                      "skips it"
                    : "; an edit can bring the tumour (--edit grow:ml=20), and --skip-incomplete skips it"
              : ", which the model needs; `voxgan synth MODEL --images` finds one, `voxgan join` adds it, "
                "and --skip-incomplete skips the subject");
    if (lacks)
      vg_warn("%s: subject %s is skipped: it lacks %s", what, subject->id, lacks);
    else
      out->list[out->n++] = (vg_member){ds, subject};
  }
  return out->n ? VG_OK
                : vg_fail(VG_DATA, "%s: no subject of %s is complete", what, vg_source_name(&ds->sources[0]));
}

/* ---- classes ---- */

/* Adds a class with its value in the source, or with a free value if another class has that one. */
static vg_status add_label(vg_scheme *to, const char *name, vg_role role, int value) {
  for (int i = 0; i < to->n; i++)
    if (!strcmp(to->labels[i].name, name)) return VG_OK;
  if (to->n == VG_CLASSES_MAX)
    return vg_fail(VG_CONFIG, "more than %d classes (at %s)", VG_CLASSES_MAX, name);
  for (int free_value = 1; value < 1 || vg_scheme_find(to, (uint16_t)value); free_value++) value = free_value;
  vg_label *l = &to->labels[to->n++];
  *l = (vg_label){.value = (uint16_t)value, .role = role};
  memcpy(l->name, name, strlen(name) + 1);
  return VG_OK;
}

/* The classes of a tumour scheme, each by its parts if it has any. */
static vg_status add_tumour_classes(vg_study *s, const vg_scheme *from) {
  vg_status st = VG_OK;
  for (int i = 0; i < from->n && !st; i++) {
    const vg_label *label = &from->labels[i];
    bool divided = false;
    if (label->role != VG_ROLE_TUMOUR) continue;
    for (int k = 0; k < s->parts.n && !st; k++) {
      if (s->parts.roles[k] != VG_ROLE_TUMOUR || strcmp(vg_class_whole(s->parts.names[k]), label->name) != 0)
        continue;
      divided = true;
      st = vg_classes_add_name(&s->classes, s->parts.names[k], VG_ROLE_TUMOUR);
    }
    if (!st && !divided) st = vg_classes_add_name(&s->classes, label->name, VG_ROLE_TUMOUR);
  }
  return st;
}

static vg_status add_scheme(vg_study *s, const vg_scheme *from, vg_role role) {
  vg_status st =
      role == VG_ROLE_TUMOUR ? add_tumour_classes(s, from) : vg_classes_add(&s->classes, from, role);
  vg_scheme *to = &s->schemes[role];
  if (!st && !to->n) memcpy(to->name, from->name, sizeof to->name);
  for (int i = 0; i < from->n && !st; i++)
    if (from->labels[i].role == role) st = add_label(to, from->labels[i].name, role, from->labels[i].value);
  return st;
}

/* Adds the classes of the subject's maps. *bare becomes true if no map shows its anatomy. */
static vg_status add_subject(vg_study *s, const vg_member *m, vg_role role, bool *bare) {
  const vg_source *source = &m->set->sources[m->subject->source];
  bool shown =
      m->subject->anatomy || (m->subject->tumour && vg_scheme_has_role(&source->tumour_scheme, role));
  vg_status st = VG_OK;
  if (m->subject->anatomy) st = add_scheme(s, &source->anatomy_scheme, role);
  if (!st && m->subject->tumour) st = add_scheme(s, &source->tumour_scheme, role);
  if (role == VG_ROLE_ANATOMY) *bare |= !shown;
  return st;
}

static vg_status add_members(vg_study *s, const vg_members *m, vg_role role, bool *bare) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < m->n && !st; i++) st = add_subject(s, &m->list[i], role, bare);
  return st;
}

static vg_status find_anatomy(vg_study *s) {
  bool bare = false;
  vg_status st = VG_OK;
  vg_scheme *scheme = &s->schemes[VG_ROLE_ANATOMY];
  for (int k = 0; k < s->clusters.n && !st; k++) {
    if (s->clusters.roles[k] != VG_ROLE_ANATOMY) continue;
    st = vg_classes_add_name(&s->classes, s->clusters.names[k], VG_ROLE_ANATOMY);
    if (!st) st = add_label(scheme, s->clusters.names[k], VG_ROLE_ANATOMY, k + 1);
  }
  if (st || s->clusters.n) return st;
  for (int i = 0; i < s->plan.n && !st; i++)
    st = add_members(s, &s->cohorts[i].hosts, VG_ROLE_ANATOMY, &bare);
  if (st || !bare) return st;
  st = vg_classes_add_name(&s->classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY);
  /* If no host has an anatomy map, none is written. */
  return !st && scheme->n ? add_label(scheme, VG_CLASS_BRAIN, VG_ROLE_ANATOMY, 0) : st;
}

static vg_status find_classes(vg_study *s, bool edited) {
  bool bare = false;
  vg_status st = find_anatomy(s);
  for (int i = 0; i < s->plan.n && !st; i++) {
    st = add_members(s, &s->cohorts[i].hosts, VG_ROLE_TUMOUR, &bare);
    if (!st) st = add_members(s, &s->cohorts[i].donors, VG_ROLE_TUMOUR, &bare);
  }
  if (st || !edited || s->schemes[VG_ROLE_TUMOUR].n) return st;
  /* Grown tumours follow the scheme that tumour maps of the first host's data set would have. */
  const vg_member *first = &s->cohorts[0].hosts.list[0];
  const vg_source *source = &first->set->sources[first->subject->source];
  vg_scheme brats;
  st = add_scheme(s, &source->tumour_scheme, VG_ROLE_TUMOUR);
  if (!st && !s->schemes[VG_ROLE_TUMOUR].n && !(st = vg_scheme_parse("brats", &brats)))
    st = add_scheme(s, &brats, VG_ROLE_TUMOUR);
  return st;
}

vg_status vg_study_find_classes(vg_study *s, bool edited) {
  uint8_t code[VG_CLASSES_MAX + 1];
  vg_clusters of;
  vg_status st = find_classes(s, edited);
  for (int k = 0; k < s->parts.n && !st; k++)
    if (s->parts.roles[k] == VG_ROLE_TUMOUR && vg_classes_find(&s->classes, s->parts.names[k]) >= 0 &&
        !vg_classes_parts(&s->classes, &of))
      st = vg_fail(VG_DATA,
                   "the model divides tumours (%s, ...), and the label maps have classes of such names",
                   s->parts.names[k]);
  if (!st) vg_classes_merge_parts(&s->classes, &s->written, code);
  return st;
}
