/* score_images.c: how near images come to the real ones. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "run/score/score.h"
#include "base/mem.h"
#include "base/number/extent.h"
#include "voxgan/metric.h"

enum { OUTSIDE, BRAIN, TUMOUR }; /* cells */

/* A prepared grid with the background around it that the scan has, as far as the window of SSIM reaches: the
 * scores are then those of the whole volume, as `voxgan eval` gives them. */
enum { REACH = 5 };
typedef struct surround {
  int lo[3], dim[3];
} surround;

static surround surround_of(const vg_prep_record *r) {
  surround s;
  for (int a = 0; a < 3; a++) {
    const int before = r->crop_lo[a], after = r->ras.dim[a] - r->crop_lo[a] - r->crop_dim[a];
    s.lo[a] = before < REACH ? before : REACH;
    s.dim[a] = s.lo[a] + r->dim[a] + (after < REACH ? after : REACH);
  }
  return s;
}

static void put_inside(const surround *s, const int dim[3], const float *from, float *to) {
  const size_t n = vg_extent_voxels(s->dim);
  for (size_t i = 0; i < n; i++) to[i] = -1;
  for (int z = 0; z < dim[2]; z++)
    for (int y = 0; y < dim[1]; y++, from += dim[0])
      memcpy(to + vg_extent_index(s->dim, s->lo[0], s->lo[1] + y, s->lo[2] + z), from,
             (size_t)dim[0] * sizeof *to);
}

static void cells_of(const vg_case *c, const vg_classes *classes, const surround *s, uint8_t *cells) {
  const int *dim = c->record.dim;
  const size_t voxels = vg_extent_voxels(dim);
  for (size_t i = 0; i < voxels; i++) {
    int at[3];
    unsigned tumour = 0;
    vg_extent_at(dim, i, at);
    for (int k = 0; k < classes->n; k++)
      if (classes->roles[k] == VG_ROLE_TUMOUR) tumour += c->labels[(size_t)k * voxels + i];
    cells[vg_extent_index(s->dim, s->lo[0] + at[0], s->lo[1] + at[1], s->lo[2] + at[2])] =
        !c->brain[i]   ? OUTSIDE
        : tumour > 127 ? TUMOUR
                       : BRAIN;
  }
}

vg_status vg_image_scores_add(image_scores *sums, const vg_case *c, const vg_classes *classes,
                              const float *made) {
  const int *dim = c->record.dim;
  const size_t voxels = vg_extent_voxels(dim);
  const surround s = surround_of(&c->record);
  const size_t all = vg_extent_voxels(s.dim);
  float *one = vg_malloc(voxels, sizeof *one), *real = vg_malloc(all, sizeof *real);
  float *synth = vg_malloc(all, sizeof *synth);
  uint8_t *cells = vg_calloc(all, 1); /* OUTSIDE */
  vg_regions regions;
  vg_metric_regions_init(&regions);
  vg_status st = one && real && synth && cells ? VG_OK : VG_MEMORY;
  if (!st) st = vg_metric_regions_add(&regions, "brain", (const uint8_t[]){BRAIN, TUMOUR}, 2);
  if (!st) st = vg_metric_regions_add(&regions, "tumour", (const uint8_t[]){TUMOUR}, 1);
  if (!st) cells_of(c, classes, &s, cells);
  vg_metric_input in = {.regions = &regions, .real = real, .synth = synth, .cells = cells, .range = 2};
  memcpy(in.dim, s.dim, sizeof in.dim);
  memcpy(in.spacing, c->record.spacing, sizeof in.spacing);
  for (int k = 0; k < c->n_series && !st; k++) {
    double mae[VG_REGIONS_MAX], psnr[VG_REGIONS_MAX], ssim[VG_REGIONS_MAX];
    vg_metric_memo memo = {0};
    for (size_t i = 0; i < voxels; i++) one[i] = (float)c->image[(size_t)k * voxels + i] / 32767.f;
    put_inside(&s, dim, one, real);
    put_inside(&s, dim, made + (size_t)k * voxels, synth);
    in.memo = &memo;
    st = vg_metric_mae.compute(&in, mae);
    if (!st) st = vg_metric_psnr.compute(&in, psnr);
    if (!st) st = vg_metric_ssim.compute(&in, ssim);
    vg_metric_memo_release(&memo);
    if (st) break;
    vg_score_mean_add(&sums->series[k].mae, mae[0]);
    vg_score_mean_add(&sums->series[k].tumour_mae, mae[1]);
    vg_score_mean_add(&sums->series[k].psnr, psnr[0]);
    vg_score_mean_add(&sums->series[k].ssim, ssim[0]);
  }
  vg_free(one);
  vg_free(real);
  vg_free(synth);
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
