/* loader.h: threads that make training samples ahead of time, as plain floats.
 *
 * Sample k of epoch e depends on (seed, e, k) and the cases alone, with any number of threads. Each epoch
 * shuffles the cases again. A patch larger than a case is padded with background, with the case at a random
 * position. A smaller patch is cut at random; a share of them is centred on a tumour voxel, then moved to lie
 * inside the case. Every batch is full: an epoch is rounded up to whole batches.
 */
#ifndef VOXGAN_LOADER_H
#define VOXGAN_LOADER_H
#include "prep/prep.h"
#include "prep/randomise/randomise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Alterations of the intensities inside the brain, scaled to 0 to 1, for each series separately; and of the
 * position of labels and images together. 0: none. */
typedef struct vg_augment {
  double share;       /* probability of each alteration; those of the position come together */
  double rotate;      /* degrees about each axis, up to this either way */
  double scale;       /* size, up to a factor of 1 + this either way */
  double elastic;     /* mm, largest standard deviation of a smooth displacement */
  double bias;        /* a smooth field multiplies by exp(x), |x| up to this */
  double blur;        /* largest standard deviation, in voxels */
  double noise;       /* largest standard deviation */
  double contrast;    /* gain about the mean in 1 +- this, shift in +- half of it */
  double gamma;       /* power exp(+- this) */
  double drop_series; /* probability that a series is missing (-1 in all voxels); at least one stays */
} vg_augment;

/* A map of kinds that an edit changed, over a case's crop. It keeps some voxels of its tumour, for samples
 * that are to show it. */
typedef struct vg_edited_map {
  const uint8_t *kinds;
  const uint32_t *tumour; /* evenly selected */
  uint32_t n_tumour;
} vg_edited_map;

/* Puts tumours into the maps of kinds of cases. take and give are called by any thread. */
typedef struct vg_map_editor {
  double share; /* of the synthetic samples */
  int variants; /* of each case's map in an epoch */
  void *arg;
  /* Borrows version `variant` of case c in an epoch until it is given back; *out NULL: no draw of the edits
   * succeeded. It depends on the arguments and the editor alone. */
  vg_status (*take)(void *arg, const vg_case *c, size_t index, long epoch, int variant,
                    const vg_edited_map **out);
  void (*give)(void *arg, const vg_edited_map *map);
} vg_map_editor;

typedef struct vg_loader_settings {
  int batch;
  int patch[3];   /* D, H, W */
  bool all_views; /* samples are slices across each axis in turn, see view.h; patch is one voxel along one
                     axis */
  int samples_per_epoch; /* 0: one a case */
  const bool *last; /* which cases are of the last data set, one a case; borrowed, as long as the cases */
  double mix; /* share of the samples that show one of these, see case_order.h; 0: each case equally often */
  double tumour_share; /* 0..1: share of patches centred on tumour, if the case has one */
  bool flip;           /* left-right, probability 0.5 */
  double jitter; /* intensity: gain in 1 +- jitter and shift in +- jitter of the images, inside the brain */
  vg_augment augment;
  int box[3];           /* D, H, W of the box about each sample's tumour, see tumour_crop.h; 0: none */
  double tumour_weight; /* of tumour voxels in the weight map; 1: none */
  bool background; /* labels get a first channel with the share that no class fills, so that they add up to 1
                    */
  const vg_randomise *randomise; /* NULL, or how images are made from the cases' maps of kinds */
  const vg_kinds *kinds;         /* what these maps mean */
  const vg_map_editor *editor;   /* NULL: the maps stay as they are */
  double synthetic_share;        /* of the samples of a case that has images; of another, all are synthetic */
  uint64_t seed;
  int threads, ahead; /* 0: 1 thread, 2 batches */
  int rank, ranks; /* of several loaders with the same cases and settings, each makes every ranks-th batch of
                      an epoch, from batch `rank` on; ranks 0: one loader makes all */
} vg_loader_settings;

typedef struct vg_batch {
  int n, dim[3];    /* N; D, H, W */
  float *labels;    /* (N, C, D, H, W) in [0, 1]; with background, C is one more */
  float *image;     /* (N, S, D, H, W) in [-1, 1] */
  float *weight;    /* (N, 1, D, H, W), or NULL when tumour_weight is 1 */
  float *crop;      /* (N, VG_CROP_NUMBERS), or NULL without a box */
  int epoch, index; /* of this batch, from 0 */
} vg_batch;

typedef struct vg_loader vg_loader;
/* cases must outlive the loader. VG_CONFIG: an empty batch or patch. VG_DATA: no case, or cases of different
 * classes. */
vg_status vg_loader_new(const vg_case *cases, size_t n, const vg_loader_settings *settings, vg_loader **out);
int vg_loader_batches(const vg_loader *l); /* per epoch, of all ranks */
/* Returns the next batch in order, borrowed until the next call. vg_loader_seek may set the first batch. */
vg_status vg_loader_next(vg_loader *l, const vg_batch **out);
/* Starts at batch `index` of an epoch, or this rank's next one. Call it only before the first vg_loader_next.
 */
void vg_loader_seek(vg_loader *l, int epoch, int index);
/* Calls visit once for each array that batches use. */
void vg_loader_memory(const vg_loader *l, void (*visit)(void *context, void *data, size_t bytes),
                      void *context);
/* Seconds that vg_loader_next has waited so far. */
double vg_loader_waited(const vg_loader *l);
void vg_loader_free(vg_loader *l);

#ifdef __cplusplus
}
#endif
#endif
