/* evaluate_case.c: one pair of cases: label maps to regions, intensities to [-1, 1], metrics to a row of
 * values. */
#include "eval/evaluate_case.h"

#include <math.h>
#include <string.h>
#include "base/simd.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"
#include "voxgan/nifti.h"
#include "voxgan/pool.h"
#include "voxgan/prep.h"

/* Label maps of a case as class index + 1; NULL where there is none. */
typedef struct case_maps {
  uint8_t *data;
  vg_geometry geo;
  const char *path;
} case_maps;

static void maps_release(case_maps *m) {
  vg_free(m->data);
  m->data = NULL;
}

static vg_status read_map(const char *path, const vg_scheme *scheme, const vg_classes *classes, vg_role role,
                          case_maps *out) {
  vg_labelmap map = {0};
  uint8_t *table = NULL;
  vg_status st = VG_OK;
  if (!path) return VG_OK;
  if (!scheme->n)
    return vg_fail(VG_CONFIG, "%s: its layout names no label scheme; name one with --%s-scheme", path,
                   vg_role_name(role));
  if ((st = vg_nifti_read_labels(path, &map, NULL))) goto out;
  if ((st = vg_scheme_check(scheme, &map, path))) goto out;
  if ((st = vg_labelmap_canonicalise(&map))) goto out;
  size_t n = vg_geometry_voxels(&map.geo);
  table = vg_malloc(65536, 1);
  out->data = vg_malloc(n, 1);
  if (!table || !out->data) {
    st = VG_MEMORY;
    goto out;
  }
  if ((st = vg_classes_table(classes, scheme, role, table))) {
    st = vg_fail_in(st, "%s", path);
    goto out;
  }
  for (size_t i = 0; i < n; i++) out->data[i] = table[map.data[i]];
  out->geo = map.geo;
  out->path = path;
out:
  vg_labelmap_release(&map);
  vg_free(table);
  if (st) maps_release(out);
  return st;
}

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

static vg_status same_grid_as_map(const vg_geometry *geo, const char *path, const case_maps *map) {
  return map->data ? same_grid(geo, path, &map->geo, map->path) : VG_OK;
}

/* ---- values ---- */

/* The k-th smallest (Hoare's FIND with a median of three); what is smaller ends up before it. */
static float select_kth(float *v, size_t n, size_t kth) {
  ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1, k = (ptrdiff_t)kth;
  while (lo < hi) {
    float a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi];
    float pivot = fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
    ptrdiff_t i = lo, j = hi;
    do {
      while (v[i] < pivot) i++;
      while (pivot < v[j]) j--;
      if (i > j) break;
      float t = v[i];
      v[i++] = v[j];
      v[j--] = t;
    } while (i <= j);
    if (j < k) lo = i;
    if (k < i) hi = j;
  }
  return v[k];
}

float vg_eval_percentile_f32(float *values, size_t n, double p) {
  double at = p / 100 * (double)(n - 1);
  size_t k = (size_t)at;
  float low = select_kth(values, n, k);
  if (k + 1 == n) return low;
  float next = values[k + 1];
  for (size_t i = k + 2; i < n; i++) next = fminf(next, values[i]);
  return (float)((double)low + (at - (double)k) * ((double)next - (double)low));
}

static vg_status robust_range(const vg_volume *vol, const uint8_t *cells, size_t n, float *lo, float *hi) {
  size_t inside = 0;
  for (size_t i = 0; i < n; i++) inside += cells[i] != 0;
  float *values = vg_malloc(inside, sizeof *values);
  if (!values) return VG_MEMORY;
  inside = 0;
  for (size_t i = 0; i < n; i++) {
    if (cells[i]) values[inside++] = vol->data[i];
  }
  *lo = vg_eval_percentile_f32(values, inside, 0.5);
  *hi = vg_eval_percentile_f32(values, inside, 99.5);
  vg_free(values);
  return VG_OK;
}

