/* subject_maps.c: reads the label maps of a case, and computes distances to the surfaces of labelled regions.
 */
#include "eval/read/subject_maps.h"

#include <math.h>
#include <string.h>
#include "grid/regrid.h"
#include "grid/grid.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "base/number/extent.h"
#include "base/whole.h"

void vg_eval_map_release(eval_map *m) {
  vg_free(m->data);
  m->data = NULL;
}

/* Resamples the map to the grid of the file `like` if the grids differ. like may be NULL. */
static vg_status fit(vg_labelmap *map, const char *path, const char *like) {
  vg_volume_header info;
  if (!like) return VG_OK;
  vg_status st = vg_volume_info(like, &info);
  if (st) return st;
  vg_geometry_canonicalise(&info.geo);
  if (!vg_geometry_same(&map->geo, path, &info.geo, like, vg_geometry_tolerance(&info.geo))) return VG_OK;
  vg_error_clear();
  st = vg_labelmap_regrid(map, &info.geo);
  return st == VG_DATA ? vg_fail_in(st, "%s", path) : st;
}

static vg_status read_map(const char *path, const vg_scheme *scheme, const vg_classes *classes, vg_role role,
                          const char *like, eval_map *out) {
  vg_labelmap map = {0};
  uint8_t *table = NULL;
  vg_status st = VG_OK;
  if (!path) return VG_OK;
  if (!scheme->n)
    return vg_fail(VG_CONFIG, "%s: its layout names no label scheme; name one with --%s-scheme", path,
                   vg_role_name(role));
  if ((st = vg_volume_read_labels(path, &map, NULL))) goto out;
  if ((st = vg_scheme_check(scheme, &map, path))) goto out;
  if ((st = vg_labelmap_canonicalise(&map))) goto out;
  if ((st = fit(&map, path, like))) goto out;
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
  if (st) vg_eval_map_release(out);
  return st;
}

vg_status vg_eval_map_read(const char *path, const vg_scheme *scheme, const vg_classes *classes, vg_role role,
                           eval_map *out) {
  return read_map(path, scheme, classes, role, NULL, out);
}

vg_status vg_eval_anatomy_read(const vg_dataset *ds, const vg_subject *s, const vg_classes *classes,
                               eval_map *out) {
  const vg_source *source = &ds->sources[s->source];
  const char *like = s->tumour;
  for (int i = 0; i < ds->series.n && !like; i++) like = s->series[i];
  return read_map(s->anatomy, &source->anatomy_scheme, classes, VG_ROLE_ANATOMY, source->regrid ? like : NULL,
                  out);
}

vg_status vg_eval_surface(const eval_map *map, const uint8_t *member, double reach, vg_surface *out) {
  const int *dim = map->geo.dim;
  double mm[3], least = (double)INFINITY;
  size_t n = vg_geometry_voxels(&map->geo);
  uint8_t *mask = vg_malloc(n, 1), *box = NULL;
  vg_status st = VG_OK;
  memset(out, 0, sizeof *out);
  if (!mask) return VG_MEMORY;
  vg_geometry_spacing(&map->geo, mm);
  for (int d = 0; d < 3; d++) least = fmin(least, mm[d]);
  for (size_t i = 0; i < n; i++) mask[i] = member[map->data[i]];
  /* Half a voxel more, because the surface lies between voxels. */
  if (!vg_mask_box(mask, dim, vg_int_of(reach / least + 0.5) + 1, out->lo, out->extent)) goto out;
  size_t inside = vg_extent_voxels(out->extent);
  box = vg_malloc(inside, 1);
  out->distance = vg_malloc(inside, sizeof *out->distance);
  if (!box || !out->distance) {
    st = VG_MEMORY;
    goto out;
  }
  uint8_t *to = box;
  for (int z = 0; z < out->extent[2]; z++) {
    for (int y = 0; y < out->extent[1]; y++, to += out->extent[0]) {
      size_t row = (size_t)(out->lo[2] + z) * (size_t)dim[1] + (size_t)(out->lo[1] + y);
      memcpy(to, mask + row * (size_t)dim[0] + out->lo[0], (size_t)out->extent[0]);
    }
  }
  st = vg_signed_distance(box, out->extent, mm, out->distance);
out:
  vg_free(mask);
  vg_free(box);
  if (st) vg_eval_surface_release(out);
  return st;
}

void vg_eval_surface_release(vg_surface *s) {
  vg_free(s->distance);
  s->distance = NULL;
}
