/* test_edit_remove.c: tumours removed, and gaps in the anatomy healed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "edit/brain/heal.h"
#include "mini_tree.h"
#include "maps_maker.h"
#include "voxgan/edit.h"

/* An ellipsoid: grey above, white below, fluid in a ball on the left only. */
static uint8_t layers(const void *arg, const double mm[3]) {
  (void)arg;
  double a = mm[0] / 30, b = mm[1] / 38, c = mm[2] / 26;
  if (a * a + b * b + c * c > 1) return 0;
  double x = mm[0] + 15, y = mm[1] - 5;
  if (x * x + y * y + mm[2] * mm[2] < 36) return MAKER_CSF;
  return mm[2] > 0 ? MAKER_GM : MAKER_WM;
}

static vg_maps case_with_tumour(void) {
  vg_geometry g = mini_geometry("RAS", 64, 80, 28, 1, 1, 2);
  vg_maps m = maker_maps(&g, layers, NULL);
  maker_ball(&m, (double[3]){15, 5, 0}, 9, MAKER_OEDEMA, m.tumour);
  maker_ball(&m, (double[3]){15, 5, 0}, 5, MAKER_ENHANCING, m.tumour);
  return m;
}

static vg_status edit(vg_maps *m, const char *text) {
  vg_edit_chain chain = {0};
  vg_edit_context context = {0};
  must(vg_edit_chain_add(&chain, text));
  vg_status st = vg_edit_chain_apply(&chain, m, &context, NULL);
  vg_edit_chain_release(&chain);
  return st;
}

static size_t count(const vg_maps *m, const uint8_t *map) {
  size_t n = vg_geometry_voxels(&m->geo), found = 0;
  for (size_t i = 0; i < n; i++) found += map[i] != 0;
  return found;
}

/* As drawn without a tumour, but for the share of voxels given. */
static void expect_drawn(const vg_maps *m, size_t wrong_most) {
  vg_maps whole = maker_maps(&m->geo, layers, NULL);
  size_t n = vg_geometry_voxels(&m->geo), wrong = 0;
  for (size_t i = 0; i < n; i++) wrong += m->anatomy[i] != whole.anatomy[i];
  if (wrong > wrong_most) fail_msg("%zu voxels are not as drawn", wrong);
  assert_memory_equal(m->brain, whole.brain, n);
  vg_maps_release(&whole);
}

static void known_anatomy_is_kept(void **state) {
  (void)state;
  for (int fill = 0; fill < 2; fill++) {
    vg_maps m = case_with_tumour();
    must(edit(&m, fill ? "remove:fill=keep" : "remove"));
    assert_int_equal(count(&m, m.tumour), 0);
    expect_drawn(&m, 0);
    vg_maps_release(&m);
  }
}

static void unknown_anatomy_becomes_that_around(void **state) {
  (void)state;
  vg_maps m = case_with_tumour();
  size_t n = vg_geometry_voxels(&m.geo), gap = count(&m, m.tumour);
  for (size_t i = 0; i < n; i++)
    if (m.tumour[i]) m.anatomy[i] = 0;
  must_say(edit(&m, "remove:fill=keep"), VG_REFUSED, "not known");
  assert_int_equal(count(&m, m.tumour), gap);
  must(edit(&m, "remove"));
  assert_int_equal(count(&m, m.tumour), 0);
  expect_drawn(&m, gap / 20);
  vg_maps_release(&m);
}

static void what_is_far_is_found_too(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 60, 9, 9, 1, 1, 1);
  vg_classes classes = maker_classes();
  vg_maps m;
  must(vg_maps_new(&g, &classes, &m));
  size_t n = vg_geometry_voxels(&g);
  memset(m.brain, 1, n);
  for (size_t i = 0; i < n; i++) {
    m.anatomy[i] = i % 60 == 0 ? MAKER_GM : i % 60 == 59 ? MAKER_WM : 0;
    m.tumour[i] = i % 60 == 20 ? MAKER_OEDEMA : 0;
  }
  must(edit(&m, "remove"));
  for (size_t i = 0; i < n; i++)
    assert_int_equal(m.anatomy[i], i % 60 == 0 || i % 60 == 20 ? MAKER_GM : i % 60 == 59 ? MAKER_WM : 0);
  vg_maps_release(&m);
}

