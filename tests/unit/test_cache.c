/* test_cache.c: prepared cases come back from disk unchanged. They are made again if anything changed or
 * broke, and only once if several processes need them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "mini_tree.h"
#include "scratch.h"
#include "voxgan/log.h"
#include "base/pool.h"
#include "base/mem.h"
#include "prep/cache/cache_use.h"
#include "prep/prep.h"
#include "prep/pack/pack.h"
#include "base/str.h"

static const uint16_t tumour_values[5] = {0, 0, 2, 4, 1};
static vg_dataset set;
static vg_prep_settings settings;

static void make_subject(const char *dir, const char *id, float gain) {
  vg_geometry g = mini_geometry("LPS", 30, 34, 32, 1, 1, 1);
  char name[64];
  snprintf(name, sizeof name, "%s_t1.nii", id);
  mini_write_image(dir, name, g, 13, 0, gain);
  snprintf(name, sizeof name, "%s_seg.nii", id);
  mini_write_labels(dir, name, g, 13, tumour_values);
}

static int setup(void **state) {
  if (scratch_setup(state)) return -1;
  const char *dir = in_scratch("data");
  char id[16];
  for (int i = 0; i < 6; i++) {
    snprintf(id, sizeof id, "s%d", i);
    make_subject(dir, id, 1 + 0.1f * (float)i);
  }
  must(vg_dataset_add(&set, dir, "brats2021", NULL, NULL));
  settings = (vg_prep_settings){.margin = 2, .percentile = {0.5, 99.5}, .spacing = {1.5, 1.5, 1.5}};
  must(vg_series_parse("t1", &settings.series));
  must(vg_classes_add_name(&settings.classes, VG_CLASS_BRAIN, VG_ROLE_ANATOMY));
  must(vg_classes_add(&settings.classes, &set.sources[0].tumour_scheme, VG_ROLE_TUMOUR));
  return 0;
}

static int teardown(void **state) {
  vg_dataset_release(&set);
  return scratch_teardown(state);
}

/* Files of that ending in a folder; the name of the last in name. */
static size_t count_files(const char *dir, const char *ending, char *name) {
  char **files;
  size_t n, found = 0;
  must(vg_fs_walk(dir, &files, &n));
  for (size_t i = 0; i < n; i++)
    if (vg_ends_with(files[i], ending)) {
      found++;
      if (name) snprintf(name, 512, "%s/%s", dir, files[i]);
    }
  vg_strv_free(files);
  return found;
}

static void same_case(const vg_case *a, const vg_case *b) {
  assert_string_equal(a->id, b->id);
  assert_memory_equal(&a->record, &b->record, sizeof a->record);
  assert_int_equal(a->n_classes, b->n_classes);
  assert_int_equal(a->n_anatomy, b->n_anatomy);
  assert_int_equal(a->n_series, b->n_series);
  assert_memory_equal(a->ranges, b->ranges, sizeof(vg_range));
  size_t n = (size_t)a->record.dim[0] * (size_t)a->record.dim[1] * (size_t)a->record.dim[2];
  size_t native =
      (size_t)a->record.crop_dim[0] * (size_t)a->record.crop_dim[1] * (size_t)a->record.crop_dim[2];
  vg_case whole;
  must(vg_case_unpack(b, &whole));
  assert_memory_equal(a->labels, whole.labels, n * (size_t)a->n_classes);
  assert_memory_equal(a->image, whole.image, n * (size_t)a->n_series * 2);
  assert_memory_equal(a->brain, whole.brain, n);
  vg_case_release(&whole);
  assert_memory_equal(a->native_brain, b->native_brain, (native + 7) / 8);
  assert_int_equal(a->n_tumour, b->n_tumour);
  assert_true(a->n_tumour > 0);
  assert_memory_equal(a->tumour, b->tumour, a->n_tumour * sizeof(uint32_t));
}

static void comes_back_the_same(void **state) {
  (void)state;
  const char *cache = in_scratch("cache_same");
  vg_case plain, first, second;
  must(vg_prepare(&set, &set.subjects[1], &settings, &plain));
  must(vg_prepare_cached(cache, &set, &set.subjects[1], &settings, &first));
  must(vg_prepare_cached(cache, &set, &set.subjects[1], &settings, &second));
  same_case(&plain, &first);
  same_case(&plain, &second);
  assert_non_null(second.map.bytes);
  assert_null(second.owned);
  assert_int_equal((uintptr_t)second.packed % 64, 0);
  assert_null(second.labels);
  assert_int_equal(count_files(cache, ".case", NULL), 1);
  vg_case_release(&first);
  vg_case_release(&second);
  /* No cache is fine too. */
  must(vg_prepare_cached(NULL, &set, &set.subjects[1], &settings, &first));
  assert_non_null(first.owned);
  vg_case_release(&first);
  vg_case_release(&plain);
}

