/* test_nn_state.c: a GAN's state: saved and read back, transferred, averaged; the singular vectors in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../scratch.h"
#include "tiny_gan.h"
#include "base/str.h"

static void state_round_trip(void **state) {
  (void)state;
  const char *file = in_scratch("state.safetensors");
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 1);
  vg_gan_spec s = spec("batch", 0.5);
  vg_gan *a = make(&s, 5), *c = make(&s, 77), *only;
  for (int i = 0; i < 2; i++) step(a, &b, 1);

  vg_st_file f;
  save(a, file, &f);
  assert_non_null(vg_st_find(&f, "g.down.0.weight"));
  assert_non_null(vg_st_find(&f, "d.conv.1.norm.running_mean"));
  assert_non_null(vg_st_find(&f, "adam.g.up.0.weight.exp_avg_sq"));

  /* a resumed GAN goes on as the one that was never stopped */
  assert_int_equal(vg_gan_state_set(c, VG_GAN_ALL, file, &f), VG_OK);
  vg_gan_set_step(c, vg_gan_get_step(a));
  assert_true(same_state(a, c));
  vg_gan_free(c);
  c = make(&s, 5);
  assert_int_equal(vg_gan_state_set(c, VG_GAN_ALL, file, &f), VG_OK);
  vg_gan_set_step(c, vg_gan_get_step(a));
  for (int i = 0; i < 2; i++) {
    vg_gan_losses x = step(a, &b, 1), y = step(c, &b, 1);
    assert_memory_equal(&x, &y, sizeof x);
  }
  assert_true(same_state(a, c));

  /* the generator alone gives the same images */
  float *p = vg_malloc(OUT * V, sizeof *p), *q = vg_malloc(OUT * V, sizeof *q);
  assert_int_equal(vg_gan_state_set(a, VG_GAN_GENERATOR, file, &f), VG_OK);
  assert_int_equal(vg_gan_new_generator(&s, device, &only), VG_OK);
  assert_int_equal(vg_gan_state_set(only, VG_GAN_GENERATOR, file, &f), VG_OK);
  assert_int_equal(vg_gan_generate(a, b.input, 1, b.dim, NULL, p), VG_OK);
  assert_int_equal(vg_gan_generate(only, b.input, 1, b.dim, NULL, q), VG_OK);
  assert_memory_equal(p, q, OUT * V * sizeof *p);
  vg_gan_losses l;
  assert_int_equal(vg_gan_step(only, &b, 1, 1e-4, 1e-4, &l), VG_FAILED);
  vg_gan_free(only);

  /* another width, and another depth, are named faults that change nothing */
  s.ngf = 5;
  vg_gan *wide = make(&s, 5), *untouched = make(&s, 5);
  assert_int_equal(vg_gan_state_set(wide, VG_GAN_GENERATOR, "m.safetensors", &f), VG_DATA);
  assert_non_null(
      strstr(vg_error(), "m.safetensors: tensor \"g.down.0.weight\" has shape 4x3x4x4x4, wanted 5x3x4x4x4"));
  assert_true(same_state(wide, untouched));
  s = spec("instance", 0);
  s.levels = 2;
  s.d_layers = 3;
  vg_gan *deep = make(&s, 5);
  assert_int_equal(vg_gan_state_set(deep, VG_GAN_DISCRIMINATOR, "m.safetensors", &f), VG_DATA);
  assert_non_null(strstr(vg_error(), "m.safetensors"));
  vg_gan_free(deep);
  vg_gan_free(wide);
  vg_gan_free(untouched);

  vg_st_release(&f);
  vg_gan_free(a);
  vg_gan_free(c);
  vg_free(p);
  vg_free(q);
  vg_free(d);
}

