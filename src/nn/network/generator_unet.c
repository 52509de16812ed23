/* generator_unet.c: the U-Net of pix2pix (Isola et al. 2017), in as many dimensions as the patch has.
 *
 * Level i: [LeakyReLU] conv, norm, (level i+1 inside), [ReLU] upconv, norm, skip concatenation. The
 * outermost level has no norm and ends in tanh or softmax; the innermost convolution has no norm.
 *
 * The first convolution halves every axis, so what pix2pix knows of an edge within two voxels must squeeze
 * through ngf channels. With input_skip a k3 convolution brings the input straight to the output, before the
 * last function: edges of labels stay where they are, and the levels learn what is left.
 *
 * With net.noise every level outwards adds noise to what its norm gives (modulation.h), and the outermost to
 * the image itself, so that a large region of one class has grain. No convolution follows the latter, so it
 * is smoothed: white noise is not what a scanner makes, and gives an image away.
 *
 * Dropout: pix2pix has it in the up to three blocks below the innermost whose two widths are both 8 ngf,
 * which a 64^3 patch with its five levels never reaches. Here the block below the innermost always has
 * it (from three levels on), and the two after it where both widths are 8 ngf.
 */
#include <stdio.h>
#include <string.h>
#include "nn/layer/listing_make.h"
#include "nn/layer/modulation.h"
#include "nn/network/networks.h"
#include "base/mem.h"

typedef struct unet {
  int levels, stride[VG_UNET_MAX_LEVELS][3];
  vg_block down[VG_UNET_MAX_LEVELS], up[VG_UNET_MAX_LEVELS];
  bool dropout[VG_UNET_MAX_LEVELS];
  bool input_skip, softmax;
  vg_block skip;
  vg_modulation at[VG_UNET_MAX_LEVELS]; /* noise behind up[i] */
} unet;

static vg_status check(const vg_gan_spec *spec) {
  return vg_unet_check_levels(spec, 2, "0 for all");
}

static bool has_dropout(int level, int levels) {
  if (level < 1 || level > levels - 2) return false;
  return level == levels - 2 || (level >= levels - 4 && level >= 4);
}

static void *build(const vg_gan_spec *spec, vg_params *p) {
  unet *u = VG_NEW(unet);
  if (!u) return NULL;
  int n[3];
  memcpy(n, spec->patch, sizeof n);
  vg_net_norm norm = spec->norm;
  u->levels = vg_unet_strides(spec->patch, spec->levels, u->stride);
  for (int i = 0; i < u->levels; i++) {
    bool outer = i == 0, inner = i == u->levels - 1;
    char name[2][24];
    snprintf(name[0], sizeof name[0], "down.%d", i);
    snprintf(name[1], sizeof name[1], "up.%d", i);
    vg_block_def down = {.name = name[0],
                         .in = outer ? spec->in_channels : vg_width(spec->ngf, i - 1),
                         .out = vg_width(spec->ngf, i),
                         .norm = outer || inner ? VG_NORM_NONE : norm};
    for (int a = 0; a < 3; a++) {
      down.stride[a] = u->stride[i][a];
      vg_axis_kernel(n[a], u->stride[i][a], &down.kernel[a], &down.pad[a]);
      n[a] /= u->stride[i][a];
    }
    vg_block_def up = down;
    up.name = name[1];
    up.up = true;
    up.upsample = spec->upsample;
    up.in = inner ? down.out : 2 * down.out;
    up.out = outer ? spec->out_channels : vg_width(spec->ngf, i - 1);
    up.norm = outer ? VG_NORM_NONE : norm;
    u->down[i] = vg_block_make(p, &down);
    u->up[i] = vg_block_make(p, &up);
    if (spec->noise) u->at[i] = vg_modulation_make_noise(p, spec, name[1], up.out);
    u->dropout[i] = has_dropout(i, u->levels);
  }
  u->softmax = spec->softmax;
  u->input_skip = spec->input_skip;
  if (u->input_skip) {
    vg_block_def skip = {
        .name = "skip", .in = spec->in_channels, .out = spec->out_channels, .norm = VG_NORM_NONE};
    for (int a = 0; a < 3; a++) {
      skip.stride[a] = 1;
      vg_axis_kernel(spec->patch[a], 1, &skip.kernel[a], &skip.pad[a]);
    }
    u->skip = vg_block_make(p, &skip);
  }
  return u;
}

/* Level i's convolution down, of what came through the LeakyReLU of the level outside. */
static vg_tensor *run_down(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  const unet *u = s->net;
  return vg_block_apply(&u->down[s->index], x, NULL, s->index == u->levels - 1 ? 0 : 0.2, pass);
}

/* And up: of what the convolution down gave, and of what the level inside did, through their ReLUs (which the
 * latter and the innermost have had; ReLU(LeakyReLU(x)) is ReLU(x), so the skip needs nothing but x itself).
 */
static vg_tensor *run_up(const vg_stage *s, vg_tensor *x, vg_tensor *inside, const vg_pass *pass) {
  const unet *u = s->net;
  const int i = s->index;
  const double slope = i ? 0 : 1, before = s->noise ? 1 : slope;
  vg_scope *scope = vg_scope_push();
  vg_tensor *y = i == u->levels - 1
                     ? vg_block_apply(&u->up[i], x, s->out, before, pass)
                     : vg_block_apply_pair(&u->up[i], vg_relu(x), inside, s->out, before, pass);
  if (s->noise) y = vg_modulation_apply(&u->at[i], y, s->fractions, s->noise, NULL, slope, pass);
  return vg_scope_pop(scope, u->dropout[i] ? vg_pass_dropout(y, pass) : y);
}

