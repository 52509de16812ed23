/* test_loader.c: batches are the same for any number of threads, can resume anywhere, and hold the requested
 * data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "sample/loader.h"
#include "sample/sample.h"
#include "sample/tumour_crop.h"
#include "voxgan/log.h"

#define CASES 5
static const uint16_t tumour_values[5] = {0, 0, 2, 4, 1};
static vg_case cases[CASES];

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  const char *dir = in_scratch("data");
  for (int i = 0; i < CASES; i++) {
    char name[64];
    vg_geometry g = mini_geometry("LPS", 40, 44, 42, 1, 1, 1);
    double radius = 15 + i;
    snprintf(name, sizeof name, "s%d_t1.nii", i);
    mini_write_image(dir, name, g, radius, 0, 1);
    snprintf(name, sizeof name, "s%d_t2.nii", i);
    mini_write_image(dir, name, g, radius, 0, -1);
    snprintf(name, sizeof name, "s%d_seg.nii", i);
    mini_write_labels(dir, name, g, radius, tumour_values);
  }
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  vg_prep_settings s = {.margin = 2, .percentile = {0.5, 99.5}};
  must(vg_series_parse("t1,t2", &s.series));
  must(vg_classes_add_name(&s.classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY));
  must(vg_classes_add(&s.classes, &ds.sources[0].tumour_scheme, VG_ROLE_TUMOUR));
  for (size_t i = 0; i < CASES; i++) must(vg_prepare(&ds, &ds.subjects[i], &s, &cases[i]));
  vg_dataset_release(&ds);
  return 0;
}

static int teardown(void **state) {
  for (int i = 0; i < CASES; i++) vg_case_release(&cases[i]);
  return scratch_teardown(state);
}

static const vg_loader_settings usual = {.batch = 2,
                                         .patch = {16, 20, 12},
                                         .samples_per_epoch = 7,
                                         .tumour_share = 0.5,
                                         .flip = true,
                                         .jitter = 0.1,
                                         .tumour_weight = 5,
                                         .seed = 11};

static size_t patch_voxels(const vg_batch *b) {
  return (size_t)b->dim[0] * (size_t)b->dim[1] * (size_t)b->dim[2];
}

static uint64_t fold(uint64_t h, const float *v, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t u;
    memcpy(&u, &v[i], 4);
    h = (h ^ u) * 0x100000001b3u;
  }
  return h;
}

/* As a segmentation learns. */
static const vg_loader_settings altered = {.batch = 2,
                                           .patch = {16, 20, 12},
                                           .samples_per_epoch = 7,
                                           .tumour_share = 0.5,
                                           .flip = true,
                                           .augment = {.share = 0.5,
                                                       .bias = 0.5,
                                                       .blur = 1,
                                                       .noise = 0.1,
                                                       .contrast = 0.3,
                                                       .gamma = 0.5,
                                                       .drop_series = 0.4},
                                           .box = {8, 20, 8},
                                           .tumour_weight = 5,
                                           .seed = 11};

static const vg_loader_settings slices = {.batch = 2,
                                          .patch = {20, 1, 12},
                                          .all_views = true,
                                          .samples_per_epoch = 7,
                                          .tumour_share = 0.5,
                                          .flip = true,
                                          .augment = {.share = 0.5, .rotate = 20, .elastic = 2, .noise = 0.1},
                                          .tumour_weight = 1,
                                          .seed = 11};

static uint64_t digest(const vg_batch *b) {
  size_t n = (size_t)b->n * patch_voxels(b);
  uint64_t h = fold(14695981039346656037u, b->labels, n * 4);
  h = fold(h, b->image, n * 2);
  if (b->crop) h = fold(h, b->crop, (size_t)b->n * VG_CROP_NUMBERS);
  return b->weight ? fold(h, b->weight, n) : h;
}

