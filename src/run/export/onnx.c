/* onnx.c: a listing as an ONNX model. Its messages are written in the wire format of protocol buffers: a
 * field is a key (number and type), then a varint, a 4-byte float, or a length and bytes. A few dozen lines
 * write it; the library of ONNX would bring protobuf's compiler and 20 MB to every build.
 *
 * Numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
#include "run/export/export.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "voxgan/version.h"

#define IR_VERSION 7
#define OPSET 13

/* ---- the wire format ---- */

static void add_varint(vg_str *m, uint64_t v) {
  uint8_t bytes[10];
  size_t n = 0;
  for (; v > 127; v >>= 7) bytes[n++] = (uint8_t)(v | 128);
  bytes[n++] = (uint8_t)v;
  vg_str_add_bytes(m, bytes, n);
}

static void put_int(vg_str *m, unsigned field, int64_t v) {
  add_varint(m, field << 3);
  add_varint(m, (uint64_t)v);
}

static void put_float(vg_str *m, unsigned field, float v) {
  add_varint(m, field << 3 | 5);
  vg_str_add_bytes(m, &v, sizeof v);
}

static void put_bytes(vg_str *m, unsigned field, const void *bytes, size_t n) {
  add_varint(m, field << 3 | 2);
  add_varint(m, n);
  vg_str_add_bytes(m, bytes, n);
}

static void put_text(vg_str *m, unsigned field, const char *text) {
  put_bytes(m, field, text, strlen(text));
}

/* Adds a message as a field, and empties it. */
static void put_message(vg_str *m, unsigned field, vg_str *message) {
  put_bytes(m, field, message->text, message->len);
  if (vg_str_failed(message)) m->failed = true;
  vg_str_release(message);
}

/* ---- messages ---- */

enum { FLOAT = 1, INT64 = 7 };                                                   /* TensorProto.DataType */
enum { ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT, ATTRIBUTE_TEXT, ATTRIBUTE_INTS = 7 }; /* AttributeProto.type */

static void put_tensor(vg_str *graph, const char *name, int type, const int64_t *shape, int ndim,
                       const void *bytes, size_t size) {
  vg_str t = VG_STR_INIT;
  for (int i = 0; i < ndim; i++) put_int(&t, 1, shape[i]);
  put_int(&t, 2, type);
  put_text(&t, 8, name);
  put_bytes(&t, 9, bytes, size);
  put_message(graph, 5, &t);
}

/* (N, channels, D, H, W); channels 0: as many as there are. */
static void put_value(vg_str *graph, unsigned field, const char *name, int channels) {
  static const char *const dims[] = {"N", "C", "D", "H", "W"};
  vg_str shape = VG_STR_INIT, tensor = VG_STR_INIT, type = VG_STR_INIT, value = VG_STR_INIT;
  for (int i = 0; i < 5; i++) {
    vg_str dim = VG_STR_INIT;
    if (i == 1 && channels) {
      put_int(&dim, 1, channels);
    } else if (i < 2 || !channels) {
      put_text(&dim, 2, dims[i]);
    } else { /* the extents of noise are those of its level */
      char own[24];
      snprintf(own, sizeof own, "%s_%s", name, dims[i]);
      put_text(&dim, 2, own);
    }
    put_message(&shape, 1, &dim);
  }
  put_int(&tensor, 1, FLOAT);
  put_message(&tensor, 2, &shape);
  put_message(&type, 1, &tensor);
  put_text(&value, 1, name);
  put_message(&value, 2, &type);
  put_message(graph, field, &value);
}

/* An operation while it is written. */
typedef struct node {
  vg_str *graph, m;
} node;

static node node_begin(vg_str *graph) {
  return (node){.graph = graph};
}

static void node_in(node *n, const char *name) {
  put_text(&n->m, 1, name);
}

static void node_ints(node *n, const char *name, const int *v, int count) {
  vg_str a = VG_STR_INIT;
  put_text(&a, 1, name);
  for (int i = 0; i < count; i++) put_int(&a, 8, v[i]);
  put_int(&a, 20, ATTRIBUTE_INTS);
  put_message(&n->m, 5, &a);
}

