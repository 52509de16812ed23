/* maps.c: reads the label maps of a subject as classes on one grid, and converts them back. */
#include "voxgan/maps.h"

#include <string.h>

#include "prep/clusters.h"
#include "prep/maps_read.h"
#include "prep/parts.h"
#include "grid/regrid.h"
#include "voxgan/log.h"
#include "base/mem.h"
#include "base/names.h"
#include "voxgan/volume.h"
#include "base/str.h"
#include "label/class_words.h"

#define VALUES 65536

/* ---- in memory ---- */

vg_status vg_maps_new(const vg_geometry *geo, const vg_classes *classes, vg_maps *out) {
  size_t n = vg_geometry_voxels(geo);
  memset(out, 0, sizeof *out);
  out->geo = out->native = *geo;
  out->xform_code = 1; /* a grid made here has world coordinates */
  out->classes = *classes;
  out->anatomy = vg_calloc(n, 1);
  out->tumour = vg_calloc(n, 1);
  out->brain = vg_calloc(n, 1);
  if (out->anatomy && out->tumour && out->brain) return VG_OK;
  vg_maps_release(out);
  return VG_MEMORY;
}

vg_status vg_maps_copy(const vg_maps *from, vg_maps *out) {
  vg_status st = vg_maps_new(&from->geo, &from->classes, out);
  if (st) return st;
  size_t n = vg_geometry_voxels(&from->geo);
  out->native = from->native;
  out->xform_code = from->xform_code;
  memcpy(out->anatomy, from->anatomy, n);
  memcpy(out->tumour, from->tumour, n);
  memcpy(out->brain, from->brain, n);
  return VG_OK;
}

void vg_maps_release(vg_maps *m) {
  vg_free(m->anatomy);
  vg_free(m->tumour);
  vg_free(m->kind);
  vg_free(m->brain);
  memset(m, 0, sizeof *m);
}

void vg_maps_merge_parts(vg_maps *m) {
  uint8_t code[VG_CLASSES_MAX + 1];
  vg_classes_merge_parts(&m->classes, &m->classes, code);
  const size_t n = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < n; i++) m->tumour[i] = code[m->tumour[i]];
}

/* Whether the only anatomy class stands for all anatomy. */
static bool brain_only(const vg_classes *c) {
  return vg_classes_count(c, VG_ROLE_ANATOMY) == 1 && vg_classes_find(c, VG_CLASS_BRAIN) >= 0;
}

vg_status vg_maps_join(const vg_maps *m, const vg_classes *to, uint8_t *klass) {
  uint8_t table[VG_CLASSES_MAX + 1] = {0};
  bool known[VG_CLASSES_MAX + 1] = {true}, seen[VG_CLASSES_MAX + 1] = {false};
  bool tumour = vg_classes_count(to, VG_ROLE_TUMOUR) > 0;
  for (int k = 0; k < m->classes.n; k++) {
    bool anatomy = m->classes.roles[k] == VG_ROLE_ANATOMY;
    int at = vg_classes_find(to, anatomy && brain_only(to) ? VG_CLASS_BRAIN : m->classes.names[k]);
    known[k + 1] = at >= 0 || (!anatomy && !tumour) || (anatomy && !vg_classes_count(to, VG_ROLE_ANATOMY));
    table[k + 1] = (uint8_t)(at + 1);
  }
  size_t n = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < n; i++) {
    uint8_t a = m->anatomy[i], t = m->tumour[i], k = t && tumour ? t : a;
    seen[k] = true;
    klass[i] = table[k];
  }
  for (int k = 1; k <= m->classes.n; k++)
    if (seen[k] && !known[k]) {
      vg_str names = VG_STR_INIT;
      vg_names_join(VG_NAMES_INSIDE(to->names, to->n), &names);
      vg_status st = vg_fail(VG_DATA, "the model knows %s; the labels have %s (%s)", vg_str_text(&names),
                             m->classes.names[k - 1], vg_role_name(m->classes.roles[k - 1]));
      vg_str_release(&names);
      return st;
    }
  return VG_OK;
}

