/* volume.c: the geometry of voxel grids, and exact reordering between orientations. */
#include "voxgan/volume.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/pool.h"

#include "base/simd.h"
#include "base/number/extent.h"

size_t vg_geometry_voxels(const vg_geometry *geo) {
  return vg_extent_voxels(geo->dim);
}

void vg_geometry_spacing(const vg_geometry *geo, double mm[3]) {
  for (int j = 0; j < 3; j++) {
    const double(*m)[4] = geo->affine.m;
    mm[j] = sqrt(m[0][j] * m[0][j] + m[1][j] * m[1][j] + m[2][j] * m[2][j]);
  }
}

static double determinant(const vg_affine *a) {
  const double(*m)[4] = a->m;
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
         m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

double vg_geometry_voxel_ml(const vg_geometry *geo) {
  double mm[3];
  vg_geometry_spacing(geo, mm);
  const double box = mm[0] * mm[1] * mm[2], volume = fabs(determinant(&geo->affine));
  /* A turned grid keeps the product, which has no rounding of the turn. */
  return (fabs(volume - box) < 1e-6 * box ? box : volume) / 1000;
}

double vg_geometry_tolerance(const vg_geometry *geo) {
  double mm[3], diagonal = 0, least = INFINITY;
  vg_geometry_spacing(geo, mm);
  for (int a = 0; a < 3; a++) {
    diagonal += mm[a] * geo->dim[a] * (mm[a] * geo->dim[a]);
    least = mm[a] < least ? mm[a] : least;
  }
  return fmax(1e-3, fmin(5e-4 * sqrt(diagonal), 0.4 * least));
}

/* ---- affines -------------------------------------------------------------------------------- */

void vg_affine_apply(const vg_affine *a, const double ijk[3], double mm[3]) {
  double in[3] = {ijk[0], ijk[1], ijk[2]};
  for (int r = 0; r < 3; r++)
    mm[r] = a->m[r][0] * in[0] + a->m[r][1] * in[1] + a->m[r][2] * in[2] + a->m[r][3];
}

/* Inverts the 3x3 part. False if it is singular or not finite. */
static bool invert3(double in[3][3], double out[3][3]) {
  double cof[3][3], size = 0;
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 3; c++) {
      int r1 = (r + 1) % 3, r2 = (r + 2) % 3, c1 = (c + 1) % 3, c2 = (c + 2) % 3;
      cof[r][c] = in[r1][c1] * in[r2][c2] - in[r1][c2] * in[r2][c1];
    }
  }
  double det = in[0][0] * cof[0][0] + in[0][1] * cof[0][1] + in[0][2] * cof[0][2];
  /* Compares with the volume that columns of these lengths would span if they were orthogonal. */
  size = 1;
  for (int c = 0; c < 3; c++) size *= sqrt(in[0][c] * in[0][c] + in[1][c] * in[1][c] + in[2][c] * in[2][c]);
  if (!(fabs(det) > 1e-12 * size) || !isfinite(det)) return false;
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 3; c++) out[r][c] = cof[c][r] / det;
  }
  return true;
}

bool vg_affine_invert(const vg_affine *a, vg_affine *inverse) {
  double m[3][3], inv[3][3], t[3] = {a->m[0][3], a->m[1][3], a->m[2][3]};
  for (int r = 0; r < 3; r++) memcpy(m[r], a->m[r], sizeof m[r]);
  if (!invert3(m, inv)) return false;
  for (int r = 0; r < 3; r++) {
    memcpy(inverse->m[r], inv[r], sizeof inv[r]);
    inverse->m[r][3] = -(inv[r][0] * t[0] + inv[r][1] * t[1] + inv[r][2] * t[2]);
  }
  return true;
}

vg_affine vg_affine_mul(const vg_affine *a, const vg_affine *b) {
  vg_affine p;
  for (int r = 0; r < 3; r++) {
    for (int c = 0; c < 4; c++) {
      p.m[r][c] = a->m[r][0] * b->m[0][c] + a->m[r][1] * b->m[1][c] + a->m[r][2] * b->m[2][c] +
                  (c == 3 ? a->m[r][3] : 0);
    }
  }
  return p;
}

