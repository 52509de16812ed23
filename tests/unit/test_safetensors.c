/* test_safetensors.c: round trips, equal bytes for equal contents, and files that lie. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scratch.h"
#include "base/fs.h"
#include "base/mem.h"
#include "voxgan/rng.h"
#include "io/safetensors.h"
#include "oracle.h"

static float weights[24] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, bias[1] = {-0.5f};

static vg_json *example_metadata(int turned) {
  vg_json *m = vg_json_object();
  vg_json_put_string(m, turned ? "scheme" : "config", turned ? "brats" : "{\"ngf\":16}");
  vg_json_put_string(m, turned ? "config" : "scheme", turned ? "{\"ngf\":16}" : "brats");
  return m;
}

static vg_status write_example(const char *path, int turned) {
  vg_st_entry e[4] = {
      {(char *)"net.w", 3, {2, 3, 4}, weights, 4},
      {(char *)"net.b", 1, {1}, bias, 4},
      {(char *)"scalar", 0, {0}, bias, 4},
      {(char *)"empty", 2, {0, 7}, NULL, 4},
  };
  vg_json *m = example_metadata(turned);
  if (turned) {
    vg_st_entry first = e[0];
    e[0] = e[3];
    e[3] = first;
  }
  vg_status st = m ? vg_st_write(path, e, 4, m) : VG_MEMORY;
  vg_json_free(m);
  return st;
}

static void test_round_trip(void **state) {
  (void)state;
  vg_st_file f;
  void *one, *two;
  size_t one_len, two_len;
  assert_int_equal(write_example(in_scratch("a.safetensors"), 0), VG_OK);
  assert_int_equal(write_example(in_scratch("b.safetensors"), 1), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("a.safetensors"), &one, &one_len), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("b.safetensors"), &two, &two_len), VG_OK);
  assert_int_equal(one_len, two_len);
  assert_memory_equal(one, two, one_len);
  vg_free(one);
  vg_free(two);
  if (vg_st_open(in_scratch("a.safetensors"), &f)) fail_msg("%s", vg_error());
  assert_int_equal(f.n, 4);
  assert_string_equal(f.entries[0].name, "empty");
  const vg_st_entry *w = vg_st_find(&f, "net.w"), *b = vg_st_find(&f, "net.b"), *s = vg_st_find(&f, "scalar");
  assert_int_equal(w->ndim, 3);
  assert_int_equal(w->shape[2], 4);
  assert_memory_equal(w->data, weights, sizeof weights);
  assert_true(b->data[0] == -0.5f);
  assert_int_equal(s->ndim, 0);
  assert_true(s->data[0] == -0.5f);
  assert_null(vg_st_find(&f, "net"));
  assert_string_equal(vg_json_string(vg_json_get(f.metadata, "scheme"), ""), "brats");
  vg_st_release(&f);
  assert_int_equal(vg_st_write(in_scratch("none.safetensors"), NULL, 0, NULL), VG_OK);
  assert_int_equal(vg_st_open(in_scratch("none.safetensors"), &f), VG_OK);
  assert_int_equal(f.n, 0);
  assert_int_equal(vg_json_size(f.metadata), 0);
  vg_st_release(&f);
}

static vg_status open_text(const char *header, size_t data_len, vg_st_file *f) {
  char buf[2048] = {0};
  uint64_t n = strlen(header);
  memcpy(buf, &n, 8);
  memcpy(buf + 8, header, n);
  assert_int_equal(vg_fs_write_atomic(in_scratch("bad.safetensors"), buf, 8 + n + data_len), VG_OK);
  return vg_st_open(in_scratch("bad.safetensors"), f);
}

/* BF16 is the upper half of a float: these are 1, -3, 0.5 and infinity. An F32 tensor stays as it is. */
static void test_half(void **state) {
  (void)state;
  static const char header[] = "{\"a\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]},"
                               "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
  static const uint16_t halves[] = {0x3F80, 0xC040, 0x3F00, 0x7F80};
  const float whole = 1.2345678f;
  char buf[512] = {0};
  uint64_t n = sizeof header - 1;
  memcpy(buf + 8, header, n);
  while (n % 8) buf[8 + n++] = ' ';
  memcpy(buf, &n, 8);
  memcpy(buf + 8 + n, halves, 8);
  memcpy(buf + 16 + n, &whole, 4);
  assert_int_equal(vg_fs_write_atomic(in_scratch("half.safetensors"), buf, 20 + n), VG_OK);
  vg_st_file f;
  assert_int_equal(vg_st_open(in_scratch("half.safetensors"), &f), VG_OK);
  const float *a = vg_st_find(&f, "a")->data;
  assert_true(a[0] == 1 && a[1] == -3 && a[2] == 0.5f && a[3] == INFINITY);
  assert_true(vg_st_find(&f, "b")->data[0] == whole);
  vg_st_release(&f);
  assert_int_equal(
      open_text("{\"a\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[0,8]}}       ", 8, &f), VG_DATA);
  assert_non_null(strstr(vg_error(), "disagree"));
}

