/* test_ventricles.c: finds the ventricles in the fluid. The test on real scans needs $VOXGAN_REAL_DATA, or
 * ../shared/real. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "phantom/phantom_model.h"
#include "edit/brain/frame.h"
#include "edit/brain/tissue.h"
#include "mini_tree.h"
#include "maps_maker.h"

static void a_class_of_that_name_is_taken(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 8, 8, 8, 2, 2, 2);
  vg_classes c = {0};
  must(vg_classes_add_name(&c, "csf", VG_ROLE_ANATOMY));
  must(vg_classes_add_name(&c, "ventricles", VG_ROLE_ANATOMY));
  vg_maps m;
  must(vg_maps_new(&g, &c, &m));
  memset(m.anatomy, 1, 512);
  memset(m.brain, 1, 512);
  m.anatomy[77] = m.anatomy[78] = 2;
  uint8_t mask[512];
  must(vg_ventricles_find(&m, NULL, mask));
  for (int i = 0; i < 512; i++) assert_int_equal(mask[i], i == 77 || i == 78);
  vg_maps_release(&m);
}

static void no_fluid_means_no_ventricles(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("RAS", 8, 8, 8, 2, 2, 2);
  vg_classes c = maker_classes();
  vg_maps m;
  must(vg_maps_new(&g, &c, &m));
  uint8_t mask[512];
  memset(mask, 1, sizeof mask);
  must(vg_ventricles_find(&m, NULL, mask));
  for (int i = 0; i < 512; i++) assert_int_equal(mask[i], 0);
  memset(m.anatomy, MAKER_CSF, 512); /* nothing but fluid: no tissue that could enclose any */
  memset(m.brain, 1, 512);
  must(vg_ventricles_find(&m, NULL, mask));
  for (int i = 0; i < 512; i++) assert_int_equal(mask[i], 0);
  vg_maps_release(&m);
}

/* The ventricles found, by place. */
typedef struct found {
  double ml, left, worst_side, highest;
} found;

static found measure(const vg_maps *m, const uint8_t *mask) {
  vg_brain_frame f;
  must(vg_frame_find(m, &f));
  double each = 1, mm[3];
  vg_geometry_spacing(&m->geo, mm);
  for (int a = 0; a < 3; a++) each *= mm[a] / 10;
  found r = {0};
  size_t i = 0;
  for (int z = 0; z < m->geo.dim[2]; z++)
    for (int y = 0; y < m->geo.dim[1]; y++)
      for (int x = 0; x < m->geo.dim[0]; x++, i++) {
        if (!mask[i]) continue;
        assert_int_equal(m->anatomy[i], MAKER_CSF);
        double ijk[3] = {x, y, z}, at[3], unit[3];
        vg_affine_apply(&m->geo.affine, ijk, at);
        vg_frame_to_unit(&f, at, unit);
        r.ml += each;
        r.left += unit[0] < 0 ? each : 0;
        r.worst_side = fmax(r.worst_side, fabs(unit[0]));
        r.highest = fmax(r.highest, unit[2]);
      }
  r.left /= r.ml;
  return r;
}

static void the_phantom_s_are_found(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed < 4; seed++) {
    vg_maps m = maker_phantom(96, seed);
    size_t n = vg_geometry_voxels(&m.geo), inside = 0, hit = 0, astray = 0, all = 0, i = 0;
    uint8_t *mask = vg_malloc(n, 1);
    assert_non_null(mask);
    must(vg_ventricles_find(&m, NULL, mask));
    for (int z = 0; z < m.geo.dim[2]; z++)
      for (int y = 0; y < m.geo.dim[1]; y++)
        for (int x = 0; x < m.geo.dim[0]; x++, i++) {
          double ijk[3] = {x, y, z}, mm[3];
          vg_affine_apply(&m.geo.affine, ijk, mm);
          float p[3] = {(float)mm[0], (float)mm[1], (float)mm[2]}, from;
          vg_phantom_depth_at(p, &from); /* in the mean head, which lies near this one */
          all += mask[i];
          astray += mask[i] && from > 12;
          if (m.anatomy[i] != MAKER_CSF || from > -1 || fabs(mm[0]) < 4) continue;
          inside++;
          hit += mask[i];
        }
    found r = measure(&m, mask);
    if (r.ml < 3 || r.ml > 60 || r.left < 0.3 || r.left > 0.7 || hit < 0.9 * (double)inside ||
        astray > 0.05 * (double)all)
      fail_msg("seed %d: %.1f ml, %.2f left, %zu of %zu found, %zu of %zu astray", (int)seed, r.ml, r.left,
               hit, inside, astray, all);
    vg_free(mask);
    vg_maps_release(&m);
  }
}

static void threads_do_not_matter(void **state) {
  (void)state;
  vg_maps m = maker_phantom(64, 5);
  size_t n = vg_geometry_voxels(&m.geo);
  uint8_t *mask[2];
  for (int i = 0; i < 2; i++) {
    vg_threads_set(i ? 3 : 1);
    mask[i] = vg_malloc(n, 1);
    assert_non_null(mask[i]);
    must(vg_ventricles_find(&m, NULL, mask[i]));
  }
  vg_threads_set(0);
  assert_memory_equal(mask[0], mask[1], n);
  vg_free(mask[0]);
  vg_free(mask[1]);
  vg_maps_release(&m);
}

static void real_ones_are_found(void **state) {
  (void)state;
  const char *root = getenv("VOXGAN_REAL_DATA");
  char *dir = vg_fs_join(root && *root ? root : "../shared/real", "healthy");
  bool there = !access(dir, F_OK);
  if (!there) print_message("skipped: no real data at %s\n", dir);
  vg_dataset ds = {0};
  if (there) must(vg_dataset_add(&ds, dir, "bids", NULL, "tissues"));
  vg_free(dir);
  if (!there) skip();
  vg_classes classes = maker_classes();
  for (size_t i = 0; i < ds.n; i += 3) {
    vg_maps m;
    must(vg_maps_read(&ds, &ds.subjects[i], &classes, &m));
    uint8_t *mask = vg_malloc(vg_geometry_voxels(&m.geo), 1);
    assert_non_null(mask);
    must(vg_ventricles_find(&m, NULL, mask));
    found r = measure(&m, mask);
    if (r.ml < 2 || r.ml > 45 || r.left < 0.3 || r.left > 0.7 || r.worst_side > 0.6 || r.highest > 0.4)
      fail_msg("%s: %.1f ml, %.2f left, reaches %.2f aside and %.2f up", ds.subjects[i].id, r.ml, r.left,
               r.worst_side, r.highest);
    vg_free(mask);
    vg_maps_release(&m);
  }
  vg_dataset_release(&ds);
}

static vg_status find(vg_maps *m) {
  uint8_t *mask = vg_malloc(vg_geometry_voxels(&m->geo), 1);
  vg_status st = mask ? vg_ventricles_find(m, NULL, mask) : VG_MEMORY;
  vg_free(mask);
  return st;
}

static void memory_runs_out(void **state) {
  (void)state;
  vg_maps m = maker_phantom(16, 5);
  maker_starve(find, &m);
  vg_maps_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_class_of_that_name_is_taken), cmocka_unit_test(no_fluid_means_no_ventricles),
      cmocka_unit_test(the_phantom_s_are_found),       cmocka_unit_test(threads_do_not_matter),
      cmocka_unit_test(real_ones_are_found),           cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
