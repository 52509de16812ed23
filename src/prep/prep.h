/* prep.h: converts files to the input of a network, and its output back to files.
 *
 * Preparation of a case reads its files, checks that they share a grid, canonicalises to RAS, finds the
 * brain, crops to it with a margin, and resamples to a spacing: area-weighted if that is coarser, linear if
 * it is finer. Label maps become class fractions, so partial volume survives. Robust percentiles inside the
 * brain map intensities to [-1, 1]; the background is exactly -1. The case records these steps, so that they
 * can be undone: the output of a network gets the geometry of its label map.
 */
#ifndef VOXGAN_PREP_H
#define VOXGAN_PREP_H
#include <stdbool.h>
#include <stdint.h>
#include "voxgan/dataset.h"
#include "base/fs.h"
#include "io/json.h"
#include "label/kinds.h"
#include "voxgan/labels.h"
#include "voxgan/maps.h"
#include "voxgan/volume.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vg_prep_settings {
  double spacing[3]; /* mm along R, A and S; 0 keeps the scan's, within seen */
  double seen[2][3]; /* where spacing is 0: the least and largest voxel sizes that a model learned on, along
                        R, A and S. A scan outside them by more than VG_SEEN_SLACK is resampled to the nearest
                        of them, with a warning. 0: any */
  double margin;     /* mm kept around the brain */
  double percentile[2];   /* percentiles of the brain's intensities that become -1 and +1; 0.5 and 99.5 */
  vg_classes classes;     /* channels of the labels */
  vg_series_list series;  /* channels of the image, may be empty at synthesis */
  bool brain_from_images; /* for a model that reads images: the brain is the voxels in at least half of the
                             series' masks, and labels outside it are dropped; without classes no label map is
                             read */
  bool heads;             /* for a model of whole heads: the network sees every voxel around what is not
                             background, and -1 is the background's intensity */
  bool synthetic;         /* images are made from the label maps: a case gets its map of kinds, and may lack
                             all series */
  vg_scheme contrasts;    /* of synthetic images; n == 0: each class has its own */
  vg_kinds kinds;
  char take[VG_SERIES_NAME]; /* the series that "any" means; "": the first that a subject has */
  bool some_series;          /* a missing series becomes background; a subject has at least one */
} vg_prep_settings;

#define VG_SEEN_SLACK 0.05

/* Geometry of one prepared case. */
typedef struct vg_prep_record {
  vg_geometry native;          /* as stored in the file */
  vg_geometry ras;             /* the same, canonicalised */
  int crop_lo[3], crop_dim[3]; /* x, y, z in ras voxels */
  int dim[3];                  /* of the prepared grid, x, y, z */
  double spacing[3];           /* of the prepared grid, mm */
  int xform_code;
} vg_prep_record;

/* Intensity range of one series: lo becomes -1 and hi +1. background is the value outside the brain. */
typedef struct vg_range {
  double lo, hi, background;
} vg_range;

/* A case that comes from the cache is packed (prep/pack/channel.h reads it); vg_case_unpack() gives its
 * arrays. */
typedef struct vg_case {
  char *id;
  char inputs[VG_HASH_LEN]; /* of the files' contents and roles; set by vg_prepare_cached with a cache */
  vg_prep_record record;
  int n_classes, n_anatomy; /* classes [n_anatomy, n_classes) are tumour */
  int n_series;
  const struct vg_shape
      *packed;           /* prep/pack/pack.h; then labels, image and brain are NULL. NULL: not packed */
  const uint8_t *labels; /* (C, D, H, W) fractions, 255 is 1.0; all channels 0 in the background */
  bool imaged;           /* any of its series was read; the others are -1 everywhere */
  const uint8_t *kinds;  /* synthetic: kind of each voxel of the scan, over crop_dim; else NULL */
  const int16_t *image;  /* (S, D, H, W), value / 32767 in [-1, 1]; NULL without series */
  const uint8_t *brain;  /* (D, H, W) 0 or 1 */
  const uint8_t
      *native_brain;      /* the brain at the scan's resolution: bit i & 7 of byte i >> 3, i over crop_dim */
  const uint32_t *tumour; /* n_tumour voxels of (D, H, W) that are mostly tumour, evenly selected */
  uint32_t n_tumour;      /* at most VG_CASE_TUMOUR */
  vg_range ranges[VG_SERIES_MAX];
  vg_map map;  /* holds the arrays if they come from the cache */
  void *owned; /* otherwise this block does */
  void *made;  /* synthetic images, which replaced those in the block */
} vg_case;
#define VG_CASE_TUMOUR 16384

