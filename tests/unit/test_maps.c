/* test_maps.c: label maps read as classes, prepared from memory, written back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "voxgan/maps.h"
#include "voxgan/mem.h"
#include "voxgan/nifti.h"
#include "voxgan/phantom.h"
#include "voxgan/prep.h"

/* One phantom with series, tumour and tissues, and its classes. */
static vg_dataset phantom(vg_classes *classes) {
  static int calls;
  char name[32];
  snprintf(name, sizeof name, "p%d", calls++);
  vg_phantom_settings s = {
      .subjects = 1, .size = {48, 56, 40}, .layout = "brats2021", .anatomy = true, .seed = 5};
  must(vg_phantom_write(in_scratch(name), &s));
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, in_scratch(name), "brats2021", NULL, NULL));
  memset(classes, 0, sizeof *classes);
  must(vg_classes_add(classes, &ds.sources[0].anatomy_scheme, VG_ROLE_ANATOMY));
  must(vg_classes_add(classes, &ds.sources[0].tumour_scheme, VG_ROLE_TUMOUR));
  return ds;
}

static void maps_and_files_prepare_alike(void **state) {
  (void)state;
  vg_prep_settings settings = {.spacing = 5, .margin = 4, .percentile = {0.5, 99.5}};
  vg_dataset ds = phantom(&settings.classes);
  vg_maps m;
  vg_case a, b;
  must(vg_maps_read(&ds, &ds.subjects[0], &settings.classes, &m));
  must(vg_prepare(&ds, &ds.subjects[0], &settings, &a));
  must(vg_prepare_maps("x", &m, &settings, &b));
  assert_memory_equal(&a.record, &b.record, sizeof a.record);
  size_t n = (size_t)a.record.dim[0] * (size_t)a.record.dim[1] * (size_t)a.record.dim[2];
  assert_memory_equal(a.labels, b.labels, n * (size_t)a.n_classes);
  assert_memory_equal(a.brain, b.brain, n);
  assert_int_equal(a.n_tumour, b.n_tumour);
  vg_case_release(&a);
  vg_case_release(&b);
  vg_maps_release(&m);
  vg_dataset_release(&ds);
}

static void maps_come_back_as_their_files(void **state) {
  (void)state;
  vg_classes classes;
  vg_dataset ds = phantom(&classes);
  vg_maps m, copy;
  must(vg_maps_read(&ds, &ds.subjects[0], &classes, &m));
  must(vg_maps_copy(&m, &copy));
  vg_maps_release(&m);
  const vg_scheme *schemes[2] = {&ds.sources[0].anatomy_scheme, &ds.sources[0].tumour_scheme};
  const char *paths[2] = {ds.subjects[0].anatomy, ds.subjects[0].tumour};
  for (int r = 0; r < 2; r++) {
    vg_labelmap file, made;
    must(vg_nifti_read_labels(paths[r], &file, NULL));
    must(vg_maps_labels(&copy, r ? VG_ROLE_TUMOUR : VG_ROLE_ANATOMY, schemes[r], &made));
    must(vg_geometry_same(&file.geo, "file", &made.geo, "made", 1e-6));
    assert_memory_equal(file.data, made.data, vg_geometry_voxels(&file.geo) * sizeof *file.data);
    vg_labelmap_release(&file);
    vg_labelmap_release(&made);
  }
  vg_maps_release(&copy);
  vg_dataset_release(&ds);
}

static void any_anatomy_is_brain_where_only_that_is_known(void **state) {
  (void)state;
  vg_classes classes, brain = {0};
  vg_prep_settings settings = {.margin = 4};
  vg_dataset ds = phantom(&classes);
  must(vg_classes_add_name(&brain, VG_CLASS_BRAIN, VG_ROLE_ANATOMY));
  settings.classes = brain;
  vg_maps tissues, only;
  vg_case c;
  must(vg_maps_read(&ds, &ds.subjects[0], &classes, &tissues));
  must(vg_maps_read(&ds, &ds.subjects[0], &brain, &only));
  size_t n = vg_geometry_voxels(&only.geo);
  for (size_t i = 0; i < n; i++) assert_int_equal(only.anatomy[i] != 0, tissues.anatomy[i] != 0);
  must(vg_prepare_maps("x", &tissues, &settings, &c));
  assert_int_equal(c.n_classes, 1);
  vg_case_release(&c);
  vg_maps_release(&tissues);
  vg_maps_release(&only);
  vg_dataset_release(&ds);
}

static void unknown_classes_are_named(void **state) {
  (void)state;
  vg_prep_settings settings = {.margin = 4};
  vg_classes classes;
  vg_dataset ds = phantom(&classes);
  vg_maps m;
  vg_case c;
  vg_labelmap out;
  must(vg_maps_read(&ds, &ds.subjects[0], &classes, &m));
  vg_scheme few;
  must(vg_scheme_parse("1=necrosis:tumour", &few));
  must(vg_classes_add_name(&settings.classes, "csf", VG_ROLE_ANATOMY));
  must(vg_classes_add_name(&settings.classes, "gm", VG_ROLE_ANATOMY));
  assert_int_equal(vg_prepare_maps("case7", &m, &settings, &c), VG_DATA);
  assert_non_null(strstr(vg_error(), "case7"));
  assert_non_null(strstr(vg_error(), "wm (anatomy)"));
  assert_int_equal(vg_maps_labels(&m, VG_ROLE_TUMOUR, &few, &out), VG_DATA);
  assert_non_null(strstr(vg_error(), "has no label for class"));
  vg_maps_release(&m);
  vg_dataset_release(&ds);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_and_files_prepare_alike),
      cmocka_unit_test(maps_come_back_as_their_files),
      cmocka_unit_test(any_anatomy_is_brain_where_only_that_is_known),
      cmocka_unit_test(unknown_classes_are_named),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
