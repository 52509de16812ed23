/* test_case_check.c: an edited case that is unfit for use is refused with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"
#include "mini_tree.h"
#include "model_head.h"
#include "study/study_internal.h"

static const double at[3] = {-30, -20, 12};
static vg_maps m;
static vg_brain_frame frame;

static int setup(void **state) {
  (void)state;
  m = model_head(model_grid(3, 3, 3, 0), at, 15);
  must(vg_frame_find(&m, &frame));
  return 0;
}

static int teardown(void **state) {
  (void)state;
  vg_maps_release(&m);
  return 0;
}

/* The voxel nearest to a place of the world. */
static size_t voxel_at(double x, double y, double z) {
  vg_affine inverse;
  double ijk[3];
  assert_true(vg_affine_invert(&m.geo.affine, &inverse));
  vg_affine_apply(&inverse, (double[]){x, y, z}, ijk);
  return ((size_t)lround(ijk[2]) * (size_t)m.geo.dim[1] + (size_t)lround(ijk[1])) * (size_t)m.geo.dim[0] +
         (size_t)lround(ijk[0]);
}

static vg_status check(const char *edits, vg_pieces pieces, double least, double most, double left) {
  vg_plan_target target = {{least, most}, {left, 1}};
  vg_tumour_facts facts;
  vg_edit_chain chain = {0};
  vg_edit_context context = {0};
  vg_edit_log log = {0};
  if (*edits) must(vg_edit_chain_add(&chain, edits));
  must(vg_edit_chain_apply(&chain, NULL, &context, &log));
  vg_status st = vg_study_check(&m, &frame, pieces, &log, &target, &facts);
  vg_edit_chain_release(&chain);
  vg_edit_log_release(&log);
  return st;
}

static vg_status usual(void) {
  return check("", (vg_pieces){1, 1}, 0, INFINITY, 0);
}

static void fit(void **state) {
  (void)state;
  must(usual());
  memset(m.tumour, 0, vg_geometry_voxels(&m.geo));
  must(check("", (vg_pieces){0, 0}, 0, INFINITY, 0));
  must_say(check("", (vg_pieces){0, 0}, 1, 2, 0), VG_REFUSED, "the tumour has 0 ml, not 1 to 2");
}

static void classes(void **state) {
  (void)state;
  size_t v = voxel_at(at[0], at[1], at[2]);
  static const uint8_t bad_tumour[] = {MAKER_CSF, MAKER_WM, MAKER_ENHANCING + 1, 255};
  static const uint8_t bad_anatomy[] = {MAKER_NECROSIS, MAKER_ENHANCING + 1, 255};
  uint8_t was = m.tumour[v];
  for (size_t i = 0; i < sizeof bad_tumour; i++) {
    m.tumour[v] = bad_tumour[i];
    must_say(usual(), VG_REFUSED, "1 voxel is of no known class");
  }
  m.tumour[v] = was;
  for (size_t i = 0; i < sizeof bad_anatomy; i++) {
    m.anatomy[v] = bad_anatomy[i];
    must_say(usual(), VG_REFUSED, "1 voxel is of no known class");
  }
}

static void outside(void **state) {
  (void)state;
  m.brain[voxel_at(at[0], at[1], at[2])] = 0;
  must_say(usual(), VG_REFUSED, "0.027 ml of the tumour lie outside the brain");
}

static void pieces(void **state) {
  (void)state;
  m.tumour[voxel_at(30, -20, 12)] = MAKER_OEDEMA;
  m.tumour[voxel_at(30, 20, 12)] = MAKER_OEDEMA;
  must_say(usual(), VG_REFUSED, "the tumour is in 3 pieces, where at most 1 are asked for");
  must(check("", (vg_pieces){3, 1}, 0, INFINITY, 0));
  must(check("multifocal:n=2", (vg_pieces){1, 1}, 0, INFINITY, 0));
  must(check("scale:ml=3;multifocal", (vg_pieces){1, 1}, 0, INFINITY, 0)); /* 2 by default */
  must_say(check("multifocal:n=1", (vg_pieces){1, 1}, 0, INFINITY, 0), VG_REFUSED, "at most 2");
  must(check("grow:ml=3;grow:ml=2", (vg_pieces){1, 1}, 0, INFINITY, 0));
  /* A core in pieces counts where its oedema may have been taken away. */
  must(check("type:oedema=0", (vg_pieces){1, 3}, 0, INFINITY, 0));
  must_say(check("scale:ml=3", (vg_pieces){1, 3}, 0, INFINITY, 0), VG_REFUSED, "at most 1");
}

static void volume_and_side(void **state) {
  (void)state;
  vg_tumour_facts f;
  must(vg_tumour_measure(&m, &f));
  double voxel = 0.027;
  must(check("", (vg_pieces){1, 1}, f.total_ml, f.total_ml + 1, 0));
  must(check("", (vg_pieces){1, 1}, f.total_ml + 0.9 * voxel, f.total_ml + 1, 0));
  must_say(check("", (vg_pieces){1, 1}, f.total_ml + 1.1 * voxel, 99, 0), VG_REFUSED, " ml, not ");
  must_say(check("", (vg_pieces){1, 1}, 0, f.total_ml - 1.1 * voxel, 0), VG_REFUSED, " ml, not 0 to ");
  must(check("", (vg_pieces){1, 1}, 0, INFINITY, 0.9));
  size_t all = vg_geometry_voxels(&m.geo);
  memset(m.tumour, 0, all);
  m.tumour[voxel_at(30, -20, 12)] = MAKER_OEDEMA;
  must_say(check("", (vg_pieces){1, 1}, 0, INFINITY, 0.9), VG_REFUSED,
           "0.0% of the tumour is on the left, not 90");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(fit, setup, teardown),
      cmocka_unit_test_setup_teardown(classes, setup, teardown),
      cmocka_unit_test_setup_teardown(outside, setup, teardown),
      cmocka_unit_test_setup_teardown(pieces, setup, teardown),
      cmocka_unit_test_setup_teardown(volume_and_side, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
