/* test_nn_terms.c: what a step has beyond pix2pix: several scales, feature matching, R1, two time scales;
 * each with the others. Their values and gradients are tested beside PyTorch's, in
 * tests/oracle/gan_parity.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "../scratch.h"
#include "tiny_gan.h"
#include "base/str.h"

static const char *const norms[] = {"instance", "batch", "none"};

static vg_gan *make_with(const vg_gan_spec *s, const vg_gan_objective *o, uint64_t seed) {
  vg_gan *gan;
  if (vg_gan_new(s, o, seed, device, &gan)) fail_msg("%s", vg_error());
  return gan;
}

/* All there is, at once. */
static vg_gan_objective rich(void) {
  vg_gan_objective o = objective;
  o.w_feature = 10;
  o.w_r1 = 0.1;
  o.r1_every = 2;
  o.ema = 0.9;
  o.d_spectral = true;
  return o;
}

static vg_gan_spec rich_spec(const char *norm) {
  vg_gan_spec s = spec(norm, 0.3);
  s.d_scales = 2;
  return s;
}

static void all_together(void **state) {
  (void)state;
  samples *d = make_samples(), *bad = make_samples();
  bad->weight[7] = NAN; /* seen only after D was updated */
  const vg_gan_batch parts[2] = {batch(d, 0, 1), batch(d, 1, 1)}, broken = batch(bad, 0, 1);
  for (int k = 0; k < 4; k++) {
    const vg_gan_spec s = rich_spec(norms[k % 3]);
    vg_gan_objective o = rich();
    o.precision = k == 3 ? VG_PRECISION_BF16 : VG_PRECISION_FP32;
    o.recompute = k > 1;
    vg_gan *a = make_with(&s, &o, 5), *b = make_with(&s, &o, 9);
    vg_gan_losses sum = {0}, l, other;
    int64_t steps, skipped;
    double first = 0;
    for (int i = 0; i < 12; i++) {
      l = step(a, parts, 1 + i % 2);
      if (i == 0) first = l.g_reconstruction;
      assert_true(l.g_feature > 0 && l.d_real > 0 && (l.d_r1 > 0) == (i % 2 == 0));
    }
    if (!(l.g_reconstruction < 0.9 * first))
      fail_msg("%s: %g after %g", norm_of(&s), l.g_reconstruction, first);

    /* what is saved is all that counts; steps whose losses are read later are the same; a failed one is
     * undone */
    vg_st_file f;
    const char *file = in_scratch("rich.safetensors");
    save(a, file, &f);
    assert_non_null(vg_st_find(&f, "d.scale.1.conv.0.weight_u"));
    assert_non_null(vg_st_find(&f, "adam.d.scale.1.conv.2.weight.exp_avg"));
    assert_null(vg_st_find(&f, "d.scale.2.conv.0.weight"));
    assert_int_equal(vg_gan_state_set(b, VG_GAN_ALL, file, &f), VG_OK);
    vg_st_release(&f);
    vg_gan_set_step(b, vg_gan_get_step(a));
    vg_gan_free(a);
    a = make_with(&s, &o, 9);
    save(b, file, &f);
    assert_int_equal(vg_gan_state_set(a, VG_GAN_ALL, file, &f), VG_OK);
    vg_st_release(&f);
    vg_gan_set_step(a, vg_gan_get_step(b));
    for (int i = 0; i < 4; i++) {
      other = step(a, parts, 1 + i % 2);
      vg_gan_losses_add(&sum, &other);
      assert_int_equal(vg_gan_step(b, parts, 1 + i % 2, 2e-3, 2e-4, NULL), VG_OK);
    }
    l = (vg_gan_losses){0};
    assert_int_equal(vg_gan_losses_take(b, &l, &steps, &skipped), VG_OK);
    assert_true(steps == 4 && skipped == 0);
    assert_memory_equal(&l, &sum, sizeof l);
    assert_true(same_state(a, b));
    assert_int_equal(vg_gan_step(a, &broken, 1, 1e-4, 1e-4, &l), VG_NONFINITE);
    assert_true(same_state(a, b));
    vg_gan_free(a);
    vg_gan_free(b);
  }
  vg_free(d);
  vg_free(bad);
}

/* Whether the parts of two GANs are the same bytes. */
static bool same_part(vg_gan *a, vg_gan *b, int part) {
  vg_st_entry *x, *y;
  size_t n, m;
  bool same = true;
  assert_int_equal(vg_gan_state_get(a, part, &x, &n), VG_OK);
  assert_int_equal(vg_gan_state_get(b, part, &y, &m), VG_OK);
  assert_int_equal(n, m);
  for (size_t i = 0; i < n; i++) {
    size_t size = sizeof(float);
    for (int k = 0; k < x[i].ndim; k++) size *= (size_t)x[i].shape[k];
    same = same && !memcmp(x[i].data, y[i].data, size);
  }
  vg_gan_state_free(x, n);
  vg_gan_state_free(y, m);
  return same;
}

