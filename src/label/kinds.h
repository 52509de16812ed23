/* kinds.h: what voxels of a label map are to a generator of images: their contrast, and the class to learn.
 *
 * Values that share a contrast get the same random intensities, such as those of both hemispheres. A contrast
 * may have no class: tissue of the head that is generated, and learned as background. */
#ifndef VG_LABEL_KINDS_H
#define VG_LABEL_KINDS_H
#include "voxgan/labels.h"

#define VG_KINDS_MAX 127
#define VG_CONTRASTS_MAX (1 + VG_LABELS_MAX + VG_CLASSES_MAX) /* contrast 0 is the background's */

/* Kinds 1..n; kind 0 is background. */
typedef struct vg_kinds {
  int n;
  uint8_t contrast[VG_KINDS_MAX + 1]; /* below VG_CONTRASTS_MAX */
  uint8_t klass[VG_KINDS_MAX + 1];    /* index into the classes + 1; 0: none */
  bool outside[VG_KINDS_MAX + 1];     /* its class is tissue outside the brain, such as skull */
  bool lesion[VG_KINDS_MAX + 1];      /* of a tumour that an edit put there: it has a texture of its own */
} vg_kinds;

/* Sets table[value] (65536 entries) to the kind of each value, and adds the kinds that k lacks. The contrast
 * of a value is its name in `contrasts`, where that has it, else its class (class_of[value], as made by
 * vg_classes_table()). A value with neither is background. VG_CONFIG: too many kinds. */
vg_status vg_kinds_table(vg_kinds *k, const vg_scheme *contrasts, const uint8_t *class_of, uint8_t *table);
/* The kind of that contrast and class (index + 1, or 0: none); added if k lacks it. VG_CONFIG: too many
 * kinds. */
vg_status vg_kinds_of(vg_kinds *k, int contrast, int klass, uint8_t *kind);
/* Whether a kind belongs to the brain. */
static inline bool vg_kinds_in_brain(const vg_kinds *k, int kind) {
  return k->klass[kind] && !k->outside[kind];
}
/* The kind of a class that has a contrast of its own, as a tumour's; added if k lacks it. */
vg_status vg_kinds_of_class(vg_kinds *k, int klass, uint8_t *kind);

#endif
