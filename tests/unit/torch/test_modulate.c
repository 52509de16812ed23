/* test_modulate.c: norms with the gain and bias of classes, and noise that knows its place; on the CPU, and
 * as a GPU would compute them. */
#include "agree.h"
#include "voxgan/rng.h"

/* ---- modulation ---- */

typedef struct kind {
  int64_t shapes[4][5]; /* x, weight, bias, maps; none: {0} */
  bool norm, noise;
  double slope;
} kind;

/* Class fractions: half of the classes lie in one half of the volume only, so some pieces lack them. */
static vg_tensor *fractions_of(const kind *k) {
  const int64_t *x = k->shapes[0], classes = k->shapes[1][1];
  const int64_t shape[5] = {x[0], classes, x[2], x[3], x[4]}, volume = x[2] * x[3] * x[4];
  float *v = calloc((size_t)numel_of(shape), sizeof *v);
  for (int64_t n = 0; n < x[0]; n++)
    for (int64_t i = 0; i < volume; i++) {
      const int64_t a = i < volume / 2 ? i % classes : i % (classes / 2 + 1), b = (a + 1) % classes;
      v[(n * classes + a) * volume + i] += 0.75f;
      if (i % 3) v[(n * classes + b) * volume + i] += 0.25f; /* a part of some voxels has no class */
    }
  vg_tensor *t = vg_tensor_from(v, shape, 5, device);
  free(v);
  return t;
}

static vg_tensor *noise_for(const kind *k) {
  const int64_t *x = k->shapes[0], shape[5] = {x[0], 1, x[2], x[3], x[4]};
  return k->noise ? noise(shape, 5, 77) : NULL;
}

/* in: x, and those of weight, bias and maps that the kind has. */
static void sort(const kind *k, vg_tensor **in, vg_tensor *out[4]) {
  for (int i = 0, at = 0; i < 4; i++) out[i] = k->shapes[i][0] ? in[at++] : NULL;
}

static vg_tensor *ours(vg_tensor **in, const void *arg) {
  const kind *k = arg;
  vg_tensor *t[4];
  sort(k, in, t);
  const vg_modulation_terms m = {.fractions = t[1] ? fractions_of(k) : NULL,
                                 .weight = t[1],
                                 .bias = t[2],
                                 .maps = t[3],
                                 .noise = noise_for(k),
                                 .norm = k->norm,
                                 .eps = 1e-5,
                                 .slope = k->slope};
  return vg_modulate(t[0], &m);
}

/* The formula, an operation of libtorch at a time. */
static vg_tensor *theirs(vg_tensor **in, const void *arg) {
  const kind *k = arg;
  vg_tensor *t[4], *sum = NULL;
  sort(k, in, t);
  const bool before = vg_tensor_own_kernels(false);
  const int64_t c = vg_size(t[0], 1), parts = k->noise ? 3 : 2;
  const int64_t *x = k->shapes[0];
  if (t[1]) {
    const int64_t w[5] = {parts * c, vg_size(t[1], 1), 1, 1, 1};
    sum = vg_conv3d(fractions_of(k), vg_reshape(t[1], w, 5), NULL, &(vg_conv_geo){{1, 1, 1}, {0, 0, 0}});
  }
  if (t[2]) {
    vg_tensor *b = vg_reshape(t[2], (int64_t[]){vg_size(t[2], 0), parts * c, 1, 1, 1}, 5);
    const int64_t all[5] = {x[0], parts * c, x[2], x[3], x[4]};
    sum = sum ? vg_add(sum, b) : vg_add(vg_zeros(all, 5, device), b);
  }
  if (t[3]) {
    const int64_t rest[5] = {x[0], c, x[2], x[3], x[4]};
    vg_tensor *maps = parts == 3 ? vg_cat((vg_tensor *[]){t[3], vg_zeros(rest, 5, device)}, 2, 1) : t[3];
    sum = sum ? vg_add(sum, maps) : maps;
  }
  vg_tensor *y = k->norm ? vg_instance_norm(t[0], 1e-5) : t[0];
  y = vg_add(vg_mul(y, vg_scale(vg_narrow(sum, 1, 0, c), 1, 1)), vg_narrow(sum, 1, c, c));
  if (k->noise) y = vg_add(y, vg_mul(vg_narrow(sum, 1, 2 * c, c), noise_for(k)));
  y = vg_leaky_relu(y, k->slope);
  vg_tensor_own_kernels(before);
  return y;
}

