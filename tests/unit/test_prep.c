/* test_prep.c: preparation of a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "prep_cases.h"
#include "voxgan/log.h"
#include "prep/pack/pack.h"

/* ---- prepared arrays ---- */

static void orientation_does_not_matter(void **state) {
  (void)state;
  static const char *const codes[] = {"RAS", "LPS", "LAS", "ASR", "SPL"};
  vg_case first = {0};
  vg_prep_settings s = settings_for("t1,t2", BRAIN_AND_TUMOUR);
  for (int spacing = 0; spacing < 3; spacing++) {
    set_spacing(&s, spacing);
    for (int k = 0; k < 5; k++) {
      int dim[3] = {48, 52, 46}, stored[3];
      for (int a = 0; a < 3; a++)
        stored[a] = dim[strchr("RL", codes[k][a]) ? 0 : strchr("AP", codes[k][a]) ? 1 : 2];
      vg_geometry g = mini_geometry(codes[k], stored[0], stored[1], stored[2], 1, 1, 1);
      vg_dataset ds = make_set(codes[k], g, -2, 1);
      vg_case c;
      must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
      assert_string_equal(c.id, "k");
      assert_int_equal(c.n_anatomy, 1);
      if (k == 0) {
        first = c;
      } else {
        assert_memory_equal(c.record.dim, first.record.dim, sizeof c.record.dim);
        assert_memory_equal(c.labels, first.labels, voxels(&c) * 4);
        assert_memory_equal(c.brain, first.brain, voxels(&c));
        /* Sums along an axis that is stored the other way round are rounded the same here: all runs in RAS.
         */
        for (size_t i = 0; i < voxels(&c) * 2; i++) assert_in_range(c.image[i] - first.image[i] + 2, 1, 3);
        vg_case_release(&c);
      }
      vg_dataset_release(&ds);
    }
    vg_case_release(&first);
  }
}

/* The tumour is right and in front: larger x and y. */
static void right_is_right(void **state) {
  (void)state;
  vg_dataset ds = make_set("right", mini_geometry("LPS", 48, 52, 46, 1, 1, 1), 0, 1);
  vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR);
  set_spacing(&s, 1.5);
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  assert_true(c.n_tumour > 100);
  double x = 0, y = 0;
  for (uint32_t i = 0; i < c.n_tumour; i++) {
    uint32_t at = c.tumour[i];
    unsigned sum = 0;
    for (size_t k = 1; k < 4; k++) sum += c.labels[k * voxels(&c) + at];
    assert_true(sum >= 128);
    x += at % (uint32_t)c.record.dim[0];
    y += at / (uint32_t)c.record.dim[0] % (uint32_t)c.record.dim[1];
  }
  assert_true(x / c.n_tumour > c.record.dim[0] * 0.58);
  assert_true(y / c.n_tumour > c.record.dim[1] * 0.58);
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

static void fractions_and_volumes(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LAS", 50, 52, 48, 1, 0.9, 1.1);
  vg_dataset ds = make_set("fractions", g, 0, 1);
  vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR);
  vg_case exact;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &exact));
  static const double spacings[] = {0, 1.5, 2, 2.7, 4, 0.6};
  for (int k = 0; k < 6; k++) {
    set_spacing(&s, spacings[k]);
    vg_case c;
    must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
    size_t n = voxels(&c);
    for (size_t i = 0; i < n; i++) {
      unsigned sum = 0;
      for (size_t q = 0; q < 4; q++) sum += c.labels[q * n + i];
      /* In the brain the classes share the whole voxel; outside there is nothing. */
      if (c.brain[i] ? sum < 254 || sum > 255 : sum != 0) fail_msg("%g mm: sum %u", spacings[k], sum);
      if (!c.brain[i]) assert_int_equal(c.image[i], -32767);
    }
    for (int a = 0; a < 3 && k; a++) assert_float_equal(c.record.spacing[a], spacings[k], 1e-12);
    /* The tumour lies inside, so area weights keep its volume; linear ones nearly, and voxels so coarse that
     * they reach from tumour to rim give it a part of the rim. */
    double tolerance = spacings[k] == 0.6 ? 0.03 : spacings[k] == 4 ? 0.015 : 0.004;
    for (int q = 1; q < 4; q++) {
      double want = channel_ml(&exact, q), have = channel_ml(&c, q);
      if (fabs(have - want) > tolerance * want + 0.004)
        fail_msg("%g mm, class %d: %g ml of %g", spacings[k], q, have, want);
    }
    /* The rim is rounded to whole voxels. */
    double rim = 0.01 + 0.01 * spacings[k];
    if (fabs(channel_ml(&c, 0) / channel_ml(&exact, 0) - 1) > rim)
      fail_msg("%g mm: brain %g ml of %g", spacings[k], channel_ml(&c, 0), channel_ml(&exact, 0));
    vg_case_release(&c);
  }
  vg_case_release(&exact);
  vg_dataset_release(&ds);
}

