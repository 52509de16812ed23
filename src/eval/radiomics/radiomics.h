/* radiomics.h: radiomic features of a region, by the definitions of pyradiomics 3 (van Griethuysen et al.,
 * Cancer Research 77, 2017), as FRD v1 takes them (Konz et al., arXiv 2412.01496; the 3-D settings of
 * frd-score 1.0).
 *
 * The image is scaled to mean 0 and SD 100 over all its voxels, and cut to the region's box with 10 voxels
 * around it. 13 images follow: the original, Laplacians of Gaussians of SD 2, 3, 4 and 5 mm, and the eight
 * bands of a stationary wavelet transform (coif1, one level). Each gives 77 features of the region: 18 of
 * first order, 22 of the grey level co-occurrence matrix, 16 of run lengths, 16 of size zones, 5 of
 * neighbouring tones. Grey levels are bins of width 5; matrices use all 26 neighbours at distance 1, and
 * directions are averaged.
 */
#ifndef VG_EVAL_RADIOMICS_H
#define VG_EVAL_RADIOMICS_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

enum {
  VG_RADIOMICS_IMAGES = 13,
  VG_RADIOMICS_OF_IMAGE = 77,
  VG_RADIOMICS_FEATURES = VG_RADIOMICS_IMAGES * VG_RADIOMICS_OF_IMAGE
};

/* The name of a feature as in pyradiomics, "wavelet-LLH_glcm_Contrast", into buf. */
const char *vg_radiomics_name(int i, char *buf, size_t size);

/* Computes all features. image and roi (not 0: in the region) are (Z, Y, X). A feature that is undefined is
 * NaN; all are if the image is constant, the region has fewer than two voxels, a side of the cut image is
 * below 4 voxels or no longer than SD 5 mm needs, or grey levels are too many to count. Only VG_MEMORY. */
vg_status vg_radiomics_compute(const float *image, const uint8_t *roi, const int dim[3], const double mm[3],
                               double out[VG_RADIOMICS_FEATURES]);

#endif
