/* test_convolutions.c: the CPU's convolutions against libtorch's and against sums by hand; then the same as
 * older processors do them, and on a GPU, or as a GPU would do it. */
#include "agree.h"
#include "processor.h"

static const vg_conv_geo k4s2 = {{2, 2, 2}, {1, 1, 1}};

typedef struct up_case {
  int64_t shapes[3][5]; /* x, w, b */
  int stride[3], out[3];
} up_case;

static vg_tensor *up_ours(vg_tensor **in, const void *arg) {
  const up_case *c = arg;
  return vg_upconv3d(in[0], in[1], in[2], c->stride, c->out);
}
static vg_tensor *up_theirs(vg_tensor **in, const void *arg) {
  const up_case *c = arg;
  vg_conv_geo geo;
  int extra[3];
  for (int a = 0; a < 3; a++) {
    geo.stride[a] = c->stride[a];
    geo.pad[a] = ((int)c->shapes[1][a + 2] - 1) / 2;
    extra[a] = c->out[a] - c->stride[a] * (int)c->shapes[0][a + 2];
  }
  return vg_conv_transpose3d(in[0], in[1], in[2], &geo, extra);
}

static void upconv(void **unused) {
  (void)unused;
  static const up_case cases[] = {
      {{{1, 32, 8, 8, 8}, {32, 4, 4, 4, 4}, {4}}, {2, 2, 2}, {16, 16, 16}},
      {{{2, 24, 4, 5, 6}, {24, 33, 4, 4, 4}, {33}}, {2, 2, 2}, {9, 10, 13}},
      {{{1, 48, 1, 9, 7}, {48, 16, 1, 4, 4}, {16}}, {1, 2, 2}, {1, 18, 15}},
      {{{2, 8, 3, 5, 4}, {8, 20, 3, 4, 4}, {20}}, {1, 2, 2}, {3, 11, 8}},
      {{{1, 256, 2, 2, 2}, {256, 64, 4, 4, 4}, {64}}, {2, 2, 2}, {4, 4, 4}},
      {{{2, 96, 3, 3, 3}, {96, 36, 4, 4, 4}, {36}}, {2, 2, 2}, {6, 7, 6}},
      {{{1, 20, 11, 9, 12}, {20, 36, 4, 4, 4}, {36}}, {2, 2, 2}, {22, 19, 24}},
      {{{1, 3, 17, 3, 40}, {3, 1, 4, 4, 4}, {1}}, {2, 2, 2}, {34, 6, 80}},
  };
  for (int k = 0; k < COUNT(cases); k++)
    agree("upconv", up_ours, up_theirs, &cases[k], cases[k].shapes, 3, 1e-5);
}

/* Voxels of even and of odd between each other along axis a (all 5-D). */
static vg_tensor *interleaved(vg_tensor *even, vg_tensor *odd, int a) {
  int64_t before = 1, behind = 1, shape[5], n = vg_size(even, a);
  for (int i = 0; i < 5; i++) {
    shape[i] = vg_size(even, i);
    if (i < a) before *= shape[i];
    if (i > a) behind *= shape[i];
  }
  const int64_t flat[4] = {before, n, 1, behind};
  shape[a] *= 2;
  return vg_reshape(vg_cat((vg_tensor *[]){vg_reshape(even, flat, 4), vg_reshape(odd, flat, 4)}, 2, 2), shape,
                    5);
}

/* Nearest-neighbour resizing by 2 along axis a. */
static vg_tensor *doubled(vg_tensor *x, int a) {
  return interleaved(x, x, a);
}

static vg_tensor *resize_ours(vg_tensor **in, const void *arg) {
  const up_case *c = arg;
  return vg_upconv3d(in[0], vg_resize_weight(in[1], c->stride), in[2], c->stride, c->out);
}
static vg_tensor *resize_theirs(vg_tensor **in, const void *arg) {
  const up_case *c = arg;
  vg_conv_geo geo = {{1, 1, 1}, {0, 0, 0}};
  int after[3];
  vg_tensor *x = in[0];
  for (int a = 0; a < 3; a++) {
    if (c->stride[a] == 2) x = doubled(x, a + 2);
    after[a] = c->out[a] - (int)vg_size(x, a + 2);
    geo.pad[a] = (int)c->shapes[1][a + 2] / 2;
  }
  return vg_conv3d(vg_pad3d(x, (int[]){0, 0, 0}, after, 0), in[1], in[2], &geo);
}

