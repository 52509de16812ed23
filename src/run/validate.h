/* validate.h: how good the model is on the held-out cases, by the metrics of eval. */
#ifndef VG_RUN_VALIDATE_H
#define VG_RUN_VALIDATE_H
#include "voxgan/json.h"
#include "run/run_data.h"
#include "voxgan/nn.h"

typedef struct scores {
  double mae, psnr, ssim; /* in the brain, values in [-1, 1], data range 2, mean over cases */
  double tumour_mae;      /* in the tumour; NaN when no case has one */
} scores;

typedef struct validation {
  int n_series;
  scores series[VG_SERIES_MAX];
  scores mean; /* over series */
} validation;

/* Synthesises the held-out cases (the first training cases where none is held out), scores them on the
 * prepared grid, and writes the preview when preview_path is not NULL. VG_INTERRUPTED between two cases. */
vg_status validate(vg_gan *gan, const run_data *data, const char *preview_path, validation *out);
/* {"t1": {"mae": ..., "psnr": ..., "ssim": ...}, ...} */
vg_json *validation_json(const validation *v, const vg_series_list *series);

#endif
