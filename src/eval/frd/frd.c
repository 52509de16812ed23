/* frd.c: suite frd: reads all subjects, and compares their radiomic features. */
#include "eval/frd/frd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "base/task/progress.h"
#include "eval/feature/subject_view.h"
#include "eval/feature/subject_visit.h"
#include "eval/radiomics/radiomics.h"
#include "grid/grid.h"

#define FRD "frd"
#define SPACING 2.0 /* mm */
/* Equal sets have distance 0, whose logarithm is not a number that tables can hold. */
#define LEAST 1e-12

enum { BRAIN, TUMOUR, REGIONS };
static const char *const region_names[REGIONS] = {"brain", "tumour"};

/* Features of a set's subjects: (series, region, subject, feature). NaN: none. */
typedef struct reading {
  size_t n, of; /* subjects that are measured, spread evenly over the ids; of the set */
  double *values;
  vg_subject_visit visit;
} reading;

/* The row of a subject. Returns false if it is not measured. */
static bool find_row(const reading *r, size_t index, size_t *row) {
  *row = index * r->n / r->of;
  return (index + 1) * r->n / r->of > *row;
}

static double *row_of(const reading *r, int series, int region, size_t subject) {
  return r->values + (((size_t)series * REGIONS + (size_t)region) * r->n + subject) * VG_RADIOMICS_FEATURES;
}

/* Cuts the brain's box out of a view. */
static vg_status cut_brain(vg_subject_view *v, bool *any) {
  int lo[3], extent[3];
  *any = vg_mask_box(v->brain, v->dim, 0, lo, extent);
  if (!*any) return VG_OK;
  const size_t n = vg_extent_voxels(extent);
  vg_subject_view box = {.dim = {extent[0], extent[1], extent[2]}, .mm = {v->mm[0], v->mm[1], v->mm[2]}};
  float *image = box.own[0] = vg_malloc(n, sizeof *image);
  uint8_t *brain = box.own[1] = vg_malloc(n, 1);
  uint8_t *tumour = box.own[2] = v->tumour ? vg_malloc(n, 1) : NULL;
  if (!image || !brain || (v->tumour && !tumour)) {
    vg_subject_view_release(&box);
    return VG_MEMORY;
  }
  for (size_t i = 0; i < n; i++) {
    int at[3];
    vg_extent_at(extent, i, at);
    const size_t from = vg_extent_index(v->dim, lo[0] + at[0], lo[1] + at[1], lo[2] + at[2]);
    image[i] = v->image[from];
    brain[i] = v->brain[from];
    if (tumour) tumour[i] = v->tumour[from];
  }
  box.image = image;
  box.brain = brain;
  box.tumour = tumour;
  vg_subject_view_release(v);
  *v = box;
  return VG_OK;
}

static vg_status measure_series(void *arg, size_t index, int series, const vg_feature_input *in) {
  const reading *r = arg;
  const double mm[3] = {SPACING, SPACING, SPACING};
  vg_subject_view v;
  bool any = false;
  size_t row;
  if (series == VG_SUBJECT_LABELS || !find_row(r, index, &row)) return VG_OK;
  vg_status st = vg_subject_view_make(in, mm, &v);
  if (!st) st = cut_brain(&v, &any);
  if (!st && any)
    st = vg_radiomics_compute(&vg_radiomics_v1, v.image, v.brain, v.dim, v.mm, row_of(r, series, BRAIN, row));
  if (!st && any && v.tumour)
    st = vg_radiomics_compute(&vg_radiomics_v1, v.image, v.tumour, v.dim, v.mm,
                              row_of(r, series, TUMOUR, row));
  vg_subject_view_release(&v);
  return st;
}

static vg_status read_subject(void *arg, size_t index) {
  const reading *r = arg;
  size_t row;
  return find_row(r, index, &row) && vg_subject_is_whole(&r->visit, index)
             ? vg_subject_visit_one(&r->visit, index)
             : VG_OK;
}

static vg_status read_set(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                          reading *r) {
  const size_t n = set->n < VG_SET_POINTS_MAX ? set->n : VG_SET_POINTS_MAX;
  const size_t rows = (size_t)plan->series.n * REGIONS * n;
  *r = (reading){
      .n = n,
      .of = set->n,
      .values = vg_malloc(rows * VG_RADIOMICS_FEATURES, sizeof *r->values),
      .visit = {
          .plan = plan, .set = set, .description = description, .images = true, .each = measure_series}};
  r->visit.arg = r;
  if (!r->values) return VG_MEMORY;
  for (size_t i = 0; i < rows * VG_RADIOMICS_FEATURES; i++) r->values[i] = NAN;
  return vg_task_parallel("frd: features", "subjects", set->n, read_subject, r);
}

/* ---- the distance ---- */

