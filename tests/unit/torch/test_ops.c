/* test_ops.c: every differentiable operation against finite differences, a row each, and the kernels of our
 * own that are no convolutions against what they stand for; then the same on a GPU, or as a GPU would do it.
 */
#include "agree.h"

typedef struct row {
  const char *name;
  vg_tensor *(*f)(vg_tensor **in);
  int64_t shape[MAX_IN][5]; /* trailing zeros: fewer dims */
  bool positive;            /* the domain */
  double tolerance;         /* of the largest gradient; 0: 2e-3 */
} row;

/* ---- the operations ---- */

#define F(name, expr)                      \
  static vg_tensor *name(vg_tensor **in) { \
    return expr;                           \
  }
static const int order[3] = {2, 0, 1}, middle[1] = {1}, before[3] = {1, 0, 2}, after[3] = {0, -1, 1},
                 ones[3] = {1, 1, 1};
static const int64_t flat[2] = {2, 12};
static const vg_conv_geo k4s2 = {{2, 2, 2}, {1, 1, 1}}, k3s1 = {{1, 1, 1}, {1, 1, 1}},
                         k1s1 = {{1, 1, 1}, {0, 0, 0}};
static const vg_conv_geo k4s1 = {{1, 1, 1}, {1, 1, 1}}, mixed = {{1, 2, 2}, {0, 1, 1}},
                         wide = {{2, 2, 2}, {2, 2, 2}};
static const int s222[3] = {2, 2, 2}, s122[3] = {1, 2, 2}, o644[3] = {6, 4, 4}, o756[3] = {7, 5, 6},
                 o345[3] = {3, 4, 5};
static const int none[3] = {0, 0, 0};

F(f_add, vg_add(in[0], in[1]))
F(f_sub, vg_sub(in[0], in[1]))
F(f_mul, vg_mul(in[0], in[1]))
F(f_div, vg_div(in[0], in[1]))
F(f_scale, vg_scale(in[0], -2.5, 0.75))
F(f_abs, vg_abs(in[0]))
F(f_square, vg_square(in[0]))
F(f_sqrt, vg_sqrt(in[0]))
F(f_exp, vg_exp(in[0]))
F(f_log, vg_ln(in[0]))
F(f_tanh, vg_tanh(in[0]))
F(f_sigmoid, vg_sigmoid(in[0]))
F(f_relu, vg_relu(in[0]))
F(f_leaky, vg_leaky_relu(in[0], 0.2))
F(f_softplus, vg_softplus(in[0]))
F(f_softmax, vg_softmax(in[0], 1))
F(f_log_softmax, vg_log_softmax(in[0], -1))
F(f_sum, vg_sum(in[0]))
F(f_mean, vg_mean(in[0]))
F(f_sum_dims, vg_sum_dims(in[0], middle, 1, true))
F(f_reshape, vg_reshape(in[0], flat, 2))
F(f_permute, vg_permute(in[0], order, 3))
F(f_cat, vg_cat((vg_tensor *[]){in[0], in[1], in[0]}, 3, 1))
F(f_narrow, vg_narrow(in[0], 1, 1, 2))
F(f_contiguous, vg_contiguous(vg_permute(in[0], order, 3)))
F(f_pad, vg_pad3d(in[0], before, after, 0.5))
F(f_reflect, vg_reflect_pad3d(in[0], ones))
F(f_halve, vg_halve3d(in[0], s222))
F(f_halve_flat, vg_halve3d(in[0], s122))
F(f_blur, vg_blur3d(in[0], 1.3))
static const int box[] = {2, 1, 3};
static vg_tensor *f_crop(vg_tensor **in) {
  static const float corner[] = {1, 0, 2, 1, 0, 3, 0, 0};
  return vg_crop3d(in[0], vg_tensor_from(corner, (const int64_t[]){2, 4}, 2, device), box);
}
F(f_conv_k4s2, vg_conv3d(in[0], in[1], in[2], &k4s2))
F(f_conv_k4s1, vg_conv3d(in[0], in[1], in[2], &k4s1))
F(f_conv_k3, vg_conv3d(in[0], in[1], NULL, &k3s1))
F(f_conv_k1, vg_conv3d(in[0], in[1], NULL, &k1s1))
F(f_conv_mixed, vg_conv3d(in[0], in[1], in[2], &mixed))
F(f_conv_k7, vg_conv3d(in[0], in[1], in[2], &wide))
F(f_conv_view, vg_conv3d(vg_narrow(in[0], 1, 1, 2), in[1], NULL, &k4s2))
F(f_conv_cat, vg_conv3d_cat(in[0], in[1], in[2], in[3], &k4s2))
F(f_transpose, vg_conv_transpose3d(in[0], in[1], in[2], &k4s2, none))
F(f_up, vg_upconv3d(in[0], in[1], in[2], s222, o644))
F(f_up_odd, vg_upconv3d(in[0], in[1], NULL, s222, o756))
F(f_up_mixed, vg_upconv3d(in[0], in[1], in[2], s122, o345))
F(f_up_cat, vg_upconv3d_cat(in[0], in[1], in[2], in[3], s222, o644))
F(f_norm, vg_instance_norm(in[0], 1e-5))
F(f_norm_leaky, vg_instance_norm_act(in[0], 1e-5, 0.2))
F(f_norm_relu, vg_instance_norm_act(in[0], 1e-5, 0))
F(f_bce_true, vg_bce_with_logits(in[0], 1))
F(f_bce_false, vg_bce_with_logits(in[0], 0))
F(f_l1, vg_l1(in[0], in[1], NULL))
F(f_l1_weight, vg_l1(in[0], in[1], vg_abs(vg_detach(in[2]))))
F(f_l1_broadcast, vg_l1(in[0], in[1], vg_detach(in[2])))

