/* test_group.c: sums of gradients over processes, in buckets that leave while a backward pass runs. */
#include <math.h>
#include <sched.h>
#include "processes.h"

enum { PARAMS = 4 };
/* The last parameters are the first bucket: 1.5 M values fill one, so parameters 2 and 3 are it. */
static const int64_t sizes[PARAMS] = {1000, 1200000, 1500000, 7};

static void make(vg_tensor *params[PARAMS]) {
  for (int i = 0; i < PARAMS; i++) params[i] = vg_requires_grad(vg_zeros(&sizes[i], 1, CPU), true);
}

/* A backward pass after which the gradient of parameter i grew by factor[i] in each value; 0: it takes no
 * part. Parameter 0 comes last, as the first layer does. */
static void backward(vg_tensor *const *params, const double *factor) {
  vg_tensor *sum = NULL;
  for (int i = 0; i < PARAMS; i++) {
    if (factor[i] == 0) continue;
    vg_tensor *part = vg_scale(vg_sum(params[i]), factor[i], 0);
    sum = sum ? vg_add(sum, part) : part;
  }
  vg_backward(sum);
}

/* Each value of the gradient is v. */
static bool is(vg_tensor *param, double v) {
  const size_t n = (size_t)vg_numel(param);
  float *got = malloc(n * sizeof *got);
  vg_tensor *gradient = vg_grad(param);
  bool same = gradient && !vg_tensor_copy_out(gradient, got, n);
  for (size_t i = 0; i < n && same; i++) same = got[i] == (float)v;
  free(got);
  return same;
}

/* Twice, as two steps: sums over the ranks r + 1, by the formula, whether buckets leave early or not, and
 * where one micro-batch comes before the last. */
static vg_status sums(vg_group *g) {
  const int r = vg_group_rank(g), n = vg_group_size(g), all = n * (n + 1) / 2;
  const double once[PARAMS] = {r + 1, 2 * (r + 1), 3 * (r + 1), 4 * (r + 1)};
  vg_tensor *params[PARAMS];
  make(params);
  for (int step = 0; step < 6; step++) {
    const bool soon = step % 3 > 0, twice = step % 3 == 2;
    const double before = vg_group_ahead(g), bytes = vg_group_bytes(g), factor = twice ? 2 : 1;
    float row[2] = {(float)r, 1};
    vg_tensor *losses = vg_tensor_from(row, (const int64_t[]){2}, 1, CPU);
    for (int i = 0; i < PARAMS; i++) vg_zero_grad(params[i]);
    if (twice) backward(params, once);
    if (soon) vg_group_sum_soon(g, params, PARAMS, false);
    backward(params, once);
    CHECK(!vg_group_sum_gradients(g, params, PARAMS, losses, false));
    for (int i = 0; i < PARAMS; i++) CHECK(is(params[i], factor * (i + 1) * all));
    CHECK(!vg_tensor_copy_out(losses, row, 2) && row[0] == all - n && row[1] == n);
    CHECK((vg_group_ahead(g) > before) == soon);
    CHECK(vg_group_bytes(g) - bytes >= 4.0 * (1000 + 1200000 + 1500000 + 7));
  }
  CHECK(vg_group_sending(g) > 0);
  return VG_OK;
}

/* A parameter has a gradient if one process had; the first bucket waits for the parameter that one lacks. */
static vg_status gradients_of_some(vg_group *g) {
  const int r = vg_group_rank(g);
  const double factor[PARAMS] = {r == 1 ? 5 : 0, 1, r == 2 ? 0 : 1, 0};
  vg_tensor *params[PARAMS];
  make(params);
  for (int step = 0; step < 2; step++) {
    for (int i = 0; i < PARAMS; i++) vg_zero_grad(params[i]);
    vg_group_sum_soon(g, params, PARAMS, false);
    /* the last process has no micro-batch */
    if (r < 2) backward(params, factor);
    CHECK(!vg_group_sum_gradients(g, params, PARAMS, NULL, false));
    CHECK(is(params[0], 5) && is(params[1], 2) && is(params[2], 2));
    CHECK(!vg_grad(params[3]));
  }
  for (int i = 0; i < PARAMS; i++) vg_zero_grad(params[i]);
  CHECK(!vg_group_sum_gradients(g, params, PARAMS, NULL, false));
  for (int i = 0; i < PARAMS; i++) CHECK(!vg_grad(params[i]));
  return VG_OK;
}

/* To the nearest of the numbers with eight bits. */
static double rounded(double v) {
  int e;
  const double m = frexp(v, &e);
  return ldexp(nearbyint(ldexp(m, 8)), e - 8);
}

