/* sheet_case.c: reads the slices of one case of a contact sheet, and draws their tiles. */
#include "output/sheet/sheet_case.h"

#include <math.h>
#include <string.h>

#include "base/number/order_statistic.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "prep/prep.h"
#include "prep/range.h"
#include "base/whole.h"

#define VALUES 65536
#define MARGIN 3.0 /* mm shown around the brain */

void vg_sheet_case_release(vg_sheet_case *c) {
  vg_free(c->tumour.classes);
  vg_free(c->anatomy.classes);
  for (int i = 0; i < VG_SERIES_MAX; i++) vg_free(c->series[i].grey);
  memset(c, 0, sizeof *c);
}

/* ---- reading ---- */

typedef struct reading {
  const vg_source *source;
  const vg_classes *classes;
  vg_sheet_case *c;
  bool centred; /* c->centre is set */
} reading;

/* The first file that is not empty sets the slice, through its centre of mass. sums: of the voxel indices,
 * and the number of voxels. */
static void set_centre(reading *r, const vg_geometry *geo, const double sums[4]) {
  if (r->centred || !(sums[3] > 0)) return;
  double at[3], mm[3];
  for (int a = 0; a < 3; a++) at[a] = sums[a] / sums[3];
  vg_affine_apply(&geo->affine, at, r->c->centre);
  vg_geometry_spacing(geo, mm);
  for (int a = 0; a < 2; a++)
    for (int row = 0; row < 3; row++) r->c->across[a][row] = geo->affine.m[row][a] / mm[a];
  r->centred = true;
}

/* The slice nearest to the centre, in voxels of geo. */
static int slice_of(const reading *r, const vg_geometry *geo, vg_sheet_plane *plane) {
  double at[3] = {0, 0, geo->dim[2] / 2};
  plane->nx = geo->dim[0];
  plane->ny = geo->dim[1];
  if (!vg_affine_invert(&geo->affine, &plane->to_voxel)) VG_BUG("singular affine");
  if (r->centred) vg_affine_apply(&plane->to_voxel, r->c->centre, at);
  return vg_index_of(round(at[2]), geo->dim[2]);
}

/* Widens the view to include voxel (x, y) of a plane. */
static void widen(reading *r, const vg_geometry *geo, int x, int y, int z) {
  double at[3] = {x, y, z}, mm[3];
  vg_affine_apply(&geo->affine, at, mm);
  for (int a = 0; a < 2; a++) {
    double along = 0;
    for (int row = 0; row < 3; row++) along += (mm[row] - r->c->centre[row]) * r->c->across[a][row];
    if (along - MARGIN < r->c->lo[a]) r->c->lo[a] = along - MARGIN;
    if (along + MARGIN > r->c->hi[a]) r->c->hi[a] = along + MARGIN;
  }
}

/* inside: mask (Z, Y, X). Sets the slice if none is set yet, and widens the view to the mask. */
static int choose_slice(reading *r, const vg_geometry *geo, const uint8_t *inside, vg_sheet_plane *plane) {
  const int *dim = geo->dim;
  double sums[4] = {0};
  size_t i = 0;
  for (int z = 0; z < dim[2] && !r->centred; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[0]; x++, i++) {
        if (!inside[i]) continue;
        sums[0] += x;
        sums[1] += y;
        sums[2] += z;
        sums[3]++;
      }
  set_centre(r, geo, sums);
  int z = slice_of(r, geo, plane);
  i = (size_t)z * (size_t)dim[0] * (size_t)dim[1];
  for (int y = 0; y < dim[1] && r->centred; y++)
    for (int x = 0; x < dim[0]; x++, i++)
      if (inside[i]) widen(r, geo, x, y, z);
  return z;
}

