/* brain.h: the background of an image. */
#ifndef VG_DATA_BRAIN_H
#define VG_DATA_BRAIN_H
#include "voxgan/volume.h"

typedef struct vg_background {
  float value;     /* of the background; if it is noise, the median */
  float tolerance; /* constant: voxels within this distance of value are background */
  float threshold; /* noise: voxels below it are background */
  bool constant;
  /* constant, but perhaps only in a rim: much of the rest of the outer faces lies below threshold */
  bool rim;
} vg_background;

/* Keeps the largest component of a mask, and fills its holes. An empty mask stays. */
vg_status vg_brain_of_mask(uint8_t *mask, const int dim[3]);
void vg_background_find(const vg_volume *vol, vg_background *out);

#endif
