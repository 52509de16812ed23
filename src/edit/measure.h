/* measure.h: pieces of a tumour. */
#ifndef VG_EDIT_MEASURE_H
#define VG_EDIT_MEASURE_H
#include "voxgan/maps.h"

/* Components, by 26 neighbours, of the tumour's voxels but those of code `without` (0: all of them). */
vg_status vg_tumour_pieces(const vg_maps *maps, uint8_t without, int *pieces);

#endif
