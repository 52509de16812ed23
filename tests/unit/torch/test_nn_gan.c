/* test_nn_gan.c: steps, their failure, accumulation and determinism. */
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

static void learns(void **state) {
  (void)state;
  static const char *const norms[] = {"instance", "batch", "none"};
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 2);
  for (int k = 0; k < 3; k++) {
    vg_gan_spec s = spec(norms[k], 0.2);
    vg_gan *gan = make(&s, 3);
    double first = 0, last = 0;
    for (int i = 0; i < 60; i++) {
      vg_gan_losses l = step(gan, &b, 1);
      if (i == 0) first = l.g_reconstruction;
      last = l.g_reconstruction;
    }
    if (!(last < 0.5 * first)) fail_msg("%s: reconstruction %g after %g", norms[k], last, first);
    assert_int_equal(vg_gan_get_step(gan), 60);
    vg_gan_free(gan);
  }
  vg_free(d);
}

static void same_seed_same_bytes(void **state) {
  (void)state;
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 1);
  vg_gan_spec s = spec("instance", 0.5);
  vg_gan *a = make(&s, 5), *c = make(&s, 5), *other = make(&s, 6);
  assert_true(same_state(a, c));
  assert_false(same_state(a, other));
  for (int i = 0; i < 3; i++) {
    vg_gan_losses la = step(a, &b, 1), lc = step(c, &b, 1);
    assert_memory_equal(&la, &lc, sizeof la);
  }
  assert_true(same_state(a, c));
  vg_gan_free(a);
  vg_gan_free(c);
  vg_gan_free(other);
  vg_free(d);
}

/* Under instance norm a batch of two is the same as its halves, one after the other. */
static void accumulates(void **state) {
  (void)state;
  samples *d = make_samples();
  vg_gan_batch both = batch(d, 0, 2), halves[2] = {batch(d, 0, 1), batch(d, 1, 1)};
  vg_gan_spec s = spec("instance", 0);
  vg_gan *a = make(&s, 5), *c = make(&s, 5);
  for (int i = 0; i < 3; i++) {
    vg_gan_losses x = step(a, &both, 1), y = step(c, halves, 2);
    assert_true(fabs(x.d_real - y.d_real) < 1e-4 * fabs(x.d_real));
    assert_true(fabs(x.d_fake - y.d_fake) < 1e-4 * fabs(x.d_fake));
    assert_true(fabs(x.g_adversarial - y.g_adversarial) < 1e-4 * fabs(x.g_adversarial));
    assert_true(fabs(x.g_reconstruction - y.g_reconstruction) < 1e-4 * fabs(x.g_reconstruction));
  }
  /* with dropout, the fake that is made twice must be the same fake: the loss without an update says so */
  s.dropout = 0.5;
  vg_gan *e = make(&s, 5), *f = make(&s, 5);
  vg_gan_batch twice[2] = {halves[0], halves[0]};
  vg_gan_losses x, y;
  assert_int_equal(vg_gan_step(e, twice, 2, 0, 0, &x), VG_OK);
  vg_gan_set_step(f, 0);
  assert_int_equal(vg_gan_step(f, twice, 2, 0, 0, &y), VG_OK);
  assert_memory_equal(&x, &y, sizeof x);
  vg_gan_free(a);
  vg_gan_free(c);
  vg_gan_free(e);
  vg_gan_free(f);
  vg_free(d);
}

/* With a frozen D of learning rate 0, d_fake and g_adversarial see the same logits: -log(1 - p) and -log(p)
 * of one logit say whether the halves of an accumulated step drew the same dropout. */
