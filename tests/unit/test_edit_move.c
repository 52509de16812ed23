/* test_edit_move.c: the tumour scaled, moved, turned and mirrored in its own brain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "model_head.h"
#include "edit_case.h"
#include "base/pool.h"

static const double left[3] = {-35, 10, 15};

static vg_maps small_head(void) {
  return model_head(model_grid(3, 3, 3, 0), left, 14);
}

static void scaling_gives_the_volume_asked(void **state) {
  (void)state;
  const double grids[][4] = {{3, 3, 3, 0}, {1.5, 1.5, 5, 0}, {4, 2, 2.5, 25}};
  const char *texts[] = {"scale:factor=%g", "scale:diameter=%g", "scale:ml=%g"};
  for (size_t g = 0; g < 3; g++)
    for (double factor = 0.25; factor <= 4; factor *= 2) {
      vg_maps m = model_head(model_grid(grids[g][0], grids[g][1], grids[g][2], grids[g][3]), left, 14);
      double mm[3], classes[7], before[3], after[3];
      char text[64];
      vg_geometry_spacing(&m.geo, mm);
      for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++)
        classes[code] = (double)count_code(&m, code);
      double had = (double)count_code(&m, -1);
      double values[] = {factor, cbrt(factor), factor * had * mm[0] * mm[1] * mm[2] / 1000};
      tumour_centre(&m, before);
      snprintf(text, sizeof text, texts[g], values[g]);
      must(edit(&m, text, 1, NULL));
      for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++) {
        double asked = factor * classes[code];
        assert_true(fabs((double)count_code(&m, code) - asked) <= fmax(1, 0.01 * asked));
      }
      assert_true(fabs((double)count_code(&m, -1) - factor * had) <= 1);
      tumour_centre(&m, after);
      for (int a = 0; a < 3; a++) assert_true(fabs(after[a] - before[a]) < 6);
      assert_sound(&m, true);
      vg_maps_release(&m);
    }
}

static void scaling_by_one_changes_nothing(void **state) {
  (void)state;
  vg_maps m = small_head(), was;
  must(vg_maps_copy(&m, &was));
  must(edit(&m, "scale:factor=1;rotate:z=0;move:dx=0", 1, NULL));
  assert_true(maps_equal(&m, &was));
  vg_maps_release(&m);
  vg_maps_release(&was);
}

static void moving_goes_where_it_is_told(void **state) {
  (void)state;
  vg_maps m = small_head();
  double centre[3];
  size_t had = count_code(&m, -1);
  must(edit(&m, "move:x=33,y=-20,z=20", 1, NULL));
  tumour_centre(&m, centre);
  assert_true(fabs(centre[0] - 33) < 2 && fabs(centre[1] + 20) < 2 && fabs(centre[2] - 20) < 2);
  must(edit(&m, "move:dx=-66,dz=-5", 1, NULL));
  tumour_centre(&m, centre);
  assert_true(fabs(centre[0] + 33) < 3 && fabs(centre[1] + 20) < 3 && fabs(centre[2] - 15) < 3);
  for (uint64_t key = 0; key < 4; key++) {
    must(edit(&m, key % 2 ? "move:region=right-hemisphere,random" : "move:region=left-hemisphere,random", key,
              NULL));
    tumour_centre(&m, centre);
    assert_true(key % 2 ? centre[0] > 3 : centre[0] < -3);
    assert_sound(&m, true);
  }
  must(edit(&m, "move:region=right-frontal", 1, NULL));
  tumour_centre(&m, centre);
  assert_true(centre[0] > 10 && centre[1] > 15);
  must(edit(&m, "move:region=occipital", 1, NULL)); /* stays on its side */
  tumour_centre(&m, centre);
  assert_true(centre[0] > 5 && centre[1] < -20);
  must(edit(&m, "move:random", 3, NULL));
  assert_int_equal(count_code(&m, -1), had);
  assert_sound(&m, true);
  vg_maps_release(&m);
}

static void the_old_place_becomes_anatomy(void **state) {
  (void)state;
  vg_maps m = small_head();
  size_t n = vg_geometry_voxels(&m.geo), unknown = 0;
  for (size_t i = 0; i < n; i++)
    if (m.tumour[i]) m.anatomy[i] = 0;
  must(edit(&m, "move:dx=66", 1, NULL));
  for (size_t i = 0; i < n; i++) unknown += m.brain[i] && !m.anatomy[i];
  assert_int_equal(unknown, 0);
  assert_sound(&m, true);
  vg_maps_release(&m);
}

