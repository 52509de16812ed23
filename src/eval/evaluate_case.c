/* evaluate_case.c: one pair of cases: label maps to regions, metrics to a row of values. */
#include "eval/evaluate_case.h"

#include <string.h>
#include "eval/evaluate_maps.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"
#include "voxgan/nifti.h"
#include "voxgan/pool.h"
#include "voxgan/prep.h"

static vg_status read_volume(const char *path, vg_volume *out) {
  vg_status st = vg_nifti_read(path, out, NULL);
  if (!st) st = vg_volume_canonicalise(out);
  return st;
}

/* Two files may differ by this much at a corner and still share a grid. */
#define SAME_MM 1e-3

static vg_status same_grid(const vg_geometry *a, const char *path_a, const vg_geometry *b,
                           const char *path_b) {
  return vg_geometry_same(a, path_a, b, path_b, SAME_MM);
}

static vg_status same_grid_as_map(const vg_geometry *geo, const char *path, const eval_map *map) {
  return map->data ? same_grid(geo, path, &map->geo, map->path) : VG_OK;
}

/* What the metrics of a case are given. */
typedef struct eval_case {
  eval_study *study;
  size_t index;
  eval_map real_tumour, real_anatomy, synth_tumour, synth_anatomy;
  const eval_map *tumour, *anatomy; /* those that tell the regions of the images */
  /* By surface. The synthetic side has its own where its tumour map is another one. */
  vg_surface real_surfaces[EVAL_SURFACES_MAX], own_surfaces[EVAL_SURFACES_MAX];
  const vg_surface *synth_surfaces;
} eval_case;

static void case_release(eval_case *c) {
  vg_eval_map_release(&c->real_tumour);
  vg_eval_map_release(&c->real_anatomy);
  vg_eval_map_release(&c->synth_tumour);
  vg_eval_map_release(&c->synth_anatomy);
  for (int r = 0; r < EVAL_SURFACES_MAX; r++) {
    vg_eval_surface_release(&c->real_surfaces[r]);
    vg_eval_surface_release(&c->own_surfaces[r]);
  }
}

/* Values of one metric over regions into the case's row, where a group wants them. */
static void store(vg_evaluation *e, size_t index, const char *series, const vg_regions *regions,
                  const vg_metric_row *metric, const double *values) {
  for (size_t g = 0; g < e->n_groups; g++) {
    const eval_group *group = &e->groups[g];
    if (group->metric != metric || strcmp(group->series, series) != 0) continue;
    for (int r = 0; r < regions->n; r++) {
      if (!strcmp(regions->names[r], group->region)) e->values[index * e->n_groups + g] = values[r];
    }
  }
}

vg_status vg_eval_run_metrics(vg_evaluation *e, size_t index, unsigned kinds, const char *series,
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
}

static vg_status compare_maps(const eval_case *ec, const char *series, const vg_regions *regions,
                              unsigned kinds, const eval_map *real, const eval_map *synth) {
  if (!real->data || !synth->data) return VG_OK;
  vg_status st = same_grid(&synth->geo, synth->path, &real->geo, real->path);
  if (st) return st;
  if (memcmp(real->data, synth->data, vg_geometry_voxels(&real->geo)) != 0)
    __atomic_store_n(&ec->study->maps_differ, true, __ATOMIC_RELAXED);
  vg_metric_memo memo = {0};
  vg_metric_input in = {.regions = regions,
                        .memo = &memo,
                        .real_labels = real->data,
                        .synth_labels = synth->data,
                        .lesion_rules = ec->study->evaluation->lesion_rules};
  set_grid(&in, &real->geo);
  st = vg_eval_run_metrics(ec->study->evaluation, ec->index, kinds, series, &in);
  vg_metric_memo_release(&memo);
  return st;
}

/* The brain's voxels outside the tumour that are within the band's width of it. */
static void mark_band(const vg_surface *s, const int dim[3], double width, uint8_t *cells) {
  const float *distance = s->distance;
  if (!distance) return;
  for (int z = 0; z < s->extent[2]; z++) {
    for (int y = 0; y < s->extent[1]; y++, distance += s->extent[0]) {
      uint8_t *row = cells +
                     ((size_t)(s->lo[2] + z) * (size_t)dim[1] + (size_t)(s->lo[1] + y)) * (size_t)dim[0] +
                     s->lo[0];
      for (int x = 0; x < s->extent[0]; x++) {
        if (row[x] == EVAL_CELL_BRAIN && (double)distance[x] <= width) row[x] = EVAL_CELL_BAND;
      }
    }
  }
}

