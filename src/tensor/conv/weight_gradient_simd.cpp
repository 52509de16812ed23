// weight_gradient_simd.cpp: the direct convolution's gradients of weight and bias; see conv.hpp.
#include "tensor/conv/im2col.hpp"
#include "tensor/conv/one_channel.hpp"
#include "tensor/conv/patch.hpp"

namespace voxgan {

static constexpr int64_t TILE_POSITIONS = 512; // that one patch serves

namespace {

thread_local Buffer thread_parted, thread_sums;

// dy as [n][vector][cell][lane], a cell being PAIR positions of a row.
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

// Lanes are output channels, and each tap of a channel is one vector of sums.
template <class E>
void backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const auto class_of = [](int64_t kernel) { return kernel == 1 ? 0 : kernel == 3 ? 1 : 2; };
  const TapKernel kernel = E::taps(s.stride[2], class_of(s.kernel[1]), class_of(s.kernel[2]));
  const int64_t n_taps = volume_of(s.kernel), plane_taps = s.kernel[1] * s.kernel[2];
  const int64_t n_vectors = ceil_div(s.k, LANES), wide = ceil_div(s.out[2], E::PAIR),
                cells = s.out[0] * s.out[1] * wide;
  const TurnKernel turn = kernels_here().turn;
  const bool parted = E::PAIR > 1 && s.stride[2] == 2; // the patch, by the parity along W

  Buffer turned;
  float *const g = turned.take(s.n * n_vectors * cells * LANES);
  turn_lanes<E>(s, dy, n_vectors, g, threads);

  int64_t m[3] = {1, 1, wide * E::PAIR};
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(s.out[a], 2 * m[a]);
    if (m[0] * m[1] * m[2] > TILE_POSITIONS) m[a] = before;
  }
  int64_t tiles[2];
  Patch patch;
  for (int a = 0; a < 3; a++) {
    if (a < 2) tiles[a] = ceil_div(s.out[a], m[a]);
    patch.size[a] = (m[a] - 1) * s.stride[a] + s.kernel[a];
  }
  if (parted) patch.size[2] += patch.size[2] % 2;
  const int64_t shrink = parted ? 2 : 1;
  const int64_t splits = s.c < 4 * threads ? std::min(n_vectors, ceil_div(4 * threads, s.c)) : 1;
  parallel_items(s.c * splits, threads, [&](int64_t item) {
    const int64_t c = item / splits, split = item % splits;
    const int64_t v0 = split * n_vectors / splits, v1 = (split + 1) * n_vectors / splits;
    auto *const px = thread_patch.take<typename E::element>(patch.channel());
    auto *const pp = parted ? thread_parted.take<typename E::element>(patch.channel()) : px;
    float *const sums = thread_sums.take((v1 - v0) * n_taps * LANES); // [vector][tap][lane]
    std::fill_n(sums, (v1 - v0) * n_taps * LANES, 0.f);
    for (int64_t n = 0; n < s.n; n++)
      for (int64_t tile = 0; tile < tiles[0] * tiles[1]; tile++) {
        const int64_t at[3] = {tile / tiles[1] * m[0], tile % tiles[1] * m[1], 0};
        Patch here = patch;
        TapArgs args;
        for (int a = 0; a < 3; a++) {
          here.origin[a] = at[a] * s.stride[a] - s.pad[a];
          args.q[a] = a == 2 ? wide : std::min(m[a], s.out[a] - at[a]);
        }
        patch_copy<E>(here, plane_of<E>(x, n, c, volume_of(s.in)), s.in, px);
        if (parted) E::part(px, pp, patch.channel() / 2);
        args.x_odd = patch.channel() / 2;
        args.x_row = here.row() / shrink;
        args.q_plane = here.plane() / shrink * s.stride[0];
        args.q_row = here.row() / shrink * s.stride[1];
        args.g_row = wide * LANES;
        args.g_plane = s.out[1] * args.g_row;
        for (int64_t v = v0; v < v1; v++) {
          const float *const g_tile =
              g + ((n * n_vectors + v) * cells + (at[0] * s.out[1] + at[1]) * wide) * LANES;
          for (int64_t td = 0; td < s.kernel[0]; td++) {
            const Range planes = positions_inside(s, 0, td, at[0], m[0]);
            args.q[0] = planes.to - planes.from;
            args.x = pp + td * here.plane() / shrink + planes.from * args.q_plane;
            args.g = g_tile + planes.from * args.g_plane;
            args.sums = sums + ((v - v0) * n_taps + td * plane_taps) * LANES;
            kernel(args);
          }
        }
      }
    for (int64_t v = v0; v < v1; v++) {
      const float *const src = sums + (v - v0) * n_taps * LANES;
      float *const dst = dw + (v * LANES * s.c + c) * n_taps;
      const int64_t lanes = std::min<int64_t>(LANES, s.k - v * LANES);
      int64_t i = 0;
      for (; lanes == LANES && i + LANES <= n_taps; i += LANES) {
        const float *rows[LANES];
        for (int64_t l = 0; l < LANES; l++) rows[l] = src + (i + l) * LANES;
        turn(rows, dst + i, s.c * n_taps);
      }
      for (; i < n_taps; i++)
        for (int64_t l = 0; l < lanes; l++) dst[l * s.c * n_taps + i] = src[i * LANES + l];
    }
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

void conv_cpu_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  if (few_takes(s, x.half)) return few_backward_weight(s, x, dy, dw, threads);
  if (single_takes(s, x)) return single_backward_weight(s, x, dy, dw, threads);
  const auto of_half = tile_kernels_here() ? weight_gradient_tiles : backward_weight<Half>;
  (x.half ? of_half : backward_weight<Full>)(s, x, dy, dw, threads);
}

void conv_cpu_channel_sums(const Planes &y, int64_t n, int64_t volume, float *sums, int threads) {
  (y.half ? channel_sums<Half> : channel_sums<Full>)(y, n, volume, sums, threads);
}

} // namespace voxgan