static vg_tensor *f_batch_norm(vg_tensor **in) {
  const int64_t c = 3;
  return vg_batch_norm(in[0], in[1], in[2], vg_zeros(&c, 1, device), vg_full(&c, 1, 1, device), true, 0.1,
                       1e-5);
}

/* A gradient's own gradient, through what a discriminator is made of. */
static vg_tensor *f_slope(vg_tensor **in) {
  const bool own = vg_tensor_own_kernels(false);
  vg_requires_grad(in[0], true);
  vg_tensor *y = vg_instance_norm_act(vg_conv3d(in[0], in[1], NULL, &k4s2), 1e-5, 0.2);
  vg_tensor *slope = vg_gradient(vg_square(vg_leaky_relu(y, 0.2)), in[0]);
  vg_tensor_own_kernels(own);
  return slope;
}

static vg_tensor *f_dropout(vg_tensor **in) {
  vg_rand *g = vg_rand_new(5, device); /* the same draw each time, so that differences make sense */
  vg_tensor *y = vg_dropout(in[0], 0.4, g);
  vg_rand_free(g);
  return y;
}

static const row rows[] = {
    {"add", f_add, {{2, 3, 4}, {3, 1}}, false, 0},
    {"sub", f_sub, {{2, 3, 4}, {1, 4}}, false, 0},
    {"mul", f_mul, {{2, 3, 4}, {3, 1}}, false, 0},
    {"div", f_div, {{2, 3, 4}, {3, 4}}, true, 0},
    {"scale", f_scale, {{7}}, false, 0},
    {"abs", f_abs, {{9}}, false, 0},
    {"square", f_square, {{9}}, false, 0},
    {"sqrt", f_sqrt, {{9}}, true, 0},
    {"exp", f_exp, {{9}}, false, 0},
    {"log", f_log, {{9}}, true, 0},
    {"tanh", f_tanh, {{9}}, false, 0},
    {"sigmoid", f_sigmoid, {{9}}, false, 0},
    {"relu", f_relu, {{9}}, false, 0},
    {"leaky_relu", f_leaky, {{37}}, false, 0},
    {"softplus", f_softplus, {{9}}, false, 0},
    {"softmax", f_softmax, {{2, 5, 3}}, false, 0},
    {"log_softmax", f_log_softmax, {{2, 5}}, false, 0},
    {"sum", f_sum, {{2, 5}}, false, 0},
    {"mean", f_mean, {{2, 5}}, false, 0},
    {"sum_dims", f_sum_dims, {{2, 5, 2}}, false, 0},
    {"reshape", f_reshape, {{2, 3, 4}}, false, 0},
    {"permute", f_permute, {{2, 3, 4}}, false, 0},
    {"cat", f_cat, {{2, 3}, {2, 1}}, false, 0},
    {"narrow", f_narrow, {{2, 4}}, false, 0},
    {"contiguous", f_contiguous, {{2, 3, 4}}, false, 0},
    {"pad3d", f_pad, {{1, 2, 2, 3, 2}}, false, 0},
    {"reflect_pad3d", f_reflect, {{1, 2, 2, 3, 2}}, false, 0},
    {"conv3d k4 s2", f_conv_k4s2, {{2, 2, 5, 4, 6}, {3, 2, 4, 4, 4}, {3}}, false, 0},
    {"conv3d k4 s1", f_conv_k4s1, {{1, 3, 3, 4, 3}, {2, 3, 4, 4, 4}, {2}}, false, 0},
    {"conv3d k3", f_conv_k3, {{2, 2, 2, 3, 4}, {17, 2, 3, 3, 3}}, false, 0},
    {"conv3d k1", f_conv_k1, {{2, 4, 1, 2, 3}, {3, 4, 1, 1, 1}}, false, 0},
    {"conv3d 2-D", f_conv_mixed, {{2, 2, 1, 6, 5}, {4, 2, 1, 4, 4}, {4}}, false, 0},
    {"conv3d k5, by ATen", f_conv_k7, {{1, 2, 3, 3, 3}, {2, 2, 5, 5, 5}, {2}}, false, 0},
    {"conv3d of a view", f_conv_view, {{2, 4, 4, 4, 4}, {3, 2, 4, 4, 4}}, false, 0},
    {"conv3d_cat", f_conv_cat, {{1, 2, 4, 4, 4}, {2, 1, 4, 4, 4}, {3, 3, 4, 4, 4}, {3}}, false, 0},
    {"conv_transpose3d", f_transpose, {{1, 2, 2, 3, 2}, {2, 3, 4, 4, 4}, {3}}, false, 0},
    {"upconv3d", f_up, {{2, 3, 3, 2, 2}, {3, 2, 4, 4, 4}, {2}}, false, 0},
    {"upconv3d odd", f_up_odd, {{1, 2, 3, 2, 3}, {2, 17, 4, 4, 4}}, false, 0},
    {"upconv3d mixed", f_up_mixed, {{2, 2, 3, 2, 2}, {2, 3, 3, 4, 4}, {3}}, false, 0},
    {"upconv3d_cat", f_up_cat, {{2, 1, 3, 2, 2}, {2, 2, 3, 2, 2}, {3, 2, 4, 4, 4}, {2}}, false, 0},
    {"instance_norm", f_norm, {{2, 2, 2, 3, 4}}, false, 0},
    {"instance_norm_act 0.2", f_norm_leaky, {{2, 2, 2, 3, 4}}, false, 1e-2},
    {"instance_norm_act 0", f_norm_relu, {{2, 2, 2, 3, 4}}, false, 1e-2},
    {"batch_norm", f_batch_norm, {{2, 3, 2, 2, 2}, {3}, {3}}, false, 0},
    {"dropout", f_dropout, {{50}}, false, 0},
    {"bce true", f_bce_true, {{2, 1, 2, 2, 2}}, false, 0},
    {"bce false", f_bce_false, {{2, 1, 2, 2, 2}}, false, 0},
    {"l1", f_l1, {{2, 2, 2, 2, 3}, {2, 2, 2, 2, 3}}, false, 0},
    {"l1 weighted", f_l1_weight, {{2, 3, 2, 2, 3}, {2, 3, 2, 2, 3}, {2, 1, 2, 2, 3}}, false, 0},
    {"l1 broadcast", f_l1_broadcast, {{2, 3, 2, 2, 3}, {2, 3, 2, 2, 3}, {3, 1, 1, 1}}, false, 0},
    {"halve3d", f_halve, {{1, 2, 5, 4, 6}}, false, 0},
    {"halve3d 2-D", f_halve_flat, {{2, 1, 1, 5, 4}}, false, 0},
    {"gradient", f_slope, {{1, 2, 5, 4, 6}, {3, 2, 4, 4, 4}}, false, 1e-2},
    {"blur3d", f_blur, {{2, 2, 4, 3, 5}}, false, 0},
    {"blur3d 2-D", f_blur, {{1, 2, 1, 5, 4}}, false, 0},
    {"crop3d", f_crop, {{2, 2, 3, 4, 5}}, false, 0},
};

