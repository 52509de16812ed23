/* test_bf16.c: layers in bf16 against fp32 on operands that bf16 holds: by this processor's kernels (tiles,
 * where it has AMX), by those of vectors, as an older processor does it, and by ATen's operations, as a GPU
 * would. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tensor/pointwise.h"
#include "processor.h"
#include "tensor/tensor.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
static const vg_device device;
static bool own_kernels = true;

/* One rounding of a number, which may lie next to a tie; and what a sum loses by its order. */
#define ROUNDING (1.01 / 256)
#define SUMMING 2e-5

/* A convolution of x and, where it has channels, of more beside it. */
typedef struct layer {
  const char *name;
  int64_t x[5], more[5], w[5];
  int stride[3], pad[3], out[3]; /* out: of a transposed one; else 0 */
} layer;

static const layer layers[] = {
    {"k4 s2", {2, 8, 11, 12, 37}, {0}, {20, 8, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s2, wide", {1, 16, 8, 8, 64}, {0}, {32, 16, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s2, deep", {1, 64, 4, 4, 4}, {0}, {128, 64, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s2, to a voxel", {1, 6, 2, 2, 2}, {0}, {5, 6, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s1", {2, 7, 8, 7, 9}, {0}, {1, 7, 4, 4, 4}, {1, 1, 1}, {1, 1, 1}, {0}},
    {"k3 s1", {1, 5, 6, 7, 8}, {0}, {18, 5, 3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0}},
    {"k3 s2", {1, 3, 8, 9, 10}, {0}, {4, 3, 3, 3, 3}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k1", {3, 4, 2, 3, 5}, {0}, {17, 4, 1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0}},
    {"2-D", {2, 3, 1, 30, 9}, {0}, {40, 3, 1, 4, 4}, {1, 2, 2}, {0, 1, 1}, {0}},
    {"two parts", {1, 5, 6, 8, 10}, {2, 3, 6, 8, 10}, {7, 8, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"up", {1, 32, 8, 8, 8}, {0}, {32, 4, 4, 4, 4}, {2, 2, 2}, {0}, {16, 16, 16}},
    {"up, odd", {2, 24, 4, 5, 6}, {0}, {24, 33, 4, 4, 4}, {2, 2, 2}, {0}, {9, 10, 13}},
    {"up, 2-D", {1, 48, 1, 9, 7}, {0}, {48, 16, 1, 4, 4}, {1, 2, 2}, {0}, {1, 18, 15}},
    /* channels that fill tiles and that do not, patches that are many, rows longer than a patch's */
    {"k4 s2, many patches", {1, 12, 21, 70, 66}, {0}, {16, 12, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s2, long rows", {1, 8, 6, 9, 331}, {0}, {16, 8, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s2, 16 channels", {1, 16, 18, 34, 64}, {0}, {48, 16, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s2, one channel", {2, 1, 9, 7, 5}, {0}, {1, 1, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k4 s1, 64 channels", {1, 64, 8, 8, 8}, {0}, {64, 64, 4, 4, 4}, {1, 1, 1}, {1, 1, 1}, {0}},
    {"k3 s1, long rows", {1, 3, 4, 20, 170}, {0}, {4, 3, 3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0}},
    {"k3 s1, 17 to 33", {2, 17, 5, 6, 35}, {0}, {33, 17, 3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0}},
    {"k3 s2, 33 to 17", {1, 33, 5, 40, 41}, {0}, {17, 33, 3, 3, 3}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"k1, 33 to 64", {1, 33, 3, 4, 5}, {0}, {64, 33, 1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0}},
    {"k1 s2", {1, 12, 7, 6, 9}, {0}, {4, 12, 1, 1, 1}, {2, 2, 2}, {0, 0, 0}, {0}},
    {"strides apart", {1, 4, 6, 8, 11}, {0}, {20, 4, 3, 4, 3}, {1, 2, 1}, {1, 1, 1}, {0}},
    {"strides apart, wide", {1, 20, 6, 9, 11}, {0}, {20, 20, 4, 3, 4}, {2, 1, 2}, {1, 1, 1}, {0}},
    {"up, long rows", {1, 16, 3, 4, 90}, {0}, {16, 12, 4, 4, 4}, {2, 2, 2}, {0}, {6, 9, 181}},
    {"up, a sample repeated",
     {1, 16, 3, 5, 4},
     {2, 3, 3, 5, 4},
     {19, 33, 4, 4, 4},
     {2, 2, 2},
     {0},
     {7, 11, 8}},
    {"up, two parts", {2, 9, 3, 5, 4}, {2, 8, 3, 5, 4}, {17, 20, 4, 4, 4}, {2, 2, 2}, {0}, {7, 11, 8}},
    /* few positions by many weights */
    {"few", {1, 64, 4, 4, 4}, {0}, {64, 64, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"few, odd", {3, 36, 5, 4, 3}, {0}, {96, 36, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"few, as many as are", {1, 32, 8, 8, 8}, {0}, {64, 32, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"few, s1", {1, 64, 4, 4, 4}, {0}, {64, 64, 4, 4, 4}, {1, 1, 1}, {1, 1, 1}, {0}},
    {"few, 2-D", {1, 64, 1, 8, 8}, {0}, {160, 64, 1, 4, 4}, {1, 2, 2}, {0, 1, 1}, {0}},
    {"few, two parts", {1, 20, 4, 4, 5}, {2, 24, 4, 4, 5}, {64, 44, 4, 4, 4}, {2, 2, 2}, {1, 1, 1}, {0}},
    {"few, up", {1, 64, 2, 2, 2}, {0}, {64, 64, 4, 4, 4}, {2, 2, 2}, {0}, {4, 4, 4}},
    {"few, up, two parts", {2, 20, 2, 2, 1}, {2, 44, 2, 2, 1}, {64, 36, 4, 4, 4}, {2, 2, 2}, {0}, {5, 4, 3}},
};

/* Normal numbers that bf16 holds. */
static vg_tensor *noise(const int64_t *shape, int ndim, uint64_t seed) {
  vg_rand *g = vg_rand_new(seed, device);
  vg_tensor *t = vg_cast(vg_cast(vg_randn(shape, ndim, 0, 1, g), VG_BF16), VG_F32);
  vg_rand_free(g);
  return t;
}

static float *values(vg_tensor *t, size_t *n) {
  *n = (size_t)vg_numel(t);
  float *v = malloc(*n * sizeof *v);
  if (vg_tensor_copy_out(t, v, *n)) fail_msg("%s", vg_error());
  return v;
}

/* Each element within a share of itself, and one of the largest. */
static void close_to(const char *name, const char *what, vg_tensor *got, vg_tensor *want, double of_itself,
                     double of_largest) {
  size_t n, m;
  float *a = values(got, &n), *b = values(want, &m);
  double largest = 0;
  assert_int_equal(n, m);
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(b[i]));
  for (size_t i = 0; i < n; i++)
    if (!(fabs((double)a[i] - b[i]) <= of_itself * fabs(b[i]) + of_largest * largest))
      fail_msg("%s: %s, element %zu: %g in bf16, %g in fp32 (largest %g)", name, what, i, a[i], b[i],
               largest);
  free(a);
  free(b);
}

enum { X, MORE, W, B, LEAVES };

static vg_tensor *apply(const layer *l, vg_tensor *leaf[LEAVES]) {
  const vg_conv_geo geo = {{l->stride[0], l->stride[1], l->stride[2]}, {l->pad[0], l->pad[1], l->pad[2]}};
  if (l->out[0])
    return leaf[MORE] ? vg_upconv3d_cat(leaf[X], leaf[MORE], leaf[W], leaf[B], l->stride, l->out)
                      : vg_upconv3d(leaf[X], leaf[W], leaf[B], l->stride, l->out);
  return leaf[MORE] ? vg_conv3d_cat(leaf[X], leaf[MORE], leaf[W], leaf[B], &geo)
                    : vg_conv3d(leaf[X], leaf[W], leaf[B], &geo);
}

/* The output, and the leaves with their gradients. */
static vg_tensor *run(const layer *l, bool bf16, vg_tensor *leaf[LEAVES]) {
  const int64_t makes = l->w[l->out[0] ? 1 : 0];
  leaf[X] = vg_requires_grad(noise(l->x, 5, 1), true);
  leaf[MORE] = l->more[0] ? vg_requires_grad(noise(l->more, 5, 2), true) : NULL;
  leaf[W] = vg_requires_grad(noise(l->w, 5, 3), true);
  leaf[B] = vg_requires_grad(noise(&makes, 1, 4), true);
  assert_false(vg_tensor_bf16(bf16));
  vg_tensor *y = apply(l, leaf);
  assert_int_equal(vg_tensor_bf16(false), bf16);
  int64_t shape[5];
  for (int a = 0; a < 5; a++) shape[a] = vg_size(y, a);
  vg_backward(vg_sum(vg_mul(y, noise(shape, 5, 5))));
  if (vg_tensor_check()) fail_msg("%s: %s", l->name, vg_error());
  return y;
}

static void convolutions(void **state) {
  (void)state;
  static const char *const names[] = {"gradient of x", "gradient of the second part",
                                      "gradient of the weight", "gradient of the bias"};
  for (int k = 0; k < COUNT(layers); k++) {
    vg_scope *s = vg_scope_push();
    vg_tensor *half[LEAVES], *full[LEAVES];
    vg_tensor *y = run(&layers[k], true, half), *want = run(&layers[k], false, full);
    close_to(layers[k].name, "output", y, want, ROUNDING, SUMMING);
    for (int i = 0; i < LEAVES; i++) {
      if (!half[i]) continue;
      const bool exact = i >= W && own_kernels, repeated = i == X && layers[k].x[0] < layers[k].more[0];
      close_to(layers[k].name, names[i], vg_grad(half[i]), vg_grad(full[i]), exact ? 0 : ROUNDING,
               repeated ? ROUNDING : SUMMING);
    }
    /* it is bf16, not fp32 under another name */
    assert_true(vg_item(vg_sum(vg_abs(vg_sub(y, want)))) > 0);
    vg_scope_pop(s, NULL);
  }
}

static void threads(void **state) {
  (void)state;
  for (int k = 0; k < COUNT(layers); k++) {
    vg_scope *s = vg_scope_push();
    vg_tensor *one[LEAVES], *many[LEAVES];
    vg_tensor_threads(1);
    vg_tensor *y = run(&layers[k], true, one);
    vg_tensor_threads(3);
    vg_tensor *z = run(&layers[k], true, many);
    close_to(layers[k].name, "output by 3 threads", z, y, 0, 0);
    for (int i = 0; i < LEAVES; i++)
      if (one[i]) close_to(layers[k].name, "gradients by 3 threads", vg_grad(many[i]), vg_grad(one[i]), 0, 0);
    vg_scope_pop(s, NULL);
  }
  vg_tensor_threads(0);
}

static vg_tensor *normed(vg_tensor *x) {
  return vg_instance_norm_act(x, 1e-5, 0.2);
}
static vg_tensor *normed_relu(vg_tensor *x) {
  return vg_instance_norm_act(x, 1e-5, 0);
}
static vg_tensor *leaky(vg_tensor *x) {
  return vg_leaky_relu(x, 0.2);
}
static vg_tensor *dropped(vg_tensor *x) {
  vg_rand *g = vg_rand_new(7, device);
  vg_tensor *y = vg_dropout(x, 0.4, g);
  vg_rand_free(g);
  return y;
}
static vg_tensor *batch_normed(vg_tensor *x) {
  const int64_t c = 3;
  return vg_batch_norm(x, vg_full(&c, 1, 1.5, device), vg_zeros(&c, 1, device), vg_zeros(&c, 1, device),
                       vg_full(&c, 1, 1, device), true, 0.1, 1e-5);
}
static vg_tensor *reflected(vg_tensor *x) {
  return vg_reflect_pad3d(x, (const int[]){1, 1, 1});
}
static vg_tensor *loss(vg_tensor *x) {
  return vg_add(vg_bce_with_logits(x, 1),
                vg_l1(x, vg_zeros((const int64_t[]){2, 3, 5, 7, 61}, 5, device), NULL));
}

static void other_layers(void **state) {
  (void)state;
  static const struct {
    const char *name;
    vg_tensor *(*f)(vg_tensor *);
    double tolerance; /* of the largest: of what is made of an output that is rounded itself */
  } rows[] = {{"norm", normed, ROUNDING},
              {"norm, ReLU", normed_relu, ROUNDING},
              {"leaky", leaky, 0},
              {"relu", vg_relu, 0},
              {"dropout", dropped, ROUNDING},
              {"tanh", vg_tanh, 0},
              {"batch norm", batch_normed, 0},
              {"reflection", reflected, ROUNDING},
              {"softplus", vg_softplus, 0},
              {"losses", loss, ROUNDING}};
  const int64_t shape[5] = {2, 3, 5, 7, 61};
  for (int k = 0; k < COUNT(rows); k++) {
    vg_scope *s = vg_scope_push();
    vg_tensor *x[2], *y[2];
    for (int half = 0; half < 2; half++) {
      x[half] = vg_requires_grad(noise(shape, 5, 11), true);
      y[half] = rows[k].f(half ? vg_cast(x[half], VG_BF16) : x[half]);
      const int64_t n = vg_numel(y[half]);
      vg_backward(vg_sum(vg_mul(vg_reshape(y[half], &n, 1), noise(&n, 1, 12))));
      if (vg_tensor_check()) fail_msg("%s: %s", rows[k].name, vg_error());
    }
    close_to(rows[k].name, "output", y[1], y[0], ROUNDING, 1e-6);
    close_to(rows[k].name, "gradient", vg_grad(x[1]), vg_grad(x[0]), ROUNDING, rows[k].tolerance + 1e-6);
    vg_scope_pop(s, NULL);
  }
}

static void rounding(void **state) {
  (void)state;
  const float in[] = {
      1, -0.f, 1 + 1.0f / 256, 1 + 3.0f / 256, 1 + 1.01f / 256, 3.4e38f, INFINITY, -INFINITY, NAN, -NAN};
  const float want[] = {1, -0.f, 1, 1 + 4.0f / 256, 1 + 2.0f / 256, INFINITY, INFINITY, -INFINITY, NAN, NAN};
  uint16_t half[COUNT(in)];
  float out[COUNT(in)];
  vg_pw_narrow(in, COUNT(in), half);
  vg_pw_widen(half, COUNT(in), out);
  for (int i = 0; i < COUNT(in); i++)
    if (isnan(want[i]) ? !isnan(out[i]) : out[i] != want[i])
      fail_msg("%g becomes %g, not %g", in[i], out[i], want[i]);
}

/* This processor's way is chosen once, so others are processes of their own. */
static const char *program;
static void other_ways(void **state) {
  (void)state;
  run_as(program, "avx512", "vectors");
  run_as(program, "avx2", "older");
  run_as(program, "default", "older");
  run_as(program, NULL, "aten");
}

static int no_handles_left(void **state) {
  (void)state;
  return vg_tensor_live() == 0 && vg_tensor_check() == VG_OK ? 0 : -1;
}

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
  program = argv[0];
  vg_tensor_threads(0);
  if (!strcmp(way, "aten")) {
    own_kernels = false;
    vg_tensor_own_kernels(false);
  }
  if (!strcmp(way, "older") && vg_device_has_bf16(device)) return 1;
  const struct CMUnitTest layer_tests[] = {
      cmocka_unit_test_teardown(convolutions, no_handles_left),
      cmocka_unit_test_teardown(other_layers, no_handles_left),
  };
  const struct CMUnitTest others[] = {
      cmocka_unit_test_teardown(threads, no_handles_left),
      cmocka_unit_test_teardown(rounding, no_handles_left),
      cmocka_unit_test_teardown(other_ways, no_handles_left),
  };
  const int failed = cmocka_run_group_tests(layer_tests, NULL, NULL);
  return *way ? failed : failed + cmocka_run_group_tests(others, NULL, NULL);
}
