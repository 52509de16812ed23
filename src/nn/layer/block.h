/* block.h: named parameters, and the convolution block that every network is made of.
 *
 *     vg_params p = {.prefix = "g.", .seed = 1, .sd = 0.02};
 *     vg_block b = vg_block_make(&p, &(vg_block_def){.name = "down.0", .in = 8, .out = 16, ...});
 *     if (p.status) ...                                // sticky: one check after all blocks
 *     y = vg_block_apply(&b, x, NULL, 0.2, &pass);     // leaky_relu(norm(conv(x)), 0.2)
 *     vg_params_release(&p);
 */
#ifndef VG_NN_BLOCK_H
#define VG_NN_BLOCK_H
#include "base/str.h"
#include "io/safetensors.h"
#include "nn/nn.h"

#define VG_NORM_EPS 1e-5
/* Deviation, relative to a convolution's, of weights that are factors of few inputs: classes, or a code. */
#define VG_INIT_FACTOR 10

typedef struct vg_param {
  char name[48]; /* without prefix, as in a state_dict: "down.0.weight" */
  vg_tensor *value;
  bool trained; /* false: a running statistic */
} vg_param;

typedef struct vg_params {
  const char *prefix; /* "g." or "d.": part of the key of each tensor's random stream */
  char within[16];    /* goes before the names of the blocks that are made next */
  uint64_t seed;
  double sd;     /* of the initial weights; 0: zeros, for networks whose weights are loaded next */
  bool counting; /* only counts floats: nothing is made, and blocks cannot be applied */
  const vg_st_file *in_file; /* counting also looks each tensor up here, and fails where its shape differs */
  const char *file_name;
  double floats;
  double derived; /* floats of the weights that blocks make of theirs for each pass */
  bool spectral;  /* blocks divide their weight by its largest singular value */
  vg_device device;
  vg_param *list;
  int n, cap;
  vg_status status; /* first failure */
} vg_params;

void vg_params_release(vg_params *p);
/* A tensor named "block.what", normal with this mean and deviation; NULL where p only counts, or failed. It
 * is the params'. */
vg_tensor *vg_params_add(vg_params *p, const char *block, const char *what, const int64_t *shape, int ndim,
                         double mean, double sd, bool trained);
/* Adds "8x4x3x3x3, wanted 16x4x3x3x3". */
void vg_params_add_shapes(vg_str *text, const vg_st_entry *e, const int64_t *shape, int ndim);
/* Whether a file has the tensor with that shape; VG_DATA names both. */
vg_status vg_params_check_entry(const vg_st_file *file, const char *file_name, const char *name,
                                const int64_t *shape, int ndim);
/* Freezes or thaws all trained parameters. */
void vg_params_requires_grad(vg_params *p, bool on);
void vg_params_zero_grad(vg_params *p);

/* What a forward pass is for. */
typedef struct vg_pass {
  bool training;     /* batch statistics and dropout */
  bool update_stats; /* running statistics follow; off where a pass is run a second time */
  bool recompute;    /* stages keep their inputs alone, and are run again for the gradient */
  double dropout;    /* probability, where a network has dropout */
  vg_rand *rand;     /* of dropout */

  /* Draws, for networks with noise or a style. */
  vg_tensor *ids;          /* of the samples, see vg_noise_ids; NULL: there is no noise */
  double noise;            /* factor of the noise */
  vg_tensor *others, *mix; /* in the share mix (N, 1, D, H, W), 0 to 1, of a voxel noise of these ids
                              instead; NULL: nowhere */
  vg_tensor *style;        /* (N, D); NULL: that of target, else the mean, 0 */
  vg_tensor *target;       /* real images, whose style is encoded, with noise by its ids; NULL */
  vg_tensor **divergence;  /* gets that style's distance from its prior, where target is */
} vg_pass;

typedef struct vg_block_def {
  const char *name;
  int in, out; /* channels */
  int kernel[3], stride[3], pad[3];
  bool up;                  /* transposed, see vg_upconv3d; pad is not used */
  vg_net_upsample upsample; /* of an up block: see vg_resize_weight, vg_smooth3d */
  bool reflect;             /* pad by reflection instead of zeros */
  bool modulated; /* gain and bias of the norm come from outside (modulation.h), so it has none of its own */
  vg_net_norm norm;
} vg_block_def;

typedef struct vg_block {
  char name[32]; /* in a profile: prefix and name */
  vg_conv_geo geo;
  bool up, resize, smooth, reflect;
  vg_net_norm norm;
  vg_tensor *w, *b; /* borrowed from the params; b only where no norm follows */
  vg_tensor
      *weight_u; /* of a spectral norm: estimate of the weight's first left singular vector, else NULL */
  vg_tensor *norm_weight, *norm_bias, *running_mean, *running_var; /* batch norm */
} vg_block;

/* A bias under a norm is dead (the norm subtracts it and its gradient is 0), so there is none: pix2pix
 * carries it along with instance norm, with the same losses. */
vg_block vg_block_make(vg_params *p, const vg_block_def *def);
/* The weight that the block convolves with: w, or w / (u' w v) with v = w' u / |w' u| (w as out x the rest),
 * where u and v are constants to the gradient. */
vg_tensor *vg_block_weight(const vg_block *b);
/* One step of the power iteration that keeps weight_u near the singular vector. */
void vg_block_iterate(const vg_block *b);
/* conv, norm, then leaky_relu with slope (0: ReLU, 1: nothing). out: D, H, W of an up block, else NULL. */
vg_tensor *vg_block_apply(const vg_block *b, vg_tensor *x, const int out[3], double slope,
                          const vg_pass *pass);
/* The same on two inputs side by side, which are not concatenated in memory; a block that does not reflect.
 */
vg_tensor *vg_block_apply_pair(const vg_block *b, vg_tensor *x0, vg_tensor *x1, const int out[3],
                               double slope, const vg_pass *pass);
/* The two steps of the former for a modulated block: the convolution (x1 may be NULL), and a batch norm where
 * the block has one. */
vg_tensor *vg_block_convolve(const vg_block *b, vg_tensor *x0, vg_tensor *x1, const int out[3]);
vg_tensor *vg_block_batch_norm(const vg_block *b, vg_tensor *y, const vg_pass *pass);
/* What a network is a chain of, where its activations may be recomputed: run is a function of its arguments
 * and the network's parameters. b may be NULL. */
typedef struct vg_stage {
  vg_tensor *(*run)(const struct vg_stage *s, vg_tensor *a, vg_tensor *b, const vg_pass *pass);
  const void *net;
  int index, out[3];            /* which, and the D, H, W that it makes, where it needs to know */
  vg_tensor *style;             /* a third argument, or NULL */
  vg_tensor *fractions, *noise; /* constants, which must outlive the graph; or NULL */
} vg_stage;
vg_tensor *vg_stage_run(const vg_stage *s, vg_tensor *a, vg_tensor *b, const vg_pass *pass);
/* What a generator ends in: class fractions along C, or images in [-1, 1]. */
vg_tensor *vg_output(vg_tensor *y, bool softmax);
/* Nothing unless the pass trains and has a probability. */
vg_tensor *vg_pass_dropout(vg_tensor *y, const vg_pass *pass);

#endif
