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
#include "base/mem.h"
#include "voxgan/volume.h"
#include "voxgan/phantom.h"
#include "prep/maps_read.h"
#include "prep/prep.h"

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
  vg_prep_settings settings = {.spacing = {5, 5, 5}, .margin = 4, .percentile = {0.5, 99.5}};
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
    must(vg_volume_read_labels(paths[r], &file, NULL));
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

/* ---- predictions ---- */

enum { PX = 12, PY = 10, PZ = 9, P = PX * PY * PZ };

/* Empty maps whose brain is all but the outermost voxels: gm, oedema. */
static vg_maps predicted(void) {
  vg_geometry g = mini_geometry("RAS", PX, PY, PZ, 1, 1, 2);
  vg_classes classes = {0};
  vg_maps m;
  must(vg_classes_add_name(&classes, "gm", VG_ROLE_ANATOMY));
  must(vg_classes_add_name(&classes, "oedema", VG_ROLE_TUMOUR));
  must(vg_maps_new(&g, &classes, &m));
  for (int i = 0; i < P; i++) {
    int x = i % PX, y = i / PX % PY, z = i / PX / PY;
    m.brain[i] = x > 0 && x < PX - 1 && y > 0 && y < PY - 1 && z > 0 && z < PZ - 1;
  }
  return m;
}

static void box(uint8_t *map, const int lo[3], const int hi[3], uint8_t value) {
  for (int z = lo[2]; z <= hi[2]; z++)
    for (int y = lo[1]; y <= hi[1]; y++)
      for (int x = lo[0]; x <= hi[0]; x++) map[(z * PY + y) * PX + x] = value;
}

static uint8_t at(const uint8_t *map, int x, int y, int z) {
  return map[(z * PY + y) * PX + x];
}

static void the_largest_piece_stays(void **state) {
  (void)state;
  vg_maps m = predicted(), before;
  must(vg_maps_keep_largest(&m, 0)); /* of nothing, nothing */
  box(m.anatomy, (int[]){1, 1, 1}, (int[]){4, 4, 4}, 1);
  box(m.anatomy, (int[]){5, 5, 5}, (int[]){5, 5, 5}, 1); /* touches by a corner: one piece */
  box(m.tumour, (int[]){8, 2, 2}, (int[]){9, 4, 4}, 2);
  must(vg_maps_copy(&m, &before));
  must(vg_maps_keep_largest(&m, 0));
  must(vg_maps_keep_largest(&m, 1));
  assert_memory_equal(m.anatomy, before.anatomy, P);
  assert_memory_equal(m.tumour, before.tumour, P);
  box(m.anatomy, (int[]){8, 7, 3}, (int[]){8, 7, 3}, 1); /* beside nothing */
  box(m.tumour, (int[]){2, 2, 2}, (int[]){2, 2, 2}, 2);  /* amid gm */
  box(m.anatomy, (int[]){2, 2, 2}, (int[]){2, 2, 2}, 0);
  must(vg_maps_keep_largest(&m, 0));
  assert_int_equal(at(m.anatomy, 8, 7, 3), 0);
  assert_int_equal(at(m.tumour, 2, 2, 2), 2);
  must(vg_maps_keep_largest(&m, 1));
  assert_memory_equal(m.anatomy, before.anatomy, P);
  assert_memory_equal(m.tumour, before.tumour, P);
  vg_maps_release(&before);
  vg_maps_release(&m);
}

/* Two classes that touch are one tumour; stray pieces of either go. */
static void the_largest_tumour_stays(void **state) {
  (void)state;
  vg_maps m = predicted(), before;
  must(vg_classes_add_name(&m.classes, "necrosis", VG_ROLE_TUMOUR));
  box(m.anatomy, (int[]){1, 1, 1}, (int[]){10, 8, 7}, 1);
  box(m.tumour, (int[]){2, 2, 2}, (int[]){3, 4, 4}, 2);
  box(m.tumour, (int[]){4, 2, 2}, (int[]){4, 3, 4}, 3);
  must(vg_maps_copy(&m, &before));
  must(vg_maps_keep_largest(&m, VG_MAPS_WHOLE_TUMOUR));
  assert_memory_equal(m.tumour, before.tumour, P);
  box(m.tumour, (int[]){8, 2, 2}, (int[]){9, 4, 3}, 3); /* more necrosis than there is in the tumour */
  box(m.tumour, (int[]){7, 7, 7}, (int[]){7, 7, 7}, 2);
  must(vg_maps_keep_largest(&m, VG_MAPS_WHOLE_TUMOUR));
  assert_memory_equal(m.tumour, before.tumour, P);
  assert_memory_equal(m.anatomy, before.anatomy, P);
  vg_maps_release(&before);
  vg_maps_release(&m);
}

