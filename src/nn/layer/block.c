/* block.c: named parameters and the conv + norm + activation block. */
#include "nn/layer/block.h"
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/str.h"

#define NORM_MOMENTUM 0.1

/* ---- parameters ---- */

void vg_params_release(vg_params *p) {
  for (int i = 0; i < p->n; i++) vg_release(p->list[i].value);
  vg_free(p->list);
  p->list = NULL;
  p->n = p->cap = 0;
}

void vg_params_requires_grad(vg_params *p, bool on) {
  for (int i = 0; i < p->n; i++)
    if (p->list[i].trained) vg_requires_grad(p->list[i].value, on);
}

void vg_params_zero_grad(vg_params *p) {
  for (int i = 0; i < p->n; i++)
    if (p->list[i].trained) vg_zero_grad(p->list[i].value);
}

/* N(mean, sd) from a stream of the tensor's own name, so that a value depends on neither device,
 * library, nor which tensors were made before. */
static vg_tensor *initial(const vg_params *p, const char *name, const int64_t *shape, int ndim, double mean,
                          double sd) {
  char purpose[80];
  size_t n = 1;
  for (int i = 0; i < ndim; i++) n *= (size_t)shape[i];
  float *v = vg_malloc(n, sizeof *v);
  if (!v) return NULL;
  snprintf(purpose, sizeof purpose, "init %s%s", p->prefix, name);
  vg_rng r = vg_rng_init(p->seed, vg_rng_key(purpose, 0, 0));
  for (size_t i = 0; i < n; i++) v[i] = sd > 0 ? (float)(mean + sd * vg_rng_normal(&r)) : (float)mean;
  vg_tensor *t = vg_tensor_from(v, shape, ndim, p->device);
  vg_free(v);
  return t;
}

static void add_shape(vg_str *s, const int64_t *shape, int ndim) {
  for (int k = 0; k < ndim; k++) vg_str_addf(s, "%s%lld", k ? "x" : "", (long long)shape[k]);
}

void vg_params_add_shapes(vg_str *text, const vg_st_entry *e, const int64_t *shape, int ndim) {
  add_shape(text, e->shape, e->ndim);
  vg_str_add(text, ", wanted ");
  add_shape(text, shape, ndim);
}

vg_status vg_params_check_entry(const vg_st_file *file, const char *file_name, const char *name,
                                const int64_t *shape, int ndim) {
  const vg_st_entry *e = vg_st_find(file, name);
  if (!e)
    return vg_fail(VG_DATA, "%s: no tensor \"%s\"; the model is of another kind or size", file_name, name);
  bool same = e->ndim == ndim;
  for (int k = 0; k < ndim && same; k++) same = e->shape[k] == shape[k];
  if (same) return VG_OK;
  vg_str text = VG_STR_INIT;
  vg_params_add_shapes(&text, e, shape, ndim);
  vg_status st = vg_fail(VG_DATA, "%s: tensor \"%s\" has shape %s", file_name, name, vg_str_text(&text));
  vg_str_release(&text);
  return st;
}

vg_tensor *vg_params_add(vg_params *p, const char *block, const char *what, const int64_t *shape, int ndim,
                         double mean, double sd, bool trained) {
  if (p->status) return NULL;
  if (p->counting) {
    double n = 1;
    for (int i = 0; i < ndim; i++) n *= (double)shape[i];
    p->floats += n;
    if (p->in_file) {
      char name[80];
      snprintf(name, sizeof name, "%s%s%s.%s", p->prefix, p->within, block, what);
      p->status = vg_params_check_entry(p->in_file, p->file_name, name, shape, ndim);
    }
    return NULL;
  }
  if (p->n == p->cap) {
    int cap = p->cap ? 2 * p->cap : 32;
    vg_param *list = vg_realloc(p->list, (size_t)cap, sizeof *list);
    if (!list) {
      p->status = VG_MEMORY;
      return NULL;
    }
    p->list = list;
    p->cap = cap;
  }
  vg_param *q = &p->list[p->n];
  snprintf(q->name, sizeof q->name, "%s%s.%s", p->within, block, what);
  q->trained = trained;
  vg_scope *s = vg_scope_push();
  q->value = initial(p, q->name, shape, ndim, mean, sd);
  if (q->value) {
    if (trained) vg_requires_grad(q->value, true);
    vg_retain(q->value);
    p->n++;
  } else {
    p->status = vg_tensor_check();
    if (!p->status) p->status = VG_MEMORY;
  }
  vg_scope_pop(s, NULL);
  return p->status ? NULL : q->value;
}