/* Cells of one series: the brain from the anatomy map or from the real volume, the tumour and the band around
 * it on top. */
static vg_status make_cells(const eval_case *ec, const vg_volume *real, const char *path, uint8_t *cells) {
  const eval_map *tumour = ec->tumour, *anatomy = ec->anatomy;
  size_t n = vg_geometry_voxels(&real->geo), inside = 0;
  if (anatomy->data) {
    for (size_t i = 0; i < n; i++) cells[i] = anatomy->data[i] ? EVAL_CELL_BRAIN : 0;
  } else {
    vg_status st = vg_brain_mask(real, path, cells, NULL);
    if (st) return st;
    for (size_t i = 0; i < n; i++) cells[i] = cells[i] ? EVAL_CELL_BRAIN : 0;
  }
  for (size_t i = 0; i < n; i++) {
    if (tumour->data && tumour->data[i]) cells[i] = (uint8_t)(EVAL_CELL_TUMOUR + tumour->data[i] - 1);
    inside += cells[i] != 0;
  }
  if (!inside) return vg_fail(VG_DATA, "%s: no brain: its label maps are empty", path);
  mark_band(&ec->real_surfaces[0], real->geo.dim, ec->study->evaluation->band, cells);
  return VG_OK;
}

static vg_status measure_boundary(const eval_case *ec, const char *series, vg_metric_input *in) {
  vg_evaluation *e = ec->study->evaluation;
  if (!ec->synth_surfaces) return VG_OK;
  in->regions = &e->boundary_regions;
  in->real_surfaces = ec->real_surfaces;
  in->synth_surfaces = ec->synth_surfaces;
  vg_status st = vg_eval_run_metrics(e, ec->index, 1u << VG_METRIC_BOUNDARY, series, in);
  const vg_boundary *b = st ? NULL : vg_boundary_profiles(in);
  if (!st && !b) return VG_MEMORY;
  if (b) vg_eval_profiles_store(e, ec->index, series, b);
  return st;
}

static vg_status compare_series(const eval_case *ec, const char *series, const char *real_path,
                                const char *synth_path) {
  vg_evaluation *e = ec->study->evaluation;
  vg_volume real = {0}, synth = {0};
  vg_metric_memo memo = {0};
  vg_metric_input in = {.regions = &e->image_regions, .memo = &memo};
  uint8_t *cells = NULL;
  vg_status st;
  if ((st = read_volume(real_path, &real)) || (st = read_volume(synth_path, &synth))) goto out;
  if ((st = same_grid(&synth.geo, synth_path, &real.geo, real_path))) goto out;
  if ((st = same_grid_as_map(&real.geo, real_path, ec->tumour))) goto out;
  if ((st = same_grid_as_map(&real.geo, real_path, ec->anatomy))) goto out;
  cells = vg_malloc(vg_geometry_voxels(&real.geo), 1);
  if (!cells) {
    st = VG_MEMORY;
    goto out;
  }
  if ((st = make_cells(ec, &real, real_path, cells))) goto out;
  if ((st = vg_eval_normalise(e, series, &real, real_path, &synth, cells, &in.range))) goto out;
  set_grid(&in, &real.geo);
  in.real = real.data;
  in.synth = synth.data;
  in.cells = cells;
  e->ms_ssim_scales[ec->index] = vg_ms_ssim_scales(in.dim);
  st = vg_eval_run_metrics(e, ec->index, 1u << VG_METRIC_IMAGE, series, &in);
  vg_metric_memo_release(&memo);
  if (!st) st = measure_boundary(ec, series, &in);
out:
  vg_metric_memo_release(&memo);
  vg_volume_release(&real);
  vg_volume_release(&synth);
  vg_free(cells);
  return st;
}

static const char *series_path(const vg_dataset *ds, const vg_subject *s, const char *name) {
  int i = vg_series_find(&ds->series, name);
  return i < 0 ? NULL : s->series[i];
}

