/* test_clusters.c: classes of intensities, against intensities whose classes are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "label/class_colours.h"
#include "mini_tree.h"
#include "prep/clusters.h"
#include "prep/parts.h"
#include "scratch.h"
#include "voxgan/config.h"
#include "voxgan/rng.h"

enum { SIDE = 40, CLASSES = 4 };

static const vg_clusters one_series = {1, {"t1"}, {CLASSES}};

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
  assert_int_equal(vg_classes_add_clusters(&classes, &one_series), VG_OK);
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

static vg_status find(world *w) {
  return vg_clusters_find((const vg_volume *[]){&w->vol}, (const char *[]){"a"}, &one_series, &w->maps);
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
    assert_int_equal(find(&w), VG_OK);
    assert_true(share_right(&w) > 0.999);
    release(&w);
  }
}

/* At this noise, a threshold alone is right in 2 Phi(50 / 30) - 1 = 0.904 of the inner classes' voxels, and
 * in Phi(50 / 30) = 0.952 of the outer ones'. */
static void neighbours_agree(void **state) {
  (void)state;
  world w = make_world(30, false);
  assert_int_equal(find(&w), VG_OK);
  assert_true(share_right(&w) > 0.96);
  release(&w);
}

/* A head: a twentieth of its voxels is fat, bright and of many intensities; four tissues share the dark tenth
 * of the range. Each tissue has clusters of its own. */
static void rare_bright_voxels_take_few_clusters(void **state) {
  (void)state;
  static const vg_clusters eight = {1, {"t1"}, {8}};
  world w = make_world(0, false);
  vg_rng rng = vg_rng_init(9, vg_rng_key("clusters", 0, 0));
  for (size_t i = 0; i < w.n; i++) {
    if (!w.truth[i]) continue;
    const bool fat = vg_rng_uniform(&rng, 0, 1) < 0.05;
    w.vol.data[i] = (float)(fat ? vg_rng_uniform(&rng, 300, 1000) : 20 * w.truth[i] + vg_rng_normal(&rng));
    if (fat) w.truth[i] = 0;
  }
  assert_int_equal(vg_clusters_find((const vg_volume *[]){&w.vol}, (const char *[]){"a"}, &eight, &w.maps),
                   VG_OK);
  size_t of[9][CLASSES + 1] = {{0}};
  for (size_t i = 0; i < w.n; i++)
    if (w.maps.anatomy[i]) of[w.maps.anatomy[i]][w.truth[i]]++;
  for (int tissue = 1; tissue <= CLASSES; tissue++) {
    size_t all = 0, apart = 0;
    for (int k = 1; k <= 8; k++) {
      size_t others = 0;
      for (int other = 1; other <= CLASSES; other++) others += other == tissue ? 0 : of[k][other];
      all += of[k][tissue];
      if (others * 100 < of[k][tissue]) apart += of[k][tissue];
    }
    assert_true(apart > all * 9 / 10);
  }
  release(&w);
}

static void one_intensity_is_an_error(void **state) {
  (void)state;
  world w = make_world(0, false);
  for (size_t i = 0; i < w.n; i++) w.vol.data[i] = 3;
  assert_int_equal(find(&w), VG_DATA);
  assert_non_null(strstr(vg_error(), "one intensity"));
  vg_error_clear();
  release(&w);
}

