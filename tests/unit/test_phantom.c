/* test_phantom.c: phantoms are reproducible, shaped and tinted like brains, and make readable data sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "base/mem.h"
#include "voxgan/phantom.h"
#include "base/pool.h"
#include "base/str.h"

enum { T1, T1C, T2, FLAIR };
enum { CSF = 1, GM, WM };
enum { NECROSIS = 1, OEDEMA = 2, ENHANCING = 4 };

typedef struct made {
  vg_volume series[4];
  vg_labelmap tumour, tissue;
} made;

/* Thin slabs at 1.5 mm are the cheapest: coarse voxels take several samples each. */
static vg_phantom_settings settings(int x, int y, int z, const char *layout) {
  return (vg_phantom_settings){.subjects = 1, .size = {x, y, z}, .layout = layout, .seed = 11};
}

static made make(const vg_phantom_settings *set, int k, bool tumour) {
  made m;
  must(vg_phantom_make(set, k, tumour, m.series, &m.tumour, &m.tissue));
  return m;
}

static void drop(made *m) {
  for (int s = 0; s < 4; s++) vg_volume_release(&m->series[s]);
  vg_labelmap_release(&m->tumour);
  vg_labelmap_release(&m->tissue);
}

/* Computes the hash over all voxels and labels. */
static void hash_of(const made *m, char hex[VG_HASH_LEN]) {
  char parts[6][VG_HASH_LEN];
  size_t n = vg_geometry_voxels(&m->tumour.geo);
  for (int s = 0; s < 4; s++) vg_hash(m->series[s].data, n * sizeof(float), parts[s]);
  vg_hash(m->tumour.data, n * sizeof(uint16_t), parts[4]);
  vg_hash(m->tissue.data, n * sizeof(uint16_t), parts[5]);
  vg_hash(parts, sizeof parts, hex);
}

/* A few subjects, each with its tumour and without, that most tests look at. */
#define COHORT 3
static made with[COHORT], without[COHORT];

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  return 0;
}

static void cohort(void) {
  if (with[0].tissue.data) return;
  vg_phantom_settings set = settings(64, 64, 64, "brats2021");
  for (int k = 0; k < COHORT; k++) with[k] = make(&set, k, true), without[k] = make(&set, k, false);
}

static int teardown(void **state) {
  for (int k = 0; k < COHORT; k++) drop(&with[k]), drop(&without[k]);
  return scratch_teardown(state);
}

/* In a process of its own, because the size of the pool is chosen before its first use. */
static void hash_with_threads(int threads, char hex[VG_HASH_LEN]) {
  int ends[2], status = 0;
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    vg_phantom_settings set = settings(128, 128, 16, "brats2021");
    made m;
    vg_threads_set(threads);
    if (vg_phantom_make(&set, 3, true, m.series, &m.tumour, &m.tissue)) _exit(1);
    hash_of(&m, hex);
    _exit(write(ends[1], hex, VG_HASH_LEN) == VG_HASH_LEN ? 0 : 1);
  }
  close(ends[1]);
  assert_int_equal(read(ends[0], hex, VG_HASH_LEN), VG_HASH_LEN);
  close(ends[0]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void same_bytes_for_any_threads(void **state) {
  (void)state;
  char one[VG_HASH_LEN], again[VG_HASH_LEN], five[VG_HASH_LEN];
  hash_with_threads(1, one);
  hash_with_threads(1, again);
  hash_with_threads(5, five);
  assert_string_equal(one, again);
  assert_string_equal(one, five);
}

static void subjects_and_seeds_differ(void **state) {
  (void)state;
  char hex[4][VG_HASH_LEN];
  vg_phantom_settings set = settings(128, 64, 16, "bids");
  made m = make(&set, 0, false);
  hash_of(&m, hex[0]);
  drop(&m);
  m = make(&set, 1, false);
  hash_of(&m, hex[1]);
  drop(&m);
  set.seed++;
  m = make(&set, 0, false);
  hash_of(&m, hex[2]);
  drop(&m);
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < i; j++) assert_string_not_equal(hex[i], hex[j]);
  }
  /* Subject 1 of a set that begins at 0 is subject 0 of one that begins at 1. */
  set.seed--;
  set.first = 1;
  m = make(&set, 0, false);
  hash_of(&m, hex[3]);
  drop(&m);
  assert_string_equal(hex[1], hex[3]);
}