static void halves_share_dropout(void **state) {
  (void)state;
  samples *d = make_samples();
  vg_gan_batch parts[2] = {batch(d, 0, 1), batch(d, 1, 1)};
  vg_gan_spec s = spec("instance", 0.5);
  vg_gan_objective o = objective;
  strcpy(o.adversarial, "lsgan");
  vg_gan *gan;
  assert_int_equal(vg_gan_new(&s, &o, 5, device, &gan), VG_OK);
  vg_gan_losses one, many;
  assert_int_equal(vg_gan_step(gan, parts, 1, 0, 0, &one), VG_OK);
  vg_gan_set_step(gan, 0);
  assert_int_equal(vg_gan_step(gan, (vg_gan_batch[]){parts[0], parts[0]}, 1, 0, 0, &many), VG_OK);
  assert_true(one.d_fake == many.d_fake && one.g_reconstruction == many.g_reconstruction);
  vg_gan_set_step(gan, 1);
  assert_int_equal(vg_gan_step(gan, parts, 1, 0, 0, &many), VG_OK);
  assert_true(one.g_reconstruction != many.g_reconstruction); /* another step, another dropout */
  vg_gan_free(gan);
  vg_free(d);
}

/* Class fractions add up to 1, and are learned without a discriminator; the losses of one are 0. */
static void segments(void **state) {
  (void)state;
  static const char *const generators[] = {"unet", "unet_k3", "resnet"};
  samples *d = make_samples();
  float *out = vg_malloc(2 * IN * V, sizeof *out);
  /* the other way round: images in, their classes out */
  const vg_gan_batch b = {
      .n = 2, .dim = {S, S, S}, .input = d->target, .target = d->input, .weight = d->weight};
  const vg_gan_batch halves[2] = {{1, {S, S, S}, b.input, b.target, b.weight, NULL},
                                  {1, {S, S, S}, b.input + OUT * V, b.target + IN * V, b.weight + V, NULL}};
  vg_gan_objective o = objective;
  strcpy(o.reconstruction, "ce_dice");
  o.w_adversarial = 0;
  o.w_reconstruction = 1;
  for (int k = 0; k < 3; k++) {
    vg_gan_spec s = spec("instance", 0.2);
    strcpy(s.generator, generators[k]);
    strcpy(s.discriminator, "none");
    s.softmax = 1;
    s.in_channels = OUT;
    s.out_channels = IN;
    vg_gan *gan, *again;
    if (vg_gan_new(&s, &o, 3, device, &gan)) fail_msg("%s", vg_error());
    assert_int_equal(vg_gan_new(&s, &o, 3, device, &again), VG_OK);
    assert_int_equal(vg_gan_parameters(gan, true), 0);
    double first = 0;
    vg_gan_losses l = {0};
    for (int i = 0; i < 40; i++) {
      l = i % 4 == 3 ? step(gan, halves, 2) : step(gan, &b, 1);
      if (i == 0) first = l.g_reconstruction;
      assert_true(l.d_real == 0 && l.d_fake == 0 && l.g_adversarial == 0);
    }
    if (!(l.g_reconstruction < 0.3 * first))
      fail_msg("%s: reconstruction %g after %g", generators[k], l.g_reconstruction, first);
    assert_int_equal(vg_gan_generate(gan, b.input, 2, b.dim, NULL, out), VG_OK);
    for (int n = 0; n < 2; n++)
      for (int i = 0; i < V; i++) {
        float sum = 0;
        for (int c = 0; c < IN; c++) {
          float f = out[(n * IN + c) * V + i];
          assert_true(f >= 0 && f <= 1);
          sum += f;
        }
        assert_true(fabsf(sum - 1) < 1e-5f);
      }
    vg_st_file f;
    save(gan, in_scratch("seg.safetensors"), &f);
    assert_false(vg_st_holds(&f, "d."));
    assert_int_equal(vg_gan_state_set(again, VG_GAN_ALL, "seg", &f), VG_OK);
    assert_true(same_state(gan, again));
    vg_st_release(&f);
    vg_gan_free(gan);
    vg_gan_free(again);
  }
  /* what does not go together */
  vg_gan_spec s = spec("instance", 0);
  vg_gan *none;
  assert_int_equal(vg_gan_new(&s, &o, 3, device, &none), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "train.reconstruction is ce_dice, which compares class fractions"));
  s.softmax = 1;
  s.out_channels = 1;
  assert_int_equal(vg_gan_new(&s, &o, 3, device, &none), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "2 output channels"));
  s.out_channels = IN;
  strcpy(s.discriminator, "none");
  o.w_adversarial = 1;
  assert_int_equal(vg_gan_new(&s, &o, 3, device, &none), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "needs a discriminator"));
  vg_free(out);
  vg_free(d);
}

