/* detect.c: suite detect: trains the networks, and sums up what they distinguish. */
#include "eval/detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "eval/detect/detect_persons.h"
#include "eval/detect/detect_score.h"
#include "eval/detect/detector.h"
#include "eval/model/evaluation_patches.h"
#include "io/table.h"
#include "voxgan/log.h"
#include "voxgan/rng.h"

enum {
  FOLDS = 2,
  LEAST_REAL = 6, /* persons: each half of the real ones needs some in each fold */
  LEAST_SYNTH = 4,
  BATCH = 32,
  PASSES = 40, /* over the patches, in steps of BATCH */
  STEPS_MIN = 30,
  STEPS_MAX = 1600,
};
/* If the networks do not even see the blur this often, they say nothing about a smaller difference. */
#define BLUR_SEEN 0.8

typedef enum kind { REAL, BLURRED, SYNTH } kind;

typedef struct comparison {
  const char *metric;
  kind first, second;
  bool halves; /* groups are halves of the real persons */
} comparison;
static const comparison comparisons[] = {{"detect_auc", REAL, SYNTH, false},
                                         {"detect_halves", REAL, REAL, true},
                                         {"detect_blurred", REAL, BLURRED, false}};
enum { COMPARISONS = sizeof comparisons / sizeof *comparisons, EACH = DETECT_SEEDS * FOLDS };

typedef struct patch {
  const uint8_t *voxels;
  kind kind;
  uint32_t subject, person; /* subject: index within its side */
} patch;

typedef struct world {
  const vg_eval_settings *set;
  int channels;
  detect_side real, synth;
  detect_persons persons;
  size_t n;
  patch *patches;         /* (n) */
  const uint8_t **voxels; /* (n) */
  float *logits;          /* (COMPARISONS * EACH, n); NaN: not asked */
  double *mean;           /* (n) of the networks of the first comparison that were asked */
} world;

/* ---- the patches ---- */

static size_t count_patches(const detect_side *s) {
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) n += (size_t)s->subjects[i].n;
  return n;
}

static void add_side(world *w, const detect_side *side, const uint32_t *person, kind which) {
  const size_t each = (size_t)w->channels * DETECT_EDGE * DETECT_EDGE;
  for (size_t i = 0; i < side->n; i++) {
    const detect_subject *s = &side->subjects[i];
    for (int k = 0; k < s->n; k++) {
      const uint8_t *from = (which == BLURRED ? s->blurred : s->voxels) + (size_t)k * each;
      w->voxels[w->n] = from;
      w->patches[w->n++] = (patch){from, which, (uint32_t)i, person[i]};
    }
  }
}

static vg_status list_patches(world *w) {
  const size_t most = 2 * count_patches(&w->real) + count_patches(&w->synth);
  vg_status st = vg_detect_persons(&w->real, &w->synth, &w->persons);
  if (st) return st;
  w->patches = VG_NEW_N(patch, most);
  w->voxels = VG_NEW_N(const uint8_t *, most);
  w->logits = vg_malloc(COMPARISONS * EACH * most, sizeof *w->logits);
  w->mean = vg_malloc(most, sizeof *w->mean);
  if (!w->patches || !w->voxels || !w->logits || !w->mean) return VG_MEMORY;
  add_side(w, &w->real, w->persons.real, REAL);
  add_side(w, &w->real, w->persons.real, BLURRED);
  add_side(w, &w->synth, w->persons.synth, SYNTH);
  return VG_OK;
}

/* ---- the networks ---- */

/* The group of a patch, or -1. */
static int group_of(const world *w, const comparison *c, int seed, const patch *p) {
  if (c->halves) return p->kind == REAL ? w->persons.half[seed][p->person] & 1 : -1;
  return p->kind == c->first ? 0 : p->kind == c->second ? 1 : -1;
}

static int fold_of(const world *w, const comparison *c, int seed, uint32_t person) {
  return c->halves ? w->persons.half[seed][person] >> 1 : w->persons.fold[seed][person];
}