static void same_bytes_for_any_threads(void **state) {
  const vg_loader_settings *how = *state;
  uint64_t want[12];
  static const int threads[] = {1, 2, 5}, ahead[] = {0, 1, 9};
  for (int t = 0; t < 3; t++) {
    vg_loader_settings s = *how;
    s.threads = threads[t];
    s.ahead = ahead[t];
    vg_loader *l;
    must(vg_loader_new(cases, CASES, &s, &l));
    assert_int_equal(vg_loader_batches(l), 4); /* seven samples in pairs */
    for (int k = 0; k < 12; k++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      assert_int_equal(b->epoch, k / 4);
      assert_int_equal(b->index, k % 4);
      assert_int_equal(b->n, 2);
      /* While it is lent out nobody writes into it. */
      uint64_t h = digest(b);
      if (t == 2) {
        struct timespec moment = {0, 2000000};
        nanosleep(&moment, NULL);
        assert_true(h == digest(b));
      }
      if (t == 0) want[k] = h;
      assert_true(h == want[k]);
      for (int j = 0; j < k && t == 0; j++) assert_true(want[j] != want[k]);
    }
    vg_loader_free(l); /* with batches under way */
  }
  /* From anywhere. */
  for (int from = 0; from < 12; from += 5) {
    vg_loader_settings s = *how;
    s.threads = 3;
    vg_loader *l;
    must(vg_loader_new(cases, CASES, &s, &l));
    vg_loader_seek(l, from / 4, from % 4);
    for (int k = from; k < 12; k++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      assert_int_equal(b->epoch, k / 4);
      assert_true(digest(b) == want[k]);
    }
    assert_true(vg_loader_waited(l) >= 0);
    vg_loader_free(l);
  }
  /* Another seed is another order. */
  vg_loader_settings s = *how;
  s.seed = 12;
  vg_loader *l;
  const vg_batch *b;
  must(vg_loader_new(cases, CASES, &s, &l));
  must(vg_loader_next(l, &b));
  assert_true(digest(b) != want[0]);
  vg_loader_free(l);
  must(vg_loader_new(cases, CASES, &s, &l));
  vg_loader_free(l); /* never asked */
}

/* Which case a whole-volume sample is of: the sum of its labels tells. */
static int which(const float *labels, size_t patch) {
  double sum = 0;
  for (size_t i = 0; i < 4 * patch; i++) sum += labels[i];
  for (int k = 0; k < CASES; k++) {
    size_t n =
        (size_t)cases[k].record.dim[0] * (size_t)cases[k].record.dim[1] * (size_t)cases[k].record.dim[2];
    double want = 0;
    for (size_t i = 0; i < n * 4; i++) want += cases[k].labels[i] / 255.0;
    if (fabs(want - sum) < 0.5) return k;
  }
  return -1;
}

static void every_case_once_an_epoch(void **state) {
  (void)state;
  vg_loader_settings s = {.batch = 1, .patch = {48, 48, 48}, .tumour_weight = 1, .seed = 3, .threads = 2};
  vg_loader *l;
  must(vg_loader_new(cases, CASES, &s, &l));
  assert_int_equal(vg_loader_batches(l), CASES);
  int orders[4][CASES];
  double left[4][CASES]; /* margin along x, which is drawn again each time */
  for (int e = 0; e < 4; e++) {
    bool seen[CASES] = {false};
    for (int k = 0; k < CASES; k++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      assert_null(b->weight);
      int at = orders[e][k] = which(b->labels, patch_voxels(b));
      assert_in_range(at, 0, CASES - 1);
      assert_false(seen[at]);
      seen[at] = true;
      /* Padded all around, and the background is the background. */
      size_t n = patch_voxels(b), last = n - 1;
      assert_true(b->image[0] == -1 && b->image[last] == -1 && b->labels[0] == 0 && b->labels[last] == 0);
      left[e][at] = 48;
      for (size_t i = 0; i < n; i++)
        if (b->labels[i] != 0 && (double)(i % 48) < left[e][at]) left[e][at] = (double)(i % 48);
    }
  }
  int moved = 0;
  for (int e = 1; e < 4; e++)
    for (int k = 0; k < CASES; k++) moved += left[e][k] != left[0][k];
  assert_true(moved > CASES);
  assert_memory_not_equal(orders[0], orders[1], sizeof orders[0]);
  vg_loader_free(l);
}

/* A quarter of the samples shows the two marked cases, in every stretch of eight; each case of a side occurs
 * as often as the others of it. */
