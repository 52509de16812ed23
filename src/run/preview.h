/* preview.h: pictures that let a person judge a model at a glance. */
#ifndef VG_RUN_PREVIEW_H
#define VG_RUN_PREVIEW_H
#include "voxgan/prep.h"

/* One row of a preview: labels, then real and synthetic of each series, on the axial slice with most tumour
 * (or, without any, through the middle). */
typedef struct preview_row {
  const vg_case *c;   /* with its images */
  const float *synth; /* (S, D, H, W) in [-1, 1] */
} preview_row;

enum { PREVIEW_ROWS = 4 };

/* Columns are headed by the series' names; real left, synthetic right. */
vg_status preview_write(const char *path, const preview_row *rows, int n, const vg_series_list *series);

#endif
