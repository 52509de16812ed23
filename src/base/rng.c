/* rng.c: Philox4x32-10 (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). */
#include "voxgan/rng.h"
#include <math.h>
#include "voxgan/status.h"

void vg_philox(uint64_t seed, uint64_t key, uint64_t counter, uint32_t out[4]) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32);
  uint32_t c2 = (uint32_t)key, c3 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The finaliser of splitmix64: every input bit reaches every output bit. */
static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

uint64_t vg_rng_key(const char *purpose, uint64_t i, uint64_t j) {
  uint64_t h = 0xCBF29CE484222325u; /* FNV-1a */
  for (; *purpose; purpose++) h = (h ^ (unsigned char)*purpose) * 0x100000001B3u;
  h = mix(h + 0x9E3779B97F4A7C15u);
  h = mix((h ^ i) + 0x9E3779B97F4A7C15u);
  return mix((h ^ j) + 0x9E3779B97F4A7C15u);
}

vg_rng vg_rng_init(uint64_t seed, uint64_t key) {
  return (vg_rng){.seed = seed, .key = key, .used = 4};
}

uint32_t vg_rng_u32(vg_rng *r) {
  if (r->used == 4) {
    vg_philox(r->seed, r->key, r->counter++, r->block);
    r->used = 0;
  }
  return r->block[r->used++];
}

uint64_t vg_rng_u64(vg_rng *r) {
  uint64_t lo = vg_rng_u32(r);
  return lo | (uint64_t)vg_rng_u32(r) << 32;
}

uint64_t vg_rng_below(vg_rng *r, uint64_t n) {
  if (!n) VG_BUG("vg_rng_below: a range of none");
  uint64_t skip = -n % n; /* 2^64 mod n: the values that would favour the low results */
  uint64_t x;
  do x = vg_rng_u64(r);
  while (x < skip);
  return x % n;
}

double vg_rng_uniform(vg_rng *r, double lo, double hi) {
  double v = lo + (hi - lo) * ((double)(vg_rng_u64(r) >> 11) * 0x1p-53);
  /* Rounding of the sum may reach hi, which the range excludes. */
  return v < hi || !(lo < hi) ? v : nextafter(hi, lo);
}

double vg_rng_normal(vg_rng *r) {
  if (r->has_spare) {
    r->has_spare = 0;
    return r->spare;
  }
  double u = 1.0 - vg_rng_uniform(r, 0, 1); /* in (0, 1], so the logarithm is finite */
  double angle = 6.283185307179586476925 * vg_rng_uniform(r, 0, 1);
  double radius = sqrt(-2.0 * log(u));
  r->spare = radius * sin(angle);
  r->has_spare = 1;
  return radius * cos(angle);
}

void vg_rng_shuffle(vg_rng *r, uint32_t *items, uint32_t n) {
  for (uint32_t i = n; i > 1; i--) {
    uint32_t j = (uint32_t)vg_rng_below(r, i), swap = items[i - 1];
    items[i - 1] = items[j];
    items[j] = swap;
  }
}
