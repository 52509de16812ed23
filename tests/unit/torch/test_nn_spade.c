/* test_nn_spade.c: training and generating with modulated norms, noise and a style. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "../scratch.h"
#include "tiny_gan.h"

typedef struct form {
  const char *norm;
  vg_net_modulation modulation;
  bool encoder, noise;
  int style;
  vg_net_upsample upsample;
  const char *generator; /* a U-Net takes noise alone */
} form;

static const form forms[] = {
    {"instance", VG_MODULATION_CLASS, true, true, 3, VG_UPSAMPLE_RESIZE, "spade"},
    {"batch", VG_MODULATION_CLASS, false, true, 0, VG_UPSAMPLE_TRANSPOSED, "spade"},
    {"none", VG_MODULATION_CONV, true, false, 2, VG_UPSAMPLE_RESIZE, "spade"},
    {"instance", VG_MODULATION_CONV, false, true, 4, VG_UPSAMPLE_TRANSPOSED, "spade"},
    {"batch", VG_MODULATION_CLASS, true, false, 0, VG_UPSAMPLE_RESIZE, "spade"},
    {"instance", VG_MODULATION_CLASS, true, true, 0, VG_UPSAMPLE_RESIZE, "unet"},
    {"instance", VG_MODULATION_CLASS, true, true, 0, VG_UPSAMPLE_RESIZE, "unet_k3"},
};
#define FORMS ((int)(sizeof forms / sizeof *forms))

static vg_gan_spec spade(const form *f) {
  vg_gan_spec s = spec(f->norm, 0);
  strcpy(s.generator, f->generator);
  s.modulation = f->modulation;
  s.encoder = f->encoder;
  s.noise = f->noise;
  s.style = f->style;
  s.upsample = f->upsample;
  return s;
}

static vg_gan *make_with(const vg_gan_spec *s, const vg_gan_objective *o, uint64_t seed) {
  vg_gan *gan;
  if (vg_gan_new(s, o, seed, device, &gan)) fail_msg("%s", vg_error());
  return gan;
}

/* A run that is stopped and resumed, one that recomputes, and one that nobody waits for take the same steps
 * to the last bit, with one micro-batch or two. */
static void steps_are_exact(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch parts[2] = {batch(d, 0, 1), batch(d, 1, 1)};
  for (int k = 0; k < FORMS; k++) {
    const vg_gan_spec s = spade(&forms[k]);
    vg_gan_objective o = objective;
    o.w_style = 0.1;
    o.ema = 0.5;
    vg_gan *kept = make_with(&s, &o, 5), *late = make_with(&s, &o, 5), *resumed = make_with(&s, &o, 5);
    o.recompute = true;
    vg_gan *again = make_with(&s, &o, 5);
    for (int i = 0; i < 4; i++) {
      const vg_gan_losses x = step(kept, parts, 1 + i % 2), y = step(again, parts, 1 + i % 2);
      assert_memory_equal(&x, &y, sizeof x);
      assert_true((x.g_style > 0) == (s.style > 0));
      assert_int_equal(vg_gan_step(late, parts, 1 + i % 2, 2e-3, 2e-4, NULL), VG_OK);
      if (i == 1) {
        vg_st_file f;
        save(kept, in_scratch("state.safetensors"), &f);
        assert_int_equal(vg_gan_state_set(resumed, VG_GAN_ALL, "state", &f), VG_OK);
        vg_gan_set_step(resumed, vg_gan_get_step(kept));
        vg_st_release(&f);
      }
      if (i > 1) step(resumed, parts, 1 + i % 2);
    }
    assert_true(same_state(kept, again));
    assert_true(same_state(kept, late));
    assert_true(same_state(kept, resumed));
    vg_gan_free(kept);
    vg_gan_free(again);
    vg_gan_free(late);
    vg_gan_free(resumed);
  }
  vg_free(d);
}

/* The loss falls; libtorch's operations find the same losses, and bf16 nearly so. */
static void learns(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch b = batch(d, 0, 2);
  for (int k = 0; k < FORMS; k++) {
    const vg_gan_spec s = spade(&forms[k]);
    vg_gan_losses l[3][3];
    for (int way = 0; way < 3; way++) {
      vg_gan_objective o = objective;
      o.precision = way == 2 ? VG_PRECISION_BF16 : VG_PRECISION_FP32;
      vg_tensor_own_kernels(way != 1);
      vg_gan *gan = make_with(&s, &o, 5);
      for (int i = 0; i < 3; i++)
        if (vg_gan_step(gan, &b, 1, 2e-4, 2e-4, &l[way][i])) fail_msg("%s", vg_error());
      if (way == 0) {
        vg_gan_losses last = {0};
        for (int i = 0; i < 30; i++) last = step(gan, &b, 1);
        if (!(last.g_reconstruction < 0.7 * l[0][0].g_reconstruction))
          fail_msg("form %d: %g after %g", k, last.g_reconstruction, l[0][0].g_reconstruction);
      }
      vg_gan_free(gan);
    }
    vg_tensor_own_kernels(true);
    for (int i = 0; i < 3; i++)
      for (int t = 0; t < VG_GAN_LOSSES; t++)
        for (int way = 1; way < 3; way++) {
          const double x = *vg_gan_loss_at(&l[0][i], t), y = *vg_gan_loss_at(&l[way][i], t);
          if (!(fabs(x - y) <= (way == 1 ? 1e-3 : 0.02) * fabs(x) + 1e-5))
            fail_msg("form %d, step %d, way %d, %s: %g and %g", k, i, way, vg_gan_loss_name(t), x, y);
        }
  }
  vg_free(d);
}

