/* preview.h: pictures that let a person judge a model at a glance. */
#ifndef VG_RUN_PREVIEW_H
#define VG_RUN_PREVIEW_H
#include "prep/prep.h"

/* One row of a preview, on the axial slice with most tumour (or, without any, through the middle): labels,
 * then real and synthetic of each series; or, of a model that segments, each series, then real and predicted
 * labels. The patient's right is on the left, as on contact sheets. */
typedef struct preview_row {
  const vg_case *c;  /* with its images */
  const float *made; /* (S, D, H, W) in [-1, 1], or (1 + C, D, H, W) class fractions */
} preview_row;

enum { PREVIEW_ROWS = 4 };

/* RUN/previews/epoch-00012.png (vg_free). */
char *vg_preview_path(const char *run, int64_t epoch);

/* prep: the series and classes of the cases. */
vg_status vg_preview_write(const char *path, const preview_row *rows, int n, const vg_prep_settings *prep,
                           bool segments);

#endif
