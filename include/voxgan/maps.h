/* maps.h: the two label maps of a subject as classes on one grid. They are the input of a network, and edits
 * change them.
 *
 *     vg_maps m;
 *     st = vg_maps_read(&ds, &ds.subjects[0], &classes, &m);
 *     m.tumour[i] ...                 // 0, or index into classes + 1
 *     vg_maps_release(&m);
 */
#ifndef VOXGAN_MAPS_H
#define VOXGAN_MAPS_H
#include <stdint.h>
#include "voxgan/dataset.h"
#include "voxgan/labels.h"
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arrays are (Z, Y, X) of geo, whose axes run closest to R, A, S. Caller-owned: _init by {0}, _release. */
typedef struct vg_maps {
  vg_geometry geo;
  vg_geometry native; /* as stored in the file that sets the grid: the tumour map, else the anatomy map */
  int xform_code;     /* of that file */
  vg_classes classes;
  uint8_t *anatomy; /* index into classes + 1; 0 outside the brain, and in voxels known only as tumour */
  uint8_t *tumour;  /* index into classes + 1; 0 outside the tumour */
  uint8_t *kind;    /* NULL, or what each voxel is to a generator of images (label/kinds.h) */
  uint8_t *brain;   /* 1 inside the brain, else 0; every labelled voxel is inside */
} vg_maps;

/* Reads the subject's maps. Checks that they share a grid and contain only labels of their schemes.
 *
 * The brain is the labelled voxels. Without an anatomy map, the brain is the voxels in at least half of the
 * series' brain masks and the labelled tumour; these voxels become class "brain" if classes contain it. If
 * "brain" is the only anatomy class, every anatomy label becomes "brain". A tumour class that is not in
 * classes becomes brain without a tumour.
 *
 * VG_DATA: grids differ, a label is outside the scheme or the classes, the brain cannot be found. */
vg_status vg_maps_read(const vg_dataset *ds, const vg_subject *subject, const vg_classes *classes,
                       vg_maps *out);

/* Makes empty maps on a grid. */
vg_status vg_maps_new(const vg_geometry *geo, const vg_classes *classes, vg_maps *out);
vg_status vg_maps_copy(const vg_maps *from, vg_maps *out);
/* Makes one class again of the parts of each tumour class (vg_classes_parts). */
void vg_maps_merge_parts(vg_maps *m);
void vg_maps_release(vg_maps *m);

/* Writes one of the two maps as label values of a scheme, in the native orientation. VG_DATA: a class that
 * occurs has no label in the scheme. */
vg_status vg_maps_labels(const vg_maps *m, vg_role role, const vg_scheme *scheme, vg_labelmap *out);

/* All tumour classes together. */
#define VG_MAPS_WHOLE_TUMOUR (-1)
/* Keeps the largest component (26 neighbours) of a class, or of VG_MAPS_WHOLE_TUMOUR. Each voxel of the other
 * components takes the class of the nearest other voxel of the brain; outside the brain, it loses its class.
 */
vg_status vg_maps_keep_largest(vg_maps *m, int klass);
/* Takes the largest component (6 neighbours) of the voxels of the brain's classes as the brain, with its
 * holes (6 neighbours). Voxels outside lose these classes, and keep those of the head, such as "skull". */
vg_status vg_maps_find_brain(vg_maps *m);
/* Fills the holes of a class (6 neighbours). A voxel is filled if it is inside the brain and unlabelled; for
 * a tumour class, if it is inside the brain and not tumour. */
vg_status vg_maps_fill_holes(vg_maps *m, int klass);

#ifdef __cplusplus
}
#endif
#endif
