/* maps_read.h: reading label maps for preparation, which also wants the image series that told the brain. */
#ifndef VG_DATA_MAPS_READ_H
#define VG_DATA_MAPS_READ_H
#include "prep/prep_case.h"
#include "voxgan/maps.h"

/* The grid that every file of a case must share: that of the first file read. */
typedef struct vg_case_grid {
  const char *path; /* of that file; NULL before it is read */
  vg_geometry stored, ras;
  int xform_code;
} vg_case_grid;

/* Takes the first file's grid, or compares with it. VG_DATA names both files. */
vg_status vg_case_grid_check(vg_case_grid *g, const char *path, const vg_geometry *stored,
                             const vg_geometry *ras, int xform_code);

/* Reads an image in the axes closest to RAS and checks its grid. */
vg_status vg_case_read_series(vg_case_grid *g, const char *path, vg_volume *out);

/* vg_maps_read over the files of in. keep: where the brain is told by the series, they are left there
 * (in->n_series volumes, the caller's) with their background values; NULL: read and let go. */
vg_status vg_case_read_maps(const vg_dataset *ds, const vg_subject *subject, const vg_case_inputs *in,
                            const vg_classes *classes, vg_case_grid *grid, vg_volume *keep, vg_range *ranges,
                            vg_maps *out);

/* klass[i]: index + 1 into `to` of what voxel i is, the tumour before the anatomy. VG_DATA when a class that
 * occurs is not in `to`, whose only anatomy class "brain" stands for any; tumour is passed over where `to`
 * has no tumour class. */
vg_status vg_maps_join(const vg_maps *m, const vg_classes *to, uint8_t *klass);

#endif