/* ---- finite differences ---- */

static uint32_t state;
static double uniform(void) {
  state = state * 1664525u + 1013904223u;
  return (state >> 8) / 16777216.0;
}

/* Away from 0, where abs and ReLU have their kinks. */
static void fill(float *v, int64_t n, bool positive) {
  for (int64_t i = 0; i < n; i++) {
    double x = 0.1 + 0.9 * uniform();
    v[i] = (float)(positive ? 0.5 + x : uniform() < 0.5 ? -x : x);
  }
}

typedef struct inputs {
  int n;
  int64_t numel[MAX_IN];
  float *data[MAX_IN];
} inputs;

/* sum of out * weights in double; weights are the same whenever out has the same size */
static double value(const row *r, const inputs *x) {
  vg_scope *s = vg_scope_push();
  vg_tensor *in[MAX_IN] = {0};
  for (int i = 0; i < x->n; i++)
    in[i] = vg_tensor_from(x->data[i], r->shape[i], ndim_of(r->shape[i]), device);
  vg_tensor *y = r->f(in);
  assert_int_equal(vg_tensor_check(), VG_OK);
  const size_t n = (size_t)vg_numel(y);
  float *out = malloc(n * sizeof *out);
  assert_int_equal(vg_tensor_copy_out(y, out, n), VG_OK);
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += out[i] * cos(1.0 + (double)i);
  free(out);
  vg_scope_pop(s, NULL);
  return sum;
}

