/* train_edits.h: puts tumours into the label maps of training samples, by the edits that studies use.
 *
 * A map is edited on the voxels of its scan, once for each (epoch, variant), and its samples share the
 * result. The edits see the brain alone: the kinds (label/kinds.h) that have a class. Each kind is an anatomy
 * class of its own there, so that a tumour that pushes displaces structures and not only tissues.
 */
#ifndef VG_STUDY_TRAIN_EDITS_H
#define VG_STUDY_TRAIN_EDITS_H
#include "sample/loader.h"

/* The class that is learned in the voxels of a tumour. */
typedef enum vg_edits_target {
  VG_EDITS_TISSUE, /* the class under it, where the tumour left or pushed it */
  VG_EDITS_TUMOUR, /* one class for all of the tumour */
  VG_EDITS_CLASSES /* its classes */
} vg_edits_target;
#define VG_CLASS_TUMOUR "tumour" /* of VG_EDITS_TUMOUR */

typedef struct vg_train_edits_options {
  const char *chain;  /* as in vg_edit_chain_add */
  const char *donors; /* folder of a data set; "": phantoms */
  vg_edits_target target;
  double share; /* of the samples */
  int variants; /* of a map in an epoch */
  uint64_t seed;
} vg_train_edits_options;

typedef struct vg_train_edits vg_train_edits;

/* Adds the classes that the target needs to classes, after which no class may be added. VG_CONFIG: the chain
 * does not parse, or makes no tumour; there are no donors; classes have tumour classes already. */
vg_status vg_train_edits_open(const vg_train_edits_options *o, vg_classes *classes, vg_train_edits **out);
void vg_train_edits_free(vg_train_edits *e);

/* Says what the cases' maps of kinds mean, before any map is edited. classes: as _open left them. VG_CONFIG:
 * the brain has too many kinds. */
vg_status vg_train_edits_set_kinds(vg_train_edits *e, const vg_kinds *kinds, const vg_scheme *contrasts,
                                   const vg_classes *classes);
/* The same kinds, and those of tumours. */
const vg_kinds *vg_train_edits_kinds(const vg_train_edits *e);

/* Borrowed. */
const vg_map_editor *vg_train_edits_editor(const vg_train_edits *e);
/* VG_REFUSED: no draw of the chain puts a tumour into this case. The message has the last reason. */
vg_status vg_train_edits_try(vg_train_edits *e, const vg_case *c);

#endif
