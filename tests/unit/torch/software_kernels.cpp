// software_kernels.cpp: the kernels of bf16 and of AMX's tiles in plain C++, in place of kernels_bf16.cpp and
// kernels_amx.cpp. A test linked with this file runs on any processor the code around those kernels: plans,
// patches, packed weights, and the addition of partial sums.
#include "software_kernels.hpp"
#include <cstring>
#include <new>

namespace voxgan {

SoftwareKernels software_kernels = SoftwareKernels::TILES;
std::atomic<int> tiles_opened{0}, tiles_closed{0}, throw_at{0};

uint16_t to_bf16(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float from_bf16(uint16_t v) {
  const uint32_t bits = static_cast<uint32_t>(v) << 16;
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

namespace {

// Throws where a kernel that needs memory would, for tests of what happens then.
void maybe_throw() {
  if (throw_at > 0 && --throw_at == 0) throw std::bad_alloc();
}

// The two bf16 that lie in the bytes of a float.
void pair_of(const float *at, float pair[2]) {
  uint16_t two[2];
  std::memcpy(two, at, sizeof two);
  pair[0] = from_bf16(two[0]);
  pair[1] = from_bf16(two[1]);
}

float product(const float *w, const uint16_t *x) {
  float pair[2];
  pair_of(w, pair);
  return pair[0] * from_bf16(x[0]) + pair[1] * from_bf16(x[1]);
}

// ---- HalfKernels ----

template <int S, int SHAPE> void lanes(const LaneArgs &a) {
  const TileShape &t = tile_shapes[SHAPE];
  const auto *const x = static_cast<const uint16_t *>(a.x);
  for (int64_t d = 0; d < t.q[0]; d++)
    for (int64_t h = 0; h < t.q[1]; h++)
      for (int64_t q = 0; q < t.q[2]; q++)
        for (int64_t v = 0; v < t.vectors; v++)
          for (int64_t l = 0; l < LANES; l++) {
            float *const sum = a.sums + (((d * t.q[1] + h) * t.q[2] + q) * t.vectors + v) * LANES + l;
            const float *w = a.w + v * a.w_vector + l;
            float total = a.first ? 0 : *sum;
            for (int64_t c = 0; c < a.channels; c++, w += a.w_channel)
              for (int64_t td = 0; td < a.taps[0]; td++, w += a.w_plane)
                for (int64_t th = 0; th < a.taps[1]; th++)
                  for (int64_t tw = 0; tw < a.taps[2]; tw++, w += LANES)
                    total += product(w, x + c * a.x_channel + td * a.x_plane + th * a.x_row + 2 * tw +
                                            d * a.q_plane + h * a.q_row + q * S);
            *sum = total;
          }
}

template <int S, int TH, int TW> void taps(const TapArgs &a) {
  for (int h = 0; h < TH; h++)
    for (int w = 0; w < TW; w++)
      for (int l = 0; l < LANES; l++) {
        float total = 0;
        for (int64_t qd = 0; qd < a.q[0]; qd++)
          for (int64_t qh = 0; qh < a.q[1]; qh++)
            for (int64_t q = 0; q < a.q[2]; q++)
              total += product(a.g + qd * a.g_plane + qh * a.g_row + q * LANES + l,
                               static_cast<const uint16_t *>(a.x) + qd * a.q_plane + qh * a.q_row + 2 * q +
                                   h * a.x_row + (S == 1 ? w : w / 2 + (w % 2 ? a.x_odd : 0)));
        a.sums[(h * TW + w) * LANES + l] += total;
      }
}

void copy(const uint16_t *src, int64_t src_pitch, uint16_t *dst, int64_t dst_pitch, int64_t n, int64_t rows) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < n; i++) dst[r * dst_pitch + i] = src[r * src_pitch + i];
}

void round(const float *a, float bias, uint16_t *dst, int64_t n) {
  for (int64_t i = 0; i < n; i++) dst[i] = to_bf16(a[i] + bias);
}

void round_pairs(const float *a, const float *b, float bias, uint16_t *dst, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    dst[2 * i] = to_bf16(a[i] + bias);
    dst[2 * i + 1] = to_bf16(b[i] + bias);
  }
}

void pair_rows(const float *even, const float *odd, float *dst) {
  uint16_t pairs[2 * LANES];
  for (int l = 0; l < LANES; l++) {
    pairs[2 * l] = to_bf16(even[l]);
    pairs[2 * l + 1] = to_bf16(odd[l]);
  }
  std::memcpy(dst, pairs, sizeof pairs);
}

void weights(const float *const *rows, int64_t n, float *dst) {
  for (int64_t i = 0; i < n; i++) pair_rows(rows[2 * i], rows[2 * i + 1], dst + i * LANES);
}

void by_parity(const uint16_t *src, uint16_t *even, uint16_t *odd, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    even[i] = src[2 * i];
    odd[i] = src[2 * i + 1];
  }
}