static vg_status read_map(reading *r, const char *path, vg_role role, vg_sheet_plane *plane) {
  const vg_scheme *scheme = role == VG_ROLE_TUMOUR ? &r->source->tumour_scheme : &r->source->anatomy_scheme;
  vg_labelmap map = {0};
  uint8_t *table = NULL, *codes = NULL;
  vg_status st = vg_volume_read_labels(path, &map, NULL);
  if (!st) st = vg_scheme_check(scheme, &map, path);
  if (!st) st = vg_labelmap_canonicalise(&map);
  if (st) goto out;
  size_t n = vg_geometry_voxels(&map.geo), count = 0;
  table = vg_malloc(VALUES, 1);
  codes = vg_malloc(n, 1);
  st = table && codes ? vg_classes_table(r->classes, scheme, role, table) : VG_MEMORY;
  if (st) goto out;
  for (size_t i = 0; i < n; i++) count += (codes[i] = table[map.data[i]]) > 0;
  if (role == VG_ROLE_TUMOUR) {
    r->c->ml = (double)count * vg_geometry_voxel_ml(&map.geo);
    r->c->has_tumour = true;
  }
  int z = choose_slice(r, &map.geo, codes, plane);
  size_t area = (size_t)plane->nx * (size_t)plane->ny;
  plane->classes = vg_malloc(area, 1);
  if (plane->classes)
    memcpy(plane->classes, codes + (size_t)z * area, area);
  else
    st = VG_MEMORY;
out:
  vg_free(codes);
  vg_free(table);
  vg_labelmap_release(&map);
  return st;
}

static vg_status read_series(reading *r, const char *path, vg_sheet_plane *plane) {
  static const double window[2] = {1, 99.5};
  double limits[2] = {0, 0};
  uint8_t *brain = NULL;
  vg_volume v = {0};
  vg_status st = vg_volume_read(path, &v, NULL);
  if (!st) st = vg_volume_canonicalise(&v);
  if (st) goto out;
  size_t n = vg_geometry_voxels(&v.geo);
  brain = vg_calloc(n, 1);
  st = brain ? vg_brain_mask(&v, path, brain, NULL) : VG_MEMORY;
  if (!st) st = vg_percentiles(v.data, brain, n, window, limits);
  /* A constant image is shown in black, so that a person notices. */
  if (st == VG_DATA) st = VG_OK, memset(brain, 0, n);
  if (st) goto out;
  int z = choose_slice(r, &v.geo, brain, plane);
  size_t area = (size_t)plane->nx * (size_t)plane->ny;
  plane->grey = vg_malloc(area, sizeof *plane->grey);
  if (!plane->grey) st = VG_MEMORY;
  double scale = vg_range_spans(limits[0], limits[1]) ? 1 / (limits[1] - limits[0]) : 0;
  for (size_t i = 0; i < area && !st; i++)
    plane->grey[i] = (float)fmin(1, fmax(0, ((double)v.data[(size_t)z * area + i] - limits[0]) * scale));
out:
  vg_free(brain);
  vg_volume_release(&v);
  return st;
}

vg_status vg_sheet_case_read(const vg_dataset *ds, const vg_subject *subject, const vg_classes *classes,
                             vg_sheet_case *out) {
  memset(out, 0, sizeof *out);
  reading r = {&ds->sources[subject->source], classes, out, false};
  out->id = subject->id;
  for (int a = 0; a < 2; a++) {
    out->across[a][a] = 1;
    out->lo[a] = INFINITY;
    out->hi[a] = -INFINITY;
  }
  vg_status st = VG_OK;
  if (subject->tumour) st = read_map(&r, subject->tumour, VG_ROLE_TUMOUR, &out->tumour);
  if (!st && subject->anatomy) st = read_map(&r, subject->anatomy, VG_ROLE_ANATOMY, &out->anatomy);
  for (int i = 0; i < ds->series.n && !st; i++)
    if (subject->series[i]) st = read_series(&r, subject->series[i], &out->series[i]);
  if (!(out->hi[0] > out->lo[0]) || !(out->hi[1] > out->lo[1]))
    for (int a = 0; a < 2; a++) out->lo[a] = -1, out->hi[a] = 1;
  if (st) vg_sheet_case_release(out);
  return st ? vg_fail_in(st, "case %s", subject->id) : VG_OK;
}

/* ---- drawing ---- */

