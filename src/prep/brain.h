/* brain.h: the background of an image. */
#ifndef VG_DATA_BRAIN_H
#define VG_DATA_BRAIN_H
#include "voxgan/volume.h"

typedef struct vg_background {
  float value;     /* of the background; its median where it is noise */
  float tolerance; /* constant: this near to value is background */
  float threshold; /* noise: below it is background */
  bool constant;
} vg_background;

void vg_background_find(const vg_volume *vol, vg_background *out);

#endif
