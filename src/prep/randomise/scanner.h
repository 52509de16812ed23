/* scanner.h: the voxels of another scanner: fewer, and thicker along an axis. */
#ifndef VG_RANDOMISE_SCANNER_H
#define VG_RANDOMISE_SCANNER_H

/* The grid of a scanner beside ours: voxel k of it lies at offset + k * step in our voxels, along each axis.
 */
typedef struct vg_scanner {
  double step[3], offset[3]; /* a step of 1: the same voxels */
  int dim[3];                /* D, H, W */
} vg_scanner;

/* The grid of steps (our voxels, at least 1) that covers dim. shift: 0 to 1, the position of its first voxel.
 */
vg_scanner vg_scanner_of(const int dim[3], const double step[3], const double shift[3]);
/* The standard deviation, in our voxels, of a slice profile whose width at half height is a step. */
double vg_scanner_sigma(double step);

/* Interpolates v (dim) linearly at the scanner's voxels, and back. Outside, the nearest voxel counts. v and
 * work have room for our voxels; the result is in v. */
void vg_scanner_sample(const vg_scanner *s, const int dim[3], float *v, float *work);
void vg_scanner_back(const vg_scanner *s, const int dim[3], float *v, float *work);

#endif
