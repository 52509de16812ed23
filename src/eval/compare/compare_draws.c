/* compare_draws.c: how far apart the draws of one label map are, beside real persons of like anatomy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/number/statistic.h"
#include "base/task/progress.h"
#include "base/text/plural.h"
#include "eval/compare/compare_distribution.h"
#include "eval/feature/features_thumbnail.h"
#include "eval/feature/subject_visit.h"
#include "grid/grid.h"

/* Draws of one map follow each other in the order of ids, so a part of a large set is enough to find some. */
enum { SEARCHED = 256, MAPS = 4, DRAWS = 8, PERSONS = 32, REGIONS = 2 };
static const char *const region_names[REGIONS] = {"brain", "tumour"};
static const int edges[REGIONS] = {VG_VOLUME_EDGE, 32};

/* ---- which subjects share their maps ---- */

typedef struct labelled {
  size_t index;
  uint64_t hash; /* of the label maps; 0: it has none */
  size_t map;    /* after grouping; MAPS: none */
} labelled;

/* FNV-1a. */
static uint64_t hash_of(uint64_t hash, const void *bytes, size_t n) {
  const uint8_t *b = bytes;
  for (size_t i = 0; i < n; i++) hash = (hash ^ b[i]) * 0x100000001b3u;
  return hash;
}

static vg_status hash_maps(void *arg, size_t index, int series, const vg_feature_input *in) {
  labelled *all = arg;
  if (series != VG_SUBJECT_LABELS || (!in->anatomy && !in->tumour)) return VG_OK;
  const size_t n = vg_extent_voxels(in->dim);
  int lo[3], extent[3];
  /* Persons without a tumour do not share a map. */
  if (!in->anatomy && !vg_mask_box(in->tumour, in->dim, 0, lo, extent)) return VG_OK;
  uint64_t hash = hash_of(0xcbf29ce484222325u, in->dim, sizeof in->dim);
  if (in->anatomy) hash = hash_of(hash, in->anatomy, n);
  if (in->tumour) hash = hash_of(hash, in->tumour, n);
  all[index].hash = hash;
  return VG_OK;
}

static vg_status hash_one(void *arg, size_t index) {
  return vg_eval_visit_one(arg, index);
}

static int by_hash(const void *a, const void *b) {
  const labelled *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b) {
  const labelled *x = a, *y = b;
  return (x->index > y->index) - (x->index < y->index);
}

/* Keeps up to DRAWS subjects of each of the first MAPS maps that several share, in the order of ids. Returns
 * how many. */
static size_t group(labelled *all, size_t n) {
  size_t kept = 0, maps = 0;
  qsort(all, n, sizeof *all, by_hash);
  for (size_t i = 0; i < n;) {
    size_t end = i + 1;
    while (end < n && all[end].hash == all[i].hash) end++;
    if (all[i].hash && end - i > 1 && maps < MAPS) {
      for (size_t k = i; k < end && k - i < DRAWS; k++) {
        all[kept] = all[k];
        all[kept++].map = maps;
      }
      maps++;
    }
    i = end;
  }
  qsort(all, kept, sizeof *all, by_index);
  return kept;
}

/* ---- their images ---- */

/* Subjects of one side, with their volumes (subject, series, region): NULL where there is none. */
typedef struct side {
  size_t n;
  size_t subject[MAPS * DRAWS + PERSONS];
  float **volume;
  vg_eval_visit visit;
} side;

static float **volume_of(const side *s, size_t k, int series, int region) {
  return &s->volume[(k * (size_t)s->visit.plan->series.n + (size_t)series) * REGIONS + (size_t)region];
}

/* Resamples the box of a region; outside the region all is -1. */
static vg_status shrink(const vg_feature_input *in, const uint8_t *inside, int edge, float **out) {
  const size_t n = vg_extent_voxels(in->dim);
  vg_feature_input box = *in;
  if (!vg_mask_box(inside, in->dim, 0, box.lo, box.extent)) return VG_OK;
  float *image = vg_malloc(n, sizeof *image);
  *out = vg_malloc((size_t)edge * (size_t)edge * (size_t)edge, sizeof **out);
  vg_status st = image && *out ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < n && !st; i++) image[i] = inside[i] ? in->image[i] : -1;
  box.image = image;
  if (!st) st = vg_features_resample_box(&box, (const int[]){edge, edge, edge}, *out);
  vg_free(image);
  return st;
}

static vg_status keep_volume(void *arg, size_t index, int series, const vg_feature_input *in) {
  const side *s = arg;
  size_t k = 0;
  if (series == VG_SUBJECT_LABELS) return VG_OK;
  while (s->subject[k] != index) k++;
  vg_status st = shrink(in, in->brain, edges[0], volume_of(s, k, series, 0));
  if (!st && in->tumour) st = shrink(in, in->tumour, edges[1], volume_of(s, k, series, 1));
  return st;
}

static vg_status read_one(void *arg, size_t k) {
  const side *s = arg;
  return vg_eval_visit_one(&s->visit, s->subject[k]);
}

static vg_status read_side(side *s) {
  s->volume = VG_NEW_N(float *, s->n *(size_t)s->visit.plan->series.n *REGIONS);
  s->visit.each = keep_volume;
  s->visit.images = true;
  s->visit.arg = s;
  return s->volume ? vg_task_parallel("draws: images", "subjects", s->n, read_one, s) : VG_MEMORY;
}

static void side_release(side *s) {
  const size_t n = s->volume ? s->n * (size_t)s->visit.plan->series.n * REGIONS : 0;
  for (size_t i = 0; i < n; i++) vg_free(s->volume[i]);
  vg_free(s->volume);
}

/* ---- the measure ---- */