static void differences(void **unused) {
  (void)unused;
  for (int k = 0; k < COUNT(rows); k++) {
    const row *r = &rows[k];
    inputs x = {0};
    state = 12345u + (uint32_t)k;
    for (; x.n < MAX_IN && r->shape[x.n][0]; x.n++) {
      x.numel[x.n] = numel_of(r->shape[x.n]);
      x.data[x.n] = malloc((size_t)x.numel[x.n] * sizeof(float));
      fill(x.data[x.n], x.numel[x.n], r->positive);
    }
    vg_scope *s = vg_scope_push();
    vg_tensor *in[MAX_IN] = {0};
    for (int i = 0; i < x.n; i++) {
      in[i] = vg_tensor_from(x.data[i], r->shape[i], ndim_of(r->shape[i]), device);
      vg_requires_grad(in[i], true);
    }
    vg_tensor *y = r->f(in);
    const int64_t n = vg_numel(y);
    float *weights = malloc((size_t)n * sizeof *weights);
    for (int64_t i = 0; i < n; i++) weights[i] = (float)cos(1.0 + (double)i);
    vg_backward(vg_sum(vg_mul(vg_reshape(y, &n, 1), vg_tensor_from(weights, &n, 1, device))));
    free(weights);
    if (vg_tensor_check()) fail_msg("%s: %s", r->name, vg_error());
    for (int i = 0; i < x.n; i++) {
      vg_tensor *g = vg_grad(in[i]);
      if (!g) continue; /* detached */
      float *grad = malloc((size_t)x.numel[i] * sizeof *grad);
      assert_int_equal(vg_tensor_copy_out(g, grad, (size_t)x.numel[i]), VG_OK);
      double largest = 1e-3;
      for (int64_t j = 0; j < x.numel[i]; j++) largest = fmax(largest, fabs(grad[j]));
      const int64_t stride = x.numel[i] / 40 + 1; /* a sample of large inputs */
      for (int64_t j = 0; j < x.numel[i]; j += stride) {
        const float at = x.data[i][j], h = 4e-3f;
        x.data[i][j] = at + h;
        const double up = value(r, &x);
        x.data[i][j] = at - h;
        const double down = value(r, &x);
        x.data[i][j] = at;
        const double want = (up - down) / (double)((at + h) - (at - h));
        if (!(fabs(want - grad[j]) <= (r->tolerance ? r->tolerance : 2e-3) * largest))
          fail_msg("%s: input %d, element %d: gradient %g, by differences %g (largest %g)", r->name, i,
                   (int)j, grad[j], want, largest);
      }
      free(grad);
    }
    assert_non_null(vg_grad(in[0]));
    vg_scope_pop(s, NULL);
    for (int i = 0; i < x.n; i++) free(x.data[i]);
  }
  assert_int_equal(vg_tensor_live(), 0);
}

