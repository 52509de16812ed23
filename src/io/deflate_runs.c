/* deflate_runs.c: DEFLATE (RFC 1951) with two match distances; see the header for why.
 *
 * The input is split into chunks, which are coded in parallel. Each chunk ends on a byte boundary with an
 * empty stored block, as with zlib's Z_SYNC_FLUSH, so the coded chunks can simply be concatenated.
 */
#include "io/deflate_runs.h"
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "base/mem.h"
#include "base/pool.h"

#define CHUNK ((size_t)512 << 10)
#define BLOCK_TOKENS 32768 /* literals and matches that share one Huffman code */
#define WINDOW 32768
#define MATCH_MAX 258
#define LITLEN_CODES 286
#define DIST_CODES 30
#define END_OF_BLOCK 256
#define BITS_MAX 15

/* ---- Huffman codes -------------------------------------------------------------------------- */

typedef struct code {
  uint16_t bits[LITLEN_CODES]; /* reversed: deflate sends codes from their top bit */
  uint8_t len[LITLEN_CODES];
} code;

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Computes the depths of n >= 2 leaves of a Huffman tree. Leaves come in rising order of weight, so depth[i]
 * falls. */
static void leaf_depths(const uint64_t *sorted, int n, uint8_t *depth) {
  uint64_t weight[2 * LITLEN_CODES];
  int parent[2 * LITLEN_CODES];
  uint8_t level[2 * LITLEN_CODES];
  for (int i = 0; i < n; i++) weight[i] = sorted[i] >> 9;
  /* Inner nodes arise in rising order too, so two queues replace a heap. */
  int leaf = 0, inner = n;
  for (int next = n; next < 2 * n - 1; next++) {
    weight[next] = 0;
    for (int child = 0; child < 2; child++) {
      int pick = leaf < n && (inner == next || weight[leaf] <= weight[inner]) ? leaf++ : inner++;
      weight[next] += weight[pick];
      parent[pick] = next;
    }
  }
  level[2 * n - 2] = 0;
  for (int i = 2 * n - 3; i >= 0; i--) {
    level[i] = (uint8_t)(level[parent[i]] + 1);
    if (i < n) depth[i] = level[i];
  }
}

/* Makes a code for n symbols, no code longer than limit bits. At least two symbols get a code, because
 * decoders disagree about incomplete codes. */
static void build_code(uint32_t *count, int n, int limit, code *c) {
  uint64_t sorted[LITLEN_CODES];
  uint8_t depth[LITLEN_CODES];
  int used = 0, per_len[BITS_MAX + 1] = {0};
  for (int s = 0; s < n; s++) used += count[s] > 0;
  for (int s = 0; used < 2; s++) {
    if (!count[s]) count[s] = 1, used++;
  }
  used = 0;
  for (int s = 0; s < n; s++) {
    c->len[s] = 0;
    if (count[s]) sorted[used++] = (uint64_t)count[s] << 9 | (unsigned)s;
  }
  qsort(sorted, (size_t)used, sizeof *sorted, by_value);
  leaf_depths(sorted, used, depth);
  uint32_t kraft = 0;
  for (int i = 0; i < used; i++) {
    int d = depth[i] < limit ? depth[i] : limit;
    per_len[d]++;
    kraft += 1u << (limit - d);
  }
  /* Shortening overlong codes has oversubscribed the tree. Lengthen the longest codes below the limit until
   * it fits. */
  while (kraft > 1u << limit) {
    int d = limit - 1;
    while (!per_len[d]) d--;
    per_len[d]--;
    per_len[d + 1] += 2;
    per_len[limit]--;
    kraft--;
  }
  int at = 0;
  for (int d = limit; d > 0; d--) {
    for (int i = 0; i < per_len[d]; i++) c->len[sorted[at++] & 511] = (uint8_t)d;
  }
  uint32_t next[BITS_MAX + 2] = {0};
  for (int d = 1; d <= limit; d++) next[d + 1] = (next[d] + (uint32_t)per_len[d]) << 1;
  for (int s = 0; s < n; s++) {
    uint32_t v = c->len[s] ? next[c->len[s]]++ : 0, reversed = 0;
    for (int b = 0; b < c->len[s]; b++) reversed |= (v >> b & 1) << (c->len[s] - 1 - b);
    c->bits[s] = (uint16_t)reversed;
  }
}

/* ---- bits ----------------------------------------------------------------------------------- */