/* A learning rate of 0 holds its own network and not the other; each network's is its own. */
static void two_time_scales(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch b = batch(d, 0, 1);
  const vg_gan_spec s = spec("instance", 0);
  static const double rates[][2] = {{0, 1e-3}, {1e-3, 0}, {1e-3, 1e-3}, {1e-3, 4e-3}};
  vg_gan *fresh = make(&s, 5), *after[4];
  for (int i = 0; i < 4; i++) {
    vg_gan_losses l;
    after[i] = make(&s, 5);
    assert_int_equal(vg_gan_step(after[i], &b, 1, rates[i][0], rates[i][1], &l), VG_OK);
    assert_int_equal(same_part(fresh, after[i], VG_GAN_GENERATOR), rates[i][0] == 0);
    assert_int_equal(same_part(fresh, after[i], VG_GAN_DISCRIMINATOR), rates[i][1] == 0);
  }
  /* D steps first and by its own rate; G sees D as it is by then */
  assert_true(same_part(after[0], after[2], VG_GAN_DISCRIMINATOR));
  assert_false(same_part(after[2], after[3], VG_GAN_DISCRIMINATOR));
  assert_false(same_part(after[1], after[2], VG_GAN_GENERATOR));
  for (int i = 0; i < 4; i++) vg_gan_free(after[i]);
  vg_gan_free(fresh);
  vg_free(d);
}

/* Terms of weight 0 cost nothing and change nothing; R1 makes the discriminator flat where the data are. */
static void terms_act(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch b = batch(d, 0, 2);
  const vg_gan_spec s = spec("none", 0);
  vg_gan_objective o = objective;
  o.r1_every = 1;
  vg_gan *plain = make(&s, 5), *off = make_with(&s, &o, 5);
  double steep[2];
  for (int i = 0; i < 2; i++) {
    vg_gan_losses x = step(plain, &b, 1), y = step(off, &b, 1);
    assert_memory_equal(&x, &y, sizeof x);
    assert_true(x.d_r1 == 0 && x.g_feature == 0);
  }
  assert_true(same_state(plain, off));
  for (int k = 0; k < 2; k++) {
    o.w_r1 = k ? 100 : 1e-9;
    vg_gan *gan = make_with(&s, &o, 5);
    for (int i = 0; i < 40; i++) {
      vg_gan_losses l;
      assert_int_equal(vg_gan_step(gan, &b, 1, 1e-3, 1e-3, &l), VG_OK);
      steep[k] = l.d_r1;
    }
    vg_gan_free(gan);
  }
  if (!(steep[1] < 0.2 * steep[0])) fail_msg("slope %g with R1, %g without", steep[1], steep[0]);
  vg_gan_free(plain);
  vg_gan_free(off);
  vg_free(d);
}

/* The penalty is the same of a batch and of its parts, and so are the other terms. */
static void parts_add_up(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch both = batch(d, 0, 2), halves[2] = {batch(d, 0, 1), batch(d, 1, 1)};
  vg_gan_objective o = rich();
  o.d_spectral = false; /* whose estimate moves with each part */
  vg_gan_spec s = rich_spec("instance");
  s.dropout = 0;
  vg_gan *a = make_with(&s, &o, 5), *c = make_with(&s, &o, 5);
  for (int i = 0; i < 3; i++) {
    vg_gan_losses x = step(a, &both, 1), y = step(c, halves, 2);
    for (int k = 0; k < VG_GAN_LOSSES; k++) {
      const double v = *vg_gan_loss_at(&x, k), w = *vg_gan_loss_at(&y, k);
      if (!(fabs(v - w) <= 1e-3 * fabs(v))) fail_msg("step %d, %s: %g and %g", i, vg_gan_loss_name(k), v, w);
    }
  }
  vg_gan_free(a);
  vg_gan_free(c);
  vg_free(d);
}

/* Recomputed activations are the same bytes: dropout is drawn again as it was, and running statistics move
 * once. */
static void recomputed(void **state) {
  (void)state;
  static const char *const generators[] = {"unet", "resnet", "unet_k3"};
  samples *d = make_samples(), *bad = make_samples();
  bad->weight[7] = NAN;
  const vg_gan_batch parts[2] = {batch(d, 0, 1), batch(d, 1, 1)}, broken = batch(bad, 0, 1);
  for (int g = 0; g < 3; g++)
    for (int k = 0; k < (g ? 1 : 2); k++) {
      vg_gan_objective o = rich();
      vg_gan_spec s = rich_spec(norms[(g + k) % 3]);
      strcpy(s.generator, generators[g]);
      s.input_skip = g == 0;
      vg_gan *kept = make_with(&s, &o, 5);
      o.recompute = true;
      vg_gan *again = make_with(&s, &o, 5);
      for (int i = 0; i < 4; i++) {
        const vg_gan_losses x = step(kept, parts, 1 + i % 2), y = step(again, parts, 1 + i % 2);
        assert_memory_equal(&x, &y, sizeof x);
      }
      if (!same_state(kept, again)) fail_msg("%s, norm %s: other weights", s.generator, norm_of(&s));
      vg_gan_losses l;
      assert_int_equal(vg_gan_step(again, &broken, 1, 1e-4, 1e-4, &l), VG_NONFINITE);
      assert_true(same_state(kept, again));
      assert_int_equal(vg_gan_step(kept, &broken, 1, 1e-4, 1e-4, NULL), VG_OK);
      assert_int_equal(vg_gan_step(again, &broken, 1, 1e-4, 1e-4, NULL), VG_OK);
      assert_true(same_state(kept, again));
      vg_gan_free(kept);
      vg_gan_free(again);
    }
  vg_free(d);
  vg_free(bad);
}

int main(void) {
  vg_tensor_threads(1); /* small tensors */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(all_together, nothing_left),
      cmocka_unit_test_teardown(two_time_scales, nothing_left),
      cmocka_unit_test_teardown(terms_act, nothing_left),
      cmocka_unit_test_teardown(parts_add_up, nothing_left),
      cmocka_unit_test_teardown(recomputed, nothing_left),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
