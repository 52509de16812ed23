/* privacy.c: suite privacy: finds the training and the held-out subjects, then runs the checks in turn. */
#include "eval/privacy/privacy.h"

#include <string.h>
#include "base/fs.h"
#include "base/index/text_index.h"
#include "io/json.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text/plural.h"

/* ---- training and held-out subjects ---- */

/* Reads the split of the model's run. *out NULL: there is none. */
static vg_status read_split(const char *model, vg_json **out) {
  *out = NULL;
  if (!model) return VG_OK;
  bool is_dir, exists = false;
  vg_status st = vg_fs_is_dir(model, &is_dir);
  if (st) return st;
  char *run = is_dir ? vg_strdup(model) : vg_fs_dirname(model);
  char *path = run ? vg_fs_join(run, "split.json") : NULL;
  st = path ? vg_fs_holds(path, &exists) : VG_MEMORY;
  if (!st && exists) st = vg_json_read(path, out);
  vg_free(run);
  vg_free(path);
  return st;
}

/* The texts of a list. */
static vg_status index_texts(const vg_json *list, vg_text_index *out) {
  vg_status st = VG_OK;
  for (const vg_json *j = vg_json_first(list); j && !st; j = vg_json_next(j)) {
    const char *text = vg_json_string(j, "");
    st = vg_text_index_put(out, text, strlen(text), 0);
  }
  return st;
}

/* Ids and persons of a data set, apart. */
typedef struct members {
  vg_text_index ids, persons;
} members;

static vg_status index_members(const vg_dataset *ds, members *out) {
  vg_status st = VG_OK;
  for (size_t i = 0; i < ds->n && !st; i++) {
    const vg_subject *s = &ds->subjects[i];
    st = vg_text_index_put(&out->ids, s->id, strlen(s->id), i);
    if (!st) st = vg_text_index_put(&out->persons, s->person, strlen(s->person), i);
  }
  return st;
}

static bool has(const vg_text_index *x, const char *text) {
  return vg_text_index_get(x, text, strlen(text)) != VG_NO_NUMBER;
}

/* Adds the subjects of `from` that are in neither set yet. *left: how many were already in one. */
static vg_status add_held_out(privacy_study *p, const vg_dataset *from, size_t *left) {
  bool *take = vg_calloc(from->n + 1, sizeof *take);
  members in = {0};
  size_t n = 0;
  vg_status st = take ? index_members(&p->train, &in) : VG_MEMORY;
  if (!st) st = index_members(&p->held_out, &in);
  for (size_t i = 0; i < from->n && !st; i++) {
    take[i] = !has(&in.ids, from->subjects[i].id) && !has(&in.persons, from->subjects[i].person);
    n += take[i];
  }
  *left = from->n - n;
  if (!st && n) st = vg_dataset_select(from, take, &p->held_out);
  vg_text_index_release(&in.ids);
  vg_text_index_release(&in.persons);
  vg_free(take);
  return st;
}

static vg_status divide(privacy_study *p, const vg_dataset *given, const vg_json *split) {
  bool *take = vg_calloc(given->n + 1, sizeof *take);
  vg_text_index trained = {0};
  size_t n = 0, left;
  vg_status st = take ? index_texts(vg_json_get(split, "train"), &trained) : VG_MEMORY;
  for (size_t i = 0; i < given->n && !st; i++) {
    take[i] = !split || has(&trained, given->subjects[i].id);
    n += take[i];
  }
  if (!st)
    st = n ? vg_dataset_select(given, take, &p->train)
           : vg_fail(VG_DATA, "%s: none of its subjects is listed as trained on in split.json of %s",
                     p->settings->train, p->settings->model);
  vg_text_index_release(&trained);
  vg_free(take);
  if (!st) st = add_held_out(p, &p->study->real, &left);
  if (!st && left)
    vg_info("privacy: %zu of %zu %s of %s %s trained on, so they are not held out", left, p->study->real.n,
            vg_plural(p->study->real.n, "subject", "subjects"), p->settings->real,
            vg_plural(left, "was", "were"));
  if (!st) st = add_held_out(p, given, &left);
  if (!st)
    vg_info("privacy: %zu training and %zu held-out %s", p->train.n, p->held_out.n,
            vg_plural(p->held_out.n, "subject", "subjects"));
  return st;
}

static vg_status open_train(privacy_study *p) {
  const vg_eval_settings *set = p->settings;
  vg_dataset given = {.skip_incomplete = set->skip_incomplete};
  vg_json *split = NULL;
  if (!set->train) return VG_OK;
  vg_status st = vg_dataset_add_nth(&given, set->train, set->train_layout ? set->train_layout : "auto",
                                    set->tumour_scheme, set->anatomy_scheme, 2, 3);
  if (!st) st = read_split(set->model, &split);
  if (!st) st = divide(p, &given, split);
  vg_json_free(split);
  vg_dataset_release(&given);
  return st;
}

vg_status vg_privacy_run(eval_study *s, const vg_eval_settings *set) {
  privacy_study p = {.study = s, .settings = set};
  if (!vg_eval_suites_have(PRIVACY, s->evaluation->suites)) return VG_OK;
  vg_status st = open_train(&p);
  if (!st) st = vg_privacy_neighbours(&p);
  if (!st) st = vg_privacy_membership(&p);
  if (!st) st = vg_privacy_identifiers(&p);
  vg_dataset_release(&p.train);
  vg_dataset_release(&p.held_out);
  return st;
}