static void a_mix_of_two_data_sets(void **state) {
  (void)state;
  bool last[CASES] = {false, true, false, false, true}, none[CASES] = {false};
  vg_loader_settings s = {.batch = 1,
                          .patch = {48, 48, 48},
                          .samples_per_epoch = 48,
                          .last = last,
                          .mix = 0.25,
                          .tumour_weight = 1};
  vg_loader *l;
  const vg_batch *b;
  must(vg_loader_new(cases, CASES, &s, &l));
  for (int e = 0; e < 2; e++) {
    int each[CASES] = {0}, of_last = 0;
    for (int k = 0; k < 48; k++) {
      must(vg_loader_next(l, &b));
      const int at = which(b->labels, patch_voxels(b));
      each[at]++;
      of_last += last[at];
      if (k % 8 == 7) assert_int_equal(of_last, 2 * (k / 8 + 1));
    }
    for (int k = 0; k < CASES; k++) assert_int_equal(each[k], last[k] ? 12 / 2 : 36 / (CASES - 2));
  }
  vg_loader_free(l);
  s.last = none;
  must(vg_loader_new(cases, CASES, &s, &l));
  must_say(vg_loader_next(l, &b), VG_CONFIG, "train.mix is 0.25, but one of the sides");
  vg_loader_free(l);
}

static void shares_flips_weights(void **state) {
  (void)state;
  static const double shares[] = {0, 0.5, 1};
  double hit[3] = {0};
  for (int k = 0; k < 3; k++) {
    vg_loader_settings s = usual;
    s.batch = 8;
    s.samples_per_epoch = 200;
    s.patch[0] = s.patch[1] = s.patch[2] = 5; /* small, so that chance seldom meets the tumour */
    s.tumour_share = shares[k];
    s.jitter = 0;
    vg_loader *l;
    must(vg_loader_new(cases, CASES, &s, &l));
    int n = 0;
    for (int j = 0; j < vg_loader_batches(l); j++) {
      const vg_batch *b;
      must(vg_loader_next(l, &b));
      size_t patch = patch_voxels(b);
      for (int i = 0; i < b->n; i++, n++) {
        const float *labels = b->labels + (size_t)i * 4 * patch, *weight = b->weight + (size_t)i * patch;
        size_t middle = patch / 2;
        hit[k] += labels[patch + middle] + labels[2 * patch + middle] + labels[3 * patch + middle] > 0.5f;
        for (size_t v = 0; v < patch; v++) {
          float tumour = labels[patch + v] + labels[2 * patch + v] + labels[3 * patch + v];
          assert_float_equal(weight[v], 1 + 4 * tumour, 1e-5);
        }
      }
    }
    hit[k] /= n;
    vg_loader_free(l);
  }
  assert_true(hit[2] == 1);
  assert_true(hit[1] > 0.4 && hit[1] < 0.65);
  assert_true(hit[0] < 0.15);

  /* Half of the samples are mirrored, labels and images alike: compare with the same samples unmirrored. */
  vg_loader_settings s = usual;
  s.jitter = 0;
  s.samples_per_epoch = 100;
  vg_loader *flipped, *straight;
  must(vg_loader_new(cases, CASES, &s, &flipped));
  s.flip = false;
  must(vg_loader_new(cases, CASES, &s, &straight));
  int mirrored = 0;
  for (int j = 0; j < 50; j++) {
    const vg_batch *a, *b;
    must(vg_loader_next(flipped, &a));
    must(vg_loader_next(straight, &b));
    size_t patch = patch_voxels(a);
    int nx = a->dim[2];
    for (int i = 0; i < 2; i++) {
      bool same = true, mirror = true;
      for (int q = 0; q < 6; q++) {
        const float *p = q < 4 ? a->labels + ((size_t)i * 4 + (size_t)q) * patch
                               : a->image + ((size_t)i * 2 + (size_t)q - 4) * patch;
        const float *r = q < 4 ? b->labels + ((size_t)i * 4 + (size_t)q) * patch
                               : b->image + ((size_t)i * 2 + (size_t)q - 4) * patch;
        for (size_t v = 0; v < patch; v++) {
          size_t x = v % (size_t)nx;
          same &= p[v] == r[v];
          mirror &= p[v] == r[v - x + (size_t)nx - 1 - x];
        }
      }
      assert_true(same || mirror);
      mirrored += !same;
    }
  }
  assert_in_range(mirrored, 30, 70);
  vg_loader_free(flipped);
  vg_loader_free(straight);
}

/* The box of each sample with a tumour holds some of it, mirrored or not, and the others have none. What else
 * a sample holds does not depend on boxes. */
