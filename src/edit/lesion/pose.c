/* pose.c: the position, rotation and scale with which a lesion is put down. */
#include <math.h>
#include <string.h>

#include "edit/lesion/lesion.h"
#include "voxgan/status.h"
#include "base/whole.h"

vg_lesion_pose vg_lesion_pose_at(const double at[3]) {
  return (vg_lesion_pose){
      .at = {at[0], at[1], at[2]}, .linear = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, .ml_factor = 1};
}

void vg_lesion_pose_scale(vg_lesion_pose *pose, double factor) {
  double shrink = 1 / cbrt(factor);
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) pose->linear[r][c] *= shrink;
  pose->ml_factor *= factor;
}

/* The host is turned by r, so the way back to the lesion is linear * transpose of r. */
void vg_lesion_pose_turn(vg_lesion_pose *pose, double r[3][3]) {
  double turned[3][3] = {{0}};
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 3; k++) turned[i][j] += pose->linear[i][k] * r[j][k];
  memcpy(pose->linear, turned, sizeof turned);
}

void vg_rotation_of_angles(const double degrees[3], double r[3][3]) {
  double c[3], s[3];
  for (int a = 0; a < 3; a++) {
    double angle = degrees[a] * (acos(-1.0) / 180);
    c[a] = cos(angle), s[a] = sin(angle);
  }
  const double m[3][3] = {{c[2] * c[1], c[2] * s[1] * s[0] - s[2] * c[0], c[2] * s[1] * c[0] + s[2] * s[0]},
                          {s[2] * c[1], s[2] * s[1] * s[0] + c[2] * c[0], s[2] * s[1] * c[0] - c[2] * s[0]},
                          {-s[1], c[1] * s[0], c[1] * c[0]}};
  memcpy(r, m, sizeof m);
}

/* Four normal deviates, scaled to a unit quaternion, make all rotations equally likely. */
void vg_rotation_random(vg_rng *rng, double r[3][3]) {
  double q[4], norm = 0;
  do {
    norm = 0;
    for (int i = 0; i < 4; i++) q[i] = vg_rng_normal(rng), norm += q[i] * q[i];
  } while (norm < 1e-12);
  for (int i = 0; i < 4; i++) q[i] /= sqrt(norm);
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  const double m[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)},
                          {2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)},
                          {2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)}};
  memcpy(r, m, sizeof m);
}

vg_affine vg_lesion_pose_affine(const vg_lesion *l, const vg_lesion_pose *pose) {
  vg_affine a;
  for (int r = 0; r < 3; r++) {
    a.m[r][3] = l->centre[r];
    for (int c = 0; c < 3; c++) {
      a.m[r][c] = pose->linear[r][c];
      a.m[r][3] -= pose->linear[r][c] * pose->at[c];
    }
  }
  return a;
}

double vg_lesion_fit(const vg_lesion *l, const vg_lesion_pose *pose, const vg_geometry *geo,
                     const uint8_t *allowed) {
  vg_affine to_lesion = vg_lesion_pose_affine(l, pose), to_host, to_voxel;
  if (!vg_affine_invert(&to_lesion, &to_host) || !vg_affine_invert(&geo->affine, &to_voxel))
    VG_BUG("a lesion is put down flat");
  to_voxel = vg_affine_mul(&to_voxel, &to_host);
  size_t landed = 0;
  for (size_t i = 0; i < l->n_points; i++) {
    double mm[3], ijk[3];
    for (int a = 0; a < 3; a++) mm[a] = l->centre[a] + (double)l->points[3 * i + (size_t)a];
    vg_affine_apply(&to_voxel, mm, ijk);
    size_t at = 0;
    bool inside = true;
    for (int a = 2; a >= 0 && inside; a--) {
      double v = floor(ijk[a] + 0.5);
      inside = v >= 0 && v < geo->dim[a];
      if (inside) at = at * (size_t)geo->dim[a] + vg_rank_of(v, (size_t)geo->dim[a]);
    }
    landed += inside && allowed[at];
  }
  return (double)landed / (double)l->n_points;
}
