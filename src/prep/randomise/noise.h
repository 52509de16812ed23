/* noise.h: normal deviates for all voxels at once, and what a scanner makes of them. */
#ifndef VG_RANDOMISE_NOISE_H
#define VG_RANDOMISE_NOISE_H
#include <stddef.h>
#include <stdint.h>

/* n deviates of mean 0 and standard deviation 1. Value i depends on (seed, key, i) alone. */
void vg_noise_normals(uint64_t seed, uint64_t key, float *out, size_t n);
/* Adds Gaussian noise. scratch: n floats. */
void vg_noise_gaussian(float *v, size_t n, double sd, uint64_t seed, uint64_t key, float *scratch);
/* Rician noise: the magnitude of the value with Gaussian noise in both of its parts, as in the magnitude
 * image of one coil (Gudbjartsson and Patz 1995). scratch: 2 n floats. */
void vg_noise_rician(float *v, size_t n, double sd, uint64_t seed, uint64_t key, float *scratch);

#endif
