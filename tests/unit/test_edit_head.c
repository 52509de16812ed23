/* test_edit_head.c: label maps of whole heads. The skull is rigid: what edits do in the brain does not depend
 * on it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "model_head.h"
#include "edit_case.h"
#include "edit/brain/frame.h"
#include "edit/hidden.h"
#include "edit/lesion/site.h"

static const double centre[] = {28, 10, 12};

/* The model head, with a skull that is thicker on the left and behind, and has a neck; skull 0: none. */
static vg_maps head(uint8_t *skull, bool labelled) {
  vg_maps m = model_head(model_grid(3, 3, 3, 0), centre, 14);
  vg_classes classes = {0};
  static const char *const names[] = {"csf", "gm", "wm", "skull", "necrosis", "oedema", "enhancing"};
  uint8_t code[8] = {0};
  for (int i = 0; i < 7; i++) {
    must(vg_classes_add_name(&classes, names[i], i < 4 ? VG_ROLE_ANATOMY : VG_ROLE_TUMOUR));
    const int was = vg_classes_find(&m.classes, names[i]);
    if (was >= 0) code[was + 1] = (uint8_t)(i + 1);
  }
  *skull = 4;
  m.classes = classes;
  size_t i = 0;
  for (int z = 0; z < m.geo.dim[2]; z++)
    for (int y = 0; y < m.geo.dim[1]; y++)
      for (int x = 0; x < m.geo.dim[0]; x++, i++) {
        double p[3];
        vg_affine_apply(&m.geo.affine, (double[]){x, y, z}, p);
        m.anatomy[i] = code[m.anatomy[i]];
        m.tumour[i] = code[m.tumour[i]];
        const bool bone =
            ellipsoid(p, -4, -4, 0, 70, 84, 66) < 1 || (fabs(p[0]) < 25 && p[1] < -20 && p[2] < 0);
        if (!labelled || m.brain[i] || !bone) continue;
        m.anatomy[i] = *skull;
        m.brain[i] = 1;
      }
  return m;
}

static void the_skull_is_rigid(void **state) {
  (void)state;
  static const char *const edits[] = {"scale:factor=2.5,mass=1,falloff=100",
                                      "grow:ml=25,x=-40,y=0,z=20,mass=1",
                                      "grow:ml=10,region=left-frontal,mass=1",
                                      "move:dx=20,mass=1",
                                      "move:region=occipital",
                                      "rotate:random,mass=1",
                                      "mirror:mass=1",
                                      "deform:amplitude=8,mass=1",
                                      "type:oedema=25,mass=1",
                                      "multifocal:n=3,ml=2,mass=1",
                                      "graft:at=same,mass=1",
                                      "graft:region=right-temporal,mass=1,anywhere",
                                      "remove:fill=nearest",
                                      "remove:fill=mirror"};
  int displaced = 0;
  for (size_t e = 0; e < sizeof edits / sizeof *edits; e++) {
    uint8_t skull;
    vg_maps before = head(&skull, true), whole = head(&skull, true), brain = head(&skull, false);
    vg_maps donor = head(&skull, true), bare_donor = head(&skull, false);
    const bool graft = !strncmp(edits[e], "graft", 5);
    if (graft) {
      const size_t n = vg_geometry_voxels(&whole.geo);
      memset(whole.tumour, 0, n), memset(brain.tumour, 0, n), memset(before.tumour, 0, n);
    }
    must(edit(&whole, edits[e], e, graft ? &donor : NULL));
    must(edit(&brain, edits[e], e, graft ? &bare_donor : NULL));
    assert_sound(&whole, false);
    const size_t n = vg_geometry_voxels(&whole.geo);
    for (size_t i = 0; i < n; i++) {
      const bool bone = before.anatomy[i] == skull;
      if (whole.brain[i] != before.brain[i] || bone != (whole.anatomy[i] == skull) ||
          (bone && whole.tumour[i]))
        fail_msg("%s: the skull changed at voxel %zu", edits[e], i);
      if (!bone && (whole.anatomy[i] != brain.anatomy[i] || whole.tumour[i] != brain.tumour[i]))
        fail_msg("%s: the brain is not as without a skull at voxel %zu", edits[e], i);
      displaced += before.anatomy[i] != whole.anatomy[i];
    }
    vg_maps_release(&before);
    vg_maps_release(&whole);
    vg_maps_release(&brain);
    vg_maps_release(&donor);
    vg_maps_release(&bare_donor);
  }
  assert_true(displaced > 1000);
}