VG_HOT static void to_unit_range(float *v, const uint8_t *cells, size_t n, float lo, float hi) {
  /* A constant volume (a generator that has collapsed) lands in the middle. Outside the brain all is -1, as
   * in prepared data: windows at the brain's edge must not feel how a file writes its background. */
  float scale = hi > lo ? 2 / (hi - lo) : 0, shift = hi > lo ? -1 : 0;
  for (size_t i = 0; i < n; i++) {
    float x = (v[i] - lo) * scale + shift;
    x = x < -1 ? -1 : x;
    x = x > 1 ? 1 : x;
    v[i] = cells[i] ? x : -1;
  }
}

/* ---- a case ---- */

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

static vg_status run_metrics(const eval_study *study, size_t index, vg_metric_kind kind, const char *series,
                             const vg_metric_input *in) {
  vg_evaluation *e = study->evaluation;
  const vg_metric_row *row;
  for (int i = 0; (row = vg_metric_at(i)); i++) {
    if (row->metric->kind != kind || !vg_metric_in_suites(row->metric, e->suites)) continue;
    double values[VG_REGIONS_MAX];
    vg_status st = row->metric->compute(in, values);
    if (st) return vg_fail_in(st, "%s", row->name);
    store(e, index, series, in->regions, row, values);
  }
  return VG_OK;
}

static void set_grid(vg_metric_input *in, const vg_geometry *geo) {
  memcpy(in->dim, geo->dim, sizeof in->dim);
  vg_geometry_spacing(geo, in->spacing);
}

static vg_status compare_maps(eval_study *study, size_t index, const char *series, const vg_regions *regions,
                              const case_maps *real, const case_maps *synth) {
  if (!real->data || !synth->data) return VG_OK;
  vg_status st = same_grid(&synth->geo, synth->path, &real->geo, real->path);
  if (st) return st;
  if (memcmp(real->data, synth->data, vg_geometry_voxels(&real->geo)) != 0)
    __atomic_store_n(&study->maps_differ, true, __ATOMIC_RELAXED);
  vg_metric_input in = {.regions = regions, .real_labels = real->data, .synth_labels = synth->data};
  set_grid(&in, &real->geo);
  return run_metrics(study, index, VG_METRIC_OVERLAP, series, &in);
}

/* Cells of one series: the brain from the anatomy map or from the real volume, the tumour on top. */
static vg_status make_cells(const vg_volume *real, const char *path, const case_maps *tumour,
                            const case_maps *anatomy, uint8_t *cells) {
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
  return inside ? VG_OK : vg_fail(VG_DATA, "%s: no brain: its label maps are empty", path);
}

bool vg_eval_recorded_range(const vg_evaluation *e, const char *series, float *lo, float *hi) {
  const vg_json *range = vg_json_get(vg_json_get(vg_json_get(e->recorded, "voxgan"), "ranges"), series);
  *lo = (float)vg_json_number(vg_json_get(range, "lo"), 0);
  *hi = (float)vg_json_number(vg_json_get(range, "hi"), 0);
  return *hi > *lo;
}

static vg_status normalise(const vg_evaluation *e, const char *series, vg_volume *real, const char *real_path,
                           vg_volume *synth, const uint8_t *cells, double *range) {
  size_t n = vg_geometry_voxels(&real->geo);
  float lo, hi;
  vg_status st = robust_range(real, cells, n, &lo, &hi);
  if (st) return st;
  if (!(hi > lo)) return vg_fail(VG_DATA, "%s: every voxel of the brain is %g", real_path, (double)lo);
  *range = 2;
  if (e->normalise == VG_NORMALISE_NONE) {
    *range = (double)hi - (double)lo;
    return VG_OK;
  }
  to_unit_range(real->data, cells, n, lo, hi);
  if (e->normalise == VG_NORMALISE_EACH && !vg_eval_recorded_range(e, series, &lo, &hi) &&
      (st = robust_range(synth, cells, n, &lo, &hi)))
    return st;
  to_unit_range(synth->data, cells, n, lo, hi);
  return VG_OK;
}

