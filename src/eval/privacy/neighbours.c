/* neighbours.c: nearest subjects in similarity spaces, and the threshold of a near-copy. */
#include "eval/privacy/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/task/progress.h"
#include "base/number/statistic.h"
#include "eval/set/set_distance.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/whole.h"

/* The rows of all three sets in one space, one set after the other. */
typedef struct point_cloud {
  const vg_dataset *const *sets;
  near_space *space;
  size_t dims, edge; /* edge: of image cubes; 0: not images, distances are Euclidean */
  size_t first[NEAR_SETS];
  float *rows, *mirrored; /* (all, dims); mirrored NULL if mirroring makes no sense */
} point_cloud;

/* ---- images as unit vectors ---- */

/* Standardises the voxels inside. Voxels outside the brain, -1 before, become 0. */
static void whiten(float *v, const uint8_t *inside, size_t n) {
  double sum = 0, squares = 0, count = 0;
  for (size_t i = 0; i < n; i++) {
    if (!inside[i]) continue;
    sum += (double)v[i];
    count++;
  }
  for (size_t i = 0; i < n; i++) {
    v[i] = inside[i] ? (float)((double)v[i] - sum / count) : 0;
    squares += (double)v[i] * (double)v[i];
  }
  const float norm = squares > 0 ? (float)(1 / sqrt(squares)) : 0;
  for (size_t i = 0; i < n; i++) v[i] *= norm;
}

enum { REACH = 2, FIELDS = 3 };

/* Sums FIELDS values per voxel over REACH voxels to either side along one axis, with step `stride`. */
static void sum_along(const float *from, size_t edge, size_t stride, float *to) {
  const size_t n = edge * edge * edge;
  for (size_t i = 0; i < n; i++) {
    const size_t at = i / stride % edge;
    const size_t before = at < REACH ? at : REACH, after = edge - 1 - at < REACH ? edge - 1 - at : REACH;
    const float *v = from + (i - before * stride) * FIELDS;
    float sum[FIELDS] = {0};
    for (size_t k = 0; k <= before + after; k++, v += stride * FIELDS)
      for (int f = 0; f < FIELDS; f++) sum[f] += v[f];
    for (int f = 0; f < FIELDS; f++) to[i * FIELDS + (size_t)f] = sum[f];
  }
}

/* Subtracts from v the mean, and divides by the SD, of the inside voxels within REACH along each axis. a, b:
 * room for FIELDS values per voxel. */
static void local_contrast(float *v, const uint8_t *inside, size_t edge, float *a, float *b) {
  const size_t n = edge * edge * edge;
  for (size_t i = 0; i < n; i++) {
    const float x = inside[i] ? v[i] : 0;
    memcpy(a + i * FIELDS, (const float[FIELDS]){x, x * x, inside[i]}, FIELDS * sizeof *a);
  }
  sum_along(a, edge, 1, b);
  sum_along(b, edge, edge, a);
  sum_along(a, edge, edge * edge, b);
  for (size_t i = 0; i < n; i++) {
    if (!inside[i]) continue;
    const double count = (double)b[i * FIELDS + 2], mean = (double)b[i * FIELDS] / count;
    const double variance = (double)b[i * FIELDS + 1] / count - mean * mean;
    /* A hundredth of the data range keeps flat regions from becoming noise. */
    v[i] = (float)(((double)v[i] - mean) / sqrt(fmax(variance, 0) + 4e-4));
  }
}

static void mirror(const float *v, size_t edge, float *out) {
  for (size_t row = 0; row < edge * edge; row++) {
    for (size_t x = 0; x < edge; x++) out[row * edge + x] = v[row * edge + edge - 1 - x];
  }
}

typedef struct image_job {
  point_cloud *cloud;
  bool structure;
} image_job;