/* ---- blocks ---- */

vg_block vg_block_make(vg_params *p, const vg_block_def *def) {
  const bool resize = def->up && def->upsample != VG_UPSAMPLE_TRANSPOSED, transposed = def->up && !resize;
  vg_block b = {.up = def->up, .resize = resize, .reflect = def->reflect, .norm = def->norm};
  b.smooth = resize && def->upsample == VG_UPSAMPLE_LINEAR;
  snprintf(b.name, sizeof b.name, "%s%s", p->prefix, def->name);
  memcpy(b.geo.stride, def->stride, sizeof b.geo.stride);
  memcpy(b.geo.pad, def->pad, sizeof b.geo.pad);
  int64_t shape[5] = {transposed ? def->in : def->out, transposed ? def->out : def->in};
  int64_t channels = def->out;
  double taps = 1;
  for (int a = 0; a < 3; a++) {
    shape[a + 2] = resize && def->stride[a] == 2 ? 3 : def->kernel[a];
    taps *= def->kernel[a];
  }
  if (resize) p->derived += taps * def->in * def->out;
  b.w = vg_params_add(p, def->name, "weight", shape, 5, 0, p->sd, true);
  if (p->spectral) b.weight_u = vg_params_add(p, def->name, "weight_u", shape, 1, 0, 1, false);
  if (def->norm == VG_NORM_NONE) b.b = vg_params_add(p, def->name, "bias", &channels, 1, 0, 0, true);
  if (def->norm == VG_NORM_BATCH) {
    if (!def->modulated) {
      b.norm_weight = vg_params_add(p, def->name, "norm.weight", &channels, 1, 1, p->sd, true);
      b.norm_bias = vg_params_add(p, def->name, "norm.bias", &channels, 1, 0, 0, true);
    }
    b.running_mean = vg_params_add(p, def->name, "norm.running_mean", &channels, 1, 0, 0, false);
    b.running_var = vg_params_add(p, def->name, "norm.running_var", &channels, 1, 1, 0, false);
  }
  return b;
}

/* a / |a| */
static vg_tensor *unit(vg_tensor *a) {
  return vg_div(a, vg_scale(vg_sqrt(vg_sum(vg_square(a))), 1, 1e-12));
}

static vg_tensor *as_matrix(vg_tensor *w) {
  int64_t rows = vg_size(w, 0), shape[2] = {rows, rows ? vg_numel(w) / rows : 0};
  return vg_reshape(w, shape, 2);
}

/* v, as a row, of the matrix w and the column u */
static vg_tensor *right_vector(vg_tensor *w, vg_tensor *u) {
  return unit(vg_sum_dims(vg_mul(w, u), (const int[]){0}, 1, true));
}

static vg_tensor *column(vg_tensor *u) {
  return vg_reshape(u, (const int64_t[]){vg_size(u, 0), 1}, 2);
}

vg_tensor *vg_block_weight(const vg_block *b) {
  if (!b->weight_u) return b->w;
  vg_scope *s = vg_scope_push();
  vg_tensor *w = as_matrix(b->w), *u = column(b->weight_u);
  bool before = vg_no_grad(true);
  u = unit(u); /* as drawn it has another length */
  vg_tensor *outer = vg_mul(u, right_vector(w, u));
  vg_no_grad(before);
  return vg_scope_pop(s, vg_div(b->w, vg_sum(vg_mul(w, outer))));
}

void vg_block_iterate(const vg_block *b) {
  if (!b->weight_u) return;
  bool before = vg_no_grad(true);
  vg_scope *s = vg_scope_push();
  vg_tensor *w = as_matrix(b->w), *v = right_vector(w, column(b->weight_u));
  vg_tensor *u = unit(vg_sum_dims(vg_mul(w, v), (const int[]){1}, 1, false));
  vg_tensor_lerp(b->weight_u, u, 1);
  vg_scope_pop(s, NULL);
  vg_no_grad(before);
}

