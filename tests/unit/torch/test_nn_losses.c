/* test_nn_losses.c: every row of losses.def: registered once, and its gradient is the slope of its value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "nn/nn.h"

#define N 12

static const int64_t plain[5] = {1, 1, 3, 2, 2};
/* For losses of class fractions: three classes of four voxels. */
static const int64_t classes[5] = {1, 3, 1, 2, 2};
static const int64_t per_voxel[5] = {1, 1, 1, 2, 2};

/* The value of a loss at v; its gradient into grad where that is wanted. */
static double value(const vg_loss *l, const float *v, int variant, float *grad) {
  const vg_device cpu = {0};
  float other[N], weight[N];
  for (int i = 0; i < N; i++) {
    other[i] = 0.3f * (float)i - 1.5f;
    weight[i] = (float)(1 + i % 3);
  }
  vg_scope *s = vg_scope_push();
  const int64_t *shape = l->fractions ? classes : plain;
  if (l->fractions) /* targets: one-hot, and one voxel of parts */
    for (int i = 0; i < N; i++) other[i] = i % 4 == 3 ? (float)(i / 4 + 1) / 6 : (float)(i / 4 == i % 4 % 3);
  vg_tensor *x = vg_requires_grad(vg_tensor_from(v, shape, 5, cpu), true);
  vg_tensor *y =
      l->kind == VG_LOSS_ADVERSARIAL
          ? l->adversarial(x, variant & 1, variant & 2)
          : l->reconstruction(x, vg_tensor_from(other, shape, 5, cpu),
                              variant & 1 ? vg_tensor_from(weight, l->fractions ? per_voxel : shape, 5, cpu)
                                          : NULL);
  double out = vg_item(y);
  if (grad) {
    vg_backward(y);
    assert_int_equal(vg_tensor_copy_out(vg_grad(x), grad, N), VG_OK);
  }
  vg_scope_pop(s, NULL);
  assert_int_equal(vg_tensor_check(), VG_OK);
  return out;
}

static void gradients(void **state) {
  (void)state;
  for (int row = 0; vg_loss_at(row); row++) {
    const vg_loss *l = vg_loss_at(row);
    for (int variant = 0; variant < (l->kind == VG_LOSS_ADVERSARIAL ? 4 : 2); variant++) {
      float v[N], grad[N];
      /* away from the kinks of hinge (+-1) and of the difference to other */
      for (int i = 0; i < N; i++) v[i] = 1.7f * sinf((float)(i * i + 1)) + 0.05f;
      if (l->fractions)
        for (int i = 0; i < N; i++) v[i] = 0.4f + 0.15f * v[i];
      value(l, v, variant, grad);
      double largest = 0;
      for (int i = 0; i < N; i++) {
        const float h = l->fractions ? 1e-3f : 1e-2f, at = v[i];
        v[i] = at + h;
        double up = value(l, v, variant, NULL);
        v[i] = at - h;
        double slope = (up - value(l, v, variant, NULL)) / (2 * h);
        v[i] = at;
        if (fabs(slope - grad[i]) > (l->fractions ? 2e-3 : 2e-4))
          fail_msg("%s variant %d element %d: gradient %g, slope %g", l->name, variant, i, grad[i], slope);
        largest = fmax(largest, fabs(slope));
      }
      assert_true(largest > 1e-3);
    }
  }
}

/* Values worked out by hand at one logit of 0.5. */
static void known_values(void **state) {
  (void)state;
  float v[N];
  for (int i = 0; i < N; i++) v[i] = 0.5f;
  const vg_loss *bce = vg_loss_find("bce"), *ls = vg_loss_find("lsgan"), *hinge = vg_loss_find("hinge");
  assert_true(fabs(value(bce, v, 1, NULL) - log1p(exp(-0.5))) < 1e-6);
  assert_true(fabs(value(bce, v, 0, NULL) - log1p(exp(0.5))) < 1e-6);
  assert_true(fabs(value(ls, v, 1, NULL) - 0.25) < 1e-6);
  assert_true(fabs(value(ls, v, 0, NULL) - 0.25) < 1e-6);
  assert_true(fabs(value(hinge, v, 1, NULL) - 0.5) < 1e-6);
  assert_true(fabs(value(hinge, v, 0, NULL) - 1.5) < 1e-6);
  assert_true(fabs(value(hinge, v, 3, NULL) + 0.5) < 1e-6);
}

/* Checks the targets in value(), where every class of the first three voxels is 1/3, against values computed
 * by hand. */
static void fractions(void **state) {
  (void)state;
  const vg_loss *ce = vg_loss_find("cross_entropy"), *dice = vg_loss_find("dice"),
                *both = vg_loss_find("ce_dice");
  float v[N];
  for (int i = 0; i < N; i++) v[i] = 1.f / 3;
  assert_true(fabs(value(ce, v, 0, NULL) - log(3)) < 1e-5);
  assert_true(fabs(value(ce, v, 1, NULL) - log(3) * (1 + 2 + 3 + 1) / 4) < 1e-5);
  double sum = 0;
  for (int k = 0; k < 3; k++) {
    const double part = (k + 1) / 6.0; /* of class k in the last voxel; it has one voxel of its own */
    sum += (2 * (1 + part) / 3 + 1) / (4.0 / 9 + 1 + part * part + 1) / 3;
  }
  assert_true(fabs(value(dice, v, 0, NULL) - (1 - sum)) < 1e-5);
  assert_true(fabs(value(both, v, 0, NULL) - log(3) - (1 - sum)) < 1e-5);
  /* Nothing is better than the target itself, parts included: both are least there. */
  float grad[N];
  for (int i = 0; i < N; i++) v[i] = i % 4 == 3 ? (float)(i / 4 + 1) / 6 : (float)(i / 4 == i % 4 % 3);
  assert_true(fabs(value(dice, v, 1, grad)) < 1e-6);
  for (int i = 0; i < N; i++) assert_true(fabsf(grad[i]) < 1e-6f);
}

static void registry(void **state) {
  (void)state;
  int kinds[2] = {0, 0};
  for (int i = 0; vg_loss_at(i); i++) {
    const vg_loss *l = vg_loss_at(i);
    assert_ptr_equal(vg_loss_find(l->name), l); /* so the name is there once */
    assert_true(strlen(l->help) > 10);
    assert_true(strlen(l->name) < sizeof((vg_gan_objective *)0)->adversarial);
    assert_true((l->kind == VG_LOSS_ADVERSARIAL ? l->adversarial != NULL : l->reconstruction != NULL));
    kinds[l->kind]++;
  }
  assert_true(kinds[VG_LOSS_ADVERSARIAL] >= 3 && kinds[VG_LOSS_RECONSTRUCTION] >= 1);
  assert_null(vg_loss_find("l2"));
  assert_null(vg_loss_at(-1));
}

static int nothing_left(void **state) {
  (void)state;
  return vg_tensor_live() != 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(gradients, nothing_left),
      cmocka_unit_test_teardown(known_values, nothing_left),
      cmocka_unit_test_teardown(fractions, nothing_left),
      cmocka_unit_test(registry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