static vg_status prepare_image(void *arg, size_t index) {
  const image_job *job = arg;
  const point_cloud *c = job->cloud;
  const size_t cube = c->edge * c->edge * c->edge, series = c->dims / cube;
  uint8_t *inside = vg_malloc(cube, 1);
  float *room = vg_malloc(2 * FIELDS * cube, sizeof *room);
  vg_status st = inside && room ? VG_OK : VG_MEMORY;
  for (size_t s = 0; s < series && !st; s++) {
    float *v = c->rows + index * c->dims + s * cube;
    for (size_t i = 0; i < cube; i++) inside[i] = v[i] > -1;
    if (job->structure) local_contrast(v, inside, c->edge, room, room + FIELDS * cube);
    whiten(v, inside, cube);
    mirror(v, c->edge, c->mirrored + index * c->dims + s * cube);
  }
  vg_free(inside);
  vg_free(room);
  return st;
}

/* ---- distances ---- */

static double dot(const float *a, const float *b, size_t n) {
  float part[8] = {0}; /* eight separate sums, so that they can be vectorised */
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int k = 0; k < 8; k++) part[k] += a[i + (size_t)k] * b[i + (size_t)k];
  }
  double sum = 0;
  for (int k = 0; k < 8; k++) sum += (double)part[k];
  for (; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

static double between(const point_cloud *c, size_t i, size_t j, bool *mirrored) {
  const float *a = c->rows + i * c->dims, *b = c->rows + j * c->dims;
  *mirrored = false;
  if (!c->edge) {
    double sum = 0;
    for (size_t k = 0; k < c->dims; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sqrt(sum);
  }
  const double series = (double)(c->dims / (c->edge * c->edge * c->edge));
  const double same = dot(a, b, c->dims), other = dot(a, c->mirrored + j * c->dims, c->dims);
  *mirrored = other > same;
  return fmax(0, 1 - fmax(same, other) / series);
}

static const vg_subject *subject_of(const point_cloud *c, near_set set, size_t i) {
  return &c->sets[set]->subjects[c->space->subject[set][i]];
}

/* Draw m training and m held-out subjects without replacement, where m is the size of the smaller set. The
 * result is the chance that the nearest of them is a training subject. If k of the n subjects of the larger
 * set are no nearer than the nearest of the smaller set, then all m drawn are no nearer with probability C(k,
 * m) / C(n, m). */
static double preference(const double *train, size_t n_train, const double *held_out, size_t n_held_out) {
  const bool more_train = n_train >= n_held_out;
  const double *few = more_train ? held_out : train, *many = more_train ? train : held_out;
  const size_t m = more_train ? n_held_out : n_train, n = more_train ? n_train : n_held_out;
  double least = INFINITY, farther = 1;
  size_t k = 0;
  if (!m) return NAN;
  for (size_t i = 0; i < m; i++) least = fmin(least, few[i]);
  for (size_t i = 0; i < n; i++) k += many[i] >= least;
  for (size_t i = 0; i < m; i++) farther *= k > i ? (double)(k - i) / (double)(n - i) : 0;
  return more_train ? 1 - farther : farther;
}

typedef struct near_job {
  const point_cloud *cloud;
  near_set set;
} near_job;

static vg_status find_nearest(void *arg, size_t i) {
  const near_job *job = arg;
  const point_cloud *c = job->cloud;
  near_space *s = c->space;
  near_one *best = &s->nearest[job->set][i];
  const bool judged = job->set == NEAR_SYNTH;
  double *all = judged ? vg_malloc(s->n[NEAR_TRAIN] + s->n[NEAR_HELD_OUT] + 1, sizeof *all) : NULL;
  bool mirrored;
  if (judged && !all) return VG_MEMORY;
  *best = (near_one){SIZE_MAX, NAN, false};
  for (size_t j = 0; j < s->n[NEAR_TRAIN]; j++) {
    if (job->set == NEAR_TRAIN &&
        !strcmp(subject_of(c, NEAR_TRAIN, i)->person, subject_of(c, NEAR_TRAIN, j)->person))
      continue;
    const double d = between(c, c->first[job->set] + i, c->first[NEAR_TRAIN] + j, &mirrored);
    if (judged) all[j] = d;
    if (best->index == SIZE_MAX || d < best->distance)
      *best = (near_one){s->subject[NEAR_TRAIN][j], d, mirrored};
  }
  if (judged) {
    double *held_out = all + s->n[NEAR_TRAIN];
    for (size_t j = 0; j < s->n[NEAR_HELD_OUT]; j++)
      held_out[j] = between(c, c->first[job->set] + i, c->first[NEAR_HELD_OUT] + j, &mirrored);
    s->prefers_train[i] = preference(all, s->n[NEAR_TRAIN], held_out, s->n[NEAR_HELD_OUT]);
  }
  vg_free(all);
  return VG_OK;
}

/* ---- spaces ---- */

static const struct {
  const char *name, *features;
  bool images, structure, tells_copies;
} known[NEAR_SPACES] = {{"image", "thumbnail", true, false, true},
                        {"structure", "thumbnail", true, true, true},
                        {"patches", "patches", false, false, false},
                        {"tumour", "tumour", false, false, true}};

/* Collects the rows of the three sets. Rows that are not images are standardised by the real ones. */
static vg_status gather(point_cloud *c, const vg_features *const f[NEAR_SETS], bool images) {
  near_space *s = c->space;
  size_t all = 0;
  c->dims = f[NEAR_TRAIN]->dims;
  for (int k = 0; k < NEAR_SETS; k++) {
    c->first[k] = all;
    s->n[k] = f[k]->n;
    all += f[k]->n;
    s->nearest[k] = VG_NEW_N(near_one, f[k]->n + 1);
    s->subject[k] = VG_NEW_N(size_t, f[k]->n + 1);
    if (!s->nearest[k] || !s->subject[k]) return VG_MEMORY;
    if (f[k]->n) memcpy(s->subject[k], f[k]->subject, f[k]->n * sizeof *f[k]->subject);
  }
  s->prefers_train = VG_NEW_N(double, s->n[NEAR_SYNTH] + 1);
  c->rows = vg_malloc(all * c->dims + 1, sizeof *c->rows);
  if (!s->prefers_train || !c->rows) return VG_MEMORY;
  for (int k = 0; k < NEAR_SETS; k++) {
    if (f[k]->n) memcpy(c->rows + c->first[k] * c->dims, f[k]->values, f[k]->n * c->dims * sizeof *c->rows);
  }
  if (images) return (c->mirrored = vg_malloc(all * c->dims + 1, sizeof *c->mirrored)) ? VG_OK : VG_MEMORY;
  const vg_points p = {c->first[NEAR_SYNTH], s->n[NEAR_SYNTH], c->dims, c->rows, f[NEAR_SYNTH]->values, true};
  float *standard = vg_set_points_standardised(&p, false);
  vg_free(c->rows);
  c->rows = standard;
  return standard ? VG_OK : VG_MEMORY;
}

static vg_status measure_space(const vg_dataset *const sets[NEAR_SETS], const vg_feature_plan *plan,
                               vg_features (*const f)[VG_FEATURE_SPACES_MAX], int which, near_space *out) {
  const int row = vg_features_find(known[which].features);
  const vg_features *const here[NEAR_SETS] = {&f[NEAR_TRAIN][row], &f[NEAR_HELD_OUT][row],
                                              &f[NEAR_SYNTH][row]};
  point_cloud c = {.sets = sets, .space = out};
  out->name = known[which].name;
  out->tells_copies = known[which].tells_copies;
  out->of_labels = vg_features_at(row)->space->of_labels;
  vg_status st = gather(&c, here, known[which].images);
  const size_t all = c.first[NEAR_SYNTH] + out->n[NEAR_SYNTH];
  if (!st && known[which].images) {
    c.edge = vg_count_of(round(cbrt((double)c.dims / plan->series.n)));
    st = vg_task_parallel("privacy: preparing", "subjects", all, prepare_image,
                          &(image_job){&c, known[which].structure});
  }
  for (int k = 0; k < NEAR_SETS && !st; k++)
    st = vg_task_parallel("privacy: nearest neighbours", "subjects", out->n[k], find_nearest,
                          &(near_job){&c, (near_set)k});
  vg_free(c.rows);
  vg_free(c.mirrored);
  return st;
}

vg_status vg_privacy_near_measure(const vg_dataset *const sets[NEAR_SETS], const vg_json *description,
                                  near_space spaces[NEAR_SPACES], int *n) {
  vg_features f[NEAR_SETS][VG_FEATURE_SPACES_MAX] = {{{0}}};
  const vg_dataset *given[NEAR_SETS];
  vg_feature_plan plan;
  uint32_t wanted = 0;
  int n_given = 0;
  *n = 0;
  memset(spaces, 0, NEAR_SPACES * sizeof *spaces);
  for (int k = 0; k < NEAR_SETS; k++)
    if (sets[k]->n) given[n_given++] = sets[k];
  vg_status st = vg_features_plan_init(&plan, given, n_given);
  for (int i = 0; i < NEAR_SPACES; i++) wanted |= 1u << vg_features_find(known[i].features);
  plan.spaces &= wanted;
  for (int k = 0; k < NEAR_SETS && !st; k++)
    if (sets[k]->n) st = vg_features_read(&plan, sets[k], k == NEAR_SYNTH ? description : NULL, f[k]);
  for (int i = 0; i < NEAR_SPACES && !st; i++) {
    const int row = vg_features_find(known[i].features);
    if (!f[NEAR_TRAIN][row].n || !f[NEAR_SYNTH][row].n) continue;
    st = measure_space(sets, &plan, f, i, &spaces[(*n)++]);
  }
  for (int k = 0; k < NEAR_SETS; k++) vg_features_release(f[k]);
  if (st) vg_privacy_near_release(spaces);
  return st;
}

void vg_privacy_near_release(near_space spaces[NEAR_SPACES]) {
  for (int i = 0; i < NEAR_SPACES; i++) {
    for (int k = 0; k < NEAR_SETS; k++) {
      vg_free(spaces[i].subject[k]);
      vg_free(spaces[i].nearest[k]);
    }
    vg_free(spaces[i].prefers_train);
  }
  memset(spaces, 0, NEAR_SPACES * sizeof *spaces);
}

/* ---- thresholds ---- */

static void add_distances(const near_space *s, near_set set, double *to, size_t *n) {
  for (size_t i = 0; i < s->n[set]; i++) {
    const near_one *one = &s->nearest[set][i];
    /* The same volume under two names has distance 0. That is not a distance between persons, and has no
     * logarithm. */
    if (one->index != SIZE_MAX && one->distance > 1e-9) to[(*n)++] = one->distance;
  }
}

vg_status vg_privacy_near_limit(const near_space *s, near_limit *out) {
  double *d = vg_malloc(s->n[NEAR_TRAIN] + s->n[NEAR_HELD_OUT] + 1, sizeof *d);
  *out = (near_limit){.limit = NAN, .median = NAN};
  if (!d) return VG_MEMORY;
  add_distances(s, NEAR_HELD_OUT, d, &out->n);
  if (out->n < NEAR_HELD_OUT_MIN) {
    out->with_train = true;
    add_distances(s, NEAR_TRAIN, d, &out->n);
  }
  out->median = vg_statistic_median(d, out->n);
  for (size_t i = 0; i < out->n; i++) d[i] = log(d[i]);
  out->limit = exp(vg_statistic_prediction_limit(d, out->n, NEAR_ALPHA));
  vg_free(d);
  return VG_OK;
}
