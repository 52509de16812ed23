/* model_head.h: a head of ellipsoids, drawn on any grid, for tests of edits: known volumes and positions,
 * quickly made. Include after mini_tree.h. The brain is centred on world 0, 130 x 160 x 120 mm, with a tumour
 * of three classes where asked. */
#ifndef VG_TESTS_MODEL_HEAD_H
#define VG_TESTS_MODEL_HEAD_H
#include <math.h>
#include <string.h>

#include "maps_maker.h"

/* A grid of that voxel size around world 0, turned by some degrees about z. */
static inline vg_geometry model_grid(double x_mm, double y_mm, double z_mm, double degrees) {
  const double mm[3] = {x_mm, y_mm, z_mm}, extent[3] = {150, 180, 140};
  double turn = degrees * acos(-1.0) / 180;
  vg_geometry g = {0};
  g.affine.m[0][0] = cos(turn) * mm[0], g.affine.m[0][1] = -sin(turn) * mm[1];
  g.affine.m[1][0] = sin(turn) * mm[0], g.affine.m[1][1] = cos(turn) * mm[1];
  g.affine.m[2][2] = mm[2];
  double middle[3], world[3];
  for (int a = 0; a < 3; a++) {
    g.dim[a] = (int)ceil(extent[a] / mm[a]);
    middle[a] = (g.dim[a] - 1) / 2.0;
  }
  vg_affine_apply(&g.affine, middle, world);
  for (int a = 0; a < 3; a++) g.affine.m[a][3] = -world[a];
  return g;
}

static inline double ellipsoid(const double p[3], double x, double y, double z, double rx, double ry,
                               double rz) {
  return sqrt((p[0] - x) * (p[0] - x) / (rx * rx) + (p[1] - y) * (p[1] - y) / (ry * ry) +
              (p[2] - z) * (p[2] - z) / (rz * rz));
}

/* The front is narrower than the back. */
static inline uint8_t model_tissue(const void *arg, const double p[3]) {
  (void)arg;
  double brain = ellipsoid(p, 0, 0, 0, p[1] > 0 ? 60 : 65, 80, 60);
  if (brain > 1) return 0;
  bool ventricle = ellipsoid(p, 8, 5, 5, 6, 25, 10) < 1 || ellipsoid(p, -8, 5, 5, 6, 25, 10) < 1;
  return ventricle || brain > 0.97 ? MAKER_CSF : brain > 0.9 ? MAKER_GM : MAKER_WM;
}

/* centre NULL: no tumour. radius, mm, of its oedema; longer to the front, so that a turn shows. */
static inline vg_maps model_head(vg_geometry grid, const double *centre, double radius) {
  vg_maps m = maker_maps(&grid, model_tissue, NULL);
  size_t i = 0;
  for (int z = 0; z < grid.dim[2]; z++)
    for (int y = 0; y < grid.dim[1]; y++)
      for (int x = 0; x < grid.dim[0] && centre; x++, i++) {
        double p[3];
        vg_affine_apply(&grid.affine, (double[]){x, y, z}, p);
        double t = ellipsoid(p, centre[0], centre[1], centre[2], radius, 1.3 * radius, radius);
        bool deep_fluid = m.anatomy[i] == MAKER_CSF && fabs(p[0]) < 20 && fabs(p[2]) < 30;
        if (t < 1 && m.brain[i] && !deep_fluid)
          m.tumour[i] = t < 0.4 ? MAKER_NECROSIS : t < 0.7 ? MAKER_ENHANCING : MAKER_OEDEMA;
      }
  return m;
}

static inline size_t count_code(const vg_maps *m, int code) {
  size_t n = 0, all = vg_geometry_voxels(&m->geo);
  for (size_t i = 0; i < all; i++) n += code < 0 ? m->tumour[i] > 0 : m->tumour[i] == code;
  return n;
}

static inline void tumour_centre(const vg_maps *m, double mm[3]) {
  double sum[3] = {0};
  size_t i = 0, n = 0;
  for (int z = 0; z < m->geo.dim[2]; z++)
    for (int y = 0; y < m->geo.dim[1]; y++)
      for (int x = 0; x < m->geo.dim[0]; x++, i++)
        if (m->tumour[i]) sum[0] += x, sum[1] += y, sum[2] += z, n++;
  for (int a = 0; a < 3; a++) sum[a] /= (double)n;
  vg_affine_apply(&m->geo.affine, sum, mm);
}

static inline bool maps_equal(const vg_maps *a, const vg_maps *b) {
  size_t n = vg_geometry_voxels(&a->geo);
  return !memcmp(a->tumour, b->tumour, n) && !memcmp(a->anatomy, b->anatomy, n) &&
         !memcmp(a->brain, b->brain, n);
}

#endif