typedef struct measure {
  const side *draws, *real;
  const labelled *of; /* (draws->n) */
  int series, region;
  double apart[MAPS * DRAWS + PERSONS]; /* by draw: mean of 1 - likeness to the others of its map; by person:
                                           the least to another one. NaN: none */
} measure;

static vg_status measure_draw(const measure *m, size_t k, double *out) {
  const float *a = *volume_of(m->draws, k, m->series, m->region);
  double sum = 0, n = 0;
  for (size_t j = 0; j < m->draws->n && a; j++) {
    const float *b = *volume_of(m->draws, j, m->series, m->region);
    double likeness;
    if (j == k || !b || m->of[j].map != m->of[k].map) continue;
    vg_status st = vg_eval_likeness(a, b, edges[m->region], &likeness);
    if (st) return st;
    sum += 1 - likeness;
    n++;
  }
  *out = n > 0 ? sum / n : NAN;
  return VG_OK;
}

static vg_status measure_person(const measure *m, size_t k, double *out) {
  const float *a = *volume_of(m->real, k, m->series, m->region);
  *out = NAN;
  for (size_t j = 0; j < m->real->n && a; j++) {
    const float *b = *volume_of(m->real, j, m->series, m->region);
    double likeness;
    if (j == k || !b) continue;
    vg_status st = vg_eval_likeness(a, b, edges[m->region], &likeness);
    if (st) return st;
    *out = fmin(*out, 1 - likeness); /* fmin ignores NaN */
  }
  return VG_OK;
}

static vg_status measure_one(void *arg, size_t k) {
  measure *m = arg;
  return k < m->draws->n ? measure_draw(m, k, &m->apart[k])
                         : measure_person(m, k - m->draws->n, &m->apart[k]);
}

/* The mean of those that are known; *n: how many. */
static double mean_known(const double *v, size_t n, size_t *known) {
  double sum = 0;
  *known = 0;
  for (size_t i = 0; i < n; i++) {
    if (isnan(v[i])) continue;
    sum += v[i];
    ++*known;
  }
  return *known ? sum / (double)*known : NAN;
}

static double mean_of(double *v, size_t n) {
  return vg_statistic_mean(v, n);
}

static vg_status add_row(vg_eval *e, const measure *m) {
  double by_map[MAPS], low = NAN, high = NAN;
  size_t draws, persons, maps = 0;
  const double apart = mean_known(m->apart, m->draws->n, &draws);
  const double real = mean_known(m->apart + m->draws->n, m->real->n, &persons);
  if (!draws || persons < 2 || !(real > 0)) return VG_OK;
  for (size_t g = 0; g < MAPS; g++) {
    double of_map[MAPS * DRAWS];
    size_t n = 0, known;
    for (size_t k = 0; k < m->draws->n; k++)
      if (m->of[k].map == g) of_map[n++] = m->apart[k];
    const double mean = mean_known(of_map, n, &known);
    if (known) by_map[maps++] = mean / real;
  }
  eval_set row = {.metric = vg_set_metric_find("draws"),
                  .value = vg_statistic_mean(by_map, maps),
                  .floor = NAN,
                  .n_real = persons,
                  .n_synth = draws};
  const char *series = m->draws->visit.plan->series.names[m->series];
  snprintf(row.space, sizeof row.space, "%.20s %s", series, region_names[m->region]);
  vg_status st = vg_statistic_bootstrap(mean_of, by_map, maps, VG_INTERVAL_LINEAR, "draws", &low, &high);
  row.ci_low = low;
  row.ci_high = high;
  snprintf(row.note, sizeof row.note, "MS-SSIM %.3f between draws of %zu %s, %.3f between like persons",
           1 - apart, maps, vg_plural(maps, "map", "maps"), 1 - real);
  return st ? st : vg_eval_add_set(e, &row);
}

static vg_status measure_all(vg_eval *e, const side *draws, const labelled *of, const side *real) {
  measure m = {.draws = draws, .real = real, .of = of};
  vg_status st = VG_OK;
  for (m.series = 0; m.series < draws->visit.plan->series.n && !st; m.series++) {
    for (m.region = 0; m.region < REGIONS && !st; m.region++) {
      st = vg_task_parallel("draws", "subjects", draws->n + real->n, measure_one, &m);
      if (!st) st = add_row(e, &m);
    }
  }
  return st;
}

vg_status vg_eval_draws(eval_study *s, const vg_feature_plan *plan) {
  const size_t searched = s->synth.n < SEARCHED ? s->synth.n : SEARCHED;
  labelled *all = VG_NEW_N(labelled, searched);
  vg_eval_visit labels = {.plan = plan, .set = &s->synth, .each = hash_maps, .arg = all};
  side draws = {.visit = {.plan = plan, .set = &s->synth, .description = s->evaluation->recorded}};
  side real = {.visit = {.plan = plan, .set = &s->real}};
  vg_status st = all ? VG_OK : VG_MEMORY;
  if (st || !plan->series.n || searched < 2 || s->real.n < 2) {
    vg_free(all);
    return st;
  }
  for (size_t i = 0; i < searched; i++) all[i].index = i;
  st = vg_task_parallel("draws: label maps", "subjects", searched, hash_one, &labels);
  draws.n = st ? 0 : group(all, searched);
  for (size_t k = 0; k < draws.n; k++) draws.subject[k] = all[k].index;
  real.n = s->real.n < PERSONS ? s->real.n : PERSONS;
  for (size_t k = 0; k < real.n; k++) real.subject[k] = k * s->real.n / real.n;
  if (!st && draws.n) st = read_side(&draws);
  if (!st && draws.n) st = read_side(&real);
  if (!st && draws.n) st = measure_all(s->evaluation, &draws, all, &real);
  side_release(&draws);
  side_release(&real);
  vg_free(all);
  return st;
}