typedef struct writer {
  uint8_t *at;
  uint64_t held;
  unsigned n;
} writer;

/* The buffer holds at most 57 bits between two drains. */
static inline void put(writer *w, uint64_t bits, unsigned n) {
  w->held |= bits << w->n;
  w->n += n;
}

static inline void drain(writer *w) {
  memcpy(w->at, &w->held, sizeof w->held);
  w->at += w->n >> 3;
  w->held >>= w->n & ~7u;
  w->n &= 7;
}

static void align(writer *w) {
  w->n = (w->n + 7) & ~7u;
  drain(w);
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* A token is a literal, or MATCH | which distance << 9 | length. */
#define MATCH 0x8000u

typedef struct distance {
  uint32_t bytes;
  int symbol;
  unsigned extra, extra_bits;
} distance;

typedef struct coder {
  const uint8_t *start; /* of the whole input */
  size_t unit;
  distance dist[2];
  uint16_t tokens[BLOCK_TOKENS + 8];
  size_t n;
  uint32_t litlen_count[LITLEN_CODES], dist_count[DIST_CODES];
  uint16_t length_symbol[MATCH_MAX + 1];
  uint8_t length_extra_bits[MATCH_MAX + 1], length_extra[MATCH_MAX + 1];
  writer w;
} coder;

/* RFC 1951, 3.2.5. */
static void make_length_table(coder *c) {
  int symbol = 257, len = 3;
  for (int bits = 0; bits <= 5; bits++) {
    for (int i = 0; i < (bits ? 4 : 8); i++, symbol++) {
      for (int extra = 0; extra < 1 << bits && len <= MATCH_MAX; extra++, len++) {
        c->length_symbol[len] = (uint16_t)symbol;
        c->length_extra_bits[len] = (uint8_t)bits;
        c->length_extra[len] = (uint8_t)extra;
      }
    }
  }
  c->length_symbol[MATCH_MAX] = 285;
  c->length_extra_bits[MATCH_MAX] = c->length_extra[MATCH_MAX] = 0;
}

static distance make_distance(size_t bytes) {
  distance d = {.bytes = (uint32_t)bytes};
  uint32_t base = 1;
  for (d.symbol = 0;; d.symbol++) {
    d.extra_bits = d.symbol < 2 ? 0 : (unsigned)d.symbol / 2 - 1;
    if (bytes < base + (1u << d.extra_bits)) break;
    base += 1u << d.extra_bits;
  }
  d.extra = (unsigned)bytes - base;
  return d;
}

/* Writes the lengths of both codes, run-length coded and then Huffman-coded (RFC 1951, 3.2.7). */
static void put_code_lengths(writer *w, const code *litlen, const code *dist) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lens[LITLEN_CODES + DIST_CODES], symbols[LITLEN_CODES + DIST_CODES],
      extras[LITLEN_CODES + DIST_CODES];
  uint32_t count[19] = {0};
  int litlens = LITLEN_CODES, dists = DIST_CODES, n = 0, total = 0, sent = 19;
  while (litlens > 257 && !litlen->len[litlens - 1]) litlens--;
  while (dists > 1 && !dist->len[dists - 1]) dists--;
  memcpy(lens, litlen->len, (size_t)litlens);
  memcpy(lens + litlens, dist->len, (size_t)dists);
  total = litlens + dists;
  for (int i = 0; i < total;) {
    int run = 1;
    while (i + run < total && lens[i + run] == lens[i] && run < 138) run++;
    if (!lens[i] && run >= 3) {
      symbols[n] = run < 11 ? 17 : 18;
      extras[n] = (uint8_t)(run < 11 ? run - 3 : run - 11);
    } else if (run >= 4) {
      /* Writes the length itself first; the repeat follows in the next iteration. */
      symbols[n] = lens[i];
      count[lens[i]]++;
      n++;
      i++;
      run = run - 1 < 6 ? run - 1 : 6;
      symbols[n] = 16;
      extras[n] = (uint8_t)(run - 3);
    } else {
      symbols[n] = lens[i];
      run = 1;
    }
    count[symbols[n]]++;
    n++;
    i += run;
  }
  code c;
  build_code(count, 19, 7, &c);
  while (sent > 4 && !c.len[order[sent - 1]]) sent--;
  put(w, (unsigned)(litlens - 257), 5);
  put(w, (unsigned)(dists - 1), 5);
  put(w, (unsigned)(sent - 4), 4);
  drain(w);
  for (int i = 0; i < sent; i++) {
    put(w, c.len[order[i]], 3);
    drain(w);
  }
  for (int i = 0; i < n; i++) {
    put(w, c.bits[symbols[i]], c.len[symbols[i]]);
    if (symbols[i] == 16)
      put(w, extras[i], 2);
    else if (symbols[i] == 17)
      put(w, extras[i], 3);
    else if (symbols[i] == 18)
      put(w, extras[i], 7);
    drain(w);
  }
}

