/* validate.c: scores and a preview of the held-out cases. */
#include "run/validate.h"

#include <math.h>
#include <string.h>
#include "run/infer.h"
#include "run/preview.h"
#include "voxgan/log.h"
#include "voxgan/mem.h"
#include "voxgan/metric.h"

enum { OUTSIDE, BRAIN, TUMOUR }; /* cells */

static void cells_of(const vg_case *c, const vg_classes *classes, uint8_t *cells) {
  size_t voxels = (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
  for (size_t i = 0; i < voxels; i++) {
    unsigned tumour = 0;
    for (int k = 0; k < classes->n; k++)
      if (classes->roles[k] == VG_ROLE_TUMOUR) tumour += c->labels[(size_t)k * voxels + i];
    cells[i] = !c->brain[i] ? OUTSIDE : tumour > 127 ? TUMOUR : BRAIN;
  }
}

typedef struct mean {
  double sum;
  int n;
} mean;

static void mean_add(mean *m, double v) {
  if (isfinite(v)) m->sum += v, m->n++;
}
static double mean_value(const mean *m) {
  return m->n ? m->sum / m->n : NAN;
}

typedef struct sums {
  mean mae, psnr, ssim, tumour_mae;
} sums;

static vg_status score(const vg_case *c, const float *synth, const vg_regions *regions, const uint8_t *cells,
                       float *real, sums *sum) {
  size_t voxels = (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
  vg_metric_input in = {.regions = regions, .real = real, .cells = cells, .range = 2};
  memcpy(in.dim, c->record.dim, sizeof in.dim);
  memcpy(in.spacing, c->record.spacing, sizeof in.spacing);
  for (int s = 0; s < c->n_series; s++) {
    double mae[VG_REGIONS_MAX], psnr[VG_REGIONS_MAX], ssim[VG_REGIONS_MAX];
    vg_metric_memo memo = {0};
    for (size_t i = 0; i < voxels; i++) real[i] = (float)c->image[(size_t)s * voxels + i] / 32767.f;
    in.synth = synth + (size_t)s * voxels;
    in.memo = &memo;
    vg_status st = vg_metric_mae.compute(&in, mae);
    if (!st) st = vg_metric_psnr.compute(&in, psnr);
    if (!st) st = vg_metric_ssim.compute(&in, ssim);
    vg_metric_memo_release(&memo);
    if (st) return st;
    mean_add(&sum[s].mae, mae[0]);
    mean_add(&sum[s].tumour_mae, mae[1]);
    mean_add(&sum[s].psnr, psnr[0]);
    mean_add(&sum[s].ssim, ssim[0]);
  }
  return VG_OK;
}

static void summarise(const sums *sum, int n_series, validation *out) {
  mean mae = {0}, psnr = {0}, ssim = {0}, tumour = {0};
  out->n_series = n_series;
  for (int s = 0; s < n_series; s++) {
    out->series[s] = (scores){mean_value(&sum[s].mae), mean_value(&sum[s].psnr), mean_value(&sum[s].ssim),
                              mean_value(&sum[s].tumour_mae)};
    mean_add(&mae, out->series[s].mae);
    mean_add(&psnr, out->series[s].psnr);
    mean_add(&ssim, out->series[s].ssim);
    mean_add(&tumour, out->series[s].tumour_mae);
  }
  out->mean = (scores){mean_value(&mae), mean_value(&psnr), mean_value(&ssim), mean_value(&tumour)};
}

vg_status validate(vg_gan *gan, const run_data *data, const char *preview_path, validation *out) {
  const vg_case *cases = data->n_val ? data->val : data->train;
  size_t n = data->n_val ? data->n_val : data->n_train < PREVIEW_ROWS ? data->n_train : PREVIEW_ROWS;
  preview_row rows[PREVIEW_ROWS];
  float *kept[PREVIEW_ROWS] = {NULL};
  sums sum[VG_SERIES_MAX];
  memset(sum, 0, sizeof sum);
  vg_regions regions;
  vg_regions_init(&regions);
  vg_status st = vg_regions_add(&regions, "brain", (const uint8_t[]){BRAIN, TUMOUR}, 2);
  if (!st) st = vg_regions_add(&regions, "tumour", (const uint8_t[]){TUMOUR}, 1);
  for (size_t i = 0; i < n && !st; i++) {
    const vg_case *c = &cases[i];
    if (vg_interrupted()) {
      st = vg_fail(VG_INTERRUPTED, "interrupted while validating");
      break;
    }
    size_t voxels = (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
    float *synth = vg_malloc(voxels * (size_t)c->n_series, sizeof *synth);
    float *real = vg_malloc(voxels, sizeof *real);
    uint8_t *cells = vg_malloc(voxels, 1);
    st = synth && real && cells ? infer(gan, c, VG_WINDOW_AUTO, available_memory(), synth) : VG_MEMORY;
    if (!st) {
      cells_of(c, &data->prep.classes, cells);
      st = score(c, synth, &regions, cells, real, sum);
    }
    vg_free(real);
    vg_free(cells);
    if (!st && i < PREVIEW_ROWS) {
      rows[i] = (preview_row){c, synth};
      kept[i] = synth;
    } else {
      vg_free(synth);
    }
  }
  if (!st) summarise(sum, data->prep.series.n, out);
  if (!st && preview_path)
    st = preview_write(preview_path, rows, (int)(n < PREVIEW_ROWS ? n : PREVIEW_ROWS), &data->prep.series);
  for (int i = 0; i < PREVIEW_ROWS; i++) vg_free(kept[i]);
  return st;
}

static void put_scores(vg_json *j, const scores *s) {
  vg_json_put_number(j, "mae", s->mae);
  vg_json_put_number(j, "psnr", s->psnr);
  vg_json_put_number(j, "ssim", s->ssim);
  if (!isnan(s->tumour_mae)) vg_json_put_number(j, "tumour_mae", s->tumour_mae);
}

vg_json *validation_json(const validation *v, const vg_series_list *series) {
  vg_json *j = vg_json_object();
  for (int s = 0; s < v->n_series; s++)
    put_scores(vg_json_put_take(j, series->names[s], vg_json_object()), &v->series[s]);
  put_scores(vg_json_put_take(j, "mean", vg_json_object()), &v->mean);
  return j;
}