static const kind kinds[] = {
    {{{1, 4, 3, 5, 7}, {8, 3}, {1, 8}}, true, false, 0.2},
    {{{2, 5, 11, 13, 17}, {15, 6}, {1, 15}}, true, true, 0.2},
    {{{2, 3, 9, 16, 20}, {9, 4}, {2, 9}, {2, 6, 9, 16, 20}}, true, true, 0},
    {{{3, 2, 1, 40, 33}, {4, 2}, {0}, {3, 4, 1, 40, 33}}, false, false, 0.2},
    {{{2, 7, 2, 2, 3}, {0}, {0}, {2, 14, 2, 2, 3}}, true, false, 1},
    {{{2, 7, 2, 2, 3}, {0}, {2, 14}}, false, false, 0.5},
};

static void modulate(void **unused) {
  (void)unused;
  for (int i = 0; i < COUNT(kinds); i++) {
    int64_t shapes[4][5];
    int n = 0;
    for (int k = 0; k < 4; k++)
      if (kinds[i].shapes[k][0]) memcpy(shapes[n++], kinds[i].shapes[k], sizeof shapes[0]);
    agree("modulate", ours, theirs, &kinds[i], (const int64_t(*)[5])shapes, n, 2e-4);
  }
}

/* In bf16 the result is that of fp32, rounded; so is the gradient. */
static void modulate_bf16(void **unused) {
  (void)unused;
  for (int i = 1; i < 3; i++) {
    const kind *k = &kinds[i];
    vg_scope *s = vg_scope_push();
    vg_tensor *y[2], *grad[2];
    for (int half = 0; half < 2; half++) {
      vg_tensor *in[4];
      for (int a = 0; a < 4; a++)
        in[a] = k->shapes[a][0] ? noise(k->shapes[a], ndim_of(k->shapes[a]), (uint64_t)a + 1) : NULL;
      vg_tensor *leaf = vg_requires_grad(vg_cast(vg_cast(in[0], VG_BF16), VG_F32), true);
      in[0] = half ? vg_cast(leaf, VG_BF16) : leaf;
      y[half] = ours(in, k);
      vg_backward(vg_sum(vg_square(vg_cast(y[half], VG_F32))));
      grad[half] = vg_grad(leaf);
    }
    assert_int_equal(vg_tensor_check(), VG_OK);
    assert_true(difference(vg_cast(y[1], VG_F32), y[0]) < 0.005);
    assert_true(difference(grad[1], grad[0]) < 0.02);
    vg_scope_pop(s, NULL);
  }
}

static void refused(void **unused) {
  (void)unused;
  vg_scope *s = vg_scope_push();
  vg_tensor *x = noise((int64_t[]){1, 4, 2, 2, 2}, 5, 1);
  vg_modulation_terms m = {.weight = noise((int64_t[]){8, 3}, 2, 2), .eps = 1e-5};
  assert_null(vg_modulate(x, &m));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  m.fractions = noise((int64_t[]){1, 3, 2, 2, 1}, 5, 3);
  assert_null(vg_modulate(x, &m));
  assert_int_equal(vg_tensor_check(), VG_FAILED);
  vg_scope_pop(s, NULL);
}

/* ---- noise ---- */

