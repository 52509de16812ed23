/* generator_resnet.c: the residual generator of Johnson et al. 2016, as CycleGAN and pix2pix carry it.
 *
 * k7 - two stride-2 layers - blocks of two k3 each - two upward layers - k7, tanh or softmax; reflection
 * padding in the k7 and k3 layers. The stride-2 layers are k4 p1 (CycleGAN: k3), so that odd extents come
 * back exactly and the upward ones can go by phases. An axis of fewer than 8 voxels is halved at most once,
 * one of fewer than 4 never, and has kernel 3; an axis of one voxel has kernel 1.
 */
#include <stdio.h>
#include <string.h>
#include "nn/layer/listing_make.h"
#include "nn/network/networks.h"
#include "base/mem.h"

#define DOWNS 2

typedef struct resnet {
  int blocks;
  bool softmax;
  vg_block in, down[DOWNS], block[VG_SPEC_MOST_blocks][2], up[DOWNS], out;
} resnet;

/* Strides of the two downward layers; n: extents of the patch below them. */
static void strides(const int patch[3], int stride[DOWNS][3], int n[3]) {
  memcpy(n, patch, 3 * sizeof *n);
  for (int i = 0; i < DOWNS; i++)
    for (int a = 0; a < 3; a++) {
      stride[i][a] = n[a] >= 4 ? 2 : 1;
      n[a] /= stride[i][a];
    }
}

/* A layer that keeps its size; wide: kernel 7 where the axis can be reflected by 3. */
static vg_block_def flat(const char *name, int in, int out, const int n[3], bool wide, vg_net_norm norm) {
  vg_block_def d = {.name = name, .in = in, .out = out, .stride = {1, 1, 1}, .reflect = true, .norm = norm};
  for (int a = 0; a < 3; a++) {
    d.kernel[a] = n[a] == 1 ? 1 : wide && n[a] >= 4 ? 7 : 3;
    d.pad[a] = d.kernel[a] / 2;
  }
  return d;
}

static void *build(const vg_gan_spec *spec, vg_params *p) {
  resnet *r = VG_NEW(resnet);
  if (!r) return NULL;
  int stride[DOWNS][3], low[3], n[3];
  char name[40];
  vg_net_norm norm = spec->norm;
  strides(spec->patch, stride, low);
  memcpy(n, spec->patch, sizeof n);
  vg_block_def def = flat("in", spec->in_channels, spec->ngf, n, true, norm);
  r->in = vg_block_make(p, &def);
  for (int i = 0; i < DOWNS; i++) {
    snprintf(name, sizeof name, "down.%d", i);
    vg_block_def d = {.name = name, .in = spec->ngf << i, .out = spec->ngf << (i + 1), .norm = norm};
    for (int a = 0; a < 3; a++) {
      d.stride[a] = stride[i][a];
      vg_axis_kernel(n[a], stride[i][a], &d.kernel[a], &d.pad[a]);
      n[a] /= stride[i][a];
    }
    r->down[i] = vg_block_make(p, &d);
    snprintf(name, sizeof name, "up.%d", i);
    d.up = true;
    d.upsample = spec->upsample;
    d.in = spec->ngf << (i + 1);
    d.out = spec->ngf << i;
    r->up[i] = vg_block_make(p, &d);
  }
  r->blocks = spec->blocks;
  r->softmax = spec->softmax;
  for (int i = 0; i < r->blocks; i++)
    for (int j = 0; j < 2; j++) {
      snprintf(name, sizeof name, "block.%d.%d", i, j);
      def = flat(name, spec->ngf << DOWNS, spec->ngf << DOWNS, low, false, norm);
      r->block[i][j] = vg_block_make(p, &def);
    }
  def = flat("out", spec->ngf, spec->out_channels, spec->patch, true, VG_NORM_NONE);
  r->out = vg_block_make(p, &def);
  return r;
}

static vg_tensor *run_in(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  return vg_block_apply(&((const resnet *)s->net)->in, x, NULL, 0, pass);
}

static vg_tensor *run_down(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  return vg_block_apply(&((const resnet *)s->net)->down[s->index], x, NULL, 0, pass);
}

static vg_tensor *run_residual(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  const vg_block *block = ((const resnet *)s->net)->block[s->index];
  vg_scope *scope = vg_scope_push();
  vg_tensor *y = vg_pass_dropout(vg_block_apply(&block[0], x, NULL, 0, pass), pass);
  return vg_scope_pop(scope, vg_add(x, vg_block_apply(&block[1], y, NULL, 1, pass)));
}