/* ReLU at 0, nothing at 1. */
static vg_tensor *activate(vg_tensor *y, double slope) {
  if (slope >= 1) return y;
  return slope > 0 ? vg_leaky_relu(y, slope) : vg_relu(y);
}

vg_tensor *vg_block_batch_norm(const vg_block *b, vg_tensor *y, const vg_pass *pass) {
  if (b->norm != VG_NORM_BATCH) return y;
  return vg_batch_norm(y, b->norm_weight, b->norm_bias, b->running_mean, b->running_var, pass->training,
                       pass->update_stats ? NORM_MOMENTUM : 0, VG_NORM_EPS);
}

static vg_tensor *norm_act(const vg_block *b, vg_tensor *y, double slope, const vg_pass *pass) {
  if (b->norm == VG_NORM_INSTANCE) return vg_instance_norm_act(y, VG_NORM_EPS, slope);
  return activate(vg_block_batch_norm(b, y, pass), slope);
}

vg_tensor *vg_block_convolve(const vg_block *b, vg_tensor *x0, vg_tensor *x1, const int out[3]) {
  vg_scope *s = vg_scope_push();
  vg_profile_layer(b->name);
  vg_tensor *w = vg_block_weight(b), *y;
  if (b->resize) w = vg_resize_weight(w, b->geo.stride);
  if (b->up) {
    y = x1 ? vg_upconv3d_cat(x0, x1, w, b->b, b->geo.stride, out)
           : vg_upconv3d(x0, w, b->b, b->geo.stride, out);
    if (b->smooth) y = vg_smooth3d(y, b->geo.stride);
  } else if (b->reflect) {
    vg_conv_geo bare = {.stride = {b->geo.stride[0], b->geo.stride[1], b->geo.stride[2]}};
    y = vg_conv3d(vg_reflect_pad3d(x0, b->geo.pad), w, b->b, &bare);
  } else {
    y = x1 ? vg_conv3d_cat(x0, x1, w, b->b, &b->geo) : vg_conv3d(x0, w, b->b, &b->geo);
  }
  return vg_scope_pop(s, y);
}

vg_tensor *vg_block_apply(const vg_block *b, vg_tensor *x, const int out[3], double slope,
                          const vg_pass *pass) {
  vg_scope *s = vg_scope_push();
  return vg_scope_pop(s, norm_act(b, vg_block_convolve(b, x, NULL, out), slope, pass));
}

vg_tensor *vg_block_apply_pair(const vg_block *b, vg_tensor *x0, vg_tensor *x1, const int out[3],
                               double slope, const vg_pass *pass) {
  vg_scope *s = vg_scope_push();
  return vg_scope_pop(s, norm_act(b, vg_block_convolve(b, x0, x1, out), slope, pass));
}

typedef struct repeated {
  vg_stage stage;
  vg_pass pass;
} repeated;

static vg_tensor *run_repeated(const void *context, vg_tensor *const in[VG_SEGMENT_INPUTS], vg_rand *rand,
                               bool again) {
  repeated r = *(const repeated *)context;
  r.pass.rand = rand;
  r.stage.style = in[2];
  if (again) r.pass.update_stats = false;
  return r.stage.run(&r.stage, in[0], in[1], &r.pass);
}

vg_tensor *vg_stage_run(const vg_stage *s, vg_tensor *a, vg_tensor *b, const vg_pass *pass) {
  if (!pass->recompute) return s->run(s, a, b, pass);
  const repeated r = {*s, *pass};
  return vg_recompute(run_repeated, &r, sizeof r, (vg_tensor *[VG_SEGMENT_INPUTS]){a, b, s->style},
                      pass->rand);
}

vg_tensor *vg_output(vg_tensor *y, bool softmax) {
  return softmax ? vg_softmax(y, 1) : vg_tanh(y);
}

vg_tensor *vg_pass_dropout(vg_tensor *y, const vg_pass *pass) {
  return pass->training && pass->dropout > 0 ? vg_dropout(y, pass->dropout, pass->rand) : y;
}
