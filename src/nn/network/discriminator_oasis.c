/* discriminator_oasis.c: a discriminator that segments (Schonfeld et al., ICLR 2021). From the image alone it
 * names for each voxel a class of the label map, the background among them, or "synthetic".
 *
 * Real images should be segmented as their label map says, and synthetic ones as synthetic everywhere; the
 * generator should make images that are segmented as the label map. So each voxel has a loss of its own, and
 * needs no second image to compare with.
 *
 * The network is a U-Net: a k3 convolution, d_layers k4 ones of stride 2, as many upconvolutions of what came
 * from inside and of the skip, and a k1 convolution to the classes, with LeakyReLU. As in the paper each has
 * a spectral norm, and there are no other norms, which would hide intensities. The paper has residual blocks
 * at the whole resolution instead, which cost several times as much as all the rest.
 */
#include <stdio.h>
#include <string.h>
#include "nn/network/networks.h"
#include "base/mem.h"

#define SLOPE 0.2
#define MAX_LEVELS VG_SPEC_MOST_d_layers

typedef struct oasis {
  int levels, blocks; /* halvings; convolutions in block */
  vg_block *in, *out, *down[MAX_LEVELS], *up[MAX_LEVELS];
  vg_block block[2 * MAX_LEVELS + 2];
} oasis;

static int strides_of(const vg_gan_spec *spec, int stride[VG_UNET_MAX_LEVELS][3]) {
  return vg_unet_strides(spec->patch, spec->d_layers, stride);
}

/* The classes of a label map, with the background. "made" comes after them. */
static int classes_of(const vg_gan_spec *spec) {
  return spec->in_channels + 1;
}

static vg_status check(const vg_gan_spec *spec) {
  int stride[VG_UNET_MAX_LEVELS][3];
  if (spec->softmax)
    return vg_fail(VG_CONFIG,
                   "net.discriminator oasis segments images, so it needs train.direction label2image");
  if (strides_of(spec, stride) < 1)
    return vg_fail(VG_CONFIG, "patch %dx%dx%d is too small for oasis: 4 voxels along an axis at least",
                   spec->patch[0], spec->patch[1], spec->patch[2]);
  return VG_OK;
}

static vg_block *add(oasis *d, vg_params *p, const vg_block_def *def) {
  d->block[d->blocks] = vg_block_make(p, def);
  return &d->block[d->blocks++];
}

static void *build(const vg_gan_spec *spec, vg_params *p) {
  oasis *d = VG_NEW(oasis);
  if (!d) return NULL;
  int stride[VG_UNET_MAX_LEVELS][3], n[3];
  const bool spectral = p->spectral;
  p->spectral = true;
  memcpy(n, spec->patch, sizeof n);
  d->levels = strides_of(spec, stride);
  vg_block_def in = {
      .name = "in", .in = spec->out_channels, .out = spec->ndf, .stride = {1, 1, 1}, .norm = VG_NORM_NONE};
  for (int a = 0; a < 3; a++) vg_axis_kernel(n[a], 1, &in.kernel[a], &in.pad[a]);
  d->in = add(d, p, &in);
  for (int i = 0; i < d->levels; i++) {
    const int outside = vg_width(spec->ndf, i), inside = vg_width(spec->ndf, i + 1);
    char name[24];
    snprintf(name, sizeof name, "down.%d", i);
    vg_block_def def = {.name = name, .in = outside, .out = inside, .norm = VG_NORM_NONE};
    for (int a = 0; a < 3; a++) {
      def.stride[a] = stride[i][a];
      vg_axis_kernel(n[a], stride[i][a], &def.kernel[a], &def.pad[a]);
      n[a] /= stride[i][a];
    }
    d->down[i] = add(d, p, &def);
    snprintf(name, sizeof name, "up.%d", i);
    def.up = true;
    def.in = i == d->levels - 1 ? inside : 2 * inside;
    def.out = outside;
    d->up[i] = add(d, p, &def);
  }
  const vg_block_def out = {.name = "out",
                            .in = 2 * spec->ndf,
                            .out = classes_of(spec) + 1,
                            .kernel = {1, 1, 1},
                            .stride = {1, 1, 1},
                            .norm = VG_NORM_NONE};
  d->out = add(d, p, &out);
  p->spectral = spectral;
  return d;
}

/* The label map's class fractions with the background, in fp32: what the losses compare with. */
static vg_tensor *condition(const void *net, vg_tensor *labels) {
  static const int channels = 1;
  const oasis *d = net;
  for (int i = 0; i < d->blocks; i++) vg_block_iterate(&d->block[i]);
  vg_scope *s = vg_scope_push();
  labels = vg_cast(labels, VG_F32);
  vg_tensor *rest = vg_relu(vg_scale(vg_sum_dims(labels, &channels, 1, true), -1, 1));
  return vg_scope_pop(s, vg_cat((vg_tensor *[]){rest, labels}, 2, 1));
}