#define SHAPES(S)                                                                                           \
  {                                                                                                         \
    lanes<S, 0>, lanes<S, 1>, lanes<S, 2>, lanes<S, 3>, lanes<S, 4>, lanes<S, 5>, lanes<S, 6>, lanes<S, 7>, \
        lanes<S, 8>, lanes<S, 9>                                                                            \
  }
#define TAPS(S)                                                                                   \
  {                                                                                               \
    {taps<S, 1, 1>, taps<S, 1, 3>, taps<S, 1, 4>}, {taps<S, 3, 1>, taps<S, 3, 3>, taps<S, 3, 4>}, \
        {taps<S, 4, 1>, taps<S, 4, 3>, taps<S, 4, 4>},                                            \
  }
const HalfKernels half_kernels = {
    {SHAPES(1), SHAPES(2)}, {TAPS(1), TAPS(2)}, copy, round, round_pairs, weights, by_parity};

// ---- TileKernels ----

// sums (ROWS, LANES) += left (ROWS, DEPTH) . right (DEPTH, LANES); the left one's rows are `pitch` apart, and
// the right one's rows lie in pairs.
void add_tile(const uint16_t *left, int64_t pitch, const float *right, float *sums, int64_t sums_row) {
  for (int64_t r = 0; r < ROWS; r++)
    for (int64_t l = 0; l < LANES; l++)
      for (int64_t k = 0; k < DEPTH / 2; k++)
        sums[r * sums_row + l] += product(right + k * LANES + l, left + r * pitch + 2 * k);
}

void clear_tile(float *sums, int64_t sums_row) {
  for (int64_t r = 0; r < ROWS; r++) std::memset(sums + r * sums_row, 0, LANES * sizeof *sums);
}

template <int V> void positions(const PositionArgs &a) {
  maybe_throw();
  for (int64_t b = 0; b < a.blocks; b++)
    for (int64_t v = 0; v < V; v++) {
      float *const sums = a.sums + b * TILE + v * a.sums_vector;
      if (a.first) clear_tile(sums, LANES);
      for (int64_t s = 0; s < a.n_steps; s++)
        add_tile(a.x + b * ROWS * a.x_step + a.steps[s].x, a.x_step, a.w + a.steps[s].w + v * TILE, sums,
                 LANES);
    }
}

template <int V> void voxels(const VoxelArgs &a) {
  maybe_throw();
  for (int64_t t = 0; t < a.n_tiles; t++)
    for (int64_t v = 0; v < V; v++) {
      float *const sums = a.sums + t * TILE + v * a.sums_vector;
      if (a.first) clear_tile(sums, LANES);
      for (int64_t r = 0; r < a.n_runs; r++)
        for (int64_t i = 0; i < a.depth; i++)
          add_tile(a.x + a.tiles[t] + a.x_runs[r] + i * DEPTH, a.x_row,
                   a.g + v * a.g_vector + a.g_runs[r] + i * TILE, sums, LANES);
    }
}

