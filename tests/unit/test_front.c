/* test_front.c: fronts against known distances. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "edit/lesion/front.h"
#include "base/mem.h"

static float even(const void *arg, size_t voxel, const int at[3]) {
  (void)arg, (void)voxel, (void)at;
  return 1;
}

/* Share of the first n voxels that lie in a ball of their volume around the seed. */
static double in_ball(const int dim[3], const double mm[3], const int seed[3], size_t n) {
  uint32_t *order = vg_malloc(n, sizeof *order);
  size_t reached, in = 0;
  assert_non_null(order);
  assert_int_equal(vg_front_run(dim, mm, seed, even, NULL, n, order, &reached), VG_OK);
  assert_int_equal(reached, n);
  assert_int_equal(order[0], (seed[2] * dim[1] + seed[1]) * dim[0] + seed[0]);
  double ball = pow(0.75 * (double)n * mm[0] * mm[1] * mm[2] / acos(-1.0), 2 / 3.0);
  for (size_t i = 0; i < n; i++) {
    int o = (int)order[i];
    double x = (o % dim[0] - seed[0]) * mm[0], y = (o / dim[0] % dim[1] - seed[1]) * mm[1];
    double z = (o / dim[0] / dim[1] - seed[2]) * mm[2];
    in += x * x + y * y + z * z <= ball;
  }
  vg_free(order);
  return (double)in / (double)n;
}

static void even_speed_makes_a_ball(void **state) {
  (void)state;
  assert_true(in_ball((int[]){50, 51, 52}, (double[]){1, 1, 1}, (int[]){25, 24, 26}, 20000) > 0.99);
  assert_true(in_ball((int[]){50, 50, 18}, (double[]){1, 1, 3}, (int[]){25, 25, 9}, 7000) > 0.97);
  assert_true(in_ball((int[]){70, 40, 80}, (double[]){0.7, 1.5, 0.5}, (int[]){35, 20, 40}, 30000) > 0.98);
  assert_true(in_ball((int[]){3, 4, 5}, (double[]){1, 2, 3}, (int[]){0, 3, 2}, 60) >
              0); /* all of it is reached */
}

/* A wall across x = 20 with a hole at its far end. */
static float walled(const void *arg, size_t voxel, const int at[3]) {
  (void)voxel;
  const int *hole = arg;
  return at[0] == 20 && at[1] >= *hole ? 0 : 1;
}

static void walls_are_gone_around(void **state) {
  (void)state;
  const int dim[3] = {40, 40, 1}, seed[3] = {10, 30, 0};
  const double mm[3] = {1, 1, 1};
  uint32_t order[1600];
  size_t reached, place[1600] = {0};
  int hole = 3;
  assert_int_equal(vg_front_run(dim, mm, seed, walled, &hole, 1600, order, &reached), VG_OK);
  assert_int_equal(reached, 1600 - 37);
  for (size_t i = 0; i < reached; i++) place[order[i]] = i;
  /* The way round to just behind the wall is 29.7 + 28 long, to the far corner on this side 31.6. */
  assert_true(place[39 * 40 + 0] < place[30 * 40 + 22]);
  assert_true(place[10 * 40 + 22] < place[30 * 40 + 22]);
  hole = 0;
  assert_int_equal(vg_front_run(dim, mm, seed, walled, &hole, 1600, order, &reached), VG_OK);
  assert_int_equal(reached, 800);
  assert_int_equal(vg_front_run(dim, mm, (int[]){20, 5, 0}, walled, &hole, 1600, order, &reached), VG_OK);
  assert_int_equal(reached, 0);
}

/* Three times as fast in the upper half. */
static float halves(const void *arg, size_t voxel, const int at[3]) {
  (void)arg, (void)voxel;
  return at[0] < 30 ? 1 : 3;
}

static void faster_halves_are_reached_first(void **state) {
  (void)state;
  const int dim[3] = {100, 9, 9}, seed[3] = {30, 4, 4};
  uint32_t order[100 * 81];
  size_t reached, n = 0, low = 100, high = 0;
  assert_int_equal(vg_front_run(dim, (double[]){1, 1, 1}, seed, halves, NULL, 81 * 60, order, &reached),
                   VG_OK);
  for (size_t i = 0; i < reached; i++) {
    size_t x = order[i] % 100;
    n += x >= 30;
    low = x < low ? x : low;
    high = x > high ? x : high;
  }
  assert_in_range(n, 81 * 60 * 7 / 10, 81 * 60 * 8 / 10);
  assert_in_range(30 - low, 14, 17);
  assert_in_range(high - 30, 43, 47);
}

static void memory_runs_out(void **state) {
  (void)state;
  uint32_t order[8000];
  size_t reached;
  long live = vg_mem_live();
  bool ok = false;
  for (long at = 1; !ok; at++) {
    vg_mem_fail_after(at);
    vg_status st = vg_front_run((int[]){20, 20, 20}, (double[]){1, 1, 1}, (int[]){3, 3, 3}, even, NULL, 8000,
                                order, &reached);
    vg_mem_fail_after(0);
    ok = !st;
    assert_true(ok || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(even_speed_makes_a_ball),
      cmocka_unit_test(walls_are_gone_around),
      cmocka_unit_test(faster_halves_are_reached_first),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
