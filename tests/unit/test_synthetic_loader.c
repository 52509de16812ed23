/* test_synthetic_loader.c: samples of label maps without images: which values are learned, which are only
 * shown, and that labels and images agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "base/mem.h"
#include "base/number/extent.h"
#include "sample/case_images.h"
#include "sample/loader.h"
#include "prep/maps_read.h"
#include "prep/pack/pack.h"
#include "voxgan/log.h"

#define CASES 3
/* From the centre: 1 and 2 are learned (as wm and gm), 41 is wm too and has the contrast of 1, 7 is only
 * shown. */
static const uint16_t values[5] = {0, 7, 1, 41, 2};
static vg_case cases[CASES];
static vg_prep_settings prep;

static void read_settings(const vg_dataset *ds) {
  prep = (vg_prep_settings){.margin = 2, .percentile = {0.5, 99.5}, .synthetic = true, .heads = true};
  must(vg_series_parse(VG_SERIES_ANY, &prep.series));
  must(vg_scheme_parse("1=white,41=white,7=skin", &prep.contrasts));
  must(vg_classes_add(&prep.classes, &ds->sources[0].anatomy_scheme, VG_ROLE_ANATOMY));
  must(vg_prep_add_kinds(&prep, &ds->sources[0].anatomy_scheme));
}

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  const char *dir = in_scratch("maps");
  for (int i = 0; i < CASES; i++) {
    char name[64];
    snprintf(name, sizeof name, "head_seg_%d.nii", i);
    mini_write_labels(dir, name, mini_geometry("LPS", 40, 44, 42, 1, 1, 1), 15 + i, values);
  }
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "auto", NULL, "1=wm,41=wm,2=gm"));
  assert_string_equal(ds.sources[0].layout, "labels");
  assert_int_equal(ds.n, CASES);
  assert_string_equal(ds.subjects[1].id, "head_seg_1");
  read_settings(&ds);
  for (size_t i = 0; i < CASES; i++)
    must(vg_prepare_cached(in_scratch("cache"), &ds, &ds.subjects[i], &prep, &cases[i]));
  vg_dataset_release(&ds);
  return 0;
}

static int teardown(void **state) {
  for (int i = 0; i < CASES; i++) vg_case_release(&cases[i]);
  return scratch_teardown(state);
}

static const vg_randomise still = {
    .scale = {1, 1}, .elastic_mm = 25, .mean = {0.1, 1}, .bias_mm = 50, .slice = {1, 1}};
static const vg_randomise wild = {.scale = {0.8, 1.2},
                                  .stretch = 0.1,
                                  .rotate = 15,
                                  .shear = 0.01,
                                  .elastic = 3,
                                  .elastic_mm = 10,
                                  .mean = {0.1, 1},
                                  .sd = {0, 0.1},
                                  .clusters = 3,
                                  .spread = 0.1,
                                  .partial = 0.7,
                                  .bias = 0.5,
                                  .bias_mm = 30,
                                  .slice_share = 0.5,
                                  .slice = {1, 5},
                                  .noise = 0.1,
                                  .rician = 0.5,
                                  .gamma = 0.5,
                                  .strip = 0.5,
                                  .crop = 0.3};

/* A kind has a class of its own, shares its contrast, or is only shown. */
static void kinds_are_pairs(void **state) {
  (void)state;
  assert_int_equal(prep.kinds.n, 3); /* white as wm, gm, skin */
  for (int i = 0; i < CASES; i++) {
    vg_case whole, *c = &whole;
    must(vg_case_unpack(&cases[i], c));
    assert_false(c->imaged);
    assert_int_equal(c->n_classes, 2);
    const size_t n = vg_extent_voxels(c->record.dim);
    size_t shown = 0;
    for (size_t k = 0; k < n; k++) {
      const int klass = c->labels[k] == 255 ? 1 : c->labels[n + k] == 255 ? 2 : 0;
      assert_int_equal(prep.kinds.klass[c->kinds[k]], klass);
      assert_int_equal(c->brain[k], 1); /* every voxel is seen */
      shown += c->kinds[k] && !klass;
    }
    assert_true(shown > 100);
    vg_case_release(c);
  }
}