/* ---- kernels against what they stand for ---- */

static vg_tensor *sum_ours(vg_tensor **in, const void *arg) {
  return vg_add_leaky_relu(in[0], in[1], *(const double *)arg);
}
static vg_tensor *sum_theirs(vg_tensor **in, const void *arg) {
  vg_tensor *b = in[1], *all[8];
  const int parts = (int)(vg_size(in[0], 0) / vg_size(b, 0));
  for (int i = 0; i < parts; i++) all[i] = b;
  return vg_leaky_relu(vg_add(in[0], parts > 1 ? vg_cat(all, parts, 0) : b), *(const double *)arg);
}

static void sum_activated(void **unused) {
  (void)unused;
  static const int64_t shapes[][2][5] = {{{2, 3, 5, 7, 161}, {1, 3, 5, 7, 161}},
                                         {{6, 2, 3, 4, 5}, {2, 2, 3, 4, 5}},
                                         {{3, 5, 11, 13, 17}, {3, 5, 11, 13, 17}},
                                         {{2, 4, 3, 4, 5}, {1, 4, 1, 1, 1}}}; /* by broadcasting */
  static const double slopes[] = {0.2, 0, 1};
  for (int k = 0; k < COUNT(shapes); k++)
    for (int i = 0; i < COUNT(slopes); i++)
      agree("add_leaky_relu", sum_ours, sum_theirs, &slopes[i], shapes[k], 2, 1e-6);
}

typedef struct norm_kind {
  double eps, slope;
} norm_kind;

static vg_tensor *norm_ours(vg_tensor **in, const void *arg) {
  const norm_kind *k = arg;
  return vg_instance_norm_act(vg_scale(in[0], 3, 100), k->eps, k->slope);
}
/* from sums, so that nothing is shared with the kernel but the definition */
static vg_tensor *norm_theirs(vg_tensor **in, const void *arg) {
  static const int space[3] = {2, 3, 4};
  const norm_kind *k = arg;
  const double n = (double)(vg_size(in[0], 2) * vg_size(in[0], 3) * vg_size(in[0], 4));
  vg_tensor *x = vg_scale(in[0], 3, 0); /* the norm takes the offset out */
  vg_tensor *d = vg_sub(x, vg_scale(vg_sum_dims(x, space, 3, true), 1 / n, 0));
  vg_tensor *var = vg_scale(vg_sum_dims(vg_square(d), space, 3, true), 1 / n, k->eps);
  vg_tensor *z = vg_div(d, vg_sqrt(var));
  return k->slope == 1 ? z : vg_add(vg_relu(z), vg_scale(vg_relu(vg_scale(z, -1, 0)), -k->slope, 0));
}

static void norm(void **unused) {
  (void)unused;
  static const double slopes[] = {0, 0.2, 1};
  static const int64_t shapes[][1][5] = {{{2, 3, 4, 5, 6}}, {{1, 2, 17, 20, 31}}, {{1, 1, 1, 1, 2}}};
  for (int i = 0; i < COUNT(slopes); i++)
    for (int k = 0; k < COUNT(shapes); k++) {
      /* an offset of 100 costs the input itself 1e-5 of its digits; the gradient of two voxels is all by eps
       */
      const norm_kind kind = {k == 2 ? 1 : 1e-5, slopes[i]};
      agree("instance_norm_act", norm_ours, norm_theirs, &kind, shapes[k], 1, 2e-4);
    }
}

