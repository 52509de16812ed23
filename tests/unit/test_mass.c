/* test_mass.c: the tissue that a new tumour displaces. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "edit/displace/mass.h"
#include "mini_tree.h"
#include "maps_maker.h"

#define PI 3.14159265358979

/* A ball of 72 mm: white up to a radius, grey beyond. */
static uint8_t onion(const void *arg, const double mm[3]) {
  double r = sqrt(mm[0] * mm[0] + mm[1] * mm[1] + mm[2] * mm[2]);
  return r > 72 ? 0 : r < *(const double *)arg ? MAKER_WM : MAKER_GM;
}

/* The radius of what is white. */
static double white_radius(const vg_maps *m) {
  double mm[3], volume = 0;
  size_t n = vg_geometry_voxels(&m->geo);
  vg_geometry_spacing(&m->geo, mm);
  for (size_t i = 0; i < n; i++) volume += m->anatomy[i] == MAKER_WM ? mm[0] * mm[1] * mm[2] : 0;
  return cbrt(volume * 3 / (4 * PI));
}

/* A ball of radius a in endless tissue, a source of its own volume in which nothing gives way: what lies at r
 * flows by u = share a^3 / (3 r^2) (1 + r/L) / (1 + a/L) exp(-(r - a)/L). */
static double pushed(double r, double a, double length, double share) {
  for (int k = 0; k < 1000; k++)
    r += share * a * a * a / (3 * r * r) * (1 + r / length) / (1 + a / length) * exp((a - r) / length) / 1000;
  return r;
}

static uint8_t *new_mask(const vg_maps *m) {
  uint8_t *mask = vg_calloc(vg_geometry_voxels(&m->geo), 1);
  assert_non_null(mask);
  return mask;
}

/* Puts a ball of tumour there and lets it push. */
static void grow_ball(vg_maps *m, const double centre[3], double radius, double share, double falloff) {
  uint8_t *added = new_mask(m);
  assert_true(maker_ball(m, centre, radius, 1, added) > 0);
  maker_ball(m, centre, radius, MAKER_OEDEMA, m->tumour);
  must(vg_mass_effect(m, added, &(vg_mass_settings){share, falloff}));
  vg_free(added);
}

/* Labels cannot show what moves by less than half a voxel, so the ball is large. */
static void a_ball_pushes_as_theory_says(void **state) {
  (void)state;
  static const struct {
    double share, falloff;
    bool oblong;
  } rows[] = {{1, 30, false}, {1, 15, false}, {0.6, 40, true}};
  const double a = 24;
  for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
    vg_geometry g = rows[k].oblong ? mini_geometry("RAS", 150, 100, 76, 1, 1.5, 2)
                                   : mini_geometry("RAS", 100, 100, 100, 1.5, 1.5, 1.5);
    double last = 100;
    for (double r = 27; r < 40; r += 6) {
      vg_maps m = maker_maps(&g, onion, &r);
      double from = white_radius(&m);
      grow_ball(&m, (double[3]){0, 0, 0}, a, rows[k].share, rows[k].falloff);
      double moved = white_radius(&m) - from, wanted = pushed(r, a, rows[k].falloff, rows[k].share) - r;
      if (fabs(moved - wanted) > 0.1 + 0.1 * wanted || moved > last)
        fail_msg("row %zu: at %.0f mm moved %.2f mm, wanted %.2f", k, r, moved, wanted);
      last = moved;
      vg_maps_release(&m);
    }
  }
}

/* White with a cyst left of the middle, and fluid around. */
static uint8_t with_ventricle(const void *arg, const double mm[3]) {
  (void)arg;
  double r = sqrt(mm[0] * mm[0] + mm[1] * mm[1] + mm[2] * mm[2]);
  double x = (mm[0] + 5) / 8, y = mm[1] / 20, z = mm[2] / 10;
  if (r > 65) return 0;
  return r > 62 || x * x + y * y + z * z < 1 ? MAKER_CSF : MAKER_WM;
}

/* Volume and centre of the fluid that is not near the outline. */
static double ventricle(const vg_maps *m, double centre[3]) {
  size_t n = 0, i = 0;
  memset(centre, 0, 3 * sizeof *centre);
  for (int z = 0; z < m->geo.dim[2]; z++)
    for (int y = 0; y < m->geo.dim[1]; y++)
      for (int x = 0; x < m->geo.dim[0]; x++, i++) {
        double ijk[3] = {x, y, z}, mm[3];
        vg_affine_apply(&m->geo.affine, ijk, mm);
        if (m->anatomy[i] != MAKER_CSF || mm[0] * mm[0] + mm[1] * mm[1] + mm[2] * mm[2] > 1600) continue;
        n++;
        for (int a = 0; a < 3; a++) centre[a] += mm[a];
      }
  for (int a = 0; a < 3; a++) centre[a] /= (double)n;
  return (double)n;
}