vg_status vg_geometry_same(const vg_geometry *a, const char *name_a, const vg_geometry *b, const char *name_b,
                           double tol_mm) {
  if (memcmp(a->dim, b->dim, sizeof a->dim))
    return vg_fail(VG_DATA, "%s: shape %dx%dx%d differs from %s's %dx%dx%d", name_a, a->dim[0], a->dim[1],
                   a->dim[2], name_b, b->dim[0], b->dim[1], b->dim[2]);
  double worst = 0;
  for (int corner = 0; corner < 8; corner++) {
    double ijk[3], p[3], q[3];
    for (int d = 0; d < 3; d++) ijk[d] = corner >> d & 1 ? a->dim[d] - 1 : 0;
    vg_affine_apply(&a->affine, ijk, p);
    vg_affine_apply(&b->affine, ijk, q);
    double mm =
        sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) + (p[2] - q[2]) * (p[2] - q[2]));
    if (!(mm <= worst)) worst = mm;
  }
  if (!(worst <= tol_mm))
    return vg_fail(VG_DATA, "%s: position differs from %s's by up to %.4g mm (allowed: %.4g)", name_a, name_b,
                   worst, tol_mm);
  return VG_OK;
}

/* ---- orientation ---------------------------------------------------------------------------- */

/* The rotation nearest to m (polar decomposition by Newton's iteration; Higham 1986). */
static void nearest_rotation(double m[3][3]) {
  for (int step = 0; step < 60; step++) {
    double inv[3][3], change = 0;
    if (!invert3(m, inv)) return;
    for (int r = 0; r < 3; r++) {
      for (int c = 0; c < 3; c++) {
        double next = 0.5 * (m[r][c] + inv[c][r]);
        change += fabs(next - m[r][c]);
        inv[c][r] = next;
      }
    }
    for (int r = 0; r < 3; r++) {
      for (int c = 0; c < 3; c++) m[r][c] = inv[c][r];
    }
    if (change < 1e-14) return;
  }
}

/* Finds the world axis and direction of each stored axis, as nibabel's io_orientation: scales the columns to
 * unit length, takes the nearest rotation, then gives each column the largest world axis that is still free.
 */
static void world_axes(const vg_affine *a, int world[3], int sign[3]) {
  double m[3][3];
  bool taken[3] = {false, false, false};
  for (int c = 0; c < 3; c++) {
    double len = sqrt(a->m[0][c] * a->m[0][c] + a->m[1][c] * a->m[1][c] + a->m[2][c] * a->m[2][c]);
    for (int r = 0; r < 3; r++) m[r][c] = len > 0 ? a->m[r][c] / len : r == c;
  }
  nearest_rotation(m);
  for (int c = 0; c < 3; c++) {
    int best = -1;
    for (int r = 0; r < 3; r++) {
      if (!taken[r] && (best < 0 || fabs(m[r][c]) > fabs(m[best][c]))) best = r;
    }
    taken[best] = true;
    world[c] = best;
    sign[c] = m[best][c] < 0 ? -1 : 1;
  }
}

void vg_geometry_orientation(const vg_geometry *geo, char code[4]) {
  static const char letters[3][3] = {"LR", "PA", "IS"};
  int world[3], sign[3];
  world_axes(&geo->affine, world, sign);
  for (int c = 0; c < 3; c++) code[c] = letters[world[c]][sign[c] > 0];
  code[3] = '\0';
}

/* New axis j runs along old axis from[j], backwards where flip[j]. */
typedef struct reorder {
  int from[3];
  bool flip[3];
} reorder;

static bool is_identity(const reorder *r) {
  for (int j = 0; j < 3; j++) {
    if (r->from[j] != j || r->flip[j]) return false;
  }
  return true;
}

static vg_geometry reordered_geometry(const vg_geometry *g, const reorder *r) {
  vg_geometry n = *g;
  for (int j = 0; j < 3; j++) {
    int a = r->from[j];
    n.dim[j] = g->dim[a];
    for (int row = 0; row < 3; row++) {
      n.affine.m[row][j] = r->flip[j] ? -g->affine.m[row][a] : g->affine.m[row][a];
      if (r->flip[j]) n.affine.m[row][3] += g->affine.m[row][a] * (g->dim[a] - 1);
    }
  }
  return n;
}

