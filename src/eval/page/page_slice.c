/* page_slice.c: planes through the volumes of a case, as pictures for the report. */
#include "eval/page/page_slice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "grid/grid.h"
#include "base/mem.h"
#include "base/whole.h"

enum { MARGIN = 3, SIDE = 200, AXIAL = 5 };

/* ---- which planes ---- */

/* Counts of marked voxels by plane, for each axis. */
typedef struct tally {
  size_t *planes[3];
  size_t all;
} tally;

static vg_status count_planes(const int dim[3], const uint8_t *mask, tally *t) {
  for (int a = 0; a < 3; a++) {
    if (!(t->planes[a] = VG_NEW_N(size_t, dim[a]))) return VG_MEMORY;
  }
  size_t i = 0;
  for (int z = 0; z < dim[2]; z++) {
    for (int y = 0; y < dim[1]; y++) {
      for (int x = 0; x < dim[0]; x++, i++) {
        if (!mask[i]) continue;
        t->planes[0][x]++;
        t->planes[1][y]++;
        t->planes[2][z]++;
        t->all++;
      }
    }
  }
  return VG_OK;
}

static void tally_release(tally *t) {
  for (int a = 0; a < 3; a++) vg_free(t->planes[a]);
}

/* Returns the plane below which a share of the marked voxels lies; in an empty volume, the middle plane. */
static int quantile_plane(const tally *t, int axis, int dim, double share) {
  size_t below = 0;
  if (!t->all) return dim / 2;
  for (int k = 0; k < dim; k++) {
    below += t->planes[axis][k];
    if ((double)below >= share * (double)t->all) return k;
  }
  return dim - 1;
}

/* The visible box of the grid. */
typedef struct window {
  const vg_geometry *geo;
  int lo[3], extent[3];
  double mm[3];
} window;

static eval_slice cut(const window *w, int axis, int at) {
  static const char *const names[] = {"sagittal, x", "coronal, y", "axial, z"};
  const int u = axis == 0 ? 1 : 0, v = axis == 2 ? 1 : 2, *dim = w->geo->dim;
  const ptrdiff_t stride[] = {1, dim[0], (ptrdiff_t)dim[0] * dim[1]};
  int longer = w->extent[u] > w->extent[v] ? w->extent[u] : w->extent[v];
  int step = (longer + SIDE - 1) / SIDE;
  eval_slice s = {.width = (w->extent[u] + step - 1) / step, .height = (w->extent[v] + step - 1) / step};
  s.width_mm = w->extent[u] * w->mm[u];
  s.height_mm = w->extent[v] * w->mm[v];
  int corner[3];
  corner[axis] = at;
  corner[u] = w->lo[u] + w->extent[u] - 1;
  corner[v] = w->lo[v] + w->extent[v] - 1;
  for (int a = 0; a < 3; a++) s.first += (size_t)corner[a] * (size_t)stride[a];
  s.step_u = -step * stride[u];
  s.step_v = -step * stride[v];
  double ijk[3] = {(dim[0] - 1) / 2.0, (dim[1] - 1) / 2.0, (dim[2] - 1) / 2.0}, mm[3];
  ijk[axis] = at;
  vg_affine_apply(&w->geo->affine, ijk, mm);
  snprintf(s.label, sizeof s.label, "%s %.0f mm", names[axis], mm[axis] + 0.0);
  return s;
}

vg_status vg_eval_slices(const vg_geometry *geo, const uint8_t *shown, const uint8_t *focus,
                         eval_slice slices[EVAL_SLICES], int *n) {
  static const double shares[AXIAL] = {0.1, 0.3, 0.5, 0.7, 0.9};
  tally looked_at = {0};
  window w = {.geo = geo};
  *n = 0;
  vg_geometry_spacing(geo, w.mm);
  if (!vg_mask_box(shown, geo->dim, MARGIN, w.lo, w.extent)) memcpy(w.extent, geo->dim, sizeof w.extent);
  vg_status st = count_planes(geo->dim, focus, &looked_at);
  if (!st && !looked_at.all) {
    tally_release(&looked_at);
    looked_at = (tally){0};
    st = count_planes(geo->dim, shown, &looked_at);
  }
  for (int k = 0, last = -1; k < AXIAL && !st; k++) {
    int at = quantile_plane(&looked_at, 2, geo->dim[2], shares[k]);
    if (at != last) slices[(*n)++] = cut(&w, 2, at);
    if (k == AXIAL / 2) slices[*n - 1].middle = true;
    last = at;
  }
  for (int axis = 1; axis >= 0 && !st; axis--) {
    if (geo->dim[2] > 1)
      slices[(*n)++] = cut(&w, axis, quantile_plane(&looked_at, axis, geo->dim[axis], 0.5));
  }
  tally_release(&looked_at);
  return st;
}

