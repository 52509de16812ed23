/* measure.h: parts of vg_tumour_measure. */
#ifndef VG_EDIT_MEASURE_H
#define VG_EDIT_MEASURE_H
#include "edit/brain/frame.h"
#include "voxgan/edit.h"

/* Components, by 26 neighbours, of the tumour's voxels but those of code `without` (0: all of them). */
vg_status vg_tumour_pieces(const vg_maps *maps, uint8_t without, int *pieces);

/* vg_tumour_measure where the brain's frame is known. */
vg_status vg_tumour_measure_in(const vg_maps *maps, const vg_brain_frame *frame, vg_tumour_facts *out);

#endif
