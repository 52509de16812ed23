/* detector.c: trains a small network to tell two groups of patches apart, and asks it about others. */
#include "eval/detect/detector.h"

#include <math.h>
#include <string.h>
#include "base/mem.h"
#include "base/pool.h"
#include "nn/gan/optim.h"
#include "nn/layer/block.h"
#include "voxgan/log.h"

enum { LAYERS = 4, HALF = 16, BATCH = 2 * HALF, ASKED_AT_ONCE = 128 };
#define RATE 2e-3

typedef struct network {
  vg_params params;
  vg_block layer[LAYERS], last;
  vg_adam adam;
} network;

static vg_status build(network *net, int channels, uint64_t seed) {
  static const int width[LAYERS] = {16, 24, 48, 64};
  int in = channels;
  net->params = (vg_params){.prefix = "detector.", .seed = seed};
  for (int i = 0; i < LAYERS; i++) {
    const char name[] = {(char)('0' + i), '\0'};
    const int stride = i ? 2 : 1;
    /* He's initial weights keep the scale of activations without a norm, which would hide how noisy a patch
     * is. */
    net->params.sd = sqrt(2.0 / (9 * in));
    net->layer[i] = vg_block_make(&net->params, &(vg_block_def){.name = name,
                                                                .in = in,
                                                                .out = width[i],
                                                                .kernel = {1, 3, 3},
                                                                .stride = {1, stride, stride},
                                                                .pad = {0, 1, 1},
                                                                .norm = VG_NORM_NONE});
    in = width[i];
  }
  net->params.sd = sqrt(1.0 / in);
  net->last = vg_block_make(&net->params, &(vg_block_def){.name = "last",
                                                          .in = in,
                                                          .out = 1,
                                                          .kernel = {1, 1, 1},
                                                          .stride = {1, 1, 1},
                                                          .norm = VG_NORM_NONE});
  return net->params.status ? net->params.status : vg_adam_init(&net->adam, &net->params, 0.9, 0.999);
}

static vg_tensor *apply(const network *net, vg_tensor *x) {
  static const int space[] = {2, 3, 4};
  const vg_pass pass = {.training = true};
  for (int i = 0; i < LAYERS; i++) x = vg_block_apply(&net->layer[i], x, NULL, 0.2, &pass);
  const double voxels = (double)(vg_size(x, 3) * vg_size(x, 4));
  x = vg_scale(vg_sum_dims(x, space, 3, true), 1 / voxels, 0);
  return vg_block_apply(&net->last, x, NULL, 1, &pass);
}

/* Copies a patch as floats, mirrored along x if asked to. */
static void copy_patch(const vg_detector_options *o, size_t index, bool mirror, float *out) {
  const uint8_t *from = o->patches[index];
  const int rows = o->channels * o->edge;
  for (int r = 0; r < rows; r++, from += o->edge, out += o->edge)
    for (int x = 0; x < o->edge; x++) out[x] = (float)from[mirror ? o->edge - 1 - x : x] / 127.5F - 1;
}

/* Lists the patches that train, the first group's before the second's. Returns how many the first has. */
static size_t list_training(const vg_detector_options *o, size_t *list, size_t *n) {
  size_t first = 0;
  *n = 0;
  for (int group = 0; group < 2; group++) {
    for (size_t i = 0; i < o->n; i++) {
      if (o->use[i] == VG_DETECTOR_TRAINS && o->second[i] == group) list[(*n)++] = i;
    }
    if (!group) first = *n;
  }
  return first;
}

static vg_status step(network *net, const vg_detector_options *o, const size_t *list, size_t first, size_t n,
                      int64_t t, float *inputs) {
  const size_t each = (size_t)o->channels * (size_t)o->edge * (size_t)o->edge;
  float sign[BATCH];
  vg_rng r = vg_rng_init(o->seed, vg_rng_key("detector batch", (uint64_t)t, 0));
  for (size_t k = 0; k < BATCH; k++) {
    const size_t i = k < HALF ? vg_rng_below(&r, first) : first + vg_rng_below(&r, n - first);
    copy_patch(o, list[i], vg_rng_u32(&r) & 1, inputs + k * each);
    sign[k] = k < HALF ? 1 : -1;
  }
  const double at = (double)(t - 1) / o->steps;
  vg_scope *scope = vg_scope_push();
  vg_params_zero_grad(&net->params);
  vg_tensor *x = vg_tensor_from(inputs, (const int64_t[]){BATCH, o->channels, 1, o->edge, o->edge}, 5,
                                net->params.device);
  vg_tensor *s = vg_tensor_from(sign, (const int64_t[]){BATCH, 1, 1, 1, 1}, 5, net->params.device);
  vg_backward(vg_mean(vg_softplus(vg_mul(apply(net, x), s))));
  vg_status st = vg_tensor_check();
  if (!st)
    st = vg_adam_update(&net->adam, RATE * 0.5 * (1 + cos(3.14159265358979323846 * at)), t, NULL, NULL);
  vg_scope_pop(scope, NULL);
  return st;
}

static vg_status train(network *net, const vg_detector_options *o, float *inputs) {
  size_t n, *list = VG_NEW_N(size_t, o->n);
  if (!list) return VG_MEMORY;
  const size_t first = list_training(o, list, &n);
  vg_status st = VG_OK;
  if (!first || first == n) st = vg_fail(VG_DATA, "a group has no patch to train on");
  for (int64_t t = 1; t <= o->steps && !st; t++) {
    if (vg_interrupted()) st = vg_fail(VG_INTERRUPTED, "interrupted");
    if (!st) st = step(net, o, list, first, n, t, inputs);
  }
  vg_free(list);
  return st;
}

static vg_status ask(const network *net, const vg_detector_options *o, float *inputs, float *logits) {
  const size_t each = (size_t)o->channels * (size_t)o->edge * (size_t)o->edge;
  size_t asked[ASKED_AT_ONCE];
  float found[ASKED_AT_ONCE];
  vg_status st = VG_OK;
  for (size_t i = 0; i < o->n && !st;) {
    size_t n = 0;
    for (; i < o->n && n < ASKED_AT_ONCE; i++) {
      if (o->use[i] != VG_DETECTOR_ASKED) continue;
      copy_patch(o, i, false, inputs + n * each);
      asked[n++] = i;
    }
    if (!n) break;
    vg_scope *scope = vg_scope_push();
    const int64_t shape[] = {(int64_t)n, o->channels, 1, o->edge, o->edge};
    vg_tensor *y = apply(net, vg_tensor_from(inputs, shape, 5, net->params.device));
    st = vg_tensor_check();
    if (!st) st = vg_tensor_copy_out(y, found, n);
    vg_scope_pop(scope, NULL);
    for (size_t k = 0; k < n && !st; k++) logits[asked[k]] = found[k];
  }
  return st;
}

vg_status vg_detector_train(const vg_detector_options *o, float *logits) {
  const size_t each = (size_t)o->channels * (size_t)o->edge * (size_t)o->edge;
  network net = {0};
  if (!o->n) return VG_OK;
  /* One thread a network: sums then have one order, and several networks train side by side. */
  vg_tensor_threads(1);
  float *inputs = vg_malloc(ASKED_AT_ONCE * each, sizeof *inputs);
  vg_status st = inputs ? build(&net, o->channels, o->seed) : VG_MEMORY;
  if (!st) st = train(&net, o, inputs);
  const bool before = vg_no_grad(true);
  if (!st) st = ask(&net, o, inputs, logits);
  vg_no_grad(before);
  vg_adam_release(&net.adam);
  vg_params_release(&net.params);
  vg_free(inputs);
  return st;
}