/* ---- pictures ---- */

static size_t voxel_of(const eval_slice *s, int u, int v) {
  return (size_t)((ptrdiff_t)s->first + u * s->step_u + v * s->step_v);
}

static uint8_t *pixel_of(vg_picture *p, int u, int v) {
  return p->rgb + 3 * ((size_t)v * (size_t)p->width + (size_t)u);
}

/* 0 to 1; NaN is 0. */
static double clip(double share) {
  return !(share > 0) ? 0 : share < 1 ? share : 1;
}

/* Few shades keep the page small. Nobody can distinguish 64 greys, or 32 shades of either colour of a
 * difference, from more. */
static double shade(double share, int shades) {
  return floor(clip(share) * (shades - 1) + 0.5) / (shades - 1);
}

vg_status vg_eval_slice_grey(const eval_slice *s, const float *data, double lo, double hi, double brightness,
                             vg_picture *out) {
  vg_status st = vg_picture_new(s->width, s->height, out);
  for (int v = 0; v < s->height && !st; v++) {
    for (int u = 0; u < s->width; u++) {
      double share = hi > lo ? ((double)data[voxel_of(s, u, v)] - lo) / (hi - lo) : 0;
      memset(pixel_of(out, u, v), vg_index_of(255 * shade(brightness * clip(share), 64), 256), 3);
    }
  }
  return st;
}

static const uint8_t orange[3] = {255, 140, 40}, blue[3] = {70, 160, 255}, white[3] = {255, 255, 255};

vg_status vg_eval_slice_difference(const eval_slice *s, const float *real, const float *synth, double full,
                                   vg_picture *out) {
  vg_status st = vg_picture_new(s->width, s->height, out);
  for (int v = 0; v < s->height && !st; v++) {
    for (int u = 0; u < s->width; u++) {
      size_t i = voxel_of(s, u, v);
      double by = ((double)synth[i] - (double)real[i]) / full;
      const uint8_t *colour = by > 0 ? orange : blue;
      double share = shade(fabs(by), 32);
      for (int c = 0; c < 3; c++) pixel_of(out, u, v)[c] = (uint8_t)vg_index_of(share * colour[c] + 0.5, 256);
    }
  }
  return st;
}

void vg_eval_slice_classes(const eval_slice *s, const uint8_t *classes, const uint8_t *colours,
                           vg_picture *p) {
  for (int v = 0; v < s->height; v++) {
    for (int u = 0; u < s->width; u++) {
      uint8_t c = classes[voxel_of(s, u, v)];
      if (c) memcpy(pixel_of(p, u, v), colours + 3 * (c - 1), 3);
    }
  }
}

/* Whether a labelled voxel lies beside another class or an unlabelled voxel. */
static bool is_edge(const eval_slice *s, const uint8_t *classes, int u, int v) {
  static const int beside[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
  uint8_t c = classes[voxel_of(s, u, v)];
  for (int k = 0; k < 4 && c; k++) {
    int a = u + beside[k][0], b = v + beside[k][1];
    if (a < 0 || b < 0 || a >= s->width || b >= s->height) continue;
    if (classes[voxel_of(s, a, b)] != c) return true;
  }
  return false;
}

void vg_eval_slice_edges(const eval_slice *s, const uint8_t *real, const uint8_t *synth, vg_picture *p) {
  for (int v = 0; v < s->height; v++) {
    for (int u = 0; u < s->width; u++) {
      bool r = is_edge(s, real, u, v), y = is_edge(s, synth, u, v);
      if (r || y) memcpy(pixel_of(p, u, v), r && y ? white : r ? blue : orange, 3);
    }
  }
}
