/* nifti_repair.h: faults of a NIfTI header that have one sensible reading. Each is repaired and reported;
 * what has none is an error. */
#ifndef VG_IO_NIFTI_REPAIR_H
#define VG_IO_NIFTI_REPAIR_H
#include <stdbool.h>
#include <stdint.h>
#include "voxgan/volume.h"

/* The fields of both NIfTI versions that place and scale voxels. */
typedef struct vg_nifti_fields {
  int64_t dim[8];
  double pixdim[4], quatern[3], offset[3];
  double slope, inter;
  int qform_code, sform_code, units;
} vg_nifti_fields;

/* Kinds of repair. */
typedef enum vg_repair {
  VG_REPAIR_SIZE_SIGN,   /* a negative voxel size */
  VG_REPAIR_SIZE_ZERO,   /* a voxel size of 0 */
  VG_REPAIR_QFAC,        /* pixdim[0] is neither 1 nor -1 */
  VG_REPAIR_ORIENTATION, /* neither sform nor qform */
  VG_REPAIR_TWO_FORMS,   /* sform and qform contradict each other */
  VG_REPAIR_UNITS,       /* a unit that does not exist */
  VG_REPAIR_LENGTHS,     /* lengths beyond the number of dimensions */
  VG_REPAIR_SCALE,       /* an intercept without a slope */
  VG_REPAIR_CLAMPED,     /* values beyond the type that they are written as */
  VG_REPAIRS
} vg_repair;

/* Repairs voxel sizes, qfac and units, and reports all that it repairs or ignores. VG_DATA: a field in use is
 * not finite, or the qform is not a rotation. */
vg_status vg_nifti_repair(const char *path, vg_nifti_fields *f);
/* Reports the two affines of a header that has both if they contradict each other; sform is the one in use.
 */
void vg_nifti_compare_forms(const char *path, const vg_geometry *sform, const vg_geometry *qform,
                            bool same_code);

/* Reports a repair: a warning for the first file of a kind, a debug line for each other. A file that is read
 * again counts once. */
void vg_repair_note(vg_repair kind, const char *path, const char *fmt, ...) VG_PRINTF(3, 4);
/* Warns of the number of files of each kind that more than one file has. A program calls it at its end. */
void vg_repair_report(void);
/* Files of that kind so far. */
long vg_repair_count(vg_repair kind);

#endif
