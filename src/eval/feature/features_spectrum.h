/* features_spectrum.h: the power spectrum of texture by tissue. */
#ifndef VG_EVAL_FEATURES_SPECTRUM_H
#define VG_EVAL_FEATURES_SPECTRUM_H
#include "eval/feature/features.h"

enum { VG_SPECTRUM_BANDS = 7 }; /* values of each region (vg_features_regions) */
/* A value of a band that the voxels are too large for, or of a tissue that is too small or constant. No power
 * is smaller. */
#define VG_SPECTRUM_NONE (-6.0f)

/* The wavelength of a band in mm: half octaves from 16 to 2 mm. */
double vg_features_wavelength(int band);

#endif