/* Voxel coordinates of a pixel of the tile. */
static void voxel_at(const vg_sheet_case *c, const vg_sheet_plane *plane, const vg_sheet_style *style, int u,
                     int v, double at[3]) {
  double along[2] = {(u + 0.5 - 0.5 * style->width) * style->mm, (0.5 * style->height - v - 0.5) * style->mm};
  if (!style->neurological) along[0] = -along[0];
  double mm[3];
  for (int a = 0; a < 2; a++) along[a] += 0.5 * (c->lo[a] + c->hi[a]);
  for (int row = 0; row < 3; row++)
    mm[row] = c->centre[row] + along[0] * c->across[0][row] + along[1] * c->across[1][row];
  vg_affine_apply(&plane->to_voxel, mm, at);
}

static uint8_t class_at(const vg_sheet_plane *plane, const double at[3]) {
  double x = round(at[0]), y = round(at[1]);
  if (!plane->classes || !(x >= 0 && y >= 0 && x < plane->nx && y < plane->ny)) return 0;
  return plane->classes[(ptrdiff_t)vg_index_of(y, plane->ny) * plane->nx + vg_index_of(x, plane->nx)];
}

/* Interpolates between four voxels. Up to half a voxel outside the plane we take the edge's value, and then
 * black. */
static double grey_at(const vg_sheet_plane *plane, const double at[3]) {
  if (!plane->grey || at[0] < -0.5 || at[1] < -0.5 || at[0] > plane->nx - 0.5 || at[1] > plane->ny - 0.5)
    return 0;
  double x = fmin(fmax(at[0], 0), plane->nx - 1), y = fmin(fmax(at[1], 0), plane->ny - 1);
  int x0 = vg_index_of(x, plane->nx), y0 = vg_index_of(y, plane->ny), x1 = x0 + (x0 + 1 < plane->nx),
      y1 = y0 + (y0 + 1 < plane->ny);
  const float *low = plane->grey + (ptrdiff_t)y0 * plane->nx, *high = plane->grey + (ptrdiff_t)y1 * plane->nx;
  double below = (double)low[x0] + (x - x0) * (double)(low[x1] - low[x0]);
  double above = (double)high[x0] + (x - x0) * (double)(high[x1] - high[x0]);
  return below + (y - y0) * (above - below);
}

static uint8_t *pixel(vg_picture *p, int x, int y) {
  return p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
}

void vg_sheet_draw_series(vg_picture *p, int left, int top, const vg_sheet_case *c, int series,
                          const vg_sheet_style *style) {
  const vg_sheet_plane *plane = &c->series[series];
  for (int v = 0; v < style->height && plane->nx; v++)
    for (int u = 0; u < style->width; u++) {
      double at[3];
      voxel_at(c, plane, style, u, v, at);
      memset(pixel(p, left + u, top + v), vg_index_of(255 * grey_at(plane, at) + 0.5, 256), 3);
    }
}

void vg_sheet_draw_labels(vg_picture *p, int left, int top, const vg_sheet_case *c, int backdrop,
                          const vg_sheet_style *style) {
  for (int v = 0; v < style->height; v++)
    for (int u = 0; u < style->width; u++) {
      double at[3];
      uint8_t code = 0, rgb[3] = {0, 0, 0};
      if (c->anatomy.nx) {
        voxel_at(c, &c->anatomy, style, u, v, at);
        code = class_at(&c->anatomy, at);
      } else if (backdrop >= 0 && c->series[backdrop].nx) {
        voxel_at(c, &c->series[backdrop], style, u, v, at);
        memset(rgb, vg_index_of(120 * grey_at(&c->series[backdrop], at) + 0.5, 256), 3);
      }
      if (c->tumour.nx) {
        voxel_at(c, &c->tumour, style, u, v, at);
        uint8_t lesion = class_at(&c->tumour, at);
        if (lesion) code = lesion;
      }
      if (code) memcpy(rgb, style->colours[code - 1], 3);
      memcpy(pixel(p, left + u, top + v), rgb, 3);
    }
}
