/* sample.h: one training sample of a loader. Sample k of epoch e depends on (seed, e, k) and the cases alone.
 */
#ifndef VG_SAMPLE_SAMPLE_H
#define VG_SAMPLE_SAMPLE_H
#include "sample/case_order.h"
#include "sample/loader.h"
#include "sample/view.h"

/* What all samples of a loader are made from. Borrows all. */
typedef struct vg_sample_maker {
  const vg_case *cases;
  size_t n_cases;
  const vg_loader_settings *s;
  int n_classes, n_series, n_anatomy;
} vg_sample_maker;

/* What one thread needs to make samples. By _init and _release. */
typedef struct vg_sample_memory {
  vg_case_order order;
  float *scratch, *positions, *field;  /* the last two: NULL where no sample is bent */
  vg_randomiser *randomiser[VG_VIEWS]; /* of each view, or the first alone; NULL where all samples are real */
} vg_sample_memory;

vg_status vg_sample_memory_init(const vg_sample_maker *m, vg_sample_memory *memory);
void vg_sample_memory_release(vg_sample_memory *memory);

/* Makes a sample. labels have one channel more with settings.background. weight, crop: NULL where the
 * settings do not ask for them. */
vg_status vg_sample_make(const vg_sample_maker *m, vg_sample_memory *memory, long epoch, long sample,
                         float *labels, float *image, float *weight, float *crop);

/* The share of each voxel that none of the classes (n_classes, patch) fills, at least 0: the first channel of
 * a target of class fractions. */
void vg_sample_background(const float *fractions, int n_classes, size_t patch, float *out);

/* Cuts one patch with its corner at lo (voxels of the prepared grid, D, H, W). It may reach outside, where
 * labels are 0 and the image is -1. labels (C, D, H, W) and image (S, D, H, W) may be NULL. */
void vg_case_patch(const vg_case *c, const int lo[3], const int dim[3], float *labels, float *image);

#endif