typedef struct move {
  const void *from;
  void *to;
  ptrdiff_t start, stride[3]; /* in elements of from, by axis of to */
  int dim[3];
} move;

#define TILE 32

/* Reorders one slab of z. Copies rows that run along the old x. Otherwise works in small tiles of (x, y) or
 * (x, z), so that the lines it reads stay in the cache. */
#define DEFINE_MOVE(name, type)                                                                              \
  VG_HOT static void name(void *arg, size_t z0, size_t z1) {                                                 \
    const move *m = arg;                                                                                     \
    const ptrdiff_t nx = m->dim[0], ny = m->dim[1], sx = m->stride[0], sy = m->stride[1], sz = m->stride[2]; \
    const type *from = (const type *)m->from + m->start;                                                     \
    type *to = m->to;                                                                                        \
    if (sx == 1 || sx == -1) {                                                                               \
      for (ptrdiff_t z = (ptrdiff_t)z0; z < (ptrdiff_t)z1; z++) {                                            \
        for (ptrdiff_t y = 0; y < ny; y++) {                                                                 \
          const type *restrict s = from + z * sz + y * sy;                                                   \
          type *restrict d = to + (z * ny + y) * nx;                                                         \
          if (sx == 1)                                                                                       \
            memcpy(d, s, (size_t)nx * sizeof *d);                                                            \
          else                                                                                               \
            for (ptrdiff_t x = 0; x < nx; x++) d[x] = s[-x];                                                 \
        }                                                                                                    \
      }                                                                                                      \
      return;                                                                                                \
    }                                                                                                        \
    for (ptrdiff_t z = (ptrdiff_t)z0; z < (ptrdiff_t)z1; z += TILE) {                                        \
      ptrdiff_t ze = z + TILE < (ptrdiff_t)z1 ? z + TILE : (ptrdiff_t)z1;                                    \
      for (ptrdiff_t y = 0; y < ny; y += TILE) {                                                             \
        ptrdiff_t ye = y + TILE < ny ? y + TILE : ny;                                                        \
        for (ptrdiff_t x = 0; x < nx; x += TILE) {                                                           \
          ptrdiff_t xe = x + TILE < nx ? x + TILE : nx;                                                      \
          for (ptrdiff_t c = z; c < ze; c++) {                                                               \
            for (ptrdiff_t b = y; b < ye; b++) {                                                             \
              const type *s = from + c * sz + b * sy;                                                        \
              type *d = to + (c * ny + b) * nx;                                                              \
              for (ptrdiff_t a = x; a < xe; a++) d[a] = s[a * sx];                                           \
            }                                                                                                \
          }                                                                                                  \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }

DEFINE_MOVE(move_float, float)
DEFINE_MOVE(move_u16, uint16_t)

static vg_status apply_reorder(vg_geometry *geo, void **data, size_t size, const reorder *r) {
  if (is_identity(r)) return VG_OK;
  vg_geometry next = reordered_geometry(geo, r);
  void *to = vg_malloc(vg_geometry_voxels(geo), size);
  if (!to) return VG_MEMORY;
  move m = {.from = *data, .to = to};
  ptrdiff_t stride[3] = {1, geo->dim[0], (ptrdiff_t)geo->dim[0] * geo->dim[1]};
  for (int j = 0; j < 3; j++) {
    ptrdiff_t s = stride[r->from[j]];
    m.dim[j] = next.dim[j];
    m.stride[j] = r->flip[j] ? -s : s;
    if (r->flip[j]) m.start += s * (next.dim[j] - 1);
  }
  vg_parallel_ranges((size_t)next.dim[2], 8, size == sizeof(float) ? move_float : move_u16, &m);
  vg_free(*data);
  *data = to;
  *geo = next;
  return VG_OK;
}

static reorder reorder_to_ras(const vg_geometry *geo) {
  reorder r;
  int world[3], sign[3];
  world_axes(&geo->affine, world, sign);
  for (int a = 0; a < 3; a++) {
    r.from[world[a]] = a;
    r.flip[world[a]] = sign[a] < 0;
  }
  return r;
}

void vg_geometry_canonicalise(vg_geometry *geo) {
  reorder r = reorder_to_ras(geo);
  if (!is_identity(&r)) *geo = reordered_geometry(geo, &r);
}

static reorder reorder_between(const vg_geometry *from, const vg_geometry *to) {
  reorder r = {{-1, -1, -1}, {false, false, false}};
  vg_affine inverse;
  if (!vg_affine_invert(&from->affine, &inverse)) VG_BUG("singular affine");
  vg_affine step = vg_affine_mul(&inverse, &to->affine); /* new index -> old index */
  for (int j = 0; j < 3; j++) {
    for (int a = 0; a < 3; a++) {
      double v = step.m[a][j];
      if (fabs(fabs(v) - 1) < 1e-3 && from->dim[a] == to->dim[j]) {
        r.from[j] = a;
        r.flip[j] = v < 0;
      } else if (fabs(v) > 1e-3) {
        VG_BUG("the grids are not permutations of each other");
      }
    }
    if (r.from[j] < 0) VG_BUG("the grids are not permutations of each other");
    double first = r.flip[j] ? from->dim[r.from[j]] - 1 : 0;
    if (fabs(step.m[r.from[j]][3] - first) > 0.01) VG_BUG("the grids do not cover the same place");
  }
  return r;
}

/* ---- volumes and label maps ----------------------------------------------------------------- */

static vg_status check_dims(const vg_geometry *geo) {
  size_t n = 1;
  for (int d = 0; d < 3; d++) {
    if (geo->dim[d] < 1 || __builtin_mul_overflow(n, (size_t)geo->dim[d], &n))
      return vg_fail(VG_DATA, "a volume cannot have the shape %dx%dx%d", geo->dim[0], geo->dim[1],
                     geo->dim[2]);
  }
  return VG_OK;
}

vg_status vg_volume_new(const vg_geometry *geo, vg_volume *out) {
  vg_status st = check_dims(geo);
  if (st) return st;
  float *data = vg_calloc(vg_geometry_voxels(geo), sizeof *data);
  if (!data) return VG_MEMORY;
  *out = (vg_volume){*geo, data};
  return VG_OK;
}

void vg_volume_release(vg_volume *v) {
  vg_free(v->data);
  *v = (vg_volume){0};
}

vg_status vg_labelmap_new(const vg_geometry *geo, vg_labelmap *out) {
  vg_status st = check_dims(geo);
  if (st) return st;
  uint16_t *data = vg_calloc(vg_geometry_voxels(geo), sizeof *data);
  if (!data) return VG_MEMORY;
  *out = (vg_labelmap){*geo, data};
  return VG_OK;
}

void vg_labelmap_release(vg_labelmap *m) {
  vg_free(m->data);
  *m = (vg_labelmap){0};
}

static vg_status reorder_volume(vg_volume *v, const reorder *r) {
  void *data = v->data;
  vg_status st = apply_reorder(&v->geo, &data, sizeof *v->data, r);
  v->data = data;
  return st;
}

static vg_status reorder_labelmap(vg_labelmap *m, const reorder *r) {
  void *data = m->data;
  vg_status st = apply_reorder(&m->geo, &data, sizeof *m->data, r);
  m->data = data;
  return st;
}

vg_status vg_volume_canonicalise(vg_volume *v) {
  reorder r = reorder_to_ras(&v->geo);
  return reorder_volume(v, &r);
}

vg_status vg_labelmap_canonicalise(vg_labelmap *m) {
  reorder r = reorder_to_ras(&m->geo);
  return reorder_labelmap(m, &r);
}

vg_status vg_volume_to_geometry(vg_volume *v, const vg_geometry *target) {
  reorder r = reorder_between(&v->geo, target);
  vg_status st = reorder_volume(v, &r);
  /* Copies the target's geometry, because a computed one would carry rounding errors. */
  if (!st) v->geo = *target;
  return st;
}

vg_status vg_labelmap_to_geometry(vg_labelmap *m, const vg_geometry *target) {
  reorder r = reorder_between(&m->geo, target);
  vg_status st = reorder_labelmap(m, &r);
  if (!st) m->geo = *target;
  return st;
}
