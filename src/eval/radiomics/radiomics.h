/* radiomics.h: radiomic features of a region, by the definitions of pyradiomics 3 (van Griethuysen et al.,
 * Cancer Research 77, 2017), as FRD takes them.
 *
 * Version 1 (Konz et al., arXiv 2412.01496; the 3-D settings of frd-score 1.0): the image is scaled to mean 0
 * and SD 100 over all its voxels, and cut to the region's box with 10 voxels around it. 13 images follow: the
 * original, Laplacians of Gaussians of SD 2, 3, 4 and 5 mm, and the eight bands of a stationary wavelet
 * transform (coif1, one level). Each gives 77 features of the region: 18 of first order, 22 of the grey level
 * co-occurrence matrix, 16 of run lengths, 16 of size zones, 5 of neighbouring tones. Grey levels are bins of
 * width 5.
 *
 * Version 0 (Osuala et al. 2024; frd-score's version v0 for volumes): the original image alone, with the
 * intensities that it has. 107 features: the 77 above, two more of the co-occurrence matrix, 14 of
 * dependences, 14 of the region's shape. Grey levels are bins of width 25, which suits intensities from 0 to
 * 255.
 *
 * Matrices use all 26 neighbours at distance 1, and directions are averaged. */
#ifndef VG_EVAL_RADIOMICS_H
#define VG_EVAL_RADIOMICS_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

enum {
  VG_RADIOMICS_IMAGES = 13,
#define VG_RADIOMICS(name, n, v0, v1) +(v1) * (n)
  VG_RADIOMICS_OF_IMAGE =
#include "registry/radiomics.def"
      ,
  VG_RADIOMICS_FEATURES = VG_RADIOMICS_IMAGES * VG_RADIOMICS_OF_IMAGE, /* of version 1, the most */
#define VG_RADIOMICS(name, n, v0, v1) +(v0) * (n)
  VG_RADIOMICS_FEATURES_V0 =
#include "registry/radiomics.def"
};

/* Which features: images, grey levels and families (radiomics.def). */
typedef struct vg_radiomics_kind vg_radiomics_kind;
extern const vg_radiomics_kind vg_radiomics_v0, vg_radiomics_v1;

int vg_radiomics_count(const vg_radiomics_kind *kind);
/* The name of a feature as in pyradiomics, "wavelet-LLH_glcm_Contrast", into buf. */
const char *vg_radiomics_name(const vg_radiomics_kind *kind, int i, char *buf, size_t size);

/* Computes all features of a kind. image and roi (not 0: in the region) are (Z, Y, X). A feature that is
 * undefined is NaN; all are if the region has fewer than two voxels, or grey levels are too many to count; in
 * version 1 also if the image is constant, or a side of the cut image is below 4 voxels or no longer than SD
 * 5 mm needs. Only VG_MEMORY. */
vg_status vg_radiomics_compute(const vg_radiomics_kind *kind, const float *image, const uint8_t *roi,
                               const int dim[3], const double mm[3], double *out);

#endif
