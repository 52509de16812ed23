/* phantom.h: brain-like data sets made from formulas, for tests, teaching and a first run. */
#ifndef VOXGAN_PHANTOM_H
#define VOXGAN_PHANTOM_H
#include <stdbool.h>
#include <stdint.h>
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_phantom_settings {
  int subjects;
  int size[3]; /* voxels along x, y, z; the head keeps its size in mm, so spacing is 192 mm / the largest */
  const char *layout; /* brats2013, brats2021, brats2023: four series and seg; bids: T1 and tissue labels */
  bool anatomy;       /* with a BraTS layout: write the tissue map too */
  uint64_t seed;
  int first; /* number of the first subject, so that two calls can extend one data set */
} vg_phantom_settings;

/* Writes subjects below out, several at a time. The subject of number first + k depends only on its number,
 * the seed, the size and the layout: the bytes are the same in every run. bids subjects have no tumour.
 * Series are int16, at least 1 in the brain and 0 outside it; world 0 is the anterior commissure; axes run
 * LPS (bids: LAS). Existing files are replaced. VG_CONFIG: unknown layout, sizes outside 16..512, subjects <
 * 1, first < 0 or numbers beyond 99999. */
vg_status vg_phantom_write(const char *out, const vg_phantom_settings *settings);

/* One subject in memory: series t1, t1c, t2, flair and maps (schemes brats and tissues; the tissue map has
 * the displaced anatomy under the tumour). Any pointer may be NULL. */
vg_status vg_phantom_make(const vg_phantom_settings *settings, int k, bool tumour, vg_volume series[4],
                          vg_labelmap *tumour_map, vg_labelmap *tissue_map);

#ifdef __cplusplus
}
#endif
#endif
