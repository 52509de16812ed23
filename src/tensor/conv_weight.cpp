// conv_weight.cpp: the direct convolution's gradients of weight and bias; see conv_cpu.hpp.
#include "conv_parts.hpp"

namespace voxgan {

static constexpr int64_t TILE_POSITIONS = 512; // that one patch serves

// Lanes are output channels, and each tap of a channel is one vector of sums.
void conv_cpu_backward_weight(const ConvShape &s, const Planes &x, const Planes &dy, float *dw, int threads) {
  const Kernels &kernels = kernels_here();
  const auto class_of = [](int64_t kernel) { return kernel == 1 ? 0 : kernel == 3 ? 1 : 2; };
  const TapKernel kernel = kernels.taps[s.stride[2] - 1][class_of(s.kernel[1])][class_of(s.kernel[2])];
  const int64_t n_out = volume_of(s.out), n_taps = volume_of(s.kernel),
                plane_taps = s.kernel[1] * s.kernel[2];
  const int64_t n_vectors = ceil_div(s.k, LANES);

  // dy as [n][vector][position][lane].
  Buffer turned, sums;
  float *const g = turned.take(s.n * n_vectors * n_out * LANES);
  constexpr int64_t TURN = 1024;
  const int64_t pieces = ceil_div(n_out, TURN);
  parallel_items(s.n * n_vectors * pieces, s.n * n_vectors * n_out * LANES < SMALL ? 1 : threads,
                 [&](int64_t i) {
                   const int64_t piece = i % pieces, v = i / pieces % n_vectors, n = i / pieces / n_vectors;
                   float *const dst = g + (n * n_vectors + v) * n_out * LANES;
                   const float *src[LANES];
                   for (int64_t l = 0; l < LANES; l++) {
                     const int64_t k = v * LANES + l;
                     src[l] = k < s.k ? plane_of(dy, n, k, n_out) : nullptr;
                   }
                   const int64_t end = std::min(n_out, (piece + 1) * TURN);
                   for (int64_t q = piece * TURN; q < end; q += LANES) {
                     const int64_t stop = std::min(end, q + LANES);
                     for (int64_t l = 0; l < LANES; l++)
                       for (int64_t j = q; j < stop; j++) dst[j * LANES + l] = src[l] ? src[l][j] : 0;
                   }
                 });

  // Sums as [vector][channel][tap][lane].
  float *const dwp = sums.take(n_vectors * s.c * n_taps * LANES);
  int64_t m[3] = {1, 1, s.out[2]};
  for (int a : {1, 0, 1, 0, 1, 0, 1, 0}) {
    const int64_t before = m[a];
    m[a] = std::min(s.out[a], 2 * m[a]);
    if (m[0] * m[1] * m[2] > TILE_POSITIONS) m[a] = before;
  }
  int64_t tiles[3];
  Patch patch;
  for (int a = 0; a < 3; a++) {
    tiles[a] = ceil_div(s.out[a], m[a]);
    patch.size[a] = (m[a] - 1) * s.stride[a] + s.kernel[a];
  }
  const int64_t splits = s.c < 4 * threads ? std::min(n_vectors, ceil_div(4 * threads, s.c)) : 1;
  parallel_items(s.c * splits, threads, [&](int64_t item) {
    const int64_t c = item / splits, split = item % splits;
    const int64_t v0 = split * n_vectors / splits, v1 = (split + 1) * n_vectors / splits;
    float *const px = thread_patch.take(patch.channel());
    for (int64_t v = v0; v < v1; v++) std::fill_n(dwp + (v * s.c + c) * n_taps * LANES, n_taps * LANES, 0.f);
    for (int64_t n = 0; n < s.n; n++)
      for (int64_t tile = 0; tile < volume_of(tiles); tile++) {
        const int64_t at[3] = {tile / (tiles[1] * tiles[2]) * m[0], tile / tiles[2] % tiles[1] * m[1],
                               tile % tiles[2] * m[2]};
        Patch here = patch;
        TapArgs args;
        for (int a = 0; a < 3; a++) {
          here.origin[a] = at[a] * s.stride[a] - s.pad[a];
          args.q[a] = std::min(m[a], s.out[a] - at[a]);
        }
        patch_copy(here, plane_of(x, n, c, volume_of(s.in)), s.in, px, kernels.copy);
        args.x_row = here.row();
        args.q_plane = here.plane() * s.stride[0];
        args.q_row = here.row() * s.stride[1];
        args.g_row = s.out[2] * LANES;
        args.g_plane = s.out[1] * args.g_row;
        for (int64_t v = v0; v < v1; v++) {
          args.g = g + ((n * n_vectors + v) * n_out + (at[0] * s.out[1] + at[1]) * s.out[2] + at[2]) * LANES;
          for (int64_t td = 0; td < s.kernel[0]; td++) {
            args.x = px + td * here.plane();
            args.sums = dwp + ((v * s.c + c) * n_taps + td * plane_taps) * LANES;
            kernel(args);
          }
        }
      }
    for (int64_t k = v0 * LANES; k < std::min(s.k, v1 * LANES); k++) {
      const float *src = dwp + (k / LANES * s.c + c) * n_taps * LANES + k % LANES;
      for (int64_t i = 0; i < n_taps; i++) dw[(k * s.c + c) * n_taps + i] = src[i * LANES];
    }
  });
}

void conv_cpu_channel_sums(const Planes &y, int64_t n, int64_t volume, float *sums, int threads) {
  parallel_items(y.channels[0], threads, [&](int64_t c) {
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
      const float *p = y.part[0] + i * y.batch_stride[0] + c * volume;
      for (int64_t at = 0; at < volume; at += 4096) {
        float lane[LANES] = {};
        const int64_t stop = std::min(volume, at + 4096);
        int64_t j = at;
        for (; j + LANES <= stop; j += LANES)
          for (int l = 0; l < LANES; l++) lane[l] += p[j + l];
        for (; j < stop; j++) lane[0] += p[j];
        for (float v : lane) total += v;
      }
    }
    sums[c] = static_cast<float>(total);
  });
}

} // namespace voxgan
