/* style.c: see style.h. */
#include "nn/layer/style.h"
#include <stdio.h>
#include <string.h>
#include "nn/layer/unet_strides.h"

static int plan(const vg_gan_spec *spec, int stride[VG_UNET_MAX_LEVELS][3]) {
  return vg_unet_strides(spec->patch, VG_STYLE_LAYERS, stride);
}

vg_style vg_style_make(vg_params *p, const vg_gan_spec *spec) {
  vg_style s = {.dims = spec->style};
  if (!s.dims) return s;
  int stride[VG_UNET_MAX_LEVELS][3], n[3], channels = spec->out_channels;
  s.layers = plan(spec, stride);
  memcpy(n, spec->patch, sizeof n);
  for (int i = 0; i < s.layers; i++) {
    char name[24];
    snprintf(name, sizeof name, "style.%d", i);
    vg_block_def def = {.name = name, .in = channels, .out = vg_width(spec->ngf, i), .norm = VG_NORM_NONE};
    for (int a = 0; a < 3; a++) {
      def.stride[a] = stride[i][a];
      vg_axis_kernel(n[a], stride[i][a], &def.kernel[a], &def.pad[a]);
      n[a] /= stride[i][a];
    }
    s.layer[i] = vg_block_make(p, &def);
    channels = def.out;
  }
  const int64_t codes = 2 * s.dims;
  s.weight =
      vg_params_add(p, "style", "weight", (int64_t[]){codes, channels}, 2, 0, VG_INIT_FACTOR * p->sd, true);
  s.bias = vg_params_add(p, "style", "bias", &codes, 1, 0, 0, true);
  return s;
}

/* sum of (mean^2 + variance - 1 - log variance) / 2 over the code, mean over the samples */
static vg_tensor *divergence_of(vg_tensor *mean, vg_tensor *log_var) {
  vg_tensor *terms = vg_sub(vg_add(vg_square(mean), vg_exp(log_var)), vg_scale(log_var, 1, 1));
  return vg_scale(vg_sum(terms), 0.5 / (double)vg_size(mean, 0), 0);
}

vg_tensor *vg_style_encode(const vg_style *s, vg_tensor *images, vg_tensor *noise, vg_tensor **divergence,
                           const vg_pass *pass) {
  vg_tensor *y = images;
  for (int i = 0; i < s->layers; i++) y = vg_block_apply(&s->layer[i], y, NULL, 0.2, pass);
  const double voxels = (double)vg_size(y, 2) * (double)vg_size(y, 3) * (double)vg_size(y, 4);
  const int64_t n = vg_size(y, 0), c = vg_size(y, 1);
  y = vg_scale(vg_sum_dims(y, (const int[]){2, 3, 4}, 3, false), 1 / voxels, 0);
  y = vg_sum_dims(vg_mul(vg_reshape(y, (int64_t[]){n, 1, c}, 3), s->weight), (const int[]){2}, 1, false);
  y = vg_add(y, s->bias);
  vg_tensor *mean = vg_narrow(y, 1, 0, s->dims), *log_var = vg_narrow(y, 1, s->dims, s->dims);
  if (divergence) *divergence = divergence_of(mean, log_var);
  return noise ? vg_add(mean, vg_mul(vg_exp(vg_scale(log_var, 0.5, 0)), noise)) : mean;
}

double vg_style_floats(const vg_gan_spec *spec, const int dim[3]) {
  int stride[VG_UNET_MAX_LEVELS][3], n[3] = {dim[0], dim[1], dim[2]};
  double held = 0;
  const int layers = spec->style ? plan(spec, stride) : 0;
  for (int i = 0; i < layers; i++) {
    for (int a = 0; a < 3; a++) n[a] = n[a] / stride[i][a] > 0 ? n[a] / stride[i][a] : 1;
    held += 2 * vg_voxels(n) * vg_width(spec->ngf, i);
  }
  return held;
}
