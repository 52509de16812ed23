/* subject_images.c: reads, checks and normalises the files of a pair of subjects. */
#include "eval/read/subject_images.h"

#include "base/mem.h"
#include "eval/read/intensity.h"
#include "voxgan/volume.h"
#include "prep/range.h"
#include "prep/prep.h"
#include "base/number/extent.h"

vg_status vg_eval_same_grid(const vg_geometry *a, const char *path_a, const vg_geometry *b,
                            const char *path_b) {
  return vg_geometry_same(a, path_a, b, path_b, vg_geometry_tolerance(b));
}

vg_status vg_eval_maps_read(const eval_study *s, const eval_pair *pair, bool both, eval_maps *m) {
  const vg_subject *real = pair->real, *synth = pair->synth;
  const vg_source *rs = &s->real.sources[real->source], *ss = &s->synth.sources[synth->source];
  vg_status st =
      vg_eval_map_read(real->tumour, &rs->tumour_scheme, &s->tumour, VG_ROLE_TUMOUR, &m->real_tumour);
  if (!st) st = vg_eval_anatomy_read(&s->real, real, &s->anatomy, &m->real_anatomy);
  if (!st && (both || !m->real_tumour.data))
    st = vg_eval_map_read(synth->tumour, &ss->tumour_scheme, &s->tumour, VG_ROLE_TUMOUR, &m->synth_tumour);
  if (!st && (both || !m->real_anatomy.data))
    st = vg_eval_anatomy_read(&s->synth, synth, &s->anatomy, &m->synth_anatomy);
  m->tumour = m->real_tumour.data ? &m->real_tumour : &m->synth_tumour;
  m->anatomy = m->real_anatomy.data ? &m->real_anatomy : &m->synth_anatomy;
  return st;
}

void vg_eval_maps_release(eval_maps *m) {
  vg_eval_map_release(&m->real_tumour);
  vg_eval_map_release(&m->real_anatomy);
  vg_eval_map_release(&m->synth_tumour);
  vg_eval_map_release(&m->synth_anatomy);
}

const char *vg_eval_series_path(const vg_dataset *ds, const vg_subject *s, const char *series) {
  int i = vg_series_find(&ds->series, series);
  return i < 0 ? NULL : s->series[i];
}

/* Marks the brain's voxels outside the tumour that are within the band's width of it. */
static void mark_band(const vg_surface *s, const int dim[3], double width, uint8_t *cells) {
  const float *distance = s->distance;
  if (!distance) return;
  for (int z = 0; z < s->extent[2]; z++) {
    for (int y = 0; y < s->extent[1]; y++, distance += s->extent[0]) {
      uint8_t *row = cells + vg_extent_index(dim, 0, s->lo[1] + y, s->lo[2] + z) + s->lo[0];
      for (int x = 0; x < s->extent[0]; x++) {
        if (row[x] == EVAL_CELL_BRAIN && (double)distance[x] <= width) row[x] = EVAL_CELL_BAND;
      }
    }
  }
}

/* Makes the cells of one series: the brain, from the anatomy map or the real volume, then the tumour and the
 * band around it on top. */
static vg_status make_cells(const vg_eval *e, const eval_maps *maps, const vg_surface *surface,
                            const vg_volume *real, const char *path, uint8_t *cells) {
  const eval_map *tumour = maps->tumour, *anatomy = maps->anatomy;
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
  if (surface) mark_band(surface, real->geo.dim, e->band, cells);
  return VG_OK;
}

static vg_status read_volume(const char *path, vg_volume *out) {
  vg_status st = vg_volume_read(path, out, NULL);
  if (!st) st = vg_volume_canonicalise(out);
  return st;
}

static vg_status same_grid_as_map(const vg_geometry *geo, const char *path, const eval_map *map) {
  return map->data ? vg_eval_same_grid(geo, path, &map->geo, map->path) : VG_OK;
}

/* Scales both images to [-1, 1] as e->normalise requires. range: of the scaled values. */
static vg_status normalise(const vg_eval *e, const char *series, vg_volume *real, const char *real_path,
                           vg_volume *synth, const uint8_t *cells, double *range) {
  size_t n = vg_geometry_voxels(&real->geo);
  float lo, hi;
  vg_status st = vg_eval_intensity_range(real, cells, &lo, &hi);
  if (st) return st;
  if (!vg_range_spans((double)lo, (double)hi))
    return vg_fail(VG_DATA, "%s: every voxel of the brain is %g", real_path, (double)lo);
  *range = 2;
  if (e->normalise == VG_NORMALISE_NONE) {
    *range = (double)hi - (double)lo;
    return VG_OK;
  }
  vg_eval_intensity_to_unit(real->data, cells, n, lo, hi);
  if (e->normalise == VG_NORMALISE_EACH && !vg_eval_intensity_recorded(e->recorded, series, &lo, &hi) &&
      (st = vg_eval_intensity_range(synth, cells, &lo, &hi)))
    return st;
  vg_eval_intensity_to_unit(synth->data, cells, n, lo, hi);
  return VG_OK;
}

vg_status vg_eval_images_read(const vg_eval *e, const char *series, const char *real_path,
                              const char *synth_path, const eval_maps *maps, const vg_surface *surface,
                              eval_images *m) {
  vg_status st;
  if ((st = read_volume(real_path, &m->real)) || (st = read_volume(synth_path, &m->synth))) return st;
  if ((st = vg_eval_same_grid(&m->synth.geo, synth_path, &m->real.geo, real_path))) return st;
  if ((st = same_grid_as_map(&m->real.geo, real_path, maps->tumour))) return st;
  if ((st = same_grid_as_map(&m->real.geo, real_path, maps->anatomy))) return st;
  m->cells = vg_malloc(vg_geometry_voxels(&m->real.geo), 1);
  if (!m->cells) return VG_MEMORY;
  if ((st = make_cells(e, maps, surface, &m->real, real_path, m->cells))) return st;
  return normalise(e, series, &m->real, real_path, &m->synth, m->cells, &m->range);
}

void vg_eval_images_release(eval_images *m) {
  vg_volume_release(&m->real);
  vg_volume_release(&m->synth);
  vg_free(m->cells);
  m->cells = NULL;
}