/* Weights of the same name and shape are copied; the others are named and keep their drawn values. */
static void transfers(void **state) {
  (void)state;
  const char *file = in_scratch("state.safetensors");
  vg_gan_spec s = spec("instance", 0);
  vg_gan *a = make(&s, 5), *same = make(&s, 6);
  vg_st_file f;
  size_t n;
  vg_gan_transfer t;
  save(a, file, &f);

  assert_int_equal(vg_gan_state_transfer(same, VG_GAN_GENERATOR | VG_GAN_DISCRIMINATOR, &f, &t), VG_OK);
  assert_int_equal(t.matched, t.wanted);
  assert_true(t.wanted > 10 && !t.n_missing && !t.n_reshaped && !t.missing && !t.reshaped);
  assert_true(same_state(a, same));
  vg_gan_transfer_release(&t);

  s.out_channels = 1; /* the last layer has another shape */
  s.input_skip = 1;   /* and there is one more */
  vg_gan *other = make(&s, 7), *drawn = make(&s, 7);
  assert_int_equal(vg_gan_state_transfer(other, VG_GAN_GENERATOR, &f, &t), VG_OK);
  assert_int_equal(t.matched + t.n_missing + t.n_reshaped, t.wanted);
  if (strcmp(t.reshaped, "g.up.0.weight (8x2x4x4x4, wanted 8x1x4x4x4), g.up.0.bias (2, wanted 1)"))
    fail_msg("%s", t.reshaped);
  if (strcmp(t.missing, "g.skip.weight, g.skip.bias")) fail_msg("%s", t.missing);
  assert_int_equal(t.matched, t.wanted - 4);
  vg_gan_transfer_release(&t);
  vg_st_entry *before, *after;
  assert_int_equal(vg_gan_state_get(drawn, VG_GAN_GENERATOR, &before, &n), VG_OK);
  assert_int_equal(vg_gan_state_get(other, VG_GAN_GENERATOR, &after, &n), VG_OK);
  for (size_t i = 0; i < n; i++) {
    const vg_st_entry *from = vg_st_find(&f, before[i].name);
    const bool left = strstr(before[i].name, "up.0.") || strstr(before[i].name, "skip");
    assert_memory_equal(after[i].data, left ? before[i].data : from->data, sizeof(float));
  }
  vg_gan_state_free(before, n);
  vg_gan_state_free(after, n);
  vg_st_release(&f);
  vg_gan_free(a);
  vg_gan_free(same);
  vg_gan_free(other);
  vg_gan_free(drawn);
}

/* The average follows the generator by its formula, generates in its place, and survives a round trip. */
static void averages(void **state) {
  (void)state;
  const char *file = in_scratch("state.safetensors");
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 1);
  vg_gan_spec s = spec("batch", 0.5);
  vg_gan_objective o = objective;
  o.ema = 0.25; /* the early steps' own share is smaller, the later ones' larger */
  vg_gan *gan, *plain = make(&s, 5), *only, *back;
  assert_int_equal(vg_gan_new(&s, &o, 5, device, &gan), VG_OK);
  assert_int_equal(vg_gan_new(&s, &o, 6, device, &back), VG_OK);
  vg_st_entry *raw, *mean;
  size_t n, m;
  double expected[8] = {0};
  for (int t = 0; t <= 5; t++) {
    if (t) {
      vg_gan_losses x = step(gan, &b, 1), y = step(plain, &b, 1);
      assert_memory_equal(&x, &y, sizeof x);
    }
    double decay = t ? fmin(0.25, (1.0 + t) / (10.0 + t)) : 0;
    assert_int_equal(vg_gan_state_get(gan, VG_GAN_GENERATOR, &raw, &n), VG_OK);
    assert_int_equal(vg_gan_state_get(gan, VG_GAN_AVERAGE, &mean, &m), VG_OK);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n && i < 8; i++) {
      bool statistic = strstr(raw[i].name, "running") != NULL;
      if (statistic) decay = 0;
      expected[i] = decay * expected[i] + (1 - decay) * raw[i].data[0];
      if (fabs(expected[i] - mean[i].data[0]) > 1e-6)
        fail_msg("step %d, %s: %g, expected %g", t, mean[i].name, (double)mean[i].data[0], expected[i]);
      if (statistic) decay = fmin(0.25, (1.0 + t) / (10.0 + t));
      assert_true(vg_starts_with(mean[i].name, "ema."));
      assert_string_equal(mean[i].name + 4, raw[i].name + 2);
    }
    vg_gan_state_free(raw, n);
    vg_gan_state_free(mean, n);
  }

  /* a model file holds what generates, under the generator's names */
  vg_st_file f;
  float *p = vg_malloc(OUT * V, sizeof *p), *q = vg_malloc(OUT * V, sizeof *q);
  assert_int_equal(vg_gan_state_get(gan, VG_GAN_RESULT, &mean, &n), VG_OK);
  assert_int_equal(vg_st_write(file, mean, n, NULL), VG_OK);
  vg_gan_state_free(mean, n);
  assert_int_equal(vg_st_open(file, &f), VG_OK);
  assert_int_equal(vg_gan_new_generator(&s, device, &only), VG_OK);
  assert_int_equal(vg_gan_state_set(only, VG_GAN_GENERATOR, file, &f), VG_OK);
  vg_st_release(&f);
  assert_int_equal(vg_gan_generate(gan, b.input, 1, b.dim, NULL, p), VG_OK);
  assert_int_equal(vg_gan_generate(only, b.input, 1, b.dim, NULL, q), VG_OK);
  assert_memory_equal(p, q, OUT * V * sizeof *p);
  assert_int_equal(vg_gan_generate(plain, b.input, 1, b.dim, NULL, q), VG_OK);
  assert_memory_not_equal(p, q, OUT * V * sizeof *p);

  save(gan, file, &f);
  assert_int_equal(vg_gan_state_set(back, VG_GAN_ALL, file, &f), VG_OK);
  assert_true(same_state(gan, back));
  /* without its average, the generator is what it begins with */
  assert_int_equal(vg_gan_state_set(back, VG_GAN_ALL & ~VG_GAN_AVERAGE, file, &f), VG_OK);
  assert_int_equal(vg_gan_generate(back, b.input, 1, b.dim, NULL, p), VG_OK);
  assert_memory_equal(p, q, OUT * V * sizeof *p);
  vg_gan_transfer t;
  assert_int_equal(vg_gan_state_set(back, VG_GAN_ALL, file, &f), VG_OK);
  assert_int_equal(vg_gan_state_transfer(back, VG_GAN_GENERATOR, &f, &t), VG_OK);
  vg_gan_transfer_release(&t);
  assert_int_equal(vg_gan_generate(back, b.input, 1, b.dim, NULL, p), VG_OK);
  assert_memory_equal(p, q, OUT * V * sizeof *p);
  vg_st_release(&f);

  o.ema = 1;
  vg_gan *none;
  assert_int_equal(vg_gan_new(&s, &o, 5, device, &none), VG_CONFIG);
  vg_gan_free(gan);
  vg_gan_free(plain);
  vg_gan_free(only);
  vg_gan_free(back);
  vg_free(p);
  vg_free(q);
  vg_free(d);
}

