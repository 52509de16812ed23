/* tissue.h: what editing knows of classes, by their names. */
#ifndef VG_EDIT_TISSUE_H
#define VG_EDIT_TISSUE_H
#include <stdint.h>
#include "edit/brain/frame.h"
#include "voxgan/maps.h"

/* How an anatomy class behaves. */
typedef enum vg_tissue {
  VG_TISSUE_NONE,  /* code 0: not brain, or not known */
  VG_TISSUE_FLUID, /* csf, ventricles: gives way, stops growth */
  VG_TISSUE_GREY,
  VG_TISSUE_WHITE, /* growth runs along it */
  VG_TISSUE_OTHER  /* "brain" and names not known: tissue of no special kind */
} vg_tissue;

/* kind[code], code 0 .. classes->n; VG_TISSUE_NONE for tumour classes. */
void vg_tissue_table(const vg_classes *classes, vg_tissue kind[VG_CLASSES_MAX + 1]);

/* How deep in a tumour a class lies: oedema 0, then enhancing, nonenhancing, necrosis inward; names not known
 * count as core, beside enhancing. -1 for anatomy. Classes of equal depth get distinct depths in the classes'
 * order, so depth orders all tumour classes of a set: depth[code], n = their number. */
int vg_tumour_depths(const vg_classes *classes, int depth[VG_CLASSES_MAX + 1]);

/* Code of the tumour class of that name; 0 where the set lacks it. */
uint8_t vg_tumour_code(const vg_classes *classes, const char *name);

/* Ventricles: the fluid classes of that name where there are any, else the lateral ventricles (and what of
 * the third they open into) found in the fluid, from the anatomy alone; empty where the anatomy knows no
 * fluid. mask (Z, Y, X) 0/1. */
vg_status vg_ventricles_find(const vg_maps *maps, uint8_t *mask);
/* The same where the brain's frame is known already; NULL: it is not. */
vg_status vg_ventricles_find_in(const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask);

#endif
