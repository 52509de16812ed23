/* generator_unet_k3.c: the U-Net of segmentation (Ronneberger et al. 2015; Cicek et al. 2016), in as many
 * dimensions as the patch has.
 *
 * Level 0 is the whole resolution: two k3 convolutions. Each level below: a k4 convolution of stride 2, a k3
 * one. Upwards: upconv to the resolution of the level outside, and a k3 convolution over that and its skip.
 * All have a norm and LeakyReLU; a k3 convolution and softmax or tanh end it (k1 in the papers: without a
 * norm behind them, the few weights of a k1 are slow to grow from their N(0, 0.02)).
 *
 * With net.noise every level adds noise (modulation.h) to what came up from inside. Two k3 convolutions
 * follow at the whole resolution, which make it the grain of a scanner: no voxel takes noise as it was drawn.
 *
 * pix2pix's U-Net (unet) halves every axis in its first layer and is several times as fast; it pays where the
 * input is piecewise constant, and loses where a label must follow an image's edges to the voxel.
 */
#include <stdio.h>
#include <string.h>
#include "nn/layer/listing_make.h"
#include "nn/layer/modulation.h"
#include "nn/network/networks.h"
#include "base/mem.h"

#define SLOPE 0.2
#define OWN_LEVELS 4 /* halvings where the spec leaves them open, as in both papers */

typedef struct unet_k3 {
  int levels; /* halvings */
  int stride[VG_UNET_MAX_LEVELS][3];
  bool softmax;
  vg_block in, flat[VG_UNET_MAX_LEVELS + 1]; /* flat[i]: the k3 convolution of level i on its way down */
  vg_block down[VG_UNET_MAX_LEVELS], up[VG_UNET_MAX_LEVELS]; /* between levels i and i + 1 */
  vg_block join[VG_UNET_MAX_LEVELS], out;
  vg_modulation at[VG_UNET_MAX_LEVELS]; /* noise behind up[i] */
} unet_k3;

static int strides_of(const vg_gan_spec *spec, int stride[VG_UNET_MAX_LEVELS][3]) {
  return vg_unet_strides(spec->patch, spec->levels ? spec->levels : OWN_LEVELS, stride);
}

static vg_status check(const vg_gan_spec *spec) {
  return vg_unet_check_levels(spec, 1, "0 for up to 4");
}

/* A k3 convolution on a grid of n voxels. */
static vg_block flat(vg_params *p, const char *name, int level, int in, int out, const int n[3],
                     vg_net_norm norm) {
  char numbered[24];
  snprintf(numbered, sizeof numbered, "%s.%d", name, level);
  vg_block_def def = {.name = numbered, .in = in, .out = out, .stride = {1, 1, 1}, .norm = norm};
  for (int a = 0; a < 3; a++) vg_axis_kernel(n[a], 1, &def.kernel[a], &def.pad[a]);
  return vg_block_make(p, &def);
}

static void *build(const vg_gan_spec *spec, vg_params *p) {
  unet_k3 *u = VG_NEW(unet_k3);
  if (!u) return NULL;
  int n[3];
  char name[24];
  const vg_net_norm norm = spec->norm;
  memcpy(n, spec->patch, sizeof n);
  u->levels = strides_of(spec, u->stride);
  u->softmax = spec->softmax;
  u->in = flat(p, "in", 0, spec->in_channels, spec->ngf, n, norm);
  u->flat[0] = flat(p, "flat", 0, spec->ngf, spec->ngf, n, norm);
  for (int i = 0; i < u->levels; i++) {
    const int outside = vg_width(spec->ngf, i), inside = vg_width(spec->ngf, i + 1);
    u->join[i] = flat(p, "join", i, 2 * outside, outside, n, norm);
    snprintf(name, sizeof name, "down.%d", i);
    vg_block_def def = {.name = name, .in = outside, .out = inside, .norm = norm};
    for (int a = 0; a < 3; a++) {
      def.stride[a] = u->stride[i][a];
      vg_axis_kernel(n[a], u->stride[i][a], &def.kernel[a], &def.pad[a]);
      n[a] /= u->stride[i][a];
    }
    u->down[i] = vg_block_make(p, &def);
    snprintf(name, sizeof name, "up.%d", i);
    def.up = true;
    def.upsample = spec->upsample;
    def.in = inside;
    def.out = outside;
    u->up[i] = vg_block_make(p, &def);
    if (spec->noise) u->at[i] = vg_modulation_make_noise(p, spec, name, outside);
    u->flat[i + 1] = flat(p, "flat", i + 1, inside, inside, n, norm);
  }
  u->out = flat(p, "out", 0, spec->ngf, spec->out_channels, spec->patch, VG_NORM_NONE);
  return u;
}

/* What level i takes from outside, brought to its resolution, through its k3 convolution. */
static vg_tensor *run_into(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  const unet_k3 *u = s->net;
  const int i = s->index;
  vg_scope *scope = vg_scope_push();
  vg_tensor *y = vg_block_apply(i ? &u->down[i - 1] : &u->in, x, NULL, SLOPE, pass);
  y = vg_block_apply(&u->flat[i], y, NULL, SLOPE, pass);
  return vg_scope_pop(scope, i == u->levels ? vg_pass_dropout(y, pass) : y);
}

