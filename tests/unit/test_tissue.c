/* test_tissue.c: the meaning of class names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "edit/brain/tissue.h"

static void add(vg_classes *c, const char *name, vg_role role) {
  assert_int_equal(vg_classes_add_name(c, name, role), VG_OK);
}

static void kinds_by_name(void **state) {
  (void)state;
  static const struct {
    const char *name;
    vg_tissue kind;
  } rows[] = {{"csf", VG_TISSUE_FLUID},       {"ventricles", VG_TISSUE_FLUID},
              {"gm", VG_TISSUE_GREY},         {"cortical_gm", VG_TISSUE_GREY},
              {"cortex", VG_TISSUE_GREY},     {"deep_gm", VG_TISSUE_GREY},
              {"cerebellum", VG_TISSUE_GREY}, {"cerebellum_wm", VG_TISSUE_WHITE},
              {"wm", VG_TISSUE_WHITE},        {"Cerebral-White-Matter", VG_TISSUE_WHITE},
              {"brainstem", VG_TISSUE_WHITE}, {"Left-Thalamus", VG_TISSUE_GREY},
              {"brain", VG_TISSUE_OTHER},     {"unknown", VG_TISSUE_OTHER}};
  enum { N = sizeof rows / sizeof rows[0] };
  vg_classes c = {0};
  for (int i = 0; i < N; i++) add(&c, rows[i].name, VG_ROLE_ANATOMY);
  add(&c, "oedema", VG_ROLE_TUMOUR);
  vg_tissue kind[VG_CLASSES_MAX + 1];
  vg_tissue_table(&c, kind);
  assert_int_equal(kind[0], VG_TISSUE_NONE);
  for (int i = 0; i < N; i++)
    if (kind[i + 1] != rows[i].kind) fail_msg("%s is of kind %d", rows[i].name, kind[i + 1]);
  assert_int_equal(kind[N + 1], VG_TISSUE_NONE);
}

/* Every class of FreeSurfer's is of a kind, or edits would take it for tissue of none. */
static void freesurfer_kinds(void **state) {
  (void)state;
  static const vg_tissue seven[] = {VG_TISSUE_FLUID, VG_TISSUE_GREY, VG_TISSUE_GREY, VG_TISSUE_WHITE,
                                    VG_TISSUE_FLUID, VG_TISSUE_GREY, VG_TISSUE_WHITE};
  static const vg_tissue three[] = {VG_TISSUE_FLUID, VG_TISSUE_GREY, VG_TISSUE_WHITE};
  static const char *const names[] = {"freesurfer", "freesurfer-tissues"};
  for (int i = 0; i < 2; i++) {
    vg_scheme s;
    vg_classes c = {0};
    vg_tissue kind[VG_CLASSES_MAX + 1];
    assert_int_equal(vg_scheme_parse(names[i], &s), VG_OK);
    assert_int_equal(vg_classes_add(&c, &s, VG_ROLE_ANATOMY), VG_OK);
    vg_tissue_table(&c, kind);
    for (int k = 0; k < c.n; k++) assert_int_equal(kind[k + 1], i ? three[k] : seven[k]);
  }
}

static void depths_order_every_tumour_class(void **state) {
  (void)state;
  vg_classes c = {0};
  add(&c, "csf", VG_ROLE_ANATOMY);
  static const char *const names[] = {"necrosis", "oedema", "nonenhancing", "cavity", "enhancing"};
  static const int wanted[] = {4, 0, 3, 1, 2};
  for (int i = 0; i < 5; i++) add(&c, names[i], VG_ROLE_TUMOUR);
  int depth[VG_CLASSES_MAX + 1];
  assert_int_equal(vg_tumour_depths(&c, depth), 5);
  assert_int_equal(depth[0], -1);
  assert_int_equal(depth[1], -1);
  for (int i = 0; i < 5; i++)
    if (depth[i + 2] != wanted[i]) fail_msg("%s lies at %d, wanted %d", names[i], depth[i + 2], wanted[i]);
  assert_int_equal(vg_tumour_code(&c, "oedema"), 3);
  assert_int_equal(vg_tumour_code(&c, "csf"), 0);
  assert_int_equal(vg_tumour_code(&c, "nothing"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds_by_name),
      cmocka_unit_test(freesurfer_kinds),
      cmocka_unit_test(depths_order_every_tumour_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