/* Any pointer may be NULL, and what is asked for does not depend on what else is. */
static void parts_alone(void **state) {
  (void)state;
  vg_phantom_settings set = settings(128, 64, 16, "brats2023");
  made all = make(&set, 0, true);
  vg_labelmap tissue = {0};
  must(vg_phantom_make(&set, 0, true, NULL, NULL, &tissue));
  assert_memory_equal(tissue.data, all.tissue.data, vg_geometry_voxels(&tissue.geo) * sizeof(uint16_t));
  vg_labelmap_release(&tissue);
  drop(&all);
}

static void background_is_zero_and_brain_is_not(void **state) {
  (void)state;
  cohort();
  for (int k = 0; k < COHORT; k++) {
    const made *m = &with[k];
    size_t n = vg_geometry_voxels(&m->tissue.geo), brain = 0;
    for (size_t i = 0; i < n; i++) {
      bool inside = m->tissue.data[i] != 0;
      brain += inside;
      assert_true(m->tissue.data[i] <= WM);
      uint16_t t = m->tumour.data[i];
      assert_true(t == 0 || t == NECROSIS || t == OEDEMA || t == ENHANCING);
      if (t) assert_true(inside);
      for (int s = 0; s < 4; s++) {
        float v = m->series[s].data[i];
        if (inside ? !(v >= 1 && v <= 32767 && v == rintf(v)) : v != 0)
          fail_msg("subject %d voxel %zu: %g", k, i, v);
      }
    }
    double ml = (double)brain * 27 / 1000; /* 3 mm voxels */
    if (ml < 1100 || ml > 1800) fail_msg("subject %d: %g ml", k, ml);
  }
}

/* Over 15 real scans with tissue labels: CSF 0.20..0.25, GM 0.40..0.46, WM 0.33..0.36; subjects here vary
 * more. */
static void tissue_shares_are_plausible(void **state) {
  (void)state;
  cohort();
  for (int k = 0; k < COHORT; k++) {
    const made *m = &without[k];
    size_t n = vg_geometry_voxels(&m->tissue.geo), count[4] = {0};
    for (size_t i = 0; i < n; i++) count[m->tissue.data[i]]++;
    double all = (double)(count[CSF] + count[GM] + count[WM]);
    double csf = (double)count[CSF] / all, gm = (double)count[GM] / all, wm = (double)count[WM] / all;
    if (csf < 0.14 || csf > 0.32 || gm < 0.34 || gm > 0.49 || wm < 0.28 || wm > 0.42)
      fail_msg("subject %d: csf %.3f gm %.3f wm %.3f", k, csf, gm, wm);
  }
}

static double mean_where(const made *m, int series, int tissue, int tumour) {
  double sum = 0;
  size_t n = vg_geometry_voxels(&m->tissue.geo), count = 0;
  for (size_t i = 0; i < n; i++) {
    if ((tissue && m->tissue.data[i] != tissue) || m->tumour.data[i] != tumour) continue;
    sum += m->series[series].data[i];
    count++;
  }
  return count ? sum / (double)count : NAN;
}

static void contrast_has_the_order_of_each_series(void **state) {
  (void)state;
  cohort();
  int enhancing = 0;
  for (int k = 0; k < COHORT; k++) {
    const made *m = &with[k];
    double v[4][4];
    for (int s = 0; s < 4; s++) {
      for (int c = CSF; c <= WM; c++) v[s][c] = mean_where(m, s, c, 0);
    }
    assert_true(v[T1][WM] > 1.08 * v[T1][GM] && v[T1][GM] > 1.2 * v[T1][CSF]);
    assert_true(v[T1C][WM] > 1.05 * v[T1C][GM] && v[T1C][GM] > 1.2 * v[T1C][CSF]);
    assert_true(v[T2][CSF] > 1.3 * v[T2][GM] && v[T2][GM] > 1.3 * v[T2][WM]);
    assert_true(v[FLAIR][GM] > 1.05 * v[FLAIR][WM] && v[FLAIR][WM] > 1.5 * v[FLAIR][CSF]);
    double oedema = mean_where(m, FLAIR, 0, OEDEMA), rim = mean_where(m, T1C, 0, ENHANCING);
    assert_true(oedema > 1.2 * v[FLAIR][GM]);
    assert_true(mean_where(m, T2, 0, NECROSIS) > v[T2][GM]);
    if (isnan(rim)) continue;
    enhancing++;
    assert_true(rim > 1.15 * v[T1C][WM]);
    assert_true(mean_where(m, T1, 0, ENHANCING) < v[T1][WM]);
  }
  assert_true(enhancing >= 2);
}

