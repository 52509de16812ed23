/* Steps that a GPU does from a recording are the steps that the host starts one by one. Where there is no GPU
 * both are the latter, and the same bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "tiny_gan.h"
#include "nn/gan/gan.h"

typedef struct kind {
  const char *name, *generator, *norm, *discriminator;
  double dropout;
  int parts;
  vg_gan_objective o;
} kind;

/* What this test is about beside plain pix2pix. */
#define OBJECTIVE(...)                                                                                       \
  {                                                                                                          \
    .adversarial = "bce", .reconstruction = "l1", .w_adversarial = 1, .w_reconstruction = 100, .beta1 = 0.5, \
    .beta2 = 0.999, .low_sigma = 2, __VA_ARGS__                                                              \
  }
static const kind kinds[] = {
    {"plain", "unet", "instance", "patch", 0, 1, OBJECTIVE(.r1_every = 1)},
    {"dropout, two parts", "unet", "instance", "patch", 0.5, 2, OBJECTIVE(.r1_every = 1)},
    {"batch norm, average", "unet", "batch", "patch", 0.3, 1, OBJECTIVE(.ema = 0.9, .r1_every = 16)},
    {"bf16, spectral norm, feature matching", "unet", "instance", "patch", 0.3, 1,
     OBJECTIVE(.precision = VG_PRECISION_BF16, .d_spectral = true, .w_feature = 10, .w_l1_low = 20,
               .r1_every = 16)},
    {"R1 at times", "unet", "instance", "patch", 0, 1, OBJECTIVE(.w_r1 = 1, .r1_every = 3)},
    {"recomputed, two parts", "unet", "instance", "patch", 0.5, 2,
     OBJECTIVE(.recompute = true, .r1_every = 16)},
    {"oasis", "unet", "instance", "oasis", 0, 1,
     OBJECTIVE(.w_labelmix = 5, .w_local = 1, .w_r1 = 0.1, .r1_every = 3)},
    {"resnet", "resnet", "instance", "patch", 0, 1, OBJECTIVE(.r1_every = 1)},
};
enum { KINDS = sizeof kinds / sizeof *kinds, STEPS = 9 };

static void close_to(const char *name, int n, const char *what, double x, double y, double tolerance) {
  if (!(fabs(x - y) <= tolerance * fmax(fabs(x), 1e-3)))
    fail_msg("%s: step %d, %s: %g, and recorded %g", name, n, what, x, y);
}

/* A GPU adds in any order, so that roundings grow from step to step. Batches, rates and dropout change with
 * every step, so that whatever a recording kept of its first would show. */
static void recorded_steps_agree(void **state) {
  (void)state;
  assert_int_equal(vg_device_parse("auto", &device), VG_OK);
  const bool gpu = device.kind != 0;
  samples *d[2] = {make_samples(), make_samples()};
  for (int i = 0; i < 2 * OUT * V; i++) d[1]->target[i] *= -1;
  for (int k = 0; k < KINDS; k++) {
    const kind *q = &kinds[k];
    vg_gan_spec s = spec(q->norm, q->dropout);
    strcpy(s.generator, q->generator);
    strcpy(s.discriminator, q->discriminator);
    if (q->o.w_local > 0) s.local[0] = s.local[1] = s.local[2] = 8;
    vg_gan *gan[2];
    for (int i = 0; i < 2; i++)
      if (vg_gan_new(&s, &q->o, 5, device, &gan[i])) fail_msg("%s", vg_error());
    for (int n = 0; n < STEPS; n++) {
      vg_gan_batch parts[2] = {batch(d[n % 2], 0, 1), batch(d[n % 2], 1, 1)};
      const double lr = n % 3 ? 2e-5 : 1e-4;
      vg_gan_losses l[2] = {{0}};
      int64_t steps, skipped;
      if (vg_gan_step(gan[0], parts, q->parts, lr, 2 * lr, &l[0])) fail_msg("%s", vg_error());
      if (vg_gan_step(gan[1], parts, q->parts, lr, 2 * lr, NULL)) fail_msg("%s", vg_error());
      assert_int_equal(vg_gan_losses_take(gan[1], &l[1], &steps, &skipped), VG_OK);
      assert_true(steps == 1 && skipped == 0);
      for (int i = 0; i < VG_GAN_LOSSES; i++)
        close_to(q->name, n + 1, vg_gan_loss_name(i), *vg_gan_loss_at(&l[0], i), *vg_gan_loss_at(&l[1], i),
                 !gpu                                  ? 0
                 : q->o.precision == VG_PRECISION_BF16 ? 0.05
                                                       : 0.01);
    }
    assert_true(!!gan[1]->recorded[0].graph == vg_graph_possible(device));
    assert_true(!!gan[1]->recorded[1].graph == (vg_graph_possible(device) && q->o.w_r1 > 0));
    assert_null(gan[0]->recorded[0].graph);
    if (!gpu) assert_true(same_state(gan[0], gan[1]));
    vg_gan_free(gan[0]);
    vg_gan_free(gan[1]);
  }
  device = (vg_device){0};
  vg_free(d[0]);
  vg_free(d[1]);
}

/* A recording does not outlive the shapes it was made for, and a step that is not finite leaves all as it
 * was. */
static void shapes_and_faults(void **state) {
  (void)state;
  assert_int_equal(vg_device_parse("auto", &device), VG_OK);
  samples *d = make_samples(), *bad = make_samples();
  bad->input[7] = NAN;
  vg_gan_spec s = spec("instance", 0.3);
  vg_gan *gan = make(&s, 5);
  vg_gan_losses sum = {0};
  int64_t steps, skipped;
  for (int n = 0; n < 10; n++) {
    vg_gan_batch b = batch(d, 0, n < 5 ? 1 : 2);
    assert_int_equal(vg_gan_step(gan, &b, 1, 2e-4, 2e-4, NULL), VG_OK);
  }
  assert_int_equal(vg_gan_losses_take(gan, &sum, &steps, &skipped), VG_OK);
  assert_true(steps == 10 && skipped == 0);
  size_t n;
  float *before = everything(gan, &n);
  vg_gan_batch broken = batch(bad, 0, 2);
  assert_int_equal(vg_gan_step(gan, &broken, 1, 2e-4, 2e-4, NULL), VG_OK);
  assert_int_equal(vg_gan_losses_take(gan, &sum, &steps, &skipped), VG_OK);
  assert_true(steps == 0 && skipped == 1);
  float *after = everything(gan, &n);
  assert_memory_equal(before, after, n * sizeof *before);
  vg_free(before);
  vg_free(after);
  vg_gan_free(gan);
  device = (vg_device){0};
  vg_free(d);
  vg_free(bad);
}

int main(void) {
  setenv("NVIDIA_TF32_OVERRIDE", "0", 1); /* or a GPU's convolutions have 10 bits */
  vg_tensor_threads(1);                   /* small tensors */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(recorded_steps_agree, nothing_left),
      cmocka_unit_test_teardown(shapes_and_faults, nothing_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
