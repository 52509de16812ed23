/* site.c: the voxels where a tumour may lie, and points drawn from them. */
#include "edit/lesion/site.h"

#include <math.h>
#include <string.h>

#include "grid/grid.h"
#include "label/class_words.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/whole.h"

/* ---- the mask ---- */

/* Distances to a mask, in a box around it. */
typedef struct surroundings {
  int lo[3], n[3];
  float *distance; /* (Z, Y, X) of the box; NULL for an empty mask */
} surroundings;

static size_t grid_row(const vg_geometry *geo, const surroundings *s, size_t row) {
  size_t y = (size_t)s->lo[1] + row % (size_t)s->n[1], z = (size_t)s->lo[2] + row / (size_t)s->n[1];
  return (z * (size_t)geo->dim[1] + y) * (size_t)geo->dim[0] + (size_t)s->lo[0];
}

static vg_status survey(const vg_geometry *geo, const uint8_t *mask, double reach, surroundings *s) {
  double mm[3];
  vg_geometry_spacing(geo, mm);
  s->distance = NULL;
  int margin = vg_int_of(reach / fmin(mm[0], fmin(mm[1], mm[2]))) + 1;
  if (!vg_mask_box(mask, geo->dim, margin, s->lo, s->n)) return VG_OK;
  size_t rows = (size_t)s->n[1] * (size_t)s->n[2], nx = (size_t)s->n[0];
  uint8_t *box = vg_malloc(rows, nx);
  s->distance = vg_malloc(rows * nx, sizeof *s->distance);
  vg_status st = box && s->distance ? VG_OK : VG_MEMORY;
  for (size_t row = 0; row < rows && !st; row++) memcpy(box + row * nx, mask + grid_row(geo, s, row), nx);
  if (!st) st = vg_distance(box, s->n, mm, s->distance);
  vg_free(box);
  if (st) vg_free(s->distance), s->distance = NULL;
  return st;
}

vg_status vg_site_keep_off(const vg_geometry *geo, const uint8_t *mask, double gap, uint8_t *allowed) {
  surroundings s;
  vg_status st = survey(geo, mask, gap, &s);
  if (st || !s.distance) return st;
  size_t nx = (size_t)s.n[0];
  for (size_t row = 0; row < (size_t)s.n[1] * (size_t)s.n[2]; row++) {
    const float *d = s.distance + row * nx;
    uint8_t *to = allowed + grid_row(geo, &s, row);
    for (size_t x = 0; x < nx; x++) to[x] &= d[x] > 0 && (double)d[x] >= gap;
  }
  vg_free(s.distance);
  return VG_OK;
}

vg_status vg_site_band(const vg_geometry *geo, const uint8_t *mask, double least, double most,
                       uint8_t *band) {
  surroundings s;
  memset(band, 0, vg_geometry_voxels(geo));
  vg_status st = survey(geo, mask, most, &s);
  if (st || !s.distance) return st;
  size_t nx = (size_t)s.n[0];
  for (size_t row = 0; row < (size_t)s.n[1] * (size_t)s.n[2]; row++) {
    const float *d = s.distance + row * nx;
    uint8_t *to = band + grid_row(geo, &s, row);
    for (size_t x = 0; x < nx; x++) to[x] = (double)d[x] >= least && (double)d[x] <= most;
  }
  vg_free(s.distance);
  return VG_OK;
}

typedef struct mask_work {
  const uint8_t *brain, *ventricles;
  uint8_t *allowed;
} mask_work;

static void mask_range(void *arg, size_t begin, size_t end) {
  const mask_work *w = arg;
  const uint8_t *restrict brain = w->brain, *restrict ventricles = w->ventricles;
  uint8_t *restrict allowed = w->allowed;
  for (size_t i = begin; i < end; i++) allowed[i] = brain[i] & (ventricles[i] ^ 1);
}

vg_status vg_site_allowed(const vg_maps *maps, const vg_site_rules *rules, const uint8_t *ventricles,
                          uint8_t *allowed) {
  size_t n = vg_geometry_voxels(&maps->geo);
  if (rules->anywhere || !ventricles)
    memcpy(allowed, maps->brain, n);
  else {
    mask_work w = {maps->brain, ventricles, allowed};
    vg_parallel_ranges(n, 1 << 16, mask_range, &w);
  }
  return rules->anywhere ? VG_OK : vg_site_keep_off(&maps->geo, maps->tumour, rules->gap, allowed);
}

/* ---- points ---- */

/* Tests voxels of a grid for a named region of the brain. */
typedef struct region {
  const vg_geometry *geo;
  const vg_brain_frame *frame;
  const char *name;       /* the region of the frame; NULL: anywhere in it */
  const uint8_t *anatomy; /* of a region that is a class; NULL: it is a region of the frame alone */
  uint8_t code;           /* 0: the map has no such class */
} region;

static const char *class_of(const char *name) {
  if (vg_starts_with(name, "left-")) return name + strlen("left-");
  return vg_starts_with(name, "right-") ? name + strlen("right-") : name;
}

/* The anatomy class of a region, or -1. */
static int find_class(const vg_maps *maps, const char *name) {
  const char *own = class_of(name);
  if (strcmp(own, VG_REGION_STEM) != 0 && strcmp(own, VG_REGION_CEREBELLUM) != 0) return -1;
  const int at = vg_classes_find(&maps->classes, own);
  return at >= 0 && maps->classes.roles[at] == VG_ROLE_ANATOMY ? at : -1;
}

