/* features_spectrum.h: the power spectrum of texture by tissue. */
#ifndef VG_EVAL_FEATURES_SPECTRUM_H
#define VG_EVAL_FEATURES_SPECTRUM_H
#include "eval/feature/features.h"

enum { VG_SPECTRUM_BANDS = 7 };
/* A value of a band that the voxels are too large for, or of a tissue that is too small or constant. No power
 * is smaller. */
#define VG_SPECTRUM_NONE (-6.0f)

/* The wavelength of a band in mm: half octaves from 16 to 2 mm. */
double vg_spectrum_wavelength(int band);
/* The regions of space spectrum: the brain's tissues first (one, if not all subjects have an anatomy map),
 * then the tumour's classes. Each has VG_SPECTRUM_BANDS values. */
int vg_spectrum_regions(const vg_feature_plan *plan);
const char *vg_spectrum_region_name(const vg_feature_plan *plan, int region);

#endif