/* Undeformed and without noise, a contrast has one intensity, and no two have the same. */
static void images_show_their_labels(void **state) {
  (void)state;
  vg_loader_settings s = {.batch = 1,
                          .patch = {48, 48, 48},
                          .tumour_weight = 1,
                          .seed = 3,
                          .background = true,
                          .randomise = &still,
                          .kinds = &prep.kinds};
  vg_loader *l;
  must(vg_loader_new(cases, CASES, &s, &l));
  for (int k = 0; k < 6; k++) {
    const vg_batch *b;
    must(vg_loader_next(l, &b));
    const size_t n = 48 * 48 * 48;
    float value[3] = {2, 2, 2};
    size_t count[3] = {0};
    for (size_t i = 0; i < n; i++) {
      assert_float_equal(b->labels[i] + b->labels[n + i] + b->labels[2 * n + i], 1, 0);
      for (int q = 1; q < 3; q++)
        if (b->labels[(size_t)q * n + i] == 1) {
          if (!count[q]++) value[q] = b->image[i];
          assert_float_equal(b->image[i], value[q], 0);
        }
    }
    assert_true(count[1] > 50 && count[2] > 0);
    assert_true(value[1] != value[2]);
  }
  vg_loader_free(l);
}

static uint64_t digest(const vg_batch *b) {
  uint64_t h = 14695981039346656037u;
  const size_t n = (size_t)b->n * (size_t)b->dim[0] * (size_t)b->dim[1] * (size_t)b->dim[2];
  for (size_t i = 0; i < 4 * n; i++) {
    uint32_t u;
    memcpy(&u, i < 3 * n ? &b->labels[i] : &b->image[i - 3 * n], 4);
    h = (h ^ u) * 0x100000001b3u;
  }
  return h;
}

static void same_bytes_for_any_threads(void **state) {
  (void)state;
  uint64_t want[8];
  for (int threads = 1; threads < 6; threads += 2) {
    vg_loader_settings s = {.batch = 2,
                            .patch = {20, 24, 28},
                            .samples_per_epoch = 8,
                            .flip = true,
                            .tumour_weight = 1,
                            .seed = 5,
                            .background = true,
                            .randomise = &wild,
                            .kinds = &prep.kinds,
                            .threads = threads};
    vg_loader *l;
    must(vg_loader_new(cases, CASES, &s, &l));
    for (int k = 0; k < 8; k++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      const uint64_t h = digest(b);
      if (threads == 1) want[k] = h;
      assert_true(h == want[k]);
      for (int j = 0; j < k; j++) assert_true(want[j] != want[k]);
    }
    vg_loader_free(l);
  }
}

/* For validation: the image lies on the case's own labels. */
static void cases_get_images(void **state) {
  (void)state;
  vg_case *c = &cases[0];
  must(vg_case_add_images(c, &still, &prep.kinds, NULL, 1));
  const size_t n = vg_extent_voxels(c->record.dim);
  int16_t value[VG_KINDS_MAX + 1] = {0};
  bool seen[VG_KINDS_MAX + 1] = {false};
  for (size_t i = 0; i < n; i++) {
    if (!seen[c->kinds[i]]) value[c->kinds[i]] = c->image[i];
    seen[c->kinds[i]] = true;
    assert_int_equal(c->image[i], value[c->kinds[i]]);
  }
  assert_true(value[1] != value[2] && value[2] != value[3]);
}

/* A gap that closes is closed in the images of a validation. */
static void validation_is_as_the_training_ends(void **state) {
  (void)state;
  const double gap[3] = {0.3, 0, 0.3};
  const int epochs[3] = {5, 0, 0};
  const size_t bytes = vg_extent_voxels(cases[1].record.dim) * (size_t)cases[1].n_series * sizeof(int16_t);
  size_t differing = 0;
  for (uint64_t seed = 0; seed < 8; seed++) {
    vg_case c[3];
    for (int k = 0; k < 3; k++) {
      vg_randomise how = still;
      how.gap = gap[k];
      how.gap_epochs = epochs[k];
      c[k] = cases[1];
      must(vg_case_add_images(&c[k], &how, &prep.kinds, NULL, seed));
    }
    assert_memory_equal(c[0].image, c[1].image, bytes);
    differing += memcmp(c[0].image, c[2].image, bytes) != 0;
    for (int k = 0; k < 3; k++) vg_free(c[k].made);
  }
  assert_true(differing > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds_are_pairs),
      cmocka_unit_test(images_show_their_labels),
      cmocka_unit_test(same_bytes_for_any_threads),
      cmocka_unit_test(cases_get_images),
      cmocka_unit_test(validation_is_as_the_training_ends),
  };
  vg_log_set_level(VG_LOG_ERROR);
  int failed = cmocka_run_group_tests(tests, setup, teardown);
  if (!failed && vg_mem_live() != 0) {
    fprintf(stderr, "%ld blocks leaked\n", vg_mem_live());
    return 1;
  }
  return failed;
}