/* A spec comes from a file's metadata: the tensors are found in the file before anything of that size is
 * made.
 */
static void a_file_is_checked_before_networks_are_built(void **state) {
  (void)state;
  const char *file = in_scratch("promises.safetensors");
  vg_st_file f;
  for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
    vg_gan_spec s = spec(batch_norm ? "batch" : "instance", 0), big = s;
    vg_gan *gan = make(&s, 3);
    save(gan, file, &f);
    const int both = VG_GAN_GENERATOR | VG_GAN_DISCRIMINATOR;
    assert_int_equal(vg_gan_check_file(&s, both, false, file, &f), VG_OK);
    const size_t before = vg_mem_peak_rss();
    big.ngf = 512;
    for (int a = 0; a < 3; a++) big.patch[a] = 4096;
    assert_int_equal(vg_gan_check_file(&big, VG_GAN_GENERATOR, false, file, &f), VG_DATA);
    assert_non_null(strstr(vg_error(), "promises.safetensors: "));
    big = s;
    big.ndf = 512;
    assert_int_equal(vg_gan_check_file(&big, VG_GAN_GENERATOR, false, file, &f), VG_OK);
    assert_int_equal(vg_gan_check_file(&big, both, false, file, &f), VG_DATA);
    assert_non_null(strstr(vg_error(), "has shape"));
    /* A spectral discriminator has tensors that this one has not. */
    assert_int_equal(vg_gan_check_file(&s, both, true, file, &f), VG_DATA);
    assert_true(vg_mem_peak_rss() < before + ((size_t)64 << 20));
    vg_st_release(&f);
    vg_gan_free(gan);
  }
}

static double dot(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
  return sum;
}

/* |w' u| / |u| of the matrix w: its largest singular value where u is the left singular vector */
static double stretch(const float *w, const float *u, size_t rows, size_t columns) {
  double sum = 0;
  for (size_t k = 0; k < columns; k++) {
    double v = 0;
    for (size_t i = 0; i < rows; i++) v += (double)w[i * columns + k] * u[i];
    sum += v * v;
  }
  return sqrt(sum / dot(u, u, rows));
}

/* The estimate is the singular vector; the discriminator does not see its weights' scale, so their gradient
 * has no part along them; and the state restores a run to the bit. */