/* A second series that divides the cube by x alone: each class is a pair. */
static void series_are_combined(void **state) {
  (void)state;
  static const vg_clusters two = {2, {"t1", "flair"}, {CLASSES, 2}};
  world w = make_world(8, false), other = make_world(8, false);
  vg_rng rng = vg_rng_init(8, vg_rng_key("clusters", 0, 0));
  for (size_t i = 0; i < w.n; i++) {
    const bool bright = i % SIDE >= SIDE / 2;
    other.vol.data[i] = (float)((bright ? 60 : 20) + 2 * vg_rng_normal(&rng));
    if (w.truth[i]) w.truth[i] = (uint8_t)((w.truth[i] - 1) * 2 + bright + 1);
  }
  const vg_volume *const vols[] = {&w.vol, &other.vol};
  assert_int_equal(vg_clusters_find(vols, (const char *[]){"a", "b"}, &two, &w.maps), VG_OK);
  assert_true(share_right(&w) > 0.999);
  for (size_t i = 0; i < w.n; i++) other.vol.data[i] = 3;
  assert_int_equal(vg_clusters_find(vols, (const char *[]){"a", "b"}, &two, &w.maps), VG_DATA);
  assert_non_null(strstr(vg_error(), "b: its brain has one intensity"));
  vg_error_clear();
  release(&w);
  release(&other);
}

static void class_sets_tell_their_series(void **state) {
  (void)state;
  static const vg_clusters one = {1, {"flair"}, {3}}, hyphened = {1, {"my-t1"}, {2}},
                           two = {2, {"t1", "flair"}, {3, 2}}, wrong = {2, {"my-t1", "flair"}, {3, 2}};
  vg_clusters found;
  vg_classes c = {0}, of_two = {0}, part = {0}, of_hyphen = {0};
  assert_false(vg_classes_clusters(&c, &found));
  assert_int_equal(vg_classes_add_clusters(&c, &one), VG_OK);
  assert_string_equal(c.names[0], "flair_cluster1");
  assert_int_equal(vg_classes_add_name(&c, "necrosis", VG_ROLE_TUMOUR), VG_OK);
  assert_true(vg_classes_clusters(&c, &found));
  assert_memory_equal(&found, &one, sizeof one);
  assert_int_equal(vg_classes_add_name(&c, "gm", VG_ROLE_ANATOMY), VG_OK);
  assert_false(vg_classes_clusters(&c, &found));

  assert_int_equal(vg_classes_add_clusters(&of_two, &two), VG_OK);
  assert_int_equal(of_two.n, 6);
  assert_string_equal(of_two.names[1], "t1-flair_cluster1-2");
  assert_string_equal(of_two.names[5], "t1-flair_cluster3-2");
  assert_true(vg_classes_clusters(&of_two, &found));
  assert_memory_equal(&found, &two, sizeof two);
  for (int k = 1; k < 6; k++)
    assert_int_equal(vg_classes_add_name(&part, of_two.names[k], VG_ROLE_ANATOMY), VG_OK);
  assert_false(vg_classes_clusters(&part, &found));

  assert_int_equal(vg_classes_add_clusters(&of_hyphen, &hyphened), VG_OK);
  assert_true(vg_classes_clusters(&of_hyphen, &found));
  assert_memory_equal(&found, &hyphened, sizeof hyphened);
  assert_int_equal(vg_classes_add_clusters(&of_hyphen, &wrong), VG_CONFIG);
  vg_error_clear();
}

/* A tumour of two classes. The brain has intensities from 0 to 100 in t1 and from 0 to 1000 in flair, so the
 * limits lie at 50, and at 250 and 750. */
