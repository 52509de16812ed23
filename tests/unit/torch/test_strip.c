/* test_strip.c: the brain without the fluid around it keeps what the tissue encloses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "run/synth/strip.h"

enum { SIDE = 48, CSF = 1, GM = 2 };

/* A ball of grey matter of 16 mm with a ventricle and a narrow slit, in a shell of fluid, in which a stray
 * piece of grey lies. */
static void fluid_around_is_left_out(void **state) {
  (void)state;
  vg_geometry geo = {.dim = {SIDE, SIDE, SIDE}};
  for (int a = 0; a < 3; a++) geo.affine.m[a][a] = 1;
  vg_classes classes = {0};
  vg_maps m;
  assert_int_equal(vg_classes_add_name(&classes, "csf", VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(vg_classes_add_name(&classes, "gm", VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(vg_maps_new(&geo, &classes, &m), VG_OK);
  const size_t n = SIDE * SIDE * SIDE;
  uint8_t *brain = vg_malloc(n, 1);
  assert_non_null(brain);
  for (size_t i = 0; i < n; i++) {
    const double x = (double)(i % SIDE) - 23.5, y = (double)(i / SIDE % SIDE) - 23.5,
                 z = (double)(i / SIDE / SIDE) - 23.5;
    const double r = sqrt(x * x + y * y + z * z);
    const bool slit = fabs(x) < 1 && z > 6 && r<16, stray = x> 20 && fabs(y) < 2 && fabs(z) < 2;
    if (r < 23) m.anatomy[i] = r < 5 || slit || (r >= 16 && !stray) ? CSF : GM;
    m.brain[i] = m.anatomy[i] != 0;
  }
  assert_int_equal(vg_strip_fluid(&m, brain), VG_OK);
  for (size_t i = 0; i < n; i++) {
    const double x = (double)(i % SIDE) - 23.5, y = (double)(i / SIDE % SIDE) - 23.5,
                 z = (double)(i / SIDE / SIDE) - 23.5;
    const double r = sqrt(x * x + y * y + z * z);
    if (r < 14.5) assert_int_equal(brain[i], 1);
    if (r > 17) assert_int_equal(brain[i], 0);
  }
  vg_maps_release(&m);
  vg_free(brain);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fluid_around_is_left_out)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