/* Skull around the brain is labelled, and no part of it. */
static void the_skull_is_no_brain(void **state) {
  (void)state;
  vg_maps m = predicted();
  must(vg_classes_add_name(&m.classes, "Skull", VG_ROLE_ANATOMY));
  box(m.anatomy, (int[]){0, 0, 0}, (int[]){PX - 1, PY - 1, PZ - 1}, 2);
  box(m.anatomy, (int[]){1, 1, 1}, (int[]){7, 7, 6}, 0);
  box(m.anatomy, (int[]){2, 2, 2}, (int[]){5, 5, 5}, 1);
  box(m.anatomy, (int[]){3, 3, 3}, (int[]){3, 3, 3}, 2); /* within the brain */
  box(m.anatomy, (int[]){7, 7, 6}, (int[]){7, 7, 6}, 1); /* a stray voxel of brain */
  box(m.anatomy, (int[]){7, 3, 3}, (int[]){7, 3, 3}, 2); /* a stray piece of skull */
  box(m.anatomy, (int[]){8, 3, 3}, (int[]){9, 3, 3}, 0);
  must(vg_maps_find_brain(&m));
  size_t brain = 0;
  for (size_t i = 0; i < P; i++) brain += m.brain[i];
  assert_int_equal(brain, 4 * 4 * 4);
  assert_int_equal(at(m.brain, 3, 3, 3), 1);
  assert_int_equal(at(m.anatomy, 3, 3, 3), 2);
  assert_int_equal(at(m.anatomy, 0, 0, 0), 2);
  assert_int_equal(at(m.anatomy, 7, 7, 6), 0);
  box(m.anatomy, (int[]){6, 2, 2}, (int[]){6, 4, 4}, 0); /* the stray piece touches nothing */
  box(m.anatomy, (int[]){7, 2, 2}, (int[]){8, 4, 4}, 0);
  box(m.anatomy, (int[]){7, 3, 3}, (int[]){7, 3, 3}, 2);
  must(vg_maps_keep_largest(&m, 1));
  assert_int_equal(at(m.anatomy, 7, 3, 3), 0); /* and not gm, as the nearest voxel of the brain */
  assert_int_equal(at(m.anatomy, 3, 3, 3), 1);
  vg_maps_release(&m);
}

static void holes_are_filled(void **state) {
  (void)state;
  vg_maps m = predicted();
  box(m.anatomy, (int[]){1, 1, 1}, (int[]){7, 7, 6}, 1);
  box(m.anatomy, (int[]){3, 3, 3}, (int[]){4, 4, 4}, 0); /* enclosed */
  box(m.tumour, (int[]){4, 4, 4}, (int[]){4, 4, 4}, 2);  /* and a tumour in it */
  box(m.anatomy, (int[]){6, 3, 3}, (int[]){8, 3, 3}, 0); /* a tunnel to the outside */
  must(vg_maps_fill_holes(&m, 0));
  assert_int_equal(at(m.anatomy, 3, 3, 3), 1);
  assert_int_equal(at(m.anatomy, 4, 4, 4), 0);
  assert_int_equal(at(m.tumour, 4, 4, 4), 2);
  assert_int_equal(at(m.anatomy, 6, 3, 3), 0);
  assert_int_equal(at(m.anatomy, 9, 9, 8), 0);
  /* of a tumour, anatomy is no label */
  box(m.tumour, (int[]){1, 1, 1}, (int[]){5, 5, 5}, 2);
  box(m.tumour, (int[]){3, 3, 3}, (int[]){3, 3, 3}, 0);
  must(vg_maps_fill_holes(&m, 1));
  assert_int_equal(at(m.tumour, 3, 3, 3), 2);
  assert_int_equal(at(m.anatomy, 3, 3, 3), 0);
  /* not outside the brain */
  m.brain[(3 * PY + 3) * PX + 3] = 0;
  m.tumour[(3 * PY + 3) * PX + 3] = 0;
  must(vg_maps_fill_holes(&m, 1));
  assert_int_equal(at(m.tumour, 3, 3, 3), 0);
  vg_maps_release(&m);
}

/* Prepared fractions come back as the maps that they were made from: the same at their own spacing, and
 * nearly so through a coarser grid. */