static void resize(void **unused) {
  (void)unused;
  static const up_case cases[] = {
      {{{1, 32, 8, 8, 8}, {4, 32, 3, 3, 3}, {4}}, {2, 2, 2}, {16, 16, 16}},
      {{{2, 24, 4, 5, 6}, {33, 24, 3, 3, 3}, {33}}, {2, 2, 2}, {9, 10, 13}},
      {{{1, 48, 1, 9, 7}, {16, 48, 1, 3, 3}, {16}}, {1, 2, 2}, {1, 18, 15}},
      {{{2, 8, 3, 5, 4}, {20, 8, 3, 3, 3}, {20}}, {1, 2, 2}, {3, 11, 8}},
      {{{1, 3, 17, 3, 40}, {1, 3, 3, 3, 3}, {1}}, {2, 2, 2}, {34, 6, 80}},
  };
  for (int k = 0; k < COUNT(cases); k++)
    agree("resize", resize_ours, resize_theirs, &cases[k], cases[k].shapes, 3, 1e-5);
}

/* Linear interpolation by 2, written out: three quarters of the nearest voxel and one of the next. */
static vg_tensor *linear_ours(vg_tensor **in, const void *arg) {
  const up_case *c = arg;
  vg_tensor *x = in[0];
  for (int a = 0; a < 3; a++)
    if (c->stride[a] == 2) x = doubled(x, a + 2);
  return vg_smooth3d(x, c->stride);
}
static vg_tensor *linear_theirs(vg_tensor **in, const void *arg) {
  const up_case *c = arg;
  vg_tensor *x = in[0];
  for (int a = 2; a < 5; a++) {
    if (c->stride[a - 2] == 1) continue;
    const int64_t n = vg_size(x, a);
    vg_tensor *first = vg_narrow(x, a, 0, 1), *last = vg_narrow(x, a, n - 1, 1);
    vg_tensor *low = vg_cat((vg_tensor *[]){first, vg_narrow(x, a, 0, n - 1)}, 2, a);
    vg_tensor *high = vg_cat((vg_tensor *[]){vg_narrow(x, a, 1, n - 1), last}, 2, a);
    vg_tensor *near = vg_scale(x, 0.75, 0);
    x = interleaved(vg_add(near, vg_scale(low, 0.25, 0)), vg_add(near, vg_scale(high, 0.25, 0)), a);
  }
  return x;
}

static void linear(void **unused) {
  (void)unused;
  static const up_case cases[] = {{{{2, 3, 4, 5, 6}}, {2, 2, 2}, {0}},
                                  {{{1, 17, 1, 9, 70}}, {1, 2, 2}, {0}},
                                  {{{3, 2, 5, 4, 3}}, {2, 1, 2}, {0}},
                                  {{{1, 1, 2, 2, 2}}, {2, 2, 2}, {0}}};
  for (int k = 0; k < COUNT(cases); k++)
    agree("linear", linear_ours, linear_theirs, &cases[k], cases[k].shapes, 1, 1e-6);
}