/* Drops rows without features. */
static const double **list_rows(const double *values, size_t *n) {
  const double **rows = VG_NEW_N(const double *, *n);
  size_t kept = 0;
  for (size_t i = 0; rows && i < *n; i++)
    if (!isnan(values[i * VG_RADIOMICS_FEATURES])) rows[kept++] = values + i * VG_RADIOMICS_FEATURES;
  if (rows) *n = kept;
  return rows;
}

/* Mean and SD of a feature over the real rows. Returns false if the feature is to be dropped. */
static bool scale_of(const double *const *real, size_t n, const double *const *synth, size_t m, size_t f,
                     double *mean, double *sd) {
  double squares = 0;
  *mean = 0;
  for (size_t i = 0; i < n; i++) *mean += real[i][f] / (double)n;
  for (size_t i = 0; i < n; i++) squares += (real[i][f] - *mean) * (real[i][f] - *mean);
  *sd = sqrt(squares / (double)n);
  for (size_t i = 0; i < m; i++)
    if (!isfinite(synth[i][f])) return false;
  return isfinite(*sd) && *sd > 1e-10 * fabs(*mean);
}

vg_status vg_frd_distance(const double *real, size_t *n_real, const double *synth, size_t *n_synth,
                          size_t *dims, vg_set_distance *out) {
  const double **a = list_rows(real, n_real), **b = list_rows(synth, n_synth);
  const size_t n = *n_real, m = *n_synth;
  float *rows = vg_malloc((n + m) * VG_RADIOMICS_FEATURES, sizeof *rows);
  double mean[VG_RADIOMICS_FEATURES], sd[VG_RADIOMICS_FEATURES];
  size_t kept[VG_RADIOMICS_FEATURES];
  vg_status st = a && b && rows ? VG_OK : VG_MEMORY;
  *dims = 0;
  for (size_t f = 0; f < VG_RADIOMICS_FEATURES && n > 1 && m > 1 && !st; f++)
    if (scale_of(a, n, b, m, f, &mean[f], &sd[f])) kept[(*dims)++] = f;
  if (!st && *dims) {
    float *to = rows;
    for (size_t i = 0; i < n + m; i++)
      for (size_t k = 0; k < *dims; k++)
        *to++ = (float)(((i < n ? a[i] : b[i - n])[kept[k]] - mean[kept[k]]) / sd[kept[k]]);
    vg_set_space space;
    st = vg_set_space_init(&(vg_points){n, m, *dims, rows, rows + n * *dims, false}, &space);
    if (!st) st = vg_set_frechet(&space, out);
    vg_set_space_release(&space);
  }
  vg_free(a);
  vg_free(b);
  vg_free(rows);
  return st;
}

static double log_of(double squared) {
  return isnan(squared) ? NAN : log(fmax(squared, LEAST));
}

static vg_status add_row(vg_evaluation *e, const char *series, int region, const double *real, size_t n_real,
                         const double *synth, size_t n_synth) {
  vg_set_distance d;
  size_t dims;
  vg_status st = vg_frd_distance(real, &n_real, synth, &n_synth, &dims, &d);
  if (st || !dims) return st;
  eval_set row = {.metric = vg_set_metric_find("frd"),
                  .value = log_of(d.value),
                  .ci_low = log_of(d.ci_low),
                  .ci_high = log_of(d.ci_high),
                  .floor = log_of(d.floor),
                  .n_real = n_real,
                  .n_synth = n_synth};
  snprintf(row.space, sizeof row.space, "%.20s %s", series, region_names[region]);
  snprintf(row.note, sizeof row.note, "%zu of %d features", dims, VG_RADIOMICS_FEATURES);
  return vg_eval_add_set(e, &row);
}

vg_status vg_frd_run(eval_study *s, const vg_evaluate_settings *set) {
  vg_evaluation *e = s->evaluation;
  const size_t before = e->n_sets;
  vg_feature_plan plan;
  reading real = {0}, synth = {0};
  (void)set;
  vg_status st = vg_features_plan_init(&plan, (const vg_dataset *const[]){&s->real, &s->synth}, 2);
  if (!st) st = read_set(&plan, &s->real, NULL, &real);
  if (!st) st = read_set(&plan, &s->synth, e->recorded, &synth);
  for (int k = 0; k < plan.series.n && !st; k++)
    for (int g = 0; g < REGIONS && !st; g++)
      st = add_row(e, plan.series.names[k], g, row_of(&real, k, g, 0), real.n, row_of(&synth, k, g, 0),
                   synth.n);
  if (!st && e->n_sets == before)
    vg_eval_leave_out(e, FRD, "no series has radiomic features in two subjects or more on each side");
  vg_free(real.values);
  vg_free(synth.values);
  return st;
}