static vg_status compare_series(eval_study *study, size_t index, const char *series, const char *real_path,
                                const char *synth_path, const case_maps *tumour, const case_maps *anatomy) {
  vg_evaluation *e = study->evaluation;
  vg_volume real = {0}, synth = {0};
  vg_metric_input in = {.regions = &e->image_regions};
  uint8_t *cells = NULL;
  vg_status st;
  if ((st = read_volume(real_path, &real)) || (st = read_volume(synth_path, &synth))) goto out;
  if ((st = same_grid(&synth.geo, synth_path, &real.geo, real_path))) goto out;
  if ((st = same_grid_as_map(&real.geo, real_path, tumour))) goto out;
  if ((st = same_grid_as_map(&real.geo, real_path, anatomy))) goto out;
  cells = vg_malloc(vg_geometry_voxels(&real.geo), 1);
  if (!cells) {
    st = VG_MEMORY;
    goto out;
  }
  if ((st = make_cells(&real, real_path, tumour, anatomy, cells))) goto out;
  if ((st = normalise(e, series, &real, real_path, &synth, cells, &in.range))) goto out;
  set_grid(&in, &real.geo);
  in.real = real.data;
  in.synth = synth.data;
  in.cells = cells;
  st = run_metrics(study, index, VG_METRIC_IMAGE, series, &in);
out:
  vg_volume_release(&real);
  vg_volume_release(&synth);
  vg_free(cells);
  return st;
}

static const char *series_path(const vg_dataset *ds, const vg_subject *s, const char *name) {
  int i = vg_series_find(&ds->series, name);
  return i < 0 ? NULL : s->series[i];
}

static bool wants_kind(const vg_evaluation *e, vg_metric_kind kind) {
  for (size_t g = 0; g < e->n_groups; g++) {
    if (e->groups[g].metric->metric->kind == kind) return true;
  }
  return false;
}

static vg_status measure(eval_study *study, size_t index) {
  vg_evaluation *e = study->evaluation;
  const vg_subject *real = study->pairs[index].real, *synth = study->pairs[index].synth;
  const vg_source *rs = &study->real.sources[real->source], *ss = &study->synth.sources[synth->source];
  case_maps rt = {0}, ra = {0}, st_map = {0}, sa = {0};
  bool overlap = wants_kind(e, VG_METRIC_OVERLAP);
  vg_status st;
  if ((st = read_map(real->tumour, &rs->tumour_scheme, &study->tumour, VG_ROLE_TUMOUR, &rt))) goto out;
  if ((st = read_map(real->anatomy, &rs->anatomy_scheme, &study->anatomy, VG_ROLE_ANATOMY, &ra))) goto out;
  if (overlap || !rt.data) {
    if ((st = read_map(synth->tumour, &ss->tumour_scheme, &study->tumour, VG_ROLE_TUMOUR, &st_map))) goto out;
  }
  if (overlap || !ra.data) {
    if ((st = read_map(synth->anatomy, &ss->anatomy_scheme, &study->anatomy, VG_ROLE_ANATOMY, &sa))) goto out;
  }
  if (overlap) {
    if ((st = compare_maps(study, index, EVAL_TUMOUR_LABELS, &e->tumour_regions, &rt, &st_map))) goto out;
    if ((st = compare_maps(study, index, EVAL_ANATOMY_LABELS, &e->anatomy_regions, &ra, &sa))) goto out;
  }
  if (!wants_kind(e, VG_METRIC_IMAGE)) goto out;
  const case_maps *tumour = rt.data ? &rt : &st_map, *anatomy = ra.data ? &ra : &sa;
  for (int i = 0; i < study->real.series.n; i++) {
    const char *name = study->real.series.names[i];
    const char *real_path = series_path(&study->real, real, name);
    const char *synth_path = series_path(&study->synth, synth, name);
    if (!real_path || !synth_path) continue;
    if (vg_interrupted()) {
      st = vg_fail(VG_INTERRUPTED, "interrupted");
      goto out;
    }
    if ((st = compare_series(study, index, name, real_path, synth_path, tumour, anatomy))) goto out;
  }
out:
  maps_release(&rt);
  maps_release(&ra);
  maps_release(&st_map);
  maps_release(&sa);
  return st;
}

vg_status vg_eval_case(void *arg, size_t index) {
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
