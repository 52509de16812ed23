/* compare_diversity.c: MS-SSIM between subjects of one set. */
#include <math.h>
#include <stdio.h>
#include "eval/compare/compare_distribution.h"
#include "eval/feature/features_thumbnail.h"
#include "eval/set/set_distance.h"
#include "base/task/progress.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"

enum { PAIRS = 100, EDGE = VG_VOLUME_EDGE, VOXELS = EDGE * EDGE * EDGE };

typedef struct pair {
  uint32_t a, b; /* indices over both sets, the real one first */
} pair;

typedef struct comparison {
  const vg_features *real, *synth;
  size_t series;
  pair *pairs;
  double *likeness; /* (n, n) */
} comparison;

static const float *volume_of(const comparison *c, size_t i) {
  const vg_features *f = i < c->real->n ? c->real : c->synth;
  size_t row = i < c->real->n ? i : i - c->real->n;
  return f->values + row * f->dims + c->series * VOXELS;
}

vg_status vg_eval_likeness(const float *a, const float *b, int edge, double *out) {
  const size_t voxels = (size_t)edge * (size_t)edge * (size_t)edge;
  uint8_t *cells = vg_malloc(voxels, 1);
  if (!cells) return VG_MEMORY;
  for (size_t i = 0; i < voxels; i++) cells[i] = a[i] > -1 || b[i] > -1;
  double value[VG_REGIONS_MAX];
  vg_metric_memo memo = {0};
  vg_regions regions;
  vg_metric_regions_init(&regions);
  vg_status st = vg_metric_regions_add(&regions, "brain", &(uint8_t){1}, 1);
  vg_metric_input in = {.dim = {edge, edge, edge},
                        .spacing = {1, 1, 1},
                        .regions = &regions,
                        .real = a,
                        .synth = b,
                        .cells = cells,
                        .range = 2,
                        .memo = &memo};
  if (!st) st = vg_metric_find("ms_ssim")->metric->compute(&in, value);
  if (!st) *out = value[0];
  vg_metric_memo_release(&memo);
  vg_free(cells);
  return st;
}

static vg_status compare(void *arg, size_t k) {
  const comparison *c = arg;
  pair p = c->pairs[k];
  const size_t n = c->real->n + c->synth->n;
  double likeness;
  vg_status st = vg_eval_likeness(volume_of(c, p.a), volume_of(c, p.b), EDGE, &likeness);
  if (!st) c->likeness[p.a * n + p.b] = c->likeness[p.b * n + p.a] = likeness;
  return st;
}

/* Lists all pairs of n subjects from `first` on. If there are more than PAIRS, draws PAIRS of them, the same
 * in every run. */
static size_t draw_pairs(size_t first, size_t n, pair *all) {
  size_t met = 0;
  for (size_t a = 0; a < n; a++) {
    for (size_t b = 0; b < a; b++) all[met++] = (pair){(uint32_t)(first + a), (uint32_t)(first + b)};
  }
  if (met <= PAIRS) return met;
  vg_rng r = vg_rng_init(0, vg_rng_key("diversity pairs", n, 0));
  for (size_t i = 0; i < PAIRS; i++) {
    size_t other = i + vg_rng_below(&r, met - i);
    pair kept = all[i];
    all[i] = all[other];
    all[other] = kept;
  }
  return PAIRS;
}

static double mean_of_pairs(const comparison *c, size_t first, size_t n) {
  size_t all = c->real->n + c->synth->n;
  double sum = 0;
  for (size_t k = first; k < first + n; k++) sum += c->likeness[c->pairs[k].a * all + c->pairs[k].b];
  return sum / (double)n;
}

static vg_status measure_series(vg_eval *e, comparison *c, const char *series) {
  size_t n_real = c->real->n, n_synth = c->synth->n, n = n_real + n_synth;
  size_t room = n_real * (n_real - 1) / 2 + n_synth * (n_synth - 1) / 2;
  c->likeness = vg_malloc(n * n, sizeof *c->likeness);
  c->pairs = vg_malloc(room, sizeof *c->pairs);
  vg_status st = c->likeness && c->pairs ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n * n && !st; i++) c->likeness[i] = NAN;
  size_t pairs_real = st ? 0 : draw_pairs(0, n_real, c->pairs);
  size_t pairs_synth = st ? 0 : draw_pairs(n_real, n_synth, c->pairs + pairs_real);
  if (!st) st = vg_task_parallel("diversity", "pairs", pairs_real + pairs_synth, compare, c);
  vg_set_distance d;
  if (!st) st = vg_set_diversity(c->likeness, n_real, n_synth, &d);
  if (!st) {
    eval_set row = {.metric = vg_set_metric_find("diversity"),
                    .value = d.value,
                    .ci_low = d.ci_low,
                    .ci_high = d.ci_high,
                    .floor = NAN,
                    .n_real = n_real,
                    .n_synth = n_synth};
    snprintf(row.space, sizeof row.space, "%s", series);
    snprintf(row.note, sizeof row.note, "MS-SSIM %.3f between synthetic, %.3f between real subjects",
             mean_of_pairs(c, pairs_real, pairs_synth), mean_of_pairs(c, 0, pairs_real));
    st = vg_eval_add_set(e, &row);
  }
  vg_free(c->likeness);
  vg_free(c->pairs);
  return st;
}

vg_status vg_eval_diversity(vg_eval *e, const vg_feature_plan *plan, const vg_features *real,
                            const vg_features *synth) {
  comparison c = {.real = real, .synth = synth};
  vg_status st = VG_OK;
  if (real->n < 2 || synth->n < 2) return VG_OK;
  for (int k = 0; k < plan->series.n && !st; k++) {
    c.series = (size_t)k;
    st = measure_series(e, &c, plan->series.names[k]);
  }
  return st;
}
