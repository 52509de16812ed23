/* test_pack.c: a packed case has the values of the case that was packed, wherever a sample is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/number/extent.h"
#include "prep/pack/pack.h"
#include "sample/sample.h"
#include "sample/spatial.h"
#include "mini_tree.h"
#include "scratch.h"
#include "voxgan/log.h"
#include "voxgan/rng.h"

enum { NX = 19, NY = 17, NZ = 13, N = NX * NY * NZ, CLASSES = 4, SERIES = 2 };
static uint8_t labels[CLASSES * N], brain[N], native[(N + 7) / 8];
static int16_t image[SERIES * N];
static uint32_t tumour[3] = {5, 77, N - 1};

/* A ball with a hole, so that its rows have gaps, and classes of all kinds: mixed with another, pure, in a
 * few voxels of one corner, and nowhere. */
static vg_case ball(void) {
  vg_case c = {.id = "ball",
               .n_classes = CLASSES,
               .n_anatomy = 2,
               .n_series = SERIES,
               .n_tumour = 3,
               .labels = labels,
               .image = image,
               .brain = brain,
               .native_brain = native,
               .tumour = tumour,
               .imaged = true};
  const int dim[3] = {NX, NY, NZ};
  vg_rng r = vg_rng_init(1, 2);
  memcpy(c.record.dim, dim, sizeof dim);
  memcpy(c.record.crop_dim, dim, sizeof dim);
  for (int a = 0; a < 3; a++) c.record.spacing[a] = 1;
  memset(labels, 0, sizeof labels);
  for (size_t i = 0; i < N; i++) {
    int at[3];
    vg_extent_at(dim, i, at);
    const int d = (at[0] - 9) * (at[0] - 9) + (at[1] - 8) * (at[1] - 8) + (at[2] - 6) * (at[2] - 6);
    brain[i] = d < 36 && d > 4;
    native[i >> 3] = (uint8_t)(native[i >> 3] | brain[i] << (i & 7));
    for (int s = 0; s < SERIES; s++)
      image[s * N + i] = (int16_t)(brain[i] ? (int)vg_rng_below(&r, 65535) - 32767 : -32767);
    if (!brain[i]) continue;
    const uint8_t share = (uint8_t)(d > 16 ? 255 : vg_rng_below(&r, 256));
    labels[i] = share;
    labels[N + i] = (uint8_t)(255 - share);
    if (at[0] < 6 && at[1] < 6) labels[2 * N + i] = 255;
  }
  return c;
}

/* The same, packed into block (vg_free). */
static vg_case packed_of(const vg_case *c, void **block, size_t *bytes) {
  vg_pack p;
  vg_case out = *c;
  must(vg_pack_plan(c, &p));
  *block = vg_calloc(p.total, 1);
  assert_non_null(*block);
  vg_pack_write(&p, *block);
  *bytes = p.total;
  vg_pack_release(&p);
  assert_true(vg_pack_place(&out, false, *block, *bytes));
  assert_null(out.labels);
  return out;
}

static void all_voxels_come_back(void **state) {
  (void)state;
  const vg_case c = ball();
  vg_case whole;
  void *block;
  size_t bytes;
  const vg_case packed = packed_of(&c, &block, &bytes);
  must(vg_case_unpack(&packed, &whole));
  assert_memory_equal(whole.labels, labels, sizeof labels);
  assert_memory_equal(whole.image, image, sizeof image);
  assert_memory_equal(whole.brain, brain, sizeof brain);
  assert_memory_equal(whole.native_brain, native, sizeof native);
  assert_memory_equal(whole.tumour, tumour, sizeof tumour);
  vg_case_release(&whole);
  /* An image that somebody made for it takes the place of its own. */
  vg_case other = packed;
  other.image = image;
  must(vg_case_unpack(&other, &whole));
  assert_ptr_equal(whole.image, image);
  assert_memory_equal(whole.labels, labels, sizeof labels);
  vg_case_release(&whole);
  /* A case with arrays lends them. */
  must(vg_case_unpack(&c, &whole));
  assert_ptr_equal(whole.labels, labels);
  vg_case_release(&whole);
  vg_free(block);
}

