// im2col.cpp: see im2col.hpp.
//
// The voxels that the few positions see are copied to a matrix (columns: channel and tap, by position), which
// costs next to nothing. The weights (k, columns) are read once, in the order of memory:
//
//   forward:          y (k, positions) = weights (k, columns) . columns (columns, positions)
//   data gradient:    seen (positions, columns) = dy (positions, k) . weights (k, columns),
//                     whose elements are then added to the voxels that they belong to
//   weight gradient:  dw (k, columns) = dy (k, positions) . columns (positions, columns)
//
// Vectors computes the products in fp32, Tiles in bf16.
#include "tensor/conv/im2col.hpp"
#include "tensor/conv/elements.hpp"
#include "tensor/conv/parallel.hpp"
#include <vector>

namespace voxgan {
namespace {

constexpr int64_t MOST_POSITIONS = 64;     // four tiles of sums
constexpr int64_t LEAST_WEIGHTS = 1 << 17; // fewer stay in the caches
constexpr int64_t GROUP = 4;               // channels of a data gradient that are computed at once

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

// Vectors and Tiles multiply a left matrix (row, depth) by a right one (depth, column). Each has its own
// order of elements, given by left_at and right_at. A product takes ROWS rows of the weights, or `width`
// columns.

// fp32. The left matrix is stored row by row, the right one in blocks of LANES columns.
struct Vectors {
  typedef Full Type;
  static int64_t padded(int64_t depth) { return depth; }
  static int64_t left_at(int64_t row, int64_t depth, int64_t depths) { return row * depths + depth; }
  static int64_t right_at(int64_t depth, int64_t column, int64_t depths) {
    return (column / LANES * depths + depth) * LANES + column % LANES;
  }

  static void by_rows(const float *w, int64_t depths, const float *right, int64_t blocks, float *sums) {
    constexpr int64_t SLICE = 512; // depths of ROWS rows that stay in the first-level cache
    MatrixArgs a;
    a.left_row = depths;
    a.right_step = LANES;
    a.sums_row = blocks * LANES;
    a.rows = ROWS;
    for (int64_t depth = 0; depth < depths; depth += SLICE) {
      a.left = w + depth;
      a.steps = std::min(SLICE, depths - depth);
      a.first = depth == 0;
      for (int64_t block = 0; block < blocks; block++) {
        a.right = right + (block * depths + depth) * LANES;
        a.sums = sums + block * LANES;
        kernels_here().product(a);
      }
    }
  }

  static void by_columns(const float *w, int64_t pitch, int64_t width, const float *left, int64_t rows,
                         int64_t depths, float *sums) {
    // A column of weights would map all its rows to one set of the cache.
    float *const blocks = thread_weights.take(width * depths);
    for (int64_t depth = 0; depth < depths; depth++)
      for (int64_t column = 0; column < width; column += LANES)
        std::memcpy(blocks + column * depths + depth * LANES, w + depth * pitch + column,
                    LANES * sizeof *blocks);
    multiply(left, rows, blocks, width, depths, sums);
  }

  static void to_rows(const float *left, const float *right, int64_t columns, int64_t depths, float *dw) {
    multiply(left, ROWS, right, columns, depths, dw);
  }

private:
  static void multiply(const float *left, int64_t rows, const float *right, int64_t columns, int64_t depths,
                       float *product) {
    MatrixArgs a;
    a.left = left;
    a.left_row = depths;
    a.right_step = LANES;
    a.sums_row = columns;
    a.rows = rows;
    a.steps = depths;
    a.first = true;
    for (int64_t column = 0; column < columns; column += LANES) {
      a.right = right + column * depths;
      a.sums = product + column;
      kernels_here().product(a);
    }
  }
};

// bf16 on AMX. The matrices are stored as tiles [block][step]; a step is DEPTH terms of the sum. A left tile
// is 16 rows of DEPTH elements, a right one DEPTH rows of 16, with pairs of rows interleaved. Weights are
// rounded to bf16 as they are copied.
struct Tiles {
  typedef Half Type;
  static constexpr int64_t HALF_TILE = ROWS * DEPTH; // elements
  static int64_t padded(int64_t depth) { return ceil_div(depth, DEPTH) * DEPTH; }
  static int64_t left_at(int64_t row, int64_t depth, int64_t depths) {
    return (row / ROWS * depths + depth / DEPTH * DEPTH) * ROWS + row % ROWS * DEPTH + depth % DEPTH;
  }
  static int64_t right_at(int64_t depth, int64_t column, int64_t depths) {
    return (column / LANES * depths + depth / DEPTH * DEPTH) * LANES + depth % DEPTH / 2 * DEPTH +
           column % LANES * 2 + depth % 2;
  }