static region region_of(const vg_maps *maps, const vg_brain_frame *frame, const char *name) {
  region r = {.geo = &maps->geo, .frame = frame, .name = strcmp(name, "any") ? name : NULL};
  const int at = find_class(maps, name);
  if (at < 0 && strcmp(name, VG_REGION_STEM) != 0) return r;
  r.anatomy = maps->anatomy;
  r.code = (uint8_t)(at + 1);
  r.name = class_of(name) == name          ? NULL
           : vg_starts_with(name, "left-") ? "left-hemisphere"
                                           : "right-hemisphere";
  return r;
}

static bool is_in(const region *r, size_t voxel, const double mm[3]) {
  if (r->anatomy && (!r->code || r->anatomy[voxel] != r->code)) return false;
  return !r->name || vg_frame_in_region(r->frame, r->name, mm);
}

static void centre_of(const vg_geometry *geo, size_t i, double mm[3]) {
  const size_t nx = (size_t)geo->dim[0], ny = (size_t)geo->dim[1];
  vg_affine_apply(&geo->affine, (double[]){(double)(i % nx), (double)(i / nx % ny), (double)(i / nx / ny)},
                  mm);
}

/* Also sets mm to the voxel's centre. */
static bool in_region(const region *r, size_t i, double mm[3]) {
  centre_of(r->geo, i, mm);
  return is_in(r, i, mm);
}

bool vg_site_is_in(const vg_maps *maps, const vg_brain_frame *frame, const char *name, size_t voxel,
                   const double mm[3]) {
  const region r = region_of(maps, frame, name);
  return is_in(&r, voxel, mm);
}

double vg_site_region_ml(const vg_maps *maps, const vg_brain_frame *frame, const char *name) {
  const region r = region_of(maps, frame, name);
  const size_t n = vg_geometry_voxels(&maps->geo);
  bool head[VG_CLASSES_MAX + 1];
  double mm[3];
  size_t in = 0;
  vg_class_head_table(&maps->classes, head);
  for (size_t i = 0; i < n; i++) in += maps->brain[i] && !head[maps->anatomy[i]] && in_region(&r, i, mm);
  return (double)in * vg_geometry_voxel_ml(&maps->geo);
}

/* VG_CONFIG: the region is a class that the maps do not have, so that no search can succeed. */
static vg_status region_check(const vg_maps *maps, const char *name) {
  if (strcmp(name, VG_REGION_STEM) != 0 || find_class(maps, name) >= 0) return VG_OK;
  return vg_fail(
      VG_CONFIG,
      "region %s: the hosts' anatomy maps have no class of that name (scheme freesurfer has); region "
      "cerebellum needs no map, and includes it",
      name);
}

static vg_status no_room(const char *name) {
  return vg_fail(VG_REFUSED, "no voxel of region %s is free for a tumour", name);
}

vg_status vg_site_draw(const vg_maps *maps, const uint8_t *allowed, const vg_brain_frame *frame,
                       const char *name, vg_rng *rng, double mm[3]) {
  vg_status known = region_check(maps, name);
  if (known) return known;
  region r = region_of(maps, frame, name);
  size_t n = vg_geometry_voxels(&maps->geo), free_voxels = 0;
  /* A few hundred draws hit nearly every region, so listing its voxels would waste time. */
  for (int draw = 0; draw < 20000; draw++) {
    size_t i = (size_t)vg_rng_below(rng, n);
    if (allowed[i] && in_region(&r, i, mm)) return VG_OK;
  }
  for (size_t i = 0; i < n; i++) free_voxels += allowed[i] && in_region(&r, i, mm);
  if (!free_voxels) return no_room(name);
  size_t chosen = (size_t)vg_rng_below(rng, free_voxels);
  for (size_t i = 0;; i++)
    if (allowed[i] && in_region(&r, i, mm) && !chosen--) return VG_OK;
}

vg_status vg_site_middle(const vg_maps *maps, const uint8_t *allowed, const vg_brain_frame *frame,
                         const char *name, const double near[3], double mm[3]) {
  vg_status known = region_check(maps, name);
  if (known) return known;
  region r = region_of(maps, frame, name);
  size_t n = vg_geometry_voxels(&maps->geo), count[2] = {0};
  double unit[3], sum[2][3] = {{0}}, middle[3], at[3], best = INFINITY;
  vg_frame_to_unit(frame, near, unit);
  bool right = unit[0] > 0;
  /* Every 7th voxel is enough to estimate the middle. Seven divides no usual width, so they scatter. */
  for (size_t i = 0; i < n; i += 7) {
    if (!maps->brain[i] || !in_region(&r, i, at)) continue;
    vg_frame_to_unit(frame, at, unit);
    int same = (unit[0] > 0) == right;
    count[same]++;
    for (int a = 0; a < 3; a++) sum[same][a] += at[a];
  }
  if (!count[0] && !count[1]) return no_room(name);
  int of = count[1] > 0;
  for (int a = 0; a < 3; a++) middle[a] = sum[of][a] / (double)count[of];
  for (size_t i = 0; i < n; i++) {
    if (!allowed[i]) continue;
    centre_of(&maps->geo, i, at);
    double d = 0;
    for (int a = 0; a < 3; a++) d += (at[a] - middle[a]) * (at[a] - middle[a]);
    if (d >= best || !in_region(&r, i, at)) continue;
    best = d;
    memcpy(mm, at, 3 * sizeof *mm);
  }
  return isfinite(best) ? VG_OK : no_room(name);
}
