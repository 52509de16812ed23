/* measure.h: the steps of vg_tumour_measure. */
#ifndef VG_EDIT_MEASURE_H
#define VG_EDIT_MEASURE_H
#include "edit/brain/frame.h"
#include "voxgan/edit.h"

/* Counts the pieces (components by 26 neighbours) of the tumour without its voxels of code `without`; 0: with
 * all. */
vg_status vg_tumour_pieces(const vg_maps *maps, uint8_t without, int *pieces);

/* vg_tumour_measure for a known frame of the brain. */
vg_status vg_tumour_measure_in(const vg_maps *maps, const vg_brain_frame *frame, vg_tumour_facts *out);

#endif