static void test_lies(void **state) {
  (void)state;
  static const struct {
    const char *header, *says;
  } bad[] = {
      {"[1]      ", "not an object"},
      {"{\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}       ", "dtype is F16"},
      {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}      ", "missing"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", "disagree"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", "outside the file"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "outside the file"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "bad shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}", "bad shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", "disagree"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", "9 dimensions"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  ", "belong to no tensor"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}  ", "hole"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":["
       "1],"
       "\"data_offsets\":[4,8]}} ",
       "overlap"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":["
       "1],"
       "\"data_offsets\":[4,8]}} ",
       "twice"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"__metadata__\":{\"k\":1}}    ",
       "not a string"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", "bad.safetensors:1:"},
  };
  vg_st_file f;
  long live = vg_mem_live();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    /* Padded here to a multiple of four, so that only the fault that is meant is there. */
    char header[1024];
    snprintf(header, sizeof header, "%s%.*s", bad[i].header, (int)(3 - (strlen(bad[i].header) + 3) % 4),
             "   ");
    assert_int_equal(open_text(header, 8, &f), VG_DATA);
    if (!strstr(vg_error(), bad[i].says) || !strstr(vg_error(), "bad.safetensors"))
      fail_msg("'%s' does not say '%s'", vg_error(), bad[i].says);
    assert_int_equal(vg_mem_live(), live);
  }
  static const uint64_t lengths[] = {0, 1, 1000, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 40};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char buf[64] = {0};
    memcpy(buf, &lengths[i], 8);
    assert_int_equal(vg_fs_write_atomic(in_scratch("bad.safetensors"), buf, sizeof buf), VG_OK);
    assert_int_equal(vg_st_open(in_scratch("bad.safetensors"), &f), VG_DATA);
  }
  assert_int_equal(vg_fs_write_atomic(in_scratch("bad.safetensors"), "", 0), VG_OK);
  assert_int_equal(vg_st_open(in_scratch("bad.safetensors"), &f), VG_DATA);
  assert_int_equal(vg_st_open(in_scratch("absent.safetensors"), &f), VG_IO);
}

static void test_random_damage(void **state) {
  (void)state;
  void *bytes;
  size_t len;
  long live = vg_mem_live();
  vg_rng r = vg_rng_init(1, 2);
  assert_int_equal(write_example(in_scratch("a.safetensors"), 0), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("a.safetensors"), &bytes, &len), VG_OK);
  uint8_t *damaged = vg_malloc(len, 1);
  for (int k = 0; k < 2000; k++) {
    vg_st_file f;
    memcpy(damaged, bytes, len);
    for (int hits = 0; hits <= k % 3; hits++) damaged[vg_rng_below(&r, len)] = (uint8_t)vg_rng_below(&r, 128);
    FILE *to = fopen(in_scratch("damaged.safetensors"), "wb");
    fwrite(damaged, 1, k % 5 ? len : vg_rng_below(&r, len), to);
    fclose(to);
    vg_status st = vg_st_open(in_scratch("damaged.safetensors"), &f);
    if (st) {
      assert_int_equal(st, VG_DATA);
      continue;
    }
    float sum = 0; /* every byte that is promised can be read */
    for (size_t i = 0; i < f.n; i++) {
      int64_t n = 1;
      for (int d = 0; d < f.entries[i].ndim; d++) n *= f.entries[i].shape[d];
      for (int64_t j = 0; j < n; j++) sum += f.entries[i].data[j];
    }
    assert_true(sum <= 0 || sum > 0 || sum != sum);
    vg_st_release(&f);
  }
  vg_free(damaged);
  vg_free(bytes);
  assert_int_equal(vg_mem_live(), live);
}

static void test_memory_failures(void **state) {
  (void)state;
  long live = vg_mem_live(), failures = 0;
  vg_st_file f;
  assert_int_equal(write_example(in_scratch("a.safetensors"), 0), VG_OK);
  for (long n = 1;; n++) {
    vg_mem_fail_after(n);
    vg_status st = vg_st_open(in_scratch("a.safetensors"), &f);
    vg_mem_fail_after(0);
    if (!st) break;
    failures++;
    assert_int_equal(st, VG_MEMORY);
    assert_int_equal(vg_mem_live(), live);
  }
  vg_st_release(&f);
  vg_st_entry e = {(char *)"w", 1, {24}, weights, 4};
  vg_json *m = example_metadata(0);
  live = vg_mem_live();
  for (long n = 1;; n++) {
    vg_mem_fail_after(n);
    vg_status st = vg_st_write(in_scratch("m.safetensors"), &e, 1, m);
    vg_mem_fail_after(0);
    assert_int_equal(vg_mem_live(), live);
    if (!st) break;
    failures++;
    assert_int_equal(st, VG_MEMORY);
    assert_false(exists(in_scratch("m.safetensors")));
  }
  vg_json_free(m);
  assert_true(failures > 40);
}

