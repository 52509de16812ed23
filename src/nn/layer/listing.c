/* listing.c: see listing.h and listing_make.h. */
#include "nn/layer/listing_make.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"

void vg_listing_release(vg_listing *f) {
  for (int i = 0; i < f->n_weights; i++) vg_free(f->weights[i].values);
  vg_free(f->weights);
  vg_free(f->steps);
  *f = (vg_listing){0};
}

size_t vg_listing_elements(const vg_listing_weight *w) {
  size_t n = 1;
  for (int i = 0; i < w->ndim; i++) n *= (size_t)w->shape[i];
  return n;
}

/* ---- steps and weights ---- */

static int add(vg_listing *f, vg_listing_step step) {
  if (f->status) return VG_NO_VALUE;
  if (f->n == f->cap) {
    const int cap = f->cap ? 2 * f->cap : 64;
    vg_listing_step *steps = vg_realloc(f->steps, (size_t)cap, sizeof *steps);
    if (!steps) {
      f->status = VG_MEMORY;
      return VG_NO_VALUE;
    }
    f->steps = steps;
    f->cap = cap;
  }
  f->steps[f->n] = step;
  return f->n++;
}

static vg_listing_step step_of(vg_listing_kind kind, int a, int b) {
  return (vg_listing_step){.kind = kind, .in = {a, b}, .weight = {VG_NO_VALUE, VG_NO_VALUE}};
}