static void samples_are_the_same(void **state) {
  (void)state;
  enum { SIDE = 12, PATCH = SIDE * SIDE * SIDE };
  static float l[2][CLASSES * PATCH], v[2][SERIES * PATCH], inside[2][PATCH], places[3 * PATCH];
  const int dim[3] = {SIDE, SIDE, SIDE};
  const vg_augment how = {.share = 1, .rotate = 40, .scale = 0.3};
  const vg_case c = ball();
  void *block;
  size_t bytes;
  const vg_case packed = packed_of(&c, &block, &bytes);
  vg_rng r = vg_rng_init(3, 4);
  for (int round = 0; round < 200; round++) {
    int lo[3];
    for (int a = 0; a < 3; a++) lo[a] = (int)vg_rng_below(&r, 40) - 20;
    for (int k = 0; k < 2; k++) vg_case_patch(k ? &packed : &c, lo, dim, l[k], v[k]);
    assert_memory_equal(l[0], l[1], sizeof l[0]);
    assert_memory_equal(v[0], v[1], sizeof v[0]);
    vg_spatial_draw(&how, &c, lo, dim, &r, NULL, places);
    for (int k = 0; k < 2; k++) {
      vg_spatial_patch(k ? &packed : &c, places, PATCH, l[k], v[k]);
      vg_spatial_brain(k ? &packed : &c, places, PATCH, inside[k]);
    }
    assert_memory_equal(l[0], l[1], sizeof l[0]);
    assert_memory_equal(v[0], v[1], sizeof v[0]);
    assert_memory_equal(inside[0], inside[1], sizeof inside[0]);
  }
  vg_free(block);
}

/* The stored values: of the images the rows of the ball, by hand; of a class that is nowhere, nothing; of one
 * in whole rows, no values. */
static void background_takes_no_place(void **state) {
  (void)state;
  const vg_case c = ball();
  size_t values = 0, bytes;
  for (int row = 0; row < NY * NZ; row++) {
    int first = NX, last = -1;
    for (int x = 0; x < NX; x++)
      if (brain[row * NX + x]) first = x < first ? x : first, last = x;
    if (last >= 0) values += (size_t)(last - first + 1);
  }
  void *block;
  const vg_case packed = packed_of(&c, &block, &bytes);
  assert_int_equal(packed.packed[0].values, values);
  assert_int_equal(packed.packed[4].values, 0); /* 255 in all its rows */
  assert_true(packed.packed[4].dim[0] > 0);
  assert_int_equal(packed.packed[5].values + (uint64_t)packed.packed[5].dim[0], 0);
  vg_free(block);
}

/* Whatever a shape or a row says, no reader leaves the block. */
static void forged_places_are_refused(void **state) {
  (void)state;
  static const uint32_t words[] = {0, 1, 18, 4000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  const vg_case c = ball();
  void *block;
  size_t bytes;
  (void)packed_of(&c, &block, &bytes);
  uint8_t *copy = vg_malloc(bytes, 1);
  size_t refused = 0, taken = 0;
  const size_t rows_end = (size_t)((const vg_shape *)block)[1].values_at;
  for (size_t at = 0; at < rows_end; at += 4)
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
      vg_case forged = c, whole;
      memcpy(copy, block, bytes);
      memcpy(copy + at, &words[w], 4);
      const bool fits = vg_pack_place(&forged, false, copy, bytes);
      refused += !fits;
      taken += fits;
      if (!fits) continue;
      must(vg_case_unpack(&forged, &whole));
      vg_case_release(&whole);
    }
  assert_true(refused > 1000 && taken > 100);
  for (size_t n = 0; n < bytes; n += 64) {
    vg_case cut = c;
    assert_false(vg_pack_place(&cut, false, block, n));
  }
  vg_free(copy);
  vg_free(block);
}

static void memory_may_run_out(void **state) {
  (void)state;
  const vg_case c = ball();
  const long before = vg_mem_live();
  void *block;
  size_t bytes;
  vg_status st = VG_MEMORY;
  const vg_case packed = packed_of(&c, &block, &bytes);
  for (long n = 1; st; n++) {
    vg_pack p;
    vg_case whole;
    vg_mem_fail_after(n);
    st = vg_pack_plan(&c, &p);
    if (!st) vg_pack_release(&p);
    if (!st) st = vg_case_unpack(&packed, &whole);
    vg_mem_fail_after(0);
    if (!st) vg_case_release(&whole);
    assert_true(n < 20);
  }
  vg_free(block);
  assert_int_equal(vg_mem_live(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_voxels_come_back),      cmocka_unit_test(samples_are_the_same),
      cmocka_unit_test(background_takes_no_place), cmocka_unit_test(forged_places_are_refused),
      cmocka_unit_test(memory_may_run_out),
  };
  vg_log_set_level(VG_LOG_ERROR);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