static void boxes_hold_tumour(void **state) {
  (void)state;
  vg_loader_settings s = usual;
  s.samples_per_epoch = 60;
  vg_loader *without, *with;
  must(vg_loader_new(cases, CASES, &s, &without));
  memcpy(s.box, (int[]){8, 6, 12}, sizeof s.box);
  must(vg_loader_new(cases, CASES, &s, &with));
  int present = 0, absent = 0;
  for (int j = 0; j < 30; j++) {
    const vg_batch *a, *b;
    must(vg_loader_next(without, &a));
    must(vg_loader_next(with, &b));
    assert_null(a->crop);
    size_t patch = patch_voxels(a);
    assert_memory_equal(a->labels, b->labels, 8 * patch * sizeof(float));
    assert_memory_equal(a->image, b->image, 4 * patch * sizeof(float));
    for (int i = 0; i < 2; i++) {
      const float *crop = b->crop + i * VG_CROP_NUMBERS, *tumour = b->labels + (size_t)(i * 4 + 1) * patch;
      int inside = 0, all = 0;
      for (size_t v = 0; v < patch; v++) {
        if (tumour[v] + tumour[patch + v] + tumour[2 * patch + v] <= 0.5f) continue;
        const int at[3] = {(int)v / 240, (int)v / 12 % 20, (int)v % 12};
        bool in = true;
        for (int k = 0; k < 3; k++) in = in && at[k] >= crop[k] && at[k] < crop[k] + (float)s.box[k];
        inside += in;
        all++;
      }
      assert_true(crop[VG_CROP_PRESENT] == (all > 0) && (all == 0 || inside > 0));
      assert_true(crop[0] >= 0 && crop[0] <= 8 && crop[1] >= 0 && crop[1] <= 14 && crop[2] == 0);
      present += all > 0;
      absent += all == 0;
    }
  }
  assert_true(present > 10 && absent > 2);
  vg_loader_free(without);
  vg_loader_free(with);
  vg_loader *none;
  s.box[0] = 17;
  assert_int_equal(vg_loader_new(cases, CASES, &s, &none), VG_CONFIG);
}

static void jitter_stays_inside(void **state) {
  (void)state;
  vg_loader_settings s = usual;
  s.flip = false;
  s.samples_per_epoch = 40;
  vg_loader *plain, *jittered;
  must(vg_loader_new(cases, CASES, &s, &jittered));
  s.jitter = 0;
  must(vg_loader_new(cases, CASES, &s, &plain));
  double gains = 0;
  for (int j = 0; j < 20; j++) {
    const vg_batch *a, *b;
    must(vg_loader_next(jittered, &a));
    must(vg_loader_next(plain, &b));
    size_t patch = patch_voxels(a);
    assert_memory_equal(a->labels, b->labels, 2 * 4 * patch * sizeof(float));
    for (size_t i = 0; i < 2 * 2 * patch; i++) {
      assert_true(a->image[i] >= -1 && a->image[i] <= 1);
      size_t sample = i / (2 * patch), v = i % patch;
      float inside = 0;
      for (size_t q = 0; q < 4; q++) inside += b->labels[(sample * 4 + q) * patch + v];
      if (inside == 0)
        assert_true(a->image[i] == -1 && b->image[i] == -1);
      else {
        double d = fabs(a->image[i] - b->image[i]);
        assert_true(d <= 0.1 * fabs(b->image[i]) + 0.1 + 1e-6);
        gains += d;
      }
    }
  }
  assert_true(gains > 0);
  vg_loader_free(plain);
  vg_loader_free(jittered);
}

