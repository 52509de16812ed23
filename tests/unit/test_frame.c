/* test_frame.c: the brain's midplane, axes, coordinates and regions. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "edit/brain/frame.h"
#include "mini_tree.h"
#include "maps_maker.h"

#define DEGREE (3.14159265358979 / 180)

/* A turn about z (yaw) after one about y (roll) after one about x (pitch), and a shift: brain -> world. */
typedef struct pose {
  double turn[3][3], shift[3];
} pose;

static pose pose_of(double yaw, double roll, double pitch, double x, double y, double z) {
  double a = yaw * DEGREE, b = roll * DEGREE, c = pitch * DEGREE;
  pose p = {{{cos(a) * cos(b), -sin(a) * cos(c) + cos(a) * sin(b) * sin(c),
              sin(a) * sin(c) + cos(a) * sin(b) * cos(c)},
             {sin(a) * cos(b), cos(a) * cos(c) + sin(a) * sin(b) * sin(c),
              -cos(a) * sin(c) + sin(a) * sin(b) * cos(c)},
             {-sin(b), cos(b) * sin(c), cos(b) * cos(c)}},
            {x, y, z}};
  return p;
}

static void to_brain(const pose *p, const double mm[3], double out[3]) {
  for (int k = 0; k < 3; k++) {
    out[k] = 0;
    for (int a = 0; a < 3; a++) out[k] += p->turn[a][k] * (mm[a] - p->shift[a]);
  }
}

/* An egg with a smaller one below its back, and a fissure. */
static uint8_t egg(const void *arg, const double mm[3]) {
  double v[3];
  to_brain(arg, mm, v);
  double a = v[0] / (60 - 0.1 * v[1]), b = v[1] / 80, c = v[2] / 55;
  double d = v[0] / 45, e = (v[1] + 45) / 30, f = (v[2] + 40) / 28;
  if (a * a + b * b + c * c < 1) return fabs(v[0]) < 1.5 && v[2] > 15 ? MAKER_CSF : MAKER_WM;
  return d * d + e * e + f * f < 1 ? MAKER_GM : 0;
}

static double angle_between(const double a[3], const double b[3]) {
  return acos(fmin(1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])) / DEGREE;
}

static void a_turned_egg_is_found(void **state) {
  (void)state;
  static const double poses[][6] = {{0, 0, 0, 0, 0, 0}, {12, -9, 5, 6, -10, 4}, {-18, 17, -10, -12, 7, 0}};
  for (int i = 0; i < 3; i++) {
    const double *q = poses[i];
    pose p = pose_of(q[0], q[1], q[2], q[3], q[4], q[5]);
    vg_geometry g = mini_geometry("RAS", 170, 210, 90, 1, 1, 2);
    vg_maps m = maker_maps(&g, egg, &p);
    vg_brain_frame f;
    must(vg_frame_find(&m, &f));
    double right[3] = {p.turn[0][0], p.turn[1][0], p.turn[2][0]}, off = 0;
    double tilt = angle_between(f.axis[0], right);
    for (int k = 0; k < 3; k++) off += right[k] * (f.origin[k] - p.shift[k]);
    if (tilt > 1 || fabs(off) > 1) fail_msg("pose %d: %.2f degrees and %.2f mm off", i, tilt, off);
    for (int a = 0; a < 3; a++) {
      assert_float_equal(angle_between(f.axis[a], f.axis[(a + 1) % 3]), 90, 1e-6);
      assert_true(f.axis[a][a] > 0.9);
      assert_true(f.reach[a][0] < -40 && f.reach[a][1] > 40);
    }
    if (i == 0) {
      assert_float_equal(f.reach[1][1] - f.reach[1][0], 160, 4);
      assert_float_equal(f.reach[0][1], 60, 3);
      assert_float_equal(f.reach[2][1] - f.reach[2][0], 123, 4);
    }
    vg_maps_release(&m);
  }
}

typedef struct moved {
  const vg_maps *from;
  const pose *p;
  vg_affine back;
} moved;

static uint8_t moved_tissue(const void *arg, const double mm[3]) {
  const moved *v = arg;
  double at[3], ijk[3];
  to_brain(v->p, mm, at);
  vg_affine_apply(&v->back, at, ijk);
  size_t i = 0;
  for (int a = 2; a >= 0; a--) {
    int k = (int)floor(ijk[a] + 0.5);
    if (k < 0 || k >= v->from->geo.dim[a]) return 0;
    i = i * (size_t)v->from->geo.dim[a] + (size_t)k;
  }
  return v->from->anatomy[i];
}

static void a_turned_phantom_is_found_back(void **state) {
  (void)state;
  vg_maps m = maker_phantom(96, 3);
  vg_brain_frame f, g;
  must(vg_frame_find(&m, &f));
  pose p = pose_of(8, -6, 4, 5, 3, -6);
  moved v = {&m, &p, {{{0}}}};
  assert_true(vg_affine_invert(&m.geo.affine, &v.back));
  vg_maps turned = maker_maps(&m.geo, moved_tissue, &v);
  must(vg_frame_find(&turned, &g));
  double right[3], origin[3], off = 0;
  to_brain(&p, g.origin, origin);
  pose only = p;
  memset(only.shift, 0, sizeof only.shift);
  to_brain(&only, g.axis[0], right);
  double tilt = angle_between(f.axis[0], right);
  for (int k = 0; k < 3; k++) off += f.axis[0][k] * (origin[k] - f.origin[k]);
  if (tilt > 1 || fabs(off) > 1) fail_msg("%.2f degrees and %.2f mm off", tilt, off);
  vg_maps_release(&m);
  vg_maps_release(&turned);
}