/* A weight of zeros named "block_what"; VG_NO_VALUE after a failure. */
static int weight_new(vg_listing *f, const char *block, const char *what, const int64_t *shape, int ndim) {
  if (f->status) return VG_NO_VALUE;
  if (f->n_weights == f->cap_weights) {
    const int cap = f->cap_weights ? 2 * f->cap_weights : 64;
    vg_listing_weight *weights = vg_realloc(f->weights, (size_t)cap, sizeof *weights);
    if (!weights) f->status = VG_MEMORY;
    if (!weights) return VG_NO_VALUE;
    f->weights = weights;
    f->cap_weights = cap;
  }
  vg_listing_weight *w = &f->weights[f->n_weights];
  *w = (vg_listing_weight){.ndim = ndim};
  memcpy(w->shape, shape, (size_t)ndim * sizeof *shape);
  snprintf(w->name, sizeof w->name, "%s_%s", block, what);
  for (char *c = w->name; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  w->values = vg_calloc(vg_listing_elements(w), sizeof *w->values);
  if (!w->values) {
    f->status = VG_MEMORY;
    return VG_NO_VALUE;
  }
  return f->n_weights++;
}

/* The values of a tensor (vg_free), or NULL with the listing's status set. */
static float *values_of(vg_listing *f, const vg_tensor *t) {
  if (f->status) return NULL;
  const size_t n = (size_t)vg_numel(t);
  float *v = vg_malloc(n ? n : 1, sizeof *v);
  f->status = !v ? VG_MEMORY : vg_tensor_check();
  if (!f->status) f->status = vg_tensor_copy_out(t, v, n);
  if (!f->status) return v;
  vg_free(v);
  return NULL;
}

/* Rows `from` to `from + rows` of a tensor, each plus offset. A matrix becomes the weight of a k1
 * convolution. */
static int weight_rows(vg_listing *f, const char *block, const char *what, const vg_tensor *t, int64_t from,
                       int64_t rows, double offset) {
  if (!t) return VG_NO_VALUE;
  const int dims = vg_ndim(t), ndim = dims == 2 ? 5 : dims;
  int64_t shape[5] = {1, 1, 1, 1, 1};
  for (int i = 0; i < dims; i++) shape[i] = vg_size(t, i);
  const int64_t row = shape[0] ? vg_numel(t) / shape[0] : 0;
  shape[0] = rows;
  float *v = values_of(f, t);
  const int w = v ? weight_new(f, block, what, shape, ndim) : VG_NO_VALUE;
  for (int64_t i = 0; w != VG_NO_VALUE && i < rows * row; i++)
    f->weights[w].values[i] = (float)((double)v[from * row + i] + offset);
  vg_free(v);
  return w;
}

static int whole_weight(vg_listing *f, const char *block, const char *what, const vg_tensor *t) {
  return weight_rows(f, block, what, t, 0, vg_size(t, 0), 0);
}

/* ---- operations ---- */

int vg_listing_input(vg_listing *f, const char *name, int channels, const int scale[3]) {
  vg_listing_step s = step_of(VG_LISTING_INPUT, VG_NO_VALUE, VG_NO_VALUE);
  s.channels = channels;
  if (scale) memcpy(s.stride, scale, sizeof s.stride);
  snprintf(s.name, sizeof s.name, "%s", name);
  return add(f, s);
}

int vg_listing_add(vg_listing *f, int a, int b) {
  return add(f, step_of(VG_LISTING_ADD, a, b));
}

int vg_listing_relu(vg_listing *f, int a) {
  return add(f, step_of(VG_LISTING_RELU, a, VG_NO_VALUE));
}

static int pool(vg_listing *f, vg_listing_kind kind, int a, const int stride[3]) {
  vg_listing_step s = step_of(kind, a, VG_NO_VALUE);
  memcpy(s.stride, stride, sizeof s.stride);
  return add(f, s);
}

int vg_listing_average(vg_listing *f, int a, const int stride[3]) {
  return pool(f, VG_LISTING_AVERAGE, a, stride);
}

int vg_listing_smooth(vg_listing *f, int a, const int stride[3]) {
  return pool(f, VG_LISTING_SMOOTH, a, stride);
}

int vg_listing_output(vg_listing *f, int a, bool softmax) {
  return add(f, step_of(softmax ? VG_LISTING_SOFTMAX : VG_LISTING_TANH, a, VG_NO_VALUE));
}

static int activate(vg_listing *f, int y, double slope) {
  if (slope >= 1) return y;
  if (slope <= 0) return vg_listing_relu(f, y);
  vg_listing_step s = step_of(VG_LISTING_LEAKY_RELU, y, VG_NO_VALUE);
  s.number = slope;
  return add(f, s);
}

static int instance_norm(vg_listing *f, int y, int channels) {
  vg_listing_step s = step_of(VG_LISTING_NORM, y, VG_NO_VALUE);
  s.channels = channels;
  s.number = VG_NORM_EPS;
  return add(f, s);
}

static int conv(vg_listing *f, int x, int weight, int bias, const vg_conv_geo *geo) {
  vg_listing_step s = step_of(VG_LISTING_CONV, x, VG_NO_VALUE);
  s.weight[0] = weight;
  s.weight[1] = bias;
  memcpy(s.stride, geo->stride, sizeof s.stride);
  memcpy(s.pad, geo->pad, sizeof s.pad);
  return add(f, s);
}

/* Output channels of a block. */
static int channels_of(const vg_block *b) {
  return (int)vg_size(b->w, b->up && !b->resize ? 1 : 0);
}

int vg_listing_convolve(vg_listing *f, const vg_block *b, int x0, int x1, int like) {
  vg_scope *scope = vg_scope_push();
  const bool before = vg_no_grad(true);
  vg_tensor *w = vg_block_weight(b);
  if (b->resize) w = vg_resize_weight(w, b->geo.stride);
  int x = x1 == VG_NO_VALUE ? x0 : add(f, step_of(VG_LISTING_CAT, x0, x1));
  vg_conv_geo geo = b->geo;
  if (b->reflect) {
    vg_listing_step s = step_of(VG_LISTING_REFLECT, x, VG_NO_VALUE);
    memcpy(s.pad, geo.pad, sizeof s.pad);
    if (s.pad[0] || s.pad[1] || s.pad[2]) x = add(f, s);
    memset(geo.pad, 0, sizeof geo.pad);
  }
  const int weight = whole_weight(f, b->name, "weight", w), bias = whole_weight(f, b->name, "bias", b->b);
  if (b->up) { /* vg_upconv3d keeps the size along an axis of stride 1, and knows its padding itself */
    for (int a = 0; a < 3; a++) geo.pad[a] = vg_size(w, a + 2) > 1;
  }
  int y = conv(f, x, weight, bias, &geo);
  if (b->up && y != VG_NO_VALUE) {
    f->steps[y].kind = VG_LISTING_UPCONV;
    f->steps[y].in[1] = like;
  }
  if (b->smooth) y = vg_listing_smooth(f, y, b->geo.stride);
  vg_no_grad(before);
  vg_scope_pop(scope, NULL);
  return y;
}

int vg_listing_batch_norm(vg_listing *f, const vg_block *b, int y) {
  if (b->norm != VG_NORM_BATCH) return y;
  float *mean = values_of(f, b->running_mean), *var = values_of(f, b->running_var);
  float *gain = b->norm_weight ? values_of(f, b->norm_weight) : NULL;
  float *shift = b->norm_bias ? values_of(f, b->norm_bias) : NULL;
  const int64_t shape[4] = {channels_of(b), 1, 1, 1};
  const int factor = weight_new(f, b->name, "gain", shape, 4),
            offset = weight_new(f, b->name, "shift", shape, 4);
  for (int64_t c = 0; !f->status && c < shape[0]; c++) {
    const double k = (gain ? (double)gain[c] : 1) / sqrt((double)var[c] + VG_NORM_EPS);
    f->weights[factor].values[c] = (float)k;
    f->weights[offset].values[c] = (float)((shift ? (double)shift[c] : 0) - k * (double)mean[c]);
  }
  vg_free(mean);
  vg_free(var);
  vg_free(gain);
  vg_free(shift);
  vg_listing_step s = step_of(VG_LISTING_SCALE, y, VG_NO_VALUE);
  s.weight[0] = factor;
  s.weight[1] = offset;
  return add(f, s);
}

int vg_listing_block(vg_listing *f, const vg_block *b, int x0, int x1, int like, double slope) {
  const int y = vg_listing_convolve(f, b, x0, x1, like);
  if (b->norm == VG_NORM_INSTANCE) return activate(f, instance_norm(f, y, channels_of(b)), slope);
  return activate(f, vg_listing_batch_norm(f, b, y), slope);
}

/* ---- modulation ---- */

static const vg_conv_geo k1 = {.stride = {1, 1, 1}};

/* Gain (first: 1 is added) or shift of each voxel: half of the rows of all that makes them. */
static int half_of(vg_listing *f, const vg_modulation *m, bool first, int fractions, int hidden, int style) {
  const int64_t from = first ? 0 : m->channels;
  const char *const what = first ? "gain" : "shift";
  const vg_tensor *weight = m->conv ? m->maps.w : m->weight, *bias = m->conv ? m->maps.b : m->bias;
  char name[32];
  snprintf(name, sizeof name, "%s_bias", what);
  const int w = weight_rows(f, m->name, what, weight, from, m->channels, 0);
  const int b = weight_rows(f, m->name, name, bias, from, m->channels, first ? 1 : 0);
  int y = conv(f, m->conv ? hidden : fractions, w, b, m->conv ? &m->maps.geo : &k1);
  if (style == VG_NO_VALUE) return y;
  snprintf(name, sizeof name, "%s_style", what);
  const int s = weight_rows(f, m->name, name, m->style, from, m->channels, 0);
  return vg_listing_add(f, y, conv(f, style, s, VG_NO_VALUE, &k1));
}

int vg_listing_noise(vg_listing *f, const vg_modulation *m, int level, const int scale[3]) {
  char name[16];
  snprintf(name, sizeof name, "noise_%d", level);
  return m->strength ? vg_listing_input(f, name, 1, scale) : VG_NO_VALUE;
}

void vg_listing_draw(vg_listing *f, const vg_modulation at[], const int stride[][3], int levels, int x,
                     int fractions[], int noise[]) {
  int scale[3] = {1, 1, 1};
  for (int i = 0; i < levels; i++) {
    noise[i] = vg_listing_noise(f, &at[i], i, scale);
    fractions[i] = !i || noise[i] == VG_NO_VALUE ? x : vg_listing_average(f, fractions[i - 1], stride[i - 1]);
    for (int a = 0; a < 3; a++) scale[a] *= stride[i][a];
  }
}

int vg_listing_modulate(vg_listing *f, const vg_modulation *m, int y, int fractions, int noise, int style,
                        double slope) {
  const int hidden =
      m->conv ? vg_listing_block(f, &m->hidden, fractions, VG_NO_VALUE, VG_NO_VALUE, 0) : VG_NO_VALUE;
  if (m->norm == VG_NORM_INSTANCE) y = instance_norm(f, y, m->channels);
  if (m->conv || m->weight) {
    const int gain = half_of(f, m, true, fractions, hidden, style);
    const int shift = half_of(f, m, false, fractions, hidden, style);
    y = vg_listing_add(f, add(f, step_of(VG_LISTING_MUL, y, gain)), shift);
  }
  if (m->strength && noise != VG_NO_VALUE) {
    const int strength = conv(f, fractions, whole_weight(f, m->name, "noise", m->strength),
                              whole_weight(f, m->name, "noise_bias", m->strength_bias), &k1);
    y = vg_listing_add(f, y, add(f, step_of(VG_LISTING_MUL, strength, noise)));
  }
  return activate(f, y, slope);
}
