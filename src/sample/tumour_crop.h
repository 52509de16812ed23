/* tumour_crop.h: where the tumour discriminator looks: a box of fixed extent about the tumour of a sample. */
#ifndef VG_SAMPLE_TUMOUR_CROP_H
#define VG_SAMPLE_TUMOUR_CROP_H
#include "prep/prep.h"
#include "voxgan/rng.h"

/* The extent (D, H, W) of the box: along each axis the median over the cases with a tumour of its extent and
 * a margin of so many mm on either side, rounded up to a multiple of 8 voxels; at least 16 and at most the
 * patch. {0}: no case has a tumour. */
vg_status vg_tumour_crop_extent(const vg_case *cases, size_t n, double margin, const int patch[3],
                                int extent[3]);

/* The numbers that a batch holds for each sample's box. */
enum { VG_CROP_AT, VG_CROP_PRESENT = 3, VG_CROP_NUMBERS }; /* corner (D, H, W), then 1 if there is a tumour */

/* Places the box in a sample of dim (D, H, W) voxels. fractions: of the n tumour classes, (n, D, H, W). Along
 * an axis where the tumour fits, the box is centred on it; elsewhere on one of its voxels, drawn at random.
 * The box lies inside the sample. Voxels that are mostly tumour count; without one all numbers are 0. */
void vg_tumour_crop_place(const float *fractions, int n, const int dim[3], const int extent[3], vg_rng *r,
                          float out[VG_CROP_NUMBERS]);

#endif
