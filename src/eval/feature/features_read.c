/* features_read.c: reads every subject of a set once, and computes its row in each space. */
#include <math.h>
#include <string.h>
#include "eval/feature/subject_visit.h"
#include "base/task/progress.h"
#include "base/mem.h"

typedef struct reading {
  const vg_feature_plan *plan;
  vg_features *out; /* has a row for every subject, until rows without features are dropped */
  vg_eval_visit visit;
} reading;

/* The row of a subject among `taken` of n subjects that are spread evenly. Returns false if it has none. */
static bool find_row(const vg_features *f, size_t index, size_t *row) {
  *row = index * f->taken / f->of;
  return (index + 1) * f->taken / f->of > *row;
}

/* Computes the subject's row, or the columns of one series of the plan. */
static vg_status compute(void *arg, size_t index, int series, const vg_feature_input *in) {
  const reading *all = arg;
  const vg_feature_plan *plan = all->plan;
  const bool of_labels = series == VG_SUBJECT_LABELS;
  for (int i = 0; vg_features_at(i); i++) {
    const vg_feature_space *space = vg_features_at(i)->space;
    if (!(plan->spaces >> i & 1) || space->of_labels != of_labels) continue;
    vg_features *to = &all->out[i];
    size_t row, part = of_labels ? 0 : (size_t)series * space->dims(plan);
    if (!find_row(to, index, &row)) continue;
    vg_status st = space->compute(in, to->values + row * to->dims + part);
    if (st) return vg_fail_in(st, "%s", vg_features_at(i)->name);
  }
  return VG_OK;
}

/* Marks the subject as having no row in spaces of images. */
static void forget_images(const reading *all, size_t index) {
  for (int i = 0; vg_features_at(i); i++) {
    vg_features *to = &all->out[i];
    size_t row;
    if (to->values && !vg_features_at(i)->space->of_labels && find_row(to, index, &row))
      to->values[row * to->dims] = NAN;
  }
}

static vg_status read_subject(void *arg, size_t index) {
  const reading *all = arg;
  if (!vg_eval_is_whole(&all->visit, index)) forget_images(all, index);
  return vg_eval_visit_one(&all->visit, index);
}

static void drop_unknown(vg_features *f) {
  size_t kept = 0;
  for (size_t i = 0; i < f->n; i++) {
    if (isnan(f->values[i * f->dims])) continue;
    memmove(f->values + kept * f->dims, f->values + i * f->dims, f->dims * sizeof *f->values);
    f->subject[kept++] = f->subject[i];
  }
  f->n = kept;
}

/* How many of n subjects a space measures. */
static size_t count_taken(const vg_feature_plan *plan, size_t some, size_t dims, size_t n) {
  size_t most = some ? some : n;
  if (plan->most) {
    const size_t fit = VG_FEATURE_VALUES_MAX / (dims ? dims : 1);
    if (most > plan->most) most = plan->most;
    if (most > fit) most = fit > 2 ? fit : 2;
  }
  return most < n ? most : n;
}

/* Makes room for a row of every subject that is measured. */
static vg_status make_room(const vg_feature_plan *plan, const vg_feature_space *space, size_t n,
                           vg_features *f) {
  f->dims = vg_features_dims(plan, space);
  f->of = n;
  f->n = f->taken = count_taken(plan, space->of_some, f->dims, n);
  f->values = vg_calloc(f->n * f->dims, sizeof *f->values);
  f->subject = VG_NEW_N(size_t, f->n);
  if (!f->values || !f->subject) return VG_MEMORY;
  for (size_t k = 0, row; k < n; k++) {
    if (find_row(f, k, &row)) f->subject[row] = k;
  }
  return VG_OK;
}

vg_status vg_features_read(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                           vg_features *out) {
  reading all = {.plan = plan,
                 .out = out,
                 .visit = {.plan = plan, .set = set, .description = description, .each = compute}};
  all.visit.arg = &all;
  vg_status st = VG_OK;
  memset(out, 0, VG_FEATURE_SPACES_MAX * sizeof *out);
  for (int i = 0; vg_features_at(i) && !st; i++) {
    if (!(plan->spaces >> i & 1)) continue;
    all.visit.images |= !vg_features_at(i)->space->of_labels;
    st = make_room(plan, vg_features_at(i)->space, set->n, &out[i]);
  }
  if (!st) st = vg_task_parallel("eval: features", "subjects", set->n, read_subject, &all);
  for (int i = 0; i < VG_FEATURE_SPACES_MAX && !st; i++) drop_unknown(&out[i]);
  if (st) vg_features_release(out);
  return st;
}

void vg_features_release(vg_features *all) {
  for (int i = 0; i < VG_FEATURE_SPACES_MAX; i++) {
    vg_free(all[i].values);
    vg_free(all[i].subject);
    memset(&all[i], 0, sizeof all[i]);
  }
}