static vg_status train_one(void *arg, size_t k) {
  const world *w = arg;
  const comparison *c = &comparisons[k / EACH];
  const int seed = (int)(k % EACH / FOLDS), fold = (int)(k % FOLDS);
  uint8_t *second = vg_calloc(w->n, 1), *use = vg_calloc(w->n, 1);
  float *logits = w->logits + k * w->n;
  vg_status st = second && use ? VG_OK : VG_MEMORY;
  size_t trains = 0;
  for (size_t i = 0; i < w->n && !st; i++) {
    const int group = group_of(w, c, seed, &w->patches[i]);
    const bool asked = fold_of(w, c, seed, w->patches[i].person) != fold;
    second[i] = group == 1;
    use[i] = group < 0 ? VG_DETECTOR_UNUSED : asked ? VG_DETECTOR_ASKED : VG_DETECTOR_TRAINS;
    trains += use[i] == VG_DETECTOR_TRAINS;
    logits[i] = NAN;
  }
  const size_t steps = trains * PASSES / BATCH;
  if (!st)
    st = w->set->detector(&(vg_detector_options){.n = w->n,
                                                 .channels = w->channels,
                                                 .edge = DETECT_EDGE,
                                                 .patches = w->voxels,
                                                 .second = second,
                                                 .use = use,
                                                 .seed = vg_rng_key("detect network", k, 0),
                                                 .steps = (int)(steps < STEPS_MIN   ? STEPS_MIN
                                                                : steps > STEPS_MAX ? STEPS_MAX
                                                                                    : steps)},
                          logits);
  vg_free(second);
  vg_free(use);
  return st;
}

static void average(world *w) {
  for (size_t i = 0; i < w->n; i++) {
    double sum = 0, n = 0;
    for (size_t k = 0; k < EACH; k++) {
      const float v = w->logits[k * w->n + i];
      if (isnan(v)) continue;
      sum += (double)v;
      n++;
    }
    w->mean[i] = n > 0 ? sum / n : NAN;
  }
}

/* ---- areas ---- */

/* Collects what one network was asked about: its patches, or the mean of each subject's patches. */
static vg_status collect(const world *w, size_t network, bool volumes, detect_answers *out) {
  const comparison *c = &comparisons[network / EACH];
  const int seed = (int)(network % EACH / FOLDS);
  const float *logits = w->logits + network * w->n;
  out->n = 0;
  out->items = VG_NEW_N(detect_item, w->n);
  if (!out->items) return VG_MEMORY;
  for (size_t i = 0; i < w->n;) {
    const patch *p = &w->patches[i];
    const size_t from = i;
    double sum = 0;
    do {
      sum += (double)logits[i++];
    } while (volumes && i < w->n && w->patches[i].kind == p->kind && w->patches[i].subject == p->subject);
    if (isnan(sum)) continue;
    out->items[out->n++] =
        (detect_item){sum / (double)(i - from), p->person, (uint8_t)(group_of(w, c, seed, p) == 1)};
  }
  return VG_OK;
}

/* Areas of one comparison: over all seeds, and the least and largest of a single seed. */
typedef struct areas {
  vg_estimate all;
  double least, most;
} areas;

static vg_status measure(const world *w, size_t k, bool volumes, areas *out) {
  const detect_persons *p = &w->persons;
  detect_answers networks[EACH] = {{0}};
  vg_status st = VG_OK;
  for (size_t i = 0; i < EACH && !st; i++) st = collect(w, k * EACH + i, volumes, &networks[i]);
  if (!st) st = vg_detect_area(networks, EACH, p->stratum, p->n, &out->all);
  out->least = (double)INFINITY;
  out->most = -(double)INFINITY;
  for (size_t s = 0; s < DETECT_SEEDS && !st; s++) {
    vg_estimate one;
    st = vg_detect_area(networks + s * FOLDS, FOLDS, p->stratum, p->n, &one);
    out->least = fmin(out->least, one.value);
    out->most = fmax(out->most, one.value);
  }
  for (size_t i = 0; i < EACH; i++) vg_free(networks[i].items);
  return st;
}

static size_t with_patches(const detect_side *s) {
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) n += s->subjects[i].n > 0;
  return n;
}

