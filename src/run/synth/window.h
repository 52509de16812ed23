/* window.h: where windows of a patch's extent lie on a volume, an axis at a time. */
#ifndef VG_RUN_WINDOW_H
#define VG_RUN_WINDOW_H
#include <stdbool.h>

/* Evenly spread, overlapping by at least half, first and last flush with the ends. Or (step not 0) that many
 * voxels apart, and the last may reach beyond the end. */
typedef struct window_axis {
  int extent, count, first, span; /* window k begins at first + k * span / (count - 1) */
  int step;
  bool flat; /* extent 1: a 2-D network, no overlap */
} window_axis;

/* n: voxels of the volume. whole: one window over all. align: voxels of a network's coarsest grid, where
 * its grids must coincide in all windows; else 1. */
window_axis vg_window_plan(int n, int patch, bool whole, int align);
/* Where window index of all begins, the last axis running fastest. */
void vg_window_place(const window_axis axis[3], int index, int lo[3]);

#endif
