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

/* ---- files: the formats are rows of volumes.def, and a path's ending chooses the row ---- */

/* How a file stores a voxel; values are the codes of NIfTI. */
typedef enum vg_dtype {
  VG_DT_U8 = 2,
  VG_DT_I16 = 4,
  VG_DT_I32 = 8,
  VG_DT_F32 = 16,
  VG_DT_F64 = 64,
  VG_DT_I8 = 256,
  VG_DT_U16 = 512,
  VG_DT_U32 = 768,
  VG_DT_I64 = 1024,
  VG_DT_U64 = 1280
} vg_dtype;
const char *vg_dtype_name(vg_dtype t); /* "int16" */

typedef struct vg_volume_header {
  vg_geometry geo; /* as stored */
  vg_dtype dtype;
  double slope, inter; /* 1, 0 when the file has none */
  int version;         /* of the format: NIfTI-1 or 2 */
  int xform_code;      /* NIfTI's code of the affine in use; 0: none, spacing only */
} vg_volume_header;

/* Reads the header alone. VG_DATA: no format reads such a file, or it is damaged. */
vg_status vg_volume_info(const char *path, vg_volume_header *header);
/* Reads values as float, scaled; geometry as stored. VG_DATA gives the number of NaN and infinite values and
 * the first one's voxel. header may be NULL. */
vg_status vg_volume_read(const char *path, vg_volume *vol, vg_volume_header *header);
/* Reads values as labels. VG_DATA names the first value that is not whole (within 1e-3) or outside 0..65535,
 * and its voxel. */
vg_status vg_volume_read_labels(const char *path, vg_labelmap *map, vg_volume_header *header);

#define VG_COMPRESSION_FAST 0
typedef struct vg_volume_write_options {
  vg_dtype dtype;      /* U8, I16, U16 or F32 */
  double slope, inter; /* stored = round((value - inter) / slope); 0 means 1 */
  int xform_code;      /* 0 means 1 (scanner) */
  int compression;     /* where the ending asks for it: VG_COMPRESSION_FAST, or a level of 1..12 */
} vg_volume_write_options;

/* Writes one file by atomic rename, compressed where the ending says so (.nii.gz). The header carries the
 * geometry and nothing else: no description, file names or extensions. options NULL: F32. Values outside an
 * integer type's range are clamped. */
vg_status vg_volume_write(const char *path, const vg_volume *vol, const vg_volume_write_options *options);
/* Writes U8 where the labels fit, else U16. */
vg_status vg_volume_write_labels(const char *path, const vg_labelmap *map, int xform_code);

/* Whether any format reads files of such a name. */
bool vg_volume_is_path(const char *path);
/* The file's name without folder and ending, into buf; false when it does not fit. A name of no format keeps
 * its ending. */
bool vg_volume_stem(const char *path, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
