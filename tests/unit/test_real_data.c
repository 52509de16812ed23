/* test_real_data.c: irregularities that only real scans have. The tests need $VOXGAN_REAL_DATA, or
 * ../shared/real; without it they print a line and are skipped. They write nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "voxgan/log.h"
#include "base/mem.h"
#include "voxgan/volume.h"
#include "prep/prep.h"

static const char *real_root(void) {
  const char *root = getenv("VOXGAN_REAL_DATA");
  return root && *root ? root : "../shared/real";
}

static void must(vg_status st) {
  if (st) fail_msg("%s: %s", vg_status_name(st), vg_error());
}

/* Adds ROOT/name, or skips the test. anatomy: the scheme, or NULL. */
static void add_as(vg_dataset *ds, const char *name, const char *anatomy) {
  char *dir = vg_fs_join(real_root(), name);
  bool there = !access(dir, F_OK);
  if (!there) print_message("skipped: no real data at %s\n", dir);
  if (there) must(vg_dataset_add(ds, dir, "auto", NULL, anatomy));
  vg_free(dir);
  if (!there) skip();
}

static void add(vg_dataset *ds, const char *name) {
  add_as(ds, name, NULL);
}

/* These number csf first, unlike BIDS: their T1-weighted scans show it. */
static void tissues_of_another_order(void **state) {
  (void)state;
  static const char *const sets[] = {"healthy", "neonate"};
  for (int i = 0; i < 2; i++) {
    char *dir = vg_fs_join(real_root(), sets[i]);
    vg_dataset ds = {0};
    const bool there = !access(dir, F_OK);
    if (there) {
      assert_int_equal(vg_dataset_add(&ds, dir, "auto", NULL, NULL), VG_DATA);
      if (!strstr(vg_error(), "value 1 is csf by scheme tissues")) fail_msg("%s", vg_error());
      vg_dataset_release(&ds);
      must(vg_dataset_add(&ds, dir, "auto", NULL, "tissues"));
    }
    vg_dataset_release(&ds);
    vg_free(dir);
    if (!there) skip();
  }
}

static vg_prep_settings settings_for(const vg_dataset *ds, const char *series, bool anatomy) {
  vg_prep_settings s = {.margin = 4, .percentile = {0.5, 99.5}};
  must(vg_series_parse(series, &s.series));
  if (!anatomy) must(vg_classes_add_name(&s.classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY));
  for (int i = 0; i < ds->n_sources && anatomy; i++)
    must(vg_classes_add(&s.classes, &ds->sources[i].anatomy_scheme, VG_ROLE_ANATOMY));
  for (int i = 0; i < ds->n_sources && !anatomy; i++)
    must(vg_classes_add(&s.classes, &ds->sources[i].tumour_scheme, VG_ROLE_TUMOUR));
  return s;
}

