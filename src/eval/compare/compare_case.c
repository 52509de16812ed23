/* compare_case.c: measures one pair of cases: makes regions from label maps, and a row of values from
 * metrics. */
#include "eval/compare/compare.h"

#include <string.h>
#include "eval/read/subject_images.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/mem.h"
#include "base/pool.h"

/* The input of a case's metrics. */
typedef struct eval_case {
  eval_study *study;
  size_t index;
  eval_maps maps;
  /* By surface. The synthetic side has its own surfaces if its tumour map differs from the real one. */
  vg_surface real_surfaces[EVAL_SURFACES_MAX], own_surfaces[EVAL_SURFACES_MAX];
  const vg_surface *synth_surfaces;
} eval_case;

static void case_release(eval_case *c) {
  vg_eval_maps_release(&c->maps);
  for (int r = 0; r < EVAL_SURFACES_MAX; r++) {
    vg_eval_surface_release(&c->real_surfaces[r]);
    vg_eval_surface_release(&c->own_surfaces[r]);
  }
}

/* Stores the values of one metric, by region, in the case's row; values without a group are dropped. */
static void store(vg_eval *e, size_t index, const char *series, const vg_regions *regions,
                  const vg_metric_row *metric, const double *values) {
  for (size_t g = 0; g < e->n_groups; g++) {
    const eval_group *group = &e->groups[g];
    if (group->metric != metric || strcmp(group->series, series) != 0) continue;
    for (int r = 0; r < regions->n; r++) {
      if (!strcmp(regions->names[r], group->region)) e->values[index * e->n_groups + g] = values[r];
    }
  }
}

vg_status vg_eval_run_metrics(vg_eval *e, size_t index, unsigned kinds, const char *series,
                              const vg_metric_input *in) {
  const vg_metric_row *row;
  vg_status st = VG_OK;
  for (int i = 0; (row = vg_metric_at(i)) && !st; i++) {
    if (!(kinds >> row->metric->kind & 1) || !vg_metric_in_suites(row, e->suites)) continue;
    double values[VG_REGIONS_MAX];
    st = row->metric->compute(in, values);
    if (st)
      st = vg_fail_in(st, "%s", row->name);
    else
      store(e, index, series, in->regions, row, values);
  }
  return st;
}

static void set_grid(vg_metric_input *in, const vg_geometry *geo) {
  memcpy(in->dim, geo->dim, sizeof in->dim);
  vg_geometry_spacing(geo, in->spacing);
  in->voxel_mm3 = vg_geometry_voxel_ml(geo) * 1000;
}

_Static_assert(VG_CLASSES_MAX < 64, "a class has a bit");

/* Classes that no pair shows have no value. */
static void note_classes(const eval_case *ec, const vg_regions *regions, const eval_map *real,
                         const eval_map *synth) {
  const size_t n = vg_geometry_voxels(&real->geo);
  uint64_t seen = 0;
  for (size_t i = 0; i < n; i++) seen |= UINT64_C(1) << real->data[i] | UINT64_C(1) << synth->data[i];
  const bool tumour = regions == &ec->study->evaluation->tumour_regions;
  __atomic_fetch_or(tumour ? &ec->study->tumour_seen : &ec->study->anatomy_seen, seen, __ATOMIC_RELAXED);
}

static vg_status compare_maps(const eval_case *ec, const char *series, const vg_regions *regions,
                              unsigned kinds, const eval_map *real, const eval_map *synth) {
  if (!real->data || !synth->data) return VG_OK;
  vg_status st = vg_eval_same_grid(&synth->geo, synth->path, &real->geo, real->path);
  if (st) return st;
  note_classes(ec, regions, real, synth);
  if (memcmp(real->data, synth->data, vg_geometry_voxels(&real->geo)) != 0)
    __atomic_store_n(&ec->study->maps_differ, true, __ATOMIC_RELAXED);
  vg_metric_memo memo = {0};
  vg_metric_input in = {.regions = regions,
                        .memo = &memo,
                        .real_labels = real->data,
                        .synth_labels = synth->data,
                        .lesion_rules = ec->study->evaluation->lesion_rules,
                        .surface_mm = ec->study->evaluation->surface_mm};
  set_grid(&in, &real->geo);
  st = vg_eval_run_metrics(ec->study->evaluation, ec->index, kinds, series, &in);
  vg_metric_memo_release(&memo);
  return st;
}

static vg_status measure_boundary(const eval_case *ec, const char *series, vg_metric_input *in) {
  vg_eval *e = ec->study->evaluation;
  if (!ec->synth_surfaces) return VG_OK;
  in->regions = &e->boundary_regions;
  in->real_surfaces = ec->real_surfaces;
  in->synth_surfaces = ec->synth_surfaces;
  vg_status st = vg_eval_run_metrics(e, ec->index, 1u << VG_METRIC_BOUNDARY, series, in);
  const vg_boundary *b = st ? NULL : vg_metric_boundary_profiles(in);
  if (!st && !b) return VG_MEMORY;
  if (b) vg_eval_profiles_store(e, ec->index, vg_eval_series_index(e, series), b);
  return st;
}

