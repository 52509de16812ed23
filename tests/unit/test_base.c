/* test_base.c: status and messages, memory, strings, random numbers, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "voxgan/log.h"
#include "voxgan/run.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"
#include "voxgan/status.h"
#include "base/names.h"
#include "base/file/owned.h"
#include "base/str.h"

/* ---- status --------------------------------------------------------------------------------- */

static void test_messages_nest(void **state) {
  (void)state;
  vg_error_clear();
  assert_string_equal(vg_error(), "");
  assert_int_equal(vg_fail(VG_DATA, "a.nii: %s", "bad magic"), VG_DATA);
  assert_int_equal(vg_fail_in(VG_DATA, "subject %d", 7), VG_DATA);
  assert_string_equal(vg_error(), "subject 7: a.nii: bad magic");
  vg_fail(VG_IO, "again: %s", vg_error());
  assert_string_equal(vg_error(), "again: subject 7: a.nii: bad magic");
  for (int i = 0; i < 400; i++) vg_fail_in(VG_IO, "level %d", i);
  assert_true(strlen(vg_error()) < 4096);
  assert_true(vg_starts_with(vg_error(), "level 399: level 398: "));
}

/* Programs that were built against an earlier header keep their meaning: these numbers never change. */
static void test_status_numbers(void **state) {
  (void)state;
  static const struct {
    vg_status status;
    int number;
    const char *name;
  } rows[] = {{VG_OK, 0, "OK"},
              {VG_FAILED, 1, "FAILED"},
              {VG_IO, 2, "IO"},
              {VG_NONFINITE, 3, "NONFINITE"},
              {VG_REFUSED, 4, "REFUSED"},
              {VG_USAGE, 5, "USAGE"},
              {VG_CONFIG, 6, "CONFIG"},
              {VG_DATA, 7, "DATA"},
              {VG_DEVICE, 8, "DEVICE"},
              {VG_MEMORY, 9, "MEMORY"},
              {VG_REGRESSION, 10, "REGRESSION"},
              {VG_INTERRUPTED, 11, "INTERRUPTED"}};
  const size_t n = sizeof rows / sizeof *rows;
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(rows[i].status, rows[i].number);
    assert_string_equal(vg_status_name((vg_status)rows[i].number), rows[i].name);
  }
#define X(name, value, code, text) +1
  assert_int_equal(n, 0 VG_STATUS_MAP(X)); /* a new status gets a row here */
#undef X
  assert_string_equal(vg_status_name((vg_status)(int)n), "UNKNOWN");
}

static void test_windows(void **state) {
  (void)state;
  assert_string_equal(vg_window_name(VG_WINDOW_AUTO), "auto");
  assert_string_equal(vg_window_name(VG_WINDOW_WHOLE), "whole");
  assert_string_equal(vg_window_name(VG_WINDOW_PATCH), "patch");
  assert_null(vg_window_name(3));
  assert_null(vg_window_name(-1));
}