static void node_int(node *n, const char *name, int v) {
  vg_str a = VG_STR_INIT;
  put_text(&a, 1, name);
  put_int(&a, 3, v);
  put_int(&a, 20, ATTRIBUTE_INT);
  put_message(&n->m, 5, &a);
}

static void node_float(node *n, const char *name, double v) {
  vg_str a = VG_STR_INIT;
  put_text(&a, 1, name);
  put_float(&a, 2, (float)v);
  put_int(&a, 20, ATTRIBUTE_FLOAT);
  put_message(&n->m, 5, &a);
}

static void node_text(node *n, const char *name, const char *v) {
  vg_str a = VG_STR_INIT;
  put_text(&a, 1, name);
  put_text(&a, 4, v);
  put_int(&a, 20, ATTRIBUTE_TEXT);
  put_message(&n->m, 5, &a);
}

static void node_end(node *n, const char *operation, const char *out) {
  put_text(&n->m, 2, out);
  put_text(&n->m, 3, out);
  put_text(&n->m, 4, operation);
  put_message(n->graph, 1, &n->m);
}

/* ---- the listing ---- */

typedef struct onnx {
  const vg_exported *e;
  vg_str graph;
} onnx;

typedef char value_name[48];

static const char *name_of(const onnx *o, int value, value_name buf) {
  const vg_listing *f = o->e->listing;
  const vg_listing_step *s = &f->steps[value];
  if (s->kind == VG_LISTING_INPUT) return s->name;
  if (value == f->n - 1) return o->e->result;
  snprintf(buf, sizeof(value_name), "v%d", value);
  return buf;
}

static void add_in(const onnx *o, node *n, int value) {
  value_name buf;
  node_in(n, name_of(o, value, buf));
}

static void add_weights(const onnx *o, node *n, const vg_listing_step *s) {
  for (int i = 0; i < 2; i++)
    if (s->weight[i] != VG_NO_VALUE) node_in(n, o->e->listing->weights[s->weight[i]].name);
}

static void put_ints(vg_str *graph, const char *name, const int64_t *v, int64_t n) {
  put_tensor(graph, name, INT64, &n, 1, v, (size_t)n * sizeof *v);
}

/* The constants that operations share: positions of D, H, W in a shape, and a norm's gains and shifts. */
static vg_status add_constants(onnx *o) {
  const vg_listing *f = o->e->listing;
  put_ints(&o->graph, "axes_dhw", (const int64_t[]){2, 3, 4}, 3);
  put_ints(&o->graph, "from_dhw", (const int64_t[]){0, 0, 0}, 3);
  put_ints(&o->graph, "two", (const int64_t[]){2}, 1);
  put_ints(&o->graph, "five", (const int64_t[]){5}, 1);
  for (int i = 0; i < f->n; i++) {
    const int64_t n = f->steps[i].channels;
    bool first = f->steps[i].kind == VG_LISTING_NORM;
    for (int k = 0; k < i && first; k++)
      first = f->steps[k].kind != VG_LISTING_NORM || f->steps[k].channels != n;
    if (!first) continue;
    float *v = vg_calloc((size_t)n, sizeof *v);
    if (!v) return VG_MEMORY;
    value_name name;
    snprintf(name, sizeof name, "zeros_%lld", (long long)n);
    put_tensor(&o->graph, name, FLOAT, &n, 1, v, (size_t)n * sizeof *v);
    for (int64_t c = 0; c < n; c++) v[c] = 1;
    snprintf(name, sizeof name, "ones_%lld", (long long)n);
    put_tensor(&o->graph, name, FLOAT, &n, 1, v, (size_t)n * sizeof *v);
    vg_free(v);
  }
  return VG_OK;
}