/* Each rank's value and the sum are rounded, nothing in between. */
static vg_status sums_in_bf16(vg_group *g) {
  const int r = vg_group_rank(g);
  const double third = (r + 1) / 3.0, factor[PARAMS] = {third, third, third, third};
  double all = 0;
  for (int k = 1; k <= vg_group_size(g); k++) all += rounded(k / 3.0);
  all = rounded(all);
  vg_tensor *params[PARAMS];
  make(params);
  for (int step = 0; step < 2; step++) {
    const double before = vg_group_ahead(g), bytes = vg_group_bytes(g);
    for (int i = 0; i < PARAMS; i++) vg_zero_grad(params[i]);
    if (step) vg_group_sum_soon(g, params, PARAMS, true);
    backward(params, factor);
    CHECK(!vg_group_sum_gradients(g, params, PARAMS, NULL, true));
    for (int i = 0; i < PARAMS; i++) CHECK(is(params[i], all));
    CHECK((vg_group_ahead(g) > before) == step);
    CHECK(vg_group_bytes(g) - bytes < 2.01 * (1000 + 1200000 + 1500000 + 7));
  }
  return VG_OK;
}

/* Two networks of one step, as a GAN's halves: the sums of one leave the gradients of the other alone. */
static vg_status two_networks(vg_group *g) {
  const double one[PARAMS] = {1, 1, 1, 1};
  vg_tensor *a[PARAMS], *b[PARAMS];
  make(a);
  make(b);
  for (int step = 0; step < 2; step++) {
    for (int i = 0; i < PARAMS; i++) vg_zero_grad(a[i]), vg_zero_grad(b[i]);
    vg_group_sum_soon(g, a, PARAMS, false);
    backward(a, one);
    CHECK(!vg_group_sum_gradients(g, a, PARAMS, NULL, false));
    vg_group_sum_soon(g, b, PARAMS, false);
    backward(b, one);
    CHECK(!vg_group_sum_gradients(g, b, PARAMS, NULL, false));
    for (int i = 0; i < PARAMS; i++) CHECK(is(a[i], vg_group_size(g)) && is(b[i], vg_group_size(g)));
  }
  return VG_OK;
}

IN_PROCESSES(sums, 3, GLOO)
IN_PROCESSES(sums, 2, SHARED)
IN_PROCESSES(sums, 3, SHARED)
IN_PROCESSES(sums, 4, SHARED)
IN_PROCESSES(sums, 3, REFUSED)
IN_PROCESSES(sums, 3, SCARCE)
IN_PROCESSES(gradients_of_some, 3, GLOO)
IN_PROCESSES(gradients_of_some, 3, SHARED)
IN_PROCESSES(sums_in_bf16, 3, GLOO)
IN_PROCESSES(sums_in_bf16, 3, SHARED)
IN_PROCESSES(sums_in_bf16, 4, SHARED)
IN_PROCESSES(sums_in_bf16, 3, SCARCE)
IN_PROCESSES(two_networks, 3, GLOO)
IN_PROCESSES(two_networks, 3, SHARED)

/* Gloo's thread of the network interrupts nobody; the threads that compute and send stay as they were. */
static vg_status patience(vg_group *g) {
  int patient = 0, others = 0;
  DIR *const threads = opendir("/proc/self/task");
  CHECK(threads);
  for (const struct dirent *e; (e = readdir(threads));) {
    const int thread = atoi(e->d_name);
    if (!thread) continue;
    const int policy = sched_getscheduler(thread);
    patient += policy == SCHED_BATCH;
    others += policy == SCHED_OTHER;
  }
  closedir(threads);
  CHECK(patient == 1);
  CHECK(others > 1);
  CHECK(sched_getscheduler(0) == SCHED_OTHER);
  return VG_OK;
}

static void network_is_patient(void **state) {
  (void)state;
  if (sched_getscheduler(0) != SCHED_OTHER) skip();
  in_processes(3, GLOO, patience);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_3_GLOO),
      cmocka_unit_test(sums_2_SHARED),
      cmocka_unit_test(sums_3_SHARED),
      cmocka_unit_test(sums_4_SHARED),
      cmocka_unit_test(sums_3_REFUSED),
      cmocka_unit_test(sums_3_SCARCE),
      cmocka_unit_test(gradients_of_some_3_GLOO),
      cmocka_unit_test(gradients_of_some_3_SHARED),
      cmocka_unit_test(sums_in_bf16_3_GLOO),
      cmocka_unit_test(sums_in_bf16_3_SHARED),
      cmocka_unit_test(sums_in_bf16_4_SHARED),
      cmocka_unit_test(sums_in_bf16_3_SCARCE),
      cmocka_unit_test(two_networks_3_GLOO),
      cmocka_unit_test(two_networks_3_SHARED),
      cmocka_unit_test(network_is_patient),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