static double apart(const float *a, const float *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += fabs(a[i] - b[i]);
  return sum / (double)n;
}

/* A draw makes an image; the same draw the same one, another draw another, and no draw the one without noise.
 */
static void draws_of(const form *f) {
  samples *d = make_samples();
  const vg_gan_batch b = batch(d, 0, 1);
  const size_t n = (size_t)OUT * V;
  vg_gan_spec s = spade(f);
  vg_gan *gan = make(&s, 5);
  for (int i = 0; i < 10; i++) step(gan, &b, 1);
  float *image = vg_malloc(6 * n, sizeof *image), code[2][3] = {{1, -1, 2}, {1, -1, 2.5}}, found[3];
  const vg_noise_id ids[2] = {{1, 2, {0, 0, 0}}, {1, 3, {0, 0, 0}}};
  const vg_gan_draw list[5] = {{.noise = 1, .ids = &ids[0], .style = code[0]},
                               {.noise = 1, .ids = &ids[0], .style = code[0]},
                               {.noise = 1, .ids = &ids[1], .style = code[0]},
                               {.noise = 1, .ids = &ids[0], .style = code[1]},
                               {.noise = 0, .ids = &ids[0]}};
  for (int i = 0; i < 6; i++)
    assert_int_equal(vg_gan_generate(gan, b.input, 1, b.dim, i < 5 ? &list[i] : NULL, image + i * n), VG_OK);
  assert_memory_equal(image, image + n, n * sizeof *image);
  assert_true(apart(image, image + 2 * n, n) > 1e-4);
  assert_true(!s.style || apart(image, image + 3 * n, n) > 1e-5);
  assert_memory_equal(image + 4 * n, image + 5 * n, n * sizeof *image);
  /* half of the volume has the noise of another id: its own half is that id's, with mix everywhere all
   */
  float *mix = vg_malloc(V, sizeof *mix);
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < V; i++) mix[i] = k ? 0 : 1;
    vg_gan_draw mixed = list[0];
    mixed.mix = mix;
    mixed.others = &ids[1];
    assert_int_equal(vg_gan_generate(gan, b.input, 1, b.dim, &mixed, image + n), VG_OK);
    assert_true(apart(image + n, image + (k ? 0 : 2) * n, n) < 1e-6);
  }
  if (s.style) assert_int_equal(vg_gan_style_of(gan, d->target, b.dim, found), VG_OK);
  for (int i = 0; i < s.style; i++) assert_true(isfinite(found[i]) && found[i] != 0);
  vg_gan_free(gan);
  vg_free(mix);
  vg_free(image);
  vg_free(d);
}

static void draws(void **state) {
  (void)state;
  draws_of(&forms[0]);
  for (int i = FORMS - 2; i < FORMS; i++) draws_of(&forms[i]);
}

static void refuses(void **state) {
  (void)state;
  vg_gan *gan;
  vg_gan_spec s = spec("instance", 0);
  s.noise = true;
  strcpy(s.generator, "resnet");
  assert_int_equal(vg_gan_new(&s, &objective, 1, device, &gan), VG_CONFIG);
  assert_non_null(
      strstr(vg_error(), "net.noise needs a generator that takes it (unet, unet_k3, spade), not resnet"));
  strcpy(s.generator, "unet");
  s.noise = false;
  s.style = 2;
  assert_int_equal(vg_gan_new(&s, &objective, 1, device, &gan), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "net.style needs"));
}

static void out_of_memory(void **state) {
  (void)state;
  const vg_gan_spec s = spade(&forms[0]);
  samples *d = make_samples();
  const vg_gan_batch b = batch(d, 0, 1);
  vg_gan *gan = make(&s, 1);
  step(gan, &b, 1);
  const long before = vg_mem_live();
  for (long n = 1; n < 40; n++) {
    vg_gan *other;
    vg_mem_fail_after(n);
    vg_status st = vg_gan_new(&s, &objective, 1, device, &other);
    vg_mem_fail_after(0);
    if (!st) vg_gan_free(other);
    assert_true(!st || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), before);
    vg_gan_losses l;
    vg_mem_fail_after(n);
    st = vg_gan_step(gan, &b, 1, 1e-4, 1e-4, &l);
    vg_mem_fail_after(0);
    assert_true(!st || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), before);
  }
  vg_gan_free(gan);
  vg_free(d);
}

int main(void) {
  vg_tensor_threads(1); /* small tensors */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(steps_are_exact, nothing_left),
      cmocka_unit_test_teardown(learns, nothing_left),
      cmocka_unit_test_teardown(draws, nothing_left),
      cmocka_unit_test_teardown(refuses, nothing_left),
      cmocka_unit_test_teardown(out_of_memory, nothing_left),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
