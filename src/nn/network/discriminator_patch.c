/* discriminator_patch.c: the PatchGAN of pix2pix on (labels, image).
 *
 * k4 s2 - LeakyReLU - (n - 1) x (k4 s2, norm, LeakyReLU) - k4 s1, norm, LeakyReLU - k4 s1 to one logit.
 * An axis of fewer than 4 voxels is not halved (k3), one of 1 has kernel 1; see plan().
 *
 * The first layer is linear, and the labels are the same for the real and the fake image; so its weight's
 * label channels and image channels are applied apart, and the labels' share is computed once.
 */
#include <stdio.h>
#include <string.h>
#include "nn/network/networks.h"
#include "base/mem.h"

#define MAX_LAYERS VG_SPEC_MOST_d_layers

typedef struct patch_gan {
  int layers, labels, images; /* convolutions; channels of either input */
  vg_block layer[MAX_LAYERS + 2];
} patch_gan;

/* The layers' geometry for spec's patch; returns how many. */
static int plan(const vg_gan_spec *spec, vg_block_def def[MAX_LAYERS + 2]) {
  int n[3], layers = spec->d_layers + 2;
  memcpy(n, spec->patch, sizeof n);
  for (int i = 0; i < layers; i++) {
    bool first = i == 0, last = i == layers - 1;
    vg_block_def d = {.in = first ? spec->in_channels + spec->out_channels : vg_width(spec->ndf, i - 1),
                      .out = last ? 1 : vg_width(spec->ndf, i),
                      .norm = first || last ? VG_NORM_NONE : spec->norm};
    for (int a = 0; a < 3; a++) {
      bool halve = i < spec->d_layers && n[a] >= 4;
      d.stride[a] = halve ? 2 : 1;
      vg_axis_kernel(n[a], d.stride[a], &d.kernel[a], &d.pad[a]);
      /* k4 s1 p1 shrinks by one; the last layer must find 2 voxels for it */
      if (i >= spec->d_layers && n[a] >= (last ? 2 : 3)) d.kernel[a] = 4;
      n[a] = (n[a] + 2 * d.pad[a] - d.kernel[a]) / d.stride[a] + 1;
    }
    def[i] = d;
  }
  return layers;
}

static void *build(const vg_gan_spec *spec, vg_params *p) {
  patch_gan *d = VG_NEW(patch_gan);
  if (!d) return NULL;
  vg_block_def def[MAX_LAYERS + 2];
  d->labels = spec->in_channels;
  d->images = spec->out_channels;
  d->layers = plan(spec, def);
  for (int i = 0; i < d->layers; i++) {
    char name[24];
    snprintf(name, sizeof name, "conv.%d", i);
    def[i].name = name;
    d->layer[i] = vg_block_make(p, &def[i]);
  }
  return d;
}

static vg_tensor *condition(const void *net, vg_tensor *labels) {
  const patch_gan *d = net;
  const vg_block *b = &d->layer[0];
  for (int i = 0; i < d->layers; i++) vg_block_iterate(&d->layer[i]);
  vg_scope *s = vg_scope_push();
  vg_profile_layer(b->name);
  vg_tensor *w = vg_narrow(vg_block_weight(b), 1, 0, d->labels);
  return vg_scope_pop(s, vg_conv3d(labels, w, b->b, &b->geo));
}

static vg_verdict judge(const void *net, vg_tensor *conditions, vg_tensor *images, const vg_pass *pass) {
  const patch_gan *d = net;
  const vg_block *b = &d->layer[0];
  vg_scope *s = vg_scope_push();
  vg_profile_layer(b->name);
  vg_tensor *w = vg_narrow(vg_block_weight(b), 1, d->labels, d->images);
  vg_tensor *y = vg_conv3d(images, w, NULL, &b->geo);
  y = vg_scope_pop(s, vg_add_leaky_relu(y, conditions, 0.2));
  vg_verdict v = {.n_features = d->layers - 1};
  for (int i = 1; i < d->layers; i++) {
    v.feature[i - 1] = y;
    s = vg_scope_push();
    y = vg_scope_pop(s, vg_block_apply(&d->layer[i], y, NULL, i < d->layers - 1 ? 0.2 : 1, pass));
  }
  v.logits = y;
  return v;
}

static void min_dim(const vg_gan_spec *spec, int dim[3]) {
  vg_block_def def[MAX_LAYERS + 2];
  int layers = plan(spec, def);
  for (int a = 0; a < 3; a++) {
    int n = 1;
    for (int i = layers - 1; i >= 0; i--)
      n = (n - 1) * def[i].stride[a] + def[i].kernel[a] - 2 * def[i].pad[a];
    dim[a] = n > 1 ? n : 1;
  }
}

/* Real and fake at once: outputs and activations of each layer, and the gradients of the widest. */
static double floats(const vg_gan_spec *spec, const int dim[3]) {
  vg_block_def def[MAX_LAYERS + 2];
  int layers = plan(spec, def), n[3] = {dim[0], dim[1], dim[2]};
  double held = vg_voxels(dim) * 3 * spec->out_channels, widest = 0;
  for (int i = 0; i < layers; i++) {
    for (int a = 0; a < 3; a++) {
      n[a] = (n[a] + 2 * def[i].pad[a] - def[i].kernel[a]) / def[i].stride[a] + 1;
      if (n[a] < 1) n[a] = 1;
    }
    double here = 2 * vg_voxels(n) * def[i].out;
    held += 1.5 * here;
    if (here > widest) widest = here;
  }
  return held + widest;
}

const vg_discriminator vg_discriminator_patch = {NULL,   build, condition, judge, min_dim,
                                                 floats, NULL,  NULL,      NULL};