static void add_convolution(onnx *o, int i, const char *out) {
  const vg_listing_step *s = &o->e->listing->steps[i];
  const bool up = s->kind == VG_LISTING_UPCONV;
  const int pads[6] = {s->pad[0], s->pad[1], s->pad[2], s->pad[0], s->pad[1], s->pad[2]};
  const int more[3] = {s->stride[0] - 1, s->stride[1] - 1, s->stride[2] - 1};
  value_name wide;
  snprintf(wide, sizeof wide, "v%d_wide", i);
  node n = node_begin(&o->graph);
  add_in(o, &n, s->in[0]);
  add_weights(o, &n, s);
  node_ints(&n, "strides", s->stride, 3);
  node_ints(&n, "pads", pads, 6);
  if (!up) {
    node_end(&n, "Conv", out);
    return;
  }
  /* As in torchscript.c: one voxel more than twice the size, and then the extents of in[1]. */
  node_ints(&n, "output_padding", more, 3);
  node_end(&n, "ConvTranspose", wide);
  value_name shape, extents;
  snprintf(shape, sizeof shape, "v%d_shape", i);
  snprintf(extents, sizeof extents, "v%d_extents", i);
  n = node_begin(&o->graph);
  add_in(o, &n, s->in[1]);
  node_end(&n, "Shape", shape);
  n = node_begin(&o->graph);
  node_in(&n, shape);
  node_in(&n, "two");
  node_in(&n, "five");
  node_end(&n, "Slice", extents);
  n = node_begin(&o->graph);
  node_in(&n, wide);
  node_in(&n, "from_dhw");
  node_in(&n, extents);
  node_in(&n, "axes_dhw");
  node_end(&n, "Slice", out);
}

static void add_reflect(onnx *o, int i, const char *out) {
  const vg_listing_step *s = &o->e->listing->steps[i];
  const int64_t pads[10] = {0, 0, s->pad[0], s->pad[1], s->pad[2], 0, 0, s->pad[0], s->pad[1], s->pad[2]};
  value_name name;
  snprintf(name, sizeof name, "v%d_pads", i);
  put_ints(&o->graph, name, pads, 10);
  node n = node_begin(&o->graph);
  add_in(o, &n, s->in[0]);
  node_in(&n, name);
  node_text(&n, "mode", "reflect");
  node_end(&n, "Pad", out);
}

static void add_scale(onnx *o, int i, const char *out) {
  const vg_listing *f = o->e->listing;
  const vg_listing_step *s = &f->steps[i];
  value_name product;
  snprintf(product, sizeof product, "v%d_product", i);
  node n = node_begin(&o->graph);
  add_in(o, &n, s->in[0]);
  node_in(&n, f->weights[s->weight[0]].name);
  node_end(&n, "Mul", product);
  n = node_begin(&o->graph);
  node_in(&n, product);
  node_in(&n, f->weights[s->weight[1]].name);
  node_end(&n, "Add", out);
}

/* As in torchscript.c: the mean of neighbours twice, the first time with one beyond each end, which does not
 * count. */
static void add_smooth(onnx *o, int i, const char *out) {
  static const int one[3] = {1, 1, 1};
  const vg_listing_step *s = &o->e->listing->steps[i];
  int pads[6];
  for (int a = 0; a < 6; a++) pads[a] = s->stride[a % 3] - 1;
  value_name between;
  snprintf(between, sizeof between, "v%d_between", i);
  node n = node_begin(&o->graph);
  add_in(o, &n, s->in[0]);
  node_ints(&n, "kernel_shape", s->stride, 3);
  node_ints(&n, "strides", one, 3);
  node_ints(&n, "pads", pads, 6);
  node_end(&n, "AveragePool", between);
  n = node_begin(&o->graph);
  node_in(&n, between);
  node_ints(&n, "kernel_shape", s->stride, 3);
  node_ints(&n, "strides", one, 3);
  node_end(&n, "AveragePool", out);
}

