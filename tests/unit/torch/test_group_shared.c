/* test_group_shared.c: sums in memory that processes share: their bytes, and what happens when a process does
 * not come to one. */
#include <math.h>
#include <sys/resource.h>
#include "processes.h"
#include "voxgan/rng.h"
#include "voxgan/log.h"

/* Two buckets, of sizes that no number of processes divides. */
enum { PARAMS = 2, VALUES = 1300021, REST = 333 };
static const int64_t sizes[PARAMS] = {REST, VALUES};

/* What rank r adds to the gradient of parameter i, and to arrays (i = PARAMS). */
static float *numbers(int r, int i, size_t n) {
  float *v = malloc(n * sizeof *v);
  vg_rng rng = vg_rng_init(7, vg_rng_key("group", (uint64_t)r, (uint64_t)i));
  for (size_t k = 0; k < n; k++) v[k] = (float)vg_rng_uniform(&rng, -1, 1);
  return v;
}

static void backward(vg_tensor *const *params, int r) {
  vg_tensor *sum = NULL;
  for (int i = 0; i < PARAMS; i++) {
    float *v = numbers(r, i, (size_t)sizes[i]);
    vg_tensor *part = vg_sum(vg_mul(params[i], vg_tensor_from(v, &sizes[i], 1, CPU)));
    free(v);
    sum = sum ? vg_add(sum, part) : part;
  }
  vg_backward(sum);
}

/* The sum in the order of the ranks, bit for bit. */
static bool in_order(const vg_group *g, const float *got, int i, size_t n) {
  float *all = numbers(0, i, n);
  for (int r = 1; r < vg_group_size(g); r++) {
    float *v = numbers(r, i, n);
    for (size_t k = 0; k < n; k++) all[k] += v[k];
    free(v);
  }
  const bool same = !memcmp(all, got, n * sizeof *got);
  free(all);
  return same;
}

static vg_status sum_gradients(vg_group *g) {
  vg_tensor *params[PARAMS];
  for (int i = 0; i < PARAMS; i++) params[i] = vg_requires_grad(vg_zeros(&sizes[i], 1, CPU), true);
  for (int step = 0; step < 3; step++) {
    for (int i = 0; i < PARAMS; i++) vg_zero_grad(params[i]);
    if (step) vg_group_sum_soon(g, params, PARAMS, false);
    backward(params, vg_group_rank(g));
    const vg_status st = vg_group_sum_gradients(g, params, PARAMS, NULL, false);
    if (st) return st;
    for (int i = 0; i < PARAMS; i++) {
      float *got = malloc((size_t)sizes[i] * sizeof *got);
      CHECK(!vg_tensor_copy_out(vg_grad(params[i]), got, (size_t)sizes[i]));
      CHECK(in_order(g, got, i, (size_t)sizes[i]));
      free(got);
    }
  }
  return VG_OK;
}

/* Arrays larger than the room through which they go. */
static vg_status arrays(vg_group *g) {
  enum { N = 200003 };
  const int r = vg_group_rank(g), n = vg_group_size(g);
  double *wide = malloc(N * sizeof *wide);
  float *v = numbers(r, PARAMS, N);
  for (int k = 0; k < N; k++) wide[k] = r * 0.1 + k;
  CHECK(!vg_group_sum_floats(g, v, N));
  CHECK(in_order(g, v, PARAMS, N));
  CHECK(!vg_group_sum(g, wide, N));
  for (int k = 0; k < N; k++) {
    double all = k;
    for (int q = 1; q < n; q++) all += q * 0.1 + k;
    CHECK(wide[k] == all);
  }
  for (int k = 0; k < N; k++) wide[k] = r * N + k;
  CHECK(!vg_group_share(g, wide, N * sizeof *wide));
  for (int k = 0; k < N; k++) CHECK(wide[k] == k);
  double one = 1;
  for (int k = 1; k < 30; k++) CHECK(!vg_group_sum(g, &one, 1) && one == pow(n, k));
  free(wide);
  free(v);
  return VG_OK;
}

