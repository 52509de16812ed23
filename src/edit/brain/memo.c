/* memo.c: stores frames and ventricles under a hash of the maps that they follow from. */
#include "edit/brain/memo.h"

#include <string.h>

#include "edit/brain/tissue.h"
#include "base/mem.h"
#include "base/pool.h"

#define CHUNK ((size_t)1 << 20) /* bytes hashed by one thread */

void vg_memo_release(vg_memo *memo) {
  vg_free(memo->ventricles);
  memset(memo, 0, sizeof *memo);
}

/* Each step is one to one in both arguments, and the rotation spreads every bit over the word. */
static inline uint64_t stir(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash << 29 | hash >> 35;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t n) {
  uint64_t lane[4] = {1, 2, 3, 4}, word[4];
  for (; n >= sizeof word; n -= sizeof word, bytes += sizeof word) {
    memcpy(word, bytes, sizeof word);
    for (int k = 0; k < 4; k++) lane[k] = stir(lane[k], word[k]);
  }
  memset(word, 0, sizeof word);
  memcpy(word, bytes, n);
  uint64_t hash = n;
  for (int k = 0; k < 4; k++) hash = stir(stir(hash, lane[k]), word[k]);
  return hash;
}

typedef struct hashing {
  const uint8_t *map;
  size_t n;
  uint64_t *hash; /* one a chunk */
} hashing;

static vg_status hash_chunk(void *arg, size_t i) {
  const hashing *h = arg;
  size_t from = i * CHUNK, n = h->n - from < CHUNK ? h->n - from : CHUNK;
  h->hash[i] = hash_bytes(h->map + from, n);
  return VG_OK;
}

/* Hashes 64 MiB at a time, so that a fixed array holds the hashes of the chunks. */
static uint64_t hash_map(uint64_t key, const uint8_t *map, size_t n) {
  uint64_t chunk_hash[64];
  for (size_t done = 0; done < n; done += 64 * CHUNK) {
    hashing span = {map + done, n - done < 64 * CHUNK ? n - done : 64 * CHUNK, chunk_hash};
    size_t chunks = (span.n + CHUNK - 1) / CHUNK;
    vg_parallel(chunks, hash_chunk, &span);
    for (size_t i = 0; i < chunks; i++) key = stir(key, chunk_hash[i]);
  }
  return key;
}

static uint64_t brain_key(const vg_maps *m) {
  uint64_t key = hash_bytes((const uint8_t *)&m->geo.affine, sizeof m->geo.affine);
  for (int a = 0; a < 3; a++) key = stir(key, (uint64_t)m->geo.dim[a]);
  return hash_map(key, m->brain, vg_geometry_voxels(&m->geo));
}

static uint64_t anatomy_key(const vg_maps *m) {
  uint64_t key = stir(brain_key(m), hash_bytes((const uint8_t *)m->classes.names, sizeof m->classes.names));
  return hash_map(key, m->anatomy, vg_geometry_voxels(&m->geo));
}

static void keep_frame(vg_memo *memo, uint64_t key, const vg_brain_frame *frame) {
  int at = memo->n_frames++ % VG_MEMO_FRAMES;
  memo->frames[at].key = key;
  memo->frames[at].frame = *frame;
}

static vg_status keep_ventricles(vg_memo *memo, uint64_t key, const uint8_t *mask, size_t n) {
  uint8_t *copy = vg_malloc(n, 1);
  if (!copy) return VG_MEMORY;
  memcpy(copy, mask, n);
  vg_free(memo->ventricles);
  memo->ventricles = copy;
  memo->voxels = n;
  memo->ventricles_key = key;
  return VG_OK;
}

vg_status vg_memo_learn(vg_memo *memo, const vg_memo *from) {
  for (int i = 0; i < from->n_frames && i < VG_MEMO_FRAMES; i++)
    keep_frame(memo, from->frames[i].key, &from->frames[i].frame);
  if (!from->ventricles) return VG_OK;
  return keep_ventricles(memo, from->ventricles_key, from->ventricles, from->voxels);
}

vg_status vg_memo_frame(vg_memo *memo, const vg_maps *maps, vg_brain_frame *out) {
  uint64_t key = memo ? brain_key(maps) : 0;
  for (int i = 0; memo && i < memo->n_frames && i < VG_MEMO_FRAMES; i++)
    if (memo->frames[i].key == key) {
      *out = memo->frames[i].frame;
      return VG_OK;
    }
  vg_status st = vg_frame_find(maps, out);
  if (!st && memo) keep_frame(memo, key, out);
  return st;
}

vg_status vg_memo_ventricles(vg_memo *memo, const vg_maps *maps, const vg_brain_frame *frame, uint8_t *mask) {
  size_t n = vg_geometry_voxels(&maps->geo);
  uint64_t key = memo ? anatomy_key(maps) : 0;
  if (memo && memo->ventricles && memo->ventricles_key == key) {
    memcpy(mask, memo->ventricles, n);
    return VG_OK;
  }
  vg_status st = vg_ventricles_find(maps, frame, mask);
  return st || !memo ? st : keep_ventricles(memo, key, mask, n);
}
