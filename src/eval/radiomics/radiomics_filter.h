/* radiomics_filter.h: the images that radiomic features are computed of. */
#ifndef VG_EVAL_RADIOMICS_FILTER_H
#define VG_EVAL_RADIOMICS_FILTER_H
#include <stddef.h>
#include "voxgan/status.h"

/* The Laplacian of a Gaussian, times sigma^2: recursive filters (Deriche 1993; Farneback and Westin 2006),
 * edges continued, with the coefficients and the single precision between passes of ITK's
 * LaplacianRecursiveGaussianImageFilter. Every side of the image has at least 4 voxels. */
vg_status vg_radiomics_log(const double *in, const int dim[3], const double mm[3], double sigma, double *out);

/* One band of a stationary wavelet transform with coif1, one level, periodic; a side of odd length is first
 * continued by one voxel from its beginning. Bit a of high: high-pass along axis a (x, y, z), else low-pass.
 */
vg_status vg_radiomics_wavelet(const double *in, const int dim[3], unsigned high, double *out);

#endif
