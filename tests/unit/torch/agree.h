/* agree.h: for tests of operations: two computations of the same result must agree in values and gradients.
 * Also runs a test program on a GPU, or on the path that a GPU would take. */
#ifndef VG_TEST_AGREE_H
#define VG_TEST_AGREE_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tensor/tensor.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define MAX_IN 4
static vg_device device;    /* that everything runs on */
static const char *program; /* argv[0] */

/* A shape has up to five dims, and zeros after fewer. */
static int ndim_of(const int64_t shape[5]) {
  int n = 0;
  while (n < 5 && shape[n]) n++;
  return n;
}

static int64_t numel_of(const int64_t shape[5]) {
  int64_t n = 1;
  for (int i = 0; i < ndim_of(shape); i++) n *= shape[i];
  return n;
}

static vg_tensor *noise(const int64_t *shape, int ndim, uint64_t seed) {
  vg_rand *g = vg_rand_new(seed, device);
  vg_tensor *t = vg_randn(shape, ndim, 0, 1, g);
  vg_rand_free(g);
  return t;
}

static double difference(vg_tensor *a, vg_tensor *b) {
  assert_int_equal(vg_numel(a), vg_numel(b));
  for (int i = 0; i < vg_ndim(a); i++) assert_int_equal(vg_size(a, i), vg_size(b, i));
  const size_t n = (size_t)vg_numel(a);
  float *p = malloc(2 * n * sizeof *p), *q = p + n;
  assert_int_equal(vg_tensor_copy_out(a, p, n), VG_OK);
  assert_int_equal(vg_tensor_copy_out(b, q, n), VG_OK);
  double worst = 0, largest = 1e-9;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(p[i]) || !isfinite(q[i])) worst = INFINITY;
    worst = fmax(worst, fabs((double)p[i] - q[i]));
    largest = fmax(largest, fabs((double)q[i]));
  }
  free(p);
  return worst / largest;
}

/* Two ways to the same result from the same leaves: values and all gradients agree. */
typedef vg_tensor *(*way)(vg_tensor **in, const void *arg);
static void agree(const char *name, way ours, way theirs, const void *arg, const int64_t (*shapes)[5], int n,
                  double tolerance) {
  vg_scope *s = vg_scope_push();
  vg_tensor *in[2][MAX_IN] = {{0}}, *y[2];
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < n; i++)
      in[k][i] = vg_requires_grad(noise(shapes[i], ndim_of(shapes[i]), (uint64_t)i + 1), true);
    y[k] = (k ? theirs : ours)(in[k], arg);
  }
  vg_tensor *pull = noise(
      (int64_t[]){vg_size(y[0], 0), vg_size(y[0], 1), vg_size(y[0], 2), vg_size(y[0], 3), vg_size(y[0], 4)},
      5, 9);
  for (int k = 0; k < 2; k++) vg_backward(vg_sum(vg_mul(y[k], pull)));
  if (vg_tensor_check()) fail_msg("%s: %s", name, vg_error());
  const double e = difference(y[0], y[1]);
  if (!(e < tolerance)) fail_msg("%s: values differ by %g", name, e);
  for (int i = 0; i < n; i++) {
    const double d = difference(vg_grad(in[0][i]), vg_grad(in[1][i]));
    if (!(d < tolerance)) fail_msg("%s: gradients of input %d differ by %g", name, i, d);
  }
  vg_scope_pop(s, NULL);
}

/* Without a GPU, the CPU uses ATen's operations, which take the same path through the shim. */
static void another_device(void **unused) {
  (void)unused;
  char command[4200];
  snprintf(command, sizeof command, "NVIDIA_TF32_OVERRIDE=0 '%s' device >&2", program);
  assert_int_equal(system(command), 0);
}

static void to_another_device(bool own) {
  char name[128];
  vg_tensor_threads(1); /* small tensors */
  if (vg_device_parse("auto", &device)) print_error("%s\n", vg_error());
  vg_tensor_own_kernels(own);
  print_message("on %s, with%s our own kernels\n", vg_device_describe(device, name, sizeof name),
                own ? "" : "out");
}

#endif