/* Convolution as a product: one output element is a dot product, computed here in double. */
static void conv_by_hand(void **unused) {
  (void)unused;
  static const struct {
    int64_t x[5], w[5];
    vg_conv_geo geo;
  } cases[] = {
      {{2, 8, 11, 12, 37}, {16, 8, 4, 4, 4}, {{2, 2, 2}, {1, 1, 1}}},
      {{1, 64, 4, 4, 4}, {128, 64, 4, 4, 4}, {{2, 2, 2}, {1, 1, 1}}},
      {{1, 64, 1, 8, 8}, {160, 64, 1, 4, 4}, {{1, 2, 2}, {0, 1, 1}}},
      {{2, 20, 25, 18, 20}, {40, 20, 4, 4, 4}, {{2, 2, 2}, {1, 1, 1}}},
      {{1, 24, 12, 13, 14}, {40, 24, 4, 4, 4}, {{1, 1, 1}, {1, 1, 1}}},
      {{1, 16, 11, 25, 20}, {16, 16, 2, 4, 3}, {{1, 2, 1}, {0, 1, 1}}},
      {{1, 48, 7, 2, 1}, {33, 48, 4, 4, 4}, {{1, 1, 1}, {2, 1, 2}}},
      {{1, 37, 8, 8, 8}, {1, 37, 4, 4, 4}, {{1, 1, 1}, {1, 1, 1}}},
      {{2, 5, 1, 30, 9}, {40, 5, 1, 4, 4}, {{1, 2, 2}, {0, 1, 1}}},
      {{1, 17, 6, 7, 8}, {18, 17, 3, 3, 3}, {{1, 1, 1}, {1, 1, 1}}},
      {{1, 3, 5, 33, 5}, {50, 3, 3, 4, 3}, {{1, 2, 2}, {1, 1, 1}}},
  };
  for (int k = 0; k < COUNT(cases); k++) {
    vg_scope *s = vg_scope_push();
    const int64_t *xs = cases[k].x, *ws = cases[k].w;
    vg_tensor *x = noise(xs, 5, 1), *w = noise(ws, 5, 2), *b = noise(&ws[0], 1, 3);
    vg_tensor *y = vg_conv3d(x, w, b, &cases[k].geo);
    assert_int_equal(vg_tensor_check(), VG_OK);
    float *xv = malloc((size_t)numel_of(xs) * 4), *wv = malloc((size_t)numel_of(ws) * 4);
    float *yv = malloc((size_t)vg_numel(y) * 4), bv[256];
    vg_tensor_copy_out(x, xv, (size_t)numel_of(xs));
    vg_tensor_copy_out(w, wv, (size_t)numel_of(ws));
    vg_tensor_copy_out(b, bv, (size_t)ws[0]);
    vg_tensor_copy_out(y, yv, (size_t)vg_numel(y));
    int64_t at[5], size[5], i = 0;
    for (int a = 0; a < 5; a++) size[a] = vg_size(y, a);
    assert_int_equal(size[1], ws[0]);
    for (at[0] = 0; at[0] < size[0]; at[0]++)
      for (at[1] = 0; at[1] < size[1]; at[1]++)
        for (at[2] = 0; at[2] < size[2]; at[2]++)
          for (at[3] = 0; at[3] < size[3]; at[3]++)
            for (at[4] = 0; at[4] < size[4]; at[4]++, i++) {
              const bool edge = at[2] == 0 || at[3] == 0 || at[4] == 0 || at[4] == size[4] - 1;
              if (!edge && i % 7) continue;
              double sum = bv[at[1]], scale = 1;
              for (int64_t c = 0; c < xs[1]; c++)
                for (int64_t t = 0; t < ws[2] * ws[3] * ws[4]; t++) {
                  const int64_t tap[3] = {t / (ws[3] * ws[4]), t / ws[4] % ws[3], t % ws[4]};
                  int64_t from = at[0] * xs[1] + c;
                  bool inside = true;
                  for (int a = 0; a < 3; a++) {
                    const int64_t p = at[a + 2] * cases[k].geo.stride[a] - cases[k].geo.pad[a] + tap[a];
                    inside = inside && p >= 0 && p < xs[a + 2];
                    from = from * xs[a + 2] + p;
                  }
                  if (!inside) continue;
                  const double term = (double)xv[from] * wv[(at[1] * ws[1] + c) * ws[2] * ws[3] * ws[4] + t];
                  sum += term;
                  scale += term * term;
                }
              if (fabs(sum - yv[i]) > 1e-5 * sqrt(scale))
                fail_msg("case %d, element %d: %g, by hand %g", k, (int)i, yv[i], sum);
            }
    free(xv);
    free(wv);
    free(yv);
    vg_scope_pop(s, NULL);
  }
}

