/* neighbours.c: nearest subjects in similarity spaces, and the threshold of a near-copy. */
#include "eval/privacy/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/task/progress.h"
#include "base/number/statistic.h"
#include "eval/set/set_space.h"
#include "base/mem.h"
#include "base/whole.h"

/* The points of all three sets in one space, one set after the other. An image is the sum of an even part,
 * which mirroring keeps, and an odd part, which it negates. So the products of the parts give both
 * correlations of a pair, mirrored and not, for the work of one. */
typedef struct point_cloud {
  const vg_dataset *const *sets;
  const vg_features *const *features; /* of each set */
  near_space *space;
  size_t edge;         /* of image cubes; 0: not images, distances are Euclidean */
  size_t dims, series; /* values of a point; images in it */
  size_t first[NEAR_SETS], all;
  float *rows;       /* (all, dims), if not images */
  float *even, *odd; /* (all, even_dims), (all, dims - even_dims): images */
  size_t even_dims;
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

/* Each pair of voxels that mirroring exchanges becomes two coordinates; the change is a rotation, so products
 * stay. The voxel in the middle of an odd row is even. */
static void split_parts(const float *v, size_t edge, float *even, float *odd) {
  const size_t half = edge / 2;
  const float root = (float)sqrt(0.5);
  for (size_t row = 0; row < edge * edge; row++, v += edge) {
    for (size_t x = 0; x < half; x++) {
      *even++ = (v[x] + v[edge - 1 - x]) * root;
      *odd++ = (v[x] - v[edge - 1 - x]) * root;
    }
    if (edge % 2) *even++ = v[half];
  }
}

static const float *features_of(const point_cloud *c, size_t index) {
  int set = 0;
  while (index >= c->first[set] + c->space->n[set]) set++;
  return c->features[set]->values + (index - c->first[set]) * c->dims;
}

typedef struct image_job {
  const point_cloud *cloud;
  bool structure;
} image_job;

static vg_status prepare_image(void *arg, size_t index) {
  const image_job *job = arg;
  const point_cloud *c = job->cloud;
  const size_t cube = c->edge * c->edge * c->edge, odd_dims = c->dims - c->even_dims;
  uint8_t *inside = vg_malloc(cube, 1);
  float *v = vg_malloc(cube, sizeof *v), *room = vg_malloc(2 * FIELDS * cube, sizeof *room);
  vg_status st = inside && v && room ? VG_OK : VG_MEMORY;
  for (size_t s = 0; s < c->series && !st; s++) {
    memcpy(v, features_of(c, index) + s * cube, cube * sizeof *v);
    for (size_t i = 0; i < cube; i++) inside[i] = v[i] > -1;
    if (job->structure) local_contrast(v, inside, c->edge, room, room + FIELDS * cube);
    whiten(v, inside, cube);
    split_parts(v, c->edge, c->even + index * c->even_dims + s * (c->even_dims / c->series),
                c->odd + index * odd_dims + s * (odd_dims / c->series));
  }
  vg_free(inside);
  vg_free(v);
  vg_free(room);
  return st;
}

/* ---- distances ---- */

/* Subjects whose distances to a whole set are held at once. */
enum { BLOCK = 128 };

/* From the points [from, from + n) to all of the set `to`. */
typedef struct distance_job {
  const point_cloud *cloud;
  size_t from, n;
  near_set to;
  double *distance; /* (n, points of the set) */
  double *odd;      /* the same, of images: below 0 where the mirrored image is nearer */
} distance_job;

static vg_status measure_row(void *arg, size_t i) {
  const distance_job *job = arg;
  const point_cloud *c = job->cloud;
  const size_t n = c->space->n[job->to];
  const float *a = c->rows + (job->from + i) * c->dims, *b = c->rows + c->first[job->to] * c->dims;
  for (size_t j = 0; j < n; j++, b += c->dims) {
    double sum = 0;
    for (size_t k = 0; k < c->dims; k++) sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    job->distance[i * n + j] = sqrt(sum);
    job->odd[i * n + j] = 0;
  }
  return VG_OK;
}

#define TASK "privacy: nearest neighbours"

static vg_status measure_block(const distance_job *job) {
  const point_cloud *c = job->cloud;
  const size_t n = c->space->n[job->to], to = c->first[job->to], odd_dims = c->dims - c->even_dims;
  if (!c->edge) return vg_task_parallel(TASK, "subjects", job->n, measure_row, (void *)job);
  vg_status st = vg_set_points_products(TASK, c->even + job->from * c->even_dims, job->n,
                                        c->even + to * c->even_dims, n, c->even_dims, job->distance);
  if (!st)
    st = vg_set_points_products(TASK, c->odd + job->from * odd_dims, job->n, c->odd + to * odd_dims, n,
                                odd_dims, job->odd);
  for (size_t i = 0; i < job->n * n && !st; i++)
    job->distance[i] = fmax(0, 1 - (job->distance[i] + fabs(job->odd[i])) / (double)c->series);
  return st;
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

/* job: from this subject's block to the training set. */
static void find_nearest(const distance_job *job, near_set set, size_t row) {
  const point_cloud *c = job->cloud;
  const size_t n = c->space->n[NEAR_TRAIN], i = job->from + row - c->first[set];
  near_one *best = &c->space->nearest[set][i];
  *best = (near_one){SIZE_MAX, NAN, false};
  for (size_t j = 0; j < n; j++) {
    const double d = job->distance[row * n + j];
    if (best->index != SIZE_MAX && !(d < best->distance)) continue;
    if (set == NEAR_TRAIN && !strcmp(subject_of(c, set, i)->person, subject_of(c, NEAR_TRAIN, j)->person))
      continue;
    *best = (near_one){c->space->subject[NEAR_TRAIN][j], d, job->odd[row * n + j] < 0};
  }
}

static vg_status find_all_nearest(const point_cloud *c, near_set set) {
  const near_space *s = c->space;
  const size_t n_train = s->n[NEAR_TRAIN], n_held_out = s->n[NEAR_HELD_OUT];
  const size_t most = n_train > n_held_out ? n_train : n_held_out;
  double *room = vg_malloc(BLOCK * (n_train + n_held_out + most) + 1, sizeof *room);
  vg_status st = room ? VG_OK : VG_MEMORY;
  for (size_t at = 0; at < s->n[set] && !st; at += BLOCK) {
    const size_t n = s->n[set] - at < BLOCK ? s->n[set] - at : BLOCK;
    distance_job train = {c, c->first[set] + at, n, NEAR_TRAIN, room, room + BLOCK * (n_train + n_held_out)};
    distance_job held_out = train;
    held_out.to = NEAR_HELD_OUT;
    held_out.distance = room + BLOCK * n_train;
    st = measure_block(&train);
    for (size_t i = 0; i < n && !st; i++) find_nearest(&train, set, i);
    if (st || set != NEAR_SYNTH) continue;
    st = measure_block(&held_out);
    for (size_t i = 0; i < n && !st; i++)
      s->prefers_train[at + i] =
          preference(train.distance + i * n_train, n_train, held_out.distance + i * n_held_out, n_held_out);
  }
  vg_free(room);
  return st;
}

/* ---- spaces ---- */

static const struct {
  const char *name, *features;
  bool images, structure, tells_copies;
} known[NEAR_SPACES] = {{"image", "thumbnail", true, false, true},
                        {"structure", "thumbnail", true, true, true},
                        {"patches", "patches", false, false, false},
                        {"tumour", "tumour", false, false, true}};

static vg_status make_room(point_cloud *c) {
  near_space *s = c->space;
  c->dims = c->features[NEAR_TRAIN]->dims;
  for (int k = 0; k < NEAR_SETS; k++) {
    const vg_features *f = c->features[k];
    c->first[k] = c->all;
    c->all += s->n[k] = f->n;
    s->nearest[k] = VG_NEW_N(near_one, f->n + 1);
    s->subject[k] = VG_NEW_N(size_t, f->n + 1);
    if (!s->nearest[k] || !s->subject[k]) return VG_MEMORY;
    if (f->n) memcpy(s->subject[k], f->subject, f->n * sizeof *f->subject);
  }
  s->prefers_train = VG_NEW_N(double, s->n[NEAR_SYNTH] + 1);
  return s->prefers_train ? VG_OK : VG_MEMORY;
}

static vg_status gather_images(point_cloud *c, size_t series, bool structure) {
  c->series = series;
  c->edge = vg_count_of(round(cbrt((double)(c->dims / series))));
  c->even_dims = series * c->edge * c->edge * (c->edge - c->edge / 2);
  c->even = vg_malloc(c->all * c->even_dims + 1, sizeof *c->even);
  c->odd = vg_malloc(c->all * (c->dims - c->even_dims) + 1, sizeof *c->odd);
  if (!c->even || !c->odd) return VG_MEMORY;
  return vg_task_parallel("privacy: preparing", "subjects", c->all, prepare_image,
                          &(image_job){c, structure});
}

/* The real ones standardise all. */
static vg_status gather_rows(point_cloud *c) {
  const size_t n_real = c->first[NEAR_SYNTH];
  float *real = vg_malloc(n_real * c->dims + 1, sizeof *real);
  for (int k = 0; k < NEAR_SYNTH && real; k++)
    if (c->features[k]->n)
      memcpy(real + c->first[k] * c->dims, c->features[k]->values,
             c->features[k]->n * c->dims * sizeof *real);
  const vg_points p = {n_real, c->space->n[NEAR_SYNTH], c->dims, real, c->features[NEAR_SYNTH]->values, true};
  c->rows = real ? vg_set_points_standardised(&p, false) : NULL;
  vg_free(real);
  return c->rows ? VG_OK : VG_MEMORY;
}

static vg_status measure_space(const vg_dataset *const sets[NEAR_SETS], const vg_feature_plan *plan,
                               vg_features (*const f)[VG_FEATURE_SPACES_MAX], int which, near_space *out) {
  const int row = vg_features_find(known[which].features);
  const vg_features *const here[NEAR_SETS] = {&f[NEAR_TRAIN][row], &f[NEAR_HELD_OUT][row],
                                              &f[NEAR_SYNTH][row]};
  point_cloud c = {.sets = sets, .features = here, .space = out};
  out->name = known[which].name;
  out->tells_copies = known[which].tells_copies;
  out->of_labels = vg_features_at(row)->space->of_labels;
  vg_status st = make_room(&c);
  if (!st && known[which].images) st = gather_images(&c, (size_t)plan->series.n, known[which].structure);
  if (!st && !known[which].images) st = gather_rows(&c);
  for (int k = 0; k < NEAR_SETS && !st; k++) st = find_all_nearest(&c, (near_set)k);
  vg_free(c.rows);
  vg_free(c.even);
  vg_free(c.odd);
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
