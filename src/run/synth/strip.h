/* strip.h: the brain without the fluid around it. */
#ifndef VG_RUN_STRIP_H
#define VG_RUN_STRIP_H
#include "voxgan/maps.h"

/* Marks (Z, Y, X; 0/1) the largest piece of tissue that is no fluid, with all that it encloses: ventricles,
 * and sulci narrower than twice VG_STRIP_MM (a closing by a ball). */
#define VG_STRIP_MM 4.0
vg_status vg_strip_fluid(const vg_maps *m, uint8_t *brain);

#endif