static int by_float(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void percentiles_are_exact(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 48, 50, 46, 1, 1, 1);
  vg_dataset ds = make_set("percentiles", g, -3.5f, 0.01f); /* z-scored: t2 is negative all over */
  vg_prep_settings s = settings_for("t1,t2", BRAIN_AND_TUMOUR);
  s.percentile[0] = 1.3, s.percentile[1] = 97.77;
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  for (int k = 0; k < 2; k++) {
    vg_volume v;
    must(vg_volume_read(ds.subjects[0].series[k], &v, NULL));
    size_t n = vg_geometry_voxels(&v.geo), m = 0;
    for (size_t i = 0; i < n; i++)
      if (fabsf(v.data[i] + 3.5f) > 1e-4f) v.data[m++] = v.data[i];
    qsort(v.data, m, sizeof(float), by_float);
    for (int q = 0; q < 2; q++) {
      double at = s.percentile[q] / 100 * (double)(m - 1);
      size_t j = (size_t)at;
      double want = v.data[j] + ((double)v.data[j + 1] - v.data[j]) * (at - (double)j);
      assert_float_equal(q ? c.ranges[k].hi : c.ranges[k].lo, want, 1e-9);
    }
    assert_float_equal(c.ranges[k].background, -3.5, 1e-6);
    vg_volume_release(&v);
  }
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

static void slice_keeps_its_axis(void **state) {
  (void)state;
  vg_dataset ds = make_set("slice", mini_geometry("LPS", 48, 52, 1, 1, 1, 5), 0, 1);
  vg_prep_settings s = settings_for("t1", BRAIN_AND_TUMOUR);
  set_spacing(&s, 2);
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  assert_int_equal(c.record.dim[2], 1);
  assert_float_equal(c.record.spacing[2], 5, 1e-6);
  assert_float_equal(c.record.spacing[0], 2, 1e-12);
  assert_in_range(c.record.dim[1], 22, 25); /* 40 mm of brain and 3 + 3 of margin */
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

/* ---- what tells the classes and the brain ---- */

static void anatomy_and_tumour_join(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LPS", 48, 52, 46, 1, 1, 1);
  vg_dataset ds = make_set("join", g, 0, 1);
  const char *dir = in_scratch("join");
  mini_write_labels(dir, "k/k_anat.nii", g, RADIUS, tissue_values);
  vg_dataset_release(&ds);
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  static const char tissues_and_tumour[] =
      "1=csf,2=gm,3=wm,4=necrosis:tumour,5=oedema:tumour,6=enhancing:tumour";

  /* Labels alone, for synthesis. gm is all that is no tumour here, and tumour takes its voxels from csf and
   * wm. */
  vg_prep_settings s = settings_for("", tissues_and_tumour);
  vg_case c, with;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  assert_null(c.image);
  assert_int_equal(c.n_anatomy, 3);
  assert_true(channel_ml(&c, 0) == 0 && channel_ml(&c, 2) == 0);
  assert_true(channel_ml(&c, 1) > 15);
  for (int k = 3; k < 6; k++) assert_true(channel_ml(&c, k) > 0.01);
  /* The same labels come with images. */
  s = settings_for("t1", tissues_and_tumour);
  must(vg_prepare(&ds, &ds.subjects[0], &s, &with));
  assert_memory_equal(c.labels, with.labels, 6 * voxels(&c));
  assert_memory_equal(c.brain, with.brain, voxels(&c));
  vg_case_release(&with);
  /* Without tumour classes the tissue map's own classes come back. */
  s = settings_for("t1", "tissues");
  must(vg_prepare(&ds, &ds.subjects[0], &s, &with));
  assert_true(channel_ml(&with, 0) > 0.01 && channel_ml(&with, 2) > 0.1);
  assert_int_equal(with.n_tumour, 0);
  vg_case_release(&with);
  /* As a mask only. */
  s = settings_for("", BRAIN_AND_TUMOUR);
  must(vg_prepare(&ds, &ds.subjects[0], &s, &with));
  assert_true(fabs(channel_ml(&with, 0) - channel_ml(&c, 1)) < 1e-9);
  vg_case_release(&with);
  vg_case_release(&c);
  vg_dataset_release(&ds);

  /* One map that labels both, given as the anatomy. */
  const uint16_t both[5] = {0, 2, 20, 30, 10};
  const char *joint = fresh("joint");
  mini_write_labels(joint, "k_anat.nii", g, RADIUS, both);
  must(vg_dataset_add(&ds, joint, "brats2021", NULL,
                      "1=csf,2=gm,3=wm,10=necrosis:tumour,20=oedema:tumour,30=enhancing:tumour"));
  s = settings_for("", tissues_and_tumour);
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  assert_true(channel_ml(&c, 1) > 15);
  for (int k = 3; k < 6; k++) assert_true(channel_ml(&c, k) > 0.01);
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

static void mask_needs_a_source(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LPS", 48, 52, 46, 1, 1, 1);
  const char *dir = fresh("bare");
  mini_write_labels(dir, "k_seg.nii", g, RADIUS, tumour_values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  vg_prep_settings s = settings_for("", BRAIN_AND_TUMOUR);
  vg_case c;
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA,
           "subject k: nothing tells where its brain is; supply");
  s = settings_for("t1", BRAIN_AND_TUMOUR);
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "subject k has no series t1");
  vg_dataset_release(&ds);
  /* Any series found serves for the mask. */
  mini_write_image(dir, "k_flair.nii", g, RADIUS, 5, 1);
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  s = settings_for("", BRAIN_AND_TUMOUR);
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  assert_true(channel_ml(&c, 0) > 15);
  vg_case_release(&c);
  s = settings_for("", "tissues");
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA,
           "no anatomy map, and the classes need one (csf");
  vg_dataset_release(&ds);
}

/* Half or more of the series' masks, and every tumour voxel. */
static void masks_vote(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 48, 52, 46, 1, 1, 1);
  const char *dir = fresh("vote");
  static const double radius[] = {12, 16, 20};
  static const char *const names[] = {"k_t1.nii", "k_t2.nii", "k_flair.nii"};
  for (int k = 0; k < 3; k++) mini_write_image(dir, names[k], g, radius[k], 0, 1);
  mini_write_labels(dir, "k_seg.nii", g, 22, tumour_values);
  vg_labelmap tumour = mini_labels(g, 22, tumour_values);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  vg_prep_settings s = settings_for("t1,t2,flair", BRAIN_AND_TUMOUR);
  vg_case c;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  size_t i = 0, n = voxels(&c), brain = 0, want = 0;
  for (i = 0; i < n; i++) brain += c.brain[i];
  i = 0;
  for (int z = 0; z < g.dim[2]; z++)
    for (int y = 0; y < g.dim[1]; y++)
      for (int x = 0; x < g.dim[0]; x++, i++) {
        double mm[3], ijk[3] = {x, y, z};
        vg_affine_apply(&g.affine, ijk, mm);
        want += mini_tissue(mm, 16) || tumour.data[i];
      }
  assert_int_equal(brain, want);
  vg_labelmap_release(&tumour);
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

/* What a model sees that reads images: their brain, whatever the labels say; series that are missing are
 * background. */
static void images_tell_the_brain(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LPS", 48, 52, 46, 1, 1, 1);
  const char *dir = fresh("images");
  static const double radius[] = {RADIUS - 4, RADIUS - 4};
  static const char *const names[] = {"k_t1.nii", "k_t2.nii"};
  static const uint16_t all[5] = {0, 9, 2, 4, 1};
  for (int k = 0; k < 2; k++) mini_write_image(dir, names[k], g, radius[k], 0, 1);
  mini_write_labels(dir, "k_anat.nii", g, RADIUS, all);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", "brats", BRAIN_AND_TUMOUR));
  vg_prep_settings s = settings_for("t1,t2", "9=tissue");
  s.brain_from_images = true;
  vg_case c, bare;
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "brain");
  s = settings_for("t1,t2", BRAIN_AND_TUMOUR);
  vg_prep_settings labels = s;
  s.brain_from_images = true;
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  vg_labelmap truth = mini_labels(g, RADIUS - 4, all);
  size_t want = 0, n = voxels(&c), brain = 0;
  for (size_t i = 0; i < vg_geometry_voxels(&g); i++) want += truth.data[i] != 0;
  vg_labelmap_release(&truth);
  for (size_t i = 0; i < n; i++) {
    unsigned sum = 0;
    brain += c.brain[i];
    for (int k = 0; k < 4; k++) sum += c.labels[(size_t)k * n + i];
    if (!c.brain[i]) assert_true(sum == 0 && c.image[i] == -32767);
  }
  assert_int_equal(brain, want);
  vg_case wide;
  must(vg_prepare(&ds, &ds.subjects[0], &labels, &wide));
  assert_true(channel_ml(&wide, 0) > channel_ml(&c, 0) + 1);
  vg_case_release(&wide);

  /* Without classes no label map is read, and the grid and the images are the same. */
  vg_prep_settings images = s;
  images.classes.n = 0;
  must(vg_prepare(&ds, &ds.subjects[0], &images, &bare));
  assert_int_equal(voxels(&bare), n);
  assert_int_equal(bare.n_classes, 0);
  assert_memory_equal(bare.brain, c.brain, n);
  assert_memory_equal(bare.image, c.image, 2 * n * sizeof *c.image);
  vg_case_release(&bare);

  /* A series that is missing. */
  must(vg_series_parse("flair,t2", &images.series));
  must_say(vg_prepare(&ds, &ds.subjects[0], &images, &bare), VG_DATA, "subject k has no series flair");
  images.some_series = true;
  must(vg_prepare(&ds, &ds.subjects[0], &images, &bare));
  for (size_t i = 0; i < n; i++) assert_true(bare.image[i] == -32767);
  assert_memory_equal(bare.image + n, c.image + n, n * sizeof *c.image);
  assert_memory_equal(bare.brain, c.brain, n);
  vg_case_release(&bare);
  must(vg_series_parse("flair,t1c", &images.series));
  must_say(vg_prepare(&ds, &ds.subjects[0], &images, &bare), VG_DATA,
           "none of the wanted series (flair, ...)");
  vg_case_release(&c);
  vg_dataset_release(&ds);

  /* The cache tells the two brains apart. */
  must(vg_dataset_add(&ds, dir, "brats2021", "brats", BRAIN_AND_TUMOUR));
  const char *cache = in_scratch("images_cache");
  for (int k = 0; k < 2; k++) {
    must(vg_prepare_cached(cache, &ds, &ds.subjects[0], k ? &s : &labels, &c));
    size_t inside = 0;
    vg_case whole;
    must(vg_case_unpack(&c, &whole));
    for (size_t i = 0; i < voxels(&c); i++) inside += whole.brain[i];
    assert_true((inside == want) == (k == 1));
    vg_case_release(&whole);
    vg_case_release(&c);
  }
  vg_dataset_release(&ds);
}