static void dropout(void **unused) {
  (void)unused;
  vg_scope *s = vg_scope_push();
  const int64_t n = 200000;
  vg_rand *g = vg_rand_new(3, device), *same = vg_rand_new(3, device), *other = vg_rand_new(4, device);
  vg_tensor *x = vg_full(&n, 1, 2, device);
  vg_tensor *y[4] = {vg_dropout(x, 0.3, g), vg_dropout(x, 0.3, same), vg_dropout(x, 0.3, other),
                     vg_dropout(x, 0.3, g)};
  assert_int_equal(vg_tensor_check(), VG_OK);
  float *v[4];
  for (int i = 0; i < 4; i++) {
    v[i] = malloc((size_t)n * sizeof(float));
    assert_int_equal(vg_tensor_copy_out(y[i], v[i], (size_t)n), VG_OK);
    int64_t kept = 0, pairs = 0;
    for (int64_t j = 0; j < n; j++) {
      if (v[i][j] == 0) continue;
      assert_float_equal(v[i][j], 2 / 0.7, 1e-5);
      kept++;
      if (j && v[i][j - 1] != 0) pairs++;
    }
    /* six standard deviations */
    assert_true(fabs(kept / (double)n - 0.7) < 6 * sqrt(0.21 / (double)n));
    assert_true(fabs(pairs / (double)n - 0.49) < 6 * sqrt(0.5 / (double)n));
  }
  int64_t together = 0;
  for (int64_t j = 0; j < n; j++) {
    assert_true(v[0][j] == v[1][j]);
    if (v[0][j] != 0 && v[2][j] != 0) together++;
  }
  assert_true(fabs(together / (double)n - 0.49) < 6 * sqrt(0.25 / (double)n));
  assert_memory_not_equal(v[0], v[3], (size_t)n * sizeof(float));
  for (int i = 0; i < 4; i++) free(v[i]);
  assert_null(vg_dropout(x, 1, g));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  vg_rand_free(g);
  vg_rand_free(same);
  vg_rand_free(other);
  vg_scope_pop(s, NULL);
}

/* A flag that is up, or a gradient that is not finite, leaves all as it was; a flag that is down does not. */
static void adam_skips(vg_tensor **p, vg_tensor **m, vg_tensor **v, int n) {
  vg_tensor *value = vg_scale(vg_detach(p[0]), 1, 0), *moment = vg_scale(m[0], 1, 0);
  const int64_t one = 1;
  for (int k = 0; k < 3; k++) {
    vg_tensor *flag = vg_full(&one, 1, k == 0, device);
    vg_zero_grad(p[1]);
    vg_backward(vg_sum(vg_scale(p[1], k == 1 ? INFINITY : 1, 0)));
    if (k == 2) value = vg_scale(vg_detach(p[2]), 1, 0); /* it has no gradient still */
    assert_int_equal(vg_adam_step(p, m, v, n, k < 2 ? 1 : 0, 0.5, 0.9, 1e-8, 0, 3, flag, NULL), VG_OK);
    assert_float_equal(vg_item(flag), k < 2, 0);
    assert_true(difference(value, vg_detach(p[k < 2 ? 0 : 2])) == 0);
    assert_true((difference(moment, m[0]) == 0) == (k < 2));
  }
}