static vg_status compare_series(const eval_case *ec, const char *series, const char *real_path,
                                const char *synth_path) {
  vg_eval *e = ec->study->evaluation;
  eval_images images = {0};
  vg_metric_memo memo = {0};
  vg_metric_input in = {.regions = &e->image_regions, .memo = &memo};
  vg_status st =
      vg_eval_images_read(e, series, real_path, synth_path, &ec->maps, &ec->real_surfaces[0], &images);
  if (st) goto out;
  set_grid(&in, &images.real.geo);
  in.real = images.real.data;
  in.synth = images.synth.data;
  in.cells = images.cells;
  in.range = images.range;
  e->ms_ssim_scales[ec->index] = vg_metric_ms_ssim_scales(in.dim);
  st = vg_eval_run_metrics(e, ec->index, 1u << VG_METRIC_IMAGE, series, &in);
  vg_metric_memo_release(&memo);
  if (!st) st = measure_boundary(ec, series, &in);
out:
  vg_metric_memo_release(&memo);
  vg_eval_images_release(&images);
  return st;
}

static vg_status make_surfaces(const vg_eval *e, const eval_map *map, int n, double reach, vg_surface *out) {
  for (int r = 0; r < n; r++) {
    uint8_t member[VG_CELLS];
    for (int c = 0; c < VG_CELLS; c++) member[c] = e->boundary_regions.member[c] >> r & 1;
    vg_status st = vg_eval_surface(map, member, reach, &out[r]);
    if (st) return st;
  }
  return VG_OK;
}

/* Computes the surfaces of the tumour and its regions, for the band and for suite boundary. Each side's image
 * is measured around its own tumour. */
static vg_status find_surfaces(eval_case *ec) {
  const vg_eval *e = ec->study->evaluation;
  const eval_map *real = &ec->maps.real_tumour, *synth = &ec->maps.synth_tumour;
  bool boundary = vg_eval_wants(e, VG_METRIC_BOUNDARY);
  if (!ec->maps.tumour->data) return VG_OK;
  double reach = boundary && e->band < VG_PROFILE_MM ? VG_PROFILE_MM : e->band;
  vg_status st =
      make_surfaces(e, ec->maps.tumour, boundary ? e->boundary_regions.n : 1, reach, ec->real_surfaces);
  if (st || !boundary) return st;
  ec->synth_surfaces = ec->real_surfaces;
  if (!real->data || !synth->data) return VG_OK;
  if ((st = vg_eval_same_grid(&synth->geo, synth->path, &real->geo, real->path))) return st;
  if (!memcmp(real->data, synth->data, vg_geometry_voxels(&real->geo))) return VG_OK;
  ec->synth_surfaces = ec->own_surfaces;
  return make_surfaces(e, synth, e->boundary_regions.n, VG_PROFILE_MM, ec->own_surfaces);
}

static vg_status measure_images(eval_case *ec, const vg_subject *real, const vg_subject *synth) {
  const eval_study *s = ec->study;
  vg_status found = find_surfaces(ec);
  if (found) return found;
  for (int i = 0; i < s->real.series.n; i++) {
    const char *name = s->real.series.names[i];
    const char *real_path = vg_eval_series_path(&s->real, real, name);
    const char *synth_path = vg_eval_series_path(&s->synth, synth, name);
    if (!real_path || !synth_path || vg_eval_series_index(s->evaluation, name) < 0) continue;
    if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
    vg_status st = compare_series(ec, name, real_path, synth_path);
    if (st) return st;
  }
  return VG_OK;
}

static vg_status measure(eval_study *study, size_t index) {
  vg_eval *e = study->evaluation;
  const vg_subject *real = study->pairs[index].real, *synth = study->pairs[index].synth;
  const unsigned overlap = 1u << VG_METRIC_OVERLAP, lesion = 1u << VG_METRIC_LESION;
  bool labels = vg_eval_wants(e, VG_METRIC_OVERLAP) || vg_eval_wants(e, VG_METRIC_LESION);
  bool boundary = vg_eval_wants(e, VG_METRIC_BOUNDARY);
  eval_case ec = {.study = study, .index = index};
  vg_status st = vg_eval_maps_read(study, &study->pairs[index], labels || boundary, &ec.maps);
  if (!st && labels)
    st = compare_maps(&ec, EVAL_TUMOUR_LABELS, &e->tumour_regions, overlap | lesion, &ec.maps.real_tumour,
                      &ec.maps.synth_tumour);
  if (!st && labels)
    st = compare_maps(&ec, EVAL_ANATOMY_LABELS, &e->anatomy_regions, overlap, &ec.maps.real_anatomy,
                      &ec.maps.synth_anatomy);
  if (!st && (boundary || vg_eval_wants(e, VG_METRIC_IMAGE))) st = measure_images(&ec, real, synth);
  case_release(&ec);
  return st;
}

static vg_status measure_case(void *arg, size_t index) {
  eval_study *study = arg;
  const char *id = study->evaluation->ids[index];
  if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
  vg_status st = measure(study, index);
  if (st == VG_INTERRUPTED) return st;
  return st ? vg_fail_in(st, "subject %s", id) : VG_OK;
}

vg_status vg_eval_all(eval_study *s) {
  size_t n = s->evaluation->n_cases;
  vg_status st = VG_OK;
  /* With few cases the threads share the work within each case, because nested parallel calls run on one
   * thread. */
  if (2 * n > (size_t)vg_threads()) {
    st = vg_task_parallel("eval", "subjects", n, measure_case, s);
  } else {
    vg_task task;
    vg_task_begin(&task, "eval", "subjects", n);
    for (size_t i = 0; i < n && !st; i++) {
      st = measure_case(s, i);
      vg_task_step(&task);
    }
    vg_task_end(&task);
  }
  return st;
}
