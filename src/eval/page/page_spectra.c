/* page_spectra.c: curves of the power of texture by wavelength. */
#include <math.h>
#include <stdio.h>
#include "eval/model/evaluation_spectra.h"
#include "eval/page/eval_page.h"

/* The curve of one side, with its band of one SD. */
typedef struct drawn {
  char name[48];
  double x[EVAL_SPECTRUM_BANDS], mean[EVAL_SPECTRUM_BANDS], low[EVAL_SPECTRUM_BANDS],
      high[EVAL_SPECTRUM_BANDS];
  size_t n;
} drawn;

static vg_chart_line draw(const eval_spectrum *s, const char *side, const eval_spectrum_side *from,
                          drawn *c) {
  c->n = 0;
  snprintf(c->name, sizeof c->name, "%s, n = %zu", side, from->n);
  for (int b = 0; b < EVAL_SPECTRUM_BANDS; b++) {
    if (isnan(from->mean[b])) continue;
    c->x[c->n] = s->frequency[b];
    c->mean[c->n] = from->mean[b];
    c->low[c->n] = from->mean[b] - from->sd[b];
    c->high[c->n] = from->mean[b] + from->sd[b];
    c->n++;
  }
  return (vg_chart_line){c->name, c->x, c->mean, c->low, c->high, c->n};
}

void vg_eval_page_spectra(vg_report *r, const vg_eval *e) {
  if (!e->n_spectra) return;
  vg_report_heading(r, "Spectra of texture");
  vg_report_text(
      r, "The power of an image's texture by spatial frequency, within a tissue: means over subjects, with a "
         "band of one SD. Fine texture is on the right. A synthetic curve that falls below the real "
         "one there shows blur; a peak shows a grid.");
  for (size_t i = 0; i < e->n_spectra; i++) {
    const eval_spectrum *s = &e->spectra[i];
    char title[VG_SERIES_NAME + VG_CLASS_NAME + 4];
    drawn real, synth;
    const vg_chart_line lines[] = {draw(s, "real", &s->real, &real), draw(s, "synthetic", &s->synth, &synth)};
    snprintf(title, sizeof title, "%s, %s", s->series, s->region);
    vg_report_lines(r, &(vg_chart){.title = title, .x = "cycles a mm", .y = "log10 of power"}, lines, 2);
  }
}