/* Kingma and Ba's algorithm in double, over sizes that cut the kernel's pieces unevenly. */
static void adam(void **unused) {
  (void)unused;
  enum { N = 3, STEPS = 20 };
  static const int64_t sizes[N] = {5, 70001, 64};
  for (int decayed = 0; decayed < 2; decayed++) {
    const double lr = 2e-3, b1 = 0.5, b2 = 0.999, eps = 1e-8, decay = decayed ? 0.05 : 0;
    vg_scope *s = vg_scope_push();
    vg_tensor *p[N], *m[N], *v[N];
    double *ref[N][3];
    float *now = malloc(70001 * sizeof *now);
    for (int i = 0; i < N; i++) {
      p[i] = vg_requires_grad(noise(&sizes[i], 1, (uint64_t)i + 20), true);
      m[i] = vg_zeros(&sizes[i], 1, device);
      v[i] = vg_zeros(&sizes[i], 1, device);
      for (int k = 0; k < 3; k++) ref[i][k] = calloc((size_t)sizes[i], sizeof(double));
      vg_tensor_copy_out(p[i], now, (size_t)sizes[i]);
      for (int64_t j = 0; j < sizes[i]; j++) ref[i][0][j] = now[j];
    }
    for (int t = 1; t <= STEPS; t++) {
      for (int i = 0; i < 2; i++) { /* the third never gets a gradient */
        vg_tensor *pull = noise(&sizes[i], 1, (uint64_t)(100 * t + i));
        vg_zero_grad(p[i]);
        vg_backward(vg_sum(vg_mul(p[i], pull)));
        vg_tensor_copy_out(pull, now, (size_t)sizes[i]);
        for (int64_t j = 0; j < sizes[i]; j++) {
          double *q = ref[i][0], *mm = ref[i][1], *vv = ref[i][2], g = now[j] + decay * q[j];
          mm[j] = b1 * mm[j] + (1 - b1) * g;
          vv[j] = b2 * vv[j] + (1 - b2) * g * g;
          q[j] -= lr * (mm[j] / (1 - pow(b1, t))) / (sqrt(vv[j] / (1 - pow(b2, t))) + eps);
        }
      }
      assert_int_equal(vg_adam_step(p, m, v, N, lr, b1, b2, eps, decay, t, NULL, NULL), VG_OK);
    }
    adam_skips(p, m, v, N);
    for (int i = 0; i < N; i++) {
      vg_tensor_copy_out(p[i], now, (size_t)sizes[i]);
      for (int64_t j = 0; j < sizes[i]; j++)
        if (!(fabs(now[j] - ref[i][0][j]) < 1e-6 * (1 + fabs(ref[i][0][j]))))
          fail_msg("tensor %d, element %d: %g, in double %g", i, (int)j, now[j], ref[i][0][j]);
      for (int k = 0; k < 3; k++) free(ref[i][k]);
    }
    assert_int_equal(vg_adam_step(p, m, v, N, lr, b1, b2, eps, decay, 0, NULL, NULL), VG_FAILED);
    free(now);
    vg_scope_pop(s, NULL);
  }
}

static void selection(void **unused) {
  (void)unused;
  vg_scope *s = vg_scope_push();
  const int64_t n = 3, one = 1;
  vg_tensor *a = vg_tensor_from((float[]){1, 2, 3}, &n, 1, device);
  vg_tensor *bad = vg_tensor_from((float[]){1, INFINITY, -INFINITY}, &n, 1, device);
  assert_float_equal(vg_item(vg_not_finite(a)), 0, 0);
  assert_float_equal(vg_item(vg_not_finite(bad)), 1, 0);
  assert_float_equal(vg_item(vg_not_finite(vg_sub(bad, bad))), 1, 0);
  vg_copy_where(a, bad, vg_zeros(&one, 1, device));
  assert_float_equal(vg_item(vg_sum(a)), 6, 0);
  vg_copy_where(bad, a, vg_full(&one, 1, 2, device));
  assert_float_equal(vg_item(vg_sum(bad)), 6, 0);
  vg_copy_where(NULL, a, a);
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  vg_scope_pop(s, NULL);
}

/* Of numbers that bf16 holds, within its rounding of the outcome: the norm over channels that vectors of any
 * width divide, and over more than one block holds. */
static void bf16_norm(void **unused) {
  (void)unused;
  static const int64_t shapes[][5] = {{2, 8, 5, 6, 7},     {1, 3, 9, 4, 5},   {2, 12, 3, 3, 3},
                                      {1, 64, 17, 33, 20}, {3, 2, 30, 2, 31}, {1, 2056, 1, 2, 3},
                                      {1, 1, 40, 40, 9}};
  for (int k = 0; k < COUNT(shapes); k++)
    for (int i = 0; i < 3; i++) {
      const double slope = i / 2. * 0.4; /* 0: of x; others: of y */
      vg_scope *s = vg_scope_push();
      vg_tensor *half = vg_cast(vg_scale(noise(shapes[k], 5, 1), 2, 3), VG_BF16);
      vg_tensor *x[2] = {vg_requires_grad(vg_cast(half, VG_F32), true),
                         vg_requires_grad(vg_detach(half), true)};
      vg_tensor *weight = noise(shapes[k], 5, 2), *y[2], *dx[2];
      for (int j = 0; j < 2; j++) {
        y[j] = vg_instance_norm_act(x[j], 1e-5, slope);
        vg_backward(vg_sum(vg_mul(vg_cast(y[j], VG_F32), weight)));
        dx[j] = vg_grad(x[j]);
      }
      assert_int_equal(vg_tensor_check(), VG_OK);
      const double far = difference(vg_detach(y[0]), vg_cast(vg_detach(y[1]), VG_F32)),
                   grad = difference(dx[0], vg_cast(dx[1], VG_F32));
      if (!(far < 0.03) || !(grad < 0.06))
        fail_msg("shape %d, slope %g: values differ by %g, gradients by %g", k, slope, far, grad);
      vg_scope_pop(s, NULL);
    }
}

