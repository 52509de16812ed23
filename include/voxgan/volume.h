/* volume.h: voxels with world coordinates.
 *
 * The x index of data runs fastest: data[(z * dim[1] + y) * dim[0] + x]. World coordinates are millimetres,
 * RAS+ (x to the right, y to the front, z up), as in NIfTI. All code after reading works on volumes whose
 * axes run closest to R, A, S (vg_volume_canonicalise). A caller that must write in the original geometry
 * keeps that geometry (vg_volume_to_geometry).
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
/* The volume of a voxel, ml: by the determinant, because the axes of a sheared grid are not at right angles.
 */
double vg_geometry_voxel_ml(const vg_geometry *geo);
/* How far corners of one grid may be apart in two files, mm: a float32 quaternion keeps a turn to about 5e-4.
 * At most 0.4 of the smallest voxel size. */
double vg_geometry_tolerance(const vg_geometry *geo);
/* "RAS", "LPS", ...: where each stored axis points. */
void vg_geometry_orientation(const vg_geometry *geo, char code[4]);
/* Checks that both have the same shape, and that each corner has the same world position within tol_mm.
 * Otherwise fails with VG_DATA; the message "a: ... differs from b's ..." names the shape or the distance. */
vg_status vg_geometry_same(const vg_geometry *a, const char *name_a, const vg_geometry *b, const char *name_b,
                           double tol_mm);

/* Sets the axes' order and signs closest to RAS, as vg_volume_canonicalise does for a volume. */
void vg_geometry_canonicalise(vg_geometry *geo);

void vg_affine_apply(const vg_affine *a, const double ijk[3], double mm[3]);
/* false when singular. */
bool vg_affine_invert(const vg_affine *a, vg_affine *inverse);
vg_affine vg_affine_mul(const vg_affine *a, const vg_affine *b);

vg_status vg_volume_new(const vg_geometry *geo, vg_volume *out); /* zero-filled */
void vg_volume_release(vg_volume *v);
vg_status vg_labelmap_new(const vg_geometry *geo, vg_labelmap *out);
void vg_labelmap_release(vg_labelmap *m);

/* Permutes and flips the axes, in place, to the order closest to RAS, like nibabel's as_closest_canonical. No
 * interpolation; world positions stay. */
vg_status vg_volume_canonicalise(vg_volume *v);
vg_status vg_labelmap_canonicalise(vg_labelmap *m);
/* The inverse: permutes and flips v to the axes of target. VG_BUG: v is not a permutation of target. */
vg_status vg_volume_to_geometry(vg_volume *v, const vg_geometry *target);
vg_status vg_labelmap_to_geometry(vg_labelmap *m, const vg_geometry *target);

/* ---- files: the formats are rows of volumes.def, and the ending of a path selects the row ---- */

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
  const char *format;  /* "NIfTI-1", "NIfTI-2", "MGH", "MetaImage", "NRRD" */
  int version;         /* of NIfTI: 1 or 2; 0: another format */
  int xform_code;      /* NIfTI's code of the affine in use; 0: none, spacing only */
  bool synthetic;      /* its description begins with VG_VOLUME_MARK */
} vg_volume_header;

/* Reads the header only. VG_DATA: unknown format, or a damaged file. */
vg_status vg_volume_info(const char *path, vg_volume_header *header);
/* Reads scaled values as float; the geometry is as stored. VG_DATA: NaN or infinite values; the message gives
 * their number and the voxel of the first. header may be NULL. */
vg_status vg_volume_read(const char *path, vg_volume *vol, vg_volume_header *header);
/* Reads values as labels. VG_DATA: a value is not whole (within 1e-3) or outside 0..65535; the message names
 * the first such value and its voxel. */
vg_status vg_volume_read_labels(const char *path, vg_labelmap *map, vg_volume_header *header);

/* How the description (descrip) of a synthetic NIfTI file begins; the version of voxgan follows. */
#define VG_VOLUME_MARK "synthetic: voxgan "

#define VG_COMPRESSION_FAST 0
typedef struct vg_volume_write_options {
  vg_dtype dtype;      /* U8, I16, U16 or F32 */
  double slope, inter; /* stored = round((value - inter) / slope); 0 means 1 */
  int xform_code;      /* as in vg_volume_header; 0: the orientation is not known */
  int compression;     /* if the ending asks for it: VG_COMPRESSION_FAST, or a level from 1 to 12 */
  bool synthetic;      /* the description says so (VG_VOLUME_MARK); false: there is none */
} vg_volume_write_options;

/* Writes one file by atomic rename, compressed if the ending asks for it (.nii.gz). The header holds the
 * geometry, the mark of a synthetic file, and nothing else: no file names or extensions. options NULL: F32
 * and the code 1 (scanner). Clamps values outside the range of an integer type, and warns of them. */
vg_status vg_volume_write(const char *path, const vg_volume *vol, const vg_volume_write_options *options);
/* Writes U8 if the labels fit, else U16. */
vg_status vg_volume_write_labels(const char *path, const vg_labelmap *map, int xform_code);
/* The same; synthetic as in vg_volume_write_options. */
vg_status vg_volume_write_marked_labels(const char *path, const vg_labelmap *map, int xform_code,
                                        bool synthetic);

/* A path may name one volume of a file that holds several: "FILE#2" is the third. Returns the length of FILE,
 * and in *part the number after it. Where path names a file alone: its whole length, and -1. */
size_t vg_volume_part(const char *path, int *part);
/* The file of such a path (vg_free); NULL: no memory. */
char *vg_volume_file(const char *path);
/* The other file that a file of path needs: the voxels of a .hdr, .mhd or .nhdr (vg_free); NULL: none. */
vg_status vg_volume_beside(const char *path, char **beside);
/* Whether some format reads files with this ending. */
bool vg_volume_is_path(const char *path);
/* Writes the file's name, without folder and ending, into buf. Returns false if it does not fit. A name of no
 * known format keeps its ending. */
bool vg_volume_stem(const char *path, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
