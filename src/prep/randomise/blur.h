/* blur.h: Gaussian blur along the axes of a volume. */
#ifndef VG_RANDOMISE_BLUR_H
#define VG_RANDOMISE_BLUR_H

#define VG_BLUR_RADIUS 32 /* voxels at most */

/* Convolves v (D, H, W) along each axis with a Gaussian of sigma[axis] voxels, cut at three sigma. Voxels
 * outside take the value of the nearest inside. sigma below 0.1: no blur. work: as large as v. */
void vg_blur(float *v, const int dim[3], const double sigma[3], float *work);

#endif
