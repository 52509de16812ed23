/* hidden.h: keeps voxels as they are while an edit alters the brain around them. */
#ifndef VG_EDIT_HIDDEN_H
#define VG_EDIT_HIDDEN_H
#include "voxgan/maps.h"

/* Voxels and what they were. By {0}. */
typedef struct vg_hidden {
  size_t n;
  uint32_t *at;
  uint8_t *anatomy, *brain;
  uint8_t *cavity; /* the class of a resection cavity; 0: tissue of the head */
} vg_hidden;

/* Takes the tissue of the head (vg_class_head_table()) and, where asked, the resection cavity out of the
 * maps: these voxels are outside the brain until they are put back, so no edit changes them, puts a tumour
 * there, or takes them for the brain. Tissue of the head under a tumour stays. */
vg_status vg_hide(vg_maps *maps, bool cavity, vg_hidden *h);
/* Puts them back and frees what was kept. */
void vg_hidden_restore(vg_maps *maps, vg_hidden *h);
/* Frees it alone: the voxels stay hidden. */
void vg_hidden_drop(vg_hidden *h);

#endif