/* Whatever is not finite, and wherever it shows, all tensors are as before, running statistics too. */
static void failed_step_changes_nothing(void **state) {
  (void)state;
  static const char *const norms[] = {"instance", "batch", "none"};
  samples *d = make_samples(), *bad = make_samples();
  vg_gan_batch b = batch(d, 0, 1), parts[2] = {batch(d, 0, 1), batch(bad, 0, 1)};
  vg_gan_losses l;
  for (int k = 0; k < 3; k++) {
    vg_gan_spec s = spec(norms[k], 0);
    vg_gan *a = make(&s, 5), *c = make(&s, 5);
    step(a, &b, 1);
    step(c, &b, 1);
    for (int fault = 0; fault < 4; fault++) {
      memcpy(bad, d, sizeof *d);
      double lr_d = 1e-4;
      if (fault == 0) bad->input[7] = NAN;
      if (fault == 1) bad->target[7] = INFINITY;
      if (fault == 2) bad->weight[7] = NAN; /* seen only after D was updated */
      if (fault == 3) lr_d = 1e38;          /* D itself bursts */
      for (int n = 1; n <= 2; n++) {
        assert_int_equal(vg_gan_step(a, n == 1 ? &parts[1] : parts, n, 1e-4, lr_d, &l), VG_NONFINITE);
        if (!strstr(vg_error(), "not finite")) fail_msg("%s", vg_error());
        assert_int_equal(vg_gan_get_step(a), 1);
        if (!same_state(a, c)) fail_msg("%s, fault %d, %d parts: the state has changed", norms[k], fault, n);
      }
    }
    /* and the next good step is the one it would have been */
    vg_gan_losses x = step(a, &b, 1), y = step(c, &b, 1);
    assert_memory_equal(&x, &y, sizeof x);
    assert_true(same_state(a, c));
    vg_gan_free(a);
    vg_gan_free(c);
  }
  vg_free(d);
  vg_free(bad);
}

/* Steps whose losses are read later are the same steps. */
static void deferred(void **state) {
  (void)state;
  static const char *const norms[] = {"instance", "batch"};
  samples *d = make_samples(), *bad = make_samples();
  bad->input[7] = NAN;
  vg_gan_batch parts[2] = {batch(d, 0, 1), batch(d, 1, 1)}, broken = batch(bad, 0, 1);
  int64_t steps, skipped;
  for (int k = 0; k < 2; k++) {
    vg_gan_spec s = spec(norms[k], 0.3);
    vg_gan *a = make(&s, 5), *c = make(&s, 5);
    vg_gan_losses sum = {0}, l;
    for (int i = 0; i < 4; i++) {
      l = step(a, parts, 1 + i % 2);
      vg_gan_losses_add(&sum, &l);
      assert_int_equal(vg_gan_step(c, parts, 1 + i % 2, 2e-3, 2e-4, NULL), VG_OK);
    }
    assert_true(same_state(a, c));
    /* one that is not finite counts, and changes nothing but the number of steps */
    assert_int_equal(vg_gan_step(c, &broken, 1, 2e-3, 2e-4, NULL), VG_OK);
    assert_true(same_state(a, c));
    l = (vg_gan_losses){0};
    assert_int_equal(vg_gan_losses_take(c, &l, &steps, &skipped), VG_OK);
    assert_true(steps == 4 && skipped == 1);
    assert_memory_equal(&l, &sum, sizeof l);
    assert_int_equal(vg_gan_losses_take(c, &l, &steps, &skipped), VG_OK);
    assert_true(steps == 0 && skipped == 0);
    assert_memory_equal(&l, &sum, sizeof l);
    vg_gan_free(a);
    vg_gan_free(c);
  }
  vg_free(d);
  vg_free(bad);
}