  static void by_rows(const float *w, int64_t depths, const uint16_t *right, int64_t blocks, float *sums) {
    const TileKernels &tiles = *tile_kernels_here();
    constexpr int64_t SLICE = 32; // steps of weights that stay in the first-level cache
    const int64_t steps = depths / DEPTH;
    auto *const rows = thread_weights.take<uint16_t>(SLICE * HALF_TILE);
    ProductArgs a = {};
    a.one = rows;
    a.many_block = steps * HALF_TILE;
    a.n_many = blocks;
    a.sums = sums;
    a.sums_row = blocks * LANES;
    a.sums_block = LANES;
    const OpenTiles open(tiles);
    for (int64_t step = 0; step < steps; step += SLICE) {
      a.n_steps = std::min(SLICE, steps - step);
      a.many = right + step * HALF_TILE;
      a.first = step == 0;
      tiles.round_left(w + step * DEPTH, depths, a.n_steps, rows);
      tiles.by_right(a);
    }
  }

  static void by_columns(const float *w, int64_t pitch, int64_t width, const uint16_t *left, int64_t rows,
                         int64_t depths, float *sums) {
    const TileKernels &tiles = *tile_kernels_here();
    const int64_t steps = depths / DEPTH, blocks = width / LANES;
    auto *const pairs = thread_weights.take<uint16_t>(blocks * steps * HALF_TILE);
    tiles.round_right(w, pitch, blocks, steps, pairs);
    ProductArgs a = {};
    a.many = left;
    a.many_block = steps * HALF_TILE;
    a.n_many = ceil_div(rows, ROWS);
    a.n_steps = steps;
    a.sums_row = width;
    a.sums_block = ROWS * width;
    a.first = true;
    const OpenTiles open(tiles);
    for (int64_t block = 0; block < blocks; block++) {
      a.one = pairs + block * steps * HALF_TILE;
      a.sums = sums + block * LANES;
      tiles.by_left(a);
    }
  }

  static void to_rows(const uint16_t *left, const uint16_t *right, int64_t columns, int64_t depths,
                      float *dw) {
    const TileKernels &tiles = *tile_kernels_here();
    const int64_t steps = depths / DEPTH;
    ProductArgs a = {};
    a.one = left;
    a.many_block = steps * HALF_TILE;
    a.n_many = 4; // columns are a multiple of as many blocks
    a.n_steps = steps;
    a.sums_row = columns;
    a.sums_block = LANES;
    a.first = true;
    const OpenTiles open(tiles);
    for (int64_t column = 0; column < columns; column += a.n_many * LANES) {
      a.many = right + column * depths;
      a.sums = dw + column;
      tiles.by_right(a);
    }
  }
};

// Calls put(column, position, value) for all voxels that the positions see.
template <class E, class F>
void unroll(const ConvShape &s, const Shape &f, const Planes &x, int threads, const F &put) {
  parallel_items(s.c, s.c * f.taps * f.positions < SMALL ? 1 : threads, [&](int64_t c) {
    for (int64_t n = 0; n < s.n; n++) {
      const auto *const plane = plane_of<E>(x, n, c, f.in);
      for (int64_t t = 0; t < f.taps; t++)
        for (int64_t o = 0; o < f.out; o++) {
          const int32_t voxel = f.seen[static_cast<size_t>(t * f.out + o)];
          put(c * f.taps + t, n * f.out + o, voxel < 0 ? typename E::element{0} : plane[voxel]);
        }
    }
  });
}

// Calls put(channel k, position, value) for all elements of dy.
template <class E, class F>
void each_gradient(const ConvShape &s, const Shape &f, const Planes &dy, const F &put) {
  for (int64_t n = 0; n < s.n; n++)
    for (int64_t k = 0; k < s.k; k++) {
      const auto *const plane = plane_of<E>(dy, n, k, f.out);
      for (int64_t o = 0; o < f.out; o++) put(k, n * f.out + o, plane[o]);
    }
}

template <class M>
void forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
             int threads) {
  typedef typename M::Type E;
  typedef typename E::element element;
  const Shape f(s);
  const int64_t width = f.blocks * LANES;
  Buffer unrolled;
  auto *const columns = unrolled.take<element>(f.columns * width);
  if (f.positions < width) std::fill_n(columns, f.columns * width, element{0});
  unroll<E>(s, f, x, threads, [&](int64_t column, int64_t position, element value) {
    columns[M::right_at(column, position, f.columns)] = value;
  });
  parallel_items(s.k / ROWS, threads, [&](int64_t item) {
    float *const sums = thread_sums.take(ROWS * width);
    M::by_rows(w + item * ROWS * f.columns, f.columns, columns, f.blocks, sums);
    for (int64_t k = 0; k < ROWS; k++)
      for (int64_t n = 0; n < s.n; n++)
        if (element *const plane = plane_of<E>(y, n, item * ROWS + k, f.out))
          E::row(sums + k * width + n * f.out, b ? b[item * ROWS + k] : 0, plane, f.out);
  });
}

template <class M>
void backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b, const Planes &dx,
                   int threads) {
  typedef typename M::Type E;
  typedef typename E::element element;
  const Shape f(s);
  const int64_t width = GROUP * f.taps, rows = f.blocks * ROWS;
  Buffer turned;
  auto *const given = turned.take<element>(rows * s.k);
  if (f.positions < rows) std::fill_n(given, rows * s.k, element{0});
  each_gradient<E>(s, f, dy, [&](int64_t k, int64_t position, element value) {
    given[M::left_at(position, k, s.k)] = value;
  });
  parallel_items(s.c / GROUP, threads, [&](int64_t item) {
    bool wanted = false;
    for (int64_t c = 0; c < GROUP; c++) wanted = wanted || plane_of<E>(dx, 0, item * GROUP + c, f.in);
    if (!wanted) return;
    float *const sums = thread_sums.take(rows * width), *const added = thread_added.take(f.in);
    M::by_columns(w + item * width, f.columns, width, given, f.positions, s.k, sums);
    for (int64_t c = 0; c < GROUP; c++)
      for (int64_t n = 0; n < s.n; n++) {
        element *const plane = plane_of<E>(dx, n, item * GROUP + c, f.in);
        if (!plane) continue;
        std::fill_n(added, f.in, 0.f);
        for (int64_t o = 0; o < f.out; o++) {
          const float *const of = sums + (n * f.out + o) * width + c * f.taps;
          for (int64_t t = 0; t < f.taps; t++) {
            const int32_t voxel = f.seen[static_cast<size_t>(t * f.out + o)];
            if (voxel >= 0) added[voxel] += of[t];
          }
        }
        E::row(added, b ? b[item * GROUP + c] : 0, plane, f.in);
      }
  });
}

