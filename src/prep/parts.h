/* parts.h: parts of a tumour by intensity, with limits that are learned from the tumours of the training. */
#ifndef VG_PREP_PARTS_H
#define VG_PREP_PARTS_H
#include "voxgan/config.h"
#include "voxgan/dataset.h"
#include "voxgan/maps.h"

/* Divides the voxels of m->tumour: the code of a class's first part becomes that of the part, by
 * m->classes.limits. vol[i] is series i, on the grid of m. A voxel counts with its neighbours in the tumour,
 * twice as much as one of them at the same distance. */
vg_status vg_parts_find(const vg_volume *const vol[], const vg_clusters *of, vg_maps *m);

size_t vg_parts_voxels(const vg_maps *m); /* of the tumour */
/* The intensities of these voxels on the scale of the brain (the percentiles 0.5 and 99.5 are -1 and 1),
 * smoothed as above, in the order of the voxels. An image of one intensity is 0. */
vg_status vg_parts_scale(const vg_volume *vol, const vg_maps *m, float *out);

/* How `from` divides tumours is how `to` divides them. */
void vg_parts_follow(const vg_classes *from, vg_classes *to);
/* Whether both divide tumours by the same series into as many parts. */
bool vg_parts_alike(const vg_classes *a, const vg_classes *b);

/* Learns limits from at most VG_PARTS_LEARN of the subjects, evenly selected, except those of `except`:
 * intervals of least scatter, in which each tumour counts the same. As long as none of them has a tumour, it
 * goes on to as many others. Sets classes->limits. VG_DATA: no subject has a tumour. */
enum { VG_PARTS_LEARN = 64 };
vg_status vg_parts_learn(const vg_dataset *set, const bool *except, vg_classes *classes);

#endif
