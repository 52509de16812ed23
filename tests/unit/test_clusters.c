/* test_clusters.c: classes of intensities, against intensities whose classes are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "prep/clusters.h"
#include "voxgan/config.h"
#include "voxgan/rng.h"

enum { SIDE = 40, CLASSES = 4 };

typedef struct world {
  vg_volume vol;
  vg_maps maps;
  uint8_t *truth; /* class + 1 */
  size_t n;
} world;

/* Nested cubes of 4 mean intensities with Gaussian noise; a corner of the brain is tumour. */
static world make_world(double noise, bool falling) {
  world w = {.n = SIDE * SIDE * SIDE};
  vg_geometry geo = {.dim = {SIDE, SIDE, SIDE}};
  for (int a = 0; a < 3; a++) geo.affine.m[a][a] = 1;
  vg_classes classes = {0};
  assert_int_equal(vg_classes_add_clusters(&classes, "t1", CLASSES), VG_OK);
  assert_int_equal(vg_classes_add_name(&classes, "necrosis", VG_ROLE_TUMOUR), VG_OK);
  assert_int_equal(vg_maps_new(&geo, &classes, &w.maps), VG_OK);
  w.vol.geo = geo;
  w.vol.data = vg_calloc(w.n, sizeof *w.vol.data);
  w.truth = vg_calloc(w.n, 1);
  assert_non_null(w.vol.data);
  assert_non_null(w.truth);
  vg_rng rng = vg_rng_init(7, vg_rng_key("clusters", 0, 0));
  size_t i = 0;
  for (int z = 0; z < SIDE; z++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++, i++) {
        const int at[3] = {x, y, z};
        int depth = SIDE;
        for (int a = 0; a < 3; a++) {
          const int edge = at[a] < SIDE - 1 - at[a] ? at[a] : SIDE - 1 - at[a];
          depth = edge < depth ? edge : depth;
        }
        if (depth < 2) continue;
        const int k = depth < 5 ? 0 : depth < 8 ? 1 : depth < 12 ? 2 : 3;
        w.maps.brain[i] = 1;
        w.truth[i] = (uint8_t)(falling ? CLASSES - k : k + 1);
        w.vol.data[i] = (float)(100.0 * w.truth[i] + noise * vg_rng_normal(&rng));
        if (x < 10 && y < 10 && z < 10) {
          w.maps.tumour[i] = CLASSES + 1;
          w.vol.data[i] = 5000;
        }
      }
  return w;
}

static void release(world *w) {
  vg_volume_release(&w->vol);
  vg_maps_release(&w->maps);
  vg_free(w->truth);
}

static double share_right(const world *w) {
  size_t all = 0, right = 0;
  for (size_t i = 0; i < w->n; i++) {
    if (!w->maps.brain[i] || w->maps.tumour[i]) {
      assert_int_equal(w->maps.anatomy[i], 0); /* outside, and in the tumour */
      continue;
    }
    all++;
    right += w->maps.anatomy[i] == w->truth[i];
  }
  return (double)right / (double)all;
}

static void classes_are_found_and_ordered(void **state) {
  (void)state;
  for (int falling = 0; falling < 2; falling++) {
    world w = make_world(8, falling);
    assert_int_equal(vg_clusters_find(&w.vol, "a", CLASSES, &w.maps), VG_OK);
    assert_true(share_right(&w) > 0.999);
    release(&w);
  }
}

/* At this noise, a threshold alone is right in 2 Phi(50 / 40) - 1 = 0.79 of the inner classes' voxels, and in
 * Phi(50 / 40) = 0.894 of the outer ones': less than 0.9 altogether. */
static void neighbours_agree(void **state) {
  (void)state;
  world w = make_world(40, false);
  assert_int_equal(vg_clusters_find(&w.vol, "a", CLASSES, &w.maps), VG_OK);
  assert_true(share_right(&w) > 0.9);
  release(&w);
}

static void one_intensity_is_an_error(void **state) {
  (void)state;
  world w = make_world(0, false);
  for (size_t i = 0; i < w.n; i++) w.vol.data[i] = 3;
  assert_int_equal(vg_clusters_find(&w.vol, "a", CLASSES, &w.maps), VG_DATA);
  assert_non_null(strstr(vg_error(), "one intensity"));
  vg_error_clear();
  release(&w);
}

static void class_sets_tell_their_series(void **state) {
  (void)state;
  char series[VG_CLASS_NAME];
  vg_classes c = {0};
  assert_int_equal(vg_classes_clusters(&c, series), 0);
  assert_int_equal(vg_classes_add_clusters(&c, "flair", 3), VG_OK);
  assert_string_equal(c.names[0], "flair_cluster1");
  assert_int_equal(vg_classes_add_name(&c, "necrosis", VG_ROLE_TUMOUR), VG_OK);
  assert_int_equal(vg_classes_clusters(&c, series), 3);
  assert_string_equal(series, "flair");
  assert_int_equal(vg_classes_add_name(&c, "gm", VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(vg_classes_clusters(&c, series), 0);
}

static void settings_are_parsed(void **state) {
  (void)state;
  vg_anatomy a;
  assert_int_equal(vg_anatomy_parse("clusters:6", &a), VG_OK);
  assert_int_equal(a.kind, VG_ANATOMY_CLUSTERS);
  assert_int_equal(a.clusters, 6);
  assert_int_equal(vg_anatomy_parse("predict:runs/a", &a), VG_OK);
  assert_string_equal(a.model, "runs/a");
  static const char *const bad[] = {
      "", "maps", "clusters", "clusters:", "clusters:1", "clusters:17", "clusters:x", "predict:"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(vg_anatomy_parse(bad[i], &a), VG_CONFIG);
  vg_error_clear();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_are_found_and_ordered), cmocka_unit_test(neighbours_agree),
      cmocka_unit_test(one_intensity_is_an_error),     cmocka_unit_test(class_sets_tell_their_series),
      cmocka_unit_test(settings_are_parsed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