/* Loaded values arrive at their positions in any memory format, pinned or not. */
static void loads(void **unused) {
  (void)unused;
  static const int64_t shapes[][5] = {{2, 3, 4, 5, 6}, {1, 8, 3, 2, 7}, {3, 1, 2, 2, 2}, {2, 4, 1, 1, 9}};
  for (int k = 0; k < COUNT(shapes); k++)
    for (int half = 0; half < 2; half++) {
      vg_scope *s = vg_scope_push();
      vg_tensor *t = vg_cast(vg_zeros(shapes[k], 5, device), half ? VG_BF16 : VG_F32);
      const size_t n = (size_t)vg_numel(t);
      float *from = malloc(n * sizeof *from), *to = malloc(n * sizeof *to);
      for (size_t i = 0; i < n; i++) from[i] = (float)(i % 256);
      for (int pinned = 0; pinned < 2; pinned++) {
        if (pinned) vg_host_pin(from, n * sizeof *from, device);
        vg_fill(t, -1);
        vg_tensor_load(t, from);
        vg_tensor_loads_wait(device);
        assert_int_equal(vg_tensor_check(), VG_OK);
        assert_int_equal(vg_tensor_copy_out(t, to, n), VG_OK);
        assert_memory_equal(from, to, n * sizeof *from);
        if (pinned) vg_host_unpin(from, device);
      }
      free(from);
      free(to);
      vg_scope_pop(s, NULL);
    }
}

/* Against libm's in double, over all that floats can be; of bf16 too, which comes out as floats. */
static void hyperbolic(void **unused) {
  (void)unused;
  enum { N = 40000, ODD = 8 };
  static const float odd[ODD] = {0, 1e-38f, -1e-20f, 3e-4f, INFINITY, -INFINITY, NAN, 88};
  const int64_t n = N;
  float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
  for (int i = 0; i < N; i++) x[i] = i < ODD ? odd[i] : (float)i / N * 24 - 12;
  for (int half = 0; half < 2; half++) {
    vg_scope *s = vg_scope_push();
    vg_tensor *t = vg_cast(vg_tensor_from(x, &n, 1, device), half ? VG_BF16 : VG_F32);
    assert_int_equal(vg_tensor_copy_out(t, x, N), VG_OK);
    assert_int_equal(vg_tensor_copy_out(vg_tanh(t), y, N), VG_OK);
    for (int i = 0; i < N; i++) {
      const double want = tanh(x[i]);
      if (isnan(want) ? !isnan(y[i]) : !(fabs(y[i] - want) <= 3e-7 * fabs(want)))
        fail_msg("tanh(%.9g): %.9g, not %.9g", x[i], y[i], want);
    }
    vg_scope_pop(s, NULL);
  }
  free(x);
  free(y);
}

static int on_another_device(bool own) {
  to_another_device(own);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(differences), cmocka_unit_test(sum_activated), cmocka_unit_test(norm),
      cmocka_unit_test(dropout),     cmocka_unit_test(adam),          cmocka_unit_test(selection),
      cmocka_unit_test(bf16_norm),   cmocka_unit_test(loads),         cmocka_unit_test(hyperbolic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1 && !strcmp(argv[1], "device")) return on_another_device(false) + on_another_device(true);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(differences),    cmocka_unit_test(sum_activated), cmocka_unit_test(norm),
      cmocka_unit_test(dropout),        cmocka_unit_test(adam),          cmocka_unit_test(selection),
      cmocka_unit_test(another_device), cmocka_unit_test(bf16_norm),     cmocka_unit_test(loads),
      cmocka_unit_test(hyperbolic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
