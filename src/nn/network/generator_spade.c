/* generator_spade.c: a decoder whose norms are modulated by the class fractions at every level (SPADE, Park
 * et al. 2019; CLADE, Tan et al. 2020), so that a norm cannot wash the labels out.
 *
 * The grids are those of unet. Upwards, each level: a convolution to the resolution outside, the norm of
 * modulation.h with noise, LeakyReLU. At the whole resolution there are half as many channels as at half of
 * it, and a k3 convolution to the images, so noise of any width becomes texture. With net.encoder the labels
 * also go down as in unet, and each level sees what passed it; without, the decoder begins at the coarsest
 * fractions. There is no dropout: noise takes its place.
 */
#include <stdio.h>
#include <string.h>
#include "nn/layer/modulation.h"
#include "nn/layer/listing_make.h"
#include "nn/network/networks.h"
#include "nn/layer/style.h"
#include "base/mem.h"

#define SLOPE 0.2
#define STYLE_FIELD 15 /* of noise: no level of the network */

typedef struct spade {
  int levels, stride[VG_UNET_MAX_LEVELS][3];
  bool encoder, input_skip, softmax;
  vg_block down[VG_UNET_MAX_LEVELS], start, up[VG_UNET_MAX_LEVELS], out, skip;
  vg_modulation at_start, at[VG_UNET_MAX_LEVELS]; /* at[i]: behind up[i] */
  vg_style style;
} spade;

static vg_status check(const vg_gan_spec *spec) {
  return vg_unet_check_levels(spec, 1, "0 for all");
}

/* Channels of the decoder at level i; 0 is the whole resolution. */
static int width(const vg_gan_spec *spec, int i) {
  return i ? vg_width(spec->ngf, i - 1) : (spec->ngf + 1) / 2;
}

static vg_block k3(vg_params *p, const char *name, int in, int out, const int n[3]) {
  vg_block_def def = {.name = name, .in = in, .out = out, .stride = {1, 1, 1}, .norm = VG_NORM_NONE};
  for (int a = 0; a < 3; a++) vg_axis_kernel(n[a], 1, &def.kernel[a], &def.pad[a]);
  return vg_block_make(p, &def);
}

static void build_level(spade *s, const vg_gan_spec *spec, vg_params *p, int i, int n[3]) {
  const bool outer = i == 0, inner = i == s->levels - 1;
  const int *const outside = n;
  char name[2][24];
  snprintf(name[0], sizeof name[0], "down.%d", i);
  snprintf(name[1], sizeof name[1], "up.%d", i);
  vg_block_def down = {.name = name[0],
                       .in = outer ? spec->in_channels : width(spec, i),
                       .out = width(spec, i + 1),
                       .norm = outer || inner ? VG_NORM_NONE : spec->norm};
  for (int a = 0; a < 3; a++) {
    down.stride[a] = s->stride[i][a];
    vg_axis_kernel(n[a], s->stride[i][a], &down.kernel[a], &down.pad[a]);
  }
  vg_block_def up = down;
  up.name = name[1];
  up.up = true;
  up.upsample = spec->upsample;
  up.in = (s->encoder && !inner ? 2 : 1) * width(spec, i + 1);
  up.out = width(spec, i);
  up.norm = spec->norm;
  up.modulated = true;
  if (s->encoder) s->down[i] = vg_block_make(p, &down);
  s->up[i] = vg_block_make(p, &up);
  s->at[i] = vg_modulation_make(p, spec, name[1], up.out, outside, spec->norm);
  for (int a = 0; a < 3; a++) n[a] /= s->stride[i][a];
}

static void *build(const vg_gan_spec *spec, vg_params *p) {
  spade *s = VG_NEW(spade);
  if (!s) return NULL;
  int n[3];
  memcpy(n, spec->patch, sizeof n);
  s->levels = vg_unet_strides(spec->patch, spec->levels, s->stride);
  s->encoder = spec->encoder;
  s->softmax = spec->softmax;
  s->input_skip = spec->input_skip;
  for (int i = 0; i < s->levels; i++) build_level(s, spec, p, i, n);
  if (!s->encoder) {
    /* no norm: the coarsest grid may be a single voxel */
    s->start = k3(p, "start", spec->in_channels, width(spec, s->levels), n);
    s->at_start = vg_modulation_make(p, spec, "start", width(spec, s->levels), n, VG_NORM_NONE);
  }
  s->out = k3(p, "out", width(spec, 0), spec->out_channels, spec->patch);
  if (s->input_skip) s->skip = k3(p, "skip", spec->in_channels, spec->out_channels, spec->patch);
  s->style = vg_style_make(p, spec);
  return s;
}