/* ---- faults ---- */

static void faults_are_named(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LPS", 48, 52, 46, 1, 1, 1),
              other = mini_geometry("LPS", 48, 52, 45, 1, 1, 1);
  vg_dataset ds = make_set("grids", g, 0, 1);
  vg_prep_settings s = settings_for("t1,t2", BRAIN_AND_TUMOUR);
  const char *dir = in_scratch("grids");
  vg_case c;
  mini_write_image(dir, "k/k_t2.nii", other, RADIUS, 0, 1);
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "k_t2.nii: shape 48x52x45 differs from");
  assert_non_null(strstr(vg_error(), "48x52x46"));
  other = g;
  other.affine.m[0][3] += 2;
  mini_write_image(dir, "k/k_t2.nii", other, RADIUS, 0, 1);
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "k_t2.nii");
  other.affine.m[0][3] = g.affine.m[0][3] + 1e-4; /* a header's rounding is no fault */
  mini_write_image(dir, "k/k_t2.nii", other, RADIUS, 0, 1);
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  vg_case_release(&c);
  /* The same grid stored along other axes is the same grid. */
  mini_write_image(dir, "k/k_t2.nii", mini_geometry("RAS", 48, 52, 46, 1, 1, 1), RADIUS, 0, 1);
  must(vg_prepare(&ds, &ds.subjects[0], &s, &c));
  vg_case_release(&c);

  const uint16_t strange[5] = {0, 0, 2, 4, 9};
  mini_write_labels(dir, "k/k_seg.nii", g, RADIUS, strange);
  vg_labelmap m = mini_labels(g, RADIUS, strange);
  size_t nines = 0;
  for (size_t i = 0; i < vg_geometry_voxels(&g); i++) nines += m.data[i] == 9;
  vg_labelmap_release(&m);
  char says[80];
  snprintf(says, sizeof says, "k_seg.nii: label value 9 (%zu voxels) is not in scheme brats (", nines);
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, says);
  vg_dataset_release(&ds);

  /* A scheme with classes that the model lacks. */
  must(vg_dataset_add(&ds, dir, "brats2013", NULL, NULL));
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "k_seg.nii");
  mini_write_labels(dir, "k/k_seg.nii", g, RADIUS, tumour_values);
  must_say(vg_prepare(&ds, &ds.subjects[0], &s, &c), VG_DATA, "scheme brats2013 has nonenhancing");
  assert_null(c.owned);
  vg_dataset_release(&ds);
}

