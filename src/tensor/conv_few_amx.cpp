// conv_few_amx.cpp: see conv_few_amx.hpp.
//
// Where positions are few, what they see is unrolled (columns: channel and tap, by position), which costs
// next to nothing, and the weights (k, columns) are read once, as they lie in memory, and rounded on the way:
//
//   forward:          y (k, positions) = weights (k, columns) . columns (columns, positions)
//   data gradient:    seen (positions, columns) = dy (positions, k) . weights (k, columns),
//                     added up where it was seen
//   weight gradient:  dw (k, columns) = dy (k, positions) . columns (positions, columns)
//
// Matrices lie in tiles, [block][step], a step being DEPTH of what is summed: 16 rows of DEPTH on the left of
// a product; on the right DEPTH rows of 16, two of them interleaved.
#include "conv_few_amx.hpp"
#include "conv_parts.hpp"
#include <vector>

namespace voxgan {
namespace {

constexpr int64_t MOST_POSITIONS = 64;      // four tiles of sums
constexpr int64_t LEAST_WEIGHTS = 1 << 17;  // below it memory is not what is waited for
constexpr int64_t HALF_TILE = ROWS * DEPTH; // elements of bf16
constexpr int64_t GROUP = 4;                // channels of a data gradient that are made at once

thread_local Buffer thread_weights, thread_sums, thread_added;

struct Shape {
  int64_t in, out, taps, columns, positions;
  int64_t blocks;            // of 16 positions
  std::vector<int32_t> seen; // [tap][position of a sample]: voxel of the input, or -1
  explicit Shape(const ConvShape &s)
      : in(volume_of(s.in)), out(volume_of(s.out)), taps(volume_of(s.kernel)), columns(s.c * taps),
        positions(s.n * out), blocks(ceil_div(positions, ROWS)) {
    seen.reserve(static_cast<size_t>(taps * out));
    for (int64_t t = 0; t < taps; t++)
      for (int64_t o = 0; o < out; o++) {
        const int64_t tap[3] = {t / (s.kernel[1] * s.kernel[2]), t / s.kernel[2] % s.kernel[1],
                                t % s.kernel[2]},
                      at[3] = {o / (s.out[1] * s.out[2]), o / s.out[2] % s.out[1], o % s.out[2]};
        int64_t voxel = 0;
        for (int a = 0; a < 3; a++) {
          const int64_t i = at[a] * s.stride[a] + tap[a] - s.pad[a];
          voxel = voxel < 0 || i < 0 || i >= s.in[a] ? -1 : voxel * s.in[a] + i;
        }
        seen.push_back(static_cast<int32_t>(voxel));
      }
  }
};

// Where element (row, depth) of a left side lies, and (depth, column) of a right side.
int64_t left_at(int64_t row, int64_t depth, int64_t steps) {
  return ((row / ROWS * steps + depth / DEPTH) * ROWS + row % ROWS) * DEPTH + depth % DEPTH;
}
int64_t right_at(int64_t depth, int64_t column, int64_t steps) {
  return ((column / LANES * steps + depth / DEPTH) * ROWS + depth % DEPTH / 2) * DEPTH + column % LANES * 2 +
         depth % 2;
}

// put(column, position, value) of all that positions see.
template <class F>
void unroll(const ConvShape &s, const Shape &f, const Planes &x, int threads, const F &put) {
  parallel_items(s.c, s.c * f.taps * f.positions < SMALL ? 1 : threads, [&](int64_t c) {
    for (int64_t n = 0; n < s.n; n++) {
      const uint16_t *const plane = plane_of<Half>(x, n, c, f.in);
      for (int64_t t = 0; t < f.taps; t++)
        for (int64_t o = 0; o < f.out; o++) {
          const int32_t voxel = f.seen[static_cast<size_t>(t * f.out + o)];
          put(c * f.taps + t, n * f.out + o, voxel < 0 ? uint16_t{0} : plane[voxel]);
        }
    }
  });
}

// put(channel k, position, value) of all of dy.
template <class F> void each_gradient(const ConvShape &s, const Shape &f, const Planes &dy, const F &put) {
  for (int64_t n = 0; n < s.n; n++)
    for (int64_t k = 0; k < s.k; k++) {
      const uint16_t *const plane = plane_of<Half>(dy, n, k, f.out);
      for (int64_t o = 0; o < f.out; o++) put(k, n * f.out + o, plane[o]);
    }
}

} // namespace

bool few_takes(const ConvShape &s) {
  const int64_t taps = volume_of(s.kernel);
  return tile_kernels_here() && s.n * volume_of(s.out) <= MOST_POSITIONS && s.c * taps % (4 * LANES) == 0 &&
         GROUP * taps % LANES == 0 && s.c % GROUP == 0 && s.k % DEPTH == 0 &&
         s.k * s.c * taps >= LEAST_WEIGHTS;
}

void few_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                 int threads) {
  const TileKernels &tiles = *tile_kernels_here();
  const Shape f(s);
  const int64_t steps = f.columns / DEPTH, width = f.blocks * LANES;
  constexpr int64_t SLICE = 32; // steps of weights in the first-level cache
  Buffer unrolled;
  auto *const columns = unrolled.take<uint16_t>(f.blocks * steps * HALF_TILE);
  if (f.positions % LANES) std::fill_n(columns, f.blocks * steps * HALF_TILE, uint16_t{0});
  unroll(s, f, x, threads, [&](int64_t column, int64_t position, uint16_t value) {
    columns[right_at(column, position, steps)] = value;
  });
  parallel_items(s.k / ROWS, threads, [&](int64_t item) {
    auto *const rows = thread_weights.take<uint16_t>(SLICE * HALF_TILE);
    float *const sums = thread_sums.take(ROWS * width);
    ProductArgs a = {};
    a.one = rows;
    a.many_block = steps * HALF_TILE;
    a.n_many = f.blocks;
    a.sums = sums;
    a.sums_row = width;
    a.sums_block = LANES;
    tiles.open();
    for (int64_t step = 0; step < steps; step += SLICE) {
      a.n_steps = std::min(SLICE, steps - step);
      a.many = columns + step * HALF_TILE;
      a.first = step == 0;
      tiles.round_left(w + item * ROWS * f.columns + step * DEPTH, f.columns, a.n_steps, rows);
      tiles.by_right(a);
    }
    tiles.close();
    for (int64_t k = 0; k < ROWS; k++)
      for (int64_t n = 0; n < s.n; n++)
        Half::row(sums + k * width + n * f.out, b ? b[item * ROWS + k] : 0,
                  plane_of<Half>(y, n, item * ROWS + k, f.out), f.out);
  });
}

