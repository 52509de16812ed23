/* fuzz_gzip.c: any bytes inflate within a limit or are a VG_DATA; a peek sees the same beginning; and any
 * bytes survive being deflated. */
#include <string.h>
#include "base/mem.h"
#include "io/gzip.h"
#include "fuzz.h"

static void inflate(const uint8_t *data, size_t size, size_t limit) {
  void *out = NULL;
  size_t n = 0, got = 0;
  char start[64];
  vg_status st = vg_gzip_inflate("fuzz", data, size, limit, &out, &n);
  fuzz_allow(st, FUZZ(DATA));
  if (!st && n > limit) VG_BUG("%zu bytes, but the limit is %zu", n, limit);
  vg_status peeked = vg_gzip_peek("fuzz", data, size, start, sizeof start, &got);
  fuzz_allow(peeked, FUZZ(DATA));
  if (got > sizeof start) VG_BUG("peeked %zu bytes", got);
  if (!st && !peeked && (got > n || memcmp(out, start, got))) VG_BUG("a peek differs");
  vg_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const size_t limits[] = {0, 1, 100, 4096, 1 << 16};
  fuzz_input in = fuzz_begin(data, size);
  void *small = NULL, *back = NULL;
  size_t n, again;
  const unsigned how = fuzz_byte(&in);
  inflate(in.at, fuzz_left(&in), limits[how % 5]);
  if (how >> 6 == 3) {
    if (vg_gzip_deflate(in.at, fuzz_left(&in), 1, &small, &n) ||
        vg_gzip_inflate("own", small, n, fuzz_left(&in), &back, &again) || again != fuzz_left(&in) ||
        memcmp(back, in.at, again))
      VG_BUG("does not inflate to what was deflated: %s", vg_error());
    vg_free(small);
    vg_free(back);
  }
  return fuzz_end();
}
