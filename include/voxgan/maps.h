/* maps.h: the two label maps of a subject as classes on one grid: what a network is given, and what edits
 * alter.
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
  vg_geometry native; /* as in the file that set the grid: the tumour map, else the anatomy map */
  int xform_code;     /* of that file */
  vg_classes classes;
  uint8_t *anatomy; /* index into classes + 1; 0 outside the brain, and where only tumour is known */
  uint8_t *tumour;  /* index into classes + 1; 0 where there is none */
  uint8_t *brain;   /* 1 inside the brain, else 0; every labelled voxel is inside */
} vg_maps;

/* Reads the subject's maps and checks that they share a grid and hold only labels of their schemes. The brain
 * is what the maps label. Without an anatomy map it is where half or more of the series' masks say so, or
 * tumour is labelled, and the class "brain" takes it, where classes have that. Classes that are only "brain"
 * take any anatomy map too; tumour classes that are not asked for leave brain without a tumour. VG_DATA:
 * differing grids, labels outside the scheme or the classes, nothing that tells where the brain is. */
vg_status vg_maps_read(const vg_dataset *ds, const vg_subject *subject, const vg_classes *classes,
                       vg_maps *out);

/* Empty maps on a grid. */
vg_status vg_maps_new(const vg_geometry *geo, const vg_classes *classes, vg_maps *out);
vg_status vg_maps_copy(const vg_maps *from, vg_maps *out);
void vg_maps_release(vg_maps *m);

/* One of the two maps as label values of a scheme, in the native orientation; VG_DATA when a class that
 * occurs has no label in it. */
vg_status vg_maps_labels(const vg_maps *m, vg_role role, const vg_scheme *scheme, vg_labelmap *out);

/* Of the class's components (26 neighbours) the largest stays; the voxels of the others become what the
 * nearest other voxel of the brain is. */
vg_status vg_maps_keep_largest(vg_maps *m, int klass);
/* What the class encloses (6 neighbours) becomes the class where it is inside the brain and labelled as
 * nothing; of a tumour class, where it is no tumour. */
vg_status vg_maps_fill_holes(vg_maps *m, int klass);

#ifdef __cplusplus
}
#endif
#endif
