/* features_read.c: reads every subject of a set once, and computes its row in each space. */
#include <math.h>
#include <string.h>
#include "eval/read/subject_maps.h"
#include "eval/read/intensity.h"
#include "eval/feature/features.h"
#include "grid/grid.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/pool.h"
#include "prep/prep.h"

typedef struct reading {
  const vg_feature_plan *plan;
  const vg_dataset *set;
  const vg_json *description;
  vg_features *out; /* has a row for every subject, until rows without features are dropped */
} reading;

/* State while one subject is read. */
typedef struct subject_reading {
  reading *all;
  size_t index;
  const vg_subject *subject;
  eval_map anatomy, tumour;
  vg_geometry geo;  /* geometry of the first file */
  const char *path; /* that file; NULL: none read yet */
  uint8_t *brain;
  vg_feature_input in;
} subject_reading;

static vg_status check_grid(subject_reading *r, const vg_geometry *geo, const char *path) {
  if (r->path) return vg_geometry_same(geo, path, &r->geo, r->path, vg_geometry_tolerance(&r->geo));
  r->geo = *geo;
  r->path = path;
  memcpy(r->in.dim, geo->dim, sizeof r->in.dim);
  vg_geometry_spacing(geo, r->in.mm);
  r->in.voxel_ml = vg_geometry_voxel_ml(geo);
  return VG_OK;
}

static vg_status read_maps(subject_reading *r) {
  const vg_subject *s = r->subject;
  const vg_source *source = &r->all->set->sources[s->source];
  const vg_feature_plan *plan = r->all->plan;
  vg_status st = vg_eval_anatomy_read(r->all->set, s, &plan->anatomy, &r->anatomy);
  if (!st && r->anatomy.data) st = check_grid(r, &r->anatomy.geo, s->anatomy);
  if (!st)
    st = vg_eval_map_read(s->tumour, &source->tumour_scheme, &plan->tumour, VG_ROLE_TUMOUR, &r->tumour);
  if (!st && r->tumour.data) st = check_grid(r, &r->tumour.geo, s->tumour);
  r->in.anatomy = r->anatomy.data;
  r->in.tumour = r->tumour.data;
  return st;
}

/* Finds the brain. image NULL: the subject has no image. */
static vg_status find_brain(subject_reading *r, const vg_volume *image, const char *path) {
  size_t n = vg_geometry_voxels(&r->geo);
  if (!(r->brain = vg_malloc(n, 1))) return VG_MEMORY;
  if (r->anatomy.data) {
    for (size_t i = 0; i < n; i++) r->brain[i] = r->anatomy.data[i] != 0;
  } else if (image) {
    vg_status st = vg_brain_mask(image, path, r->brain, NULL);
    if (st) return st;
  } else {
    memset(r->brain, 1, n);
  }
  for (size_t i = 0; i < n && r->tumour.data; i++) r->brain[i] |= r->tumour.data[i] != 0;
  r->in.brain = r->brain;
  if (!vg_mask_box(r->brain, r->geo.dim, 0, r->in.lo, r->in.extent))
    return vg_fail(VG_DATA, "%s: no brain: its label maps are empty", r->path);
  return VG_OK;
}

static vg_status normalise(const subject_reading *r, vg_volume *v, const char *series) {
  float lo, hi;
  vg_status st = VG_OK;
  if (!vg_eval_intensity_recorded(r->all->description, series, &lo, &hi))
    st = vg_eval_intensity_range(v, r->brain, &lo, &hi);
  if (!st) vg_eval_intensity_to_unit(v->data, r->brain, vg_geometry_voxels(&v->geo), lo, hi);
  return st;
}

/* The row of a subject among `taken` of n subjects that are spread evenly. Returns false if it has none. */
static bool find_row(const vg_features *f, size_t index, size_t *row) {
  *row = index * f->taken / f->of;
  return (index + 1) * f->taken / f->of > *row;
}

/* Computes the subject's row, or the columns of one series of the plan. */
static vg_status compute(subject_reading *r, bool of_labels, int series) {
  const vg_feature_plan *plan = r->all->plan;
  for (int i = 0; vg_features_at(i); i++) {
    const vg_feature_space *space = vg_features_at(i)->space;
    if (!(plan->spaces >> i & 1) || space->of_labels != of_labels) continue;
    vg_features *to = &r->all->out[i];
    size_t row, part = of_labels ? 0 : (size_t)series * space->dims(plan);
    if (!find_row(to, r->index, &row)) continue;
    vg_status st = space->compute(&r->in, to->values + row * to->dims + part);
    if (st) return vg_fail_in(st, "%s", vg_features_at(i)->name);
  }
  return VG_OK;
}

/* Marks the subject as having no row in spaces of images. */
static void forget_images(const subject_reading *r) {
  for (int i = 0; vg_features_at(i); i++) {
    vg_features *to = &r->all->out[i];
    size_t row;
    if (to->values && !vg_features_at(i)->space->of_labels && find_row(to, r->index, &row))
      to->values[row * to->dims] = NAN;
  }
}

static vg_status read_series(subject_reading *r, int series, const char *path, bool whole) {
  const char *name = r->all->plan->series.names[series];
  vg_volume v = {0};
  vg_status st = vg_volume_read(path, &v, NULL);
  if (!st) st = vg_volume_canonicalise(&v);
  if (!st) st = check_grid(r, &v.geo, path);
  if (!st && !r->brain) st = find_brain(r, &v, path);
  if (!st && whole) st = normalise(r, &v, name);
  r->in.image = v.data;
  if (!st && whole) st = compute(r, false, series);
  r->in.image = NULL;
  vg_volume_release(&v);
  return st;
}

static const char *series_path(const subject_reading *r, int series) {
  int k = vg_series_find(&r->all->set->series, r->all->plan->series.names[series]);
  return k < 0 ? NULL : r->subject->series[k];
}

static vg_status measure(subject_reading *r) {
  const vg_feature_plan *plan = r->all->plan;
  bool whole = true, images = false;
  for (int k = 0; k < plan->series.n; k++) whole &= series_path(r, k) != NULL;
  for (int i = 0; vg_features_at(i); i++)
    images |= (plan->spaces >> i & 1) && !vg_features_at(i)->space->of_labels;
  if (!whole) forget_images(r);
  vg_status st = read_maps(r);
  for (int k = 0; k < plan->series.n && !st; k++) {
    const char *path = series_path(r, k);
    bool needed = images && whole ? true : !r->brain && !r->anatomy.data;
    if (path && needed) st = read_series(r, k, path, images && whole);
    if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  }
  if (!st && !r->brain && r->path) st = find_brain(r, NULL, NULL);
  if (!st) st = compute(r, true, 0);
  return st;
}

static vg_status read_subject(void *arg, size_t index) {
  reading *all = arg;
  subject_reading r = {.all = all, .index = index, .subject = &all->set->subjects[index]};
  r.in.plan = all->plan;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  vg_status st = measure(&r);
  vg_eval_map_release(&r.anatomy);
  vg_eval_map_release(&r.tumour);
  vg_free(r.brain);
  if (st == VG_INTERRUPTED) return st;
  if (st) return vg_fail_in(st, "subject %s", r.subject->id);
  return VG_OK;
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
  reading all = {.plan = plan, .set = set, .description = description, .out = out};
  vg_status st = VG_OK;
  memset(out, 0, VG_FEATURE_SPACES_MAX * sizeof *out);
  for (int i = 0; vg_features_at(i) && !st; i++) {
    if (!(plan->spaces >> i & 1)) continue;
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
