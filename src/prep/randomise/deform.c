/* deform.c: a label map has no values between two labels, so each voxel takes the nearest one's. */
#include "prep/randomise/deform.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"

static void multiply(double a[3][3], double b[3][3]) {
  double c[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) c[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
  memcpy(a, c, sizeof c);
}

void vg_deform_turn(double matrix[3][3], int axis, double degrees) {
  const double angle = degrees * 0.017453292519943295;
  const int b = (axis + 1) % 3, c = (axis + 2) % 3;
  double turn[3][3] = {{0}};
  turn[axis][axis] = 1;
  turn[b][b] = turn[c][c] = cos(angle);
  turn[b][c] = -sin(angle);
  turn[c][b] = sin(angle);
  multiply(matrix, turn);
}

void vg_deform_draw(const vg_randomise *how, vg_rng *r, vg_deform *out) {
  memcpy(out->matrix, (const double[3][3]){{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, sizeof out->matrix);
  for (int a = 0; a < 3; a++) vg_deform_turn(out->matrix, a, vg_rng_uniform(r, -how->rotate, how->rotate));
  double shear[3][3], scale[3][3] = {{0}};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) shear[i][j] = i == j ? 1 : vg_rng_uniform(r, -how->shear, how->shear);
  multiply(out->matrix, shear);
  const double all = vg_rng_uniform(r, how->scale[0], how->scale[1]);
  /* A larger head: the sample covers less of the map. */
  for (int a = 0; a < 3; a++) scale[a][a] = 1 / (all * vg_rng_uniform(r, 1 - how->stretch, 1 + how->stretch));
  multiply(out->matrix, scale);
}

typedef struct row {
  float at[3], step[3]; /* in the source's voxels: of the row's first voxel, and to the next */
  float scale[3];       /* voxels a mm of displacement */
} row;

/* A position half a voxel or more outside has no voxel. */
VG_HOT static void find_row(const row *r, const float *restrict dz, const float *restrict dy,
                            const float *restrict dx, const int dim[3], int *restrict voxel, int n) {
  const float z0 = r->at[0] + 0.5f, y0 = r->at[1] + 0.5f, x0 = r->at[2] + 0.5f;
  const float top = (float)dim[0], far = (float)dim[1], right = (float)dim[2];
  for (int i = 0; i < n; i++) {
    const float t = (float)i;
    const float z = z0 + r->step[0] * t + r->scale[0] * dz[i], y = y0 + r->step[1] * t + r->scale[1] * dy[i],
                x = x0 + r->step[2] * t + r->scale[2] * dx[i];
    const int inside = (z >= 0) & (z < top) & (y >= 0) & (y < far) & (x >= 0) & (x < right);
    const int at = ((int)z * dim[1] + (int)y) * dim[2] + (int)x;
    voxel[i] = inside ? at : -1;
  }
}

void vg_deform_kinds(const vg_deform *d, const vg_randomise_source *s, const int dim[3],
                     const float *const shift[3], uint8_t *out) {
  enum { PART = 256 };
  int voxel[PART];
  size_t i = 0;
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[2]; x += PART) {
        const int n = dim[2] - x < PART ? dim[2] - x : PART;
        const double o[3] = {(z - (dim[0] - 1) / 2.0) * s->sample_mm[0],
                             (y - (dim[1] - 1) / 2.0) * s->sample_mm[1],
                             (x - (dim[2] - 1) / 2.0) * s->sample_mm[2]};
        row r;
        for (int a = 0; a < 3; a++) {
          const double *m = d->matrix[a];
          r.at[a] = (float)(s->centre[a] + (m[0] * o[0] + m[1] * o[1] + m[2] * o[2]) / s->mm[a]);
          r.step[a] = (float)(m[2] * s->sample_mm[2] / s->mm[a]);
          r.scale[a] = (float)(1 / s->mm[a]);
        }
        find_row(&r, shift[0] + i, shift[1] + i, shift[2] + i, s->dim, voxel, n);
        for (int k = 0; k < n; k++, i++) out[i] = voxel[k] < 0 ? 0 : s->kinds[voxel[k]];
      }
}