static size_t voxels(const vg_case *c) {
  return (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
}

static double litres(const vg_case *c) {
  size_t n = voxels(c), brain = 0;
  for (size_t i = 0; i < n; i++) brain += c->brain[i];
  return (double)brain * c->record.spacing[0] * c->record.spacing[1] * c->record.spacing[2] / 1e6;
}

/* Mean intensity of a series over a class, weighted by its fractions. */
static double class_mean(const vg_case *c, int series, int class) {
  size_t n = voxels(c);
  double sum = 0, weight = 0;
  for (size_t i = 0; i < n; i++) {
    double w = c->labels[(size_t) class * n + i];
    sum += w * c->image[(size_t)series * n + i];
    weight += w;
  }
  return weight > 0 ? sum / weight / 32767 : NAN;
}

/* Share of the class's voxels that hold signal, which is lost where labels and image lie differently. */
static double overlap(const vg_case *c) {
  size_t n = voxels(c), in = 0, all = 0;
  for (size_t i = 0; i < n; i++) {
    if (!c->brain[i]) continue;
    all++;
    in += c->image[i] > -32767;
  }
  return (double)in / (double)all;
}

static void healthy_scans(void **state) {
  (void)state;
  vg_dataset ds = {0};
  add_as(&ds, "healthy", "tissues");
  assert_string_equal(ds.sources[0].layout, "bids");
  assert_true(ds.n >= 10);
  for (int spacing = 0; spacing <= 2; spacing += 2) {
    vg_prep_settings s = settings_for(&ds, "t1", true);
    for (int a = 0; a < 3; a++) s.spacing[a] = spacing;
    for (size_t i = 0; i < 4; i++) {
      vg_case c;
      must(vg_prepare(&ds, &ds.subjects[i * 3], &s, &c));
      assert_true(litres(&c) > 0.9 && litres(&c) < 1.9);
      assert_true(overlap(&c) > 0.985);
      /* T1: csf is dark, grey matter between, white matter bright. */
      double csf = class_mean(&c, 0, 0), gm = class_mean(&c, 0, 1), wm = class_mean(&c, 0, 2);
      if (!(csf + 0.2 < gm && gm + 0.2 < wm)) fail_msg("%s: %g %g %g", c.id, csf, gm, wm);
      /* Brains are longer than wide. */
      assert_true(c.record.dim[1] > c.record.dim[0]);
      vg_case_release(&c);
    }
  }
  vg_dataset_release(&ds);
}

static void z_scored_tumours(void **state) {
  (void)state;
  vg_dataset ds = {0};
  add(&ds, "brats2013");
  assert_string_equal(ds.sources[0].layout, "brats2013");
  vg_prep_settings s = settings_for(&ds, "flair,t1c", false);
  for (size_t i = 0; i < ds.n; i++) {
    vg_case c;
    must(vg_prepare(&ds, &ds.subjects[i], &s, &c));
    assert_true(litres(&c) > 0.9 && litres(&c) < 1.9);
    assert_true(overlap(&c) > 0.97);
    assert_true(c.ranges[0].background < -2 && c.ranges[1].background < -2);
    /* Oedema (class 2) shines in flair, enhancing tumour (class 4) in t1c. */
    assert_true(class_mean(&c, 0, 2) > class_mean(&c, 0, 0) + 0.2);
    assert_true(class_mean(&c, 1, 4) > class_mean(&c, 1, 0) + 0.2);

    /* There and back at the scan's own spacing. */
    size_t n = voxels(&c);
    float *channel = vg_malloc(n, sizeof *channel);
    for (size_t v = 0; v < n; v++) channel[v] = (float)c.image[v] / 32767;
    vg_volume was, is;
    const vg_subject *subject = &ds.subjects[i];
    must(vg_volume_read(subject->series[vg_series_find(&ds.series, "flair")], &was, NULL));
    must(vg_restore(&c, channel, &c.ranges[0], &is));
    must(vg_geometry_same(&was.geo, "was", &is.geo, "is", 1e-9));
    size_t outside = 0, all = vg_geometry_voxels(&was.geo);
    double range = c.ranges[0].hi - c.ranges[0].lo;
    for (size_t v = 0; v < all; v++) {
      double want = fmin(fmax(was.data[v], c.ranges[0].lo), c.ranges[0].hi);
      if (is.data[v] == (float)c.ranges[0].background)
        outside++;
      else if (fabs(is.data[v] - want) > 1.1 / 65534 * range)
        fail_msg("%g became %g", want, (double)is.data[v]);
    }
    assert_true(outside > all / 2);
    vg_volume_release(&was);
    vg_volume_release(&is);
    vg_free(channel);
    vg_case_release(&c);
  }
  vg_dataset_release(&ds);
}

/* Two editions with other names and other values make one set of four series and three tumour classes. */
static void two_editions_in_one_set(void **state) {
  (void)state;
  vg_dataset ds = {0};
  add(&ds, "brats2021");
  add(&ds, "brats2023");
  assert_true(ds.n >= 2);
  assert_int_equal(ds.n_sources, 2);
  vg_wanted wanted = {.tumour = true};
  must(vg_series_parse("t1,t1c,t2,flair", &wanted.series));
  must(vg_dataset_require(&ds, &wanted));
  vg_prep_settings s = settings_for(&ds, "t1,t1c,t2,flair", false);
  static const char *const classes[] = {"brain", "necrosis", "oedema", "enhancing"};
  assert_int_equal(s.classes.n, 4);
  for (int k = 0; k < 4; k++) assert_string_equal(s.classes.names[k], classes[k]);
  for (size_t i = 0; i < ds.n; i++) {
    vg_case c;
    double began = vg_now();
    must(vg_prepare(&ds, &ds.subjects[i], &s, &c));
    print_message("%s: prepared in %.2f s, reading included\n", c.id, vg_now() - began);
    assert_int_equal(c.n_series, 4);
    assert_true(litres(&c) > 0.9 && litres(&c) < 1.9);
    assert_true(class_mean(&c, 3, 2) > class_mean(&c, 3, 0) + 0.1); /* oedema in flair */
    const char *id = ds.subjects[i].id;
    bool enhances = strcmp(id, "TCGA-DU-7294") && strcmp(id, "BraTS2021_01477");
    double enhancing = class_mean(&c, 1, 3);
    assert_true(enhances ? enhancing > class_mean(&c, 1, 0) : isnan(enhancing));
    /* The case with negative voxels keeps its background at 0. */
    for (int k = 0; k < 4; k++) assert_true(c.ranges[k].background == 0);
    vg_case_release(&c);
  }
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(healthy_scans),
      cmocka_unit_test(tissues_of_another_order),
      cmocka_unit_test(z_scored_tumours),
      cmocka_unit_test(two_editions_in_one_set),
  };
  vg_log_set_level(VG_LOG_WARN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
