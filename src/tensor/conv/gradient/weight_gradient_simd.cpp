// weight_gradient_simd.cpp: the direct convolution's gradient of the weight on vectors, and the gradient of
// the bias.
#include "tensor/conv/patch.hpp"
#include "tensor/conv/gradient/weight_gradient.hpp"

namespace voxgan {

static constexpr int64_t TILE_POSITIONS = 512; // positions that one patch serves

namespace {

thread_local Buffer thread_halves, thread_sums;

// Turns dy into g [n][vector][cell][lane]; a cell is PAIR positions of a row.
template <class E>
void turn_lanes(const ConvShape &s, const Planes &dy, int64_t n_vectors, float *g, int threads) {
  const int64_t n_out = volume_of(s.out), wide = ceil_div(s.out[2], E::PAIR),
                cells = s.out[0] * s.out[1] * wide;
  const bool even = s.out[2] % E::PAIR == 0; // then rows follow each other without a gap
  constexpr int64_t TURN = 1024;
  const int64_t pieces = ceil_div(cells, TURN);
  const TurnKernel turn = kernels_here().turn;
  parallel_items(
      s.n * n_vectors * pieces, s.n * n_vectors * cells * LANES < SMALL ? 1 : threads, [&](int64_t i) {
        static const typename E::element zeros[LANES * E::PAIR] = {};
        const int64_t piece = i % pieces, v = i / pieces % n_vectors, n = i / pieces / n_vectors;
        const int64_t end = std::min(cells, (piece + 1) * TURN);
        float *const dst = g + (n * n_vectors + v) * cells * LANES;
        const typename E::element *src[LANES];
        for (int64_t l = 0; l < LANES; l++)
          src[l] = v * LANES + l < s.k ? plane_of<E>(dy, n, v * LANES + l, n_out) : nullptr;
        int64_t q = piece * TURN;
        for (; even && q + LANES <= end; q += LANES) {
          const float *rows[LANES];
          for (int l = 0; l < LANES; l++)
            rows[l] = reinterpret_cast<const float *>(src[l] ? src[l] + q * E::PAIR : zeros);
          turn(rows, dst + q * LANES, LANES);
        }
        for (; q < end; q++) {
          const int64_t w = q % wide * E::PAIR, at = q / wide * s.out[2] + w, n_here = s.out[2] - w;
          for (int64_t l = 0; l < LANES; l++) {
            typename E::element cell[E::PAIR] = {};
            for (int64_t e = 0; e < E::PAIR && e < n_here && src[l]; e++) cell[e] = src[l][at + e];
            std::memcpy(dst + q * LANES + l, cell, sizeof cell);
          }
        }
      });
}

// What the items of a call have in common. A cell is PAIR positions of a row.
template <class E> struct Work {
  TapKernel kernel;
  int64_t n_taps, n_vectors;
  int64_t wide, cells;       // cells of a row, and of a volume
  bool halves;               // the patch is split by parity along W
  int64_t m[3], tiles[2];    // positions of a tile; tiles along D and H
  Patch patch;               // without its origin
  int64_t q_row, row, plane; // pitches of the patch as the kernel reads it

  explicit Work(const ConvShape &s);
};

template <class E>
Work<E>::Work(const ConvShape &s)
    : n_taps(volume_of(s.kernel)), n_vectors(ceil_div(s.k, LANES)), wide(ceil_div(s.out[2], E::PAIR)),
      cells(s.out[0] * s.out[1] * wide), halves(E::PAIR > 1 && s.stride[2] == 2) {
  const auto class_of = [](int64_t kernel_size) { return kernel_size == 1 ? 0 : kernel_size == 3 ? 1 : 2; };
  kernel = E::taps(s.stride[2], class_of(s.kernel[1]), class_of(s.kernel[2]));
  m[0] = m[1] = 1;
  m[2] = wide * E::PAIR;
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(s.out[a], 2 * m[a]);
    if (m[0] * m[1] * m[2] > TILE_POSITIONS) m[a] = before;
  }
  for (int a = 0; a < 3; a++) {
    if (a < 2) tiles[a] = ceil_div(s.out[a], m[a]);
    patch.size[a] = (m[a] - 1) * s.stride[a] + s.kernel[a];
  }
  if (halves) patch.size[2] += patch.size[2] % 2;
  row = patch.row() / (halves ? 2 : 1);
  plane = patch.plane() / (halves ? 2 : 1);
  q_row = row * s.stride[1];
}

// Adds the positions of the tile at at[] of sample n to sums [vector v0 to v1][tap][lane] of input channel c.
// g is dy as [n][vector][cell][lane].
template <class E>
void sum_tile(const ConvShape &s, const Work<E> &k, const Planes &x, const float *g, int64_t n, int64_t c,
              const int64_t at[3], int64_t v0, int64_t v1, float *sums) {
  auto *const px = thread_patch.take<typename E::element>(k.patch.channel());
  auto *const by_parity = k.halves ? thread_halves.take<typename E::element>(k.patch.channel()) : px;
  Patch here = k.patch;
  for (int a = 0; a < 3; a++) here.origin[a] = at[a] * s.stride[a] - s.pad[a];
  patch_copy<E>(here, plane_of<E>(x, n, c, volume_of(s.in)), s.in, px);
  if (k.halves) E::part(px, by_parity, k.patch.channel() / 2);
  TapArgs args;
  args.q[1] = std::min(k.m[1], s.out[1] - at[1]);
  args.q[2] = k.wide;
  args.x_odd = k.patch.channel() / 2;
  args.x_row = k.row;
  args.q_plane = k.plane * s.stride[0];
  args.q_row = k.q_row;
  args.g_row = k.wide * LANES;
  args.g_plane = s.out[1] * args.g_row;
  for (int64_t v = v0; v < v1; v++) {
    const float *const g_tile =
        g + ((n * k.n_vectors + v) * k.cells + (at[0] * s.out[1] + at[1]) * k.wide) * LANES;
    for (int64_t td = 0; td < s.kernel[0]; td++) {
      const Range planes = positions_inside(s, 0, td, at[0], k.m[0]);
      args.q[0] = planes.to - planes.from;
      args.x = by_parity + td * k.plane + planes.from * args.q_plane;
      args.g = g_tile + planes.from * args.g_plane;
      args.sums = sums + ((v - v0) * k.n_taps + td * s.kernel[1] * s.kernel[2]) * LANES;
      k.kernel(args);
    }
  }
}

// Turns src [tap][lane], the sums of vector v and input channel c, into dw (k, c, kd, kh, kw).
void write_weights(const ConvShape &s, const float *src, int64_t v, int64_t c, float *dw) {
  const TurnKernel turn = kernels_here().turn;
  const int64_t n_taps = volume_of(s.kernel), lanes = std::min<int64_t>(LANES, s.k - v * LANES);
  float *const dst = dw + (v * LANES * s.c + c) * n_taps;
  int64_t i = 0;
  for (; lanes == LANES && i + LANES <= n_taps; i += LANES) {
    const float *rows[LANES];
    for (int64_t l = 0; l < LANES; l++) rows[l] = src + (i + l) * LANES;
    turn(rows, dst + i, s.c * n_taps);
  }
  for (; i < n_taps; i++)
    for (int64_t l = 0; l < lanes; l++) dst[l * s.c * n_taps + i] = src[i * LANES + l];
}

// Lanes are output channels, and each tap of a channel is one vector of sums. An item is one input channel
// and some of the vectors.
template <class E>
void backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const Work<E> k(s);
  Buffer turned;
  float *const g = turned.take(s.n * k.n_vectors * k.cells * LANES);
  turn_lanes<E>(s, dy, k.n_vectors, g, threads);
  const int64_t splits = s.c < 4 * threads ? std::min(k.n_vectors, ceil_div(4 * threads, s.c)) : 1;
  parallel_items(s.c * splits, threads, [&](int64_t item) {
    const int64_t c = item / splits, split = item % splits;
    const int64_t v0 = split * k.n_vectors / splits, v1 = (split + 1) * k.n_vectors / splits;
    float *const sums = thread_sums.take((v1 - v0) * k.n_taps * LANES); // [vector][tap][lane]
    std::fill_n(sums, (v1 - v0) * k.n_taps * LANES, 0.f);
    for (int64_t n = 0; n < s.n; n++)
      for (int64_t tile = 0; tile < k.tiles[0] * k.tiles[1]; tile++) {
        const int64_t at[3] = {tile / k.tiles[1] * k.m[0], tile % k.tiles[1] * k.m[1], 0};
        sum_tile<E>(s, k, x, g, n, c, at, v0, v1, sums);
      }
    for (int64_t v = v0; v < v1; v++) write_weights(s, sums + (v - v0) * k.n_taps * LANES, v, c, dw);
  });
}

template <class E> void channel_sums(const Planes &y, int64_t n, int64_t volume, float *sums, int threads) {
  parallel_items(y.channels[0], threads, [&](int64_t c) {
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
      const auto *const p = plane_of<E>(y, i, c, volume);
      for (int64_t at = 0; at < volume; at += 4096) {
        float lane[LANES] = {};
        const int64_t stop = std::min(volume, at + 4096);
        int64_t j = at;
        for (; j + LANES <= stop; j += LANES)
          for (int l = 0; l < LANES; l++) lane[l] += E::wide(p[j + l]);
        for (; j < stop; j++) lane[0] += E::wide(p[j]);
        for (float v : lane) total += v;
      }
    }
    sums[c] = static_cast<float>(total);
  });
}

} // namespace

void weight_gradient_simd(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  (x.half ? backward_weight<Half> : backward_weight<Full>)(s, x, dy, dw, threads);
}

void conv_cpu_channel_sums(const Planes &y, int64_t n, int64_t volume, float *sums, int threads) {
  (y.half ? channel_sums<Half> : channel_sums<Full>)(y, n, volume, sums, threads);
}

} // namespace voxgan
