/* test_gzip.c: whole buffers, several members, padding, truncation, bombs; and the coder for voxels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "io/deflate_runs.h"
#include "io/gzip.h"
#include "base/mem.h"
#include "base/pool.h"
#include "voxgan/rng.h"

/* A brain-like mixture: zeros, noise of few bits, a constant that is not zero, ramps. */
static uint8_t *mixture(size_t n, uint64_t seed) {
  uint8_t *b = vg_malloc(n, 1);
  vg_rng r = vg_rng_init(seed, 9);
  assert_non_null(b);
  for (size_t i = 0; i < n;) {
    size_t run = 1 + vg_rng_below(&r, 3000), kind = vg_rng_below(&r, 5);
    uint8_t base = (uint8_t)vg_rng_u32(&r);
    for (; run && i < n; run--, i++) {
      uint8_t noise = (uint8_t)vg_rng_u32(&r);
      b[i] = kind == 0   ? 0
             : kind == 1 ? noise & 15
             : kind == 2 ? base
             : kind == 3 ? noise
             : i >= 480  ? b[i - 480]
                         : (uint8_t)i;
    }
  }
  return b;
}

/* zlib is the judge of what we write. */
static void assert_inflates(const void *gz, size_t gz_len, const uint8_t *want, size_t n) {
  uint8_t *out = vg_malloc(n + 1, 1);
  z_stream z = {0};
  assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
  z.next_in = (Bytef *)(uintptr_t)gz;
  z.avail_in = (uInt)gz_len;
  z.next_out = out;
  z.avail_out = (uInt)n + 1;
  assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
  assert_int_equal(z.avail_in, 0);
  assert_int_equal(z.total_out, n);
  assert_memory_equal(out, want, n);
  inflateEnd(&z);
  vg_free(out);
}

static void test_round_trip(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 7, 8, 9, 300, 65535, 524287, 524288, 524289, 1600001};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    uint8_t *b = mixture(sizes[i], i);
    for (int level = 1; level <= 9; level += 4) {
      void *gz, *back;
      size_t gz_len, len;
      assert_int_equal(vg_gzip_deflate(b, sizes[i], level, &gz, &gz_len), VG_OK);
      assert_inflates(gz, gz_len, b, sizes[i]);
      assert_int_equal(vg_gzip_inflate("x", gz, gz_len, sizes[i], &back, &len), VG_OK);
      assert_int_equal(len, sizes[i]);
      assert_memory_equal(back, b, len);
      vg_free(gz);
      vg_free(back);
    }
    vg_free(b);
  }
}

static void test_runs(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 7, 8, 9, 300, 65535, 524287, 524288, 524289, 1600001};
  static const size_t rows[] = {0, 3, 480, 32768, 40000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    uint8_t *b = mixture(sizes[i], 50 + i);
    for (size_t unit = 1; unit <= 4; unit *= 2) {
      for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        void *gz, *back, *again;
        size_t gz_len, len, again_len;
        vg_threads_set(3);
        assert_int_equal(vg_gzip_runs(b, sizes[i], unit, rows[r] * unit, &gz, &gz_len), VG_OK);
        assert_inflates(gz, gz_len, b, sizes[i]);
        assert_int_equal(vg_gzip_inflate("x", gz, gz_len, sizes[i], &back, &len), VG_OK);
        assert_memory_equal(back, b, len);
        vg_threads_set(1);
        assert_int_equal(vg_gzip_runs(b, sizes[i], unit, rows[r] * unit, &again, &again_len), VG_OK);
        assert_int_equal(gz_len, again_len);
        assert_memory_equal(gz, again, gz_len);
        vg_free(gz);
        vg_free(back);
        vg_free(again);
      }
    }
    vg_free(b);
  }
  vg_threads_set(0);
}

/* Weights that grow like Fibonacci's numbers make the deepest Huffman trees there are: the code
 * must be cut to 15 bits and stay decodable. And noise must not grow. */