vg_status vg_maps_labels(const vg_maps *m, vg_role role, const vg_scheme *scheme, vg_labelmap *out) {
  int value[VG_CLASSES_MAX + 1] = {0};
  const uint8_t *from = role == VG_ROLE_TUMOUR ? m->tumour : m->anatomy;
  for (int k = 0; k < m->classes.n; k++) {
    value[k + 1] = -1;
    for (int i = 0; i < scheme->n && value[k + 1] < 0; i++)
      if (scheme->labels[i].role == role && !strcmp(scheme->labels[i].name, m->classes.names[k]))
        value[k + 1] = scheme->labels[i].value;
  }
  vg_status st = vg_labelmap_new(&m->geo, out);
  if (st) return st;
  size_t n = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < n; i++) {
    int v = value[from[i]];
    if (v < 0) {
      st = vg_fail(VG_DATA, "scheme %s has no label for class %s", scheme->name,
                   m->classes.names[from[i] - 1]);
      vg_labelmap_release(out);
      return st;
    }
    out->data[i] = (uint16_t)v;
  }
  return vg_labelmap_to_geometry(out, &m->native);
}

/* ---- from files ---- */

/* Stores the first file's grid, or compares a later file with it. VG_DATA: grids differ; the message names
 * both files. A message about stored geometries explains more, but two files may store the same grid in
 * different orientations. */
static vg_status grid_check(vg_case_grid *g, const char *path, const vg_geometry *stored,
                            const vg_geometry *ras, int xform_code) {
  if (!g->path) {
    *g = (vg_case_grid){path, *stored, *ras, xform_code};
    return VG_OK;
  }
  char a[4], b[4];
  vg_geometry_orientation(stored, a);
  vg_geometry_orientation(&g->stored, b);
  bool alike = strcmp(a, b) == 0;
  return vg_geometry_same(alike ? stored : ras, path, alike ? &g->stored : &g->ras, g->path,
                          vg_geometry_tolerance(&g->ras));
}

vg_status vg_case_read_series(vg_case_grid *g, const char *path, vg_volume *out) {
  vg_volume_header info;
  vg_status st = vg_volume_read(path, out, &info);
  vg_geometry stored = out->geo;
  if (!st) st = vg_volume_canonicalise(out);
  return st ? st : grid_check(g, path, &stored, &out->geo, info.xform_code);
}

/* A class that is divided has the code of its first part. */
static vg_status tumour_table(const vg_classes *classes, const vg_scheme *scheme, uint8_t *table) {
  vg_classes whole;
  uint8_t merged[VG_CLASSES_MAX + 1], first[VG_CLASSES_MAX + 1] = {0};
  vg_classes_merge_parts(classes, &whole, merged);
  for (int k = classes->n; k > 0; k--) first[merged[k]] = (uint8_t)k;
  vg_status st = vg_classes_table(&whole, scheme, VG_ROLE_TUMOUR, table);
  for (int v = 0; v < VALUES && !st; v++) table[v] = first[table[v]];
  return st;
}

/* by_role[role][value] is the code of the class. */
static vg_status code_tables(const vg_classes *classes, const vg_scheme *scheme, uint8_t *anatomy,
                             uint8_t *tumour) {
  vg_status st = VG_OK;
  vg_clusters clusters;
  /* Anatomy that a map shows has no part in clusters of intensities. */
  const bool unused =
      vg_classes_clusters(classes, &clusters) && !vg_scheme_has_class(scheme, classes->names[0]);
  memset(anatomy, 0, VALUES);
  memset(tumour, 0, VALUES);
  if (!unused && vg_scheme_has_role(scheme, VG_ROLE_ANATOMY) && vg_classes_count(classes, VG_ROLE_ANATOMY)) {
    if (brain_only(classes)) {
      for (int i = 0; i < scheme->n; i++)
        if (scheme->labels[i].role == VG_ROLE_ANATOMY)
          memset(anatomy + scheme->labels[i].value, vg_classes_find(classes, VG_CLASS_BRAIN) + 1,
                 (size_t)scheme->labels[i].more + 1);
    } else {
      st = vg_classes_table(classes, scheme, VG_ROLE_ANATOMY, anatomy);
    }
  }
  if (!st && vg_scheme_has_role(scheme, VG_ROLE_TUMOUR) && vg_classes_count(classes, VG_ROLE_TUMOUR))
    st = tumour_table(classes, scheme, tumour);
  return st;
}

