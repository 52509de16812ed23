/* view.c: slices across each of the three axes. */
#include "sample/view.h"

int vg_view_axis(const int patch[3]) {
  int axis = -1, flat = 0;
  for (int a = 0; a < 3; a++)
    if (patch[a] == 1) {
      axis = a;
      flat++;
    }
  return flat == 1 ? axis : -1;
}

void vg_view_extent(const int patch[3], int view, int out[3]) {
  const int axis = vg_view_axis(patch);
  int from = 0;
  for (int a = 0; a < 3; a++) {
    if (from == axis) from++;
    out[a] = a == view ? 1 : patch[from++];
  }
}

bool vg_view_shows(const int extent[3], int view) {
  const bool slice = (extent[0] == 1) + (extent[1] == 1) + (extent[2] == 1) == 1;
  return !slice || extent[2 - view] == 1;
}