/* Both sides' maps where they are compared; else the synthetic side's only where the real one has none. */
static vg_status read_maps(eval_case *ec, const vg_subject *real, const vg_subject *synth, bool both) {
  const eval_study *s = ec->study;
  const vg_source *rs = &s->real.sources[real->source], *ss = &s->synth.sources[synth->source];
  vg_status st =
      vg_eval_map_read(real->tumour, &rs->tumour_scheme, &s->tumour, VG_ROLE_TUMOUR, &ec->real_tumour);
  if (!st)
    st =
        vg_eval_map_read(real->anatomy, &rs->anatomy_scheme, &s->anatomy, VG_ROLE_ANATOMY, &ec->real_anatomy);
  if (!st && (both || !ec->real_tumour.data))
    st = vg_eval_map_read(synth->tumour, &ss->tumour_scheme, &s->tumour, VG_ROLE_TUMOUR, &ec->synth_tumour);
  if (!st && (both || !ec->real_anatomy.data))
    st = vg_eval_map_read(synth->anatomy, &ss->anatomy_scheme, &s->anatomy, VG_ROLE_ANATOMY,
                          &ec->synth_anatomy);
  ec->tumour = ec->real_tumour.data ? &ec->real_tumour : &ec->synth_tumour;
  ec->anatomy = ec->real_anatomy.data ? &ec->real_anatomy : &ec->synth_anatomy;
  return st;
}

static vg_status make_surfaces(const vg_evaluation *e, const eval_map *map, int n, double reach,
                               vg_surface *out) {
  for (int r = 0; r < n; r++) {
    uint8_t member[VG_CELLS];
    for (int c = 0; c < VG_CELLS; c++) member[c] = e->boundary_regions.member[c] >> r & 1;
    vg_status st = vg_eval_surface(map, member, reach, &out[r]);
    if (st) return st;
  }
  return VG_OK;
}

/* What the band and the boundary suite need: the tumour's surface, and those of its parts. Each side's image
 * is looked at around its own tumour. */
static vg_status find_surfaces(eval_case *ec) {
  const vg_evaluation *e = ec->study->evaluation;
  const eval_map *real = &ec->real_tumour, *synth = &ec->synth_tumour;
  bool boundary = vg_eval_wants(e, VG_METRIC_BOUNDARY);
  if (!ec->tumour->data) return VG_OK;
  double reach = boundary && e->band < VG_PROFILE_MM ? VG_PROFILE_MM : e->band;
  vg_status st = make_surfaces(e, ec->tumour, boundary ? e->boundary_regions.n : 1, reach, ec->real_surfaces);
  if (st || !boundary) return st;
  ec->synth_surfaces = ec->real_surfaces;
  if (!real->data || !synth->data) return VG_OK;
  if ((st = same_grid(&synth->geo, synth->path, &real->geo, real->path))) return st;
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
    const char *real_path = series_path(&s->real, real, name);
    const char *synth_path = series_path(&s->synth, synth, name);
    if (!real_path || !synth_path || vg_eval_series_index(s->evaluation, name) < 0) continue;
    if (vg_interrupted()) return vg_fail(VG_INTERRUPTED, "interrupted");
    vg_status st = compare_series(ec, name, real_path, synth_path);
    if (st) return st;
  }
  return VG_OK;
}

static vg_status measure(eval_study *study, size_t index) {
  vg_evaluation *e = study->evaluation;
  const vg_subject *real = study->pairs[index].real, *synth = study->pairs[index].synth;
  const unsigned overlap = 1u << VG_METRIC_OVERLAP, lesion = 1u << VG_METRIC_LESION;
  bool labels = vg_eval_wants(e, VG_METRIC_OVERLAP) || vg_eval_wants(e, VG_METRIC_LESION);
  bool boundary = vg_eval_wants(e, VG_METRIC_BOUNDARY);
  eval_case ec = {.study = study, .index = index};
  vg_status st = read_maps(&ec, real, synth, labels || boundary);
  if (!st && labels)
    st = compare_maps(&ec, EVAL_TUMOUR_LABELS, &e->tumour_regions, overlap | lesion, &ec.real_tumour,
                      &ec.synth_tumour);
  if (!st && labels)
    st = compare_maps(&ec, EVAL_ANATOMY_LABELS, &e->anatomy_regions, overlap, &ec.real_anatomy,
                      &ec.synth_anatomy);
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
  if (st) return vg_fail_in(st, "subject %s", id);
  size_t done = __atomic_add_fetch(&study->done, 1, __ATOMIC_RELAXED);
  vg_progress("eval: %zu of %zu subjects", done, study->evaluation->n_cases);
  return VG_OK;
}

vg_status vg_eval_all(eval_study *s) {
  size_t n = s->evaluation->n_cases;
  vg_status st = VG_OK;
  /* With few cases the threads work within one, as nested calls would not. */
  if (2 * n > (size_t)vg_threads()) {
    st = vg_parallel(n, measure_case, s);
  } else {
    for (size_t i = 0; i < n && !st; i++) st = measure_case(s, i);
  }
  vg_progress_end();
  return st;
}
