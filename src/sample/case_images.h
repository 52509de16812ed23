/* case_images.h: prepared cases as sources of synthetic images. */
#ifndef VG_SAMPLE_CASE_IMAGES_H
#define VG_SAMPLE_CASE_IMAGES_H
#include "prep/prep.h"
#include "prep/randomise/randomise.h"

/* The whole case as a source of synthetic images, on its prepared grid. */
vg_randomise_source vg_case_source(const vg_case *c, const vg_kinds *kinds);
/* Gives a case that lacks all images synthetic ones, on the grid and with the labels that it has, as training
 * sees it in the end, without deformation. edited: NULL, or the map to show in place of the case's own; its
 * labels, of whole voxels, then replace the case's too. It depends on the settings, the map, the seed and the
 * case's id.
 */
vg_status vg_case_add_images(vg_case *c, const vg_randomise *how, const vg_kinds *kinds,
                             const uint8_t *edited, uint64_t seed);

#endif