vg_status vg_prep_add_kinds(vg_prep_settings *settings, const vg_scheme *scheme) {
  uint8_t *anatomy = vg_malloc(3 * VALUES, 1);
  if (!anatomy) return VG_MEMORY;
  uint8_t *tumour = anatomy + VALUES;
  vg_status st = code_tables(&settings->classes, scheme, anatomy, tumour);
  if (!st) st = vg_kinds_table(&settings->kinds, &settings->contrasts, anatomy, tumour + VALUES);
  for (int v = 1; v < VALUES && !st; v++) {
    uint8_t kind;
    if (tumour[v]) st = vg_kinds_of_class(&settings->kinds, tumour[v] - 1, &kind);
  }
  bool head[VG_CLASSES_MAX + 1];
  vg_class_head_table(&settings->classes, head);
  for (int i = 1; i <= settings->kinds.n; i++) settings->kinds.outside[i] = head[settings->kinds.klass[i]];
  vg_free(anatomy);
  return st;
}

/* Makes the arrays once the first file has set the grid. */
static vg_status begin(const vg_case_grid *grid, const vg_prep_settings *s, vg_maps *m) {
  if (m->brain) return VG_OK;
  vg_status st = vg_maps_new(&grid->ras, &s->classes, m);
  if (!st && s->synthetic && !(m->kind = vg_calloc(vg_geometry_voxels(&grid->ras), 1))) st = VG_MEMORY;
  m->native = grid->stored;
  m->xform_code = grid->xform_code;
  return st;
}

/* The grid of an image, to which label maps on another grid are resampled. */
static vg_status grid_of_series(const char *path, vg_case_grid *grid) {
  vg_volume_header info;
  vg_status st = vg_volume_info(path, &info);
  vg_geometry ras = info.geo;
  if (!st) vg_geometry_canonicalise(&ras);
  return st ? st : grid_check(grid, path, &info.geo, &ras, info.xform_code);
}

/* Resamples a map to the case's grid if that differs. VG_DATA: no label lies within it. */
static vg_status fit_map(const char *path, const vg_case_grid *grid, vg_labelmap *map, vg_geometry *stored) {
  if (!grid->path ||
      !vg_geometry_same(&map->geo, path, &grid->ras, grid->path, vg_geometry_tolerance(&grid->ras)))
    return VG_OK;
  vg_debug("%s; resampling its labels to that grid, each voxel taking the nearest", vg_error());
  vg_error_clear();
  vg_status st = vg_labelmap_regrid(map, &grid->ras);
  if (st) return st == VG_DATA ? vg_fail_in(st, "%s", path) : st;
  *stored = map->geo;
  size_t n = vg_geometry_voxels(&map->geo), i = 0;
  while (i < n && !map->data[i]) i++;
  return i < n ? VG_OK
               : vg_fail(VG_DATA, "%s: none of its labels lies within the grid of %s", path, grid->path);
}

