/* volume.h: voxels with a place in the world.
 *
 * data is x-fastest: data[(z * dim[1] + y) * dim[0] + x]. World coordinates are millimetres,
 * RAS+ (x to the right, y to the front, z up), as in NIfTI. Everything past io works on volumes
 * whose axes run closest to R, A, S (vg_volume_canonicalise); the geometry they were read with
 * is kept by whoever must write in it again (vg_volume_to_geometry).
 */
#ifndef VOXGAN_VOLUME_H
#define VOXGAN_VOLUME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_affine {
  double m[3][4]; /* world = m * (i, j, k, 1) */
} vg_affine;

typedef struct vg_geometry {
  int dim[3]; /* voxels along the stored x, y, z */
  vg_affine affine;
} vg_geometry;

/* Intensities. Caller-owned: _init by {0}, _release. */
typedef struct vg_volume {
  vg_geometry geo;
  float *data; /* (Z, Y, X) */
} vg_volume;

/* Label values. 0 is background. */
typedef struct vg_labelmap {
  vg_geometry geo;
  uint16_t *data; /* (Z, Y, X) */
} vg_labelmap;

size_t vg_geometry_voxels(const vg_geometry *geo);
/* Voxel size along each stored axis, mm. */
void vg_geometry_spacing(const vg_geometry *geo, double mm[3]);
/* "RAS", "LPS", ...: where each stored axis points. */
void vg_geometry_orientation(const vg_geometry *geo, char code[4]);
/* Same shape, and affines that put every corner within tol mm. Otherwise VG_DATA, with "a: ...
 * differs from b's ...": the message names shape or distance. */
vg_status vg_geometry_same(const vg_geometry *a, const char *name_a, const vg_geometry *b, const char *name_b,
                           double tol_mm);

/* The axes' order and signs closest to RAS, as vg_volume_canonicalise leaves a volume. */
void vg_geometry_canonicalise(vg_geometry *geo);

void vg_affine_apply(const vg_affine *a, const double ijk[3], double mm[3]);
/* false when singular. */
bool vg_affine_invert(const vg_affine *a, vg_affine *inverse);
vg_affine vg_affine_mul(const vg_affine *a, const vg_affine *b);

vg_status vg_volume_new(const vg_geometry *geo, vg_volume *out); /* zero-filled */
void vg_volume_release(vg_volume *v);
vg_status vg_labelmap_new(const vg_geometry *geo, vg_labelmap *out);
void vg_labelmap_release(vg_labelmap *m);

/* Permutes and flips axes, in place, to the order closest to RAS (as nibabel's
 * as_closest_canonical). No interpolation; world positions stay. */
vg_status vg_volume_canonicalise(vg_volume *v);
vg_status vg_labelmap_canonicalise(vg_labelmap *m);
/* The way back: permutes and flips v to the axes of target, of which it must be a permutation
 * (VG_BUG otherwise). */
vg_status vg_volume_to_geometry(vg_volume *v, const vg_geometry *target);
vg_status vg_labelmap_to_geometry(vg_labelmap *m, const vg_geometry *target);

#ifdef __cplusplus
}
#endif
#endif
