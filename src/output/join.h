/* join.h: merges a tumour data set with predicted (or given) anatomy maps into a data set for `train`: the
 * images, the tumour map, and an anatomy map that covers the tissue under the tumour too. */
#ifndef VOXGAN_JOIN_H
#define VOXGAN_JOIN_H
#include "voxgan/output.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_join_options {
  vg_roots tumour;  /* images and tumour maps */
  vg_roots anatomy; /* anatomy maps, paired by id; its images and tumour maps are ignored */
  const char *tumour_scheme, *anatomy_scheme; /* replace those of the layouts; NULL */
  bool copy;                                  /* copy the images instead of linking to them */
  bool skip_incomplete;                       /* skip cases that lack one of the maps */
  vg_produce_options output;                  /* format NULL: that of the tumour data set's layout */
} vg_join_options;

/* Resamples an anatomy map on another grid to that of the tumour map. Tumour voxels without anatomy take the
 * class around them. Skips series that some case lacks. VG_DATA: cases without a partner, or images on
 * another grid than their tumour map. Other errors: see vg_produce. */
vg_status vg_join(const vg_join_options *options);

#ifdef __cplusplus
}
#endif
#endif