/* What level i hands outwards: of y, its own, and what the level inside did. */
static vg_tensor *run_join(const vg_stage *s, vg_tensor *y, vg_tensor *inside, const vg_pass *pass) {
  const unet_k3 *u = s->net;
  const int i = s->index;
  const int size[3] = {(int)vg_size(y, 2), (int)vg_size(y, 3), (int)vg_size(y, 4)};
  vg_scope *scope = vg_scope_push();
  inside = vg_block_apply(&u->up[i], inside, size, s->noise ? 1 : SLOPE, pass);
  if (s->noise) inside = vg_modulation_apply(&u->at[i], inside, s->fractions, s->noise, NULL, SLOPE, pass);
  return vg_scope_pop(scope, vg_block_apply_pair(&u->join[i], y, inside, NULL, SLOPE, pass));
}

/* x of level i - 1 -> what level i hands outwards, at its own resolution. */
static vg_tensor *level(const unet_k3 *u, int i, vg_tensor *x, const vg_level_noise *d, const vg_pass *pass) {
  const vg_stage into = {.run = run_into, .net = u, .index = i};
  vg_scope *s = vg_scope_push();
  vg_tensor *y = vg_stage_run(&into, x, NULL, pass);
  if (i < u->levels) {
    const vg_stage join = {
        .run = run_join, .net = u, .index = i, .fractions = d->fractions[i], .noise = d->noise[i]};
    y = vg_stage_run(&join, y, level(u, i + 1, y, d, pass), pass);
  }
  return vg_scope_pop(s, y);
}

static vg_tensor *forward(const void *net, vg_tensor *x, const vg_pass *pass) {
  const unet_k3 *u = net;
  /* Stages hold these to compute the gradient, so they live as long as the caller's scope. */
  const vg_level_noise d = vg_modulation_draw(u->at, u->stride, u->levels, x, pass);
  vg_scope *s = vg_scope_push();
  vg_tensor *y = level(u, 0, x, &d, pass);
  return vg_scope_pop(s, vg_output(vg_block_apply(&u->out, y, NULL, 1, pass), u->softmax));
}

/* fractions, noise: of each level; noise[i] is VG_NO_VALUE without. */
static int listing_of_level(const unet_k3 *u, int i, vg_listing *f, int x, const int *fractions,
                            const int *noise) {
  int y = vg_listing_block(f, i ? &u->down[i - 1] : &u->in, x, VG_NO_VALUE, VG_NO_VALUE, SLOPE);
  y = vg_listing_block(f, &u->flat[i], y, VG_NO_VALUE, VG_NO_VALUE, SLOPE);
  if (i == u->levels) return y;
  const bool noisy = noise[i] != VG_NO_VALUE;
  int inside = listing_of_level(u, i + 1, f, y, fractions, noise);
  inside = vg_listing_block(f, &u->up[i], inside, VG_NO_VALUE, y, noisy ? 1 : SLOPE);
  if (noisy) inside = vg_listing_modulate(f, &u->at[i], inside, fractions[i], noise[i], VG_NO_VALUE, SLOPE);
  return vg_listing_block(f, &u->join[i], y, inside, VG_NO_VALUE, SLOPE);
}

static int listing(const void *net, vg_listing *f, int x) {
  const unet_k3 *u = net;
  int fractions[VG_UNET_MAX_LEVELS], noise[VG_UNET_MAX_LEVELS];
  vg_listing_draw(f, u->at, u->stride, u->levels, x, fractions, noise);
  const int y = listing_of_level(u, 0, f, x, fractions, noise);
  return vg_listing_output(f, vg_listing_block(f, &u->out, y, VG_NO_VALUE, VG_NO_VALUE, 1), u->softmax);
}

static void min_dim(const vg_gan_spec *spec, int dim[3]) {
  vg_unet_min_dim(spec, spec->levels ? spec->levels : OWN_LEVELS, dim);
}

/* Training holds of each convolution its output and its norm's; at its peak the gradients of the join of
 * level 0 with its two inputs. Generating holds the skips outside, and what one convolution reads and writes.
 */
static double floats(const vg_gan_spec *spec, const int dim[3], vg_use use) {
  int stride[VG_UNET_MAX_LEVELS][3], levels = strides_of(spec, stride);
  double skips = 0, peak = 0, given = 0, top = vg_voxels(dim), held = top * 4 * spec->ngf;
  int n[3] = {dim[0], dim[1], dim[2]};
  for (int i = 0; i <= levels; i++) {
    const double here = vg_voxels(n) * vg_width(spec->ngf, i);
    held += here * (i < levels ? 6 + spec->noise : 4);
    given += here * (i < levels ? 2 : 1);
    if (skips + 4 * here > peak) peak = skips + 4 * here;
    skips += here;
    for (int a = 0; a < 3 && i < levels; a++) n[a] = n[a] / stride[i][a] > 0 ? n[a] / stride[i][a] : 1;
  }
  const double ends =
      top * (spec->in_channels + 2 * spec->out_channels + spec->noise * (0.2 * spec->in_channels + 1.2));
  if (use == VG_USE_GENERATING) return peak + ends;
  return (use == VG_USE_TRAINING ? held : given + 6 * top * spec->ngf) + 4 * top * spec->ngf + ends;
}

const vg_generator vg_generator_unet_k3 = {check, build, forward, min_dim, floats, true, NULL, listing};