/* The background is what the classes leave; images change, and labels do not; a series may go missing. */
static void background_and_augmentation(void **state) {
  (void)state;
  vg_loader_settings s = altered;
  s.samples_per_epoch = 40;
  vg_loader *plain, *changed;
  s.background = true;
  must(vg_loader_new(cases, CASES, &s, &changed));
  s.background = false;
  s.augment = (vg_augment){0};
  must(vg_loader_new(cases, CASES, &s, &plain));
  int missing = 0, kept = 0;
  double moved = 0;
  for (int j = 0; j < 20; j++) {
    const vg_batch *a, *b;
    must(vg_loader_next(changed, &a));
    must(vg_loader_next(plain, &b));
    size_t patch = patch_voxels(a);
    assert_memory_equal(a->weight, b->weight, 2 * patch * sizeof(float));
    for (size_t i = 0; i < 2; i++) {
      const float *five = a->labels + i * 5 * patch;
      assert_memory_equal(five + patch, b->labels + i * 4 * patch, 4 * patch * sizeof(float));
      for (size_t v = 0; v < patch; v++) {
        float sum = 0;
        for (size_t c = 0; c < 5; c++) sum += five[c * patch + v];
        assert_float_equal(sum, 1, 1e-5);
        assert_true(five[v] >= 0);
      }
      int gone = 0;
      for (size_t k = 0; k < 2; k++) {
        const float *x = a->image + (i * 2 + k) * patch, *y = b->image + (i * 2 + k) * patch;
        bool empty = true, was_empty = true;
        for (size_t v = 0; v < patch; v++) {
          empty &= x[v] == -1, was_empty &= y[v] == -1;
          moved += fabsf(x[v] - y[v]);
        }
        gone += empty && !was_empty;
      }
      assert_true(gone <= 1);
      missing += gone;
      kept += 2 - gone;
    }
  }
  assert_true(missing > 10 && kept > 40 && moved > 0);
  vg_loader_free(plain);
  vg_loader_free(changed);
}

static void patch_by_hand(void **state) {
  (void)state;
  const vg_case *c = &cases[0];
  const int *d = c->record.dim;
  static const int corners[][3] = {{0, 0, 0}, {-3, -4, -5}, {1000, 0, 0}, {10, 12, 14}, {-100, 5, 5}};
  const int dim[3] = {24, 9, 31};
  size_t patch = (size_t)(24 * 9 * 31), n = (size_t)d[0] * (size_t)d[1] * (size_t)d[2];
  float *labels = vg_malloc(4 * patch, sizeof *labels), *image = vg_malloc(2 * patch, sizeof *image);
  for (int k = 0; k < 5; k++) {
    const int *lo = corners[k];
    vg_case_patch(c, lo, dim, labels, image);
    size_t i = 0;
    for (int z = lo[0]; z < lo[0] + dim[0]; z++)
      for (int y = lo[1]; y < lo[1] + dim[1]; y++)
        for (int x = lo[2]; x < lo[2] + dim[2]; x++, i++) {
          bool in = x >= 0 && x < d[0] && y >= 0 && y < d[1] && z >= 0 && z < d[2];
          size_t at = in ? ((size_t)z * (size_t)d[1] + (size_t)y) * (size_t)d[0] + (size_t)x : 0;
          for (size_t q = 0; q < 4; q++)
            assert_float_equal(labels[q * patch + i], in ? c->labels[q * n + at] / 255.0 : 0, 1e-6);
          for (size_t q = 0; q < 2; q++)
            assert_float_equal(image[q * patch + i], in ? c->image[q * n + at] / 32767.0 : -1, 1e-6);
        }
  }
  vg_case_patch(c, corners[0], dim, labels, NULL);
  vg_free(labels);
  vg_free(image);
}

/* Whether the labels are those of some slice of the case with this extent. */
static bool is_slice(const vg_case *c, const int dim[3], const float *labels, float *own) {
  const size_t n = (size_t)c->n_classes * (size_t)dim[0] * (size_t)dim[1] * (size_t)dim[2];
  int lo[3], room[3];
  for (int a = 0; a < 3; a++) room[a] = c->record.dim[2 - a] - dim[a];
  for (lo[0] = 0; lo[0] <= room[0]; lo[0]++)
    for (lo[1] = 0; lo[1] <= room[1]; lo[1]++)
      for (lo[2] = 0; lo[2] <= room[2]; lo[2]++) {
        vg_case_patch(c, lo, dim, own, NULL);
        if (!memcmp(own, labels, n * sizeof *own)) return true;
      }
  return false;
}