static void add_simple(onnx *o, int i, const char *out) {
  static const char *const operations[] = {[VG_LISTING_AVERAGE] = "AveragePool",
                                           [VG_LISTING_CAT] = "Concat",
                                           [VG_LISTING_ADD] = "Add",
                                           [VG_LISTING_MUL] = "Mul",
                                           [VG_LISTING_NORM] = "InstanceNormalization",
                                           [VG_LISTING_RELU] = "Relu",
                                           [VG_LISTING_LEAKY_RELU] = "LeakyRelu",
                                           [VG_LISTING_TANH] = "Tanh",
                                           [VG_LISTING_SOFTMAX] = "Softmax"};
  const vg_listing_step *s = &o->e->listing->steps[i];
  value_name name;
  node n = node_begin(&o->graph);
  for (int k = 0; k < 2; k++)
    if (s->in[k] != VG_NO_VALUE) add_in(o, &n, s->in[k]);
  if (s->kind == VG_LISTING_NORM) {
    snprintf(name, sizeof name, "ones_%d", s->channels);
    node_in(&n, name);
    snprintf(name, sizeof name, "zeros_%d", s->channels);
    node_in(&n, name);
    node_float(&n, "epsilon", s->number);
  }
  if (s->kind == VG_LISTING_AVERAGE) {
    node_ints(&n, "kernel_shape", s->stride, 3);
    node_ints(&n, "strides", s->stride, 3);
  }
  if (s->kind == VG_LISTING_CAT || s->kind == VG_LISTING_SOFTMAX) node_int(&n, "axis", 1);
  if (s->kind == VG_LISTING_LEAKY_RELU) node_float(&n, "alpha", s->number);
  node_end(&n, operations[s->kind], out);
}

static void add_step(onnx *o, int i) {
  value_name buf;
  const char *out = name_of(o, i, buf);
  switch (o->e->listing->steps[i].kind) {
  case VG_LISTING_INPUT:
    break;
  case VG_LISTING_CONV:
  case VG_LISTING_UPCONV:
    add_convolution(o, i, out);
    break;
  case VG_LISTING_REFLECT:
    add_reflect(o, i, out);
    break;
  case VG_LISTING_SCALE:
    add_scale(o, i, out);
    break;
  case VG_LISTING_SMOOTH:
    add_smooth(o, i, out);
    break;
  default:
    add_simple(o, i, out);
  }
}

static void put_pair(vg_str *m, unsigned field, const char *key, const char *value) {
  vg_str pair = VG_STR_INIT;
  put_text(&pair, 1, key);
  put_text(&pair, 2, value);
  put_message(m, field, &pair);
}

vg_status vg_export_onnx(const char *path, const vg_exported *e) {
  onnx o = {.e = e, .graph = VG_STR_INIT};
  const vg_listing *f = e->listing;
  vg_str model = VG_STR_INIT, opset = VG_STR_INIT;
  for (int i = 0; i < f->n; i++) add_step(&o, i);
  put_text(&o.graph, 2, "voxgan");
  for (int i = 0; i < f->n_weights; i++) {
    const vg_listing_weight *w = &f->weights[i];
    put_tensor(&o.graph, w->name, FLOAT, w->shape, w->ndim, w->values,
               vg_listing_elements(w) * sizeof *w->values);
  }
  vg_status st = add_constants(&o);
  for (int i = 0; i < f->n; i++)
    if (f->steps[i].kind == VG_LISTING_INPUT) put_value(&o.graph, 11, f->steps[i].name, f->steps[i].channels);
  put_value(&o.graph, 12, e->result, 0);
  put_int(&model, 1, IR_VERSION);
  put_text(&model, 2, "voxgan");
  put_text(&model, 3, vg_version());
  put_message(&model, 7, &o.graph);
  put_int(&opset, 2, OPSET);
  put_message(&model, 8, &opset);
  put_pair(&model, 14, "voxgan", e->about);
  if (!st && vg_str_failed(&model)) st = VG_MEMORY;
  if (!st && model.len > INT_MAX) st = vg_fail(VG_FAILED, "%s: ONNX files hold at most 2 GiB", path);
  if (!st) st = vg_fs_write_atomic(path, model.text, model.len);
  vg_str_release(&model);
  return st;
}
