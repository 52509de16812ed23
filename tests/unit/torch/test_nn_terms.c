/* test_nn_terms.c: what a step has beyond pix2pix: several scales, feature matching, R1, boxes about tumours,
 * a discriminator that segments, two time scales; each with the others. Their values and gradients are tested
 * beside PyTorch's, in tests/oracle/gan_parity.py. */
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
  o.w_l1_low = 20;
  o.w_boundary = 5;
  o.w_r1 = 0.1;
  o.r1_every = 2;
  o.ema = 0.9;
  o.d_spectral = true;
  o.w_local = 2;
  o.w_labelmix = 3;
  return o;
}

static vg_gan_spec rich_spec(const char *norm) {
  vg_gan_spec s = spec(norm, 0.3);
  s.d_scales = 2;
  s.local[0] = s.local[2] = 8;
  s.local[1] = 12;
  return s;
}

static void all_together(void **state) {
  (void)state;
  samples *d = make_samples(), *bad = make_samples();
  bad->weight[7] = NAN; /* seen only after D was updated */
  const vg_gan_batch parts[2] = {batch(d, 0, 1), batch(d, 1, 1)}, broken = batch(bad, 0, 1);
  for (int k = 0; k < 6; k++) {
    const bool oasis = k >= 4;
    vg_gan_spec s = rich_spec(norms[k % 3]);
    vg_gan_objective o = rich();
    strcpy(s.discriminator, oasis ? "oasis" : "patch");
    o.precision = k == 3 || k == 5 ? VG_PRECISION_BF16 : VG_PRECISION_FP32;
    o.recompute = k == 2 || k == 3;
    vg_gan *a = make_with(&s, &o, 5), *b = make_with(&s, &o, 9);
    vg_gan_losses sum = {0}, l, other;
    int64_t steps, skipped;
    double first = 0, mixed = 0;
    for (int i = 0; i < 12; i++) {
      l = step(a, parts, 1 + i % 2);
      if (i == 0) first = l.g_reconstruction;
      assert_true(l.g_feature > 0 && l.g_l1_low > 0 && l.g_boundary > 0 && l.d_real > 0 &&
                  (l.d_r1 > 0) == (i % 2 == 0));
      assert_true(l.d_local_real > 0 && l.d_local_fake > 0 && l.g_local > 0);
      assert_true((l.d_local_r1 > 0) == (i % 2 == 0));
      mixed += l.d_labelmix; /* 0 of a mix whose classes all come from one image */
    }
    assert_true((mixed > 0) == oasis);
    if (!(l.g_reconstruction < 0.9 * first))
      fail_msg("%s: %g after %g", norm_of(&s), l.g_reconstruction, first);

    /* what is saved is all that counts; steps whose losses are read later are the same; a failed one is
     * undone */
    vg_st_file f;
    const char *file = in_scratch("rich.safetensors");
    save(a, file, &f);
    assert_non_null(vg_st_find(&f, oasis ? "d.scale.1.up.0.weight_u" : "d.scale.1.conv.0.weight_u"));
    assert_non_null(vg_st_find(&f, oasis ? "adam.d.scale.1.down.0.weight.exp_avg"
                                         : "adam.d.scale.1.conv.2.weight.exp_avg"));
    assert_non_null(vg_st_find(&f, "adam.d.local.conv.1.weight.exp_avg_sq"));
    assert_null(vg_st_find(&f, oasis ? "d.scale.2.in.weight" : "d.scale.2.conv.0.weight"));
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
    assert_true(x.d_r1 == 0 && x.g_feature == 0 && x.g_l1_low == 0);
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

/* The low-pass leaves texture free and not the local mean: of two images with the same means within a few
 * voxels, one with texture, only l1 tells the difference. */
static void texture_is_free(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch plain = batch(d, 0, 1);
  const vg_gan_spec s = spec("instance", 0);
  vg_gan_objective o = objective;
  o.w_l1_low = 1;
  o.low_sigma = 3;
  vg_gan *gan = make_with(&s, &o, 5);
  vg_gan_losses l[3];
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < OUT * V; i++) {
      const int checker = (i + i / S + i / S / S) % 2 ? 1 : -1;
      d->target[i] = k == 0 ? 0 : k == 1 ? 0.5f * (float)checker : 0.5f;
    }
    assert_int_equal(vg_gan_step(gan, &plain, 1, 0, 0, &l[k]), VG_OK);
  }
  assert_true(l[1].g_reconstruction > l[0].g_reconstruction + 0.3);
  if (!(fabs(l[1].g_l1_low - l[0].g_l1_low) < 0.02)) fail_msg("%g and %g", l[0].g_l1_low, l[1].g_l1_low);
  assert_true(l[2].g_l1_low > l[0].g_l1_low + 0.3);
  vg_gan_free(gan);
  vg_free(d);
}

