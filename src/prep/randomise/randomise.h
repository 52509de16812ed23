/* randomise.h: images from label maps, of any contrast and from any scanner.
 *
 * A network that learns from images of random contrasts segments scans of every contrast (SynthSeg: Billot et
 * al., Medical Image Analysis 86, 2023; the steps and most ranges are those of its generator, lab2im). A
 * sample is cut from a map of kinds (label/kinds.h) and deformed; each series then gets intensities, shading,
 * the voxels of a random scanner, noise and a tone curve. */
#ifndef VG_RANDOMISE_H
#define VG_RANDOMISE_H
#include <stdbool.h>
#include "label/kinds.h"
#include "voxgan/status.h"

typedef struct vg_randomise {
  double scale[2],
      stretch; /* of the head: one factor from scale[0] to scale[1], and 1 +- stretch along each axis */
  double rotate, shear; /* degrees about each axis, and shares, up to this either way */
  double elastic,
      elastic_mm;        /* mm, standard deviation of the displacement, up to this; mm between its nodes */
  double likeness;       /* of the means of contrasts of one class: from this to 1, drawn for each image */
  double gap;            /* least difference between what the contrasts of two classes have in common */
  int gap_epochs;        /* in which it falls to 0; 0: it stays */
  double sorted;         /* share of images in which these rise in the order of the classes */
  int sorted_epochs;     /* in which it falls from 1 */
  double mean[2], sd[2]; /* of a contrast's intensities; 1 is about the brightest */
  int clusters;          /* a contrast's tissue has up to so many parts */
  double spread;         /* their means differ by up to this either way */
  double partial;        /* mm, standard deviation of the blur that mixes neighbouring tissues, up to this */
  double bias,
      bias_mm; /* standard deviation of the logarithm of the shading, up to this; mm between its nodes */
  double slice_share, slice[2];           /* probability of thick slices; mm */
  double noise, rician;                   /* standard deviation, up to this; probability that it is Rician */
  double gamma;                           /* intensities to the power exp(up to this, either way) */
  double tumour_gap, tumour_likeness;     /* as gap and likeness, of kinds that are lesions */
  double tumour_ring, tumour_mottled;     /* probability of these textures of lesions */
  double tumour_rim_mm;                   /* thickness of a ring, from a third of it up to this */
  double tumour_mottle, tumour_mottle_mm; /* standard deviation likewise; mm between the nodes of the noise */
  double strip, crop; /* probability that the head outside the brain, or beyond a plane, is missing */
} vg_randomise;

/* A map of kinds, and where the sample lies in it. Axes are D, H, W. */
typedef struct vg_randomise_source {
  const uint8_t *kinds;
  int dim[3];
  double mm[3]; /* of its voxels */
  const vg_kinds *table;
  double centre[3];    /* of the sample, in its voxels */
  double sample_mm[3]; /* voxel size of the sample */
  long epoch;          /* of the training, from 0 */
} vg_randomise_source;

typedef struct vg_randomiser vg_randomiser;
/* Memory for samples of dim (D, H, W). */
vg_status vg_randomiser_new(const vg_randomise *how, const int dim[3], vg_randomiser **out);
void vg_randomiser_free(vg_randomiser *r);
/* Makes a sample: labels (n_classes, D, H, W) are 0 or 1, image (n_series, D, H, W) is in [-1, 1]. It depends
 * on the arguments alone. */
void vg_randomiser_make(vg_randomiser *r, const vg_randomise_source *source, uint64_t seed, uint64_t key,
                        int n_classes, float *labels, int n_series, float *image);

#endif
