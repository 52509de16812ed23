/* cavity.h: keeps a resection cavity as it is while an edit alters the tumour around it. */
#ifndef VG_EDIT_CAVITY_H
#define VG_EDIT_CAVITY_H
#include "voxgan/maps.h"

/* The voxels of a cavity, and their anatomy. */
typedef struct vg_cavity {
  uint8_t klass; /* 0: the maps have no such class */
  uint32_t *at;
  uint8_t *anatomy;
  size_t n;
} vg_cavity;

/* Takes the cavity out of the maps: its voxels are outside the brain until they are put back, so no edit
 * changes them, and none puts a tumour there. */
vg_status vg_cavity_hide(vg_maps *maps, vg_cavity *c);
/* Puts it back and frees what was kept. */
void vg_cavity_restore(vg_maps *maps, vg_cavity *c);

#endif