/* A step elsewhere and a hatching of all voxels do not count; one at the label's edge does, as the image
 * shows it through a Gaussian of 1 voxel, whose middle weight is 0.399. */
static void sharpness_of_boundaries(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch one = batch(d, 0, 1);
  const vg_gan_spec s = spec("instance", 0);
  vg_gan_objective o = objective;
  o.w_boundary = 1;
  vg_gan *gan = make_with(&s, &o, 5);
  vg_gan_losses l[4];
  for (int k = 0; k < 4; k++) {
    for (int i = 0; i < IN * V; i++) d->input[i] = (float)((i / V == 0) == (i % S < S / 2));
    for (int i = 0; i < OUT * V; i++) {
      const int x = i % S;
      const int y = i / S % S;
      d->target[i] = k == 3   ? 40 * (float)((x + y) % 2)
                     : k == 2 ? 40 * (float)(x >= S / 2)
                     : k == 1 ? 40 * (float)(x >= S / 4 - 1)
                              : 0;
    }
    assert_int_equal(vg_gan_step(gan, &one, 1, 0, 0, &l[k]), VG_OK);
  }
  assert_true(fabs(l[1].g_boundary - l[0].g_boundary) < 0.01);
  assert_true(fabs(l[2].g_boundary - 0.399 * 40) < 1);
  assert_true(fabs(l[3].g_boundary - l[0].g_boundary) < 0.5);
  vg_gan_free(gan);
  vg_free(d);
}

/* A sample without a tumour moves neither the discriminator of tumours nor, through it, the generator. */
static void only_tumours_count(void **state) {
  (void)state;
  samples *d = make_samples();
  const vg_gan_batch with = batch(d, 0, 1), without = batch(d, 1, 1), both = batch(d, 0, 2);
  vg_gan_spec s = spec("instance", 0), plain = s;
  s.local[0] = s.local[1] = s.local[2] = 8;
  vg_gan_objective o = objective;
  o.w_r1 = 1;
  o.r1_every = 1;
  vg_gan *bare = make_with(&plain, &o, 5);
  o.w_local = 3;
  vg_gan *a = make_with(&s, &o, 5), *b = make_with(&s, &o, 5);
  vg_gan_losses l = step(a, &without, 1), one;
  step(bare, &without, 1);
  assert_true(l.d_local_real == 0 && l.d_local_fake == 0 && l.d_local_r1 == 0 && l.g_local == 0);
  assert_true(same_part(a, bare, VG_GAN_GENERATOR));
  vg_st_file f[2];
  save(a, in_scratch("a.safetensors"), &f[0]);
  save(b, in_scratch("b.safetensors"), &f[1]);
  static const char *const names[] = {"d.local.conv.1.weight", "d.conv.1.weight"};
  for (int i = 0; i < 2; i++) { /* the other discriminator did move */
    const vg_st_entry *x = vg_st_find(&f[0], names[i]), *y = vg_st_find(&f[1], names[i]);
    size_t bytes = sizeof(float);
    for (int k = 0; k < x->ndim; k++) bytes *= (size_t)x->shape[k];
    assert_int_equal(memcmp(x->data, y->data, bytes) == 0, i == 0);
  }
  vg_st_release(&f[0]);
  vg_st_release(&f[1]);
  /* of two samples, one without a tumour: half the loss of the other */
  vg_gan_free(a);
  a = make_with(&s, &o, 5);
  one = step(a, &with, 1);
  l = step(b, &both, 1);
  assert_true(fabs(l.d_local_real - one.d_local_real / 2) < 1e-5 && one.d_local_real > 0.1);
  /* a batch must say where its tumours are */
  vg_gan_batch silent = with;
  silent.crop = NULL;
  assert_int_equal(vg_gan_step(b, &silent, 1, 1e-4, 1e-4, &l), VG_FAILED);
  vg_gan_free(bare);
  vg_gan_free(a);
  vg_gan_free(b);
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
      cmocka_unit_test_teardown(texture_is_free, nothing_left),
      cmocka_unit_test_teardown(sharpness_of_boundaries, nothing_left),
      cmocka_unit_test_teardown(only_tumours_count, nothing_left),
      cmocka_unit_test_teardown(parts_add_up, nothing_left),
      cmocka_unit_test_teardown(recomputed, nothing_left),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
