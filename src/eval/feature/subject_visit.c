/* subject_visit.c: reads the label maps and series of one subject. */
#include "eval/feature/subject_visit.h"

#include <string.h>
#include "eval/read/subject_maps.h"
#include "eval/read/intensity.h"
#include "grid/grid.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "prep/prep.h"

/* State while one subject is read. */
typedef struct subject_reading {
  const vg_eval_visit *visit;
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
  const vg_source *source = &r->visit->set->sources[s->source];
  const vg_feature_plan *plan = r->visit->plan;
  vg_status st = vg_eval_anatomy_read(r->visit->set, s, &plan->anatomy, &r->anatomy);
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
  if (!vg_eval_intensity_recorded(r->visit->description, series, &lo, &hi))
    st = vg_eval_intensity_range(v, r->brain, &lo, &hi);
  if (!st) vg_eval_intensity_to_unit(v->data, r->brain, vg_geometry_voxels(&v->geo), lo, hi);
  return st;
}

static vg_status read_series(subject_reading *r, int series, const char *path, bool wanted) {
  vg_volume v = {0};
  vg_status st = vg_volume_read(path, &v, NULL);
  if (!st) st = vg_volume_canonicalise(&v);
  if (!st) st = check_grid(r, &v.geo, path);
  if (!st && !r->brain) st = find_brain(r, &v, path);
  if (!st && wanted) st = normalise(r, &v, r->visit->plan->series.names[series]);
  r->in.image = v.data;
  if (!st && wanted) st = r->visit->each(r->visit->arg, r->index, series, &r->in);
  r->in.image = NULL;
  vg_volume_release(&v);
  return st;
}

static const char *series_path(const vg_eval_visit *v, size_t index, int series) {
  int k = vg_series_find(&v->set->series, v->plan->series.names[series]);
  return k < 0 ? NULL : v->set->subjects[index].series[k];
}

bool vg_eval_is_whole(const vg_eval_visit *v, size_t index) {
  bool whole = true;
  for (int k = 0; k < v->plan->series.n; k++) whole &= series_path(v, index, k) != NULL;
  return whole;
}

static vg_status read_all(subject_reading *r) {
  const bool wanted = r->visit->images && vg_eval_is_whole(r->visit, r->index);
  vg_status st = read_maps(r);
  for (int k = 0; k < r->visit->plan->series.n && !st; k++) {
    const char *path = series_path(r->visit, r->index, k);
    bool needed = wanted || (!r->brain && !r->anatomy.data);
    if (path && needed) st = read_series(r, k, path, wanted);
    if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  }
  if (!st && !r->brain && r->path) st = find_brain(r, NULL, NULL);
  if (!st) st = r->visit->each(r->visit->arg, r->index, VG_SUBJECT_LABELS, &r->in);
  return st;
}

vg_status vg_eval_visit_one(const vg_eval_visit *v, size_t index) {
  subject_reading r = {.visit = v, .index = index, .subject = &v->set->subjects[index]};
  r.in.plan = v->plan;
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  vg_status st = read_all(&r);
  vg_eval_map_release(&r.anatomy);
  vg_eval_map_release(&r.tumour);
  vg_free(r.brain);
  if (st == VG_INTERRUPTED) return st;
  if (st) return vg_fail_in(st, "subject %s", r.subject->id);
  return VG_OK;
}
