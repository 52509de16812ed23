/* shape_diameters.c: a brain's mesh has some 100,000 vertices, too many to compare all pairs. The two that
 * are furthest apart in a plane are corners of the plane's convex hull, and the two that are furthest apart
 * at all are corners of the hulls of their planes. */
#include "eval/shape/shape_diameters.h"

#include <math.h>
#include <stdlib.h>
#include "base/mem.h"

/* A vertex; coordinates are in half voxels, so a vertex between two voxels has an odd one. */
typedef struct vertex {
  int at[3];
  double reach; /* mm from the middle of the box */
} vertex;

/* The vertices by planes across one axis. */
typedef struct planes {
  const vg_radiomics_levels *l;
  const double *mm;
  int axis, along, row; /* of the planes; of a row of vertices; from row to row */
  int n, rows;          /* planes, and rows of each, in half voxels */
  int *low, *high;      /* (n, rows) the first and last vertex of each row; low > high: none */
} planes;

static void note_vertex(const planes *p, const int at[3]) {
  const size_t i = (size_t)at[p->axis] * (size_t)p->rows + (size_t)at[p->row];
  if (at[p->along] < p->low[i]) p->low[i] = at[p->along];
  if (at[p->along] > p->high[i]) p->high[i] = at[p->along];
}

/* Notes the middle of every face between a voxel of the region and one outside. */
static void note_vertices(const planes *p) {
  const vg_radiomics_levels *l = p->l;
  const ptrdiff_t step[3] = {1, l->dim[0], (ptrdiff_t)l->dim[0] * l->dim[1]};
  size_t i = 0;
  for (int z = 0; z < l->dim[2]; z++) {
    for (int y = 0; y < l->dim[1]; y++) {
      for (int x = 0; x < l->dim[0]; x++, i++) {
        if (!l->at[i]) continue;
        for (int way = 0; way < 6; way++) { /* the margin has all neighbours of the region */
          const int a = way / 2, side = way & 1 ? 1 : -1;
          if (l->at[(ptrdiff_t)i + side * step[a]]) continue;
          int at[3] = {2 * x, 2 * y, 2 * z};
          at[a] += side;
          note_vertex(p, at);
        }
      }
    }
  }
}

static vg_status make_planes(const vg_radiomics_levels *l, const double mm[3], int axis, planes *p) {
  *p = (planes){.l = l, .mm = mm, .axis = axis, .along = (axis + 1) % 3, .row = (axis + 2) % 3};
  p->n = 2 * l->dim[axis];
  p->rows = 2 * l->dim[p->row];
  const size_t all = (size_t)p->n * (size_t)p->rows;
  p->low = VG_NEW_N(int, all);
  p->high = VG_NEW_N(int, all);
  if (!p->low || !p->high) return VG_MEMORY;
  for (size_t i = 0; i < all; i++) {
    p->low[i] = 2 * l->dim[p->along];
    p->high[i] = -1;
  }
  note_vertices(p);
  return VG_OK;
}

static void release_planes(planes *p) {
  vg_free(p->low);
  vg_free(p->high);
}

/* Above 0: c lies left of the line from a to b. */
static long long turn(const planes *p, const vertex *a, const vertex *b, const vertex *c) {
  const long long x = b->at[p->along] - a->at[p->along], y = b->at[p->row] - a->at[p->row];
  return x * (c->at[p->row] - a->at[p->row]) - y * (c->at[p->along] - a->at[p->along]);
}

/* The ends of each row of a plane, ascending. Returns how many. */
static int list_ends(const planes *p, int plane, vertex *out) {
  int n = 0;
  for (int r = 0; r < p->rows; r++) {
    const size_t i = (size_t)plane * (size_t)p->rows + (size_t)r;
    if (p->low[i] > p->high[i]) continue;
    for (int end = 0; end < (p->low[i] < p->high[i] ? 2 : 1); end++) {
      out[n].at[p->axis] = plane;
      out[n].at[p->row] = r;
      out[n++].at[p->along] = end ? p->high[i] : p->low[i];
    }
  }
  return n;
}

/* The corners of the convex hull of n ascending vertices (Andrew 1979). hull: room for 2 n. */
static int find_hull(const planes *p, const vertex *v, int n, vertex *hull) {
  int kept = 0;
  for (int half = 0, from = 0; half < 2 && n > 2; half++, from = kept - 1) {
    for (int k = 0; k < n; k++) {
      const vertex *next = &v[half ? n - 1 - k : k];
      if (half && !k) continue; /* the lower half ends with it */
      while (kept >= from + 2 && turn(p, &hull[kept - 2], &hull[kept - 1], next) >= 0) kept--;
      hull[kept++] = *next;
    }
  }
  if (n > 2) return kept - 1; /* the first one again */
  for (int k = 0; k < n; k++) hull[kept++] = v[k];
  return kept;
}

static double squared_gap(const double mm[3], const vertex *a, const vertex *b) {
  double sum = 0;
  for (int k = 0; k < 3; k++) {
    const double d = (a->at[k] - b->at[k]) * mm[k] / 2;
    sum += d * d;
  }
  return sum;
}

/* The largest distance within a plane. Appends the corners of all hulls to `all`, if it isn't NULL. */
static vg_status widest_plane(const planes *p, vertex *all, size_t *n_all, double *out) {
  vertex *ends = VG_NEW_N(vertex, 2 * (size_t)p->rows), *hull = VG_NEW_N(vertex, 4 * (size_t)p->rows);
  vg_status st = ends && hull ? VG_OK : VG_MEMORY;
  double most = 0;
  for (int k = 0; k < p->n && !st; k++) {
    const int n = find_hull(p, ends, list_ends(p, k, ends), hull);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) most = fmax(most, squared_gap(p->mm, &hull[i], &hull[j]));
      if (all) all[(*n_all)++] = hull[i];
    }
  }
  *out = sqrt(most);
  vg_free(ends);
  vg_free(hull);
  return st;
}

static int furthest_first(const void *a, const void *b) {
  const vertex *x = a, *y = b;
  return (x->reach < y->reach) - (x->reach > y->reach);
}

/* Two vertices are at most as far apart as they are from the middle together, which few pairs need to exceed
 * the distance found so far. */
static double widest(const vg_radiomics_levels *l, const double mm[3], vertex *v, size_t n) {
  const vertex middle = {{l->dim[0], l->dim[1], l->dim[2]}, 0};
  double most = 0;
  for (size_t i = 0; i < n; i++) v[i].reach = sqrt(squared_gap(mm, &v[i], &middle));
  qsort(v, n, sizeof *v, furthest_first);
  for (size_t i = 0; i < n && 2 * v[i].reach > most; i++)
    for (size_t j = i + 1; j < n && v[i].reach + v[j].reach > most; j++)
      most = fmax(most, sqrt(squared_gap(mm, &v[i], &v[j])));
  return most;
}

vg_status vg_shape_diameters(const vg_radiomics_levels *l, const double mm[3], double out[4]) {
  vg_status st = VG_OK;
  for (int axis = 0; axis < 3 && !st; axis++) {
    planes p;
    vertex *all = NULL;
    size_t n = 0;
    st = make_planes(l, mm, axis, &p);
    if (!st && axis == 2) {
      all = VG_NEW_N(vertex, 2 * (size_t)p.n * (size_t)p.rows);
      if (!all) st = VG_MEMORY;
    }
    if (!st) st = widest_plane(&p, all, &n, &out[axis]);
    if (!st && all) out[3] = widest(l, mm, all, n);
    vg_free(all);
    release_planes(&p);
  }
  return st;
}