/* A deformation of all takes the head along. */
static void all_of_a_head_is_deformed(void **state) {
  (void)state;
  uint8_t skull;
  vg_maps before = head(&skull, true), after = head(&skull, true);
  must(edit(&after, "deform:target=all,amplitude=10,smoothness=60", 1, NULL));
  assert_sound(&after, false);
  const size_t n = vg_geometry_voxels(&after.geo);
  size_t moved = 0;
  for (size_t i = 0; i < n; i++) moved += (before.anatomy[i] == skull) != (after.anatomy[i] == skull);
  assert_true(moved > 500);
  vg_maps_release(&before);
  vg_maps_release(&after);
}

/* A tumour may be drawn over bone, as where it grows into it. The bone under it stays. */
static void bone_under_a_tumour(void **state) {
  (void)state;
  uint8_t skull;
  vg_maps m = head(&skull, true);
  const size_t n = vg_geometry_voxels(&m.geo);
  size_t bone = 0, left = 0;
  maker_ball(&m, (double[]){58, 0, 10}, 12, 5, m.tumour);
  for (size_t i = 0; i < n; i++) bone += m.anatomy[i] == skull;
  must(edit(&m, "scale:factor=1.5,mass=1,fit=0.2;remove:fill=keep", 1, NULL));
  for (size_t i = 0; i < n; i++) left += m.anatomy[i] == skull, assert_false(m.tumour[i]);
  assert_int_equal(left, bone);
  vg_maps_release(&m);
}

/* Frame, regions and facts are those of the brain. */
static void measures_of_the_brain(void **state) {
  (void)state;
  uint8_t skull;
  vg_maps whole = head(&skull, true), brain = head(&skull, false);
  vg_brain_frame a, b;
  vg_tumour_facts f, g;
  must(vg_frame_find(&whole, &a));
  must(vg_frame_find(&brain, &b));
  assert_memory_equal(&a, &b, sizeof a);
  must(vg_tumour_measure(&whole, &f));
  must(vg_tumour_measure(&brain, &g));
  assert_float_equal(f.left_share, g.left_share, 0);
  static const char *const regions[] = {"any", "left-hemisphere", "occipital", "cerebellum"};
  for (int r = 0; r < 4; r++)
    assert_float_equal(vg_site_region_ml(&whole, &a, regions[r]), vg_site_region_ml(&brain, &b, regions[r]),
                       0);
  vg_maps_release(&whole);
  vg_maps_release(&brain);
}

static vg_status hide_and_restore(vg_maps *m) {
  vg_hidden h;
  vg_status st = vg_hide(m, true, &h);
  if (!st) vg_hidden_restore(m, &h);
  return st;
}

/* Without memory nothing is lost. */
static void starved(void **state) {
  (void)state;
  uint8_t skull;
  vg_maps m = head(&skull, true), before = head(&skull, true);
  const size_t n = vg_geometry_voxels(&m.geo);
  maker_starve(hide_and_restore, &m);
  assert_memory_equal(m.anatomy, before.anatomy, n);
  assert_memory_equal(m.brain, before.brain, n);
  assert_memory_equal(m.tumour, before.tumour, n);
  vg_maps_release(&m);
  vg_maps_release(&before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_skull_is_rigid),
      cmocka_unit_test(all_of_a_head_is_deformed),
      cmocka_unit_test(bone_under_a_tumour),
      cmocka_unit_test(measures_of_the_brain),
      cmocka_unit_test(starved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