static vg_verdict judge(const void *net, vg_tensor *conditions, vg_tensor *images, const vg_pass *pass) {
  (void)conditions;
  const oasis *d = net;
  vg_verdict v = {.n_features = d->levels + 1};
  v.feature[0] = vg_block_apply(d->in, images, NULL, SLOPE, pass);
  for (int i = 0; i < d->levels; i++)
    v.feature[i + 1] = vg_block_apply(d->down[i], v.feature[i], NULL, SLOPE, pass);
  vg_scope *s = vg_scope_push();
  vg_tensor *y = NULL;
  for (int i = d->levels - 1; i >= 0; i--) {
    const vg_tensor *to = v.feature[i];
    vg_tensor *from = v.feature[i + 1];
    const int size[3] = {(int)vg_size(to, 2), (int)vg_size(to, 3), (int)vg_size(to, 4)};
    y = y ? vg_block_apply_pair(d->up[i], from, y, size, SLOPE, pass)
          : vg_block_apply(d->up[i], from, size, SLOPE, pass);
  }
  v.logits = vg_scope_pop(s, vg_block_apply_pair(d->out, v.feature[0], y, NULL, 1, pass));
  return v;
}

/* -1/K sum over the K classes that are there of the mean of ln p over the class: every class counts the same.
 */
static vg_tensor *balanced(vg_tensor *log_p, vg_tensor *fractions) {
  static const int over[] = {0, 2, 3, 4};
  vg_tensor *count = vg_sum_dims(fractions, over, 4, false), *there = vg_above(count, 0);
  vg_tensor *sum = vg_sum_dims(vg_mul(log_p, fractions), over, 4, false);
  vg_tensor *mean = vg_div(sum, vg_add(count, vg_scale(there, -1, 1)));
  return vg_div(vg_scale(vg_sum(mean), -1, 0), vg_sum(there));
}

static vg_tensor *loss(vg_tensor *logits, vg_tensor *fractions, bool real, bool for_generator) {
  (void)for_generator;
  const int64_t classes = vg_size(logits, 1) - 1;
  vg_scope *s = vg_scope_push();
  vg_tensor *log_p = vg_log_softmax(logits, 1);
  return vg_scope_pop(s, real ? balanced(vg_narrow(log_p, 1, 0, classes), fractions)
                              : vg_scale(vg_mean(vg_narrow(log_p, 1, classes, 1)), -1, 0));
}

/* ln of the probability of any class over that of "made". */
static vg_tensor *realness(vg_tensor *logits) {
  const int64_t classes = vg_size(logits, 1) - 1;
  vg_scope *s = vg_scope_push();
  vg_tensor *real = vg_narrow(logits, 1, 0, classes), *made = vg_narrow(logits, 1, classes, 1);
  vg_tensor *first = vg_narrow(vg_log_softmax(real, 1), 1, 0, 1);
  return vg_scope_pop(s, vg_sub(vg_sub(vg_narrow(real, 1, 0, 1), first), made));
}

/* Each class as a whole is real or synthetic, so that the border of a mix follows the label map. */
static vg_tensor *mix(vg_tensor *fractions, vg_tensor *picks) {
  static const int channels = 1;
  vg_scope *s = vg_scope_push();
  return vg_scope_pop(s, vg_above(vg_sum_dims(vg_mul(fractions, picks), &channels, 1, true), 0.5));
}

static void min_dim(const vg_gan_spec *spec, int dim[3]) {
  int stride[VG_UNET_MAX_LEVELS][3], levels = strides_of(spec, stride);
  for (int a = 0; a < 3; a++) {
    dim[a] = 1;
    for (int i = 0; i < levels; i++) dim[a] *= stride[i][a];
  }
}

/* Real, made and mixed at once: of each convolution its output and its activation, at the end the logits,
 * their softmax and the gradients of both. */
static double floats(const vg_gan_spec *spec, const int dim[3]) {
  int stride[VG_UNET_MAX_LEVELS][3], levels = strides_of(spec, stride), n[3] = {dim[0], dim[1], dim[2]};
  const double top = vg_voxels(dim);
  double held = top * (4 * spec->ndf + 5 * (classes_of(spec) + 1) + 2 * spec->out_channels);
  for (int i = 0; i < levels; i++) {
    for (int a = 0; a < 3; a++) n[a] = n[a] / stride[i][a] > 0 ? n[a] / stride[i][a] : 1;
    held += vg_voxels(n) * vg_width(spec->ndf, i + 1) * (i < levels - 1 ? 4 : 2);
  }
  return 3 * held + top * classes_of(spec);
}

const vg_discriminator vg_discriminator_oasis = {check,  build, condition, judge, min_dim,
                                                 floats, loss,  realness,  mix};
