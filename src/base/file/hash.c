/* hash.c: SHA-256 of memory and files, and its HMAC. */
#include <sha2.h>
#include <string.h>
#include "base/fs.h"
#include "base/mem.h"

static void sha256(const vg_map *pieces, size_t n, uint8_t sum[SHA256_DIGEST_LENGTH]) {
  SHA2_CTX ctx;
  SHA256Init(&ctx);
  for (size_t i = 0; i < n; i++) SHA256Update(&ctx, pieces[i].bytes, pieces[i].len);
  SHA256Final(sum, &ctx);
}

static void to_hex(const uint8_t sum[SHA256_DIGEST_LENGTH], char hex[VG_HASH_LEN]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
    hex[2 * i] = digits[sum[i] >> 4];
    hex[2 * i + 1] = digits[sum[i] & 15];
  }
  hex[VG_HASH_LEN - 1] = '\0';
}

void vg_hash_pieces(const vg_map *pieces, size_t n, char hex[VG_HASH_LEN]) {
  uint8_t sum[SHA256_DIGEST_LENGTH];
  sha256(pieces, n, sum);
  to_hex(sum, hex);
}

void vg_hash(const void *bytes, size_t len, char hex[VG_HASH_LEN]) {
  vg_hash_pieces(&(vg_map){bytes, len}, 1, hex);
}

void vg_hmac(const void *key, size_t key_len, const void *bytes, size_t len, char hex[VG_HASH_LEN]) {
  uint8_t block[SHA256_BLOCK_LENGTH] = {0}, sum[SHA256_DIGEST_LENGTH];
  const vg_map inner[] = {{block, sizeof block}, {bytes, len}},
               outer[] = {{block, sizeof block}, {sum, sizeof sum}};
  if (key_len > sizeof block)
    sha256(&(vg_map){key, key_len}, 1, block);
  else
    memcpy(block, key, key_len);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36;
  sha256(inner, 2, sum);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36 ^ 0x5c;
  sha256(outer, 2, sum);
  to_hex(sum, hex);
  explicit_bzero(block, sizeof block);
}

/* One piece of a file at a time, so that a large file takes no memory. */
#define PIECE ((size_t)1 << 20)

vg_status vg_hash_file(const char *path, char hex[VG_HASH_LEN]) {
  uint8_t sum[SHA256_DIGEST_LENGTH];
  SHA2_CTX ctx;
  vg_file f;
  vg_status st = vg_file_open(path, &f);
  if (st) return st;
  uint8_t *piece = vg_malloc(f.size < PIECE ? (size_t)f.size : PIECE, 1);
  if (!piece) st = vg_fail_in(VG_MEMORY, "%s", path);
  SHA256Init(&ctx);
  for (uint64_t at = 0; !st && at < f.size;) {
    const size_t n = f.size - at < PIECE ? (size_t)(f.size - at) : PIECE;
    st = vg_file_read(&f, path, at, piece, n);
    if (!st) SHA256Update(&ctx, piece, n);
    at += n;
  }
  SHA256Final(sum, &ctx);
  if (!st) to_hex(sum, hex);
  vg_free(piece);
  vg_file_close(&f);
  return st;
}
