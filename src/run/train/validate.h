/* validate.h: how good the model is on the held-out cases, by the metrics of eval on the prepared grid. */
#ifndef VG_RUN_VALIDATE_H
#define VG_RUN_VALIDATE_H
#include "nn/nn.h"
#include "run/score/score.h"
#include "run/train/run_data.h"

/* Makes the images of vg_run_validated's cases, scores them, and writes the preview when preview_path is not
 * NULL. VG_INTERRUPTED between two cases. out is the caller's. The processes of a group share the cases out;
 * all get the result, which does not depend on their number, and rank 0 writes. */
vg_status vg_validate(vg_gan *gan, const run_data *data, vg_group *group, const char *preview_path,
                      validation *out);
void vg_validation_release(validation *v);

#endif