/* A GPU, or the CPU by ATen's operations, which go the same way, finds the losses of our own kernels. */
static void another_device_agrees(void **state) {
  (void)state;
  static const char *const norms[] = {"instance", "batch", "none"};
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 2);
  vg_device other;
  assert_int_equal(vg_device_parse("auto", &other), VG_OK);
  for (int k = 0; k < 3; k++) {
    vg_gan_spec s = spec(norms[k], 0);
    float *image[2];
    vg_gan_losses l[2][3];
    for (int i = 0; i < 2; i++) {
      device = i ? other : (vg_device){0};
      vg_tensor_own_kernels(!i);
      vg_gan *gan = make(&s, 5);
      for (int n = 0; n < 3; n++) l[i][n] = step(gan, &b, 1);
      image[i] = vg_malloc(2 * OUT * V, sizeof *image[i]);
      assert_int_equal(vg_gan_generate(gan, b.input, 2, b.dim, NULL, image[i]), VG_OK);
      vg_gan_free(gan);
    }
    for (int n = 0; n < 3; n++) {
      for (int i = 0; i < VG_GAN_LOSSES; i++) {
        const double x = *vg_gan_loss_at(&l[0][n], i), y = *vg_gan_loss_at(&l[1][n], i);
        if (!(fabs(x - y) <= 1e-3 * fabs(x)))
          fail_msg("%s: step %d, %s: %g and %g", norms[k], n, vg_gan_loss_name(i), x, y);
      }
    }
    double far = 0;
    for (int i = 0; i < 2 * OUT * V; i++) far += fabs(image[0][i] - image[1][i]);
    if (!(far < 1e-3 * 2 * OUT * V)) fail_msg("%s: images differ by %g", norms[k], far / (2 * OUT * V));
    vg_free(image[0]);
    vg_free(image[1]);
  }
  vg_tensor_own_kernels(true);
  device = (vg_device){0};
  vg_free(d);
}

/* At a quarter of pix2pix's rates losses in bf16 stay within 1 % of those in fp32 over 4 steps, and within
 * 0.5 % in the first, whatever the seed. */
static void bf16_stays_with_fp32(const vg_gan_spec *s, const vg_gan_batch *b) {
  enum { SEEDS = 6, STEPS = 4 };
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    vg_gan_losses l[2][STEPS];
    for (int i = 0; i < 2; i++) {
      vg_gan_objective o = objective;
      vg_gan *gan;
      o.precision = i > 0 ? VG_PRECISION_BF16 : VG_PRECISION_FP32;
      if (vg_gan_new(s, &o, seed, device, &gan)) fail_msg("%s", vg_error());
      for (int n = 0; n < STEPS; n++)
        if (vg_gan_step(gan, b, 1, 5e-5, 5e-5, &l[i][n])) fail_msg("%s", vg_error());
      vg_gan_free(gan);
    }
    for (int n = 0; n < STEPS; n++)
      for (int i = 0; i < VG_GAN_LOSSES; i++) {
        const double x = *vg_gan_loss_at(&l[0][n], i), y = *vg_gan_loss_at(&l[1][n], i);
        if (!(fabs(x - y) <= (n ? 0.01 : 0.005) * fabs(x)))
          fail_msg("%s, %s, seed %d: step %d, %s is %g in fp32, %g in bf16", s->generator, norm_of(s),
                   (int)seed, n, vg_gan_loss_name(i), x, y);
      }
  }
}

