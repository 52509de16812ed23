/* head.h: what a scan may lack of the head. */
#ifndef VG_RANDOMISE_HEAD_H
#define VG_RANDOMISE_HEAD_H
#include "prep/randomise/randomise.h"
#include "voxgan/rng.h"

/* Clears the kinds outside the brain, as programs that strip the skull do: the border lies up to 3 mm inside
 * or outside the voxels that have a class. v, work: floats, as many as voxels. */
void vg_head_strip(uint8_t *kinds, const int dim[3], const double mm[3], const vg_kinds *table, vg_rng *r,
                   float *v, float *work);
/* Clears the kinds beyond a plane across a random axis, up to a third of the extent away from a face. */
void vg_head_crop(uint8_t *kinds, const int dim[3], vg_rng *r);

#endif
