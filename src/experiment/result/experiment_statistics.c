/* experiment_statistics.c: means over subjects and seeds, and the crossed bootstrap of a difference. */
#include "experiment/result/experiment_statistics.h"

#include <math.h>
#include <stdint.h>
#include "base/mem.h"
#include "voxgan/rng.h"

/* Mean of the finite values among n values that lie step apart; NaN if there is none. which, unless NULL,
 * selects the values. */
static double finite_mean(const double *v, size_t step, const uint32_t *which, size_t n) {
  double sum = 0;
  size_t m = 0;
  for (size_t i = 0; i < n; i++) {
    const double x = v[step * (which ? which[i] : i)];
    if (isfinite(x)) sum += x, m++;
  }
  return m ? sum / (double)m : (double)NAN;
}

typedef struct spread {
  size_t n;
  double sum, squares;
} spread;

static void spread_add(spread *s, double v) {
  if (!isfinite(v)) return;
  s->n++;
  const double d = v - s->sum; /* Welford's method: sum is the mean so far */
  s->sum += d / (double)s->n;
  s->squares += d * (v - s->sum);
}

static double spread_sd(const spread *s) {
  return s->n > 1 ? sqrt(s->squares / (double)(s->n - 1)) : (double)NAN;
}

experiment_mean vg_experiment_mean_of(const experiment_values *v) {
  experiment_mean m = {0};
  spread subjects = {0}, seeds = {0};
  for (size_t i = 0; i < v->seeds * v->subjects; i++) m.infinite += isinf(v->v[i]) != 0;
  for (size_t i = 0; i < v->subjects; i++)
    spread_add(&subjects, finite_mean(v->v + i, v->subjects, NULL, v->seeds));
  for (size_t s = 0; s < v->seeds; s++)
    spread_add(&seeds, finite_mean(v->v + s * v->subjects, 1, NULL, v->subjects));
  m.n = subjects.n;
  m.mean = subjects.n ? subjects.sum : (double)NAN;
  m.sd = spread_sd(&subjects);
  m.seed_sd = spread_sd(&seeds);
  return m;
}

/* A resample of one factor; which NULL: the whole factor. */
typedef struct sample {
  uint32_t *which;
  size_t n;
} sample;

/* Averages the difference over the given subjects. A subject's value is its mean over the given seeds. *n:
 * number of subjects with a value. */
static double mean_difference(const experiment_values *a, sample a_seeds, const experiment_values *b,
                              sample b_seeds, sample subjects, size_t *n) {
  double sum = 0;
  *n = 0;
  for (size_t i = 0; i < subjects.n; i++) {
    const size_t at = subjects.which ? subjects.which[i] : i;
    const double d = finite_mean(a->v + at, a->subjects, a_seeds.which, a_seeds.n) -
                     finite_mean(b->v + at, b->subjects, b_seeds.which, b_seeds.n);
    if (isfinite(d)) sum += d, ++*n;
  }
  return *n ? sum / (double)*n : (double)NAN;
}

static size_t one_less(size_t n) {
  return n > 1 ? n - 1 : n;
}

/* Draws s->n of `of` items with replacement. */
static void draw(vg_rng *r, const sample *s, size_t of) {
  for (size_t i = 0; i < s->n; i++) s->which[i] = (uint32_t)vg_rng_below(r, of);
}

vg_status vg_experiment_difference_of(const experiment_values *a, const experiment_values *b,
                                      const char *purpose, experiment_difference *out) {
  *out = (experiment_difference){.low = NAN, .high = NAN};
  out->mean = mean_difference(a, (sample){NULL, a->seeds}, b, (sample){NULL, b->seeds},
                              (sample){NULL, a->subjects}, &out->n);
  if (out->n < 2) return VG_OK;
  double *means = vg_malloc(VG_RESAMPLES_CROSSED, sizeof *means);
  uint32_t *drawn = vg_malloc(a->subjects + a->seeds + b->seeds, sizeof *drawn);
  vg_status st = means && drawn ? VG_OK : VG_MEMORY;
  if (!st) {
    const sample subjects = {drawn, one_less(a->subjects)},
                 a_seeds = {drawn + a->subjects, one_less(a->seeds)},
                 b_seeds = {a_seeds.which + a->seeds, one_less(b->seeds)};
    vg_rng r = vg_rng_init(0, vg_rng_key(purpose, 0, 0));
    size_t kept = 0, n;
    for (int k = 0; k < VG_RESAMPLES_CROSSED; k++) {
      draw(&r, &subjects, a->subjects);
      draw(&r, &a_seeds, a->seeds);
      draw(&r, &b_seeds, b->seeds);
      means[kept] = mean_difference(a, a_seeds, b, b_seeds, subjects, &n);
      kept += n > 0;
    }
    vg_statistic_interval(means, kept, VG_INTERVAL_LINEAR, &out->low, &out->high);
  }
  vg_free(means);
  vg_free(drawn);
  return st;
}

experiment_verdict vg_experiment_verdict_of(const experiment_difference *d, size_t a_seeds, size_t b_seeds) {
  if (!d->n || isnan(d->low)) return VERDICT_NONE;
  if (d->low <= 0 && d->high >= 0) return VERDICT_NOISE;
  if (d->n < EXPERIMENT_LEAST_SUBJECTS) return VERDICT_TOO_FEW;
  if (a_seeds < 2 || b_seeds < 2) return VERDICT_ONE_SEED;
  return d->mean > 0 ? VERDICT_HIGHER : VERDICT_LOWER;
}