/* x (N, C, D, H, W), already through its LeakyReLU -> what level i hands outwards, through its ReLU (as it is
 * at level 0). */
static vg_tensor *level(const unet *u, int i, vg_tensor *x, const vg_level_noise *d, const vg_pass *pass) {
  const vg_stage down = {.run = run_down, .net = u, .index = i};
  const vg_stage up = {.run = run_up,
                       .net = u,
                       .index = i,
                       .fractions = d->fractions[i],
                       .noise = d->noise[i],
                       .out = {(int)vg_size(x, 2), (int)vg_size(x, 3), (int)vg_size(x, 4)}};
  vg_scope *s = vg_scope_push();
  vg_tensor *y = vg_stage_run(&down, x, NULL, pass);
  vg_tensor *inside = i < u->levels - 1 ? level(u, i + 1, y, d, pass) : NULL;
  return vg_scope_pop(s, vg_stage_run(&up, y, inside, pass));
}

static vg_tensor *forward(const void *net, vg_tensor *x, const vg_pass *pass) {
  const unet *u = net;
  /* Stages hold these to compute the gradient, so they live as long as the caller's scope. */
  vg_level_noise d = vg_modulation_draw(u->at, u->stride, u->levels, x, pass);
  if (d.noise[0]) d.noise[0] = vg_smooth3d(d.noise[0], u->stride[0]);
  vg_scope *s = vg_scope_push();
  vg_tensor *y = level(u, 0, x, &d, pass);
  if (u->input_skip) y = vg_add(y, vg_block_apply(&u->skip, x, NULL, 1, pass));
  return vg_scope_pop(s, vg_output(y, u->softmax));
}

/* fractions, noise: of each level; noise[i] is VG_NO_VALUE without. */
static int listing_of_level(const unet *u, int i, vg_listing *f, int x, const int *fractions,
                            const int *noise) {
  const bool inner = i == u->levels - 1, noisy = noise[i] != VG_NO_VALUE;
  const double slope = i ? 0 : 1;
  const int y = vg_listing_block(f, &u->down[i], x, VG_NO_VALUE, VG_NO_VALUE, inner ? 0 : 0.2);
  const int inside = inner ? VG_NO_VALUE : listing_of_level(u, i + 1, f, y, fractions, noise);
  const int out =
      vg_listing_block(f, &u->up[i], inner ? y : vg_listing_relu(f, y), inside, x, noisy ? 1 : slope);
  return noisy ? vg_listing_modulate(f, &u->at[i], out, fractions[i], noise[i], VG_NO_VALUE, slope) : out;
}

static int listing(const void *net, vg_listing *f, int x) {
  const unet *u = net;
  int fractions[VG_UNET_MAX_LEVELS], noise[VG_UNET_MAX_LEVELS];
  vg_listing_draw(f, u->at, u->stride, u->levels, x, fractions, noise);
  if (noise[0] != VG_NO_VALUE) noise[0] = vg_listing_smooth(f, noise[0], u->stride[0]);
  int y = listing_of_level(u, 0, f, x, fractions, noise);
  if (u->input_skip) y = vg_listing_add(f, y, vg_listing_block(f, &u->skip, x, VG_NO_VALUE, VG_NO_VALUE, 1));
  return vg_listing_output(f, y, u->softmax);
}

static void min_dim(const vg_gan_spec *spec, int dim[3]) {
  vg_unet_min_dim(spec, spec->levels, dim);
}

/* Checked against the resident set. Training holds per level the convolution's output, its activation, the
 * skip's ReLU, the decoder's output and its norm, and at its peak two gradients of the widest; recomputing,
 * what either half of a level gives, and one level's share of the former. */
static double floats(const vg_gan_spec *spec, const int dim[3], vg_use use) {
  int stride[VG_UNET_MAX_LEVELS][3], levels = vg_unet_strides(spec->patch, spec->levels, stride);
  double skips = 0, held = 0, given = 0, peak = 0, widest = 0, level = 0;
  double outside = vg_voxels(dim) * (spec->in_channels + spec->noise * (0.2 * spec->in_channels + 1.2));
  int n[3] = {dim[0], dim[1], dim[2]};
  for (int i = 0; i < levels; i++) {
    double up = vg_voxels(n) * (i ? vg_width(spec->ngf, i - 1) : spec->out_channels);
    for (int a = 0; a < 3; a++) n[a] = n[a] / stride[i][a] > 0 ? n[a] / stride[i][a] : 1;
    double down = vg_voxels(n) * vg_width(spec->ngf, i), twice = (i ? 2 : 1) * up;
    held += 3 * down + twice + spec->noise * up;
    given += down + up;
    if (down + twice > level) level = down + twice;
    /* the decoder of this level: all skips outside, its two inputs, its output twice */
    double here = outside + skips + 4 * down + 2.25 * up;
    if (here > peak) peak = here;
    skips += down;
    if (2 * up > widest) widest = 2 * up;
  }
  if (spec->input_skip) held += 2 * vg_voxels(dim) * spec->out_channels;
  if (spec->input_skip) given += 2 * vg_voxels(dim) * spec->out_channels;
  return use == VG_USE_GENERATING ? peak : use == VG_USE_TRAINING ? held + widest : given + level + widest;
}

const vg_generator vg_generator_unet = {check, build, forward, min_dim, floats, true, NULL, listing};