/* A sealed file fits its seal; with any byte changed it does not open or does not fit. */
/* Where one allocation fails, and only that one, the file is whole or is not written: metadata without its
 * config would be a model that nobody can load. */
static void test_one_memory_failure(void **state) {
  (void)state;
  void *whole, *there;
  size_t len, there_len;
  assert_int_equal(write_example(in_scratch("whole.safetensors"), 0), VG_OK);
  assert_int_equal(vg_fs_read(in_scratch("whole.safetensors"), &whole, &len), VG_OK);
  long n = 0;
  for (bool through = false; !through;) {
    vg_mem_fail_once(++n);
    const vg_status st = write_example(in_scratch("once.safetensors"), 0);
    vg_mem_fail_once(0);
    through = vg_mem_asked() < n;
    if (st) {
      assert_int_equal(st, VG_MEMORY);
      continue;
    }
    assert_int_equal(vg_fs_read(in_scratch("once.safetensors"), &there, &there_len), VG_OK);
    if (there_len != len || memcmp(there, whole, len) != 0) fail_msg("allocation %ld: the file differs", n);
    vg_free(there);
  }
  assert_true(n > 20);
  vg_free(whole);
}

static void test_seal(void **state) {
  (void)state;
  const vg_st_entry e = {(char *)"net.w", 3, {2, 3, 4}, weights, 4};
  vg_json *m = vg_json_object();
  vg_json_put_string(m, "note", "\"sha256\":\"0000\"");
  vg_st_file f;
  void *bytes;
  size_t len;
  assert_int_equal(vg_st_write_sealed(in_scratch("s.safetensors"), &e, 1, m), VG_OK);
  vg_json_free(m);
  assert_int_equal(vg_st_open(in_scratch("s.safetensors"), &f), VG_OK);
  if (vg_st_check_seal("s", &f)) fail_msg("%s", vg_error());
  assert_int_equal(strlen(vg_json_string(vg_json_get(f.metadata, "sha256"), "")), 64);
  vg_st_release(&f);
  assert_int_equal(vg_fs_read(in_scratch("s.safetensors"), &bytes, &len), VG_OK);
  for (size_t i = 0; i < len; i++) {
    ((char *)bytes)[i] ^= 1;
    assert_int_equal(vg_fs_write_atomic(in_scratch("t.safetensors"), bytes, len), VG_OK);
    vg_status st = vg_st_open(in_scratch("t.safetensors"), &f);
    if (!st) {
      st = vg_st_check_seal("t", &f);
      vg_st_release(&f);
    }
    if (st != VG_DATA) fail_msg("byte %zu of %zu: %s", i, len, vg_status_name(st));
    ((char *)bytes)[i] ^= 1;
  }
  vg_free(bytes);
  assert_int_equal(vg_st_write_sealed(in_scratch("s.safetensors"), NULL, 0, NULL), VG_OK);
  assert_int_equal(vg_st_open(in_scratch("s.safetensors"), &f), VG_OK);
  assert_int_equal(vg_st_check_seal("s", &f), VG_OK);
  vg_st_release(&f);
  assert_int_equal(write_example(in_scratch("a.safetensors"), 0), VG_OK);
  assert_int_equal(vg_st_open(in_scratch("a.safetensors"), &f), VG_OK);
  assert_int_equal(vg_st_check_seal("a", &f), VG_DATA);
  assert_string_equal(vg_error(), "a: has no checksum");
  vg_st_release(&f);
}

/* Python reads ours and we read its. */
static void test_oracle(void **state) {
  (void)state;
  vg_st_file f;
  require_python("numpy");
  assert_int_equal(write_example(in_scratch("a.safetensors"), 0), VG_OK);
  assert_int_equal(
      run_python("safetensors_oracle.py", in_scratch("a.safetensors"), in_scratch("py.safetensors"), NULL),
      0);
  assert_int_equal(vg_st_open(in_scratch("py.safetensors"), &f), VG_OK);
  assert_memory_equal(vg_st_find(&f, "net.w")->data, weights, sizeof weights);
  assert_string_equal(vg_json_string(vg_json_get(f.metadata, "by"), ""), "python");
  vg_st_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_half),
      cmocka_unit_test(test_lies),
      cmocka_unit_test(test_random_damage),
      cmocka_unit_test(test_memory_failures),
      cmocka_unit_test(test_one_memory_failure),
      cmocka_unit_test(test_seal),
      cmocka_unit_test(test_oracle),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