/* Finds the brain. The background is the value of most voxels on the volume's outer faces; if there is none
 * (noise in the air), or if that value is only the rim of noise, all below Otsu's threshold. The brain is the
 * largest other component and each of at least a twentieth of its size (a slice may cut the brain into
 * pieces), with holes filled; in noise, with the holes of slices filled too. mask (Z, Y, X) gets 0 or 1;
 * background may be NULL. VG_DATA: nothing remains. */
vg_status vg_brain_mask(const vg_volume *vol, const char *path, uint8_t *mask, double *background);

/* Prepares one subject.
 *
 * With an anatomy map, the brain is the voxels that it and the tumour map label, so that training and
 * synthesis from labels alone see the same brain. Anatomy classes come from the map, or are all "brain" if
 * that is the only anatomy class. Without an anatomy map, the brain is the voxels in at least half of the
 * series' masks and the labelled tumour; these voxels become class "brain". Tumour labels replace the anatomy
 * in their voxels. Without tumour classes, tumour maps are not read. One map may have labels of both roles.
 *
 * In a prepared voxel on the brain's rim, fractions refer to the part of the voxel inside the brain, and the
 * intensity is the mean over that part. The rim is therefore neither darkened nor thinned. At synthesis
 * settings->series is empty, and any series serve for the mask only.
 *
 * VG_DATA: grids differ, a label is outside the scheme or the class set, a wanted series is missing, there is
 * no brain, or no file shows where it is. */
vg_status vg_prepare(const vg_dataset *ds, const vg_subject *subject, const vg_prep_settings *settings,
                     vg_case *out);
/* The same from label maps in memory, for synthesis: settings->series is empty. The settings must contain the
 * maps' classes, by name. */
vg_status vg_prepare_maps(const char *id, const vg_maps *maps, const vg_prep_settings *settings,
                          vg_case *out);
void vg_case_release(vg_case *c);

/* The same through a cache folder: keyed by a hash of the files' contents and the settings, written
 * atomically under a lock, memory-mapped. Content hashes are themselves remembered, as long as the file's
 * size, times, inode, device and a sample of its bytes stay.
 * The case is packed. cache NULL: no cache, and it is not. */
vg_status vg_prepare_cached(const char *cache, const vg_dataset *ds, const vg_subject *subject,
                            const vg_prep_settings *settings, vg_case *out);

/* Puts one channel of a prepared grid (values in [-1, 1], (D, H, W)) back into the native geometry with the
 * intensities of range; outside the brain (at the scan's own resolution) exactly range->background. If the
 * scan is finer, its voxels are means of a curve fitted to those of the grid, exact for parabolas
 * (grid/resample.h). The caller releases out. */
vg_status vg_restore(const vg_case *c, const float *channel, const vg_range *range, vg_volume *out);

/* Converts fractions (1 + C, D, H, W) of the prepared grid, background first, to maps at the scan's own
 * resolution. Interpolates each fraction; the class with the largest one wins. Outside the brain there is no
 * class. No voxel has both an anatomy and a tumour class. The caller releases out. */
vg_status vg_restore_maps(const vg_case *c, const float *fractions, const vg_classes *classes, vg_maps *out);

/* The median range over cases, for the model file. */
void vg_range_median(const vg_case *const *cases, size_t n, int series, vg_range *out);

/* Sets seen to the voxel sizes of the cases, except along axes where samples of patch (z, y, x; NULL: any)
 * are flat. */
void vg_prep_set_seen(vg_prep_settings *s, const vg_case *cases, size_t n, const int patch[3]);

/* Stores settings and ranges (one a series, or NULL) in a model's metadata, and reads them. */
vg_json *vg_prep_to_json(const vg_prep_settings *s, const vg_range *ranges);
/* The limits of the parts of tumours alone (nothing, if c has no parts). */
void vg_prep_put_limits(vg_json *root, const vg_classes *c);
/* Sets divided and limits of classes that have their names. VG_DATA: they do not fit these. */
vg_status vg_prep_read_limits(const char *name, const vg_json *root, vg_classes *c);
vg_status vg_prep_from_json(const char *name, const vg_json *j, vg_prep_settings *s, vg_range *ranges);

#ifdef __cplusplus
}
#endif
#endif