static void test_exit_codes(void **state) {
  (void)state;
  assert_int_equal(vg_status_exit_code(VG_OK), 0);
  assert_int_equal(vg_status_exit_code(VG_CONFIG), 2);
  assert_int_equal(vg_status_exit_code(VG_DATA), 3);
  assert_int_equal(vg_status_exit_code(VG_MEMORY), 4);
  assert_int_equal(vg_status_exit_code(VG_INTERRUPTED), 130);
  /* Each status ends with a documented code, each code comes from a status, and 0 is success alone. */
  static const int codes[] = {
#define X(code, text) code,
      VG_EXIT_MAP(X)
#undef X
  };
  bool used[sizeof codes / sizeof *codes] = {false};
#define X(name, value, code, text)                                                          \
  {                                                                                         \
    size_t i = 0;                                                                           \
    while (i < sizeof codes / sizeof *codes && codes[i] != (code)) i++;                     \
    assert_true(i < sizeof codes / sizeof *codes && ((code) == 0) == (VG_##name == VG_OK)); \
    used[i] = true;                                                                         \
  }
  VG_STATUS_MAP(X)
#undef X
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) assert_true(used[i]);
  assert_int_equal(vg_status_exit_code((vg_status)99), 1);
  assert_string_equal(vg_status_name(VG_DATA), "DATA");
  assert_string_equal(vg_status_text(VG_MEMORY), "out of memory");
}

/* ---- memory --------------------------------------------------------------------------------- */

static void test_memory(void **state) {
  (void)state;
  long live = vg_mem_live();
  void *none = vg_malloc(0, 8);
  assert_non_null(none);
  assert_int_equal(vg_mem_live(), live + 1);
  vg_free(none);
  vg_free(NULL);
  assert_int_equal(vg_mem_live(), live);
  assert_null(vg_malloc(SIZE_MAX / 2, 3));
  assert_non_null(strstr(vg_error(), "out of memory"));
  char *p = vg_strdup("kept");
  assert_null(vg_realloc(p, SIZE_MAX, SIZE_MAX));
  assert_string_equal(p, "kept");
  vg_free(p);
  unsigned char *big = vg_calloc((size_t)9 << 20, 1);
  for (size_t i = 0; i < (size_t)9 << 20; i += 4095) assert_int_equal(big[i], 0);
  vg_free(big);
  assert_true(vg_mem_peak_rss() > (size_t)1 << 20);
}

/* A program that a large one starts is not as large, also if its user has many groups, as root gives itself
 * here. The child is this program with --peak. */
static void test_peak_is_ones_own(void **state) {
  (void)state;
  gid_t many[800], own[NGROUPS_MAX];
  const int n_own = getgroups(NGROUPS_MAX, own);
  for (unsigned i = 0; i < 800; i++) many[i] = 4000000000U + i;
  const bool changed = n_own >= 0 && !setgroups(800, many);
  enum { LARGE = 512 << 20 };
  char *block = vg_malloc(LARGE, 1), line[64] = "", self[512] = "", command[600];
  for (size_t i = 0; i < LARGE; i += 4096) block[i] = 1;
  assert_true(vg_mem_peak_rss() > LARGE);
  assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
  snprintf(command, sizeof command, "exec '%s' --peak", self);
  FILE *child = popen(command, "r");
  assert_non_null(child);
  assert_non_null(fgets(line, sizeof line, child));
  assert_int_equal(pclose(child), 0);
  vg_free(block);
  if (changed) assert_int_equal(setgroups((size_t)n_own, own), 0);
  if (!(strtoul(line, NULL, 10) < LARGE / 2)) fail_msg("the child says %s", line);
}

/* The first name of a list cannot be copied: what follows in the new array is nobody's. */
static void test_owned_without_memory(void **state) {
  (void)state;
  mallopt(M_PERTURB, 0xA5);
  for (long n = 1; n <= 2; n++) {
    vg_owned list = {0};
    vg_mem_fail_after(n);
    assert_int_equal(vg_owned_add(&list, "a"), VG_MEMORY);
    vg_mem_fail_after(0);
    vg_owned_release(&list);
  }
  mallopt(M_PERTURB, 0);
}

static void test_memory_fails_on_demand(void **state) {
  (void)state;
  vg_mem_fail_after(2);
  void *first = vg_malloc(1, 1);
  assert_non_null(first);
  assert_null(vg_malloc(1, 1));
  assert_null(vg_calloc(1, 1));
  assert_null(vg_realloc(first, 2, 1));
  vg_mem_fail_after(0);
  void *again = vg_malloc(1, 1);
  assert_non_null(again);
  vg_free(again);
  vg_free(first);
}

/* ---- strings -------------------------------------------------------------------------------- */

static void test_strings(void **state) {
  (void)state;
  vg_str s = VG_STR_INIT;
  assert_string_equal(vg_str_text(&s), "");
  for (int i = 0; i < 100; i++) vg_str_addf(&s, "%d;", i);
  vg_str_add_bytes(&s, "xyz", 2);
  assert_int_equal(strlen(vg_str_text(&s)), 292);
  assert_true(vg_ends_with(vg_str_text(&s), "99;xy"));
  vg_str_clear(&s);
  static const char *const words[][2] = {{"a/b-1.nii", "a/b-1.nii"}, {"", "''"},         {"a b", "'a b'"},
                                         {"it's", "'it'\\''s'"},     {"$(x)", "'$(x)'"}, {"a;b", "'a;b'"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    vg_str_add_word(&s, words[i][0]);
    assert_string_equal(vg_str_text(&s), words[i][1]);
    vg_str_clear(&s);
  }
  vg_str_add_csv(&s, "plain");
  vg_str_add_csv(&s, "a,\"b\"");
  vg_str_add_csv(&s, "line\nbreak");
  assert_string_equal(vg_str_text(&s), "plain\"a,\"\"b\"\"\"\"line\nbreak\"");
  char *taken = vg_str_take(&s);
  assert_non_null(taken);
  assert_null(s.text);
  vg_free(taken);
  taken = vg_str_take(&s);
  assert_string_equal(taken, "");
  vg_free(taken);
  vg_mem_fail_after(1);
  vg_str_add(&s, "a");
  vg_mem_fail_after(0);
  vg_str_add(&s, "b");
  assert_true(vg_str_failed(&s));
  assert_null(vg_str_take(&s));
}

static void test_numbers(void **state) {
  (void)state;
  long long i;
  double d;
  assert_true(vg_parse_i64("-42", &i) && i == -42);
  assert_true(vg_parse_i64("9223372036854775807", &i) && i == INT64_MAX);
  static const char *const bad_i[] = {"", " 1", "1 ", "1.5", "0x", "9223372036854775808", "one", NULL};
  for (int k = 0; bad_i[k]; k++) assert_false(vg_parse_i64(bad_i[k], &i));
  assert_true(vg_parse_f64("2e-4", &d) && d == 2e-4);
  assert_true(vg_parse_f64("1e-320", &d) && d > 0);
  static const char *const bad_d[] = {"", " 1", "1 ", "1e999", "1,5", "--1", NULL};
  for (int k = 0; bad_d[k]; k++) assert_false(vg_parse_f64(bad_d[k], &d));
}

static void test_split(void **state) {
  (void)state;
  size_t n;
  char **v = vg_split(" a, ,b c ,", ',', &n);
  assert_int_equal(n, 4);
  assert_string_equal(v[0], "a");
  assert_string_equal(v[1], "");
  assert_string_equal(v[2], "b c");
  assert_string_equal(v[3], "");
  assert_null(v[4]);
  vg_strv_free(v);
  v = vg_split("  ", ',', &n);
  assert_int_equal(n, 0);
  vg_strv_free(v);
}

static void test_nearest(void **state) {
  (void)state;
  static const char *const names[] = {"train.lr_g", "train.lr_d", "train.epochs", "data.spacing", NULL};
  assert_string_equal(vg_names_nearest(VG_NAMES(names), "train.epoch"), "train.epochs");
  assert_string_equal(vg_names_nearest(VG_NAMES(names), "trian.lr_d"), "train.lr_d");
  assert_string_equal(vg_names_nearest(VG_NAMES(names), "data.spacign"), "data.spacing");
  assert_null(vg_names_nearest(VG_NAMES(names), "colour"));
  static const char *const editions[] = {"brats2013", "brats2021"};
  assert_string_equal(vg_names_nearest(VG_NAMES(editions), "brats21"), "brats2021");
  assert_string_equal(vg_names_nearest(VG_NAMES(editions), "brats13"), "brats2013");
  assert_null(vg_names_nearest(VG_NAMES(names), ""));
}

static const char *vowel_at(const void *list, size_t i) {
  static const char *const vowels[] = {"alpha", "epsilon", "iota"};
  const size_t *n = list;
  return i < *n ? vowels[i] : NULL;
}

/* Rows that end with NULL, rows that are counted, and names from a function. */
static void test_names(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double value;
  } rows[] = {{"alpha", 1}, {"beta", 2}, {"gamma", 3}, {NULL, 0}};
  const size_t three = 3, two = 2;
  assert_int_equal(vg_names_find(VG_NAMES(rows), "gamma"), 2);
  assert_int_equal(vg_names_find(VG_NAMES(rows), "delta"), -1);
  assert_int_equal(vg_names_find(VG_NAMES_N(rows, 2), "gamma"), -1);
  assert_int_equal(vg_names_find(VG_NAMES_N(rows, 2), "beta"), 1);
  assert_int_equal(vg_names_find(VG_NAMES_BY(vowel_at, &three), "iota"), 2);
  assert_int_equal(vg_names_find(VG_NAMES_BY(vowel_at, &two), "iota"), -1);
  assert_string_equal(vg_names_nearest(VG_NAMES(rows), "gamam"), "gamma");
  assert_null(vg_names_nearest(VG_NAMES_N(rows, 2), "gamam"));
  assert_string_equal(vg_names_nearest(VG_NAMES_BY(vowel_at, &three), "epsilom"), "epsilon");
  assert_string_equal(vg_names_nearest(VG_NAMES(rows), "eta"), "beta"); /* as near to no other */
  vg_str text = VG_STR_INIT;
  const char inside[3][8] = {"csf", "gm", "wm"};
  assert_int_equal(vg_names_find(VG_NAMES_INSIDE(inside, 3), "wm"), 2);
  assert_int_equal(vg_names_find(VG_NAMES_INSIDE(inside, 2), "wm"), -1);
  vg_names_join(VG_NAMES(rows), &text);
  assert_string_equal(vg_str_text(&text), "alpha, beta, gamma");
  vg_str_release(&text);
}

/* ---- random numbers ------------------------------------------------------------------------- */

/* kat_vectors of Random123: philox4x32 10 rounds. */
static void test_philox_known_answers(void **state) {
  (void)state;
  static const struct {
    uint64_t seed, key, counter;
    uint32_t want[4];
  } known[] = {
      {0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {UINT64_MAX, UINT64_MAX, UINT64_MAX, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      /* the digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0 */
      {0x299f31d0a4093822,
       0x0370734413198a2e,
       0x85a308d3243f6a88,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint32_t out[4];
    vg_philox(known[i].seed, known[i].key, known[i].counter, out);
    assert_memory_equal(out, known[i].want, sizeof out);
  }
}

static void test_streams_differ(void **state) {
  (void)state;
  assert_true(vg_rng_key("augment", 1, 2) == vg_rng_key("augment", 1, 2));
  assert_true(vg_rng_key("augment", 1, 2) != vg_rng_key("augment", 2, 1));
  assert_true(vg_rng_key("augment", 1, 2) != vg_rng_key("split", 1, 2));
  vg_rng a = vg_rng_init(5, vg_rng_key("x", 0, 0)), b = vg_rng_init(5, vg_rng_key("x", 0, 0));
  vg_rng c = vg_rng_init(6, vg_rng_key("x", 0, 0));
  int same = 0;
  for (int i = 0; i < 1000; i++) {
    uint32_t v = vg_rng_u32(&a);
    assert_int_equal(v, vg_rng_u32(&b));
    same += v == vg_rng_u32(&c);
  }
  assert_true(same < 3);
}

static void test_distributions(void **state) {
  (void)state;
  enum { N = 200000 };
  vg_rng r = vg_rng_init(1, 2);
  double sum = 0, sq = 0, cube = 0;
  int bins[7] = {0};
  for (int i = 0; i < N; i++) {
    double v = vg_rng_normal(&r);
    sum += v, sq += v * v, cube += v * v * v;
    bins[vg_rng_below(&r, 7)]++;
    double u = vg_rng_uniform(&r, -2, 3);
    assert_true(u >= -2 && u < 3);
  }
  /* Five standard errors of each. */
  assert_true(fabs(sum / N) < 5 / sqrt(N));
  assert_true(fabs(sq / N - 1) < 5 * sqrt(2.0 / N));
  assert_true(fabs(cube / N) < 5 * sqrt(15.0 / N));
  for (int b = 0; b < 7; b++) assert_true(fabs(bins[b] - N / 7.0) < 5 * sqrt(N / 7.0));
  assert_true(vg_rng_below(&r, 1) == 0);
}

static void test_shuffle(void **state) {
  (void)state;
  uint32_t items[50];
  bool seen[50] = {false};
  int moved = 0;
  for (uint32_t i = 0; i < 50; i++) items[i] = i;
  vg_rng r = vg_rng_init(3, 4);
  vg_rng_shuffle(&r, items, 50);
  for (uint32_t i = 0; i < 50; i++) {
    assert_false(seen[items[i]]);
    seen[items[i]] = true;
    moved += items[i] != i;
  }
  assert_true(moved > 40);
}

/* ---- threads -------------------------------------------------------------------------------- */

typedef struct tally {
  atomic_int calls, nested;
  size_t fail_from;
  unsigned char done[1000];
} tally;

static vg_status nested_piece(void *arg, size_t i) {
  (void)i;
  atomic_fetch_add(&((tally *)arg)->nested, 1);
  return VG_OK;
}

static vg_status piece(void *arg, size_t i) {
  tally *t = arg;
  atomic_fetch_add(&t->calls, 1);
  t->done[i]++;
  if (i >= t->fail_from) {
    if (i == t->fail_from) usleep(3000); /* a higher failure is known first */
    return vg_fail(VG_DATA, "piece %zu", i);
  }
  return i % 100 ? VG_OK : vg_parallel(5, nested_piece, t);
}

static void test_parallel(void **state) {
  (void)state;
  for (int threads = 1; threads <= 4; threads++) {
    tally t = {.fail_from = SIZE_MAX};
    vg_threads_set(threads);
    assert_int_equal(vg_threads(), threads);
    assert_int_equal(vg_parallel(1000, piece, &t), VG_OK);
    assert_int_equal(t.calls, 1000);
    assert_int_equal(t.nested, 50);
    for (int i = 0; i < 1000; i++) assert_int_equal(t.done[i], 1);
    assert_int_equal(vg_parallel(0, piece, &t), VG_OK);
  }
  vg_threads_set(0);
  assert_true(vg_threads() >= 1);
}

static void test_parallel_failure(void **state) {
  (void)state;
  for (int threads = 1; threads <= 4; threads++) {
    tally t = {.fail_from = 301};
    vg_threads_set(threads);
    vg_error_clear();
    assert_int_equal(vg_parallel(1000, piece, &t), VG_DATA);
    assert_string_equal(vg_error(), "piece 301");
    assert_true(t.calls < 900);
  }
  vg_threads_set(0);
}

static void count_range(void *arg, size_t begin, size_t end) {
  tally *t = arg;
  atomic_fetch_add(&t->calls, 1);
  for (size_t i = begin; i < end; i++) t->done[i]++;
}

static void test_ranges(void **state) {
  (void)state;
  vg_threads_set(3);
  for (size_t n = 0; n < 40; n++) {
    tally t = {0};
    vg_parallel_ranges(n, 10, count_range, &t);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(t.done[i], i < n);
    assert_int_equal(t.calls, n == 0 ? 0 : n < 20 ? 1 : n < 30 ? 2 : 3);
  }
  vg_threads_set(0);
}

static void test_duration(void **state) {
  (void)state;
  char buf[32];
  assert_string_equal(vg_duration(14.2, buf), "14 s");
  assert_string_equal(vg_duration(130, buf), "2m 10s");
  assert_string_equal(vg_duration(3 * 3600 + 5 * 60, buf), "3h 05m");
  assert_string_equal(vg_duration(NAN, buf), "?");
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "--peak")) return printf("%zu\n", vg_mem_peak_rss()) < 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_messages_nest),
      cmocka_unit_test(test_exit_codes),
      cmocka_unit_test(test_status_numbers),
      cmocka_unit_test(test_windows),
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_peak_is_ones_own),
      cmocka_unit_test(test_owned_without_memory),
      cmocka_unit_test(test_memory_fails_on_demand),
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_split),
      cmocka_unit_test(test_nearest),
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_philox_known_answers),
      cmocka_unit_test(test_streams_differ),
      cmocka_unit_test(test_distributions),
      cmocka_unit_test(test_shuffle),
      cmocka_unit_test(test_parallel),
      cmocka_unit_test(test_parallel_failure),
      cmocka_unit_test(test_ranges),
      cmocka_unit_test(test_duration),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
