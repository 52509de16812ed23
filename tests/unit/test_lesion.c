/* test_lesion.c: a tumour that is removed and put back does not change; scaled, turned and squeezed it has
 * the requested volumes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "model_head.h"
#include "edit/lesion/lesion.h"
#include "grid/grid.h"
#include "base/mem.h"

static const double somewhere[3] = {-35, 10, 15};
static const vg_site_rules rules = {.gap = 5, .fit = 0.6, .tries = 100};

static size_t pieces_of(const vg_maps *m) {
  size_t n = vg_geometry_voxels(&m->geo), pieces;
  uint32_t *label = vg_malloc(n, sizeof *label);
  must(vg_components(m->tumour, m->geo.dim, 26, label, &pieces, NULL));
  vg_free(label);
  return pieces;
}

static void put_where_it_was_is_the_same_map(void **state) {
  (void)state;
  const double grids[][4] = {{2, 2, 2, 0}, {1.5, 1.5, 6, 0}, {3, 2, 2.5, 20}, {0.9, 4, 4, -35}};
  for (size_t g = 0; g < sizeof grids / sizeof grids[0]; g++) {
    vg_maps m = model_head(model_grid(grids[g][0], grids[g][1], grids[g][2], grids[g][3]), somewhere, 20),
            was;
    /* Specks, holes, and classes in no order of nesting. */
    size_t n = vg_geometry_voxels(&m.geo);
    for (size_t i = 0; i < n; i++)
      if (m.brain[i] && i % 101 == 0) m.tumour[i] = (uint8_t)(i % 3 ? MAKER_NECROSIS + i % 3 : 0);
    must(vg_maps_copy(&m, &was));
    vg_lesion l;
    must(vg_lesion_take(&m, NULL, &l));
    memset(m.tumour, 0, n);
    vg_lesion_pose pose = vg_lesion_pose_at(l.centre);
    uint8_t *put = vg_calloc(n, 1);
    must(vg_lesion_put(&m, &l, &pose, m.brain, &rules, put));
    assert_memory_equal(m.tumour, was.tumour, n);
    for (size_t i = 0; i < n; i++) assert_int_equal(put[i], was.tumour[i] > 0);
    vg_free(put);
    vg_lesion_release(&l);
    vg_maps_release(&m);
    vg_maps_release(&was);
  }
}

/* Every class, within a voxel of what was asked; the classes lie as they lay. */
static void volumes_come_out_as_asked(void **state) {
  (void)state;
  const double grids[][4] = {{2, 2, 2, 0}, {1, 1, 5, 0}, {3, 1.5, 2.5, 20}};
  const double factors[] = {0.25, 0.5, 1.7, 4};
  for (size_t g = 0; g < sizeof grids / sizeof grids[0]; g++) {
    vg_maps m = model_head(model_grid(grids[g][0], grids[g][1], grids[g][2], grids[g][3]), somewhere, 15);
    size_t n = vg_geometry_voxels(&m.geo), had[MAKER_ENHANCING + 1];
    for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++) had[code] = count_code(&m, code);
    vg_lesion l;
    must(vg_lesion_take(&m, NULL, &l));
    assert_int_equal(l.n, 3);
    assert_int_equal(l.code[0], MAKER_OEDEMA);
    assert_int_equal(l.code[2], MAKER_NECROSIS);
    for (size_t f = 0; f < sizeof factors / sizeof factors[0]; f++) {
      memset(m.tumour, 0, n);
      vg_lesion_pose pose = vg_lesion_pose_at(l.centre);
      double r[3][3];
      vg_rotation_of_angles((double[]){10, -20, 30}, r);
      vg_lesion_pose_scale(&pose, factors[f]);
      vg_lesion_pose_turn(&pose, r);
      must(vg_lesion_put(&m, &l, &pose, m.brain, &rules, NULL));
      for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++)
        assert_in_range((long)fabs((double)count_code(&m, code) - factors[f] * (double)had[code]), 0, 1);
      assert_int_equal(pieces_of(&m), 1);
      double centre[3];
      tumour_centre(&m, centre);
      for (int a = 0; a < 3; a++) assert_true(fabs(centre[a] - l.centre[a]) < 1.5);
      for (size_t i = 0; i < n; i++) assert_true(!m.tumour[i] || m.brain[i]);
    }
    vg_lesion_release(&l);
    vg_maps_release(&m);
  }
}

/* Turned by 90 degrees about z, what was long to the front is long to the side; back again it is the same. */
static void turns_turn(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(2, 2, 2, 0), somewhere, 15), was;
  size_t n = vg_geometry_voxels(&m.geo);
  must(vg_maps_copy(&m, &was));
  double r[3][3];
  vg_rotation_of_angles((double[]){0, 0, 90}, r);
  for (int turn = 0; turn < 4; turn++) {
    vg_lesion l;
    must(vg_lesion_take(&m, NULL, &l));
    vg_lesion_pose pose = vg_lesion_pose_at(l.centre);
    vg_lesion_pose_turn(&pose, r);
    memset(m.tumour, 0, n);
    must(vg_lesion_put(&m, &l, &pose, m.brain, &rules, NULL));
    int lo[3], extent[3];
    assert_true(vg_mask_box(m.tumour, m.geo.dim, 0, lo, extent));
    assert_true(turn % 2 ? extent[1] > extent[0] + 2 : extent[0] > extent[1] + 2);
    vg_lesion_release(&l);
  }
  size_t differ = 0;
  for (size_t i = 0; i < n; i++) differ += m.tumour[i] != was.tumour[i];
  assert_true(differ < count_code(&was, -1) / 20);
  vg_maps_release(&m);
  vg_maps_release(&was);
}

