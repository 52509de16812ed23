/* detect_persons.c: lists the persons of both sides, and divides them. */
#include "eval/detect/detect_persons.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "voxgan/rng.h"

enum { HAS_REAL = 1, HAS_SYNTH = 2, BOTH = HAS_REAL | HAS_SYNTH };

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t list_side(const detect_side *side, const char **names) {
  size_t n = 0;
  for (size_t i = 0; i < side->n; i++)
    if (side->subjects[i].n) names[n++] = side->subjects[i].subject->person;
  return n;
}

static void find_persons(const detect_side *side, const char *const *names, size_t n, uint8_t bit,
                         detect_persons *p, uint32_t *out) {
  for (size_t i = 0; i < side->n; i++) {
    if (!side->subjects[i].n) continue;
    const char *const *at = bsearch(&side->subjects[i].subject->person, names, n, sizeof *names, by_text);
    out[i] = (uint32_t)(at - names);
    p->stratum[out[i]] |= bit;
  }
}

/* Deals the persons of some strata in a random order, and gives each its rank in it, from `dealt` on. */
static size_t deal(const detect_persons *p, unsigned strata, vg_rng *r, uint32_t *order, size_t dealt,
                   uint32_t *rank) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n; i++)
    if (strata >> p->stratum[i] & 1) order[n++] = i;
  vg_rng_shuffle(r, order, n);
  for (uint32_t k = 0; k < n; k++) rank[order[k]] = (uint32_t)dealt + k;
  return dealt + n;
}

static void divide(detect_persons *p, int seed, uint32_t *order, uint32_t *rank) {
  vg_rng r = vg_rng_init((uint64_t)seed, vg_rng_key("detect folds", 0, 0));
  size_t dealt = 0;
  for (unsigned stratum = HAS_REAL; stratum <= BOTH; stratum++)
    dealt = deal(p, 1u << stratum, &r, order, dealt, rank);
  for (size_t i = 0; i < p->n; i++) p->fold[seed][i] = rank[i] & 1;
  r = vg_rng_init((uint64_t)seed, vg_rng_key("detect halves", 0, 0));
  deal(p, 1u << HAS_REAL | 1u << BOTH, &r, order, 0, rank);
  for (size_t i = 0; i < p->n; i++) p->half[seed][i] = rank[i] & 3;
}

vg_status vg_detect_persons(const detect_side *real, const detect_side *synth, detect_persons *p) {
  const size_t most = real->n + synth->n;
  const char **names = VG_NEW_N(const char *, most);
  uint32_t *order = VG_NEW_N(uint32_t, 2 * most);
  *p = (detect_persons){.real = VG_NEW_N(uint32_t, real->n), .synth = VG_NEW_N(uint32_t, synth->n)};
  p->stratum = vg_calloc(most, 1);
  bool ok = names && order && p->real && p->synth && p->stratum;
  for (int s = 0; s < DETECT_SEEDS; s++) {
    p->fold[s] = vg_calloc(most, 1);
    p->half[s] = vg_calloc(most, 1);
    ok &= p->fold[s] && p->half[s];
  }
  if (ok) {
    size_t n = list_side(real, names);
    n += list_side(synth, names + n);
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 0; i < n; i++)
      if (!i || strcmp(names[i], names[p->n - 1]) != 0) names[p->n++] = names[i];
    find_persons(real, names, p->n, HAS_REAL, p, p->real);
    find_persons(synth, names, p->n, HAS_SYNTH, p, p->synth);
    for (size_t i = 0; i < p->n; i++) {
      p->n_real += p->stratum[i] & HAS_REAL;
      p->n_synth += p->stratum[i] >> 1;
    }
    for (int s = 0; s < DETECT_SEEDS; s++) divide(p, s, order, order + most);
  }
  vg_free(names);
  vg_free(order);
  return ok ? VG_OK : VG_MEMORY;
}

void vg_detect_persons_release(detect_persons *p) {
  vg_free(p->real);
  vg_free(p->synth);
  vg_free(p->stratum);
  for (int s = 0; s < DETECT_SEEDS; s++) {
    vg_free(p->fold[s]);
    vg_free(p->half[s]);
  }
  *p = (detect_persons){0};
}