static void put_block(coder *c) {
  code litlen, dist;
  writer w = c->w;
  c->litlen_count[END_OF_BLOCK]++;
  build_code(c->litlen_count, LITLEN_CODES, BITS_MAX, &litlen);
  build_code(c->dist_count, DIST_CODES, BITS_MAX, &dist);
  put(&w, 0, 1); /* not the last block */
  put(&w, 2, 2); /* own Huffman codes */
  put_code_lengths(&w, &litlen, &dist);
  for (size_t i = 0; i < c->n;) {
    unsigned t = c->tokens[i++];
    if (!(t & MATCH)) {
      put(&w, litlen.bits[t], litlen.len[t]);
      /* Three codes of 15 bits fit between two drains. */
      for (int more = 0; more < 2 && i < c->n && !(c->tokens[i] & MATCH); more++, i++)
        put(&w, litlen.bits[c->tokens[i]], litlen.len[c->tokens[i]]);
    } else {
      unsigned len = t & 511;
      const distance *d = &c->dist[t >> 9 & 1];
      put(&w, litlen.bits[c->length_symbol[len]], litlen.len[c->length_symbol[len]]);
      put(&w, c->length_extra[len], c->length_extra_bits[len]);
      put(&w, dist.bits[d->symbol], dist.len[d->symbol]);
      put(&w, d->extra, d->extra_bits);
    }
    drain(&w);
  }
  put(&w, litlen.bits[END_OF_BLOCK], litlen.len[END_OF_BLOCK]);
  drain(&w);
  c->w = w;
  c->n = 0;
  memset(c->litlen_count, 0, sizeof c->litlen_count);
  memset(c->dist_count, 0, sizeof c->dist_count);
}

/* ---- matches -------------------------------------------------------------------------------- */

static inline uint64_t load64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Counts the bytes from p, up to end, that equal the bytes `back` before them. */
static size_t match_length(const uint8_t *p, size_t back, const uint8_t *end) {
  const uint8_t *q = p;
  for (; end - q >= 8; q += 8) {
    uint64_t differ = load64(q) ^ load64(q - back);
    if (differ) return (size_t)(q - p) + (size_t)__builtin_ctzll(differ) / 8; /* little-endian */
  }
  while (q < end && *q == q[-(ptrdiff_t)back]) q++;
  return (size_t)(q - p);
}

static inline void add_literal(coder *c, uint8_t v) {
  c->tokens[c->n++] = v;
  c->litlen_count[v]++;
  if (c->n >= BLOCK_TOKENS) put_block(c);
}

static void add_match(coder *c, const uint8_t *p, size_t len, int which) {
  while (len >= 3) {
    size_t part = len < MATCH_MAX ? len : MATCH_MAX;
    c->tokens[c->n++] = (uint16_t)(MATCH | (unsigned)which << 9 | part);
    c->litlen_count[c->length_symbol[part]]++;
    c->dist_count[c->dist[which].symbol]++;
    p += part;
    len -= part;
    if (c->n >= BLOCK_TOKENS) put_block(c);
  }
  for (size_t i = 0; i < len; i++) add_literal(c, p[i]);
}

static void add_bytes(coder *c, const uint8_t *p, const uint8_t *end) {
  const size_t unit = c->unit, row = c->dist[1].bytes;
  while (end - p >= 8) {
    uint64_t here = load64(p);
    size_t back = (size_t)(p - c->start), run = 0, above = 0;
    if (back >= unit && here == load64(p - unit)) run = match_length(p, unit, end);
    /* A long run is good enough. After a short run, a match in the row above may be longer. */
    if (run < 64 && row && back >= row && here == load64(p - row)) above = match_length(p, row, end);
    size_t len = run >= above ? run : above;
    len -= len % unit;
    if (len) {
      add_match(c, p, len, run >= above ? 0 : 1);
      p += len;
    } else {
      for (size_t i = 0; i < unit; i++) add_literal(c, p[i]);
      p += unit;
    }
  }
  while (p < end) add_literal(c, *p++);
}

