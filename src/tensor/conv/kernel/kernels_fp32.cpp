// kernels_fp32.cpp: see conv_kernels.hpp. One source for all instruction sets, in GCC's vector types. The
// instruction sets differ in the width of a register, and in how many sums the registers hold.
#include "tensor/conv/kernel/register_loops.hpp"
#include <cstdlib>
#include <cstring>

namespace voxgan {

const TileShape tile_shapes[N_TILES] = {
    {{1, 1, 8}, 2, 1},    {{1, 2, 4}, 2, 1.01},  {{2, 2, 2}, 2, 1.05}, {{1, 1, 4}, 4, 1.02},
    {{1, 2, 2}, 4, 1.04}, {{1, 1, 16}, 1, 1.03}, {{1, 2, 8}, 1, 1.03}, {{1, 4, 4}, 1, 1.04},
    {{2, 2, 4}, 1, 1.05}, {{1, 1, 7}, 2, 1.02},
};

namespace {

template <int W, int S, int TH, int TW>
ALWAYS_INLINE void taps_body(const TapArgs &a, const float *x, float *sums) {
  typedef typename Register<W>::type reg;
  constexpr int R = LANES / W;
  reg sum[TH][TW][R];
#define EACH_TAP \
  UNROLL for (int h = 0; h < TH; h++) UNROLL for (int w = 0; w < TW; w++) UNROLL for (int r = 0; r < R; r++)
  EACH_TAP sum[h][w][r] = reg{};
  const int64_t x_row = a.x_row;
  for (int64_t qd = 0; qd < a.q[0]; qd++)
    for (int64_t qh = 0; qh < a.q[1]; qh++) {
      const float *from = x + qd * a.q_plane + qh * a.q_row;
      const float *g = a.g + qd * a.g_plane + qh * a.g_row;
      for (const float *end = g + a.q[2] * LANES; g < end; g += LANES, from += S) {
        reg gv[R];
        UNROLL for (int r = 0; r < R; r++) gv[r] = *reinterpret_cast<const reg *>(g + r * W);
        EACH_TAP sum[h][w][r] += gv[r] * from[h * x_row + w];
      }
    }
  EACH_TAP *reinterpret_cast<reg *>(sums + (h * TW + w) * LANES + r * W) += sum[h][w][r];
#undef EACH_TAP
}

template <int W, int HELD, int S, int TH, int TW> ALWAYS_INLINE void taps_plane(const TapArgs &a) {
  const auto *const x = static_cast<const float *>(a.x);
  if (HELD * W >= TH * TW * LANES) {
    taps_body<W, S, TH, TW>(a, x, a.sums);
    return;
  }
  for (int h = 0; h < TH; h++) taps_body<W, S, 1, TW>(a, x + h * a.x_row, a.sums + h * TW * LANES);
}

// Exchanges the off-diagonal quarters of the 2N x 2N blocks that rows a and b, N apart, belong to.
#define LOW(W, N, l) ((l) & (N) ? (W) + (l) - (N) : (l))
#define HIGH(W, N, l) ((l) & (N) ? (W) + (l) : (l) + (N))
#define ALL4(f, W, N, l) f(W, N, l), f(W, N, l + 1), f(W, N, l + 2), f(W, N, l + 3)
#define ALL8(f, W, N, l) ALL4(f, W, N, l), ALL4(f, W, N, l + 4)
#define ALL16(f, W, N, l) ALL8(f, W, N, l), ALL8(f, W, N, l + 8)
#define EXCHANGE(W)                                                                          \
  template <int N> ALWAYS_INLINE void exchange(Register<W>::type &a, Register<W>::type &b) { \
    const Register<W>::choice low = {ALL##W(LOW, W, N, 0)}, high = {ALL##W(HIGH, W, N, 0)};  \
    const Register<W>::type was = a;                                                         \
    a = __builtin_shuffle(was, b, low);                                                      \
    b = __builtin_shuffle(was, b, high);                                                     \
  }
EXCHANGE(4)
EXCHANGE(8)
EXCHANGE(16)
#undef EXCHANGE

// In blocks of W x W.
template <int W> ALWAYS_INLINE void turn_body(const float *const rows[LANES], float *dst, int64_t pitch) {
  typedef typename Register<W>::type reg;
  typedef typename Register<W>::loose loose;
  for (int i = 0; i < LANES; i += W)
    for (int j = 0; j < LANES; j += W) {
      reg r[W];
      UNROLL for (int k = 0; k < W; k++) r[k] = *reinterpret_cast<const loose *>(rows[i + k] + j);
#define STAGE(N)                                                                                            \
  if (W > N) {                                                                                              \
    UNROLL for (int k = 0; k < W; k++) if (!(k & N)) exchange<(W > N ? N : 1)>(r[k], r[W > N ? k + N : k]); \
  }
      STAGE(8)
      STAGE(4)
      STAGE(2)
      STAGE(1)
#undef STAGE
      UNROLL for (int k = 0; k < W; k++) * reinterpret_cast<loose *>(dst + (j + k) * pitch + i) = r[k];
    }
}

template <int W> ALWAYS_INLINE void copy_ends(const float *src, float *dst, int64_t n) {
  typedef typename Register<W>::loose loose;
  const loose a = *reinterpret_cast<const loose *>(src), b = *reinterpret_cast<const loose *>(src + n - W);
  *reinterpret_cast<loose *>(dst) = a;
  *reinterpret_cast<loose *>(dst + n - W) = b;
}

// The rows are short: a call of memcpy() would cost more than the copy.
template <int W>
ALWAYS_INLINE void copy_body(const float *src, int64_t src_pitch, float *dst, int64_t dst_pitch, int64_t n,
                             int64_t rows) {
  typedef typename Register<W>::loose loose;
  for (; rows > 0; rows--, src += src_pitch, dst += dst_pitch) {
    if (n >= W) {
      for (int64_t i = 0; i + W < n; i += W)
        *reinterpret_cast<loose *>(dst + i) = *reinterpret_cast<const loose *>(src + i);
      *reinterpret_cast<loose *>(dst + n - W) = *reinterpret_cast<const loose *>(src + n - W);
    } else if (W > 8 && n >= 8) {
      copy_ends < W<8 ? W : 8>(src, dst, n);
    } else if (n >= 4) {
      copy_ends<4>(src, dst, n);
    } else {
      for (int64_t i = 0; i < n; i++) dst[i] = src[i];
    }
  }
}

// N rows at once.
template <int W, int N> ALWAYS_INLINE void product_rows(const MatrixArgs &a, int64_t row) {
  typedef typename Register<W>::loose reg;
  constexpr int R = LANES / W;
  const float *const left = a.left + row * a.left_row;
  float *const sums = a.sums + row * a.sums_row;
  const int64_t left_row = a.left_row, right_step = a.right_step, sums_row = a.sums_row, steps = a.steps;
  reg sum[N][R];
#define EACH_SUM UNROLL for (int n = 0; n < N; n++) UNROLL for (int r = 0; r < R; r++)
  if (a.first) {
    EACH_SUM sum[n][r] = reg{};
  } else {
    EACH_SUM sum[n][r] = *reinterpret_cast<const reg *>(sums + n * sums_row + r * W);
  }
  const float *right = a.right;
  for (int64_t s = 0; s < steps; s++, right += right_step)
    EACH_SUM sum[n][r] += *reinterpret_cast<const reg *>(right + r * W) * left[n * left_row + s];
  EACH_SUM *reinterpret_cast<reg *>(sums + n * sums_row + r * W) = sum[n][r];
#undef EACH_SUM
}

template <int W, int HELD> ALWAYS_INLINE void product_body(const MatrixArgs &a) {
  constexpr int N = HELD / 2 * W / LANES < 1 ? 1 : HELD / 2 * W / LANES;
  int64_t row = 0;
  for (; row + N <= a.rows; row += N) product_rows<W, N>(a, row);
  for (; row < a.rows; row++) product_rows<W, 1>(a, row);
}

// An instruction set: its functions, and their table.
#define KERNELS(isa, W, held, attribute)                                                             \
  struct isa {                                                                                       \
    template <int S, int QD, int QH, int QW, int V> attribute static void lanes(const LaneArgs &a) { \
      lanes_tile<Single, W, held, S, QD, QH, QW, V>(a);                                              \
    }                                                                                                \
    template <int S, int TH, int TW> attribute static void taps(const TapArgs &a) {                  \
      taps_plane<W, held, S, TH, TW>(a);                                                             \
    }                                                                                                \
    attribute static void turn(const float *const rows[LANES], float *dst, int64_t pitch) {          \
      turn_body<W>(rows, dst, pitch);                                                                \
    }                                                                                                \
    attribute static void copy(const float *src, int64_t src_pitch, float *dst, int64_t dst_pitch,   \
                               int64_t n, int64_t rows) {                                            \
      copy_body<W>(src, src_pitch, dst, dst_pitch, n, rows);                                         \
    }                                                                                                \
    attribute static void product(const MatrixArgs &a) { product_body<W, held>(a); }                 \
  };

#define TABLE(isa) \
  { {LANE_ROW(isa, 1), LANE_ROW(isa, 2)}, TAP_ROWS(isa), isa::turn, isa::copy, isa::product, }

KERNELS(Plain, 4, 8, )
const Kernels plain = TABLE(Plain);

#if defined(__x86_64__) && defined(__GNUC__)
KERNELS(Avx2, 8, 8, __attribute__((target("avx2,fma"))))
KERNELS(Avx512, 16, 16,
        __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512"))))
const Kernels avx2 = TABLE(Avx2);
const Kernels avx512 = TABLE(Avx512);
#endif

} // namespace

#if defined(__x86_64__) && defined(__GNUC__)
static bool has_amx() {
#if defined(__clang__)
  return false; // see kernels_amx.cpp
#else
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16");
#endif
}
#endif

// ATEN_CPU_CAPABILITY restricts ATen's kernels and these: default, avx2, or avx512 (without AMX).
int simd_level() {
#if defined(__x86_64__) && defined(__GNUC__)
  const char *const most = std::getenv("ATEN_CPU_CAPABILITY");
  const int level = !most ? 3 : !std::strcmp(most, "default") ? 0 : !std::strcmp(most, "avx2") ? 1 : 2;
  if (level > 1 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    return level > 2 && has_amx() ? 3 : 2;
  if (level > 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}

static const Kernels &choose() {
#if defined(__x86_64__) && defined(__GNUC__)
  const int level = simd_level();
  if (level) return level >= 2 ? avx512 : avx2;
#endif
  return plain;
}

const Kernels &kernels_here() {
  static const Kernels &chosen = choose();
  return chosen;
}

} // namespace voxgan
