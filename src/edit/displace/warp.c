/* warp.c: smooth random displacements. */
#include "edit/displace/warp.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/whole.h"

#define NO_FOLD 0.4

static float *control_at(const vg_warp *w, int x, int y, int z) {
  size_t nx = (size_t)w->n[0] + 3, ny = (size_t)w->n[1] + 3;
  return w->control + 3 * (((size_t)(z + 1) * ny + (size_t)(y + 1)) * nx + (size_t)(x + 1));
}

/* Control points on a face are 0, and those beyond it the negative of those before it, so that the spline is
 * 0 on the face. */
static int reflected(int i, int n, float *sign) {
  if (i == 0 || i == n) *sign = 0;
  if (i < 0 || i > n) *sign = -*sign;
  return i < 0 ? 1 : i > n ? n - 1 : i;
}

static void draw_control(vg_warp *w, vg_rng *rng) {
  for (int z = 1; z < w->n[2]; z++)
    for (int y = 1; y < w->n[1]; y++)
      for (int x = 1; x < w->n[0]; x++)
        for (int k = 0; k < 3; k++) control_at(w, x, y, z)[k] = (float)vg_rng_normal(rng);
  for (int z = -1; z <= w->n[2] + 1; z++)
    for (int y = -1; y <= w->n[1] + 1; y++)
      for (int x = -1; x <= w->n[0] + 1; x++) {
        float sign = 1;
        int fx = reflected(x, w->n[0], &sign), fy = reflected(y, w->n[1], &sign),
            fz = reflected(z, w->n[2], &sign);
        if (fx == x && fy == y && fz == z) continue;
        const float *from = control_at(w, fx, fy, fz);
        for (int k = 0; k < 3; k++) control_at(w, x, y, z)[k] = sign * from[k];
      }
}

/* The four cubic B-splines of a cell, at fraction t of it. */
static void weights(double t, double b[4]) {
  double s = 1 - t;
  b[0] = s * s * s / 6;
  b[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
  b[2] = (3 * s * s * s - 6 * s * s + 4) / 6;
  b[3] = t * t * t / 6;
}

static void displacement_at(const vg_warp *w, const double u[3], double d[3]) {
  int cell[3];
  double b[3][4];
  float row[12] = {0}; /* of four control points along x, summed over y and z */
  memset(d, 0, 3 * sizeof *d);
  for (int a = 0; a < 3; a++) {
    if (!(u[a] > 0 && u[a] < w->n[a])) return;
    cell[a] = vg_index_of(u[a], w->n[a]);
    weights(u[a] - cell[a], b[a]);
  }
  for (int z = 0; z < 4; z++)
    for (int y = 0; y < 4; y++) {
      const float *p = control_at(w, cell[0] - 1, cell[1] + y - 1, cell[2] + z - 1);
      float weight = (float)(b[2][z] * b[1][y]);
      for (int k = 0; k < 12; k++) row[k] += weight * p[k];
    }
  for (int k = 0; k < 12; k++) d[k % 3] += b[0][k / 3] * (double)row[k];
}

void vg_warp_at(const void *warp, const double mm[3], double displacement[3]) {
  const vg_warp *w = warp;
  double u[3];
  vg_affine_apply(&w->to_lattice, mm, u);
  displacement_at(w, u, displacement);
}

/* Scales the control points so that the longest displacement at an inner lattice point is `amplitude`, or
 * less where space could fold. A spline is a weighted mean of control points, so no displacement is longer
 * than the longest of them (reach). */
static void bound(vg_warp *w, double amplitude, double cell) {
  double longest = 0, largest = 0;
  size_t controls = 1;
  for (int a = 0; a < 3; a++) controls *= (size_t)w->n[a] + 3;
  for (int z = 1; z < w->n[2]; z++)
    for (int y = 1; y < w->n[1]; y++)
      for (int x = 1; x < w->n[0]; x++) {
        double d[3];
        displacement_at(w, (double[]){x, y, z}, d);
        longest = fmax(longest, sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
      }
  for (size_t i = 0; i < 3 * controls; i++) largest = fmax(largest, fabs((double)w->control[i]));
  if (!(longest > 0)) return;
  double scale = fmin(amplitude / longest, NO_FOLD * cell / largest), reach = 0;
  for (size_t i = 0; i < controls; i++) {
    float *c = w->control + 3 * i;
    double length = 0;
    for (int k = 0; k < 3; k++) {
      c[k] = (float)(scale * (double)c[k]);
      length += (double)c[k] * (double)c[k];
    }
    reach = fmax(reach, sqrt(length));
  }
  w->reach = reach;
}

void vg_warp_row(const vg_warp *w, const vg_geometry *geo, int y, int z, float *row) {
  double last[3], b[3][4];
  int cell[3];
  memset(row, 0, 3 * (size_t)geo->dim[0] * sizeof *row);
  for (int a = 0; a < 3; a++) last[a] = fmax(geo->dim[a] - 1, 1);
  for (int a = 1; a < 3; a++) {
    double u = (a == 1 ? y : z) * w->n[a] / last[a];
    if (!(u > 0 && u < w->n[a])) return;
    cell[a] = vg_index_of(u, w->n[a]);
    weights(u - cell[a], b[a]);
  }
  /* The four columns of control points around the cell of x, summed over y and z. */
  double column[4][3];
  int next = -1;
  for (int x = 1; x < geo->dim[0] - 1; x++) {
    double u = x * w->n[0] / last[0];
    cell[0] = vg_index_of(u, w->n[0]);
    for (; next <= cell[0] + 2; next++) {
      memmove(column[0], column[1], 3 * sizeof column[0]);
      memset(column[3], 0, sizeof column[3]);
      for (int j = 0; j < 16; j++) {
        const float *p = control_at(w, next, cell[1] + j % 4 - 1, cell[2] + j / 4 - 1);
        for (int k = 0; k < 3; k++) column[3][k] += b[2][j / 4] * b[1][j % 4] * (double)p[k];
      }
    }
    weights(u - cell[0], b[0]);
    for (int k = 0; k < 3; k++)
      row[3 * x + k] = (float)(b[0][0] * column[0][k] + b[0][1] * column[1][k] + b[0][2] * column[2][k] +
                               b[0][3] * column[3][k]);
  }
}

vg_status vg_warp_random(const vg_geometry *geo, double amplitude, double smoothness, vg_rng *rng,
                         vg_warp *out) {
  double mm[3], cell = INFINITY;
  vg_affine to_voxel;
  vg_geometry_spacing(geo, mm);
  memset(out, 0, sizeof *out);
  if (!vg_affine_invert(&geo->affine, &to_voxel)) VG_BUG("a warp over a flat grid");
  size_t controls = 3;
  for (int a = 0; a < 3; a++) {
    double voxels = fmax(geo->dim[a] - 1, 1);
    out->n[a] = vg_int_of(fmax(2, round(voxels * mm[a] / smoothness)));
    if (__builtin_mul_overflow(controls, (size_t)out->n[a] + 3, &controls))
      return vg_fail(VG_REFUSED, "a warp with %g mm between its points is too fine for a grid of this size",
                     smoothness);
    cell = fmin(cell, voxels * mm[a] / out->n[a]);
    for (int k = 0; k < 4; k++) out->to_lattice.m[a][k] = to_voxel.m[a][k] * out->n[a] / voxels;
  }
  if (!(out->control = vg_calloc(controls, sizeof(float)))) return VG_MEMORY;
  draw_control(out, rng);
  bound(out, amplitude, cell);
  return VG_OK;
}

void vg_warp_release(vg_warp *w) {
  vg_free(w->control);
  memset(w, 0, sizeof *w);
}