static float *field(const vg_noise_id *ids, int n, int level, const int scale[3], const int dim[3]) {
  const size_t count = (size_t)n * (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  float *v = malloc(count * sizeof *v);
  vg_scope *s = vg_scope_push();
  vg_tensor *p = vg_noise_ids(n, device);
  vg_noise_ids_set(p, ids);
  vg_tensor *t = vg_noise_field(p, level, scale, dim);
  assert_int_equal(vg_tensor_check(), VG_OK);
  assert_int_equal(vg_size(t, 0), n);
  assert_int_equal(vg_tensor_copy_out(t, v, count), VG_OK);
  vg_scope_pop(s, NULL);
  return v;
}

static const int one[3] = {1, 1, 1};

/* A value, by Philox and Box-Muller in double. */
static void noise_by_hand(void **unused) {
  (void)unused;
  const vg_noise_id p = {0xFEDCBA9876543210u, 0x8123456789ABCDEFu, {-7, 1000, 13}};
  const int dim[3] = {3, 4, 11}, scale[3] = {2, 4, 1};
  float *v = field(&p, 1, 9, scale, dim);
  for (int z = 0; z < dim[0]; z++)
    for (int y = 0; y < dim[1]; y++)
      for (int x = 0; x < dim[2]; x++) {
        const uint64_t bias = 1u << 19,
                       at[3] = {bias - 4 + (uint64_t)z, bias + 250 + (uint64_t)y, bias + 13 + (uint64_t)x};
        uint32_t w[4];
        vg_philox(p.seed, p.key, (uint64_t)9 << 60 | at[0] << 40 | at[1] << 20 | at[2] / 4, w);
        const uint32_t *pair = w + at[2] % 4 / 2 * 2;
        const double radius = sqrt(-2 * log(((pair[0] >> 8) + 0.5) / 16777216)),
                     angle = 2 * M_PI * (pair[1] >> 8) / 16777216;
        const double want = radius * (at[2] % 2 ? sin(angle) : cos(angle));
        assert_true(fabs(v[(z * dim[1] + y) * dim[2] + x] - want) < 1e-5);
      }
  free(v);
}

/* A window of the volume sees its part of the field; other keys, seeds and levels see other fields. */
static void noise_by_place(void **unused) {
  (void)unused;
  const vg_noise_id whole = {5, 6, {0, 0, 0}},
                    windows[4] = {
                        {5, 6, {4, 8, 12}}, {5, 7, {4, 8, 12}}, {6, 6, {4, 8, 12}}, {5, 6, {4, 8, 16}}};
  const int dim[3] = {8, 12, 24}, part[3] = {3, 3, 2}, half[3] = {2, 2, 4};
  for (int level = 0; level < 2; level++) {
    const int *scale = level ? half : one;
    float *all = field(&whole, 1, level, scale, dim), *cut = field(windows, 4, level, scale, part);
    for (int k = 0; k < 4; k++) {
      int same = 0, at = 0;
      for (int z = 0; z < part[0]; z++)
        for (int y = 0; y < part[1]; y++)
          for (int x = 0; x < part[2]; x++, at++) {
            const int from[3] = {4 / scale[0] + z, 8 / scale[1] + y, (k == 3 ? 16 : 12) / scale[2] + x};
            same += cut[k * 18 + at] == all[(from[0] * dim[1] + from[1]) * dim[2] + from[2]];
          }
      assert_int_equal(same, k == 0 || k == 3 ? 18 : 0);
    }
    free(all);
    free(cut);
  }
  float *a = field(&whole, 1, 0, one, dim), *b = field(&whole, 1, 1, one, dim);
  assert_memory_not_equal(a, b, 64 * sizeof *a);
  free(a);
  free(b);
}

/* Normal, and no neighbour knows another: mean, variance, fourth moment and correlations within five of their
 * standard errors. */
static void noise_is_normal(void **unused) {
  (void)unused;
  const vg_noise_id p = {1, 2, {0, 0, 0}};
  enum { N = 64 };
  const int dim[3] = {N, N, N};
  const double n = (double)N * N * N, error = 5 / sqrt(n);
  float *v = field(&p, 1, 0, one, dim);
  double m[5] = {0};
  const size_t apart[5] = {1, 2, 4, N, N * N};
  double with[5] = {0};
  for (size_t i = 0; i < (size_t)N * N * N; i++) {
    for (int k = 1; k < 5; k++) m[k] += pow(v[i], k) / n;
    for (int k = 0; k < 5; k++)
      if (i >= apart[k]) with[k] += v[i] * v[i - apart[k]] / n;
  }
  assert_true(fabs(m[1]) < error);
  assert_true(fabs(m[2] - 1) < error * sqrt(2));
  assert_true(fabs(m[4] - 3) < error * sqrt(96));
  for (int k = 0; k < 5; k++) assert_true(fabs(with[k]) < error);
  free(v);
}

#define TESTS                                                                             \
  cmocka_unit_test(modulate), cmocka_unit_test(modulate_bf16), cmocka_unit_test(refused), \
      cmocka_unit_test(noise_by_hand), cmocka_unit_test(noise_by_place), cmocka_unit_test(noise_is_normal)

static int on_another_device(bool own) {
  to_another_device(own);
  const struct CMUnitTest tests[] = {TESTS};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1 && !strcmp(argv[1], "device")) return on_another_device(false);
  vg_tensor_threads(0);
  const struct CMUnitTest tests[] = {TESTS, cmocka_unit_test(another_device)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
