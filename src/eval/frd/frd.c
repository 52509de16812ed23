/* frd.c: suite frd: reads all subjects, and compares their radiomic features. */
#include "eval/frd/frd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/names.h"
#include "base/number/extent.h"
#include "base/str.h"
#include "base/task/progress.h"
#include "eval/feature/subject_view.h"
#include "eval/feature/subject_visit.h"
#include "grid/grid.h"

#define FRD "frd"
/* Equal sets have distance 0, whose logarithm is not a number that tables can hold. */
#define LEAST 1e-12

enum { BRAIN, TUMOUR, REGIONS };
static const char *const region_names[REGIONS] = {"brain", "tumour"};

static const struct {
  const char *name;
  const vg_frd_version *version;
} versions[] = {
#define VG_FRD(name, help) {#name, &vg_frd_##name},
#include "registry/frd.def"
};
enum { VERSIONS = sizeof versions / sizeof *versions };

vg_status vg_frd_parse(const char *text, unsigned *bits) {
  const vg_names names = VG_NAMES_N(versions, VERSIONS);
  size_t n = 0;
  *bits = 1;
  if (!text) return VG_OK;
  char **words = vg_split(text, ',', &n);
  if (!words) return VG_MEMORY;
  vg_status st = n ? VG_OK : vg_fail(VG_CONFIG, "no version of suite frd named (v1 or v0)");
  *bits = 0;
  for (size_t i = 0; i < n && !st; i++) {
    const int k = vg_names_find(names, words[i]);
    if (k < 0)
      st = vg_fail(VG_CONFIG, "suite frd has no version '%s' (`voxgan list frd` shows them)", words[i]);
    else
      *bits |= 1u << k;
  }
  vg_strv_free(words);
  return st;
}

/* Features of a set's subjects: (series, region, subject, feature). NaN: none. */
typedef struct reading {
  const vg_frd_version *version;
  size_t n, of; /* subjects that are measured, spread evenly over the ids; of the set */
  double *values;
  vg_eval_visit visit;
} reading;

/* The row of a subject. Returns false if it is not measured. */
static bool find_row(const reading *r, size_t index, size_t *row) {
  *row = index * r->n / r->of;
  return (index + 1) * r->n / r->of > *row;
}

static double *row_of(const reading *r, int series, int region, size_t subject) {
  return r->values + (((size_t)series * REGIONS + (size_t)region) * r->n + subject) *
                         (size_t)vg_radiomics_count(r->version->kind);
}