/* Each allocation fails once: the status says so and nothing is left behind. */
static void memory_may_run_out(void **state) {
  (void)state;
  vg_dataset made = make_set("memory", mini_geometry("LPS", 48, 52, 46, 1, 1, 1), 0, 1);
  vg_dataset_release(&made);
  vg_prep_settings s = settings_for("t1,t2", BRAIN_AND_TUMOUR);
  set_spacing(&s, 2);
  long before = vg_mem_live(), n = 1;
  vg_status st = VG_MEMORY;
  for (; st && n < 500; n++) {
    vg_dataset ds = {0};
    vg_case c = {0};
    vg_volume back = {0};
    vg_mem_fail_after(n);
    st = vg_dataset_add(&ds, in_scratch("memory"), "brats2021", NULL, NULL);
    if (!st) st = vg_prepare_cached(in_scratch("memory_cache"), &ds, &ds.subjects[0], &s, &c);
    if (!st) {
      vg_case whole = {0};
      float *channel = vg_calloc(voxels(&c), sizeof *channel);
      st = channel ? vg_case_unpack(&c, &whole) : VG_MEMORY;
      if (!st) st = vg_restore(&whole, channel, &c.ranges[0], &back);
      vg_free(channel);
      vg_case_release(&whole);
    }
    vg_mem_fail_after(0);
    if (st && st != VG_MEMORY) fail_msg("allocation %ld: %s: %s", n, vg_status_name(st), vg_error());
    vg_volume_release(&back);
    vg_case_release(&c);
    vg_dataset_release(&ds);
    if (vg_mem_live() != before) fail_msg("allocation %ld: %ld blocks left", n, vg_mem_live() - before);
  }
  assert_in_range(n, 50, 499);
}

