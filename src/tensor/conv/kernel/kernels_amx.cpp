// kernels_amx.cpp: see TileKernels in conv_kernels.hpp. The whole file is compiled for AMX, and so
// includes nothing whose functions other files might share.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#pragma GCC target("amx-tile,amx-bf16")
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" // of its own header, GCC 12 says
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tensor/conv/kernel/conv_kernels.hpp"

namespace voxgan {
namespace {

#define UNROLL _Pragma("GCC unroll 64")
#define ALWAYS_INLINE inline __attribute__((always_inline))

// The intrinsics do not tell the compiler what memory they read.
ALWAYS_INLINE void memory_is_read() {
  __asm__ volatile("" ::: "memory");
}

void open() {
  struct alignas(64) Config {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  };
  static const Config config = {1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
  _tile_loadconfig(&config);
}

void close() {
  _tile_release();
}

// Tiles 0 to 3 are sums, [block][vector]; 4 and 5 hold rows, 6 and 7 the columns. The numbers of tiles are
// part of the instructions, so loops over them are written out.
#define SUMS_ROW (LANES * 4)
#define SUMS_BEGIN(first, at)                      \
  if (first) {                                     \
    _tile_zero(0);                                 \
    _tile_zero(1);                                 \
    _tile_zero(2);                                 \
    _tile_zero(3);                                 \
  } else {                                         \
    _tile_loadd(0, at(0), SUMS_ROW);               \
    if (SUMS > 1) _tile_loadd(1, at(1), SUMS_ROW); \
    if (SUMS > 2) _tile_loadd(2, at(2), SUMS_ROW); \
    if (SUMS > 2) _tile_loadd(3, at(3), SUMS_ROW); \
  }
#define SUMS_END(at)                              \
  _tile_stored(0, at(0), SUMS_ROW);               \
  if (SUMS > 1) _tile_stored(1, at(1), SUMS_ROW); \
  if (SUMS > 2) _tile_stored(2, at(2), SUMS_ROW); \
  if (SUMS > 2) _tile_stored(3, at(3), SUMS_ROW);
// One step of R tiles of rows by V of lanes: row(i) and its pitch, lane(v).
#define STEP(row, pitch, lane)            \
  _tile_loadd(6, lane(0), 64);            \
  if (V > 1) _tile_loadd(7, lane(1), 64); \
  _tile_loadd(4, row(0), pitch);          \
  _tile_dpbf16ps(0, 4, 6);                \
  if (V > 1) _tile_dpbf16ps(1, 4, 7);     \
  if (R > 1) {                            \
    _tile_loadd(5, row(1), pitch);        \
    if (V > 1) {                          \
      _tile_dpbf16ps(2, 5, 6);            \
      _tile_dpbf16ps(3, 5, 7);            \
    } else {                              \
      _tile_dpbf16ps(1, 5, 6);            \
    }                                     \
  }                                       \
  if (R > 2) {                            \
    _tile_loadd(4, row(2), pitch);        \
    _tile_dpbf16ps(2, 4, 6);              \
    _tile_loadd(5, row(3), pitch);        \
    _tile_dpbf16ps(3, 5, 6);              \
  }

// R blocks of positions by V vectors.
template <int R, int V> ALWAYS_INLINE void position_blocks(const PositionArgs &a, int64_t block) {
  constexpr int SUMS = R * V;
  const uint16_t *const x = a.x + block * ROWS * a.x_step;
  float *const sums = a.sums + block * TILE;
  const int64_t pitch = a.x_step * 2, next = a.x_step * ROWS, vector = a.sums_vector;
#define AT(i) (sums + (i) / V * TILE + (i) % V * vector)
  SUMS_BEGIN(a.first, AT)
  for (const PositionStep *s = a.steps, *end = s + a.n_steps; s < end; s++) {
    const uint16_t *const from = x + s->x;
    const float *const w = a.w + s->w;
#define POSITIONS(i) (from + (i)*next)
#define WEIGHTS(v) (w + (v)*TILE)
    STEP(POSITIONS, pitch, WEIGHTS)
  }
  SUMS_END(AT)
#undef AT
}

template <int V> void positions(const PositionArgs &a) {
  memory_is_read();
  int64_t block = 0;
  for (; V == 1 && block + 4 <= a.blocks; block += 4) position_blocks<V == 1 ? 4 : 2, V>(a, block);
  for (; block + 2 <= a.blocks; block += 2) position_blocks<2, V>(a, block);
  if (block < a.blocks) position_blocks<1, V>(a, block);
  memory_is_read();
}

template <int R, int V> ALWAYS_INLINE void voxel_tiles(const VoxelArgs &a, int64_t tile) {
  constexpr int SUMS = R * V;
  float *const sums = a.sums + tile * TILE;
  const int64_t pitch = a.x_row * 2, vector = a.sums_vector, g_vector = a.g_vector;
  const uint16_t *const row0 = a.x + a.tiles[tile], *const row1 = a.x + a.tiles[tile + (R > 1)],
                        *const row2 = a.x + a.tiles[tile + (R > 2 ? 2 : 0)],
                        *const row3 = a.x + a.tiles[tile + (R > 2 ? 3 : 0)];
#define AT(i) (sums + (i) / V * TILE + (i) % V * vector)
  SUMS_BEGIN(a.first, AT)
  for (int64_t r = 0; r < a.n_runs; r++) {
    int64_t at = a.x_runs[r];
    const float *g = a.g + a.g_runs[r];
    for (int64_t i = 0; i < a.depth; i++, at += DEPTH, g += TILE) {
#define VOXELS(i) (row##i + at)
#define GRADIENTS(v) (g + (v)*g_vector)
      STEP(VOXELS, pitch, GRADIENTS)
    }
  }
  SUMS_END(AT)
#undef AT
}

template <int V> void voxels(const VoxelArgs &a) {
  memory_is_read();
  int64_t tile = 0;
  for (; V == 1 && tile + 4 <= a.n_tiles; tile += 4) voxel_tiles<V == 1 ? 4 : 2, V>(a, tile);
  for (; tile + 2 <= a.n_tiles; tile += 2) voxel_tiles<2, V>(a, tile);
  if (tile < a.n_tiles) voxel_tiles<1, V>(a, tile);
  memory_is_read();
}

// Eight channels of 32 positions at a time: a quarter of a register becomes the eight channels of a position.
void channels_last(const uint16_t *const *channels, int64_t groups, int64_t from, int64_t n, uint16_t *dst,
                   int64_t pitch) {
  for (int64_t i = 0; i < n; i += 32) {
    const __mmask32 here = n - i >= 32 ? 0xffffffffu : (1u << (n - i)) - 1;
    for (int64_t g = 0; g < groups; g++) {
      const uint16_t *const *const src = channels + 8 * g;
      __m512i c[8], t[8];
      UNROLL for (int k = 0; k < 8; k++) c[k] =
          src[k] ? _mm512_maskz_loadu_epi16(here, src[k] + from + i) : _mm512_setzero_si512();
      // pairs of channels: t[0..3] of positions 8 l to 8 l + 3, t[4..7] of those to 8 l + 7, l being the
      // quarter
      UNROLL for (int k = 0; k < 4; k++) {
        t[k] = _mm512_unpacklo_epi16(c[2 * k], c[2 * k + 1]);
        t[4 + k] = _mm512_unpackhi_epi16(c[2 * k], c[2 * k + 1]);
      }
      UNROLL for (int k = 0; k < 8; k += 2) {
        c[k] = _mm512_unpacklo_epi32(t[k], t[k + 1]);
        c[k + 1] = _mm512_unpackhi_epi32(t[k], t[k + 1]);
      }
      UNROLL for (int k = 0; k < 8; k += 4) UNROLL for (int h = 0; h < 2; h++) {
        t[k + 2 * h] = _mm512_unpacklo_epi64(c[k + h], c[k + 2 + h]);
        t[k + 2 * h + 1] = _mm512_unpackhi_epi64(c[k + h], c[k + 2 + h]);
      }
      uint16_t *to = dst + i * pitch + 8 * g;
#define QUARTER(l)                                \
  UNROLL for (int k = 0; k < 8; k++, to += pitch) \
      _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm512_extracti32x4_epi32(t[k], l));
      QUARTER(0)
      if (n - i > 8) QUARTER(1)
      if (n - i > 16) QUARTER(2)
      if (n - i > 24) QUARTER(3)
#undef QUARTER
    }
  }
}

// Element i of the first register, then element i of the second.
alignas(64) const uint16_t interleaving[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                               8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};

void pair_weights(const float *const *even, const float *const *odd, float *const *dst, int64_t n) {
  const __m512i interleaved = _mm512_load_si512(interleaving);
  for (int64_t i = 0; i < n; i++) {
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(odd[i]), _mm512_loadu_ps(even[i]));
    _mm512_store_si512(dst[i], _mm512_permutexvar_epi16(interleaved, (__m512i)both));
  }
}

// Turns a block of LANES rows of LANES pairs.
ALWAYS_INLINE void turn_pairs(__m512i r[LANES]) {
  __m512i t[LANES];
  UNROLL for (int i = 0; i < LANES; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  UNROLL for (int i = 0; i < LANES; i += 4) UNROLL for (int h = 0; h < 2; h++) {
    r[i + 2 * h] = _mm512_unpacklo_epi64(t[i + h], t[i + 2 + h]);
    r[i + 2 * h + 1] = _mm512_unpackhi_epi64(t[i + h], t[i + 2 + h]);
  }
  // quarter q of r[4 g + j] holds rows 4 g to 4 g + 3 of column 4 q + j
  UNROLL for (int j = 0; j < 4; j++) {
    const __m512i even0 = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88),
                  even1 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88),
                  odd0 = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xdd),
                  odd1 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xdd);
    t[j] = _mm512_shuffle_i32x4(even0, even1, 0x88);
    t[4 + j] = _mm512_shuffle_i32x4(odd0, odd1, 0x88);
    t[8 + j] = _mm512_shuffle_i32x4(even0, even1, 0xdd);
    t[12 + j] = _mm512_shuffle_i32x4(odd0, odd1, 0xdd);
  }
  UNROLL for (int i = 0; i < LANES; i++) r[i] = t[i];
}

