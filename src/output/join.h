/* join.h: anatomy predicted (or given) for a tumour data set, merged with its tumour labels into a data set
 * that `train` takes: the images, the tumour map, and the anatomy map, which also knows what lies under the
 * tumour. */
#ifndef VOXGAN_JOIN_H
#define VOXGAN_JOIN_H
#include "voxgan/produce.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_join_options {
  vg_roots tumour;  /* images and tumour maps */
  vg_roots anatomy; /* anatomy maps, paired by id: images and tumour maps in it are not looked at */
  const char *tumour_scheme, *anatomy_scheme; /* in place of the layouts'; NULL */
  bool copy;                                  /* images are written again, and not linked to */
  bool skip_incomplete;                       /* leave out cases without one of the maps */
  vg_produce_options output;                  /* format NULL: that of the tumour data set's layout */
} vg_join_options;

/* An anatomy map on another grid is brought to the tumour map's. A tumour voxel without anatomy takes that
 * around it. Series that some case lacks are left out. VG_DATA: unpaired cases, images on another grid than
 * their tumour map; otherwise as vg_produce. */
vg_status vg_join(const vg_join_options *options);

#ifdef __cplusplus
}
#endif
#endif
