/* score_images.c: how near images come to the real ones. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "run/score/score.h"
#include "base/mem.h"
#include "voxgan/metric.h"

enum { OUTSIDE, BRAIN, TUMOUR }; /* cells */

static void cells_of(const vg_case *c, const vg_classes *classes, size_t voxels, uint8_t *cells) {
  for (size_t i = 0; i < voxels; i++) {
    unsigned tumour = 0;
    for (int k = 0; k < classes->n; k++)
      if (classes->roles[k] == VG_ROLE_TUMOUR) tumour += c->labels[(size_t)k * voxels + i];
    cells[i] = !c->brain[i] ? OUTSIDE : tumour > 127 ? TUMOUR : BRAIN;
  }
}

vg_status vg_image_scores_add(image_scores *sums, const vg_case *c, const vg_classes *classes,
                              const float *made) {
  size_t voxels = (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
  float *real = vg_malloc(voxels, sizeof *real);
  uint8_t *cells = vg_malloc(voxels, 1);
  vg_regions regions;
  vg_metric_regions_init(&regions);
  vg_status st = real && cells ? VG_OK : VG_MEMORY;
  if (!st) st = vg_metric_regions_add(&regions, "brain", (const uint8_t[]){BRAIN, TUMOUR}, 2);
  if (!st) st = vg_metric_regions_add(&regions, "tumour", (const uint8_t[]){TUMOUR}, 1);
  if (!st) cells_of(c, classes, voxels, cells);
  vg_metric_input in = {.regions = &regions, .real = real, .cells = cells, .range = 2};
  memcpy(in.dim, c->record.dim, sizeof in.dim);
  memcpy(in.spacing, c->record.spacing, sizeof in.spacing);
  for (int s = 0; s < c->n_series && !st; s++) {
    double mae[VG_REGIONS_MAX], psnr[VG_REGIONS_MAX], ssim[VG_REGIONS_MAX];
    vg_metric_memo memo = {0};
    for (size_t i = 0; i < voxels; i++) real[i] = (float)c->image[(size_t)s * voxels + i] / 32767.f;
    in.synth = made + (size_t)s * voxels;
    in.memo = &memo;
    st = vg_metric_mae.compute(&in, mae);
    if (!st) st = vg_metric_psnr.compute(&in, psnr);
    if (!st) st = vg_metric_ssim.compute(&in, ssim);
    vg_metric_memo_release(&memo);
    if (st) break;
    vg_score_mean_add(&sums->series[s].mae, mae[0]);
    vg_score_mean_add(&sums->series[s].tumour_mae, mae[1]);
    vg_score_mean_add(&sums->series[s].psnr, psnr[0]);
    vg_score_mean_add(&sums->series[s].ssim, ssim[0]);
  }
  vg_free(real);
  vg_free(cells);
  return st;
}

static void put(vg_json *scores, const char *name, double mae, double psnr, double ssim, double tumour_mae) {
  vg_json *j = vg_json_put_take(scores, name, vg_json_object());
  vg_json_put_number(j, "mae", mae);
  vg_json_put_number(j, "psnr", psnr);
  vg_json_put_number(j, "ssim", ssim);
  if (!isnan(tumour_mae)) vg_json_put_number(j, "tumour_mae", tumour_mae);
}

void vg_image_scores_finish(const image_scores *sums, const vg_series_list *series, validation *out) {
  score_mean all[4] = {{0}};
  out->scores = vg_json_object();
  for (int s = 0; s < series->n; s++) {
    const double v[4] = {vg_score_mean_of(&sums->series[s].mae), vg_score_mean_of(&sums->series[s].psnr),
                         vg_score_mean_of(&sums->series[s].ssim),
                         vg_score_mean_of(&sums->series[s].tumour_mae)};
    put(out->scores, series->names[s], v[0], v[1], v[2], v[3]);
    for (int i = 0; i < 4; i++) vg_score_mean_add(&all[i], v[i]);
  }
  const double mae = vg_score_mean_of(&all[0]), psnr = vg_score_mean_of(&all[1]),
               ssim = vg_score_mean_of(&all[2]);
  put(out->scores, "mean", mae, psnr, ssim, vg_score_mean_of(&all[3]));
  out->cost = mae;
  out->cost_name = "MAE";
  snprintf(out->summary, sizeof out->summary, "MAE %.4f, PSNR %.2f dB, SSIM %.4f", mae, psnr, ssim);
}
