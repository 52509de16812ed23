/* gzip.c: uses libdeflate for the common case, one member whose trailer states its size, and zlib for all
 * others. */
#include "io/gzip.h"
#include <libdeflate.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include "base/mem.h"

/* Deflate shrinks data at most 1032 to 1, so a trailer that promises more is broken. */
#define RATIO_MAX 1032
#define GZIP_LEAST 18 /* header and trailer */

bool vg_gzip_is(const void *bytes, size_t len) {
  const uint8_t *b = bytes;
  return len >= 2 && b[0] == 0x1f && b[1] == 0x8b;
}

/* The size of the last member, modulo 2^32, from the last four bytes. */
static size_t trailer_size(const uint8_t *b, size_t len) {
  const uint8_t *t = b + len - 4;
  return (size_t)t[0] | (size_t)t[1] << 8 | (size_t)t[2] << 16 | (size_t)t[3] << 24;
}

/* If libdeflate cannot inflate the data, *out stays NULL, without a failure. */
static vg_status inflate_at_once(const void *bytes, size_t len, size_t limit, void **out, size_t *out_len) {
  *out = NULL;
  if (len < GZIP_LEAST) return VG_OK;
  size_t want = trailer_size(bytes, len), used = 0, got = 0;
  if (want > limit || want / RATIO_MAX > len) return VG_OK;
  struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
  void *buf = d ? vg_malloc(want, 1) : NULL;
  if (!buf) {
    if (d) libdeflate_free_decompressor(d);
    return vg_fail(VG_MEMORY, "out of memory: %zu bytes wanted", want);
  }
  enum libdeflate_result r = libdeflate_gzip_decompress_ex(d, bytes, len, buf, want, &used, &got);
  libdeflate_free_decompressor(d);
  if (r == LIBDEFLATE_SUCCESS && used == len) {
    *out = buf;
    *out_len = got;
  } else {
    vg_free(buf);
  }
  return VG_OK;
}

/* After a member comes another member, or zeros (tapes and some archives pad with zeros), or a fault. */
static bool only_zeros(const uint8_t *b, size_t len) {
  while (len && !*b) b++, len--;
  return !len;
}

static vg_status fail_inflate(const char *name, int rc, const char *msg) {
  if (rc == Z_MEM_ERROR) return vg_fail(VG_MEMORY, "out of memory while inflating");
  if (rc == Z_BUF_ERROR || rc == Z_OK)
    return vg_fail(VG_DATA, "%s: compressed data ends early (truncated file?)", name);
  return vg_fail(VG_DATA, "%s: broken compressed data: %s", name, msg ? msg : "not deflated");
}

/* zlib: one stream of zlib's own form instead of members of gzip's. */
static vg_status inflate_members(const char *name, const uint8_t *bytes, size_t len, size_t limit, bool zlib,
                                 void **out, size_t *out_len) {
  vg_status st = VG_OK;
  uint8_t *buf = NULL;
  size_t cap = len < limit / 4 ? len * 4 + 64 : limit, done = 0, at = 0;
  z_stream z = {0};
  if (!cap) cap = 1;
  if (inflateInit2(&z, zlib ? 15 : 15 + 16) != Z_OK)
    return vg_fail(VG_MEMORY, "out of memory while inflating");
  buf = vg_malloc(cap, 1);
  if (!buf) {
    st = vg_fail_in(VG_MEMORY, "%s", name);
    goto out;
  }
  for (;;) {
    const size_t most = (size_t)1 << 30; /* zlib counts in unsigned int */
    if (done == cap) {
      /* Reads one byte past the limit, to distinguish a stream that ends at the limit from a bomb. */
      size_t more = cap > limit ? 0 : cap < limit / 2 ? cap * 2 : limit + 1;
      if (!more) {
        st = vg_fail(VG_DATA, "%s: inflates to more than the %zu bytes allowed", name, limit);
        goto out;
      }
      uint8_t *grown = vg_realloc(buf, more, 1);
      if (!grown) {
        st = vg_fail_in(VG_MEMORY, "%s", name);
        goto out;
      }
      buf = grown;
      cap = more;
    }
    uInt in = (uInt)(len - at < most ? len - at : most), room = (uInt)(cap - done < most ? cap - done : most);
    z.next_in = (Bytef *)(uintptr_t)(bytes + at);
    z.avail_in = in;
    z.next_out = buf + done;
    z.avail_out = room;
    int rc = inflate(&z, Z_NO_FLUSH);
    at += in - z.avail_in;
    done += room - z.avail_out;
    if (rc == Z_STREAM_END) {
      if (only_zeros(bytes + at, len - at)) break;
      if (zlib || !vg_gzip_is(bytes + at, len - at)) {
        st = vg_fail(VG_DATA, "%s: %zu bytes of something else after the compressed data", name, len - at);
        goto out;
      }
      inflateReset(&z);
    } else if (rc != Z_OK && !(rc == Z_BUF_ERROR && done == cap)) {
      st = fail_inflate(name, rc, z.msg);
      goto out;
    } else if (at == len && done < cap) {
      st = fail_inflate(name, Z_BUF_ERROR, NULL);
      goto out;
    }
  }
  if (done > limit) {
    st = vg_fail(VG_DATA, "%s: inflates to more than the %zu bytes allowed", name, limit);
    goto out;
  }
  *out = buf;
  *out_len = done;
  buf = NULL;
out:
  vg_free(buf);
  inflateEnd(&z);
  return st;
}