static void threads_do_not_matter(void **state) {
  (void)state;
  vg_maps m = maker_phantom(64, 5);
  vg_brain_frame f[2];
  for (int i = 0; i < 2; i++) {
    vg_threads_set(i ? 3 : 1);
    must(vg_frame_find(&m, &f[i]));
  }
  vg_threads_set(0);
  assert_memory_equal(&f[0], &f[1], sizeof f[0]);
  vg_maps_release(&m);
}

static void a_brain_of_a_few_voxels_has_a_frame(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 5, 4, 3, 2, 2, 2);
  vg_classes classes = maker_classes();
  vg_maps m;
  must(vg_maps_new(&g, &classes, &m));
  vg_brain_frame f;
  must_say(vg_frame_find(&m, &f), VG_REFUSED, "no brain");
  m.brain[0] = m.anatomy[0] = 1;
  must(vg_frame_find(&m, &f));
  for (int a = 0; a < 3; a++) assert_true(f.reach[a][0] < 0 && f.reach[a][1] > 0);
  vg_maps_release(&m);
}

static vg_brain_frame tilted(void) {
  pose p = pose_of(10, 5, 0, 3, -4, 5);
  vg_brain_frame f = {.reach = {{-70, 66}, {-90, 86}, {-70, 72}}};
  for (int a = 0; a < 3; a++) {
    f.origin[a] = p.shift[a];
    for (int k = 0; k < 3; k++) f.axis[a][k] = p.turn[k][a];
  }
  return f;
}

static void coordinates_lead_back(void **state) {
  (void)state;
  vg_brain_frame f = tilted();
  static const double units[][3] = {{0, 0, 0}, {-1, 1, 0.5}, {0.3, -0.7, -1.2}};
  for (int i = 0; i < 3; i++) {
    double mm[3], unit[3], mirrored[3], again[3];
    vg_frame_from_unit(&f, units[i], mm);
    vg_frame_to_unit(&f, mm, unit);
    vg_frame_mirror(&f, mm, mirrored);
    vg_frame_mirror(&f, mirrored, again);
    for (int k = 0; k < 3; k++) {
      assert_float_equal(unit[k], units[i][k], 1e-9);
      assert_float_equal(again[k], mm[k], 1e-9);
    }
    vg_frame_to_unit(&f, mirrored, unit);
    assert_true(unit[0] * units[i][0] <= 0);
    assert_float_equal(unit[1], units[i][1], 1e-9);
    assert_float_equal(unit[2], units[i][2], 1e-9);
  }
}

static void regions_lie_where_lobes_do(void **state) {
  (void)state;
  vg_brain_frame f = tilted();
  static const struct {
    const char *lobe;
    double unit[3];
  } rows[] = {{"frontal", {0.3, 0.8, 0.1}}, {"frontal", {0.4, 0.1, 0.8}},     {"parietal", {0.4, -0.3, 0.7}},
              {"temporal", {0.7, 0, -0.3}}, {"temporal", {0.5, 0.3, -0.5}},   {"occipital", {0.2, -0.9, 0.1}},
              {"deep", {0.2, 0.1, 0.1}},    {"cerebellum", {0.4, -0.5, -0.6}}};
  static const char *const lobes[] = {"frontal", "parietal", "temporal", "occipital", "deep", "cerebellum"};
  char name[32];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (int right = 0; right < 2; right++) {
      double mm[3], unit[3] = {right ? rows[i].unit[0] : -rows[i].unit[0], rows[i].unit[1], rows[i].unit[2]};
      vg_frame_from_unit(&f, unit, mm);
      assert_true(vg_frame_in_region(&f, "any", mm));
      assert_int_equal(vg_frame_in_region(&f, "left-hemisphere", mm), !right);
      assert_int_equal(vg_frame_in_region(&f, "right-hemisphere", mm), right);
      for (int k = 0; k < 6; k++) {
        bool here = !strcmp(lobes[k], rows[i].lobe);
        if (vg_frame_in_region(&f, lobes[k], mm) != here) fail_msg("row %zu: %s", i, lobes[k]);
        for (int side = 0; side < 2; side++) {
          snprintf(name, sizeof name, "%s-%s", side ? "right" : "left", lobes[k]);
          assert_int_equal(vg_frame_in_region(&f, name, mm), here && side == right);
        }
      }
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_turned_egg_is_found), cmocka_unit_test(a_turned_phantom_is_found_back),
      cmocka_unit_test(threads_do_not_matter), cmocka_unit_test(a_brain_of_a_few_voxels_has_a_frame),
      cmocka_unit_test(coordinates_lead_back), cmocka_unit_test(regions_lie_where_lobes_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
