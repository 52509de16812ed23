// register_loops.hpp: loops over registers, in GCC's vector types, that the kernels of all instruction sets
// and element types share.
#ifndef VG_TENSOR_REGISTER_LOOPS_HPP
#define VG_TENSOR_REGISTER_LOOPS_HPP
#include "tensor/conv/kernel/conv_kernels.hpp"

namespace voxgan {
namespace {

#define ALWAYS_INLINE inline __attribute__((always_inline))

// A register of W floats: aligned, anywhere in memory, and the integers that choose its elements.
template <int W> struct Register;
#define REGISTER(W)                                                                    \
  template <> struct Register<W> {                                                     \
    typedef float type __attribute__((vector_size(4 * W), aligned(4 * W), may_alias)); \
    typedef float loose __attribute__((vector_size(4 * W), aligned(4), may_alias));    \
    typedef int choice __attribute__((vector_size(4 * W)));                            \
  };
REGISTER(4)
REGISTER(8)
REGISTER(16)
#undef REGISTER

// Multiplies elements of a patch with a register of weights: TAPS neighbours along W in one product.
struct Single {
  typedef float element;
  static constexpr int TAPS = 1;
  template <class R> static ALWAYS_INLINE void add(R &sum, const R &w, const float *x) { sum += w * *x; }
};

// TW: the number of products along W, if known at compile time: then each voxel is broadcast once. 0: any
// number.
template <class E, int W, int S, int QD, int QH, int QW, int V, int TW>
ALWAYS_INLINE void lanes_body(const LaneArgs &a, const typename E::element *x, float *sums) {
  typedef typename Register<W>::type reg;
  constexpr int parts = LANES / W, R = V * parts; // registers a position
  reg sum[QD][QH][QW][R];
#define UNROLL _Pragma("GCC unroll 64")
#define EACH_SUM                                                          \
  UNROLL for (int d = 0; d < QD; d++) UNROLL for (int h = 0; h < QH; h++) \
      UNROLL for (int q = 0; q < QW; q++) UNROLL for (int r = 0; r < R; r++)
#define PLACE (sums + (((d * QH + h) * QW + q) * R + r) * W)
#define WEIGHTS(tap) (*reinterpret_cast<const reg *>(w + (tap)*LANES + r / parts * w_vector + r % parts * W))
  if (a.first) {
    EACH_SUM sum[d][h][q][r] = reg{};
  } else {
    EACH_SUM sum[d][h][q][r] = *reinterpret_cast<const reg *>(PLACE);
  }
  const float *w = a.w;
  const int64_t w_vector = a.w_vector, taps_d = a.taps[0], taps_h = a.taps[1], taps_w = a.taps[2];
  const int64_t q_plane = a.q_plane, q_row = a.q_row, w_plane = a.w_plane, w_channel = a.w_channel;
  for (int64_t c = 0; c < a.channels; c++, w += w_channel)
    for (int64_t td = 0; td < taps_d; td++, w += w_plane)
      for (int64_t th = 0; th < taps_h; th++) {
        const typename E::element *from = x + c * a.x_channel + td * a.x_plane + th * a.x_row;
        if (TW > 0) {
          reg wv[TW > 0 ? TW : 1][R];
          UNROLL for (int t = 0; t < TW; t++) UNROLL for (int r = 0; r < R; r++) wv[t][r] = WEIGHTS(t);
          UNROLL for (int at = 0; at < (QW - 1) * S + TW * E::TAPS; at++) UNROLL for (int d = 0; d < QD; d++)
              UNROLL for (int h = 0; h < QH; h++) {
            UNROLL for (int q = 0; q < QW; q++) {
              const int t = at - q * S; // of the first tap of a product
              if (t < 0 || t % E::TAPS || t >= TW * E::TAPS) continue;
              UNROLL for (int r = 0; r < R; r++)
                  E::add(sum[d][h][q][r], wv[t / E::TAPS][r], from + d * q_plane + h * q_row + at);
            }
          }
          w += TW * LANES;
          continue;
        }
        for (int64_t t = 0; t < taps_w; t++, from += E::TAPS, w += LANES) {
          reg wv[R];
          UNROLL for (int r = 0; r < R; r++) wv[r] = WEIGHTS(0);
          EACH_SUM E::add(sum[d][h][q][r], wv[r], from + d * q_plane + h * q_row + q * S);
        }
      }
  EACH_SUM *reinterpret_cast<reg *>(PLACE) = sum[d][h][q][r];
#undef WEIGHTS
#undef PLACE
#undef EACH_SUM
}

// HELD: sums that the registers hold. A tile with more sums is computed in pieces of a row.
template <class E, int W, int HELD, int S, int QD, int QH, int QW, int V>
ALWAYS_INLINE void lanes_tile(const LaneArgs &a) {
  const auto *const x = static_cast<const typename E::element *>(a.x);
  constexpr int R = V * LANES / W;
  if (HELD >= QD * QH * QW * R) {
    // products along W: of kernel 4, and of its two phases
    constexpr int whole = R <= 2 ? 4 / E::TAPS : 0, phase = R <= 2 && S == 1 ? 2 / E::TAPS : 0;
    if (whole && a.taps[2] == whole)
      lanes_body<E, W, S, QD, QH, QW, V, whole>(a, x, a.sums);
    else if (phase && a.taps[2] == phase)
      lanes_body<E, W, S, QD, QH, QW, V, phase>(a, x, a.sums);
    else
      lanes_body<E, W, S, QD, QH, QW, V, 0>(a, x, a.sums);
    return;
  }
  constexpr int most = HELD / R < 1 ? 1 : HELD / R < QW ? HELD / R : QW, piece = QW % most ? 1 : most;
  for (int d = 0; d < QD; d++)
    for (int h = 0; h < QH; h++)
      for (int q = 0; q < QW; q += piece)
        lanes_body<E, W, S, 1, 1, piece, V, 0>(a, x + d * a.q_plane + h * a.q_row + q * S,
                                               a.sums + ((d * QH + h) * QW + q) * V * LANES);
}

// An instruction set's tiles for one stride along W.
#define LANE_ROW(isa, S)                                                                  \
  {                                                                                       \
    isa::lanes<S, 1, 1, 8, 2>, isa::lanes<S, 1, 2, 4, 2>, isa::lanes<S, 2, 2, 2, 2>,      \
        isa::lanes<S, 1, 1, 4, 4>, isa::lanes<S, 1, 2, 2, 4>, isa::lanes<S, 1, 1, 16, 1>, \
        isa::lanes<S, 1, 2, 8, 1>, isa::lanes<S, 1, 4, 4, 1>, isa::lanes<S, 2, 2, 4, 1>,  \
        isa::lanes<S, 1, 1, 7, 2>,                                                        \
  }
#define TAP_ROW(isa, S, TH) \
  { isa::taps<S, TH, 1>, isa::taps<S, TH, 3>, isa::taps<S, TH, 4> }
#define TAP_ROWS(isa)                                                 \
  {                                                                   \
    {TAP_ROW(isa, 1, 1), TAP_ROW(isa, 1, 3), TAP_ROW(isa, 1, 4)},     \
        {TAP_ROW(isa, 2, 1), TAP_ROW(isa, 2, 3), TAP_ROW(isa, 2, 4)}, \
  }

} // namespace
} // namespace voxgan
#endif
