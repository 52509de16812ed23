/* tissue.h: how classes behave under edits, by their names. */
#ifndef VG_EDIT_TISSUE_H
#define VG_EDIT_TISSUE_H
#include <stdint.h>
#include "edit/brain/frame.h"
#include "voxgan/maps.h"

/* The kinds of anatomy classes. */
typedef enum vg_tissue {
  VG_TISSUE_NONE,  /* code 0: outside the brain, or unknown */
  VG_TISSUE_FLUID, /* csf, ventricles: gives way, stops growth */
  VG_TISSUE_GREY,
  VG_TISSUE_WHITE, /* tumours grow along it */
  VG_TISSUE_OTHER  /* "brain" and unknown names: tissue of no special kind */
} vg_tissue;

/* kind[code], code 0 .. classes->n; VG_TISSUE_NONE for tumour classes. */
void vg_tissue_table(const vg_classes *classes, vg_tissue kind[VG_CLASSES_MAX + 1]);

/* Sets depth[code], the rank of each tumour class from outside to inside: oedema 0, then enhancing,
 * nonenhancing, necrosis; -1 for anatomy. Unknown names count as core, beside enhancing. Classes of the same
 * kind get different depths, in the order of the classes. Returns the number of tumour classes. */
int vg_tumour_depths(const vg_classes *classes, int depth[VG_CLASSES_MAX + 1]);

/* Code of the tumour class of that name; 0 if the set lacks it. */
uint8_t vg_tumour_code(const vg_classes *classes, const char *name);

/* Finds the ventricles: the fluid classes of that name, if the maps have any, or else the lateral ventricles
 * (with the adjoining part of the third) within the fluid, from the anatomy alone. Without fluid the mask is
 * empty. mask (Z, Y, X) 0/1. frame: of the brain, or NULL where it is not known. */
vg_status vg_ventricles_find(const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask);

#endif