static void mirroring_goes_to_the_other_side(void **state) {
  (void)state;
  vg_maps m = small_head();
  double before[3], after[3];
  size_t had = count_code(&m, -1);
  tumour_centre(&m, before);
  must(edit(&m, "mirror", 1, NULL));
  tumour_centre(&m, after);
  assert_true(fabs(after[0] + before[0]) < 5);
  for (int a = 1; a < 3; a++) assert_true(fabs(after[a] - before[a]) < 5);
  assert_int_equal(count_code(&m, -1), had);
  must(edit(&m, "mirror", 1, NULL));
  tumour_centre(&m, after);
  for (int a = 0; a < 3; a++) assert_true(fabs(after[a] - before[a]) < 5);
  vg_maps_release(&m);
}

static void turning_keeps_place_and_volume(void **state) {
  (void)state;
  vg_maps m = small_head();
  size_t had = count_code(&m, -1);
  double before[3], after[3];
  tumour_centre(&m, before);
  must(edit(&m, "rotate:x=30,z=-70;rotate:random", 5, NULL));
  tumour_centre(&m, after);
  for (int a = 0; a < 3; a++) assert_true(fabs(after[a] - before[a]) < 3);
  assert_int_equal(count_code(&m, -1), had);
  assert_sound(&m, true);
  vg_maps_release(&m);
}

/* A refusal says how many places were tried, and leaves maps as they were. */
static void refusals_leave_maps_alone(void **state) {
  (void)state;
  static const struct {
    const char *text;
    vg_status wanted;
    const char *says;
  } cases[] = {
      {"scale", VG_CONFIG, "give one of factor, diameter and ml"},
      {"scale:ml=3,factor=2", VG_CONFIG, "give one of factor, diameter and ml"},
      {"scale:ml=1000,fit=0.95,tries=7", VG_REFUSED, "7 tried, the best had"},
      {"scale:factor=100,fit=0", VG_REFUSED, "there is no room for a tumour of"},
      {"scale:factor=0.01;scale:factor=0.01", VG_REFUSED, "less than half a voxel"},
      {"move", VG_CONFIG, "give a position"},
      {"move:x=3", VG_CONFIG, "give all of x, y and z"},
      {"move:dx=3,random", VG_CONFIG, "give a position"},
      {"move:x=300,y=0,z=0,tries=9", VG_REFUSED,
       "no site for a tumour of 15.1 ml within 15 mm of (300, 0, 0): 9 tried, the best had 0% of it on "
       "allowed "
       "tissue"},
      {"move:region=left-frontal,random,fit=1,gap=100,tries=3;scale:ml=1000", VG_REFUSED, " tried, "},
      {"rotate", VG_CONFIG, "give angles"},
      {"rotate:x=3,random", VG_CONFIG, "give angles"},
  };
  vg_maps m = small_head(), was;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    bool one = !strchr(cases[i].text, ';');
    must(vg_maps_copy(&m, &was));
    must_say(edit(&m, cases[i].text, 1, NULL), cases[i].wanted, cases[i].says);
    if (one && !maps_equal(&m, &was)) fail_msg("%s altered the maps", cases[i].text);
    vg_maps_release(&m);
    m = one ? was : small_head();
    if (!one) vg_maps_release(&was);
  }
  static const char *const verbs[] = {"scale", "move", "rotate", "mirror"};
  static const char *const texts[] = {"scale:factor=2", "move:random", "rotate:x=3", "mirror"};
  memset(m.tumour, 0, vg_geometry_voxels(&m.geo));
  for (int i = 0; i < 4; i++) {
    char says[64];
    snprintf(says, sizeof says, "the case has no tumour to %s", verbs[i]);
    must_say(edit(&m, texts[i], 1, NULL), VG_REFUSED, says);
  }
  vg_maps_release(&m);
}

/* The same stream, the same bytes, whatever the threads; another stream, others. */
static void streams_decide(void **state) {
  (void)state;
  static const char *const text = "scale:factor=2;move:random;rotate:random;mirror;deform;multifocal:ml=1";
  vg_maps made[4];
  for (int k = 0; k < 4; k++) {
    vg_threads_set(k == 1 ? 1 : k == 2 ? 3 : 0);
    made[k] = small_head();
    must(edit(&made[k], text, k == 3 ? 2 : 1, NULL));
  }
  assert_true(maps_equal(&made[0], &made[1]));
  assert_true(maps_equal(&made[0], &made[2]));
  assert_false(maps_equal(&made[0], &made[3]));
  for (int k = 0; k < 4; k++) vg_maps_release(&made[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scaling_gives_the_volume_asked),   cmocka_unit_test(scaling_by_one_changes_nothing),
      cmocka_unit_test(moving_goes_where_it_is_told),     cmocka_unit_test(the_old_place_becomes_anatomy),
      cmocka_unit_test(mirroring_goes_to_the_other_side), cmocka_unit_test(turning_keeps_place_and_volume),
      cmocka_unit_test(refusals_leave_maps_alone),        cmocka_unit_test(streams_decide),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