/* Sample k of epoch e is a slice across z, y or x, in the layout of the patch. */
static void slices_across_each_axis(void **state) {
  (void)state;
  static const int extent[3][3] = {{1, 14, 12}, {14, 1, 12}, {14, 12, 1}};
  enum { PATCH = 14 * 12 };
  float own[4 * PATCH];
  vg_loader_settings s = {.batch = 2,
                          .patch = {1, 14, 12},
                          .all_views = true,
                          .tumour_share = 1,
                          .tumour_weight = 1,
                          .samples_per_epoch = 4,
                          .seed = 5};
  vg_loader *l;
  must(vg_loader_new(cases, 1, &s, &l));
  int others = 0;
  for (int k = 0; k < 6; k++) {
    const vg_batch *b;
    must(vg_loader_next(l, &b));
    assert_memory_equal(b->dim, s.patch, sizeof b->dim);
    for (int i = 0; i < 2; i++) {
      const float *labels = b->labels + (size_t)i * 4 * PATCH;
      const int view = (b->epoch + 2 * b->index + i) % 3;
      assert_true(is_slice(cases, extent[view], labels, own));
      for (int other = 0; other < 3; other++)
        others += other != view && is_slice(cases, extent[other], labels, own);
    }
  }
  assert_true(others < 12); /* of 24: the case is no sphere */
  vg_loader_free(l);
}

/* A case of one slice shows nothing across its other axes. */
static void a_slice_has_one_view(void **state) {
  (void)state;
  enum { PATCH = 14 * 12 };
  float own[4 * PATCH];
  const char *dir = in_scratch("slice");
  const vg_geometry g = mini_geometry("RAS", 40, 1, 42, 1, 1, 1);
  mini_write_image(dir, "s_t1.nii", g, 15, 0, 1);
  mini_write_labels(dir, "s_seg.nii", g, 15, tumour_values);
  vg_dataset ds = {0};
  vg_case c;
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  vg_prep_settings p = {.margin = 2, .percentile = {0.5, 99.5}};
  must(vg_series_parse("t1", &p.series));
  must(vg_classes_add_name(&p.classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY));
  must(vg_classes_add(&p.classes, &ds.sources[0].tumour_scheme, VG_ROLE_TUMOUR));
  must(vg_prepare(&ds, &ds.subjects[0], &p, &c));
  assert_int_equal(c.record.dim[1], 1);
  vg_loader_settings s = {.batch = 1,
                          .patch = {1, 14, 12},
                          .all_views = true,
                          .tumour_weight = 1,
                          .samples_per_epoch = 6,
                          .seed = 5};
  vg_loader *l;
  must(vg_loader_new(&c, 1, &s, &l));
  for (int k = 0; k < 6; k++) {
    const vg_batch *b;
    must(vg_loader_next(l, &b));
    assert_true(is_slice(&c, (const int[3]){14, 1, 12}, b->labels, own));
  }
  vg_loader_free(l);
  vg_case_release(&c);
  vg_dataset_release(&ds);
}

static void faults(void **state) {
  (void)state;
  vg_loader *l;
  vg_loader_settings s = usual;
  must_say(vg_loader_new(cases, 0, &s, &l), VG_DATA, "no case");
  s.batch = 0;
  must_say(vg_loader_new(cases, CASES, &s, &l), VG_CONFIG, "batch 0");
  s = usual;
  s.patch[1] = 0;
  must_say(vg_loader_new(cases, CASES, &s, &l), VG_CONFIG, "patch 16x0x12");
  vg_case odd[2] = {cases[0], cases[1]};
  odd[1].n_classes = 3;
  s = usual;
  must_say(vg_loader_new(odd, 2, &s, &l), VG_DATA, "subjects s1 and s0 are prepared for different classes");
  assert_null(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      {"same_bytes_for_any_threads", same_bytes_for_any_threads, NULL, NULL, (void *)&usual},
      {"same_bytes_for_any_threads, augmented", same_bytes_for_any_threads, NULL, NULL, (void *)&altered},
      cmocka_unit_test(every_case_once_an_epoch),
      cmocka_unit_test(a_mix_of_two_data_sets),
      cmocka_unit_test(shares_flips_weights),
      cmocka_unit_test(boxes_hold_tumour),
      cmocka_unit_test(jitter_stays_inside),
      cmocka_unit_test(background_and_augmentation),
      {"same_bytes_for_any_threads, slices of all views", same_bytes_for_any_threads, NULL, NULL,
       (void *)&slices},
      cmocka_unit_test(slices_across_each_axis),
      cmocka_unit_test(a_slice_has_one_view),
      cmocka_unit_test(patch_by_hand),
      cmocka_unit_test(faults),
  };
  vg_log_set_level(VG_LOG_ERROR);
  int failed = cmocka_run_group_tests(tests, setup, teardown);
  if (!failed && vg_mem_live() != 0) {
    fprintf(stderr, "%ld blocks leaked\n", vg_mem_live());
    return 1;
  }
  return failed;
}