/* The kinds of a map's voxels. Those of tumour come before those of anatomy. */
static vg_status add_kinds(const vg_labelmap *map, const vg_prep_settings *s, const uint8_t *anatomy,
                           const uint8_t *tumour, vg_maps *m) {
  vg_kinds known = s->kinds;
  uint8_t *kind = vg_malloc(VALUES, 1);
  vg_status st = kind ? vg_kinds_table(&known, &s->contrasts, anatomy, kind) : VG_MEMORY;
  for (int v = 1; v < VALUES && !st; v++)
    if (tumour[v]) st = vg_kinds_of_class(&known, tumour[v] - 1, &kind[v]);
  if (!st && known.n != s->kinds.n) VG_BUG("a kind of voxels that vg_prep_add_kinds was not told of");
  const size_t n = vg_geometry_voxels(&map->geo);
  for (size_t i = 0; i < n && !st; i++)
    if (tumour[map->data[i]] || !m->kind[i]) m->kind[i] = kind[map->data[i]];
  vg_free(kind);
  return st;
}

static vg_status read_map(const char *path, const vg_scheme *scheme, const vg_prep_settings *s, bool regrid,
                          vg_case_grid *grid, uint8_t *table, vg_maps *m) {
  vg_labelmap map = {0};
  vg_volume_header info;
  uint8_t *anatomy = table, *tumour = table + VALUES;
  vg_status st = vg_volume_read_labels(path, &map, &info);
  vg_geometry stored = map.geo;
  if (!st) st = vg_labelmap_canonicalise(&map);
  if (!st) st = vg_scheme_check_with(scheme, s->synthetic ? &s->contrasts : NULL, &map, path);
  if (!st && regrid) st = fit_map(path, grid, &map, &stored);
  if (!st) st = grid_check(grid, path, &stored, &map.geo, info.xform_code);
  if (!st) st = begin(grid, s, m);
  if (st) goto out;
  st = code_tables(&s->classes, scheme, anatomy, tumour);
  if (st) {
    vg_fail_in(st, "%s", path);
    goto out;
  }
  size_t n = vg_geometry_voxels(&map.geo);
  for (size_t i = 0; i < n; i++) {
    uint16_t value = map.data[i];
    if (!value) continue;
    m->brain[i] = 1;
    if (tumour[value]) m->tumour[i] = tumour[value];
    if (anatomy[value] && !m->anatomy[i]) m->anatomy[i] = anatomy[value];
  }
  if (m->kind) st = add_kinds(&map, s, anatomy, tumour, m);
out:
  vg_labelmap_release(&map);
  return st;
}

/* Which series of the clusters input i is; -1: none. */
static int cluster_series(const vg_case_inputs *in, int i) {
  for (int k = 0; k < in->clusters.n_series; k++)
    if (in->of[k] == i) return k;
  return -1;
}

/* Adds the voxels of at least half of the series' masks. Drops all other voxels if only the masks count. */
static vg_status mask_from_series(const vg_case_inputs *in, const vg_prep_settings *s, vg_case_grid *grid,
                                  vg_volume *keep, vg_range *ranges, vg_maps *m) {
  uint8_t *mask = NULL, *votes = NULL;
  vg_volume read[VG_CLUSTER_SERIES_MAX]; /* where nobody keeps them */
  memset(read, 0, sizeof read);
  vg_status st = VG_OK;
  size_t n = 0;
  int voters = 0;
  for (int i = 0; i < in->n_series && !st; i++) {
    vg_volume vol = {0};
    if (!in->series[i]) continue;
    voters++;
    st = vg_case_read_series(grid, in->series[i], &vol);
    if (!st) st = begin(grid, s, m);
    if (!st && !mask) {
      n = vg_geometry_voxels(&m->geo);
      mask = vg_malloc(n, 1);
      votes = vg_calloc(n, 1);
      if (!mask || !votes) st = VG_MEMORY;
    }
    double background;
    const int cluster = cluster_series(in, i);
    if (!st) st = vg_brain_mask(&vol, in->series[i], mask, &background);
    for (size_t k = 0; k < n && !st; k++) votes[k] = (uint8_t)(votes[k] + mask[k]);
    if (!st && keep) {
      ranges[i].background = background;
      keep[i] = vol;
    } else if (!st && cluster >= 0) {
      read[cluster] = vol;
    } else {
      vg_volume_release(&vol);
    }
  }
  uint8_t brain = (uint8_t)(vg_classes_find(&s->classes, VG_CLASS_BRAIN) + 1);
  for (size_t k = 0; k < n && !st; k++) {
    const bool inside = 2 * votes[k] >= voters;
    if (inside) m->brain[k] = 1;
    if (!inside && in->mask_only) m->brain[k] = m->anatomy[k] = m->tumour[k] = 0;
    if (m->brain[k] && !m->anatomy[k]) m->anatomy[k] = brain;
  }
  const vg_volume *of[VG_CLUSTER_SERIES_MAX] = {NULL};
  const char *path[VG_CLUSTER_SERIES_MAX] = {NULL};
  for (int i = 0; i < in->clusters.n_series; i++) {
    of[i] = keep ? &keep[in->of[i]] : &read[i];
    path[i] = in->series[in->of[i]];
  }
  if (!st && in->clusters.n_series) st = vg_clusters_find(of, path, &in->clusters, m);
  for (int i = 0; i < VG_CLUSTER_SERIES_MAX; i++) vg_volume_release(&read[i]);
  vg_free(mask);
  vg_free(votes);
  return st;
}

