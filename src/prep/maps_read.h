/* maps_read.h: reads label maps for preparation, which also needs the image series that define the brain. */
#ifndef VG_DATA_MAPS_READ_H
#define VG_DATA_MAPS_READ_H
#include "prep/prep_case.h"
#include "voxgan/maps.h"

/* The grid that all files of a case must share: the grid of the first file. */
typedef struct vg_case_grid {
  const char *path; /* of the first file; NULL before it is read */
  vg_geometry stored, ras;
  int xform_code;
} vg_case_grid;

/* Reads an image with its axes closest to RAS, and checks its grid. */
vg_status vg_case_read_series(vg_case_grid *g, const char *path, vg_volume *out);

/* Like vg_maps_read, for the files in `in`. If the series define the brain, keep receives them (in->n_series
 * volumes, owned by the caller) and their background values; keep NULL frees them. */
vg_status vg_case_read_maps(const vg_dataset *ds, const vg_subject *subject, const vg_case_inputs *in,
                            const vg_prep_settings *settings, vg_case_grid *grid, vg_volume *keep,
                            vg_range *ranges, vg_maps *out);

/* Sets klass[i] to the index + 1 in `to` of the class of voxel i; tumour takes precedence over anatomy. If
 * "brain" is the only anatomy class of `to`, it stands for all anatomy. If `to` has no tumour class, tumour
 * is ignored. VG_DATA: a class that occurs is not in `to`. */
vg_status vg_maps_join(const vg_maps *m, const vg_classes *to, uint8_t *klass);

/* Adds the kinds of a scheme's values to settings->kinds. */
vg_status vg_prep_add_kinds(vg_prep_settings *settings, const vg_scheme *scheme);

#endif