static void fractions_come_back_as_maps(void **state) {
  (void)state;
  vg_prep_settings s = {.margin = 4, .percentile = {0.5, 99.5}};
  vg_dataset ds = phantom(&s.classes);
  vg_maps m, back;
  must(vg_maps_read(&ds, &ds.subjects[0], &s.classes, &m));
  for (int coarse = 0; coarse < 2; coarse++) {
    vg_case c;
    for (int a = 0; a < 3; a++) s.spacing[a] = coarse ? 6 : 0;
    must(vg_prepare_maps("x", &m, &s, &c));
    size_t n = (size_t)c.record.dim[0] * (size_t)c.record.dim[1] * (size_t)c.record.dim[2];
    float *f = vg_malloc(n * (size_t)(s.classes.n + 1), sizeof *f);
    for (size_t i = 0; i < n; i++) {
      f[i] = c.brain[i] ? 0 : 1;
      for (int k = 0; k < s.classes.n; k++)
        f[(size_t)(k + 1) * n + i] = (float)c.labels[(size_t)k * n + i] / 255;
    }
    must(vg_restore_maps(&c, f, &s.classes, &back));
    assert_memory_equal(&back.geo, &m.geo, sizeof m.geo);
    assert_memory_equal(&back.native, &m.native, sizeof m.native);
    size_t same = 0, inside = 0, all = vg_geometry_voxels(&m.geo);
    for (size_t i = 0; i < all; i++) {
      assert_int_equal(back.brain[i], m.brain[i]);
      assert_false(back.anatomy[i] && back.tumour[i]);
      uint8_t was = m.tumour[i] ? m.tumour[i] : m.anatomy[i];
      uint8_t is = back.tumour[i] ? back.tumour[i] : back.anatomy[i];
      if (!m.brain[i]) assert_int_equal(is, 0);
      inside += m.brain[i];
      same += m.brain[i] && was == is;
    }
    if (coarse)
      assert_true(same > inside * 7 / 10 && same < inside);
    else
      assert_int_equal(same, inside);
    vg_free(f);
    vg_case_release(&c);
    vg_maps_release(&back);
  }
  vg_maps_release(&m);
  vg_dataset_release(&ds);
}

/* A tumour whose name contains a word of the head belongs to the brain. */
static void a_tumour_is_no_head(void **state) {
  (void)state;
  static vg_prep_settings s;
  vg_scheme scheme;
  must(vg_scheme_parse("1=gm,2=skull,3=bone_metastasis:tumour", &scheme));
  for (int i = 0; i < scheme.n; i++)
    must(vg_classes_add_name(&s.classes, scheme.labels[i].name, scheme.labels[i].role));
  must(vg_prep_add_kinds(&s, &scheme));
  assert_int_equal(s.kinds.n, 3);
  for (int i = 1; i <= 3; i++)
    assert_int_equal(vg_kinds_in_brain(&s.kinds, i),
                     strcmp(s.classes.names[s.kinds.klass[i] - 1], "skull") != 0);
}

/* A piece outside the brain loses its class, of anatomy or of tumour. */
static void pieces_outside_lose_their_class(void **state) {
  (void)state;
  for (int tumour = 0; tumour < 2; tumour++) {
    vg_maps m = predicted();
    must(vg_classes_add_name(&m.classes, "lesion", VG_ROLE_TUMOUR));
    const int klass = tumour ? vg_classes_find(&m.classes, "lesion") : 0;
    uint8_t *map = tumour ? m.tumour : m.anatomy;
    memset(m.brain, 0, P);
    memset(m.tumour, 0, P);
    memset(m.anatomy, 0, P);
    box(m.brain, (int[]){2, 2, 2}, (int[]){5, 5, 5}, 1);
    box(map, (int[]){3, 3, 3}, (int[]){5, 5, 5}, (uint8_t)(klass + 1));
    box(map, (int[]){8, 3, 3}, (int[]){8, 3, 3}, (uint8_t)(klass + 1));
    must(vg_maps_keep_largest(&m, klass));
    assert_int_equal(at(map, 8, 3, 3), 0);
    assert_int_equal(at(map, 3, 3, 3), klass + 1);
    vg_maps_release(&m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps_and_files_prepare_alike),
      cmocka_unit_test(maps_come_back_as_their_files),
      cmocka_unit_test(any_anatomy_is_brain_where_only_that_is_known),
      cmocka_unit_test(unknown_classes_are_named),
      cmocka_unit_test(the_largest_piece_stays),
      cmocka_unit_test(the_largest_tumour_stays),
      cmocka_unit_test(the_skull_is_no_brain),
      cmocka_unit_test(a_tumour_is_no_head),
      cmocka_unit_test(pieces_outside_lose_their_class),
      cmocka_unit_test(holes_are_filled),
      cmocka_unit_test(fractions_come_back_as_maps),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