/* ---- what a model remembers ---- */

static void json_round_trip(void **state) {
  (void)state;
  vg_prep_settings s = settings_for("t1,flair", BRAIN_AND_TUMOUR), back;
  vg_range ranges[VG_SERIES_MAX] = {{-3.25, 1.0 / 3, -3.5}, {0, 1500, 0}}, back_ranges[VG_SERIES_MAX] = {{0}};
  set_spacing(&s, 1.7);
  s.brain_from_images = true;
  vg_json *j = vg_prep_to_json(&s, ranges);
  must(vg_prep_from_json("model", j, &back, back_ranges));
  assert_memory_equal(&back, &s, sizeof s);
  assert_memory_equal(back_ranges, ranges, sizeof ranges);
  vg_json_free(j);
  static const char *const bad[] = {
      "{}",
      "{\"spacing\": 1, \"margin\": 1, \"percentile\": [99, 1]}",
      "{\"spacing\": 1, \"margin\": 1, \"percentile\": [1, 99], \"classes\": [{\"name\": \"a\", \"role\": "
      "\"x\"}]}",
      "{\"spacing\": 1, \"margin\": 1, \"percentile\": [1, 99], \"classes\": [{\"name\": \"a\", \"role\": "
      "\"tumour\"}, "
      "{\"name\": \"b\", \"role\": \"anatomy\"}]}",
      "{\"spacing\": 1, \"margin\": 1, \"percentile\": [1, 99], \"series\": [{\"name\": \"t1\", \"lo\": 2, "
      "\"hi\": 1}]}",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    must(vg_json_parse("bad", bad[i], &j));
    must_say(vg_prep_from_json("model.x", j, &back, back_ranges), VG_DATA, "model.x: ");
    vg_json_free(j);
  }
}

