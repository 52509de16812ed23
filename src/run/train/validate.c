/* validate.c: scores and a preview of the held-out cases. */
#include "run/train/validate.h"
#include "base/number/extent.h"

#include <string.h>
#include "prep/pack/pack.h"
#include "run/synth/infer.h"
#include "run/score/preview.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/limit/memory_limit.h"
#include "base/mem.h"

void vg_validation_release(validation *v) {
  vg_json_free(v->scores);
  v->scores = NULL;
}

/* What one case adds to the means. */
typedef struct scores {
  image_scores images;
  label_scores labels;
} scores;
enum { NUMBERS = sizeof(scores) / sizeof(double) };

/* The cases and what becomes of them. */
typedef struct validating {
  vg_gan *gan;
  const run_data *data;
  vg_group *group;
  const vg_case *cases;
  size_t n;
  double *each; /* n times NUMBERS, and 1 if a process was interrupted */
  float *kept[PREVIEW_ROWS];
} validating;

static size_t made_floats(const validating *v, size_t i) {
  const int *dim = v->cases[i].record.dim;
  return vg_extent_voxels(dim) * (size_t)vg_gan_get_spec(v->gan)->out_channels;
}

static vg_status score_case(validating *v, size_t i, float *made) {
  const vg_classes *classes = &v->data->prep.classes;
  scores *one = (scores *)(void *)(v->each + i * NUMBERS);
  vg_case c;
  vg_status st = vg_case_unpack(&v->cases[i], &c);
  if (st) return st;
  st = vg_infer(v->gan, &c, VG_WINDOW_AUTO, vg_memory_left(), NULL, made);
  if (!st)
    st = vg_gan_get_spec(v->gan)->softmax ? vg_label_scores_add(&one->labels, &c, classes, made)
                                          : vg_image_scores_add(&one->images, &c, classes, made);
  vg_case_release(&c);
  return st;
}

/* Makes and scores this process's cases: every size-th one. */
static vg_status score_cases(validating *v) {
  const size_t size = (size_t)vg_group_size(v->group), rank = (size_t)vg_group_rank(v->group);
  vg_status st = VG_OK;
  vg_task task;
  vg_task_begin(&task, "validating", "subjects", (v->n - rank + size - 1) / size);
  for (size_t i = 0; i < v->n && !st; i++) {
    const bool own = i % size == rank, shown = i < PREVIEW_ROWS;
    if (!own && !shown) continue;
    if (own && vg_interrupted()) {
      st = vg_fail(VG_INTERRUPTED, "interrupted while validating");
      break;
    }
    float *made = vg_calloc(made_floats(v, i), sizeof *made);
    if (!made) st = VG_MEMORY;
    if (!st && own) st = score_case(v, i, made);
    if (shown)
      v->kept[i] = made;
    else
      vg_free(made);
    if (own) vg_task_step(&task);
  }
  vg_task_end(&task);
  return st;
}

/* All processes get the scores of all cases, and rank 0 the images that it shows. */
static vg_status collect(validating *v, vg_status st) {
  if (!v->group || (st && st != VG_INTERRUPTED)) return st;
  v->each[v->n * NUMBERS] = st == VG_INTERRUPTED;
  vg_status sent = vg_group_sum(v->group, v->each, v->n * NUMBERS + 1);
  if (sent) return sent;
  if (v->each[v->n * NUMBERS] > 0) return vg_fail(VG_INTERRUPTED, "interrupted while validating");
  for (size_t i = 0; i < v->n && i < PREVIEW_ROWS && !sent; i++)
    sent = vg_group_sum_floats(v->group, v->kept[i], made_floats(v, i));
  return sent;
}

static vg_status write_preview(const validating *v, const char *path) {
  preview_row rows[PREVIEW_ROWS];
  const size_t n = v->n < PREVIEW_ROWS ? v->n : PREVIEW_ROWS;
  for (size_t i = 0; i < n; i++) rows[i] = (preview_row){&v->cases[i], v->kept[i]};
  return vg_preview_write(path, rows, (int)n, &v->data->prep, vg_gan_get_spec(v->gan)->softmax);
}

vg_status vg_validate(vg_gan *gan, const run_data *data, vg_group *group, const char *preview_path,
                      validation *out) {
  validating v = {.gan = gan, .data = data, .group = group};
  v.cases = vg_run_validated(data, &v.n);
  union {
    scores means;
    double numbers[NUMBERS];
  } sum = {0};
  memset(out, 0, sizeof *out);
  v.each = vg_calloc(v.n * NUMBERS + 1, sizeof *v.each);
  vg_status st = v.each ? collect(&v, score_cases(&v)) : VG_MEMORY;
  if (!st && preview_path && vg_group_rank(group) == 0) st = write_preview(&v, preview_path);
  for (int i = 0; i < PREVIEW_ROWS; i++) vg_free(v.kept[i]);
  for (size_t i = 0; i < v.n && !st; i++)
    for (size_t k = 0; k < NUMBERS; k++) sum.numbers[k] += v.each[i * NUMBERS + k];
  vg_free(v.each);
  if (st) return st;
  if (vg_gan_get_spec(gan)->softmax)
    vg_label_scores_finish(&sum.means.labels, &data->prep.classes, out);
  else
    vg_image_scores_finish(&sum.means.images, &data->prep.series, out);
  return VG_OK;
}