static void limits_divide_tumours(void **state) {
  (void)state;
  static const vg_clusters of = {2, {"t1", "flair"}, {2, 3}};
  world w = make_world(8, false), other = make_world(8, false);
  vg_rng rng = vg_rng_init(4, vg_rng_key("parts", 0, 0));
  uint8_t want[SIDE * SIDE * SIDE] = {0};
  w.maps.classes.limits[0][0] = 0;
  w.maps.classes.limits[1][0] = -0.5F;
  w.maps.classes.limits[1][1] = 0.5F;
  for (size_t i = 0; i < w.n; i++) {
    const size_t x = i % SIDE, y = i / SIDE % SIDE, z = i / SIDE / SIDE;
    const size_t bright = y < 6, part = z < 4 ? 0 : z < 7 ? 1 : 2;
    w.vol.data[i] = (float)vg_rng_uniform(&rng, 0, 100);
    other.vol.data[i] = (float)vg_rng_uniform(&rng, 0, 1000);
    if (!w.maps.tumour[i]) continue;
    w.vol.data[i] = (float)((bright ? 80 : 20) + 3 * vg_rng_normal(&rng));
    other.vol.data[i] = (float)((double)(100 + 400 * part) + 20 * vg_rng_normal(&rng));
    w.maps.tumour[i] = (uint8_t)(x < 5 ? 1 : 7); /* the first parts of two classes */
    want[i] = (uint8_t)(w.maps.tumour[i] + (bright ? 3 : 0) + part);
  }
  assert_int_equal(vg_parts_find((const vg_volume *[]){&w.vol, &other.vol}, &of, &w.maps), VG_OK);
  for (size_t i = 0; i < w.n; i++) {
    assert_int_equal(w.maps.tumour[i], want[i]);
    assert_int_equal(w.maps.anatomy[i], 0);
  }

  /* An image of one intensity, and no tumour. */
  for (int empty = 0; empty < 2; empty++) {
    for (size_t i = 0; i < w.n; i++) {
      w.vol.data[i] = other.vol.data[i] = 3;
      w.maps.tumour[i] = want[i] && !empty ? 7 : 0;
    }
    assert_int_equal(vg_parts_find((const vg_volume *[]){&w.vol, &other.vol}, &of, &w.maps), VG_OK);
    for (size_t i = 0; i < w.n; i++)
      assert_int_equal(w.maps.tumour[i], want[i] && !empty ? 8 : 0); /* 0 lies in the middle */
  }
  release(&w);
  release(&other);
}

/* Two subjects whose tumours have the intensities 20, 50 and 80 of a brain from 0 to 100; a third is
 * excluded. */
static void limits_are_learned_between_intensities(void **state) {
  (void)state;
  vg_geometry g = mini_geometry("LPS", 40, 44, 42, 1, 1, 1);
  static const uint16_t values[5] = {0, 0, 2, 4, 1};
  const char *dir = in_scratch("learn");
  vg_rng rng = vg_rng_init(4, vg_rng_key("limits", 0, 0));
  for (int s = 0; s < 3; s++) {
    char name[64];
    vg_volume v = mini_image(g, 15, 0, 1), seg = {0};
    snprintf(name, sizeof name, "s%d_seg.nii", s);
    mini_write_labels(dir, name, g, 15, values);
    char *path = vg_fs_join(dir, name);
    must(vg_volume_read(path, &seg, NULL));
    const size_t n = vg_geometry_voxels(&g);
    for (size_t i = 0; i < n; i++) {
      if (v.data[i] == 0) continue;
      const double level =
          s == 2 ? vg_rng_uniform(&rng, 1, 100) : 20 + 30.0 * (double)(i / (40 * 44) % 12 / 4);
      v.data[i] = (float)(seg.data[i] > 0 ? level : vg_rng_uniform(&rng, 1, 100));
    }
    snprintf(name, sizeof name, "s%d_t1.nii", s);
    char *image = vg_fs_join(dir, name);
    must(vg_volume_write(image, &v, NULL));
    vg_free(path);
    vg_free(image);
    vg_volume_release(&v);
    vg_volume_release(&seg);
  }
  static const vg_clusters of = {1, {"t1"}, {3}};
  vg_dataset ds = {0};
  vg_classes c = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  for (int k = 0; k < ds.sources[0].tumour_scheme.n; k++)
    must(vg_classes_add_parts(&c, &of, ds.sources[0].tumour_scheme.labels[k].name));
  must(vg_parts_learn(&ds, (const bool[]){false, false, true}, &c));
  assert_true(c.limits[0][0] > -0.65F && c.limits[0][0] < 0);
  assert_true(c.limits[0][1] > 0 && c.limits[0][1] < 0.65F);
  vg_classes all = c;
  must(vg_parts_learn(&ds, (const bool[]){false, false, false}, &all));
  assert_memory_not_equal(all.limits, c.limits, sizeof c.limits);
  vg_dataset_release(&ds);
}