static vg_status divide_tumour(const vg_case_inputs *in, vg_case_grid *grid, vg_maps *m) {
  vg_volume read[VG_CLUSTER_SERIES_MAX];
  const vg_volume *of[VG_CLUSTER_SERIES_MAX];
  memset(read, 0, sizeof read);
  vg_status st = VG_OK;
  for (int i = 0; i < in->parts.n_series; i++) {
    of[i] = &read[i];
    if (!st) st = vg_case_read_series(grid, in->part_series[i], &read[i]);
  }
  if (!st) st = vg_parts_find(of, &in->parts, m);
  for (int i = 0; i < in->parts.n_series; i++) vg_volume_release(&read[i]);
  return st;
}

vg_status vg_case_read_maps(const vg_dataset *ds, const vg_subject *subject, const vg_case_inputs *in,
                            const vg_prep_settings *s, vg_case_grid *grid, vg_volume *keep, vg_range *ranges,
                            vg_maps *out) {
  const vg_source *src = &ds->sources[subject->source];
  memset(out, 0, sizeof *out);
  uint8_t *table = vg_malloc(2 * VALUES, 1);
  vg_status st = table ? VG_OK : VG_MEMORY;
  /* Reads the tumour map first, because output is written in its geometry. */
  if (!st && in->tumour) st = read_map(in->tumour, &src->tumour_scheme, s, false, grid, table, out);
  if (!st && in->anatomy && src->regrid && !grid->path && in->n_series)
    st = grid_of_series(in->series[0], grid);
  if (!st && in->anatomy) st = read_map(in->anatomy, &src->anatomy_scheme, s, src->regrid, grid, table, out);
  if (!st && in->mask_from_series) st = mask_from_series(in, s, grid, keep, ranges, out);
  if (!st && in->parts.n_series) st = divide_tumour(in, grid, out);
  vg_free(table);
  if (st) vg_maps_release(out);
  return st;
}

vg_status vg_maps_read(const vg_dataset *ds, const vg_subject *subject, const vg_classes *classes,
                       vg_maps *out) {
  vg_prep_settings settings = {.classes = *classes};
  vg_case_inputs in;
  vg_case_grid grid = {0};
  memset(out, 0, sizeof *out);
  vg_status st = vg_case_inputs_of(ds, subject, &settings, &in);
  if (st) return st; /* its messages name the subject */
  st = vg_case_read_maps(ds, subject, &in, &settings, &grid, NULL, NULL, out);
  return st == VG_DATA ? vg_fail_in(st, "subject %s", subject->id) : st;
}
