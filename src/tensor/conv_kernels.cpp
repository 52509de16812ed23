// conv_kernels.cpp: see conv_kernels.hpp. GCC's vector types are split by the compiler to what the
// instruction set has, so one source serves all; only the number of sums held at once differs.
#include "conv_kernels.hpp"

namespace voxgan {

const TileShape tile_shapes[N_TILES] = {
    {{1, 1, 8}, 2, 1},    {{1, 2, 4}, 2, 1.01}, {{2, 2, 2}, 2, 1.05},
    {{1, 1, 4}, 4, 1.02}, {{1, 2, 2}, 4, 1.04}, {{1, 1, 16}, 1, 1.03},
    {{1, 2, 8}, 1, 1.03}, {{1, 4, 4}, 1, 1.04}, {{2, 2, 4}, 1, 1.05},
};

namespace {

typedef float v16 __attribute__((vector_size(64), aligned(64), may_alias));

#define ALWAYS_INLINE inline __attribute__((always_inline))

// TW: taps along W where they are known; then a broadcast serves all the taps that see it. 0: any number.
template <int S, int QD, int QH, int QW, int V, int TW>
ALWAYS_INLINE void lanes_body(const LaneArgs &a, const float *x, float *sums) {
  v16 sum[QD][QH][QW][V];
#define EACH_SUM                                                                                             \
  _Pragma("GCC unroll 16") for (int d = 0; d < QD; d++)                                                      \
      _Pragma("GCC unroll 16") for (int h = 0; h < QH; h++)                                                  \
          _Pragma("GCC unroll 16") for (int q = 0; q < QW; q++)                                              \
              _Pragma("GCC unroll 16") for (int v = 0; v < V; v++)
#define PLACE (sums + (((d * QH + h) * QW + q) * V + v) * LANES)
  if (a.first) {
    EACH_SUM sum[d][h][q][v] = v16{};
  } else {
    EACH_SUM sum[d][h][q][v] = *reinterpret_cast<const v16 *>(PLACE);
  }
  const float *w = a.w;
  const int64_t w_vector = a.w_vector, taps_d = a.taps[0], taps_h = a.taps[1], taps_w = a.taps[2];
  const int64_t q_plane = a.q_plane, q_row = a.q_row;
  for (int64_t c = 0; c < a.channels; c++)
    for (int64_t td = 0; td < taps_d; td++)
      for (int64_t th = 0; th < taps_h; th++) {
        const float *from = x + c * a.x_channel + td * a.x_plane + th * a.x_row;
        if (TW > 0) {
          v16 wv[TW > 0 ? TW : 1][V];
#pragma GCC unroll 16
          for (int tw = 0; tw < TW; tw++)
#pragma GCC unroll 16
            for (int v = 0; v < V; v++)
              wv[tw][v] = *reinterpret_cast<const v16 *>(w + tw * LANES + v * w_vector);
#pragma GCC unroll 64
          for (int at = 0; at < (QW - 1) * S + TW; at++)
#pragma GCC unroll 16
            for (int d = 0; d < QD; d++)
#pragma GCC unroll 16
              for (int h = 0; h < QH; h++) {
                const float one = from[d * q_plane + h * q_row + at];
#pragma GCC unroll 16
                for (int q = 0; q < QW; q++)
                  if (at - q * S >= 0 && at - q * S < TW)
#pragma GCC unroll 16
                    for (int v = 0; v < V; v++) sum[d][h][q][v] += wv[at - q * S][v] * one;
              }
          w += TW * LANES;
          continue;
        }
        for (const float *end = from + taps_w; from < end; from++, w += LANES) {
          v16 wv[V];
#pragma GCC unroll 16
          for (int v = 0; v < V; v++) wv[v] = *reinterpret_cast<const v16 *>(w + v * w_vector);
          EACH_SUM sum[d][h][q][v] += wv[v] * from[d * q_plane + h * q_row + q * S];
        }
      }
  EACH_SUM *reinterpret_cast<v16 *>(PLACE) = sum[d][h][q][v];
#undef PLACE
#undef EACH_SUM
}

// HELD: vectors of sums that fit the registers. A tile with more is done in pieces of a row.
template <int HELD, int S, int QD, int QH, int QW, int V> ALWAYS_INLINE void lanes_tile(const LaneArgs &a) {
  constexpr int whole = QD * QH * QW * V;
  if (HELD >= whole) {
    constexpr int usual = S == 2 ? 4 : 2; // kernel 4 by 2, and its phases
    if (V <= 2 && a.taps[2] == usual)
      lanes_body<S, QD, QH, QW, V, V <= 2 ? usual : 0>(a, a.x, a.sums);
    else
      lanes_body<S, QD, QH, QW, V, 0>(a, a.x, a.sums);
    return;
  }
  constexpr int piece = HELD / V < 1 ? 1 : HELD / V < QW ? HELD / V : QW;
  for (int d = 0; d < QD; d++)
    for (int h = 0; h < QH; h++)
      for (int q = 0; q < QW; q += piece)
        lanes_body<S, 1, 1, piece, V, 0>(a, a.x + d * a.q_plane + h * a.q_row + q * S,
                                         a.sums + ((d * QH + h) * QW + q) * V * LANES);
}

template <int S, int TH, int TW> ALWAYS_INLINE void taps_body(const TapArgs &a, const float *x, float *sums) {
  v16 sum[TH][TW];
#define EACH_TAP                                                                                             \
  _Pragma("GCC unroll 4") for (int h = 0; h < TH; h++) _Pragma("GCC unroll 4") for (int w = 0; w < TW; w++)
  EACH_TAP sum[h][w] = v16{};
  const int64_t x_row = a.x_row;
  for (int64_t qd = 0; qd < a.q[0]; qd++)
    for (int64_t qh = 0; qh < a.q[1]; qh++) {
      const float *from = x + qd * a.q_plane + qh * a.q_row;
      const float *g = a.g + qd * a.g_plane + qh * a.g_row;
      for (const float *end = g + a.q[2] * LANES; g < end; g += LANES, from += S) {
        const v16 gv = *reinterpret_cast<const v16 *>(g);
        EACH_TAP sum[h][w] += gv * from[h * x_row + w];
      }
    }
  EACH_TAP *reinterpret_cast<v16 *>(sums + (h * TW + w) * LANES) += sum[h][w];
#undef EACH_TAP
}

template <int HELD, int S, int TH, int TW> ALWAYS_INLINE void taps_plane(const TapArgs &a) {
  if (HELD >= TH * TW) {
    taps_body<S, TH, TW>(a, a.x, a.sums);
    return;
  }
  for (int h = 0; h < TH; h++) taps_body<S, 1, TW>(a, a.x + h * a.x_row, a.sums + h * TW * LANES);
}

typedef int v16i __attribute__((vector_size(64)));
typedef float v16u __attribute__((vector_size(64), aligned(4), may_alias));

// Exchanges the off-diagonal quarters of the 2N x 2N blocks that rows a and b, N apart, belong to.
template <int N> ALWAYS_INLINE void exchange(v16 &a, v16 &b) {
#define LOW(l)  ((l)&N ? LANES + (l)-N : (l))
#define HIGH(l) ((l)&N ? LANES + (l) : (l) + N)
#define ALL(f)                                                                                               \
  f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), f(15)
  const v16i low = {ALL(LOW)}, high = {ALL(HIGH)};
#undef ALL
#undef HIGH
#undef LOW
  const v16 was = a;
  a = __builtin_shuffle(was, b, low);
  b = __builtin_shuffle(was, b, high);
}

ALWAYS_INLINE void turn_body(const float *const rows[LANES], float *dst, int64_t pitch) {
  v16 r[LANES];
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++) r[i] = *reinterpret_cast<const v16u *>(rows[i]);
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++)
    if (!(i & 8)) exchange<8>(r[i], r[i + 8]);
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++)
    if (!(i & 4)) exchange<4>(r[i], r[i + 4]);
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++)
    if (!(i & 2)) exchange<2>(r[i], r[i + 2]);
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++)
    if (!(i & 1)) exchange<1>(r[i], r[i + 1]);
