/* run_inputs.c: records which data a run began with, and reports what changed on --resume. */
#include "run/train/run_inputs.h"

#include <string.h>
#include "base/index/text_index.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "base/text/plural.h"
#include "dataset/subject_of.h"
#include "io/json.h"
#include "voxgan/log.h"

#define NAMED 5 /* subjects in a warning */

static char *path_of(const char *run) {
  return vg_fs_join(run, "inputs.json");
}

static vg_json *to_json(const run_data *d) {
  vg_json *root = vg_json_object();
  vg_json *classes = vg_json_put_take(root, "classes", vg_json_array());
  for (int i = 0; i < d->prep.classes.n; i++) vg_json_put_string(classes, NULL, d->prep.classes.names[i]);
  vg_prep_put_limits(root, &d->prep.classes);
  vg_json *subjects = vg_json_put_take(root, "subjects", vg_json_object());
  for (size_t i = 0; i < d->n_train; i++) vg_json_put_string(subjects, d->train[i].id, d->train[i].inputs);
  for (size_t i = 0; i < d->n_val; i++) vg_json_put_string(subjects, d->val[i].id, d->val[i].inputs);
  return root;
}

vg_status vg_run_inputs_write(const char *run, const run_data *d) {
  bool exists = false;
  char *path = path_of(run);
  vg_status st = path ? vg_fs_exists(path, &exists) : VG_MEMORY;
  if (!st && !exists) {
    vg_json *j = to_json(d);
    st = vg_json_write(path, j);
    vg_json_free(j);
  }
  vg_free(path);
  return st;
}

/* ---- reading ---- */

static vg_status check_classes(const char *path, const vg_json *list) {
  vg_classes known = {0};
  if (vg_json_type_of(list) != VG_JSON_ARRAY)
    return vg_fail(VG_DATA, "%s: damaged: it has no list of classes", path);
  for (const vg_json *e = vg_json_first(list); e; e = vg_json_next(e)) {
    const int before = known.n;
    const char *name = vg_json_string(e, NULL);
    if (!name) return vg_fail(VG_DATA, "%s: damaged: class %d is no name", path, before + 1);
    vg_status st = vg_classes_add_name(&known, name, VG_ROLE_TUMOUR); /* the file has no roles */
    if (st) return vg_fail_in(VG_DATA, "%s: damaged", path);
    if (known.n == before) return vg_fail(VG_DATA, "%s: damaged: class %s repeats", path, name);
  }
  return VG_OK;
}

static vg_status check_subjects(const char *path, const vg_json *subjects) {
  if (vg_json_type_of(subjects) != VG_JSON_OBJECT)
    return vg_fail(VG_DATA, "%s: damaged: it has no subjects", path);
  for (const vg_json *e = vg_json_first(subjects); e; e = vg_json_next(e))
    if (!vg_json_string(e, NULL))
      return vg_fail(VG_DATA, "%s: damaged: subject %s has no hash of its files", path, vg_json_key(e));
  return VG_OK;
}

/* NULL: the run has no such file. */
static vg_status read_inputs(const char *path, vg_json **out) {
  bool exists = false;
  *out = NULL;
  vg_status st = vg_fs_exists(path, &exists);
  if (st || !exists) return st;
  st = vg_json_read(path, out);
  if (!st) st = check_classes(path, vg_json_get(*out, "classes"));
  if (!st) st = check_subjects(path, vg_json_get(*out, "subjects"));
  if (!st) return VG_OK;
  vg_json_free(*out);
  *out = NULL;
  return st;
}

/* ---- comparing ---- */

typedef struct named {
  vg_str names;
  size_t n;
} named;

static void add(named *list, const char *id) {
  if (list->n++ < NAMED) vg_str_addf(&list->names, "%s%s", list->n > 1 ? ", " : "", id);
}

static void warn(named *list, const char *run, const char *what) {
  if (list->n)
    vg_warn("%s: %zu %s %s since the run began: %s%s", run, list->n,
            vg_plural(list->n, "subject", "subjects"), what, vg_str_text(&list->names),
            list->n > NAMED ? ", ..." : "");
  vg_str_release(&list->names);
}