static vg_tensor *conv_ours(vg_tensor **in, const void *geo) {
  return vg_conv3d(in[0], in[1], in[2], geo);
}
static vg_tensor *conv_theirs(vg_tensor **in, const void *geo) {
  const bool before = vg_tensor_own_kernels(false);
  vg_tensor *y = vg_conv3d(in[0], in[1], in[2], geo);
  vg_tensor_own_kernels(before);
  return y;
}

static void conv_gradients(void **unused) {
  (void)unused;
  static const struct {
    int64_t shapes[3][5];
    vg_conv_geo geo;
  } cases[] = {
      {{{1, 20, 13, 12, 20}, {40, 20, 4, 4, 4}, {40}}, {{2, 2, 2}, {1, 1, 1}}},
      {{{1, 24, 12, 13, 14}, {40, 24, 4, 4, 4}, {40}}, {{1, 1, 1}, {1, 1, 1}}},
      {{{2, 16, 7, 2, 1}, {33, 16, 4, 4, 4}, {33}}, {{1, 1, 1}, {2, 1, 2}}},
      {{{1, 48, 5, 5, 3}, {64, 48, 4, 4, 4}, {64}}, {{2, 2, 2}, {1, 1, 1}}}, /* few positions */
      {{{2, 37, 8, 7, 9}, {1, 37, 4, 4, 4}, {1}}, {{1, 1, 1}, {1, 1, 1}}},   /* a single channel */
      {{{1, 40, 1, 12, 11}, {1, 40, 1, 4, 4}, {1}}, {{1, 1, 1}, {0, 1, 1}}},
      {{{1, 16, 3, 2, 2}, {1, 16, 4, 4, 4}, {1}}, {{1, 1, 1}, {2, 3, 1}}},
  };
  for (int k = 0; k < COUNT(cases); k++)
    agree("conv3d", conv_ours, conv_theirs, &cases[k].geo, cases[k].shapes, 3, 1e-5);
}

static vg_tensor *cat_ours(vg_tensor **in, const void *arg) {
  return vg_conv3d_cat(in[0], in[1], in[2], in[3], arg);
}
static vg_tensor *cat_theirs(vg_tensor **in, const void *arg) {
  vg_tensor *first =
      vg_size(in[0], 0) < vg_size(in[1], 0) ? vg_cat((vg_tensor *[]){in[0], in[0]}, 2, 0) : in[0];
  return vg_conv3d(vg_cat((vg_tensor *[]){first, in[1]}, 2, 1), in[2], in[3], arg);
}

static void concatenation(void **unused) {
  (void)unused;
  static const int64_t same[4][5] = {{2, 8, 6, 8, 10}, {2, 4, 6, 8, 10}, {20, 12, 4, 4, 4}, {20}};
  static const int64_t repeated[4][5] = {{1, 5, 6, 8, 10}, {2, 16, 6, 8, 10}, {7, 21, 4, 4, 4}, {7}};
  static const int64_t few[4][5] = {{1, 20, 4, 4, 5}, {2, 24, 4, 4, 5}, {64, 44, 4, 4, 4}, {64}};
  agree("conv3d_cat", cat_ours, cat_theirs, &k4s2, same, 4, 1e-5);
  agree("conv3d_cat, one sample for two", cat_ours, cat_theirs, &k4s2, repeated, 4, 1e-5);
  agree("conv3d_cat, few positions", cat_ours, cat_theirs, &k4s2, few, 4, 1e-5);
}