static void ventricles_give_way(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LPS", 70, 70, 70, 2, 2, 2);
  vg_maps m = maker_maps(&g, with_ventricle, NULL);
  size_t n = vg_geometry_voxels(&g);
  uint8_t *outline = vg_malloc(n, 1);
  assert_non_null(outline);
  memcpy(outline, m.brain, n);
  double before[3], after[3], volume = ventricle(&m, before), left;
  grow_ball(&m, (double[3]){25, 0, 0}, 17, 1, 40);
  left = ventricle(&m, after);
  if (left > 0.9 * volume || after[0] > before[0] - 1 || fabs(after[1] - before[1]) > 0.5)
    fail_msg("%.0f of %.0f voxels left, at %.1f from %.1f", left, volume, after[0], before[0]);
  assert_memory_equal(m.brain, outline, n);
  for (size_t i = 0; i < n; i++) assert_int_equal(m.anatomy[i] != 0, m.brain[i]);
  vg_free(outline);
  vg_maps_release(&m);
}

static void no_share_is_no_effect(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 40, 40, 40, 4, 4, 4);
  vg_maps m = maker_maps(&g, with_ventricle, NULL), again = maker_maps(&g, with_ventricle, NULL);
  grow_ball(&m, (double[3]){25, 0, 0}, 17, 0, 30);
  assert_memory_equal(m.anatomy, again.anatomy, vg_geometry_voxels(&g));
  vg_maps_release(&m);
  vg_maps_release(&again);
}

/* A tumour at the outline whose anatomy was never known. */
static void what_is_not_known_does_not_spread(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 70, 70, 70, 2, 2, 2);
  vg_maps m = maker_maps(&g, with_ventricle, NULL);
  size_t n = vg_geometry_voxels(&g);
  maker_ball(&m, (double[3]){45, 0, 10}, 19, 0, m.anatomy);
  grow_ball(&m, (double[3]){45, 0, 10}, 18, 1, 30);
  vg_maps same = maker_maps(&g, with_ventricle, NULL);
  maker_ball(&same, (double[3]){45, 0, 10}, 19, 0, same.anatomy);
  for (size_t i = 0; i < n; i++) {
    if (same.anatomy[i]) assert_int_not_equal(m.anatomy[i], 0);
    if (!m.brain[i]) assert_int_equal(m.anatomy[i], 0);
  }
  vg_maps_release(&m);
  vg_maps_release(&same);
}

static void all_of_the_brain_can_be_tumour(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 12, 10, 1, 4, 4, 4);
  vg_maps m = maker_maps(&g, with_ventricle, NULL);
  grow_ball(&m, (double[3]){0, 0, 0}, 100, 1, 30);
  for (size_t i = 0; i < 120; i++) assert_int_equal(m.anatomy[i] != 0, m.brain[i]);
  vg_maps_release(&m);
}

static void threads_do_not_matter(void **state) {
  (void)state;
  vg_maps m[2];
  for (int i = 0; i < 2; i++) {
    vg_threads_set(i ? 3 : 1);
    m[i] = maker_phantom(64, 2);
    grow_ball(&m[i], (double[3]){30, 0, 20}, 15, 1, 30);
  }
  vg_threads_set(0);
  assert_memory_equal(m[0].anatomy, m[1].anatomy, vg_geometry_voxels(&m[0].geo));
  vg_maps_release(&m[0]);
  vg_maps_release(&m[1]);
}

static vg_status push(vg_maps *m) {
  return vg_mass_effect(m, m->tumour, &(vg_mass_settings){1, 30});
}

static void memory_runs_out(void **state) {
  (void)state;
  vg_maps m = maker_phantom(16, 5);
  maker_ball(&m, (double[3]){30, 0, 20}, 15, 1, m.tumour);
  maker_starve(push, &m);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ball_pushes_as_theory_says),
      cmocka_unit_test(ventricles_give_way),
      cmocka_unit_test(no_share_is_no_effect),
      cmocka_unit_test(what_is_not_known_does_not_spread),
      cmocka_unit_test(all_of_the_brain_can_be_tumour),
      cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