/* Cuts the brain's box out of a view. */
static vg_status cut_brain(vg_eval_view *v, bool *any) {
  int lo[3], extent[3];
  *any = vg_mask_box(v->brain, v->dim, 0, lo, extent);
  if (!*any) return VG_OK;
  const size_t n = vg_extent_voxels(extent);
  vg_eval_view box = {.dim = {extent[0], extent[1], extent[2]}, .mm = {v->mm[0], v->mm[1], v->mm[2]}};
  float *image = box.own[0] = vg_malloc(n, sizeof *image);
  uint8_t *brain = box.own[1] = vg_malloc(n, 1);
  uint8_t *tumour = box.own[2] = v->tumour ? vg_malloc(n, 1) : NULL;
  if (!image || !brain || (v->tumour && !tumour)) {
    vg_eval_view_release(&box);
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
  vg_eval_view_release(v);
  *v = box;
  return VG_OK;
}

/* Scales a view's image as the version wants it, into *out; vg_free. */
static vg_status scale_image(const vg_frd_version *version, const vg_eval_view *v, float **out) {
  const size_t n = vg_extent_voxels(v->dim);
  float *image = *out = vg_malloc(n, sizeof *image);
  if (!image) return VG_MEMORY;
  for (size_t i = 0; i < n; i++) image[i] = (float)(((double)v->image[i] + version->offset) * version->gain);
  return VG_OK;
}

static vg_status measure_series(void *arg, size_t index, int series, const vg_feature_input *in) {
  const reading *r = arg;
  const vg_frd_version *version = r->version;
  const double mm[3] = {version->mm, version->mm, version->mm};
  vg_eval_view v;
  bool any = false;
  float *image = NULL;
  size_t row;
  if (series == VG_SUBJECT_LABELS || !find_row(r, index, &row)) return VG_OK;
  vg_status st = vg_eval_view_make(in, mm, &v);
  if (!st) st = cut_brain(&v, &any);
  if (!st && any) st = scale_image(version, &v, &image);
  const uint8_t *rois[REGIONS] = {v.brain, v.tumour};
  for (int g = 0; g < REGIONS && any && !st; g++)
    if (rois[g])
      st = vg_radiomics_compute(version->kind, image, rois[g], v.dim, v.mm, row_of(r, series, g, row));
  vg_free(image);
  vg_eval_view_release(&v);
  return st;
}

static vg_status read_subject(void *arg, size_t index) {
  const reading *r = arg;
  size_t row;
  return find_row(r, index, &row) && vg_eval_is_whole(&r->visit, index) ? vg_eval_visit_one(&r->visit, index)
                                                                        : VG_OK;
}

static vg_status read_set(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                          const vg_frd_version *version, reading *r) {
  const size_t n = set->n < VG_SET_POINTS_MAX ? set->n : VG_SET_POINTS_MAX;
  const size_t all = (size_t)plan->series.n * REGIONS * n * (size_t)vg_radiomics_count(version->kind);
  *r = (reading){
      .version = version,
      .n = n,
      .of = set->n,
      .values = vg_malloc(all, sizeof *r->values),
      .visit = {
          .plan = plan, .set = set, .description = description, .images = true, .each = measure_series}};
  r->visit.arg = r;
  if (!r->values) return VG_MEMORY;
  for (size_t i = 0; i < all; i++) r->values[i] = NAN;
  return vg_task_parallel("frd: features", "subjects", set->n, read_subject, r);
}

/* ---- the distance ---- */

/* Drops rows without features. */
static const double **list_rows(const double *values, size_t features, size_t *n) {
  const double **rows = VG_NEW_N(const double *, *n);
  size_t kept = 0;
  for (size_t i = 0; rows && i < *n; i++)
    if (!isnan(values[i * features])) rows[kept++] = values + i * features;
  if (rows) *n = kept;
  return rows;
}

vg_status vg_frd_distance(const vg_frd_version *version, const double *real, size_t *n_real,
                          const double *synth, size_t *n_synth, size_t *dims, vg_set_distance *out) {
  const size_t features = (size_t)vg_radiomics_count(version->kind);
  const double **a = list_rows(real, features, n_real), **b = list_rows(synth, features, n_synth);
  const size_t n = *n_real, m = *n_synth;
  float *rows = vg_malloc((n + m) * features, sizeof *rows);
  double zero[VG_RADIOMICS_FEATURES], unit[VG_RADIOMICS_FEATURES];
  size_t kept[VG_RADIOMICS_FEATURES];
  vg_status st = a && b && rows ? VG_OK : VG_MEMORY;
  *dims = 0;
  for (size_t f = 0; f < features && n > 1 && m > 1 && !st; f++)
    if (version->scale(&(vg_frd_column){a, b, n, m, f}, &zero[f], &unit[f])) kept[(*dims)++] = f;
  if (!st && *dims) {
    float *to = rows;
    for (size_t i = 0; i < n + m; i++) {
      for (size_t k = 0; k < *dims; k++) {
        const double v = (i < n ? a[i] : b[i - n])[kept[k]];
        *to++ = (float)(isfinite(v) ? (v - zero[kept[k]]) / unit[kept[k]] : version->undefined);
      }
    }
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

static double shown(const vg_frd_version *version, double squared) {
  return isnan(squared) || !version->logarithm ? squared : log(fmax(squared, LEAST));
}

/* The distance of a series in a region. */
static vg_status add_row(vg_eval *e, const reading *real, const reading *synth, const char *name, int series,
                         int region) {
  const vg_frd_version *version = real->version;
  size_t n_real = real->n, n_synth = synth->n, dims;
  vg_set_distance d;
  vg_status st = vg_frd_distance(version, row_of(real, series, region, 0), &n_real,
                                 row_of(synth, series, region, 0), &n_synth, &dims, &d);
  if (st || !dims) return st;
  eval_set row = {.metric = vg_set_metric_find(version->metric),
                  .value = shown(version, d.value),
                  .ci_low = shown(version, d.ci_low),
                  .ci_high = shown(version, d.ci_high),
                  .floor = shown(version, d.floor),
                  .n_real = n_real,
                  .n_synth = n_synth};
  snprintf(row.space, sizeof row.space, "%.20s %s", name, region_names[region]);
  snprintf(row.note, sizeof row.note, "%zu of %d features", dims, vg_radiomics_count(version->kind));
  return vg_eval_add_set(e, &row);
}

static vg_status run_version(eval_study *s, const vg_feature_plan *plan, const vg_frd_version *version) {
  vg_eval *e = s->evaluation;
  reading real = {0}, synth = {0};
  vg_status st = read_set(plan, &s->real, NULL, version, &real);
  if (!st) st = read_set(plan, &s->synth, e->recorded, version, &synth);
  for (int k = 0; k < plan->series.n && !st; k++)
    for (int g = 0; g < REGIONS && !st; g++) st = add_row(e, &real, &synth, plan->series.names[k], k, g);
  vg_free(real.values);
  vg_free(synth.values);
  return st;
}

vg_status vg_frd_run(eval_study *s, const vg_eval_settings *set) {
  vg_eval *e = s->evaluation;
  const size_t before = e->n_sets;
  vg_feature_plan plan;
  unsigned chosen;
  vg_status st = vg_frd_parse(set->frd, &chosen);
  if (!st) st = vg_features_plan_init(&plan, (const vg_dataset *const[]){&s->real, &s->synth}, 2);
  for (int k = 0; k < VERSIONS && !st; k++)
    if (chosen >> k & 1) st = run_version(s, &plan, versions[k].version);
  if (!st && e->n_sets == before)
    vg_eval_leave_out(e, FRD, "no series has radiomic features in two subjects or more on each side");
  return st;
}