/* The numbers of the run's subjects, in the order of `was`. */
static vg_status index_subjects(const vg_json *subjects, vg_text_index *out, const char **was) {
  vg_status st = VG_OK;
  size_t n = 0;
  for (const vg_json *e = vg_json_first(subjects); e && !st; e = vg_json_next(e), n++) {
    was[n] = vg_json_string(e, NULL);
    st = vg_text_index_put(out, vg_json_key(e), strlen(vg_json_key(e)), n);
  }
  return st;
}

static void compare_cases(const vg_text_index *subjects, const char *const *was, const vg_case *cases,
                          size_t n, named *changed, named *added) {
  for (size_t i = 0; i < n; i++) {
    const size_t at = vg_text_index_get(subjects, cases[i].id, strlen(cases[i].id));
    if (at == VG_NO_NUMBER)
      add(added, cases[i].id);
    else if (strcmp(was[at], cases[i].inputs) != 0)
      add(changed, cases[i].id);
  }
}

static vg_status compare_subjects(const char *run, const vg_json *subjects, const run_data *d) {
  named changed = {VG_STR_INIT, 0}, added = {VG_STR_INIT, 0}, missing = {VG_STR_INIT, 0};
  vg_text_index index = {0};
  const char **was = VG_NEW_N(const char *, vg_json_size(subjects) + 1);
  vg_status st = was ? index_subjects(subjects, &index, was) : VG_MEMORY;
  if (!st) {
    compare_cases(&index, was, d->train, d->n_train, &changed, &added);
    compare_cases(&index, was, d->val, d->n_val, &changed, &added);
    for (const vg_json *e = vg_json_first(subjects); e; e = vg_json_next(e))
      if (!vg_dataset_subject_of(&d->set, vg_json_key(e))) add(&missing, vg_json_key(e));
    warn(&changed, run, "changed");
    warn(&added, run, "were added");
    warn(&missing, run, "went missing");
  }
  vg_text_index_release(&index);
  vg_free(was);
  return st;
}

static vg_status compare_classes(const char *run, const vg_json *classes, const run_data *d) {
  vg_str was = VG_STR_INIT, is = VG_STR_INIT;
  for (const vg_json *e = vg_json_first(classes); e; e = vg_json_next(e))
    vg_str_addf(&was, "%s%s", was.len ? ", " : "", vg_json_string(e, "?"));
  vg_names_join(VG_NAMES_INSIDE(d->prep.classes.names, d->prep.classes.n), &is);
  vg_status st = vg_str_failed(&was) || vg_str_failed(&is) ? VG_MEMORY : VG_OK;
  if (!st && strcmp(vg_str_text(&was), vg_str_text(&is)))
    st = vg_fail(VG_CONFIG,
                 "%s: the classes were \"%s\" and are \"%s\" now, because the data changed; they define the "
                 "run and cannot change on --resume",
                 run, vg_str_text(&was), vg_str_text(&is));
  vg_str_release(&was);
  vg_str_release(&is);
  return st;
}

vg_status vg_run_inputs_compare(const char *run, const run_data *d) {
  vg_json *j = NULL;
  char *path = path_of(run);
  vg_status st = path ? read_inputs(path, &j) : VG_MEMORY;
  if (!st && j) st = compare_classes(run, vg_json_get(j, "classes"), d);
  if (!st && j) st = compare_subjects(run, vg_json_get(j, "subjects"), d);
  vg_json_free(j);
  vg_free(path);
  return st;
}

vg_status vg_run_inputs_parts(const char *run, vg_classes *out) {
  vg_json *j = NULL;
  char *path = path_of(run);
  *out = (vg_classes){0};
  vg_status st = path ? read_inputs(path, &j) : VG_MEMORY;
  if (!st && vg_json_get(j, "part_limits")) {
    for (const vg_json *e = vg_json_first(vg_json_get(j, "classes")); e && !st; e = vg_json_next(e)) {
      const char *name = vg_json_string(e, "");
      if (vg_class_whole(name) != name) st = vg_classes_add_name(out, name, VG_ROLE_TUMOUR);
    }
    if (!st) st = vg_prep_read_limits(path, j, out);
  }
  vg_json_free(j);
  vg_free(path);
  return st;
}