#pragma GCC unroll 16
  for (int i = 0; i < LANES; i++) *reinterpret_cast<v16u *>(dst + i * pitch) = r[i];
}

typedef float v8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef float v4u __attribute__((vector_size(16), aligned(4), may_alias));

// The rows are short: calls of memcpy() would cost more than the copying.
ALWAYS_INLINE void copy_body(const float *src, int64_t src_pitch, float *dst, int64_t dst_pitch, int64_t n,
                             int64_t rows) {
  for (; rows > 0; rows--, src += src_pitch, dst += dst_pitch) {
    if (n < LANES) { // in two pieces that overlap
      if (n >= 8) {
        const v8u a = *reinterpret_cast<const v8u *>(src), b = *reinterpret_cast<const v8u *>(src + n - 8);
        *reinterpret_cast<v8u *>(dst) = a;
        *reinterpret_cast<v8u *>(dst + n - 8) = b;
      } else if (n >= 4) {
        const v4u a = *reinterpret_cast<const v4u *>(src), b = *reinterpret_cast<const v4u *>(src + n - 4);
        *reinterpret_cast<v4u *>(dst) = a;
        *reinterpret_cast<v4u *>(dst + n - 4) = b;
      } else {
        for (int64_t i = 0; i < n; i++) dst[i] = src[i];
      }
      continue;
    }
    for (int64_t i = 0; i + LANES < n; i += LANES)
      *reinterpret_cast<v16u *>(dst + i) = *reinterpret_cast<const v16u *>(src + i);
    *reinterpret_cast<v16u *>(dst + n - LANES) = *reinterpret_cast<const v16u *>(src + n - LANES);
  }
}