/* A part that needs no gradient gets none, and changes nothing of the other's. */
static void one_part_frozen(void **unused) {
  (void)unused;
  static const struct {
    bool up;
    int64_t shapes[3][5];
    int out[3];
  } cases[] = {
      {false, {{1, 20, 4, 4, 5}, {1, 24, 4, 4, 5}, {64, 44, 4, 4, 4}}, {0}},
      {false, {{1, 3, 9, 8, 20}, {1, 5, 9, 8, 20}, {18, 8, 4, 4, 4}}, {0}},
      {true, {{1, 20, 2, 2, 2}, {1, 44, 2, 2, 2}, {64, 36, 4, 4, 4}}, {4, 4, 4}},
      {true, {{1, 3, 6, 5, 9}, {1, 5, 6, 5, 9}, {8, 12, 4, 4, 4}}, {12, 10, 18}},
  };
  for (int k = 0; k < COUNT(cases); k++) {
    vg_scope *s = vg_scope_push();
    vg_tensor *gradient[3][2];
    for (int frozen = 0; frozen < 3; frozen++) { /* 2: neither */
      vg_tensor *in[3];
      for (int i = 0; i < 3; i++)
        in[i] = vg_requires_grad(noise(cases[k].shapes[i], 5, (uint64_t)i + 1), i != frozen);
      vg_tensor *y = cases[k].up ? vg_upconv3d_cat(in[0], in[1], in[2], NULL, k4s2.stride, cases[k].out)
                                 : vg_conv3d_cat(in[0], in[1], in[2], NULL, &k4s2);
      vg_backward(vg_sum(vg_mul(y, y)));
      if (vg_tensor_check()) fail_msg("case %d: %s", k, vg_error());
      for (int i = 0; i < 2; i++) gradient[frozen][i] = vg_grad(in[i]);
    }
    for (int frozen = 0; frozen < 2; frozen++) {
      assert_null(gradient[frozen][frozen]);
      assert_true(difference(gradient[frozen][1 - frozen], gradient[2][1 - frozen]) < 1e-6);
    }
    vg_scope_pop(s, NULL);
  }
}

/* Any number of threads gives the same bytes. */
static void threads(void **unused) {
  (void)unused;
  static const int64_t shapes[][2][5] = {{{1, 6, 20, 18, 34}, {24, 6, 4, 4, 4}},
                                         {{1, 64, 6, 4, 4}, {64, 64, 4, 4, 4}}};
  for (int i = 0; i < COUNT(shapes); i++) {
    vg_scope *s = vg_scope_push();
    vg_tensor *y[2], *gw[2], *gx[2];
    for (int k = 0; k < 2; k++) {
      vg_tensor_threads(k ? 4 : 1);
      vg_tensor *x = vg_requires_grad(noise(shapes[i][0], 5, 1), true),
                *w = vg_requires_grad(noise(shapes[i][1], 5, 2), true);
      y[k] = vg_instance_norm_act(vg_conv3d(x, w, NULL, &k4s2), 1e-5, 0.2);
      int64_t shape[5];
      for (int a = 0; a < 5; a++) shape[a] = vg_size(y[k], a);
      vg_backward(vg_l1(y[k], vg_zeros(shape, 5, device), NULL));
      gw[k] = vg_grad(w);
      gx[k] = vg_grad(x);
    }
    vg_tensor_threads(0);
    assert_int_equal(vg_tensor_check(), VG_OK);
    assert_true(difference(y[0], y[1]) == 0);
    assert_true(difference(gw[0], gw[1]) == 0);
    assert_true(difference(gx[0], gx[1]) == 0);
    vg_scope_pop(s, NULL);
  }
}

/* The convolutions as an older processor would do them, in a process of its own, for the choice is made once.
 */
static void older_processors(void **unused) {
  (void)unused;
  run_as(program, "default", "older");
  run_as(program, "avx2", "older");
  run_as(program, "avx512", "older");
}

static int on_another_device(bool own) {
  to_another_device(own);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(upconv),          cmocka_unit_test(resize),         cmocka_unit_test(linear),
      cmocka_unit_test(conv_by_hand),    cmocka_unit_test(conv_gradients), cmocka_unit_test(concatenation),
      cmocka_unit_test(one_part_frozen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1 && !strcmp(argv[1], "device")) return on_another_device(false) + on_another_device(true);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(upconv),          cmocka_unit_test(resize),         cmocka_unit_test(linear),
      cmocka_unit_test(conv_by_hand),    cmocka_unit_test(conv_gradients), cmocka_unit_test(concatenation),
      cmocka_unit_test(one_part_frozen), cmocka_unit_test(threads),
  };
  const struct CMUnitTest others[] = {
      cmocka_unit_test(older_processors),
      cmocka_unit_test(another_device),
  };
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (argc > 1 && !strcmp(argv[1], "older")) return failed;
  return failed + cmocka_run_group_tests(others, NULL, NULL);
}