static double distance(const vg_geometry *g, size_t i, const double from[3]) {
  double ijk[3] = {(double)(i % (size_t)g->dim[0]), (double)(i / (size_t)g->dim[0] % (size_t)g->dim[1]),
                   (double)(i / ((size_t)g->dim[0] * (size_t)g->dim[1]))};
  double mm[3], sum = 0;
  vg_affine_apply(&g->affine, ijk, mm);
  for (int j = 0; j < 3; j++) sum += (mm[j] - from[j]) * (mm[j] - from[j]);
  return sqrt(sum);
}

/* Centre of the core (necrosis and enhancing part), world mm. */
static void core_centre(const made *m, double mm[3]) {
  const vg_geometry *g = &m->tumour.geo;
  size_t nx = (size_t)g->dim[0], ny = (size_t)g->dim[1], n = vg_geometry_voxels(g), count = 0;
  double at[3] = {0};
  for (size_t i = 0; i < n; i++) {
    if (m->tumour.data[i] != NECROSIS && m->tumour.data[i] != ENHANCING) continue;
    at[0] += (double)(i % nx), at[1] += (double)(i / nx % ny), at[2] += (double)(i / (nx * ny));
    count++;
  }
  assert_true(count > 20);
  for (int j = 0; j < 3; j++) at[j] /= (double)count;
  vg_affine_apply(&g->affine, at, mm);
}

static void tumour_parts_are_nested(void **state) {
  (void)state;
  cohort();
  int ringed = 0;
  for (int k = 0; k < COHORT; k++) {
    const made *m = &with[k];
    const vg_geometry *g = &m->tumour.geo;
    double centre[3], sum[5] = {0};
    size_t n = vg_geometry_voxels(g), count[5] = {0};
    core_centre(m, centre);
    for (size_t i = 0; i < n; i++) {
      uint16_t t = m->tumour.data[i];
      sum[t] += t ? distance(g, i, centre) : 0;
      count[t]++;
    }
    double core = (sum[NECROSIS] + sum[ENHANCING]) / (double)(count[NECROSIS] + count[ENHANCING]);
    assert_true(count[OEDEMA] && core < sum[OEDEMA] / (double)count[OEDEMA]);
    if (count[ENHANCING] < 20 || count[NECROSIS] < 20) continue;
    ringed++;
    assert_true(sum[NECROSIS] / (double)count[NECROSIS] < sum[ENHANCING] / (double)count[ENHANCING]);
    /* What bounds necrosis is tumour, but for the patches of the rim that do not enhance. */
    size_t nx = (size_t)g->dim[0], step[3] = {1, nx, nx * (size_t)g->dim[1]}, faces = 0, open = 0;
    for (size_t i = step[2]; i + step[2] < n; i++) {
      if (m->tumour.data[i] != NECROSIS) continue;
      for (int j = 0; j < 6; j++) {
        uint16_t beside = m->tumour.data[j < 3 ? i + step[j] : i - step[j - 3]];
        faces += beside != NECROSIS;
        open += beside == 0;
      }
    }
    assert_true(open * 5 < faces);
  }
  assert_true(ringed >= 2);
}

/* CSF in a box that holds the lateral and third ventricles and no sulci but the fissure's. */
static size_t ventricle_voxels(const made *m) {
  const vg_geometry *g = &m->tissue.geo;
  size_t nx = (size_t)g->dim[0], ny = (size_t)g->dim[1], n = vg_geometry_voxels(g), count = 0;
  for (size_t i = 0; i < n; i++) {
    double ijk[3] = {(double)(i % nx), (double)(i / nx % ny), (double)(i / (nx * ny))}, mm[3];
    vg_affine_apply(&g->affine, ijk, mm);
    count +=
        m->tissue.data[i] == CSF && fabs(mm[0]) < 30 && mm[1] > -50 && mm[1] < 32 && mm[2] > 0 && mm[2] < 27;
  }
  return count;
}