void write_lanes(const LaneRows &a, int64_t from, uint32_t which) {
  const __m512 bias = _mm512_loadu_ps(a.bias);
  const __m512i interleaved = _mm512_load_si512(interleaving), partner = _mm512_loadu_si512(a.partner);
  __m512i r[LANES];
  UNROLL for (int i = 0; i < LANES; i++) {
    const __m512 even = _mm512_add_ps(_mm512_load_ps(a.even + i * a.step), bias),
                 odd =
                     _mm512_add_ps(_mm512_permutexvar_ps(partner, _mm512_load_ps(a.odd + i * a.step)), bias);
    r[i] = _mm512_permutexvar_epi16(interleaved, (__m512i)_mm512_cvtne2ps_pbh(odd, even));
  }
  turn_pairs(r);
  UNROLL for (int l = 0; l < LANES; l++) if (a.to[l]) _mm512_mask_storeu_epi16(a.to[l] + from, which, r[l]);
}

// Splits voxels into even and odd index. Voxels before the row's first and after its last are zero.
void part_row(const uint16_t *src, int64_t n, int64_t before, int64_t pairs, uint16_t *even, uint16_t *odd) {
  for (int64_t i = 0; i < pairs; i += LANES) {
    const int64_t at = 2 * i - before, first = at < 0 ? -at : 0, left = n - at;
    const uint32_t here = (left >= 32  ? 0xffffffffu
                           : left <= 0 ? 0
                                       : (1u << left) - 1) &
                          (first ? ~0u << first : ~0u);
    const __mmask16 wanted = pairs - i >= LANES ? 0xffff : static_cast<__mmask16>((1u << (pairs - i)) - 1);
    const __m512i both = _mm512_maskz_loadu_epi16(here, src + at);
    _mm256_mask_storeu_epi16(even + i, wanted, _mm512_cvtepi32_epi16(both));
    _mm256_mask_storeu_epi16(odd + i, wanted, _mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
  }
}

#define MANY(i) (a.many + (i)*a.many_block + s * (ROWS * DEPTH))
#define AT(i) (a.sums + (i)*a.sums_block)
#define EACH_OF_MANY(f)   \
  f(0);                   \
  if (a.n_many > 1) f(1); \
  if (a.n_many > 2) f(2); \
  if (a.n_many > 3) f(3);
#define SUM_IS_ZERO(i) _tile_zero(i)
#define SUM_IS_READ(i) _tile_loadd(i, AT(i), a.sums_row * 4)
#define SUM_IS_WRITTEN(i) _tile_stored(i, AT(i), a.sums_row * 4)
#define PRODUCT(name, add)                            \
  void name(const ProductArgs &a) {                   \
    memory_is_read();                                 \
    if (a.first) {                                    \
      EACH_OF_MANY(SUM_IS_ZERO)                       \
    } else {                                          \
      EACH_OF_MANY(SUM_IS_READ)                       \
    }                                                 \
    for (int64_t s = 0; s < a.n_steps; s++) {         \
      _tile_loadd(4, a.one + s * (ROWS * DEPTH), 64); \
      EACH_OF_MANY(add)                               \
    }                                                 \
    EACH_OF_MANY(SUM_IS_WRITTEN)                      \
    memory_is_read();                                 \
  }
#define ADD_RIGHT(i)             \
  {                              \
    _tile_loadd(5, MANY(i), 64); \
    _tile_dpbf16ps(i, 4, 5);     \
  }
#define ADD_LEFT(i)              \
  {                              \
    _tile_loadd(5, MANY(i), 64); \
    _tile_dpbf16ps(i, 5, 4);     \
  }
PRODUCT(by_right, ADD_RIGHT)
PRODUCT(by_left, ADD_LEFT)

void round_left(const float *src, int64_t pitch, int64_t steps, uint16_t *dst) {
  for (int64_t r = 0; r < ROWS; r++)
    for (int64_t s = 0; s < steps; s++) {
      const float *const from = src + r * pitch + s * DEPTH;
      _mm512_storeu_si512(dst + (s * ROWS + r) * DEPTH,
                          (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + 16), _mm512_loadu_ps(from)));
    }
}

