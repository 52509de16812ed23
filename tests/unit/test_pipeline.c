/* The pipeline: order, overlap, slots, and the work that is complete after a failure in each stage. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "base/pool.h"

enum { N = 40, DEPTH = 3 };

typedef struct study {
  size_t slot[DEPTH];
  atomic_size_t produced, consumed;
  size_t computed, most_ahead;
  int fail_stage;
  size_t fail_at;
} study;

static vg_status maybe_fail(const study *s, int stage, size_t i) {
  return s->fail_stage == stage && s->fail_at == i ? vg_fail(VG_DATA, "stage %d, item %zu", stage, i) : VG_OK;
}
static vg_status produce(void *arg, size_t i) {
  study *s = arg;
  if (i != s->produced) return vg_fail(VG_FAILED, "produced out of order");
  size_t ahead = s->produced + 1 - s->consumed;
  if (ahead > s->most_ahead) s->most_ahead = ahead;
  s->slot[i % DEPTH] = i * 7;
  s->produced++;
  return maybe_fail(s, 1, i);
}
static vg_status compute(void *arg, size_t i) {
  study *s = arg;
  if (i != s->computed || s->slot[i % DEPTH] != i * 7) return vg_fail(VG_FAILED, "computed out of order");
  s->slot[i % DEPTH]++;
  s->computed++;
  return maybe_fail(s, 2, i);
}
static vg_status consume(void *arg, size_t i) {
  study *s = arg;
  nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL); /* the slow stage, so that the others run ahead */
  if (i != s->consumed || s->slot[i % DEPTH] != i * 7 + 1) return vg_fail(VG_FAILED, "consumed out of order");
  vg_status st = maybe_fail(s, 3, i);
  if (!st) s->consumed++;
  return st;
}

static void all_items_pass_in_order(void **state) {
  (void)state;
  study s = {0};
  assert_int_equal(vg_pipeline(N, DEPTH, produce, compute, consume, &s), VG_OK);
  assert_int_equal(s.consumed, N);
  assert_true(s.most_ahead > 1 && s.most_ahead <= DEPTH);
  study none = {0};
  assert_int_equal(vg_pipeline(0, DEPTH, produce, compute, consume, &none), VG_OK);
}

static void what_comes_before_a_failure_is_finished(void **state) {
  (void)state;
  for (int stage = 1; stage <= 3; stage++) {
    study s = {.fail_stage = stage, .fail_at = 11};
    assert_int_equal(vg_pipeline(N, DEPTH, produce, compute, consume, &s), VG_DATA);
    char text[64];
    snprintf(text, sizeof text, "stage %d, item 11", stage);
    assert_string_equal(vg_error(), text);
    assert_int_equal(s.consumed, 11);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_items_pass_in_order),
      cmocka_unit_test(what_comes_before_a_failure_is_finished),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
