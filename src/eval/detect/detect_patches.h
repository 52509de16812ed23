/* detect_patches.h: the patches of a data set that suite detect compares: axial squares of all series, the
 * same preparation for real and synthetic subjects.
 *
 *   grid        In-plane spacing is one for all subjects. A finer subject is averaged to it.
 *   position    Each patch is centred on a brain voxel drawn at random, and at least half of it is brain (in
 * a small brain, at least half of what its largest slice would fill). The draw depends on the id and the
 * brain alone, so two subjects of one id and one brain have patches at the same positions. intensity   In
 * [-1, 1] as in features.h, 0 in the 8-bit patch outside the brain. A uniform random value of up to one step
 * to either side is added before rounding to 255 steps, which hides how coarsely either side's files were
 * rounded. axes        The patient's right is on the left, the front on top.
 */
#ifndef VG_EVAL_DETECT_PATCHES_H
#define VG_EVAL_DETECT_PATCHES_H
#include "eval/feature/features.h"

enum {
  DETECT_EDGE = 32,          /* pixels */
  DETECT_PATCHES = 128,      /* of a subject, at most; a small brain has one for each 128 voxels */
  DETECT_SUBJECTS_MAX = 200, /* of a side, spread evenly over the ids */
};
/* The blur of the known answer: SD of a Gaussian in the plane, pixels. */
#define DETECT_BLUR 0.7

typedef struct detect_subject {
  const vg_subject *subject; /* borrowed */
  int n;                     /* patches; 0: none fits, or a series is missing */
  int at[DETECT_PATCHES][3]; /* the centre: voxel x, y, z of the patches' grid, axes closest to R, A, S */
  uint8_t *voxels;           /* (n, series, edge, edge) */
  uint8_t *blurred;          /* the same patches after a blur within the brain; NULL: not wanted */
} detect_subject;

typedef struct detect_side {
  size_t n;
  detect_subject *subjects;
} detect_side;

typedef struct detect_grid {
  double plane_mm; /* in-plane spacing */
  double slice_mm; /* thinner slices are averaged to this; 0: none are */
} detect_grid;

/* Finds the coarsest in-plane spacing of all sets, at least mm, which thin slices follow too. mm 0: only the
 * sets decide, and slices stay. */
vg_status vg_detect_find_grid(const vg_dataset *const *sets, int n_sets, double mm, detect_grid *out);

/* Reads the patches of a set; _release also after a failure. */
vg_status vg_detect_read(const vg_feature_plan *plan, const vg_dataset *set, const vg_json *description,
                         const detect_grid *grid, bool blur, detect_side *out);
void vg_detect_side_release(detect_side *side);

#endif