static void mass_effect(void **state) {
  (void)state;
  cohort();
  size_t before = 0, after = 0;
  for (int k = 0; k < COHORT; k++) {
    const made *a = &without[k], *b = &with[k];
    size_t n = vg_geometry_voxels(&a->tissue.geo), near = 0, near_moved = 0, far = 0, far_moved = 0;
    double centre[3];
    core_centre(b, centre);
    for (size_t i = 0; i < n; i++) {
      assert_int_equal(a->tissue.data[i] != 0, b->tissue.data[i] != 0); /* the skull holds */
      assert_int_equal(a->tumour.data[i], 0);
      if (!a->tissue.data[i]) continue;
      double d = distance(&a->tissue.geo, i, centre);
      bool moved = a->tissue.data[i] != b->tissue.data[i];
      if (d < 35) near++, near_moved += moved;
      if (d > 75) far++, far_moved += moved;
    }
    assert_true(near_moved > 0.05 * (double)near);
    assert_true(far && (double)far_moved / (double)far < 0.4 * (double)near_moved / (double)near);
    size_t v0 = ventricle_voxels(a), v1 = ventricle_voxels(b);
    assert_true(v1 < v0);
    before += v0, after += v1;
  }
  assert_true((double)after < 0.9 * (double)before);
}

/* Sizes that nothing divides, slabs that crop the head, each layout's axes and values. */
static void any_grid_as_files(void **state) {
  (void)state;
  static const struct {
    const char *layout, *id, *axes, *first, *tumour;
    int size[3];
    uint16_t values; /* bit set */
  } rows[] = {
      {"brats2013",
       "brats_2013_pat0007_1",
       "LPS",
       "t1c",
       "seg",
       {61, 47, 30},
       1 << 1 | 1 << 2 | 1 << 3 | 1 << 4},
      {"brats2021", "BraTS2021_00007", "LPS", "t1c", "seg", {128, 55, 17}, 1 << 1 | 1 << 2 | 1 << 4},
      {"brats2023", "BraTS-GLI-00007-000", "LPS", "t1c", "seg", {17, 33, 64}, 1 << 1 | 1 << 2 | 1 << 3},
      {"bids", "sub-0007", "LAS", "t1", NULL, {133, 21, 19}, 0},
  };
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    char folder[64];
    snprintf(folder, sizeof folder, "%s", rows[r].layout);
    const char *out = in_scratch(folder);
    vg_phantom_settings set = settings(rows[r].size[0], rows[r].size[1], rows[r].size[2], rows[r].layout);
    set.first = 7, set.subjects = 2, set.anatomy = true;
    must(vg_phantom_write(out, &set));
    vg_dataset ds = {0};
    must(vg_dataset_add(&ds, out, rows[r].layout, NULL, NULL));
    assert_int_equal(ds.n, 2);
    assert_string_equal(ds.subjects[0].id, rows[r].id);
    int series = vg_series_find(&ds.series, rows[r].first);
    assert_true(series >= 0);
    assert_int_equal(ds.series.n, rows[r].tumour ? 4 : 1);
    for (size_t i = 0; i < ds.n; i++) {
      const vg_subject *s = &ds.subjects[i];
      vg_volume v = {0};
      vg_labelmap t = {0}, a = {0};
      vg_volume_header info;
      char code[4];
      double mm[3];
      must(vg_volume_read(s->series[series], &v, &info));
      assert_int_equal(info.dtype, VG_DT_I16);
      assert_memory_equal(v.geo.dim, rows[r].size, sizeof v.geo.dim);
      vg_geometry_orientation(&v.geo, code);
      assert_string_equal(code, rows[r].axes);
      vg_geometry_spacing(&v.geo, mm);
      int largest = 0;
      for (int j = 0; j < 3; j++) largest = set.size[j] > largest ? set.size[j] : largest;
      for (int j = 0; j < 3; j++) assert_float_equal(mm[j], 192.0 / largest, 1e-4);
      assert_non_null(s->anatomy);
      must(vg_volume_read_labels(s->anatomy, &a, NULL));
      must(vg_scheme_check(&ds.sources[0].anatomy_scheme, &a, s->anatomy));
      must(vg_geometry_same(&v.geo, "series", &a.geo, "anatomy", 1e-3));
      size_t n = vg_geometry_voxels(&v.geo);
      unsigned met = 0;
      for (size_t p = 0; p < n; p++) assert_int_equal(v.data[p] > 0, a.data[p] > 0);
      if (rows[r].tumour) {
        must(vg_volume_read_labels(s->tumour, &t, NULL));
        must(vg_scheme_check(&ds.sources[0].tumour_scheme, &t, s->tumour));
        for (size_t p = 0; p < n; p++) met |= t.data[p] ? 1u << t.data[p] : 0;
        assert_true(met & 1u << OEDEMA); /* the tumour lies in the imaged box */
        assert_int_equal(met & ~(unsigned)rows[r].values, 0);
      } else {
        assert_null(s->tumour);
      }
      vg_volume_release(&v);
      vg_labelmap_release(&t);
      vg_labelmap_release(&a);
    }
    vg_dataset_release(&ds);
  }
}

