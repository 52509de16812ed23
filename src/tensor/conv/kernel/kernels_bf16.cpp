// kernels_bf16.cpp: see HalfKernels in conv_kernels.hpp. The whole file is compiled for AVX512-BF16, and
// so includes nothing whose functions other files might share.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" // of its own header, GCC 12 says
#include <immintrin.h>
#include "tensor/conv/kernel/register_loops.hpp"

namespace voxgan {
namespace {

ALWAYS_INLINE __m512bh two_everywhere(const uint16_t *x) {
  int two;
  __builtin_memcpy(&two, x, sizeof two);
  return (__m512bh)_mm512_set1_epi32(two);
}

struct Pair {
  typedef uint16_t element;
  static constexpr int TAPS = 2;
  template <class R> static ALWAYS_INLINE void add(R &sum, const R &w, const uint16_t *x) {
    sum = (R)_mm512_dpbf16_ps((__m512)sum, (__m512bh)w, two_everywhere(x));
  }
};

// Positions q and q + 1 see two neighbouring voxels through tap t: from q + t on at stride 1. At stride 2 the
// voxels are split by parity, and the two begin at q + t / 2.
template <int S, int TH, int TW> void taps_plane(const TapArgs &a) {
  __m512 sum[TH][TW];
#define EACH_TAP UNROLL for (int h = 0; h < TH; h++) UNROLL for (int w = 0; w < TW; w++)
  EACH_TAP sum[h][w] = _mm512_setzero_ps();
  const int64_t x_row = a.x_row, x_odd = a.x_odd;
  for (int64_t qd = 0; qd < a.q[0]; qd++)
    for (int64_t qh = 0; qh < a.q[1]; qh++) {
      const uint16_t *from = static_cast<const uint16_t *>(a.x) + qd * a.q_plane + qh * a.q_row;
      const float *g = a.g + qd * a.g_plane + qh * a.g_row;
      for (const float *end = g + a.q[2] * LANES; g < end; g += LANES, from += 2) {
        const __m512bh gv = (__m512bh)_mm512_load_ps(g);
        EACH_TAP sum[h][w] = _mm512_dpbf16_ps(
            sum[h][w], gv, two_everywhere(from + h * x_row + (S == 1 ? w : w / 2 + (w % 2 ? x_odd : 0))));
      }
    }
  EACH_TAP {
    float *const to = a.sums + (h * TW + w) * LANES;
    _mm512_store_ps(to, _mm512_add_ps(_mm512_load_ps(to), sum[h][w]));
  }
#undef EACH_TAP
}

struct Bf16 {
  template <int S, int QD, int QH, int QW, int V> static void lanes(const LaneArgs &a) {
    lanes_tile<Pair, 16, 16, S, QD, QH, QW, V>(a);
  }
  template <int S, int TH, int TW> static void taps(const TapArgs &a) { taps_plane<S, TH, TW>(a); }
};

template <class V> ALWAYS_INLINE void copy_ends(const uint16_t *src, uint16_t *dst, int64_t n) {
  constexpr int64_t held = sizeof(V) / 2;
  V a, b;
  __builtin_memcpy(&a, src, sizeof a);
  __builtin_memcpy(&b, src + n - held, sizeof b);
  __builtin_memcpy(dst, &a, sizeof a);
  __builtin_memcpy(dst + n - held, &b, sizeof b);
}

void copy(const uint16_t *src, int64_t src_pitch, uint16_t *dst, int64_t dst_pitch, int64_t n, int64_t rows) {
  for (; rows > 0; rows--, src += src_pitch, dst += dst_pitch) {
    if (n >= 32) {
      for (int64_t i = 0; i + 32 < n; i += 32) _mm512_storeu_si512(dst + i, _mm512_loadu_si512(src + i));
      _mm512_storeu_si512(dst + n - 32, _mm512_loadu_si512(src + n - 32));
    } else if (n >= 16) {
      copy_ends<__m256i>(src, dst, n);
    } else if (n >= 8) {
      copy_ends<__m128i>(src, dst, n);
    } else if (n >= 4) {
      copy_ends<int64_t>(src, dst, n);
    } else {
      for (int64_t i = 0; i < n; i++) dst[i] = src[i];
    }
  }
}

ALWAYS_INLINE __m256i rounded(const float *a, __mmask16 here, __m512 bias) {
  return (__m256i)_mm512_cvtneps_pbh(_mm512_add_ps(_mm512_maskz_loadu_ps(here, a), bias));
}

ALWAYS_INLINE __mmask16 first_of(int64_t n) {
  return n >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << n) - 1);
}

void round(const float *a, float bias, uint16_t *dst, int64_t n) {
  const __m512 b = _mm512_set1_ps(bias);
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 here = first_of(n - i);
    _mm256_mask_storeu_epi16(dst + i, here, rounded(a + i, here, b));
  }
}

void round_pairs(const float *a, const float *b, float bias, uint16_t *dst, int64_t n) {
  const __m512 add = _mm512_set1_ps(bias);
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 here = first_of(n - i);
    const __m512i even = _mm512_cvtepu16_epi32(rounded(a + i, here, add)),
                  odd = _mm512_cvtepu16_epi32(rounded(b + i, here, add));
    _mm512_mask_storeu_epi32(dst + 2 * i, here, _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
  }
}

void weights(const float *const *rows, int64_t n, float *dst) {
  alignas(64) static const uint16_t order[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                 21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i interleaved = _mm512_load_si512(order);
  for (int64_t i = 0; i < n; i++) {
    const __m512bh both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(rows[2 * i + 1]), _mm512_loadu_ps(rows[2 * i]));
    _mm512_storeu_si512(dst + i * LANES, _mm512_permutexvar_epi16(interleaved, (__m512i)both));
  }
}

void part(const uint16_t *src, uint16_t *even, uint16_t *odd, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 here = first_of(n - i);
    const __m512i both = _mm512_maskz_loadu_epi32(here, src + 2 * i);
    _mm256_mask_storeu_epi16(even + i, here, _mm512_cvtepi32_epi16(both));
    _mm256_mask_storeu_epi16(odd + i, here, _mm512_cvtepi32_epi16(_mm512_srli_epi32(both, 16)));
  }
}

const HalfKernels kernels = {
    {LANE_ROW(Bf16, 1), LANE_ROW(Bf16, 2)}, TAP_ROWS(Bf16), copy, round, round_pairs, weights, part,
};

} // namespace

const HalfKernels *half_kernels_here() {
  static const bool can = simd_level() >= 2 && __builtin_cpu_supports("avx512bf16");
  return can ? &kernels : nullptr;
}

} // namespace voxgan

#else
#include "tensor/conv/kernel/conv_kernels.hpp"

namespace voxgan {

const HalfKernels *half_kernels_here() {
  return nullptr;
}

} // namespace voxgan
#endif