static void spectral_norm(void **state) {
  (void)state;
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 1);
  vg_gan_spec s = spec("none", 0.5);
  vg_gan_objective o = objective;
  o.d_spectral = true;
  vg_gan *gan, *scaled;
  assert_int_equal(vg_gan_new(&s, &o, 5, device, &gan), VG_OK);
  assert_int_equal(vg_gan_new(&s, &o, 6, device, &scaled), VG_OK);
  vg_gan_losses x, y;
  for (int i = 0; i < 30; i++) assert_int_equal(vg_gan_step(gan, &b, 1, 1e-4, 0, &x), VG_OK);

  vg_st_file f;
  const char *file = in_scratch("spectral.safetensors");
  save(gan, file, &f);
  const vg_st_entry *w = vg_st_find(&f, "d.conv.1.weight"), *u = vg_st_find(&f, "d.conv.1.weight_u");
  const size_t rows = (size_t)w->shape[0], columns = (size_t)(w->shape[1] * 64);
  double sigma = stretch(w->data, u->data, rows, columns), largest = 0;
  assert_true(fabs(dot(u->data, u->data, rows) - 1) < 1e-5);
  vg_rng r = vg_rng_init(1, 1);
  for (int k = 0; k < 200; k++) {
    float other[64];
    for (size_t i = 0; i < rows; i++) other[i] = u->data[i] + 0.1f * (float)vg_rng_normal(&r);
    largest = fmax(largest, stretch(w->data, other, rows, columns));
  }
  if (!(largest < sigma * 1.0001)) fail_msg("%g is stretched more than %g", largest, sigma);

  /* three times the weights of one layer, the same losses */
  vg_st_entry *e;
  size_t n;
  assert_int_equal(vg_gan_state_get(gan, VG_GAN_ALL, &e, &n), VG_OK);
  float *more = vg_malloc(rows * columns, sizeof *more);
  for (size_t i = 0; i < rows * columns; i++) more[i] = 3 * w->data[i];
  for (size_t i = 0; i < n; i++)
    if (!strcmp(e[i].name, "d.conv.1.weight")) memcpy((void *)(uintptr_t)e[i].data, more, rows * columns * 4);
  const char *scaled_file = in_scratch("scaled.safetensors");
  vg_st_file g;
  assert_int_equal(vg_st_write(scaled_file, e, n, NULL), VG_OK);
  vg_gan_state_free(e, n);
  assert_int_equal(vg_st_open(scaled_file, &g), VG_OK);
  assert_int_equal(vg_gan_state_set(scaled, VG_GAN_ALL, scaled_file, &g), VG_OK);
  vg_st_release(&g);
  vg_gan_set_step(scaled, vg_gan_get_step(gan));
  /* a generator that draws its dropout from another seed would differ; so only what the real image gives */
  assert_int_equal(vg_gan_step(scaled, &b, 1, 0, 0, &y), VG_OK);
  assert_int_equal(vg_gan_step(gan, &b, 1, 0, 0, &x), VG_OK);
  if (fabs(x.d_real - y.d_real) > 1e-5) fail_msg("d_real %g, of scaled weights %g", x.d_real, y.d_real);

  /* of a fresh Adam the first moment is the gradient, scaled */
  vg_gan *fresh, *again;
  assert_int_equal(vg_gan_new(&s, &o, 5, device, &fresh), VG_OK);
  assert_int_equal(vg_gan_new(&s, &o, 5, device, &again), VG_OK);
  assert_int_equal(vg_gan_step(fresh, &b, 1, 1e-4, 0, &x), VG_OK);
  vg_st_release(&f);
  save(fresh, file, &f);
  for (int i = 0; i < 4; i++) {
    char name[48];
    snprintf(name, sizeof name, "d.conv.%d.weight", i);
    w = vg_st_find(&f, name);
    snprintf(name, sizeof name, "adam.d.conv.%d.weight.exp_avg", i);
    const vg_st_entry *m = vg_st_find(&f, name);
    size_t size = 1;
    for (int k = 0; k < w->ndim; k++) size *= (size_t)w->shape[k];
    double along =
        dot(w->data, m->data, size) / sqrt(dot(w->data, w->data, size) * dot(m->data, m->data, size));
    if (!(fabs(along) < 1e-4)) fail_msg("%s: cosine of gradient and weight %g", name, along);
  }
  assert_int_equal(vg_gan_state_set(again, VG_GAN_ALL, file, &f), VG_OK);
  vg_gan_set_step(again, 1);
  for (int i = 0; i < 2; i++) {
    x = step(fresh, &b, 1), y = step(again, &b, 1);
    assert_memory_equal(&x, &y, sizeof x);
  }
  assert_true(same_state(fresh, again));
  b.weight = (const float[2 * V]){NAN}; /* seen after the estimates have moved */
  assert_int_equal(vg_gan_step(fresh, &b, 1, 1e-4, 1e-4, &x), VG_NONFINITE);
  assert_true(same_state(fresh, again));
  vg_st_release(&f);
  vg_gan_free(gan);
  vg_gan_free(scaled);
  vg_gan_free(fresh);
  vg_gan_free(again);
  vg_free(more);
  vg_free(d);
}

int main(void) {
  setenv("NVIDIA_TF32_OVERRIDE", "0", 1); /* or a GPU's convolutions have 10 bits */
  vg_tensor_threads(0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(state_round_trip, nothing_left),
      cmocka_unit_test_teardown(transfers, nothing_left),
      cmocka_unit_test_teardown(averages, nothing_left),
      cmocka_unit_test_teardown(a_file_is_checked_before_networks_are_built, nothing_left),
      cmocka_unit_test_teardown(spectral_norm, nothing_left),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
