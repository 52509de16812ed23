/* score_labels.c: how far the likeliest classes cover the real ones. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "run/synth/argmax.h"
#include "base/number/extent.h"
#include "run/score/score.h"
#include "base/mem.h"
#include "voxgan/metric.h"

vg_status vg_label_scores_add(label_scores *sums, const vg_case *c, const vg_classes *classes,
                              const float *made) {
  size_t voxels = vg_extent_voxels(c->record.dim);
  uint8_t *real = vg_malloc(voxels, 1), *found = vg_malloc(voxels, 1);
  vg_regions regions;
  vg_metric_memo memo = {0};
  vg_metric_input in = {.regions = &regions, .real_labels = real, .synth_labels = found, .memo = &memo};
  double dice[VG_REGIONS_MAX];
  memcpy(in.dim, c->record.dim, sizeof in.dim);
  memcpy(in.spacing, c->record.spacing, sizeof in.spacing);
  vg_metric_regions_init(&regions);
  vg_status st = real && found ? VG_OK : VG_MEMORY;
  for (int k = 0; k < classes->n && !st; k++)
    st = vg_metric_regions_add(&regions, classes->names[k], (const uint8_t[]){(uint8_t)(k + 1)}, 1);
  if (st) goto out;
  vg_classes_of_case(c, 0, voxels, real);
  vg_classes_of_fractions(made, 1 + classes->n, voxels, 0, voxels, found);
  st = vg_metric_dice.compute(&in, dice);
  for (int k = 0; k < classes->n && !st; k++) vg_score_mean_add(&sums->dice[k], dice[k]);
out:
  vg_metric_memo_release(&memo);
  vg_free(real);
  vg_free(found);
  return st;
}

static void put(vg_json *scores, const char *name, double dice) {
  vg_json_put_number(vg_json_put_take(scores, name, vg_json_object()), "dice", dice);
}

void vg_label_scores_finish(const label_scores *sums, const vg_classes *classes, validation *out) {
  score_mean all = {0};
  int len = 0;
  out->scores = vg_json_object();
  char *each = out->summary;
  const size_t size = sizeof out->summary;
  for (int k = 0; k < classes->n; k++) vg_score_mean_add(&all, vg_score_mean_of(&sums->dice[k]));
  const double mean = vg_score_mean_of(&all);
  len = snprintf(each, size, "Dice %.4f", mean);
  for (int k = 0; k < classes->n; k++) {
    const double dice = vg_score_mean_of(&sums->dice[k]);
    put(out->scores, classes->names[k], dice);
    if (len > 0 && (size_t)len < size)
      len += snprintf(each + len, size - (size_t)len, "%s%s %.3f", k ? ", " : ": ", classes->names[k], dice);
  }
  put(out->scores, "mean", mean);
  out->cost = 1 - mean;
  out->cost_name = "Dice";
}
