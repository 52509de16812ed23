/* test_edit_graft.c: tumours of other brains and grids, and satellites. */
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
#include "grid/grid.h"
#include "base/mem.h"

static const double left[3] = {-33, 30, 12};

/* The same head, its tumour left in front: in other voxels, turned, shifted, and half as large again. */
static vg_maps other_head(int kind) {
  vg_maps m = kind == 0   ? model_head(model_grid(1.5, 1.5, 6, 0), left, 13)
              : kind == 1 ? model_head(model_grid(4, 2, 3, 15), left, 13)
                          : model_head(model_grid(3, 3, 3, 0), left, 13);
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 4; c++) {
      if (kind == 2) m.geo.affine.m[r][c] *= 1.2;
      if (c == 3) m.geo.affine.m[r][c] += 40 - 30 * r;
    }
  return m;
}

static void a_graft_lands_where_it_was(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    vg_maps donor = other_head(kind), host = model_head(model_grid(2.5, 2.5, 2.5, -10), NULL, 0);
    double centre[3], mm[3], asked;
    must(edit(&host, "graft:donor=random", 1, &donor));
    tumour_centre(&host, centre);
    for (int a = 0; a < 3; a++)
      if (!(fabs(centre[a] - left[a]) < 6)) fail_msg("kind %d axis %d: %g", kind, a, centre[a]);
    vg_geometry_spacing(&donor.geo, mm);
    for (int code = MAKER_NECROSIS; code <= MAKER_ENHANCING; code++) {
      asked = (double)count_code(&donor, code) * mm[0] * mm[1] * mm[2] / (2.5 * 2.5 * 2.5);
      assert_true(fabs((double)count_code(&host, code) - asked) <= 1);
    }
    assert_sound(&host, true);
    vg_maps_release(&donor);
    vg_maps_release(&host);
  }
}

/* The distance between two tumours that differ in class is what gap says. */
static void a_graft_keeps_off_the_tumour_that_is_there(void **state) {
  (void)state;
  vg_maps donor = other_head(2), host = model_head(model_grid(2.5, 2.5, 2.5, 0), left, 12);
  size_t n = vg_geometry_voxels(&host.geo), had = count_code(&host, -1);
  uint8_t *was = vg_malloc(n, 1);
  float *distance = vg_malloc(n, sizeof *distance);
  memcpy(was, host.tumour, n);
  must(edit(&host, "graft:gap=8", 1, &donor));
  must(vg_distance(was, host.geo.dim, (double[]){2.5, 2.5, 2.5}, distance));
  assert_true(count_code(&host, -1) > had);
  for (size_t i = 0; i < n; i++) {
    if (was[i]) assert_int_equal(host.tumour[i], was[i]);
    if (!was[i] && host.tumour[i]) assert_true(distance[i] >= 8);
  }
  assert_sound(&host, true);
  vg_free(was);
  vg_free(distance);
  vg_maps_release(&donor);
  vg_maps_release(&host);
}

static void a_graft_goes_where_it_is_told(void **state) {
  (void)state;
  vg_maps donor = other_head(0);
  static const char *const texts[] = {"graft:region=right-hemisphere",
                                      "graft:region=right-hemisphere,at=random", "graft:at=random"};
  for (int i = 0; i < 3; i++) {
    vg_maps host = model_head(model_grid(2.5, 2.5, 2.5, 0), NULL, 0);
    double centre[3];
    must(edit(&host, texts[i], 1, &donor));
    tumour_centre(&host, centre);
    assert_true(i == 2 || centre[0] > 0);
    assert_sound(&host, true);
    vg_maps_release(&host);
  }
  vg_maps_release(&donor);
}

static void grafts_are_refused_with_the_reason(void **state) {
  (void)state;
  vg_maps donor = other_head(2), host = model_head(model_grid(3, 3, 3, 0), left, 12), was;
  must(vg_maps_copy(&host, &was));
  must_say(edit(&host, "graft:region=left-frontal,at=same", 1, &donor), VG_CONFIG, "takes no region");
  must_say(edit(&host, "graft:at=region", 1, &donor), VG_CONFIG, "needs a region");
  must_say(edit(&host, "graft:fit=1,tries=1", 1, &donor), VG_REFUSED,
           "in region left-hemisphere within 40 mm of (-");
  assert_non_null(strstr(vg_error(), "1 tried"));
  memset(donor.tumour, 0, vg_geometry_voxels(&donor.geo));
  must_say(edit(&host, "graft", 1, &donor), VG_REFUSED, "the donor has no tumour");
  assert_true(maps_equal(&host, &was));
  memset(host.brain, 0, vg_geometry_voxels(&host.geo));
  memset(host.anatomy, 0, vg_geometry_voxels(&host.geo));
  vg_maps_release(&donor);
  donor = other_head(2);
  must_say(edit(&host, "graft", 1, &donor), VG_REFUSED, "graft: there is no brain in these label maps");
  vg_maps_release(&donor);
  vg_maps_release(&host);
  vg_maps_release(&was);
}

static void satellites_stand_apart(void **state) {
  (void)state;
  vg_maps m = model_head(model_grid(2, 2, 2, 0), left, 14);
  size_t n = vg_geometry_voxels(&m.geo), pieces, *sizes, had = count_code(&m, -1);
  uint32_t *label = vg_malloc(n, sizeof *label);
  must(edit(&m, "multifocal:n=4,ml=2,spread=0,gap=6", 1, NULL));
  must(vg_components(m.tumour, m.geo.dim, 26, label, &pieces, &sizes));
  assert_int_equal(pieces, 5);
  for (size_t k = 0; k < 5; k++) assert_true(sizes[k] == had || sizes[k] == 250);
  assert_int_equal(count_code(&m, -1), had + 4 * 250);
  assert_sound(&m, true);
  uint8_t *one = vg_malloc(n, 1);
  float *distance = vg_malloc(n, sizeof *distance);
  for (size_t k = 0; k < 5; k++) {
    for (size_t i = 0; i < n; i++) one[i] = label[i] == k + 1;
    must(vg_distance(one, m.geo.dim, (double[]){2, 2, 2}, distance));
    for (size_t i = 0; i < n; i++) assert_true(!label[i] || label[i] == k + 1 || distance[i] >= 6);
  }
  /* The largest piece is what further ones are copies of. */
  must(edit(&m, "multifocal:n=1,ml=1,spread=0", 2, NULL));
  assert_int_equal(count_code(&m, -1), had + 4 * 250 + 125);
  vg_maps was;
  must(vg_maps_copy(&m, &was));
  must_say(edit(&m, "multifocal:n=50,ml=30,tries=5", 1, NULL), VG_REFUSED, "no site for satellite ");
  assert_non_null(strstr(vg_error(), " of 50, of "));
  must_say(edit(&m, "multifocal:near=50,far=20", 1, NULL), VG_CONFIG, "near, 50 mm, is beyond far");
  assert_true(maps_equal(&m, &was));
  memset(m.tumour, 0, n);
  must_say(edit(&m, "multifocal", 1, NULL), VG_REFUSED, "the case has no tumour to add satellites of");
  vg_free(one);
  vg_free(label);
  vg_free(sizes);
  vg_free(distance);
  vg_maps_release(&m);
  vg_maps_release(&was);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_graft_lands_where_it_was),
      cmocka_unit_test(a_graft_keeps_off_the_tumour_that_is_there),
      cmocka_unit_test(a_graft_goes_where_it_is_told),
      cmocka_unit_test(grafts_are_refused_with_the_reason),
      cmocka_unit_test(satellites_stand_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
