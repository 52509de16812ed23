/* test_edit_cavity.c: edits leave a resection cavity as it is, until the chain frees it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "scratch.h"
#include "mini_tree.h"
#include "model_head.h"
#include "edit_case.h"

/* A tumour in the right hemisphere with a cavity at its side. *cavity: the class's code. */
static vg_maps treated(uint8_t *cavity) {
  static const double centre[3] = {35, 10, 20}, hole[3] = {44, 10, 20};
  vg_maps m = model_head(model_grid(2, 2, 2, 0), centre, 16);
  must(vg_classes_add_name(&m.classes, VG_CLASS_CAVITY, VG_ROLE_TUMOUR));
  *cavity = (uint8_t)m.classes.n;
  maker_ball(&m, hole, 7, *cavity, m.tumour);
  return m;
}

static size_t count(const vg_maps *m, uint8_t klass) {
  size_t n = 0;
  for (size_t i = 0; i < vg_geometry_voxels(&m->geo); i++) n += m->tumour[i] == klass;
  return n;
}

static void cavity_stays(void **state) {
  (void)state;
  static const char *const edits[] = {"remove", "scale:factor=1.5", "move:random",       "rotate:z=40",
                                      "mirror", "multifocal:n=1",   "deform:amplitude=3"};
  for (size_t e = 0; e < sizeof edits / sizeof edits[0]; e++) {
    uint8_t cavity;
    vg_maps before = treated(&cavity), after = treated(&cavity);
    const size_t n = vg_geometry_voxels(&before.geo);
    if (edit(&after, edits[e], 3, NULL)) fail_msg("%s: %s", edits[e], vg_error());
    size_t changed = 0;
    for (size_t i = 0; i < n; i++) {
      if ((before.tumour[i] == cavity) != (after.tumour[i] == cavity))
        fail_msg("%s: the cavity changed at voxel %zu", edits[e], i);
      if (before.tumour[i] == cavity) assert_int_equal(before.anatomy[i], after.anatomy[i]);
      changed += before.tumour[i] != after.tumour[i];
    }
    assert_memory_equal(before.brain, after.brain, n);
    assert_true(changed > 0);
    vg_maps_release(&before);
    vg_maps_release(&after);
  }
}

static void cavity_is_freed(void **state) {
  (void)state;
  uint8_t cavity;
  vg_maps m = treated(&cavity);
  assert_true(count(&m, cavity) > 100);
  must(edit(&m, "cavity;remove", 3, NULL));
  assert_int_equal(count(&m, cavity), 0);
  vg_maps_release(&m);
  /* The whole brain is displaced with its cavity. */
  m = treated(&cavity);
  vg_maps before = treated(&cavity);
  must(edit(&m, "deform:target=all,amplitude=6", 3, NULL));
  const size_t n = vg_geometry_voxels(&m.geo);
  size_t moved = 0;
  for (size_t i = 0; i < n; i++) moved += (before.tumour[i] == cavity) != (m.tumour[i] == cavity);
  assert_true(moved > 0);
  assert_true(count(&m, cavity) > 50);
  vg_maps_release(&m);
  vg_maps_release(&before);
}

/* A donor's cavity comes with its tumour only if the chain frees it. The host has none. */
static void donors_cavity_stays(void **state) {
  (void)state;
  static const char *const chains[] = {"graft:at=same", "cavity;graft:at=same"};
  static const double centre[3] = {35, 10, 20};
  for (int free = 0; free < 2; free++) {
    uint8_t cavity;
    vg_maps donor = treated(&cavity), host = model_head(model_grid(2, 2, 2, 0), centre, 0);
    must(vg_classes_add_name(&host.classes, VG_CLASS_CAVITY, VG_ROLE_TUMOUR));
    assert_true(count(&donor, cavity) > 100);
    if (edit(&host, chains[free], 3, &donor)) fail_msg("%s: %s", chains[free], vg_error());
    size_t tumour = 0;
    for (size_t i = 0; i < vg_geometry_voxels(&host.geo); i++) tumour += host.tumour[i] != 0;
    assert_true(tumour > 500);
    assert_int_equal(count(&host, cavity) > 100, free);
    assert_int_equal(count(&host, cavity) == 0, !free);
    vg_maps_release(&donor);
    vg_maps_release(&host);
  }
  /* Nothing but a cavity is no tumour to graft. */
  uint8_t cavity;
  vg_maps donor = treated(&cavity), host = treated(&cavity);
  for (size_t i = 0; i < vg_geometry_voxels(&donor.geo); i++)
    if (donor.tumour[i] != cavity) donor.tumour[i] = 0;
  assert_int_equal(edit(&host, "graft:at=same", 3, &donor), VG_REFUSED);
  assert_non_null(strstr(vg_error(), "the donor has no tumour"));
  vg_maps_release(&donor);
  vg_maps_release(&host);
}

/* A case with nothing but a cavity has no tumour to edit. */
static void cavity_alone_is_no_tumour(void **state) {
  (void)state;
  uint8_t cavity;
  vg_maps m = treated(&cavity);
  for (size_t i = 0; i < vg_geometry_voxels(&m.geo); i++)
    if (m.tumour[i] != cavity) m.tumour[i] = 0;
  const size_t had = count(&m, cavity);
  assert_int_equal(edit(&m, "scale:factor=2", 3, NULL), VG_REFUSED);
  assert_int_equal(count(&m, cavity), had);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cavity_stays),
      cmocka_unit_test(cavity_is_freed),
      cmocka_unit_test(donors_cavity_stays),
      cmocka_unit_test(cavity_alone_is_no_tumour),
  };
  return without_leaks(cmocka_run_group_tests(tests, NULL, NULL));
}
