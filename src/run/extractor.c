/* extractor.c: a TorchScript network that makes features of images. */
#include "voxgan/evaluate.h"
#include "run/machine.h"
#include "run/entry.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "voxgan/log.h"
#include "base/pool.h"
#include "base/mem.h"
#include "base/text/plural.h"
#include "voxgan/run.h"
#include "tensor/tensor.h"

typedef struct network {
  vg_script *script;
  vg_device device;
  pthread_mutex_t lock; /* libtorch has threads of its own: one batch at a time */
} network;

static size_t input_size(const vg_extractor *x) {
  size_t n = (size_t)x->channels * (size_t)x->size * (size_t)x->size;
  return x->flat ? n : n * (size_t)x->size;
}

/* Runs the network on n inputs, and averages over all but the first two axes. *dims 0: gets the number of
 * features; otherwise the network must give that many. */
static vg_status run(const vg_extractor *x, const float *inputs, size_t n, size_t *dims, float *out) {
  const network *net = x->own;
  const int64_t shape[] = {(int64_t)n, x->channels, x->size, x->size, x->size};
  vg_scope *scope = vg_scope_push();
  vg_tensor *y = vg_script_run(net->script, vg_tensor_from(inputs, shape, x->flat ? 4 : 5, net->device));
  const int64_t rows = vg_ndim(y) > 0 ? vg_size(y, 0) : 0, columns = vg_ndim(y) > 1 ? vg_size(y, 1) : 1;
  const size_t all = y ? (size_t)vg_numel(y) : 0;
  vg_status st = vg_tensor_check();
  if (!st && (rows != (int64_t)n || columns < 1 || !all || (*dims && *dims != (size_t)columns)))
    st = vg_fail(VG_FAILED, "it gives no row of features for each input");
  float *values = st || !out ? NULL : vg_malloc(all, sizeof *values);
  if (!st && out && !values) st = VG_MEMORY;
  if (!st && out) st = vg_tensor_copy_out(y, values, all);
  vg_scope_pop(scope, NULL);
  const size_t cells = st ? 0 : (size_t)(rows * columns), each = st ? 0 : all / cells;
  for (size_t i = 0; i < cells && values; i++) {
    double sum = 0;
    for (size_t k = 0; k < each; k++) sum += (double)values[i * each + k];
    out[i] = (float)(sum / (double)each);
  }
  vg_free(values);
  if (!st) *dims = (size_t)columns;
  return st;
}

static vg_status extract(const vg_extractor *x, const float *inputs, size_t n, float *out) {
  network *net = x->own;
  size_t dims = x->dims;
  pthread_mutex_lock(&net->lock);
  vg_status st = run(x, inputs, n, &dims, out);
  pthread_mutex_unlock(&net->lock);
  return st;
}

/* Tries whether the network takes such inputs, with two empty ones. */
static vg_status try_input(vg_extractor *x) {
  float *zeros = vg_calloc(2 * input_size(x), sizeof *zeros);
  x->dims = 0;
  vg_status st = zeros ? run(x, zeros, 2, &x->dims, NULL) : VG_MEMORY;
  vg_free(zeros);
  return st;
}

static vg_status parse_input(const char *text, vg_extractor *x) {
  int axes = 0, end = 0;
  if (sscanf(text, "%dd,%d,%d%n", &axes, &x->channels, &x->size, &end) != 3 || text[end] ||
      (axes != 2 && axes != 3) || x->channels < 1 || x->channels > 64 || x->size < 1 || x->size > 1024)
    return vg_fail(VG_CONFIG, "features input '%s' is not 2d or 3d, channels, size, as in 2d,3,224", text);
  x->flat = axes == 2;
  return VG_OK;
}

static vg_status find_input(const vg_extractor_options *o, vg_extractor *x) {
  static const char *const usual[] = {"3d,1,96", "3d,3,96", "2d,3,224", "2d,1,224"};
  vg_status st;
  if (o->input) {
    if ((st = parse_input(o->input, x))) return st;
    st = try_input(x);
    return st == VG_FAILED ? vg_fail_in(VG_DATA, "%s with input %s", o->path, o->input) : st;
  }
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
    if ((st = parse_input(usual[i], x))) return st;
    st = try_input(x);
    if (!st)
      vg_info("%s takes inputs %s and gives %zu %s", o->path, usual[i], x->dims,
              vg_plural(x->dims, "feature", "features"));
    if (st != VG_FAILED) return st;
  }
  return vg_fail(VG_DATA, "%s: takes none of the usual inputs; name its own (--features-input)", o->path);
}

vg_status vg_extractor_open(const vg_extractor_options *o, vg_extractor *out) {
  memset(out, 0, sizeof *out);
  network *net = VG_NEW(network);
  if (!net) return VG_MEMORY;
  pthread_mutex_init(&net->lock, NULL);
  out->own = net;
  vg_status st = vg_machine_open(o->device, o->threads, &net->device);
  if (!st) st = vg_script_load(o->path, net->device, &net->script);
  if (!st) st = find_input(o, out);
  if (st) vg_extractor_close(out);
  out->extract = st ? NULL : extract;
  return st;
}

void vg_extractor_close(vg_extractor *x) {
  network *net = x->own;
  if (!net) return;
  vg_script_free(net->script);
  pthread_mutex_destroy(&net->lock);
  vg_free(net);
  memset(x, 0, sizeof *x);
}
