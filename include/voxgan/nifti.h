/* nifti.h: NIfTI-1 and NIfTI-2 volumes, one file or .hdr/.img pair, gzipped or not.
 *
 * Reading accepts either byte order, every real datatype, scl_slope/scl_inter, trailing
 * dimensions of 1 and 2-D slices. The header is checked against itself and the file's size
 * before anything is allocated. Faults are VG_DATA and name the file.
 *
 * The affine is the sform where sform_code > 0, else the qform where qform_code > 0, else the
 * spacing alone (NIfTI-1 standard, method 3, 2, 1). Spatial units other than mm are converted.
 */
#ifndef VOXGAN_NIFTI_H
#define VOXGAN_NIFTI_H
#include <stdbool.h>
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The datatypes of the standard that hold real numbers; values are NIfTI codes. */
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

typedef struct vg_nifti_info {
  vg_geometry geo; /* as stored */
  vg_dtype dtype;
  double slope, inter; /* 1, 0 when the header has none */
  int version;         /* 1 or 2 */
  int xform_code;      /* NIfTI code of the affine in use; 0: none, spacing only */
} vg_nifti_info;

vg_status vg_nifti_info_read(const char *path, vg_nifti_info *info);
/* Values as float, scaled; geometry as stored. NaN and infinities are refused with their count
 * and the place of the first. info may be NULL. */
vg_status vg_nifti_read(const char *path, vg_volume *vol, vg_nifti_info *info);
/* Values as labels: refuses what is not integral (within 1e-3) or outside 0..65535, naming the
 * value and its voxel. */
vg_status vg_nifti_read_labels(const char *path, vg_labelmap *map, vg_nifti_info *info);

typedef struct vg_nifti_write_options {
  vg_dtype dtype;      /* U8, I16, U16 or F32 */
  double slope, inter; /* stored = round((value - inter) / slope); 0 means 1 */
  int xform_code;      /* 0 means 1 (scanner) */
  int gzip_level; /* for a .gz path: 1..12 of libdeflate; 0 is fastest (deflate_runs.h), level 1 for F32 */
} vg_nifti_write_options;

/* NIfTI-1 single file by atomic rename, gzipped when path ends in .gz; sform and qform both set.
 * The header carries geometry and nothing else (no descrip, aux_file, names or extensions).
 * options NULL: F32. Values outside the integer type's range are clamped. */
vg_status vg_nifti_write(const char *path, const vg_volume *vol, const vg_nifti_write_options *options);
/* U8 where the labels fit, else U16. */
vg_status vg_nifti_write_labels(const char *path, const vg_labelmap *map, int xform_code);

/* True for .nii, .nii.gz, .hdr, .hdr.gz (an .img is read through its .hdr). */
bool vg_nifti_is_path(const char *path);
/* File name without folder and NIfTI ending, into buf; false when it does not fit. */
bool vg_nifti_stem(const char *path, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
