/* rng.h: counter-based random numbers (Philox4x32-10; Salmon et al., SC 2011).
 *
 * A stream depends on (seed, key) alone. Case k of a study, or sample k of an epoch, therefore draws the same
 * numbers in any thread, process and order:
 *
 *     vg_rng r = vg_rng_init(seed, vg_rng_key("augment", epoch, index));
 */
#ifndef VOXGAN_RNG_H
#define VOXGAN_RNG_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_rng {
  uint64_t seed, key, counter;
  uint32_t block[4];
  int used;      /* words of block already returned */
  int has_spare; /* a second normal deviate is waiting */
  double spare;
} vg_rng;

/* Mixes a purpose and two indices into a stream key. */
uint64_t vg_rng_key(const char *purpose, uint64_t i, uint64_t j);
vg_rng vg_rng_init(uint64_t seed, uint64_t key);

uint32_t vg_rng_u32(vg_rng *r);
uint64_t vg_rng_u64(vg_rng *r);
uint64_t vg_rng_below(vg_rng *r, uint64_t n);           /* uniform in [0, n), n > 0, unbiased */
double vg_rng_uniform(vg_rng *r, double lo, double hi); /* [lo, hi), 53 bits */
double vg_rng_normal(vg_rng *r);                        /* mean 0, sd 1 (Box-Muller) */
/* Shuffles items (Fisher-Yates). */
void vg_rng_shuffle(vg_rng *r, uint32_t *items, uint32_t n);
/* The raw function: 128 bits for one (seed, key, counter). Use it for per-voxel noise in parallel. */
void vg_philox(uint64_t seed, uint64_t key, uint64_t counter, uint32_t out[4]);

#ifdef __cplusplus
}
#endif
#endif
