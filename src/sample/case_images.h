/* case_images.h: prepared cases as sources of synthetic images. */
#ifndef VG_SAMPLE_CASE_IMAGES_H
#define VG_SAMPLE_CASE_IMAGES_H
#include "prep/prep.h"
#include "prep/randomise/randomise.h"

/* The whole case as a source of synthetic images, on its prepared grid. */
vg_randomise_source vg_case_source(const vg_case *c, const vg_kinds *kinds);
/* Gives a case that lacks all images synthetic ones, on the grid and with the labels that it has, as training
 * sees it without deformation. It depends on the settings, the seed and the case's id. */
vg_status vg_case_add_images(vg_case *c, const vg_randomise *how, const vg_kinds *kinds, uint64_t seed);

#endif