/* ---- what a pass draws ---- */

static vg_tensor *style_of(const spade *s, const vg_pass *pass) {
  if (!s->style.dims || !pass->target || pass->style) return s->style.dims ? pass->style : NULL;
  const int dim[3] = {1, 1, s->style.dims}, one[3] = {1, 1, 1};
  const int64_t shape[2] = {vg_size(pass->target, 0), s->style.dims};
  vg_tensor *noise = vg_reshape(vg_noise_field(pass->ids, STYLE_FIELD, one, dim), shape, 2);
  return vg_style_encode(&s->style, pass->target, noise, pass->divergence, pass);
}

/* ---- forward ---- */

static vg_tensor *run_down(const vg_stage *g, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  return vg_block_apply(&((const spade *)g->net)->down[g->index], x, NULL, SLOPE, pass);
}

static vg_tensor *run_start(const vg_stage *g, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  const spade *s = g->net;
  vg_scope *scope = vg_scope_push();
  vg_tensor *y = vg_block_convolve(&s->start, x, NULL, NULL);
  return vg_scope_pop(scope,
                      vg_modulation_apply(&s->at_start, y, g->fractions, g->noise, g->style, SLOPE, pass));
}

static vg_tensor *run_up(const vg_stage *g, vg_tensor *x, vg_tensor *skip, const vg_pass *pass) {
  const spade *s = g->net;
  const vg_block *b = &s->up[g->index];
  vg_scope *scope = vg_scope_push();
  vg_tensor *y = vg_block_batch_norm(b, vg_block_convolve(b, x, skip, g->out), pass);
  return vg_scope_pop(
      scope, vg_modulation_apply(&s->at[g->index], y, g->fractions, g->noise, g->style, SLOPE, pass));
}

/* Lets go of the step before, which a gradient may still hold, and holds the new one instead. */
static vg_tensor *step(vg_tensor *before, vg_tensor *after) {
  vg_release(before);
  return vg_retain(after);
}

/* The stages of all levels. What they read besides their arguments lives as long as the caller's scope. */
static void plan_stages(const spade *s, vg_tensor *x, const vg_pass *pass, vg_stage *start,
                        vg_stage up[VG_UNET_MAX_LEVELS]) {
  vg_tensor *fractions = x, *style = style_of(s, pass);
  int scale[3] = {1, 1, 1};
  for (int i = 0; i <= s->levels; i++) {
    const bool last = i == s->levels;
    vg_stage *g = last ? start : &up[i];
    *g = (vg_stage){.run = last ? run_start : run_up, .net = s, .index = i, .style = style};
    g->fractions = fractions;
    g->noise = last && s->encoder ? NULL : vg_modulation_noise(pass, i, scale, fractions);
    for (int a = 0; a < 3; a++) g->out[a] = (int)vg_size(fractions, a + 2);
    if (last) break;
    fractions = vg_average3d(fractions, s->stride[i]);
    for (int a = 0; a < 3; a++) scale[a] *= s->stride[i][a];
  }
}

static vg_tensor *forward(const void *net, vg_tensor *x, const vg_pass *pass) {
  const spade *s = net;
  vg_stage start, up[VG_UNET_MAX_LEVELS];
  vg_tensor *skip[VG_UNET_MAX_LEVELS] = {NULL}, *y = NULL; /* skip[i]: what down[i] gave */
  plan_stages(s, x, pass, &start, up);
  for (int i = 0; s->encoder && i < s->levels; i++) {
    const vg_stage down = {.run = run_down, .net = s, .index = i};
    skip[i] = vg_retain(vg_stage_run(&down, i ? skip[i - 1] : x, NULL, pass));
  }
  if (!s->encoder) y = vg_retain(vg_stage_run(&start, start.fractions, NULL, pass));
  for (int i = s->levels - 1; i >= 0; i--) {
    vg_tensor *below = y ? y : skip[i];
    y = step(y, vg_stage_run(&up[i], below, y ? skip[i] : NULL, pass));
    vg_release(skip[i]);
  }
  vg_scope *scope = vg_scope_push();
  vg_tensor *image = vg_block_apply(&s->out, y, NULL, 1, pass);
  if (s->input_skip) image = vg_add(image, vg_block_apply(&s->skip, x, NULL, 1, pass));
  vg_release(y);
  return vg_scope_pop(scope, vg_output(image, s->softmax));
}