template <class M>
void backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  typedef typename M::Type E;
  typedef typename E::element element;
  const Shape f(s);
  const int64_t depths = M::padded(f.positions);
  Buffer unrolled, turned;
  auto *const columns = unrolled.take<element>(f.columns * depths);
  auto *const given = turned.take<element>(s.k * depths);
  if (f.positions < depths) {
    std::fill_n(columns, f.columns * depths, element{0});
    std::fill_n(given, s.k * depths, element{0});
  }
  unroll<E>(s, f, x, threads, [&](int64_t column, int64_t position, element value) {
    columns[M::right_at(position, column, depths)] = value;
  });
  each_gradient<E>(s, f, dy, [&](int64_t k, int64_t position, element value) {
    given[M::left_at(k, position, depths)] = value;
  });
  parallel_items(s.k / ROWS, threads, [&](int64_t item) {
    M::to_rows(given + item * ROWS * depths, columns, f.columns, depths, dw + item * ROWS * f.columns);
  });
}

} // namespace

bool im2col_takes(const ConvShape &s, bool half) {
  const int64_t taps = volume_of(s.kernel);
  return (!half || tile_kernels_here()) && s.n * volume_of(s.out) <= MOST_POSITIONS &&
         s.c * taps % (4 * LANES) == 0 && GROUP * taps % LANES == 0 && s.c % GROUP == 0 && s.k % DEPTH == 0 &&
         s.k * s.c * taps >= LEAST_WEIGHTS;
}

void im2col_forward(const ConvShape &s, const Planes &x, const float *w, const float *b, const Planes &y,
                    int threads) {
  (x.half ? forward<Tiles> : forward<Vectors>)(s, x, w, b, y, threads);
}

void im2col_backward_data(const ConvShape &s, const Planes &dy, const float *w, const float *b,
                          const Planes &dx, int threads) {
  (dy.half ? backward_data<Tiles> : backward_data<Vectors>)(s, dy, w, b, dx, threads);
}

void im2col_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  (x.half ? backward_weight<Tiles> : backward_weight<Vectors>)(s, x, dy, dw, threads);
}

} // namespace voxgan