static void parts_tell_their_series_and_class(void **state) {
  (void)state;
  static const vg_clusters two = {2, {"t1", "flair"}, {3, 2}};
  vg_clusters found;
  vg_classes c = {0}, merged, some = {0};
  uint8_t code[VG_CLASSES_MAX + 1];
  assert_false(vg_classes_parts(&c, &found));
  assert_int_equal(vg_classes_add_name(&c, "gm", VG_ROLE_ANATOMY), VG_OK);
  assert_int_equal(vg_classes_add_parts(&c, &two, "oedema"), VG_OK);
  assert_int_equal(vg_classes_add_parts(&c, &two, "whole_tumour"), VG_OK);
  assert_int_equal(c.n, 13);
  assert_string_equal(c.names[2], "t1-flair_part1-2_oedema");
  assert_string_equal(vg_class_whole(c.names[12]), "whole_tumour");
  assert_string_equal(vg_class_whole("necrosis"), "necrosis");
  assert_string_equal(vg_class_whole("t1_partial_tumour"), "t1_partial_tumour");
  assert_true(vg_classes_parts(&c, &found));
  assert_memory_equal(&found, &two, sizeof two);
  assert_false(vg_classes_clusters(&c, &found));
  vg_classes_merge_parts(&c, &merged, code);
  assert_int_equal(merged.n, 3);
  assert_string_equal(merged.names[1], "oedema");
  assert_string_equal(merged.names[2], "whole_tumour");
  for (int k = 0; k <= 13; k++) assert_int_equal(code[k], k < 2 ? k : k < 8 ? 2 : 3);
  for (int k = 1; k < 12; k++)
    assert_int_equal(vg_classes_add_name(&some, c.names[k], VG_ROLE_TUMOUR), VG_OK);
  some.divided = true;
  assert_false(vg_classes_parts(&some, &found)); /* the last is missing */
  assert_int_equal(vg_classes_add_name(&c, "cyst", VG_ROLE_TUMOUR), VG_OK);
  assert_true(vg_classes_parts(&c, &found)); /* another class beside them */
  assert_memory_equal(&found, &two, sizeof two);
  /* The data set's own names are no parts. */
  vg_classes own = c;
  own.divided = false;
  assert_false(vg_classes_parts(&own, &found));
  vg_classes_merge_parts(&own, &merged, code);
  assert_int_equal(merged.n, 14);
  vg_classes long_one = {0};
  assert_int_equal(vg_classes_add_parts(&long_one, &two, "a_class_of_a_very_long_name"), VG_CONFIG);
  vg_error_clear();
}