static void test_runs_extremes(void **state) {
  (void)state;
  enum { N = 400000 };
  uint8_t *b = vg_malloc(N, 1);
  void *gz;
  size_t gz_len, n = 0, a = 1, c = 1;
  for (int symbol = 0; symbol < 26; symbol++) {
    for (size_t i = 0; i < a && n < N; i++) b[n++] = (uint8_t)(symbol * 7 + 1);
    size_t next = a + c;
    a = c, c = next;
  }
  /* out of order, so that no run is left */
  vg_rng r = vg_rng_init(1, 1);
  for (size_t i = n; i > 1; i--) {
    size_t j = vg_rng_below(&r, i);
    uint8_t swap = b[i - 1];
    b[i - 1] = b[j], b[j] = swap;
  }
  assert_int_equal(vg_gzip_runs(b, n, 1, 0, &gz, &gz_len), VG_OK);
  assert_inflates(gz, gz_len, b, n);
  assert_true(gz_len < n / 2);
  vg_free(gz);
  for (size_t i = 0; i < N; i++) b[i] = (uint8_t)vg_rng_u32(&r);
  assert_int_equal(vg_gzip_runs(b, N, 2, 480, &gz, &gz_len), VG_OK);
  assert_inflates(gz, gz_len, b, N);
  assert_true(gz_len < N + N / 1000 + 64);
  vg_free(gz);
  memset(b, 0, N);
  assert_int_equal(vg_gzip_runs(b, N, 2, 480, &gz, &gz_len), VG_OK);
  assert_inflates(gz, gz_len, b, N);
  assert_true(gz_len < N / 500);
  vg_free(gz);
  vg_free(b);
}

static void test_members(void **state) {
  (void)state;
  enum { N = 100000 };
  uint8_t *b = mixture(N, 1), *joined;
  void *one, *two, *back;
  size_t one_len, two_len, len, got;
  uint8_t start[348];
  assert_int_equal(vg_gzip_deflate(b, 300, 6, &one, &one_len), VG_OK);
  assert_int_equal(vg_gzip_deflate(b + 300, N - 300, 6, &two, &two_len), VG_OK);
  joined = vg_calloc(one_len + two_len + 512, 1);
  memcpy(joined, one, one_len);
  memcpy(joined + one_len, two, two_len);
  /* a second member, then the zeros that tar leaves */
  for (size_t pad = 0; pad <= 512; pad += 512) {
    assert_int_equal(vg_gzip_inflate("x", joined, one_len + two_len + pad, N, &back, &len), VG_OK);
    assert_int_equal(len, N);
    assert_memory_equal(back, b, N);
    vg_free(back);
  }
  assert_int_equal(vg_gzip_peek("x", joined, one_len + two_len, start, sizeof start, &got), VG_OK);
  assert_int_equal(got, sizeof start);
  assert_memory_equal(start, b, sizeof start);
  joined[one_len + two_len] = 'j';
  assert_int_equal(vg_gzip_inflate("x", joined, one_len + two_len + 512, N, &back, &len), VG_DATA);
  assert_int_equal(vg_gzip_inflate("x", joined, one_len + two_len, N - 1, &back, &len), VG_DATA);
  vg_free(one);
  vg_free(two);
  vg_free(joined);
  vg_free(b);
}

static void test_faults(void **state) {
  (void)state;
  enum { N = 50000 };
  uint8_t *b = mixture(N, 2);
  uint8_t *gz;
  void *back, *packed;
  size_t gz_len, len;
  long live = vg_mem_live();
  assert_int_equal(vg_gzip_deflate(b, N, 6, &packed, &gz_len), VG_OK);
  gz = packed;
  for (size_t cut = 0; cut < gz_len; cut += cut < 40 || cut > gz_len - 40 ? 1 : 997)
    assert_int_equal(vg_gzip_inflate("t.nii.gz", gz, cut, N, &back, &len), VG_DATA);
  assert_non_null(strstr(vg_error(), "t.nii.gz: compressed data ends early"));
  for (size_t at = gz_len - 8; at < gz_len; at++) {
    gz[at] ^= 0x40; /* checksum and size */
    assert_int_equal(vg_gzip_inflate("x", gz, gz_len, (size_t)1 << 33, &back, &len), VG_DATA);
    gz[at] ^= 0x40;
  }
  gz[gz_len / 2] ^= 0x55;
  assert_int_equal(vg_gzip_inflate("x", gz, gz_len, N, &back, &len), VG_DATA);
  assert_int_equal(vg_gzip_inflate("x", "plain", 5, N, &back, &len), VG_DATA);
  vg_free(gz);
  /* a bomb */
  uint8_t *zeros = vg_calloc((size_t)64 << 20, 1);
  assert_int_equal(vg_gzip_deflate(zeros, (size_t)64 << 20, 6, &packed, &gz_len), VG_OK);
  assert_int_equal(vg_gzip_inflate("x", packed, gz_len, 1 << 20, &back, &len), VG_DATA);
  assert_non_null(strstr(vg_error(), "more than"));
  vg_free(packed);
  vg_free(zeros);
  assert_int_equal(vg_mem_live(), live);
  vg_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_runs),   cmocka_unit_test(test_runs_extremes),
      cmocka_unit_test(test_members),    cmocka_unit_test(test_faults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