static void median_range(void **state) {
  (void)state;
  vg_case cases[4] = {{0}};
  const vg_case *list[4];
  for (int i = 0; i < 4; i++) {
    list[i] = &cases[i];
    cases[i].ranges[1] = (vg_range){(i * 3) % 4, 10 + i, -(double)i * i};
  }
  vg_range r;
  vg_range_median(list, 3, 1, &r); /* lo 0 3 2, hi 10 11 12, background 0 -1 -4 */
  assert_true(r.lo == 2 && r.hi == 11 && r.background == -1);
  vg_range_median(list, 4, 1, &r);
  assert_true(r.lo == 1.5 && r.hi == 11.5 && r.background == -2.5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(orientation_does_not_matter),
      cmocka_unit_test(right_is_right),
      cmocka_unit_test(fractions_and_volumes),
      cmocka_unit_test(percentiles_are_exact),
      cmocka_unit_test(slice_keeps_its_axis),
      cmocka_unit_test(anatomy_and_tumour_join),
      cmocka_unit_test(mask_needs_a_source),
      cmocka_unit_test(masks_vote),
      cmocka_unit_test(images_tell_the_brain),
      cmocka_unit_test(faults_are_named),
      cmocka_unit_test(memory_may_run_out),
      cmocka_unit_test(json_round_trip),
      cmocka_unit_test(median_range),
  };
  vg_log_set_level(VG_LOG_ERROR);
  int failed = cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
  if (!failed && vg_mem_live() != 0) {
    fprintf(stderr, "%ld blocks leaked\n", vg_mem_live());
    return 1;
  }
  return failed;
}
