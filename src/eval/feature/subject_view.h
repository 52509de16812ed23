/* subject_view.h: an image of a subject on a coarser grid, averaged within the brain. */
#ifndef VG_EVAL_SUBJECT_VIEW_H
#define VG_EVAL_SUBJECT_VIEW_H
#include "eval/feature/features.h"

typedef struct vg_eval_view {
  int dim[3];
  double mm[3];
  const float *image;    /* -1 outside the brain */
  const uint8_t *brain;  /* 0 or 1 */
  const uint8_t *tumour; /* not 0: tumour; NULL: no map */
  void *own[3];          /* of the view; NULL: the array above is the input's */
} vg_eval_view;

/* Averages each axis that is finer than mm to mm (0: never), and leaves the others. A coarse voxel is brain,
 * or tumour, if half of it is; its intensity is the mean over its brain. Spacings within 1 % are equal.
 * _release also after a failure. */
vg_status vg_eval_view_make(const vg_feature_input *in, const double mm[3], vg_eval_view *out);
void vg_eval_view_release(vg_eval_view *v);

#endif