static vg_status add_row(const world *w, vg_eval *e, size_t k, const char *space, const areas *a,
                         double floor) {
  eval_set row = {.metric = vg_set_metric_find(comparisons[k].metric),
                  .value = a->all.value,
                  .ci_low = a->all.low,
                  .ci_high = a->all.high,
                  .floor = floor,
                  .n_real = with_patches(&w->real),
                  .n_synth = k ? 0 : with_patches(&w->synth)};
  snprintf(row.space, sizeof row.space, "%s", space);
  snprintf(row.note, sizeof row.note, "%d seeds: %.3f to %.3f", DETECT_SEEDS, a->least, a->most);
  return vg_eval_add_set(e, &row);
}

static vg_status judge(vg_eval *e, const areas patches[COMPARISONS]) {
  const vg_estimate *s = &patches[0].all, *halves = &patches[1].all, *blurred = &patches[2].all;
  const bool blind = !(blurred->value >= BLUR_SEEN);
  const bool told = s->low > fmax(0.5, halves->value);
  char *text = vg_format(
      "small networks tell synthetic patches from real ones of persons that they never saw with AUC %.3f "
      "(%.3f to %.3f; 0.5 is chance); the same networks reach %.3f between two halves of the real persons "
      "and "
      "%.3f between real patches and slightly blurred ones%s",
      s->value, s->low, s->high, halves->value, blurred->value,
      blind && !told ? ": they hardly see the blur, so there are too few subjects to say anything about a "
                       "smaller difference"
      : told         ? ""
             : ": these networks find no difference on so many subjects, which does not show that no other "
               "would");
  vg_status st = text ? vg_eval_add_verdict(e, DETECT, "patches",
                                            told    ? "found"
                                            : blind ? "inconclusive"
                                                    : "none found",
                                            text)
                      : VG_MEMORY;
  vg_free(text);
  return st;
}

static vg_status sum_up(const world *w, vg_eval *e) {
  static const char *const spaces[] = {"patches", "volumes"};
  areas a[2][COMPARISONS];
  vg_status st = VG_OK;
  for (int v = 0; v < 2; v++)
    for (size_t k = 0; k < COMPARISONS && !st; k++) st = measure(w, k, v == 1, &a[v][k]);
  for (size_t k = 0; k < COMPARISONS; k++)
    for (int v = 0; v < 2 && !st; v++)
      st = add_row(w, e, k, spaces[v], &a[v][k], k ? NAN : a[v][1].all.value);
  return st ? st : judge(e, a[0]);
}

/* ---- the patches one by one ---- */

static const detect_subject *subject_of(const world *w, const patch *p) {
  return &(p->kind == SYNTH ? &w->synth : &w->real)->subjects[p->subject];
}

static const int *position_of(const world *w, const patch *p) {
  const detect_subject *s = subject_of(w, p);
  const uint8_t *first = p->kind == BLURRED ? s->blurred : s->voxels;
  return s->at[(size_t)(p->voxels - first) / ((size_t)w->channels * DETECT_EDGE * DETECT_EDGE)];
}

static vg_status write_patches(const world *w) {
  static const char *const header[] = {"subject", "side", "x", "y", "z", "logit"};
  vg_table t = {0};
  if (!w->set->out) return VG_OK;
  vg_status st = vg_table_init(&t, 6, header);
  for (size_t i = 0; i < w->n && !st; i++) {
    const patch *p = &w->patches[i];
    char text[4][32];
    if (p->kind == BLURRED || isnan(w->mean[i])) continue;
    const int *at = position_of(w, p);
    for (int a = 0; a < 3; a++) snprintf(text[a], sizeof text[a], "%d", at[a]);
    snprintf(text[3], sizeof text[3], "%.6g", w->mean[i]);
    st = vg_table_add_row(&t, (const char *const[]){subject_of(w, p)->subject->id,
                                                    p->kind == SYNTH ? "synthetic" : "real", text[0], text[1],
                                                    text[2], text[3]});
  }
  char *path = st ? NULL : vg_fs_join(w->set->out, "detect.csv");
  if (!st) st = path ? vg_table_write(path, &t) : VG_MEMORY;
  vg_free(path);
  vg_table_release(&t);
  return st;
}

typedef struct ranked {
  size_t index;
  double value;
} ranked;