static double processor_s(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Waiting costs no processor time. */
static vg_status waiting(vg_group *g) {
  double one = 1;
  CHECK(!vg_group_sum(g, &one, 1));
  const double began = processor_s();
  if (vg_group_rank(g) == 1) sleep(2);
  CHECK(!vg_group_sum(g, &one, 1));
  CHECK(processor_s() - began < 0.1);
  return VG_OK;
}

/* Every call after the first fails, soon and with the reason. */
static void check_ended(vg_group *g, double began, double limit, const char *reason) {
  double one = 1;
  CHECK(vg_now() - began < limit);
  CHECK(strstr(vg_error(), reason));
  CHECK(vg_group_sum(g, &one, 1) && strstr(vg_error(), reason));
  CHECK(vg_interrupted());
}

static vg_status killed(vg_group *g) {
  double one = 1;
  CHECK(!vg_group_sum(g, &one, 1));
  const double began = vg_now();
  if (vg_group_rank(g) == 1) kill(getpid(), SIGKILL);
  const vg_status st = sum_gradients(g);
  CHECK(st == VG_DEVICE);
  check_ended(g, began, 15, "it was killed");
  CHECK(strstr(vg_error(), "rank 1 ("));
  return vg_group_sum(g, &one, 1);
}

static vg_status first_killed(vg_group *g) {
  double one = 1;
  CHECK(!sum_gradients(g));
  const double began = vg_now();
  if (vg_group_rank(g) == 0) kill(getpid(), SIGKILL);
  const vg_status st = vg_group_sum(g, &one, 1);
  CHECK(st == VG_DEVICE);
  check_ended(g, began, 15, "rank 0 (");
  return vg_group_sum(g, &one, 1);
}

static vg_status stopped(vg_group *g) {
  double one = 1;
  CHECK(!vg_group_sum(g, &one, 1));
  const double began = vg_now();
  if (vg_group_rank(g) == 2) kill(getpid(), SIGSTOP);
  const vg_status st = sum_gradients(g);
  CHECK(st == VG_DEVICE);
  check_ended(g, began, 12, "rank 2 (");
  CHECK(strstr(vg_error(), "no sign of life"));
  return vg_group_sum(g, &one, 1);
}

/* A process that ends for a reason of its own, as lack of memory is. */
static vg_status fails(vg_group *g) {
  double one = 1;
  CHECK(!vg_group_sum(g, &one, 1));
  const double began = vg_now();
  if (vg_group_rank(g) == 1) return vg_fail(VG_MEMORY, "out of memory, says the test");
  const vg_status st = sum_gradients(g);
  CHECK(st == VG_MEMORY);
  check_ended(g, began, 5, "out of memory, says the test");
  return vg_group_sum(g, &one, 1);
}

IN_PROCESSES(sum_gradients, 2, SHARED)
IN_PROCESSES(sum_gradients, 3, SHARED)
IN_PROCESSES(sum_gradients, 4, SHARED)
IN_PROCESSES(sum_gradients, 3, SCARCE)
IN_PROCESSES(arrays, 2, SHARED)
IN_PROCESSES(arrays, 3, SHARED)
IN_PROCESSES(waiting, 3, SHARED)
IN_PROCESSES(fails, 3, SHARED)

static void one_is_lost(int lost, double timeout, vg_status (*test)(vg_group *g)) {
  pid_t pid[MOST];
  start_processes(pid, 3, SHARED, timeout, test);
  for (int r = 0; r < 3; r++) {
    siginfo_t info;
    if (r != lost) assert_int_equal(waitid(P_PID, (id_t)pid[r], &info, WEXITED | WNOWAIT), 0);
  }
  kill(pid[lost], SIGKILL);
  end_processes(pid, 3, lost);
}

static void rank_is_killed(void **state) {
  (void)state;
  one_is_lost(1, 60, killed);
}

static void first_rank_is_killed(void **state) {
  (void)state;
  one_is_lost(0, 60, first_killed);
}

static void rank_is_stopped(void **state) {
  (void)state;
  one_is_lost(2, 5, stopped);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sum_gradients_2_SHARED), cmocka_unit_test(sum_gradients_3_SHARED),
      cmocka_unit_test(sum_gradients_4_SHARED), cmocka_unit_test(sum_gradients_3_SCARCE),
      cmocka_unit_test(arrays_2_SHARED),        cmocka_unit_test(arrays_3_SHARED),
      cmocka_unit_test(waiting_3_SHARED),       cmocka_unit_test(fails_3_SHARED),
      cmocka_unit_test(rank_is_killed),         cmocka_unit_test(first_rank_is_killed),
      cmocka_unit_test(rank_is_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