void few_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b, const Planes &dx,
                       int threads) {
  const TileKernels &tiles = *tile_kernels_here();
  const Shape f(s);
  const int64_t steps = s.k / DEPTH, width = GROUP * f.taps, blocks = width / LANES;
  Buffer turned;
  auto *const given = turned.take<uint16_t>(f.blocks * steps * HALF_TILE);
  if (f.positions % ROWS) std::fill_n(given, f.blocks * steps * HALF_TILE, uint16_t{0});
  each_gradient(s, f, dy, [&](int64_t k, int64_t position, uint16_t value) {
    given[left_at(position, k, steps)] = value;
  });
  parallel_items(s.c / GROUP, threads, [&](int64_t item) {
    bool wanted = false;
    for (int64_t c = 0; c < GROUP; c++) wanted = wanted || plane_of<Half>(dx, 0, item * GROUP + c, f.in);
    if (!wanted) return;
    auto *const pairs = thread_weights.take<uint16_t>(blocks * steps * HALF_TILE);
    float *const sums = thread_sums.take(f.blocks * ROWS * width), *const added = thread_added.take(f.in);
    tiles.round_right(w + item * width, f.columns, blocks, steps, pairs);
    ProductArgs a = {};
    a.many = given;
    a.many_block = steps * HALF_TILE;
    a.n_many = f.blocks;
    a.n_steps = steps;
    a.sums_row = width;
    a.sums_block = ROWS * width;
    a.first = true;
    tiles.open();
    for (int64_t block = 0; block < blocks; block++) {
      a.one = pairs + block * steps * HALF_TILE;
      a.sums = sums + block * LANES;
      tiles.by_left(a);
    }
    tiles.close();
    for (int64_t c = 0; c < GROUP; c++)
      for (int64_t n = 0; n < s.n; n++) {
        uint16_t *const plane = plane_of<Half>(dx, n, item * GROUP + c, f.in);
        if (!plane) continue;
        std::fill_n(added, f.in, 0.f);
        for (int64_t o = 0; o < f.out; o++) {
          const float *const of = sums + (n * f.out + o) * width + c * f.taps;
          for (int64_t t = 0; t < f.taps; t++) {
            const int32_t voxel = f.seen[static_cast<size_t>(t * f.out + o)];
            if (voxel >= 0) added[voxel] += of[t];
          }
        }
        Half::row(added, b ? b[item * GROUP + c] : 0, plane, f.in);
      }
  });
}

void few_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const TileKernels &tiles = *tile_kernels_here();
  const Shape f(s);
  const int64_t steps = ceil_div(f.positions, DEPTH), blocks = f.columns / LANES;
  Buffer unrolled, turned;
  auto *const columns = unrolled.take<uint16_t>(blocks * steps * HALF_TILE);
  auto *const given = turned.take<uint16_t>(s.k / ROWS * steps * HALF_TILE);
  std::fill_n(columns, blocks * steps * HALF_TILE, uint16_t{0});
  std::fill_n(given, s.k / ROWS * steps * HALF_TILE, uint16_t{0});
  unroll(s, f, x, threads, [&](int64_t column, int64_t position, uint16_t value) {
    columns[right_at(position, column, steps)] = value;
  });
  each_gradient(s, f, dy, [&](int64_t k, int64_t position, uint16_t value) {
    given[left_at(k, position, steps)] = value;
  });
  parallel_items(s.k / ROWS, threads, [&](int64_t item) {
    ProductArgs a = {};
    a.one = given + item * steps * HALF_TILE;
    a.many_block = steps * HALF_TILE;
    a.n_many = 4; // columns are a multiple of as many blocks
    a.n_steps = steps;
    a.sums_row = f.columns;
    a.sums_block = LANES;
    a.first = true;
    tiles.open();
    for (int64_t block = 0; block < blocks; block += a.n_many) {
      a.many = columns + block * steps * HALF_TILE;
      a.sums = dw + item * ROWS * f.columns + block * LANES;
      tiles.by_right(a);
    }
    tiles.close();
  });
}

} // namespace voxgan