/* Anything that shapes the result is in the key; what does not, is not. */
static void set_spacing(vg_prep_settings *s, double mm) {
  for (int a = 0; a < 3; a++) s->spacing[a] = mm;
}

static void key_knows_settings_and_contents(void **state) {
  (void)state;
  const char *cache = in_scratch("cache_key"), *dir = in_scratch("keyed");
  make_subject(dir, "x", 1);
  make_subject(dir, "y", 1);
  vg_dataset ds = {0};
  must(vg_dataset_add(&ds, dir, "brats2021", NULL, NULL));
  vg_case c;
  size_t files = 0;
#define EXPECT_FILES(more)                                      \
  must(vg_prepare_cached(cache, &ds, &ds.subjects[0], &s, &c)); \
  vg_case_release(&c);                                          \
  assert_int_equal(count_files(cache, ".case", NULL), files += more)
  vg_prep_settings s = settings;
  EXPECT_FILES(1);
  EXPECT_FILES(0);
  set_spacing(&s, 2);
  EXPECT_FILES(1);
  s.margin = 1;
  EXPECT_FILES(1);
  s.percentile[1] = 99;
  EXPECT_FILES(1);
  must(vg_classes_add_name(&s.classes, "cavity", VG_ROLE_TUMOUR));
  EXPECT_FILES(1);
  s = settings;
  EXPECT_FILES(0);
  /* The same contents under another name are the same case, with its own id. */
  must(vg_prepare_cached(cache, &ds, &ds.subjects[1], &s, &c));
  assert_string_equal(c.id, "y");
  vg_case_release(&c);
  assert_int_equal(count_files(cache, ".case", NULL), files);
  /* New contents of the same size. */
  make_subject(dir, "x", 1.5f);
  EXPECT_FILES(1);
  /* After a change of time alone the file is hashed again, and nothing changes. */
  struct timespec times[2] = {{1000, 0}, {1000, 0}};
  assert_int_equal(utimensat(AT_FDCWD, ds.subjects[0].tumour, times, 0), 0);
  EXPECT_FILES(0);
  /* Other contents of the same size and time, in the same file: ctime and the sample show it. */
  struct stat was;
  const char *t1 = ds.subjects[0].series[0];
  void *bytes;
  size_t len;
  assert_int_equal(stat(t1, &was), 0);
  must(vg_fs_read(t1, &bytes, &len));
  FILE *f = fopen(t1, "r+");
  fseek(f, (long)(len / 2), SEEK_SET);
  fputc(((uint8_t *)bytes)[len / 2] ^ 4, f);
  fclose(f);
  vg_free(bytes);
  times[0] = was.st_atim, times[1] = was.st_mtim;
  assert_int_equal(utimensat(AT_FDCWD, t1, times, 0), 0);
  EXPECT_FILES(1);
  /* Another file put into its place. */
  make_subject(dir, "x", 1.7f);
  assert_int_equal(utimensat(AT_FDCWD, t1, times, 0), 0);
  EXPECT_FILES(1);
  /* An unchanged file is not hashed again: what is remembered of it is not written again. */
  struct stat first, second;
  char *memory = vg_format("%s/hashes", cache);
  assert_int_equal(stat(memory, &first), 0);
  EXPECT_FILES(0);
  assert_int_equal(stat(memory, &second), 0);
  assert_int_equal(first.st_mtim.tv_nsec, second.st_mtim.tv_nsec);
  vg_free(memory);
#undef EXPECT_FILES
  vg_dataset_release(&ds);
}

/* The checksum has no key, so a file can be changed and its checksum made good again. */
static uint64_t checksum(const uint8_t *bytes, size_t n, uint64_t seed) {
  const uint64_t p1 = 0x9E3779B185EBCA87u, p2 = 0xC2B2AE3D27D4EB4Fu;
  uint64_t lane[4] = {seed + p1 + p2, seed + p2, seed, seed - p1}, h = n;
  for (size_t i = 0; i + 32 <= n; i += 32)
    for (int k = 0; k < 4; k++) {
      uint64_t w;
      memcpy(&w, bytes + i + 8 * (size_t)k, 8);
      lane[k] += w * p2;
      lane[k] = (lane[k] << 31 | lane[k] >> 33) * p1;
    }
  for (int k = 0; k < 4; k++) h = (h ^ lane[k]) * p1 + p2;
  return h ^ h >> 29;
}

