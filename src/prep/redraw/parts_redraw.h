/* parts_redraw.h: the parts of a tumour (prep/parts.h), drawn again. */
#ifndef VG_PREP_PARTS_REDRAW_H
#define VG_PREP_PARTS_REDRAW_H
#include "voxgan/maps.h"

/* Draws the parts inside each tumour of m again, from (seed, key). A tumour is a component (26 neighbours) of
 * a class that is divided. Each of its parts keeps its number of voxels, and about its grain and its
 * dependence on the distance from the tumour's surface. Tumours of fewer than VG_REDRAW_LEAST voxels, or of
 * one part, stay as they are, and so does all that is not divided. The result does not depend on threads. */
enum { VG_REDRAW_LEAST = 64 };
vg_status vg_parts_redraw(vg_maps *m, uint64_t seed, uint64_t key);

#endif