void matrices(const ProductArgs &a, bool many_left) {
  maybe_throw();
  for (int64_t m = 0; m < a.n_many; m++) {
    float *const sums = a.sums + m * a.sums_block;
    if (a.first) clear_tile(sums, a.sums_row);
    for (int64_t s = 0; s < a.n_steps; s++) {
      const uint16_t *const one = a.one + s * ROWS * DEPTH, *const of_many =
                                                                a.many + m * a.many_block + s * ROWS * DEPTH;
      const uint16_t *const left = many_left ? of_many : one, *const right = many_left ? one : of_many;
      add_tile(left, DEPTH, reinterpret_cast<const float *>(right), sums, a.sums_row);
    }
  }
}

void by_right(const ProductArgs &a) {
  matrices(a, false);
}

void by_left(const ProductArgs &a) {
  matrices(a, true);
}

void round_left(const float *src, int64_t pitch, int64_t steps, uint16_t *dst) {
  for (int64_t s = 0; s < steps; s++)
    for (int64_t r = 0; r < ROWS; r++)
      for (int64_t k = 0; k < DEPTH; k++)
        dst[(s * ROWS + r) * DEPTH + k] = to_bf16(src[r * pitch + s * DEPTH + k]);
}

void round_right(const float *src, int64_t pitch, int64_t blocks, int64_t steps, uint16_t *dst) {
  for (int64_t b = 0; b < blocks; b++)
    for (int64_t s = 0; s < steps; s++)
      for (int64_t k = 0; k < DEPTH; k++)
        for (int64_t l = 0; l < LANES; l++)
          dst[((b * steps + s) * ROWS + k / 2) * DEPTH + 2 * l + k % 2] =
              to_bf16(src[(s * DEPTH + k) * pitch + b * LANES + l]);
}

void open() {
  tiles_opened++;
}

void close() {
  tiles_closed++;
}

// Writes a row's positions in whole eights, as the kernel of AVX-512 does.
void channels_last(const uint16_t *const *channels, int64_t groups, int64_t from, int64_t n, uint16_t *dst,
                   int64_t pitch) {
  for (int64_t i = 0; i < (n + 7) / 8 * 8; i++)
    for (int64_t c = 0; c < 8 * groups; c++)
      dst[i * pitch + c] = i < n && channels[c] ? channels[c][from + i] : uint16_t{0};
}

void pair_weights(const float *const *even, const float *const *odd, float *const *dst, int64_t n) {
  for (int64_t i = 0; i < n; i++) pair_rows(even[i], odd[i], dst[i]);
}

void write_lanes(const LaneRows &a, int64_t from, uint32_t wanted) {
  for (int l = 0; l < LANES; l++)
    for (int i = 0; a.to[l] && i < DEPTH; i++)
      if (wanted >> i & 1)
        a.to[l][from + i] =
            to_bf16((i % 2 ? a.odd[i / 2 * a.step + a.partner[l]] : a.even[i / 2 * a.step + l]) + a.bias[l]);
}

void part_row(const uint16_t *src, int64_t n, int64_t before, int64_t pairs, uint16_t *even, uint16_t *odd) {
  const auto voxel = [&](int64_t i) { return i >= 0 && i < n ? src[i] : uint16_t{0}; };
  for (int64_t i = 0; i < pairs; i++) {
    even[i] = voxel(2 * i - before);
    odd[i] = voxel(2 * i + 1 - before);
  }
}

const TileKernels tile_kernels = {{positions<1>, positions<2>},
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
                                  part_row};

} // namespace

const HalfKernels *half_kernels_here() {
  return software_kernels == SoftwareKernels::NONE ? nullptr : &half_kernels;
}

const TileKernels *tile_kernels_here() {
  return software_kernels == SoftwareKernels::TILES ? &tile_kernels : nullptr;
}

} // namespace voxgan
