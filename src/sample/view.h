/* view.h: slices across each of the three axes. */
#ifndef VG_SAMPLE_VIEW_H
#define VG_SAMPLE_VIEW_H
#include <stdbool.h>

enum { VG_VIEWS = 3 };

/* The axis (0 z, 1 y, 2 x) along which a patch (D, H, W) is one voxel; -1 if it is none or several. */
int vg_view_axis(const int patch[3]);
/* The patch of a view: one voxel along that axis (0 z, 1 y, 2 x). Its other two extents keep their order, so
 * a slice has the same layout in memory in all views, and a network takes each for the patch. */
void vg_view_extent(const int patch[3], int view, int out[3]);
/* Whether a volume of that extent (x, y, z) has slices of a view. One slice shows nothing across other axes.
 */
bool vg_view_shows(const int extent[3], int view);

#endif
