/* draw_like.h: the volumes of a data set's tumours, as a distribution. */
#ifndef VG_EDIT_DRAW_LIKE_H
#define VG_EDIT_DRAW_LIKE_H
#include "voxgan/edit.h"

/* Sets knots to the quantiles 0, 1/15, ..., 1 of the volumes (ml) of the tumours in the tumour maps of a data
 * set; of more than 256 maps, 256 spread over them. VG_CONFIG: it has no tumour, or cannot be opened. */
vg_status vg_draw_like(const char *root, double knots[VG_DRAW_CHOICES]);

#endif