static void two_calls_extend_a_set(void **state) {
  (void)state;
  vg_phantom_settings set = settings(128, 16, 16, "bids");
  set.subjects = 3;
  must(vg_phantom_write(in_scratch("whole"), &set));
  set.subjects = 2;
  must(vg_phantom_write(in_scratch("parts"), &set));
  set.first = 2, set.subjects = 1;
  must(vg_phantom_write(in_scratch("parts"), &set));
  char **whole, **parts;
  size_t n, m;
  must(vg_fs_walk(in_scratch("whole"), &whole, &n));
  must(vg_fs_walk(in_scratch("parts"), &parts, &m));
  assert_int_equal(n, m);
  assert_true(n >= 6);
  for (size_t i = 0; i < n; i++) {
    char a[512], b[512], ha[VG_HASH_LEN], hb[VG_HASH_LEN];
    assert_string_equal(whole[i], parts[i]);
    snprintf(a, sizeof a, "%s/%s", in_scratch("whole"), whole[i]);
    snprintf(b, sizeof b, "%s/%s", in_scratch("parts"), parts[i]);
    must(vg_hash_file(a, ha));
    must(vg_hash_file(b, hb));
    assert_string_equal(ha, hb);
  }
  vg_strv_free(whole);
  vg_strv_free(parts);
}

static void bad_settings(void **state) {
  (void)state;
  vg_phantom_settings set = settings(15, 64, 64, "brats2021");
  made m;
  assert_int_equal(vg_phantom_make(&set, 0, true, m.series, &m.tumour, &m.tissue), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "15x64x64"));
  assert_null(m.tissue.data);
  set = settings(64, 64, 513, "brats2021");
  assert_int_equal(vg_phantom_write(in_scratch("bad"), &set), VG_CONFIG);
  set = settings(64, 64, 64, "brats2019");
  assert_int_equal(vg_phantom_write(in_scratch("bad"), &set), VG_CONFIG);
  assert_non_null(strstr(vg_error(), "brats2019"));
  set = settings(64, 64, 64, NULL);
  assert_int_equal(vg_phantom_write(in_scratch("bad"), &set), VG_CONFIG);
  set = settings(64, 64, 64, "bids");
  set.subjects = 0;
  assert_int_equal(vg_phantom_write(in_scratch("bad"), &set), VG_CONFIG);
  set.subjects = 1, set.first = -1;
  assert_int_equal(vg_phantom_write(in_scratch("bad"), &set), VG_CONFIG);
  assert_false(exists(in_scratch("bad")));
}

/* Every allocation fails in turn: the status says so and nothing leaks. */
static void out_of_memory(void **state) {
  (void)state;
  vg_phantom_settings set = settings(128, 16, 16, "bids");
  long live = vg_mem_live(), n = 0;
  vg_status st = VG_MEMORY;
  while (st && n < 200) {
    made m;
    vg_mem_fail_after(++n);
    st = vg_phantom_make(&set, 0, true, m.series, &m.tumour, &m.tissue);
    vg_mem_fail_after(0);
    if (!st) drop(&m);
    assert_true(st == VG_OK || st == VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  assert_int_equal(st, VG_OK);
  assert_true(n > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_bytes_for_any_threads), /* first: it forks, and the pool has no threads yet */
      cmocka_unit_test(subjects_and_seeds_differ),
      cmocka_unit_test(parts_alone),
      cmocka_unit_test(background_is_zero_and_brain_is_not),
      cmocka_unit_test(tissue_shares_are_plausible),
      cmocka_unit_test(contrast_has_the_order_of_each_series),
      cmocka_unit_test(tumour_parts_are_nested),
      cmocka_unit_test(mass_effect),
      cmocka_unit_test(any_grid_as_files),
      cmocka_unit_test(two_calls_extend_a_set),
      cmocka_unit_test(bad_settings),
      cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