/* With a learning rate forty times as high, rounding leads to a different path, which must learn as well:
 * over 12 steps the reconstruction loss falls, to at most 1.5 times that of fp32. */
static void bf16_follows_fp32(void **state) {
  (void)state;
  static const struct {
    const char *generator, *norm;
  } nets[] = {{"unet", "instance"}, {"unet", "batch"}, {"resnet", "instance"}};
  enum { STEPS = 12 };
  samples *d = make_samples();
  vg_gan_batch b = batch(d, 0, 1);
  for (int k = 0; k < 3; k++) {
    vg_gan_spec s = spec(nets[k].norm, 0.5);
    strcpy(s.generator, nets[k].generator);
    bf16_stays_with_fp32(&s, &b);
    vg_gan *gan[3];
    vg_gan_losses l[3][STEPS];
    for (int i = 0; i < 3; i++) { /* fp32, bf16, and that by one thread */
      vg_gan_objective o = objective;
      o.precision = i > 0 ? VG_PRECISION_BF16 : VG_PRECISION_FP32;
      vg_tensor_threads(i < 2 ? 0 : 1);
      if (vg_gan_new(&s, &o, 5, device, &gan[i])) fail_msg("%s", vg_error());
      for (int n = 0; n < STEPS; n++) {
        l[i][n] = step(gan[i], &b, 1);
        assert_false(vg_tensor_bf16(false)); /* a step leaves that as it was */
      }
    }
    vg_tensor_threads(0);
    const double first = l[1][0].g_reconstruction, last = l[1][STEPS - 1].g_reconstruction;
    assert_true(last < first && last < 1.5 * l[0][STEPS - 1].g_reconstruction);
    assert_false(same_state(gan[0], gan[1]));
    /* the resnet's k7 layers are libtorch's, whose weight gradients add up by threads */
    if (!strcmp(nets[k].generator, "unet")) assert_true(same_state(gan[1], gan[2]));
    for (int i = 0; i < 3; i++) vg_gan_free(gan[i]);
  }
  vg_free(d);
}

static void bad_batches(void **state) {
  (void)state;
  samples *d = make_samples();
  vg_gan_spec s = spec("instance", 0);
  vg_gan *gan = make(&s, 5);
  vg_gan_losses l;
  vg_gan_batch b = batch(d, 0, 1);
  assert_int_equal(vg_gan_step(gan, &b, 0, 1e-4, 1e-4, &l), VG_FAILED);
  assert_int_equal(vg_gan_step(gan, &b, 1, NAN, 1e-4, &l), VG_CONFIG);
  b.target = NULL;
  assert_int_equal(vg_gan_step(gan, &b, 1, 1e-4, 1e-4, &l), VG_FAILED);
  b = batch(d, 0, 1);
  b.dim[2] = 2;
  assert_int_equal(vg_gan_step(gan, &b, 1, 1e-4, 1e-4, &l), VG_CONFIG);
  vg_gan_free(gan);
  vg_free(d);
}

int main(void) {
  setenv("NVIDIA_TF32_OVERRIDE", "0", 1); /* or a GPU's convolutions have 10 bits */
  vg_tensor_threads(0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(learns, nothing_left),
      cmocka_unit_test_teardown(same_seed_same_bytes, nothing_left),
      cmocka_unit_test_teardown(accumulates, nothing_left),
      cmocka_unit_test_teardown(halves_share_dropout, nothing_left),
      cmocka_unit_test_teardown(segments, nothing_left),
      cmocka_unit_test_teardown(failed_step_changes_nothing, nothing_left),
      cmocka_unit_test_teardown(bad_batches, nothing_left),
      cmocka_unit_test_teardown(bf16_follows_fp32, nothing_left),
      cmocka_unit_test_teardown(deferred, nothing_left),
      cmocka_unit_test_teardown(another_device_agrees, nothing_left),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