/* ---- chunks --------------------------------------------------------------------------------- */

typedef struct piece {
  uint8_t *bytes;
  size_t len;
  uint32_t crc;
} piece;

typedef struct job {
  const uint8_t *bytes;
  size_t len, unit, row;
  piece *pieces;
} job;

/* Writes stored blocks of at most 65535 bytes, for data that do not shrink. */
static size_t store_chunk(const uint8_t *from, size_t n, uint8_t *to) {
  uint8_t *at = to;
  while (n) {
    uint16_t part = n < 65535 ? (uint16_t)n : 65535, inverse = (uint16_t)~part;
    *at++ = 0;
    memcpy(at, &part, 2);
    memcpy(at + 2, &inverse, 2);
    memcpy(at + 4, from, part);
    at += 4 + part;
    from += part;
    n -= part;
  }
  return (size_t)(at - to);
}

static vg_status code_chunk(void *arg, size_t index) {
  const job *j = arg;
  piece *out = &j->pieces[index];
  const uint8_t *from = j->bytes + index * CHUNK;
  size_t n = j->len - index * CHUNK < CHUNK ? j->len - index * CHUNK : CHUNK;
  /* No code exceeds 15 bits a byte, nor a block's header 400 bytes. */
  size_t bound = 2 * n + (n / BLOCK_TOKENS + 1) * 400 + 64;
  coder *c = VG_NEW(coder);
  uint8_t *buf = vg_malloc(bound, 1);
  vg_status st = VG_OK;
  if (!c || !buf) {
    st = VG_MEMORY;
    goto out;
  }
  c->start = j->bytes;
  c->unit = j->unit;
  c->dist[0] = make_distance(j->unit);
  if (j->row > j->unit && j->row <= WINDOW) c->dist[1] = make_distance(j->row);
  make_length_table(c);
  c->w.at = buf;
  add_bytes(c, from, from + n);
  if (c->n) put_block(c);
  put(&c->w, 0, 3); /* an empty stored block */
  align(&c->w);
  put(&c->w, 0xffff0000u, 32);
  drain(&c->w);
  out->len = (size_t)(c->w.at - buf);
  if (out->len > n + n / 8192) out->len = store_chunk(from, n, buf);
  out->crc = libdeflate_crc32(0, from, n);
  out->bytes = vg_malloc(out->len, 1);
  if (!out->bytes)
    st = VG_MEMORY;
  else
    memcpy(out->bytes, buf, out->len);
out:
  vg_free(buf);
  vg_free(c);
  return st;
}

vg_status vg_gzip_runs(const void *bytes, size_t len, size_t unit, size_t row, void **out, size_t *out_len) {
  static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}; /* no name, no time, no system */
  static const uint8_t last[5] = {1, 0, 0, 0xff, 0xff};                   /* an empty block, the final one */
  size_t n = (len + CHUNK - 1) / CHUNK, total = sizeof head + sizeof last + 8;
  uint8_t *file = NULL;
  job j = {bytes, len, unit, row, VG_NEW_N(piece, n)};
  if (!j.pieces) return VG_MEMORY;
  vg_status st = vg_parallel(n, code_chunk, &j);
  if (st) goto out;
  for (size_t i = 0; i < n; i++) total += j.pieces[i].len;
  file = vg_malloc(total, 1);
  if (!file) {
    st = VG_MEMORY;
    goto out;
  }
  uint8_t *at = file;
  uint32_t crc = 0, size = (uint32_t)len;
  memcpy(at, head, sizeof head);
  at += sizeof head;
  for (size_t i = 0; i < n; i++) {
    size_t part = i + 1 < n ? CHUNK : len - i * CHUNK;
    memcpy(at, j.pieces[i].bytes, j.pieces[i].len);
    at += j.pieces[i].len;
    crc = (uint32_t)crc32_combine(crc, j.pieces[i].crc, (z_off_t)part);
  }
  memcpy(at, last, sizeof last);
  memcpy(at + sizeof last, &crc, 4);
  memcpy(at + sizeof last + 4, &size, 4);
  *out = file;
  *out_len = total;
out:
  for (size_t i = 0; i < n; i++) vg_free(j.pieces[i].bytes);
  vg_free(j.pieces);
  return st;
}
