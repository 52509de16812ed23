/* loader.h: training samples as plain floats, made ahead of time by threads.
 *
 * Sample k of epoch e is a function of (seed, e, k) and the cases alone, whatever the number of threads;
 * cases are shuffled anew each epoch. Patches larger than a case are padded with background, the case at a
 * random place in them; smaller ones are cut at random, a share of them centred on a tumour voxel (moved to
 * lie inside). Every batch is full: an epoch is rounded up to whole batches.
 */
#ifndef VOXGAN_LOADER_H
#define VOXGAN_LOADER_H
#include "prep/prep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the images, inside the brain; each series by itself. 0: none of it. Intensities count from 0 to 1. */
typedef struct vg_augment {
  double share;       /* probability of each alteration */
  double bias;        /* a smooth field multiplies by exp(up to this, either way) */
  double blur;        /* standard deviation in voxels, up to this */
  double noise;       /* standard deviation, up to this */
  double contrast;    /* gain about the mean in 1 +- this, shift in +- half of it */
  double gamma;       /* power exp(+- this) */
  double drop_series; /* probability that a series is missing: -1 throughout; one stays at least */
} vg_augment;

typedef struct vg_loader_settings {
  int batch;
  int patch[3];          /* D, H, W */
  int samples_per_epoch; /* 0: one a case */
  double tumour_share;   /* 0..1 of patches centred on tumour, where a case has one */
  bool flip;             /* left-right, probability 0.5 */
  double jitter; /* intensity: gain in 1 +- jitter and shift in +- jitter of the images, inside the brain */
  vg_augment augment;
  double tumour_weight; /* of tumour voxels in the weight map; 1: none */
  bool background; /* the labels get a first channel with what no class fills, so that they add up to 1 */
  uint64_t seed;
  int threads, ahead; /* 0: 1 thread, 2 batches */
} vg_loader_settings;

typedef struct vg_batch {
  int n, dim[3];    /* N; D, H, W */
  float *labels;    /* (N, C, D, H, W) in [0, 1]; C is one more with background */
  float *image;     /* (N, S, D, H, W) in [-1, 1] */
  float *weight;    /* (N, 1, D, H, W), or NULL when tumour_weight is 1 */
  int epoch, index; /* of this batch, from 0 */
} vg_batch;

typedef struct vg_loader vg_loader;
/* cases must outlive the loader. VG_CONFIG: an empty batch or patch; VG_DATA: no case, or cases of differing
 * classes. */
vg_status vg_loader_new(const vg_case *cases, size_t n, const vg_loader_settings *settings, vg_loader **out);
int vg_loader_batches(const vg_loader *l); /* per epoch */
/* The next batch in order, borrowed until the following call. The first call may seek with vg_loader_seek. */
vg_status vg_loader_next(vg_loader *l, const vg_batch **out);
/* Continues at batch index of epoch; before the first next only. */
void vg_loader_seek(vg_loader *l, int epoch, int index);
/* Calls visit once for each array that batches will ever lie in. */
void vg_loader_memory(const vg_loader *l, void (*visit)(void *context, void *data, size_t bytes),
                      void *context);
/* Seconds that next has waited so far. */
double vg_loader_waited(const vg_loader *l);
void vg_loader_free(vg_loader *l);

/* One sample by hand: the patch with its corner at lo (voxels of the prepared grid, D, H, W; may lie outside,
 * where labels are 0 and the image -1). labels (C, D, H, W) and image (S, D, H, W) may be NULL. */
void vg_case_patch(const vg_case *c, const int lo[3], const int dim[3], float *labels, float *image);

#ifdef __cplusplus
}
#endif
#endif