static int strongest_first(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->value != y->value) return x->value > y->value ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* Keeps the patches of one kind with the largest sign * mean, a few of each subject. */
static vg_status keep_patches(const world *w, vg_eval *e, kind which, double sign, ranked *order) {
  size_t n = 0, kept = 0;
  uint32_t *taken = VG_NEW_N(uint32_t, w->real.n + w->synth.n);
  vg_status st = taken ? VG_OK : VG_MEMORY;
  for (size_t i = 0; i < w->n && !st; i++)
    if (w->patches[i].kind == which && !isnan(w->mean[i])) order[n++] = (ranked){i, sign * w->mean[i]};
  qsort(order, n, sizeof *order, strongest_first);
  for (size_t k = 0; k < n && kept < EVAL_PATCHES_SHOWN && !st; k++) {
    const patch *p = &w->patches[order[k].index];
    if (taken[p->subject]++ >= EVAL_PATCHES_OF_ONE) continue;
    st = vg_eval_add_patch(e, subject_of(w, p)->subject->id, which == SYNTH, position_of(w, p),
                           w->mean[order[k].index], p->voxels);
    kept++;
  }
  vg_free(taken);
  return st;
}

static vg_status keep_strongest(const world *w, const vg_feature_plan *plan, vg_eval *e) {
  ranked *order = VG_NEW_N(ranked, w->n);
  vg_status st = order ? vg_eval_patches_new(e, &plan->series, DETECT_EDGE) : VG_MEMORY;
  if (!st) st = keep_patches(w, e, SYNTH, 1, order);
  if (!st) st = keep_patches(w, e, REAL, -1, order);
  vg_free(order);
  return st;
}

/* ---- the suite ---- */

static void world_release(world *w) {
  vg_detect_side_release(&w->real);
  vg_detect_side_release(&w->synth);
  vg_detect_persons_release(&w->persons);
  vg_free(w->patches);
  vg_free(w->voxels);
  vg_free(w->logits);
  vg_free(w->mean);
}

static vg_status read_world(eval_study *s, const vg_feature_plan *plan, world *w) {
  detect_grid grid;
  vg_status st =
      vg_detect_find_grid((const vg_dataset *const[]){&s->real, &s->synth}, 2, w->set->detect_mm, &grid);
  if (!st) vg_info("detect: patches of %d x %d pixels of %g mm", DETECT_EDGE, DETECT_EDGE, grid.plane_mm);
  if (!st) st = vg_detect_read(plan, &s->real, NULL, &grid, true, &w->real);
  if (!st) st = vg_detect_read(plan, &s->synth, s->evaluation->recorded, &grid, false, &w->synth);
  return st ? st : list_patches(w);
}

vg_status vg_detect_run(eval_study *s, const vg_eval_settings *set) {
  vg_eval *e = s->evaluation;
  world w = {.set = set};
  vg_feature_plan plan;
  float none;
  const char *why = NULL;
  if (!set->detector) why = "this program cannot train networks";
  vg_status st = why ? VG_OK : set->detector(&(vg_detector_options){.n = 0}, &none);
  if (st == VG_DEVICE) {
    vg_info("detect: %s", vg_error());
    why = "it needs the build with libtorch";
    vg_error_clear();
    st = VG_OK;
  }
  if (!st && !why) st = vg_features_plan_init(&plan, (const vg_dataset *const[]){&s->real, &s->synth}, 2);
  if (!st && !why && !plan.series.n) why = "no series is in half of the subjects of each side";
  if (!st && !why) {
    w.channels = plan.series.n;
    st = read_world(s, &plan, &w);
    if (w.persons.n_real < LEAST_REAL || w.persons.n_synth < LEAST_SYNTH)
      why = "it needs six real and four synthetic persons or more, with every series";
  }
  if (st || why) {
    if (!st) vg_eval_leave_out(e, DETECT, why);
    world_release(&w);
    return st;
  }
  st = vg_task_parallel("detect: training", "networks", COMPARISONS * EACH, train_one, &w);
  if (!st) average(&w);
  if (!st) st = sum_up(&w, e);
  if (!st) st = write_patches(&w);
  if (!st) st = keep_strongest(&w, &plan, e);
  world_release(&w);
  return st;
}