static vg_tensor *encode(const void *net, vg_tensor *images) {
  const vg_pass pass = {0};
  return vg_style_encode(&((const spade *)net)->style, images, NULL, NULL, &pass);
}

static int listing(const void *net, vg_listing *f, int x) {
  const spade *s = net;
  const int none = VG_NO_VALUE;
  int fractions[VG_UNET_MAX_LEVELS + 1] = {x}, noise[VG_UNET_MAX_LEVELS + 1], skip[VG_UNET_MAX_LEVELS];
  int scale[3] = {1, 1, 1};
  for (int i = 0; i < s->levels; i++) {
    noise[i] = vg_listing_noise(f, &s->at[i], i, scale);
    for (int a = 0; a < 3; a++) scale[a] *= s->stride[i][a];
  }
  if (!s->encoder) noise[s->levels] = vg_listing_noise(f, &s->at_start, s->levels, scale);
  /* the style as (N, D, 1, 1, 1) */
  const int style = s->style.dims ? vg_listing_input(f, "style", s->style.dims, NULL) : none;
  for (int i = 0; i < s->levels; i++) fractions[i + 1] = vg_listing_average(f, fractions[i], s->stride[i]);
  for (int i = 0; s->encoder && i < s->levels; i++)
    skip[i] = vg_listing_block(f, &s->down[i], i ? skip[i - 1] : x, none, none, SLOPE);
  int y = none;
  if (!s->encoder)
    y = vg_listing_modulate(f, &s->at_start,
                            vg_listing_convolve(f, &s->start, fractions[s->levels], none, none),
                            fractions[s->levels], noise[s->levels], style, SLOPE);
  for (int i = s->levels - 1; i >= 0; i--) {
    const bool joined = s->encoder && y != none;
    y = vg_listing_convolve(f, &s->up[i], y == none && s->encoder ? skip[i] : y, joined ? skip[i] : none,
                            fractions[i]);
    y = vg_listing_modulate(f, &s->at[i], vg_listing_batch_norm(f, &s->up[i], y), fractions[i], noise[i],
                            style, SLOPE);
  }
  y = vg_listing_block(f, &s->out, y, none, none, 1);
  if (s->input_skip) y = vg_listing_add(f, y, vg_listing_block(f, &s->skip, x, none, none, 1));
  return vg_listing_output(f, y, s->softmax);
}

/* ---- sizes ---- */

static void min_dim(const vg_gan_spec *spec, int dim[3]) {
  vg_unet_min_dim(spec, spec->levels, dim);
}

/* Training holds of each level the encoder's output twice, and the decoder's convolution and what its norm
 * makes of it; at its peak three gradients of the widest, in fp32. net.modulation=conv adds the maps, what
 * they come from, and both gradients. */
static double floats(const vg_gan_spec *spec, const int dim[3], vg_use use) {
  int stride[VG_UNET_MAX_LEVELS][3], levels = vg_unet_strides(spec->patch, spec->levels, stride);
  const double conv = spec->modulation == VG_MODULATION_CONV;
  double inputs = vg_voxels(dim) * (1.2 * spec->in_channels + 1.2 * spec->noise), skips = 0, held = 0;
  double given = 0, peak = 0, widest = 0, level = 0;
  int n[3] = {dim[0], dim[1], dim[2]};
  for (int i = 0; i < levels; i++) {
    const double up = vg_voxels(n) * width(spec, i),
                 maps = conv * vg_voxels(n) * (2 * width(spec, i) + spec->ngf);
    for (int a = 0; a < 3; a++) n[a] = n[a] / stride[i][a] > 0 ? n[a] / stride[i][a] : 1;
    const double below = vg_voxels(n) * width(spec, i + 1), down = spec->encoder ? below : 0;
    held += 2 * down + 2 * up + maps;
    given += down + up;
    if (down + up + maps > level) level = down + up + maps;
    const double here = inputs + skips + 2 * below + 2.25 * up + 1.5 * maps;
    if (here > peak) peak = here;
    skips += down;
    if (3 * up + maps > widest) widest = 3 * up + maps;
  }
  const double top = 3 * vg_voxels(dim) * spec->out_channels, style = vg_style_floats(spec, dim);
  if (use == VG_USE_GENERATING) return peak + top;
  return inputs + top + style + widest + (use == VG_USE_TRAINING ? held : given + level);
}

const vg_generator vg_generator_spade = {check, build, forward, min_dim, floats, true, encode, listing};