static void settings_are_parsed(void **state) {
  (void)state;
  vg_anatomy a;
  assert_int_equal(vg_anatomy_parse("clusters:6", &a), VG_OK);
  assert_int_equal(a.kind, VG_ANATOMY_CLUSTERS);
  assert_int_equal(a.clusters.n_series, 1);
  assert_int_equal(a.clusters.n[0], 6);
  assert_string_equal(a.clusters.series[0], "");
  assert_int_equal(vg_anatomy_parse("clusters:t1=6,flair=3", &a), VG_OK);
  assert_int_equal(a.clusters.n_series, 2);
  assert_string_equal(a.clusters.series[1], "flair");
  assert_int_equal(a.clusters.n[1], 3);
  assert_int_equal(vg_anatomy_parse("predict:runs/a", &a), VG_OK);
  assert_string_equal(a.model, "runs/a");
  static const char *const bad[] = {"",
                                    "maps",
                                    "clusters",
                                    "clusters:",
                                    "clusters:1",
                                    "clusters:17",
                                    "clusters:x",
                                    "predict:",
                                    "clusters:t1=5,flair=5",
                                    "clusters:6,flair=3",
                                    "clusters:=3",
                                    "clusters:t1=3,t1=2",
                                    "clusters:t1=3,",
                                    "clusters:a=2,b=2,c=2,d=2",
                                    "clusters:t1=1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(vg_anatomy_parse(bad[i], &a), VG_CONFIG);
  vg_error_clear();
}

/* CIE 1976 L*a*b* of an sRGB colour at D65. */
static void to_lab(const uint8_t rgb[3], double lab[3]) {
  static const double xyz[3][3] = {
      {0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}};
  static const double white[3] = {0.95047, 1, 1.08883};
  double f[3];
  for (int i = 0; i < 3; i++) {
    double sum = 0;
    for (int k = 0; k < 3; k++) {
      const double v = rgb[k] / 255.0;
      sum += xyz[i][k] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    sum /= white[i];
    f[i] = sum > 216.0 / 24389 ? cbrt(sum) : (24389.0 / 27 * sum + 16) / 116;
  }
  lab[0] = 116 * f[1] - 16;
  lab[1] = 500 * (f[0] - f[1]);
  lab[2] = 200 * (f[1] - f[2]);
}

static double apart(const uint8_t a[3], const uint8_t b[3]) {
  double x[3], y[3];
  to_lab(a, x);
  to_lab(b, y);
  return sqrt((x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1]) + (x[2] - y[2]) * (x[2] - y[2]));
}

/* A difference of 2.3 is just seen side by side; in slices, where small areas touch, it takes about 10. */
static void colours_can_be_told(void **state) {
  (void)state;
  static const struct {
    vg_clusters of;
    double least, neighbours;
  } rows[] = {{{1, {"t1"}, {2}}, 35, 35},
              {{1, {"t1"}, {6}}, 35, 35},
              {{1, {"t1"}, {8}}, 20, 35},
              {{1, {"t1"}, {12}}, 14, 30},
              {{2, {"t1", "flair"}, {8, 3}}, 13, 13},
              {{2, {"t1", "flair"}, {3, 8}}, 14, 14},
              {{2, {"t1", "flair"}, {5, 3}}, 13, 13},
              {{3, {"t1", "t2", "flair"}, {4, 3, 2}}, 16, 16}};
  static const char *const tumours[] = {"necrosis", "oedema", "enhancing", "nonenhancing", "cavity"};
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    vg_classes classes = {0};
    vg_colours rgb;
    assert_int_equal(vg_classes_add_clusters(&classes, &rows[r].of), VG_OK);
    const int anatomy = classes.n;
    for (size_t i = 0; i < sizeof tumours / sizeof tumours[0]; i++)
      assert_int_equal(vg_classes_add_name(&classes, tumours[i], VG_ROLE_TUMOUR), VG_OK);
    vg_class_colours(&classes, rgb);
    for (int i = 0; i < anatomy; i++)
      for (int k = i + 1; k < classes.n; k++) {
        const double least = k == i + 1 ? rows[r].neighbours : rows[r].least, is = apart(rgb[i], rgb[k]);
        if (is < (k < anatomy ? least : 14))
          fail_msg("row %zu: %s and %s: %.1f", r, classes.names[i], classes.names[k], is);
      }
    for (int i = 1; i < anatomy && rows[r].of.n_series == 1; i++) {
      double dark[3], light[3];
      to_lab(rgb[i - 1], dark);
      to_lab(rgb[i], light);
      assert_true(dark[0] < light[0]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_are_found_and_ordered),
      cmocka_unit_test(neighbours_agree),
      cmocka_unit_test(rare_bright_voxels_take_few_clusters),
      cmocka_unit_test(one_intensity_is_an_error),
      cmocka_unit_test(series_are_combined),
      cmocka_unit_test(limits_divide_tumours),
      cmocka_unit_test_setup_teardown(limits_are_learned_between_intensities, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test(parts_tell_their_series_and_class),
      cmocka_unit_test(class_sets_tell_their_series),
      cmocka_unit_test(settings_are_parsed),
      cmocka_unit_test(colours_can_be_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