static vg_tensor *run_up(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  return vg_block_apply(&((const resnet *)s->net)->up[s->index], x, s->out, 0, pass);
}

static vg_tensor *run_out(const vg_stage *s, vg_tensor *x, vg_tensor *none, const vg_pass *pass) {
  (void)none;
  const resnet *r = s->net;
  vg_scope *scope = vg_scope_push();
  return vg_scope_pop(scope, vg_output(vg_block_apply(&r->out, x, NULL, 1, pass), r->softmax));
}

/* Lets go of the step before, which a gradient may still hold, and holds the new one instead. */
static vg_tensor *step(vg_tensor *before, vg_tensor *after) {
  vg_release(before);
  return vg_retain(after);
}

static vg_tensor *forward(const void *net, vg_tensor *x, const vg_pass *pass) {
  const resnet *r = net;
  vg_stage down[DOWNS], stage = {.run = run_in, .net = r};
  vg_tensor *y = step(NULL, vg_stage_run(&stage, x, NULL, pass));
  for (int i = 0; i < DOWNS; i++) {
    down[i] = (vg_stage){.run = run_down, .net = r, .index = i};
    for (int a = 0; a < 3; a++) down[i].out[a] = (int)vg_size(y, a + 2); /* what the way up comes back to */
    y = step(y, vg_stage_run(&down[i], y, NULL, pass));
  }
  stage.run = run_residual;
  for (stage.index = 0; stage.index < r->blocks; stage.index++)
    y = step(y, vg_stage_run(&stage, y, NULL, pass));
  for (int i = DOWNS - 1; i >= 0; i--) {
    down[i].run = run_up;
    y = step(y, vg_stage_run(&down[i], y, NULL, pass));
  }
  stage.run = run_out;
  vg_tensor *out = vg_stage_run(&stage, y, NULL, pass);
  vg_release(y);
  return out;
}

static int listing(const void *net, vg_listing *f, int x) {
  const resnet *r = net;
  const int none = VG_NO_VALUE;
  int y = vg_listing_block(f, &r->in, x, none, none, 0), like[DOWNS];
  for (int i = 0; i < DOWNS; i++) {
    like[i] = y;
    y = vg_listing_block(f, &r->down[i], y, none, none, 0);
  }
  for (int i = 0; i < r->blocks; i++) {
    const int inner = vg_listing_block(f, &r->block[i][0], y, none, none, 0);
    y = vg_listing_add(f, y, vg_listing_block(f, &r->block[i][1], inner, none, none, 1));
  }
  for (int i = DOWNS - 1; i >= 0; i--) y = vg_listing_block(f, &r->up[i], y, none, like[i], 0);
  return vg_listing_output(f, vg_listing_block(f, &r->out, y, none, none, 1), r->softmax);
}

static void min_dim(const vg_gan_spec *spec, int dim[3]) {
  int stride[DOWNS][3], low[3];
  strides(spec->patch, stride, low);
  for (int a = 0; a < 3; a++) {
    /* reflecting by 1 takes two voxels at the bottom, by 3 four at the top */
    dim[a] = spec->patch[a] == 1 ? 1 : 2 * stride[0][a] * stride[1][a];
    if (spec->patch[a] >= 4 && dim[a] < 4) dim[a] = 4;
  }
}

static double floats(const vg_gan_spec *spec, const int dim[3], vg_use use) {
  int stride[DOWNS][3], low[3];
  strides(spec->patch, stride, low);
  double top = vg_voxels(dim), ngf = spec->ngf, held = 0, given = 0, v = top;
  for (int i = 0; i < DOWNS; i++) {
    v /= (double)stride[i][0] * stride[i][1] * stride[i][2];
    held += 5 * v * ngf * (2 << i);
    given += 2 * v * ngf * (2 << i);
  }
  held += 7 * top * ngf + 8 * v * 4 * ngf * spec->blocks + 3 * top * spec->out_channels;
  given += 2 * top * ngf + v * 4 * ngf * spec->blocks + 3 * top * spec->out_channels;
  /* the k7 layers: their input, its padded copy and their output */
  double peak = top * (4 * ngf + 2 * spec->out_channels);
  return use == VG_USE_GENERATING ? peak + top * spec->in_channels
                                  : (use == VG_USE_TRAINING ? held : given) + peak;
}

const vg_generator vg_generator_resnet = {NULL, build, forward, min_dim, floats, false, NULL, listing};
