/* listing.h: what a generator computes, as a list of operations on named values, so that other programs can
 * run it. A generator writes its listing beside its forward pass (vg_generator.listing), from the same
 * blocks; run/export prints it as TorchScript or ONNX.
 *
 * Values are numbers: each operation adds one and returns it. A listing holds for any extent of its inputs.
 */
#ifndef VG_NN_LISTING_H
#define VG_NN_LISTING_H
#include <stddef.h>
#include <stdint.h>
#include "voxgan/status.h"

#define VG_NO_VALUE (-1)

typedef enum vg_listing_kind {
  VG_LISTING_INPUT,
  VG_LISTING_CONV,
  VG_LISTING_UPCONV,  /* transposed, cut to the D, H, W of in[1] */
  VG_LISTING_REFLECT, /* pads by reflection */
  VG_LISTING_AVERAGE, /* the mean of each block of stride voxels */
  VG_LISTING_SMOOTH,  /* vg_smooth3d's: twice the mean of stride neighbours, the first time with one more */
  VG_LISTING_CAT,     /* along C */
  VG_LISTING_ADD,
  VG_LISTING_MUL,
  VG_LISTING_NORM,  /* instance norm without weights */
  VG_LISTING_SCALE, /* in[0] weight[0] + weight[1], each (C, 1, 1, 1) */
  VG_LISTING_RELU,
  VG_LISTING_LEAKY_RELU,
  VG_LISTING_TANH,
  VG_LISTING_SOFTMAX /* over C */
} vg_listing_kind;

typedef struct vg_listing_step {
  vg_listing_kind kind;
  int in[2];     /* values; VG_NO_VALUE */
  int weight[2]; /* weights; VG_NO_VALUE */
  int stride[3],
      pad[3];    /* stride of an input: the voxels of the volume that its voxels are wide; 0: it has none */
  int channels;  /* of an input and a norm */
  double number; /* slope of LEAKY_RELU, epsilon of NORM */
  char name[16]; /* of an input */
} vg_listing_step;

typedef struct vg_listing_weight {
  char name[48]; /* "down_0_weight": an identifier, and unique */
  float *values;
  int64_t shape[5];
  int ndim;
} vg_listing_weight;

/* By {0}, vg_listing_release. Value i is what step i gives; the last one is the result. */
typedef struct vg_listing {
  vg_listing_step *steps;
  int n, cap;
  vg_listing_weight *weights;
  int n_weights, cap_weights;
  vg_status status; /* first failure */
} vg_listing;

void vg_listing_release(vg_listing *f);
size_t vg_listing_elements(const vg_listing_weight *w);

#endif
