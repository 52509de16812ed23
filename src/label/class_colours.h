/* class_colours.h: the colour of a class, the same in every picture, page and table. */
#ifndef VG_CLASS_COLOURS_H
#define VG_CLASS_COLOURS_H
#include "voxgan/labels.h"

typedef uint8_t vg_colours[VG_CLASSES_MAX][3];

/* The colours of the classes, by name. Tumours are bright; anatomy is muted, so that tumours stand out. Known
 * names have colours of their own, and clusters of intensities an order (cluster_colours.h). Another name
 * takes the colour of a palette that its number or its letters give, or the next that no class before it has:
 * so a class keeps its colour wherever the classes of its role are the same. */
void vg_class_colours(const vg_classes *classes, vg_colours out);
/* The same for all classes of a scheme, in the order of its labels. */
void vg_scheme_colours(const vg_scheme *scheme, uint8_t (*out)[3]);

#endif
