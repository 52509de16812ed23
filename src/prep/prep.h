/* prep.h: from files to what a network sees, and back.
 *
 * Preparation of a case: read, check that all files share a grid, canonicalise to RAS, find the brain, crop
 * to it with a margin, resample to a spacing (area-weighted where coarser, linear where finer; label maps as
 * class fractions, so partial volume survives), intensities to [-1, 1] by robust percentiles inside the brain
 * with background exactly -1. The record of what was done undoes it: a network's output gets the geometry of
 * the label map it was made from.
 */
#ifndef VOXGAN_PREP_H
#define VOXGAN_PREP_H
#include <stdbool.h>
#include <stdint.h>
#include "voxgan/dataset.h"
#include "base/fs.h"
#include "io/json.h"
#include "voxgan/labels.h"
#include "voxgan/maps.h"
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_prep_settings {
  double spacing;         /* mm, isotropic; 0 leaves the spacing as it is */
  double margin;          /* mm kept around the brain */
  double percentile[2];   /* of the brain's intensities that become -1 and +1; 0.5 and 99.5 */
  vg_classes classes;     /* channels of the labels */
  vg_series_list series;  /* channels of the image, may be empty at synthesis */
  bool brain_from_images; /* what a model sees that reads images: the brain is where half or more of the
                             series' masks say so, and labels outside it are dropped; without classes no label
                             map is read */
  bool some_series;       /* a series that a subject lacks is background throughout; one is there at least */
} vg_prep_settings;

/* Geometry of one prepared case. */
typedef struct vg_prep_record {
  vg_geometry native;          /* as stored in the file */
  vg_geometry ras;             /* the same canonicalised */
  int crop_lo[3], crop_dim[3]; /* x, y, z in ras voxels */
  int dim[3];                  /* of the prepared grid, x, y, z */
  double spacing[3];           /* of the prepared grid, mm */
  int xform_code;
} vg_prep_record;

/* Intensity range of one series: lo -> -1, hi -> +1; background is the value outside the brain. */
typedef struct vg_range {
  double lo, hi, background;
} vg_range;

typedef struct vg_case {
  char *id;
  vg_prep_record record;
  int n_classes, n_anatomy; /* classes [n_anatomy, n_classes) are tumour */
  int n_series;
  const uint8_t *labels; /* (C, D, H, W) fractions, 255 is 1.0; all channels 0 in the background */
  const int16_t *image;  /* (S, D, H, W), value / 32767 in [-1, 1]; NULL without series */
  const uint8_t *brain;  /* (D, H, W) 0 or 1 */
  const uint8_t
      *native_brain; /* the brain at the scan's own resolution: bit i & 7 of byte i >> 3, i over crop_dim */
  const uint32_t
      *tumour;       /* n_tumour voxels of (D, H, W) that are mostly tumour, drawn evenly from all of them */
  uint32_t n_tumour; /* at most VG_CASE_TUMOUR */
  vg_range ranges[VG_SERIES_MAX];
  vg_map map;  /* holds the arrays when they come from the cache */
  void *owned; /* or this does */
} vg_case;
#define VG_CASE_TUMOUR 16384

/* Where the brain is: the background is the value that most of the volume's outer faces share, whatever it
 * is; without one (noise in the air) Otsu's threshold. Largest component, and any at least a twentieth of it
 * (a slice may cut the brain in pieces), holes filled. mask (Z, Y, X) 0/1, background may be NULL. VG_DATA
 * when nothing is left. */
vg_status vg_brain_mask(const vg_volume *vol, const char *path, uint8_t *mask, double *background);

/* Prepares one subject. Where it has an anatomy map, the brain is what that map and the tumour map label, so
 * that training and synthesis from labels alone see the same brain; anatomy classes come from the map, or are
 * all "brain" when that is the class set's only anatomy class. Without a map the brain is where half or more
 * of the series' masks say so, or tumour is labelled, and class "brain" takes it. Tumour labels take their
 * voxels from the anatomy; without tumour classes tumour maps are not read. A map may label both roles.
 * Inside the prepared brain, fractions are of the brain's share of the voxel, and intensities the mean over
 * that share: the rim is neither darkened nor thinned. At synthesis settings->series is empty and any series
 * found serve for the mask only. VG_DATA: differing grids, labels outside the scheme or the class set, a
 * wanted series missing, no brain, or nothing that tells where it is. */
vg_status vg_prepare(const vg_dataset *ds, const vg_subject *subject, const vg_prep_settings *settings,
                     vg_case *out);
/* The same from label maps in memory, at synthesis: settings->series is empty. The maps' classes must be
 * among those of the settings, by name. */
vg_status vg_prepare_maps(const char *id, const vg_maps *maps, const vg_prep_settings *settings,
                          vg_case *out);
void vg_case_release(vg_case *c);

/* The same through a cache folder: keyed by a hash of the files' contents and the settings, written
 * atomically under a lock, memory-mapped. Content hashes are themselves remembered by (path, size, mtime).
 * cache NULL: no cache. */
vg_status vg_prepare_cached(const char *cache, const vg_dataset *ds, const vg_subject *subject,
                            const vg_prep_settings *settings, vg_case *out);

/* Puts one channel of a prepared grid (values in [-1, 1], (D, H, W)) back into the native geometry with the
 * intensities of range; outside the brain (at the scan's own resolution) exactly range->background. Where the
 * scan is finer, its voxels are means of a curve through those of the grid, exact for parabolas
 * (data/resample.h). out is the caller's. */
vg_status vg_restore(const vg_case *c, const float *channel, const vg_range *range, vg_volume *out);

/* fractions (1 + C, D, H, W) of the prepared grid, the first the background's, as maps at the scan's own
 * resolution: each fraction is interpolated, and the largest of them is the class; none is outside the brain.
 * No voxel has both an anatomy and a tumour class. out is the caller's. */
vg_status vg_restore_maps(const vg_case *c, const float *fractions, const vg_classes *classes, vg_maps *out);

/* Median range over cases, for the model file. */
void vg_range_median(const vg_case *const *cases, size_t n, int series, vg_range *out);

/* Settings and ranges (one a series, or NULL) in a model's metadata. */
vg_json *vg_prep_to_json(const vg_prep_settings *s, const vg_range *ranges);
vg_status vg_prep_from_json(const char *name, const vg_json *j, vg_prep_settings *s, vg_range *ranges);

#ifdef __cplusplus
}
#endif
#endif