/* What a reader does with a case: every array, to its end. */
static void use(const vg_case *packed) {
  vg_volume v;
  vg_case unpacked, *c = &unpacked;
  must(vg_case_unpack(packed, c));
  size_t n = (size_t)c->record.dim[0] * (size_t)c->record.dim[1] * (size_t)c->record.dim[2];
  float *channel = vg_malloc(n, sizeof *channel);
  assert_non_null(channel);
  for (size_t i = 0; i < n; i++) channel[i] = (float)c->image[i] / 32767;
  for (uint32_t i = 0; i < c->n_tumour; i++) assert_true(c->tumour[i] < n);
  must(vg_restore(c, channel, &c->ranges[0], &v));
  vg_volume_release(&v);
  vg_free(channel);
  vg_case_release(c);
}

/* Every word of the header takes extreme values, under a checksum that fits. */
static void forged_headers_are_harmless(void **state) {
  (void)state;
  const char *cache = in_scratch("cache_forged");
  vg_case c;
  must(vg_prepare_cached(cache, &set, &set.subjects[2], &settings, &c));
  vg_case_release(&c);
  char file[512];
  assert_int_equal(count_files(cache, ".case", file), 1);
  void *whole;
  size_t len;
  must(vg_fs_read(file, &whole, &len));
  uint32_t head;
  memcpy(&head, (uint8_t *)whole + 12, 4);
  static const uint32_t words[] = {0,          1,          31,         4000,       0x7fffffff,
                                   0x80000000, 0xffffffff, 0x7ff00000, 0x7ff80000, 0x41300000};
  uint8_t *bytes = vg_malloc(len, 1);
  vg_log_level was = vg_log_set_level(VG_LOG_ERROR);
  for (size_t at = 16; at < head; at += 4)
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
      memcpy(bytes, whole, len);
      memcpy(bytes + at, &words[w], 4);
      memset(bytes + 24, 0, 8);
      const uint64_t sum = checksum(bytes + head, len - head, checksum(bytes, head, 0));
      memcpy(bytes + 24, &sum, 8);
      must(vg_fs_write_atomic(file, bytes, len));
      must(vg_prepare_cached(cache, &set, &set.subjects[2], &settings, &c));
      use(&c);
      vg_case_release(&c);
    }
  /* And a tumour voxel outside the grid. */
  memcpy(bytes, whole, len);
  memset(bytes + len - 64, 0xff, 64);
  memset(bytes + 24, 0, 8);
  const uint64_t sum = checksum(bytes + head, len - head, checksum(bytes, head, 0));
  memcpy(bytes + 24, &sum, 8);
  must(vg_fs_write_atomic(file, bytes, len));
  must(vg_prepare_cached(cache, &set, &set.subjects[2], &settings, &c));
  use(&c);
  vg_case_release(&c);
  vg_log_set_level(was);
  vg_free(bytes);
  vg_free(whole);
}

