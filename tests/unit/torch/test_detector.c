/* The network that tells two groups of patches apart: it finds a difference, finds none where there is none,
 * and gives the same logits on any thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/number/statistic.h"
#include "base/pool.h"
#include "eval/detect/detector.h"
#include "run/entry.h"
#include "voxgan/rng.h"

enum { PATCHES = 400, EDGE = 16, EACH = EDGE * EDGE };

typedef struct world {
  uint8_t voxels[PATCHES][EACH], second[PATCHES], use[PATCHES];
  const uint8_t *patches[PATCHES];
  float logits[PATCHES];
} world;

/* Noise of SD 40; the second group's is `amount` wider. Even patches train. */
static world *make(double amount, uint64_t seed) {
  world *w = VG_NEW(world);
  assert_non_null(w);
  for (size_t i = 0; i < PATCHES; i++) {
    vg_rng r = vg_rng_init(seed, vg_rng_key("patch", i, 0));
    w->second[i] = i / 2 % 2;
    w->use[i] = i % 2 ? VG_DETECTOR_ASKED : VG_DETECTOR_TRAINS;
    w->patches[i] = w->voxels[i];
    for (size_t k = 0; k < EACH; k++) {
      const double v = 128 + 40 * (1 + amount * w->second[i]) * vg_rng_normal(&r);
      w->voxels[i][k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
  }
  return w;
}

static vg_detector_options options_of(const world *w) {
  return (vg_detector_options){.n = PATCHES,
                               .channels = 1,
                               .edge = EDGE,
                               .patches = w->patches,
                               .second = w->second,
                               .use = w->use,
                               .seed = 3,
                               .steps = 120};
}

static double area(const world *w) {
  double group[2][PATCHES];
  size_t n[2] = {0, 0};
  for (size_t i = 0; i < PATCHES; i++)
    if (w->use[i] == VG_DETECTOR_ASKED) group[w->second[i]][n[w->second[i]]++] = (double)w->logits[i];
  return vg_statistic_auc(group[1], n[1], group[0], n[0]).value;
}

static void finds_a_difference(void **state) {
  (void)state;
  world *w = make(0.5, 1);
  const vg_detector_options o = options_of(w);
  for (size_t i = 0; i < PATCHES; i++) w->logits[i] = 1234;
  assert_int_equal(vg_detector_train(&o, w->logits), VG_OK);
  assert_true(area(w) > 0.98);
  for (size_t i = 0; i < PATCHES; i += 2) assert_true(w->logits[i] == 1234); /* not asked */
  vg_free(w);
}

/* With 100 patches a group, chance is 0.5 with an SD of sqrt((n + m + 1) / (12 n m)) = 0.041. */
static void finds_none(void **state) {
  (void)state;
  world *w = make(0, 2);
  const vg_detector_options o = options_of(w);
  assert_int_equal(vg_detector_train(&o, w->logits), VG_OK);
  assert_true(area(w) > 0.5 - 4 * 0.041 && area(w) < 0.5 + 4 * 0.041);
  vg_free(w);
}

typedef struct several {
  const world *w;
  float (*logits)[PATCHES];
} several;

static vg_status one(void *arg, size_t i) {
  const several *s = arg;
  const vg_detector_options o = options_of(s->w);
  return vg_detector_train(&o, s->logits[i]);
}

static void same_on_every_thread(void **state) {
  (void)state;
  world *w = make(0.2, 4);
  float(*logits)[PATCHES] = vg_calloc(4, sizeof *logits);
  assert_non_null(logits);
  const vg_detector_options o = options_of(w);
  assert_int_equal(vg_detector_train(&o, w->logits), VG_OK);
  vg_threads_set(4);
  assert_int_equal(vg_parallel(4, one, &(several){w, logits}), VG_OK);
  for (int k = 0; k < 4; k++) assert_memory_equal(logits[k], w->logits, sizeof w->logits);
  vg_free(logits);
  vg_free(w);
}

static void needs_both_groups(void **state) {
  (void)state;
  world *w = make(0, 5);
  const vg_detector_options o = options_of(w);
  memset(w->second, 0, sizeof w->second);
  assert_int_equal(vg_detector_train(&o, w->logits), VG_DATA);
  assert_non_null(strstr(vg_error(), "no patch to train on"));
  vg_free(w);
}

static void survives_no_memory(void **state) {
  (void)state;
  world *w = make(0, 6);
  vg_detector_options o = options_of(w);
  o.steps = 1;
  for (long n = 1;; n++) {
    const long live = vg_mem_live();
    vg_mem_fail_after(n);
    const vg_status st = vg_detector_train(&o, w->logits);
    vg_mem_fail_after(0);
    assert_int_equal(vg_mem_live(), live);
    if (!st) break;
    assert_int_equal(st, VG_MEMORY);
  }
  vg_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(finds_a_difference), cmocka_unit_test(finds_none),
                                     cmocka_unit_test(same_on_every_thread),
                                     cmocka_unit_test(needs_both_groups),
                                     cmocka_unit_test(survives_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