static void the_mirrored_side_is_taken(void **state) {
  (void)state;
  vg_maps m = case_with_tumour();
  must(edit(&m, "remove:fill=mirror"));
  size_t i = 0, fluid = 0, astray = 0;
  for (int z = 0; z < m.geo.dim[2]; z++)
    for (int y = 0; y < m.geo.dim[1]; y++)
      for (int x = 0; x < m.geo.dim[0]; x++, i++) {
        double ijk[3] = {x, y, z}, mm[3];
        vg_affine_apply(&m.geo.affine, ijk, mm);
        if (mm[0] < 0 || m.anatomy[i] != MAKER_CSF) continue;
        mm[0] = -mm[0];
        fluid++;
        astray += layers(NULL, mm) != MAKER_CSF;
      }
  if (fluid < 380 || fluid > 520 || astray > fluid / 5) fail_msg("%zu of fluid, %zu astray", fluid, astray);
  vg_maps_release(&m);
}

/* A tumour on both sides leaves nothing to mirror: the nearest is taken. */
static void a_mirrored_gap_falls_back(void **state) {
  (void)state;
  vg_maps m = case_with_tumour();
  maker_ball(&m, (double[3]){-15, 5, 0}, 10, MAKER_OEDEMA, m.tumour);
  size_t n = vg_geometry_voxels(&m.geo);
  must(edit(&m, "remove:fill=mirror"));
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(m.anatomy[i] != 0, m.brain[i] != 0);
    assert_int_not_equal(m.anatomy[i], MAKER_CSF);
  }
  vg_maps_release(&m);
}

static void one_part_can_be_removed(void **state) {
  (void)state;
  for (int largest = 0; largest < 2; largest++) {
    vg_maps m = case_with_tumour();
    size_t big = count(&m, m.tumour), small;
    small = maker_ball(&m, (double[3]){-15, -15, 0}, 5, MAKER_OEDEMA, m.tumour);
    must(edit(&m, largest ? "remove:which=largest" : "remove:which=smallest"));
    assert_int_equal(count(&m, m.tumour), largest ? small : big);
    vg_maps_release(&m);
  }
}

static void without_a_tumour_it_is_refused(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 64, 80, 28, 1, 1, 2);
  vg_maps m = maker_maps(&g, layers, NULL);
  must_say(edit(&m, "remove"), VG_REFUSED, "no tumour");
  expect_drawn(&m, 0);
  vg_maps_release(&m);
}

static void threads_do_not_matter(void **state) {
  (void)state;
  vg_maps m[2];
  for (int i = 0; i < 2; i++) {
    vg_threads_set(i ? 3 : 1);
    m[i] = case_with_tumour();
    must(edit(&m[i], "remove:fill=nearest"));
  }
  vg_threads_set(0);
  assert_memory_equal(m[0].anatomy, m[1].anatomy, vg_geometry_voxels(&m[0].geo));
  vg_maps_release(&m[0]);
  vg_maps_release(&m[1]);
}

static const vg_edit_chain *starved;

static vg_status take_away(vg_maps *m) {
  return vg_edit_chain_apply(starved, m, &(vg_edit_context){0}, NULL);
}

static void memory_runs_out(void **state) {
  (void)state;
  vg_maps m = case_with_tumour();
  vg_edit_chain chain = {0};
  must(vg_edit_chain_add(&chain, "remove:fill=mirror,which=largest"));
  starved = &chain;
  maker_starve(take_away, &m);
  vg_edit_chain_release(&chain);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_anatomy_is_kept),
      cmocka_unit_test(unknown_anatomy_becomes_that_around),
      cmocka_unit_test(what_is_far_is_found_too),
      cmocka_unit_test(the_mirrored_side_is_taken),
      cmocka_unit_test(a_mirrored_gap_falls_back),
      cmocka_unit_test(one_part_can_be_removed),
      cmocka_unit_test(without_a_tumour_it_is_refused),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