// An instruction set: its functions, and their table.
#define KERNELS(isa, held, attribute)                                                                        \
  struct isa {                                                                                               \
    template <int S, int QD, int QH, int QW, int V> attribute static void lanes(const LaneArgs &a) {         \
      lanes_tile<held, S, QD, QH, QW, V>(a);                                                                 \
    }                                                                                                        \
    template <int S, int TH, int TW> attribute static void taps(const TapArgs &a) {                          \
      taps_plane<held, S, TH, TW>(a);                                                                        \
    }                                                                                                        \
    attribute static void turn(const float *const rows[LANES], float *dst, int64_t pitch) {                  \
      turn_body(rows, dst, pitch);                                                                           \
    }                                                                                                        \
    attribute static void copy(const float *src, int64_t src_pitch, float *dst, int64_t dst_pitch,           \
                               int64_t n, int64_t rows) {                                                    \
      copy_body(src, src_pitch, dst, dst_pitch, n, rows);                                                    \
    }                                                                                                        \
  };

#define LANE_ROW(isa, S)                                                                                     \
  {                                                                                                          \
    isa::lanes<S, 1, 1, 8, 2>, isa::lanes<S, 1, 2, 4, 2>, isa::lanes<S, 2, 2, 2, 2>,                         \
        isa::lanes<S, 1, 1, 4, 4>, isa::lanes<S, 1, 2, 2, 4>, isa::lanes<S, 1, 1, 16, 1>,                    \
        isa::lanes<S, 1, 2, 8, 1>, isa::lanes<S, 1, 4, 4, 1>, isa::lanes<S, 2, 2, 4, 1>,                     \
  }
#define TAP_ROW(isa, S, TH)                                                                                  \
  { isa::taps<S, TH, 1>, isa::taps<S, TH, 3>, isa::taps<S, TH, 4> }
#define TABLE(isa)                                                                                           \
  {                                                                                                          \
    {LANE_ROW(isa, 1), LANE_ROW(isa, 2)},                                                                    \
        {{TAP_ROW(isa, 1, 1), TAP_ROW(isa, 1, 3), TAP_ROW(isa, 1, 4)},                                       \
         {TAP_ROW(isa, 2, 1), TAP_ROW(isa, 2, 3), TAP_ROW(isa, 2, 4)}},                                      \
        isa::turn, isa::copy,                                                                                \
  }

KERNELS(Plain, 4, )
const Kernels plain = TABLE(Plain);

#if defined(__x86_64__) && defined(__GNUC__)
KERNELS(Avx2, 4, __attribute__((target("avx2,fma"))))
KERNELS(Avx512, 16,
        __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512"))))
const Kernels avx2 = TABLE(Avx2);
const Kernels avx512 = TABLE(Avx512);
#endif

} // namespace

const Kernels &kernels_here() {
#if defined(__x86_64__) && defined(__GNUC__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
#endif
  return plain;
}

} // namespace voxgan