void round_right(const float *src, int64_t pitch, int64_t blocks, int64_t steps, uint16_t *dst) {
  const __m512i interleaved = _mm512_load_si512(interleaving);
  for (int64_t s = 0; s < steps; s++)
    for (int64_t i = 0; i < ROWS; i++) {
      const float *const from = src + (s * DEPTH + 2 * i) * pitch;
      for (int64_t b = 0; b < blocks; b++) {
        const __m512bh both =
            _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from + pitch + b * LANES), _mm512_loadu_ps(from + b * LANES));
        _mm512_storeu_si512(dst + ((b * steps + s) * ROWS + i) * DEPTH,
                            _mm512_permutexvar_epi16(interleaved, (__m512i)both));
      }
    }
}

const TileKernels kernels = {
    {positions<1>, positions<2>},
    {voxels<1>, voxels<2>},
    by_right,
    by_left,
    round_left,
    round_right,
    open,
    close,
    channels_last,
    pair_weights,
    write_lanes,
    part_row,
};

// Linux grants the tiles' state on request, once for a process.
bool granted() {
  constexpr long request = 0x1023, tile_data = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return !syscall(SYS_arch_prctl, request, tile_data);
}

} // namespace

const TileKernels *tile_kernels_here() {
  static const bool can = simd_level() == 3 && half_kernels_here() && granted();
  return can ? &kernels : nullptr;
}

} // namespace voxgan

#else
#include "tensor/conv/kernel/conv_kernels.hpp"

namespace voxgan {

const TileKernels *tile_kernels_here() {
  return nullptr;
}

} // namespace voxgan
#endif