vg_status vg_gzip_inflate(const char *name, const void *bytes, size_t len, size_t limit, void **out,
                          size_t *out_len) {
  if (!vg_gzip_is(bytes, len)) return vg_fail(VG_DATA, "%s: not gzip data", name);
  vg_status st = inflate_at_once(bytes, len, limit, out, out_len);
  if (st || *out) return st;
  return inflate_members(name, bytes, len, limit, false, out, out_len);
}

vg_status vg_zlib_inflate(const char *name, const void *bytes, size_t len, size_t limit, void **out,
                          size_t *out_len) {
  return inflate_members(name, bytes, len, limit, true, out, out_len);
}

vg_status vg_gzip_peek(const char *name, const void *bytes, size_t len, void *out, size_t want, size_t *got) {
  vg_status st = VG_OK;
  const size_t most = (size_t)1 << 30;
  z_stream z = {0};
  if (!vg_gzip_is(bytes, len)) return vg_fail(VG_DATA, "%s: not gzip data", name);
  if (inflateInit2(&z, 15 + 16) != Z_OK) return vg_fail(VG_MEMORY, "out of memory while inflating");
  z.next_in = (Bytef *)(uintptr_t)bytes;
  z.avail_in = (uInt)(len < most ? len : most);
  z.next_out = out;
  z.avail_out = (uInt)(want < most ? want : most);
  int rc = Z_OK;
  while (z.avail_out && z.avail_in && rc == Z_OK) {
    rc = inflate(&z, Z_SYNC_FLUSH);
    /* Continues with the next member if this one is too short. */
    if (rc == Z_STREAM_END && z.avail_out && vg_gzip_is(z.next_in, z.avail_in)) rc = inflateReset(&z);
  }
  if (rc == Z_DATA_ERROR || rc == Z_MEM_ERROR || rc == Z_NEED_DICT) st = fail_inflate(name, rc, z.msg);
  *got = (size_t)(z.next_out - (Bytef *)out);
  inflateEnd(&z);
  return st;
}

vg_status vg_gzip_deflate(const void *bytes, size_t len, int level, void **out, size_t *out_len) {
  struct libdeflate_compressor *c = libdeflate_alloc_compressor(level < 1 ? 1 : level > 12 ? 12 : level);
  if (!c) return vg_fail(VG_MEMORY, "out of memory while deflating");
  size_t bound = libdeflate_gzip_compress_bound(c, len);
  void *buf = vg_malloc(bound, 1);
  size_t n = buf ? libdeflate_gzip_compress(c, bytes, len, buf, bound) : 0;
  libdeflate_free_compressor(c);
  if (!buf) return VG_MEMORY;
  if (!n) VG_BUG("libdeflate did not keep to its own bound");
  *out = buf;
  *out_len = n;
  return VG_OK;
}
