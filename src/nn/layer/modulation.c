/* modulation.c: see modulation.h. */
#include "nn/layer/modulation.h"
#include <stdio.h>

static vg_block k3(vg_params *p, const char *name, const char *part, int in, int out, const int patch[3]) {
  char full[32];
  snprintf(full, sizeof full, "%s.%s", name, part);
  vg_block_def def = {.name = full, .in = in, .out = out, .stride = {1, 1, 1}, .norm = VG_NORM_NONE};
  for (int a = 0; a < 3; a++) vg_axis_kernel(patch[a], 1, &def.kernel[a], &def.pad[a]);
  return vg_block_make(p, &def);
}

static void add_strength(vg_params *p, const vg_gan_spec *spec, const char *name, vg_modulation *m) {
  const int64_t k = m->channels;
  m->strength = vg_params_add(p, name, "noise.weight", (int64_t[]){k, spec->in_channels}, 2, 0, 0, true);
  m->strength_bias = vg_params_add(p, name, "noise.bias", &k, 1, 0, 0, true);
}

vg_modulation vg_modulation_make(vg_params *p, const vg_gan_spec *spec, const char *name, int channels,
                                 const int patch[3], vg_net_norm norm) {
  const int64_t k = channels, classes = spec->in_channels, k2 = 2 * k;
  const double sd = VG_INIT_FACTOR * p->sd;
  vg_modulation m = {.channels = channels,
                     .norm = norm,
                     .device = p->device,
                     .conv = spec->modulation == VG_MODULATION_CONV};
  snprintf(m.name, sizeof m.name, "%s", name);
  if (m.conv) {
    m.hidden = k3(p, name, "hidden", spec->in_channels, spec->ngf, patch);
    m.maps = k3(p, name, "maps", spec->ngf, 2 * channels, patch);
  } else {
    m.weight = vg_params_add(p, name, "class.weight", (int64_t[]){k2, classes}, 2, 0, sd, true);
    m.bias = vg_params_add(p, name, "class.bias", &k2, 1, 0, 0, true);
  }
  if (spec->noise) add_strength(p, spec, name, &m);
  if (spec->style)
    m.style = vg_params_add(p, name, "style.weight", (int64_t[]){k2, spec->style}, 2, 0, sd, true);
  return m;
}

vg_modulation vg_modulation_make_noise(vg_params *p, const vg_gan_spec *spec, const char *name,
                                       int channels) {
  vg_modulation m = {.channels = channels, .norm = VG_NORM_NONE, .device = p->device};
  snprintf(m.name, sizeof m.name, "%s", name);
  add_strength(p, spec, name, &m);
  return m;
}

bool vg_modulation_has_noise(const vg_pass *pass) {
  return pass->ids && pass->noise != 0;
}

vg_tensor *vg_modulation_noise(const vg_pass *pass, int level, const int scale[3],
                               const vg_tensor *fractions) {
  if (!vg_modulation_has_noise(pass)) return NULL;
  const int dim[3] = {(int)vg_size(fractions, 2), (int)vg_size(fractions, 3), (int)vg_size(fractions, 4)};
  vg_scope *s = vg_scope_push();
  vg_tensor *z = vg_noise_field(pass->ids, level, scale, dim);
  if (pass->mix) {
    /* of weights whose squares add up to 1, so the sum is as strong as either */
    vg_tensor *share = vg_average3d(pass->mix, scale);
    vg_tensor *rest = vg_sqrt(vg_scale(vg_square(share), -1, 1));
    z = vg_add(vg_mul(z, rest), vg_mul(vg_noise_field(pass->others, level, scale, dim), share));
  }
  return vg_scope_pop(s, pass->noise == 1 ? z : vg_scale(z, pass->noise, 0));
}

vg_level_noise vg_modulation_draw(const vg_modulation at[], const int stride[][3], int levels, vg_tensor *x,
                                  const vg_pass *pass) {
  vg_level_noise d = {{NULL}, {NULL}};
  int scale[3] = {1, 1, 1};
  if (!at[0].strength || !vg_modulation_has_noise(pass)) return d;
  for (int i = 0; i < levels; i++) {
    d.fractions[i] = i ? vg_average3d(d.fractions[i - 1], stride[i - 1]) : x;
    d.noise[i] = vg_modulation_noise(pass, i, scale, d.fractions[i]);
    for (int a = 0; a < 3; a++) scale[a] *= stride[i][a];
  }
  return d;
}

static vg_tensor *zeros(const vg_modulation *m, int64_t rows, int64_t columns) {
  return vg_zeros((int64_t[]){rows, columns}, 2, m->device);
}

static vg_tensor *cat2(vg_tensor *a, vg_tensor *b, int dim) {
  return vg_cat((vg_tensor *[]){a, b}, 2, dim);
}

/* (2 K or 3 K, C), or NULL where nothing follows the fractions by itself. */
static vg_tensor *weight_of(const vg_modulation *m, const vg_tensor *noise) {
  if (!noise) return m->weight;
  vg_tensor *w = m->weight ? m->weight : zeros(m, 2 * m->channels, vg_size(m->strength, 1));
  return cat2(w, m->strength, 0);
}

/* (1 or N, 2 K or 3 K), or NULL. */
static vg_tensor *bias_of(const vg_modulation *m, const vg_tensor *noise, vg_tensor *style) {
  const int64_t k = m->channels;
  vg_tensor *b = m->bias ? vg_reshape(m->bias, (int64_t[]){1, 2 * k}, 2) : NULL;
  if (style) {
    const int64_t n = vg_size(style, 0), d = vg_size(style, 1);
    vg_tensor *products = vg_mul(vg_reshape(style, (int64_t[]){n, 1, d}, 3), m->style);
    vg_tensor *from_style = vg_sum_dims(products, (const int[]){2}, 1, false);
    b = b ? vg_add(from_style, b) : from_style;
  }
  if (!noise) return b;
  if (!b) b = zeros(m, 1, 2 * k);
  vg_tensor *s = vg_reshape(m->strength_bias, (int64_t[]){1, k}, 2);
  return cat2(b, vg_size(b, 0) > 1 ? vg_add(zeros(m, vg_size(b, 0), k), s) : s, 1);
}

vg_tensor *vg_modulation_apply(const vg_modulation *m, vg_tensor *y, vg_tensor *fractions, vg_tensor *noise,
                               vg_tensor *style, double slope, const vg_pass *pass) {
  vg_scope *s = vg_scope_push();
  if (!m->strength) noise = NULL;
  vg_modulation_terms t = {.weight = weight_of(m, noise),
                           .bias = bias_of(m, noise, style),
                           .noise = noise,
                           .norm = m->norm == VG_NORM_INSTANCE,
                           .eps = VG_NORM_EPS,
                           .slope = slope};
  if (m->conv)
    t.maps = vg_block_apply(&m->maps, vg_block_apply(&m->hidden, fractions, NULL, 0, pass), NULL, 1, pass);
  if (t.weight) t.fractions = fractions;
  return vg_scope_pop(s, vg_modulate(y, &t));
}
