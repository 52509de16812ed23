/* validate.c: scores and a preview of the held-out cases. */
#include "run/train/validate.h"

#include <string.h>
#include "run/synth/infer.h"
#include "run/train/preview.h"
#include "run/train/score.h"
#include "voxgan/log.h"
#include "base/task/progress.h"
#include "base/limit/memory_limit.h"
#include "base/mem.h"

void vg_validation_release(validation *v) {
  vg_json_free(v->scores);
  v->scores = NULL;
}

vg_status vg_validate(vg_gan *gan, const run_data *data, const char *preview_path, validation *out) {
  const vg_case *cases = data->n_val ? data->val : data->train;
  const size_t n = data->n_val ? data->n_val : data->n_train < PREVIEW_ROWS ? data->n_train : PREVIEW_ROWS;
  const vg_gan_spec *spec = vg_gan_get_spec(gan);
  const vg_classes *classes = &data->prep.classes;
  preview_row rows[PREVIEW_ROWS];
  float *kept[PREVIEW_ROWS] = {NULL};
  image_scores images = {0};
  label_scores labels = {0};
  vg_status st = VG_OK;
  vg_task task;
  memset(out, 0, sizeof *out);
  vg_task_begin(&task, "validating", "subjects", n);
  for (size_t i = 0; i < n && !st; i++) {
    const vg_case *c = &cases[i];
    if (vg_interrupted()) {
      st = vg_fail(VG_INTERRUPTED, "interrupted while validating");
      break;
    }
    size_t voxels = (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
    float *made = vg_malloc(voxels * (size_t)spec->out_channels, sizeof *made);
    st = made ? vg_infer(gan, c, VG_WINDOW_AUTO, vg_memory_left(), NULL, made) : VG_MEMORY;
    if (!st)
      st = spec->softmax ? vg_label_scores_add(&labels, c, classes, made)
                         : vg_image_scores_add(&images, c, classes, made);
    if (!st && i < PREVIEW_ROWS) {
      rows[i] = (preview_row){c, made};
      kept[i] = made;
    } else {
      vg_free(made);
    }
    vg_task_step(&task);
  }
  vg_task_end(&task);
  if (!st && preview_path)
    st = vg_preview_write(preview_path, rows, (int)(n < PREVIEW_ROWS ? n : PREVIEW_ROWS), &data->prep,
                          spec->softmax);
  for (int i = 0; i < PREVIEW_ROWS; i++) vg_free(kept[i]);
  if (st) return st;
  if (spec->softmax)
    vg_label_scores_finish(&labels, classes, out);
  else
    vg_image_scores_finish(&images, &data->prep.series, out);
  return VG_OK;
}