/* A wall through the place: the volume is taken up on the larger side, in one piece. */
static void what_is_squeezed_stays_one_piece(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(2, 2, 2, 0), somewhere, 20);
  size_t n = vg_geometry_voxels(&m.geo), had = count_code(&m, -1), nx = (size_t)m.geo.dim[0];
  vg_lesion l;
  must(vg_lesion_take(&m, NULL, &l));
  memset(m.tumour, 0, n);
  uint8_t *allowed = vg_malloc(n, 1);
  int wall = (int)lround((somewhere[0] + 75) / 2) + 4;
  for (size_t i = 0; i < n; i++) allowed[i] = m.brain[i] && abs((int)(i % nx) - wall) > 1;
  vg_lesion_pose pose = vg_lesion_pose_at(l.centre);
  must(vg_lesion_put(&m, &l, &pose, allowed, &rules, NULL));
  assert_int_equal(count_code(&m, -1), had);
  assert_int_equal(pieces_of(&m), 1);
  for (size_t i = 0; i < n; i++) assert_true(!m.tumour[i] || (allowed[i] && (int)(i % nx) < wall));

  /* Nowhere to go: refused, and nothing is written. */
  memset(m.tumour, 0, n);
  vg_site_rules lax = {.fit = 0};
  size_t left = had / 2;
  for (size_t i = 0; i < n; i++) allowed[i] = m.brain[i] && left && left--;
  assert_int_equal(vg_lesion_put(&m, &l, &pose, allowed, &lax, NULL), VG_REFUSED);
  assert_non_null(strstr(vg_error(), "no room for a tumour of"));
  assert_int_equal(vg_lesion_put(&m, &l, &pose, allowed, &rules, NULL), VG_REFUSED);
  assert_non_null(strstr(vg_error(), "shape is on allowed tissue"));
  assert_int_equal(count_code(&m, -1), 0);
  vg_lesion_pose_scale(&pose, 1e-7);
  assert_int_equal(vg_lesion_put(&m, &l, &pose, m.brain, &rules, NULL), VG_REFUSED);
  assert_non_null(strstr(vg_error(), "less than half a voxel"));
  vg_free(allowed);
  vg_lesion_release(&l);
  vg_maps_release(&m);
}

/* From 1 x 1 x 5 mm onto an oblique 2 mm grid: the same place, volume and classes. */
static void grids_may_differ(void **state) {
  (void)state;
  vg_maps from = model_head(model_grid(1, 1, 5, 0), somewhere, 18);
  vg_maps to = model_head(model_grid(2, 2, 2, 30), NULL, 0), truth = model_head(to.geo, somewhere, 18);
  vg_lesion l;
  must(vg_lesion_take(&from, NULL, &l));
  vg_lesion_pose pose = vg_lesion_pose_at(l.centre);
  must(vg_lesion_put(&to, &l, &pose, to.brain, &rules, NULL));
  for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++) {
    double asked = (double)count_code(&from, code) * 5 / 8;
    assert_in_range((long)fabs((double)count_code(&to, code) - asked), 0, 1);
  }
  size_t n = vg_geometry_voxels(&to.geo), both = 0;
  for (size_t i = 0; i < n; i++) both += to.tumour[i] && truth.tumour[i];
  double dice = 2 * (double)both / (double)(count_code(&to, -1) + count_code(&truth, -1));
  assert_true(dice > 0.93);
  vg_lesion_release(&l);
  vg_maps_release(&from);
  vg_maps_release(&to);
  vg_maps_release(&truth);
}

static void a_part_is_taken_alone(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(3, 3, 3, 0), somewhere, 20);
  size_t n = vg_geometry_voxels(&m.geo);
  uint8_t *only = vg_calloc(n, 1);
  vg_lesion l;
  assert_int_equal(vg_lesion_take(&m, only, &l), VG_REFUSED);
  for (size_t i = 0; i < n; i++) only[i] = m.tumour[i] == MAKER_NECROSIS;
  must(vg_lesion_take(&m, only, &l));
  assert_int_equal(l.n, 1);
  assert_int_equal(l.pieces, 1);
  assert_true(fabs(l.ml[0] - (double)count_code(&m, MAKER_NECROSIS) * 0.027) < 1e-9);
  vg_lesion_release(&l);
  memset(m.tumour, 0, n);
  assert_int_equal(vg_lesion_take(&m, NULL, &l), VG_REFUSED);
  assert_string_equal(vg_error(), "there is no tumour");
  vg_free(only);
  vg_maps_release(&m);
}

static void failed_allocations_are_told(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(4, 4, 4, 0), somewhere, 20);
  long live = vg_mem_live();
  vg_status st = VG_MEMORY;
  for (long n = 1; st == VG_MEMORY; n++) {
    vg_lesion l;
    vg_mem_fail_after(n);
    st = vg_lesion_take(&m, NULL, &l);
    if (!st) {
      vg_lesion_pose pose = vg_lesion_pose_at(l.centre);
      st = vg_lesion_put(&m, &l, &pose, m.brain, &rules, NULL);
      vg_lesion_release(&l);
    }
    vg_mem_fail_after(0);
    assert_true(st == VG_OK || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(put_where_it_was_is_the_same_map),
      cmocka_unit_test(volumes_come_out_as_asked),
      cmocka_unit_test(turns_turn),
      cmocka_unit_test(what_is_squeezed_stays_one_piece),
      cmocka_unit_test(grids_may_differ),
      cmocka_unit_test(a_part_is_taken_alone),
      cmocka_unit_test(failed_allocations_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
