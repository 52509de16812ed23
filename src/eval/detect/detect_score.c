/* detect_score.c: areas under ROC curves, and their bootstrap over persons. */
#include "eval/detect/detect_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"

enum { STRATA = 256 };

static int by_score(const void *a, const void *b) {
  const detect_item *x = a, *y = b;
  return (x->score > y->score) - (x->score < y->score);
}

/* The area of one network where persons count weight times. NaN if a group has no weight. */
static double area(const detect_answers *a, const uint32_t *weight) {
  double below = 0, won = 0, second = 0;
  for (size_t i = 0; i < a->n;) {
    double first_here = 0, second_here = 0;
    const double score = a->items[i].score;
    for (; i < a->n && !(a->items[i].score > score); i++)
      *(a->items[i].second ? &second_here : &first_here) += weight[a->items[i].person];
    won += second_here * (below + first_here / 2);
    below += first_here;
    second += second_here;
  }
  return below > 0 && second > 0 ? won / (below * second) : NAN;
}

typedef struct scoring {
  const detect_answers *networks;
  size_t n_networks, n_persons;
  const uint8_t *stratum;
  size_t *of, first[STRATA + 1]; /* persons by stratum */
  double *drawn;
} scoring;

static double mean_area(const scoring *s, const uint32_t *weight) {
  double sum = 0, known = 0;
  for (size_t k = 0; k < s->n_networks; k++) {
    const double v = area(&s->networks[k], weight);
    if (isnan(v)) continue;
    sum += v;
    known++;
  }
  return known > 0 ? sum / known : NAN;
}

static vg_status draw(void *arg, size_t k) {
  const scoring *s = arg;
  uint32_t *weight = vg_calloc(s->n_persons, sizeof *weight);
  if (!weight) return VG_MEMORY;
  vg_rng r = vg_rng_init(0, vg_rng_key("detect bootstrap", k, 0));
  for (int g = 0; g < STRATA; g++) {
    const size_t n = s->first[g + 1] - s->first[g];
    for (size_t i = 0; i < n; i++) weight[s->of[s->first[g] + vg_rng_below(&r, n)]]++;
  }
  s->drawn[k] = mean_area(s, weight);
  vg_free(weight);
  return VG_OK;
}

static void sort_persons(scoring *s) {
  size_t at = 0;
  for (int g = 0; g < STRATA; g++) {
    s->first[g] = at;
    for (size_t p = 0; p < s->n_persons; p++)
      if (s->stratum[p] == g) s->of[at++] = p;
  }
  s->first[STRATA] = at;
}

vg_status vg_detect_area(detect_answers *networks, size_t n_networks, const uint8_t *stratum,
                         size_t n_persons, vg_estimate *out) {
  double drawn[VG_RESAMPLES_SUBJECTS];
  scoring s = {.networks = networks,
               .n_networks = n_networks,
               .n_persons = n_persons,
               .stratum = stratum,
               .drawn = drawn};
  uint32_t *once = VG_NEW_N(uint32_t, n_persons);
  s.of = VG_NEW_N(size_t, n_persons);
  vg_status st = once && s.of ? VG_OK : VG_MEMORY;
  *out = (vg_estimate){NAN, NAN, NAN};
  if (!st) {
    for (size_t k = 0; k < n_networks; k++)
      qsort(networks[k].items, networks[k].n, sizeof(detect_item), by_score);
    for (size_t p = 0; p < n_persons; p++) once[p] = 1;
    sort_persons(&s);
    out->value = mean_area(&s, once);
    if (n_persons > 1 && !isnan(out->value)) st = vg_parallel(VG_RESAMPLES_SUBJECTS, draw, &s);
  }
  if (!st && n_persons > 1 && !isnan(out->value)) {
    size_t known = 0;
    for (size_t i = 0; i < VG_RESAMPLES_SUBJECTS; i++)
      if (!isnan(drawn[i])) drawn[known++] = drawn[i];
    vg_statistic_interval(drawn, known, VG_INTERVAL_LINEAR, &out->low, &out->high);
  }
  vg_free(once);
  vg_free(s.of);
  return st;
}