static void damage_is_found(void **state) {
  (void)state;
  const char *cache = in_scratch("cache_damage");
  vg_case good, c;
  must(vg_prepare(&set, &set.subjects[2], &settings, &good));
  must(vg_prepare_cached(cache, &set, &set.subjects[2], &settings, &c));
  vg_case_release(&c);
  char file[512];
  assert_int_equal(count_files(cache, ".case", file), 1);
  void *whole;
  size_t len;
  must(vg_fs_read(file, &whole, &len));
  for (int kind = 0; kind < 6; kind++) {
    uint8_t *bytes = vg_malloc(len + 64, 1);
    size_t n = len;
    memcpy(bytes, whole, len);
    memset(bytes + len, 0, 64);
    if (kind == 0) n = len - 64;
    if (kind == 1) n = 10;
    if (kind == 2) n = 0;
    if (kind == 3) bytes[len / 2] ^= 4;
    if (kind == 4) bytes[100] ^= 1; /* in the header's record */
    if (kind == 5) n = len + 64;
    assert_int_equal(unlink(file), 0);
    FILE *f = fopen(file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    must(vg_prepare_cached(cache, &set, &set.subjects[2], &settings, &c));
    same_case(&good, &c);
    vg_case_release(&c);
    void *again;
    must(vg_fs_read(file, &again, &n));
    assert_int_equal(n, len);
    assert_memory_equal(again, whole, len);
    vg_free(again);
    vg_free(bytes);
  }
  vg_free(whole);
  vg_case_release(&good);
}

static vg_status one(void *arg, size_t i) {
  vg_case c;
  vg_status st = vg_prepare_cached(arg, &set, &set.subjects[i], &settings, &c);
  vg_case_release(&c);
  return st;
}

static void processes_and_threads_share(void **state) {
  (void)state;
  char cache[512];
  snprintf(cache, sizeof cache, "%s", in_scratch("cache_shared"));
  pid_t children[3];
  fflush(NULL);
  for (int k = 0; k < 3; k++) {
    children[k] = fork();
    if (children[k] == 0) {
      vg_threads_set(2);
      vg_status st = vg_parallel(set.n, one, cache);
      if (st) fprintf(stderr, "%s\n", vg_error());
      _exit(st ? 1 : 0);
    }
    assert_true(children[k] > 0);
  }
  for (int k = 0; k < 3; k++) {
    int status;
    assert_int_equal(waitpid(children[k], &status, 0), children[k]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  assert_int_equal(count_files(cache, ".case", NULL), set.n);
  char **files;
  size_t n;
  must(vg_fs_walk(cache, &files, &n));
  for (size_t i = 0; i < n; i++) assert_null(strstr(files[i], ".tmp"));
  vg_strv_free(files);
  vg_case plain, c;
  for (size_t i = 0; i < set.n; i++) {
    must(vg_prepare(&set, &set.subjects[i], &settings, &plain));
    must(vg_prepare_cached(cache, &set, &set.subjects[i], &settings, &c));
    same_case(&plain, &c);
    vg_case_release(&plain);
    vg_case_release(&c);
  }
}

static void failures_leave_nothing(void **state) {
  (void)state;
  const char *cache = in_scratch("cache_fail");
  vg_prep_settings s = settings;
  vg_case c;
  s.classes.n = 2; /* the scheme's other labels are then unknown */
  must_say(vg_prepare_cached(cache, &set, &set.subjects[0], &s, &c), VG_DATA,
           "the model knows brain, necrosis");
  assert_null(c.labels);
  assert_int_equal(count_files(cache, ".case", NULL), 0);
  touch(scratch, "not_a_folder");
  assert_int_not_equal(vg_prepare_cached(in_scratch("not_a_folder"), &set, &set.subjects[0], &settings, &c),
                       VG_OK);
  assert_non_null(strstr(vg_error(), "not_a_folder"));
}

/* A run's link to its cache is the shortest relative one; another of the same call is replaced, a folder and
 * a link of the user's stay, and decide where the run's cases lie. */
static void runs_lead_to_their_cache(void **state) {
  static const char *const cases[][3] = {{"x/run", "x/voxgan-cache", "../voxgan-cache"},
                                         {"x/run", "x", "../"},
                                         {"x/run", "x/run/c", "c"},
                                         {"x/jobs/1/run", "x/cache", "../../../cache"},
                                         {"x/run", "x/runs", "../runs"},
                                         {"x/runs", "x/run", "../run"}};
  char text[64], *found;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *run = vg_strdup(in_scratch(cases[i][0])), *cache = vg_strdup(in_scratch(cases[i][1])),
         *link = vg_fs_join(run, "cache"), *parent = vg_fs_dirname(run);
    must(vg_fs_make_dirs(run));
    must(vg_fs_make_dirs(cache));
    must(vg_cache_link(run, cache));
    const ssize_t n = readlink(link, text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, cases[i][2]);
    must(vg_cache_folder(run, "", &found));
    assert_true(vg_starts_with(found, parent) && vg_ends_with(found, "/voxgan-cache"));
    vg_free(found);
    vg_free(run);
    vg_free(cache);
    vg_free(link);
    vg_free(parent);
  }
  char *run = vg_strdup(in_scratch("x/run")), *link = vg_fs_join(run, "cache");
  for (int kind = 0; kind < 2; kind++) { /* the user's link, the user's folder */
    assert_int_equal(unlink(link), 0);
    assert_int_equal(kind ? mkdir(link, 0777) : symlink(in_scratch("x/jobs"), link), 0);
    must(vg_cache_link(run, in_scratch("x/runs")));
    const ssize_t n = readlink(link, text, sizeof text);
    assert_true(kind ? n < 0 : text[0] == '/');
    must(vg_cache_folder(run, "", &found));
    assert_string_equal(found, link);
    vg_free(found);
  }
  vg_free(run);
  vg_free(link);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comes_back_the_same),
      cmocka_unit_test(key_knows_settings_and_contents),
      cmocka_unit_test(damage_is_found),
      cmocka_unit_test(forged_headers_are_harmless),
      cmocka_unit_test(processes_and_threads_share),
      cmocka_unit_test(failures_leave_nothing),
      cmocka_unit_test(runs_lead_to_their_cache),
  };
  vg_log_set_level(VG_LOG_ERROR);
  int failed = cmocka_run_group_tests(tests, setup, teardown);
  if (!failed && vg_mem_live() != 0) {
    fprintf(stderr, "%ld blocks leaked\n", vg_mem_live());
    return 1;
  }
  return failed;
}
