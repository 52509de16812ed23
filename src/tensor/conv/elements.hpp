// elements.hpp: the two types of elements, fp32 and bf16, and what the loops over them need.
#ifndef VG_TENSOR_ELEMENTS_HPP
#define VG_TENSOR_ELEMENTS_HPP
#include "tensor/conv/conv.hpp"
#include "tensor/conv/kernel/conv_kernels.hpp"
#include <algorithm>
#include <cstring>

namespace voxgan {
namespace {

// The differences between the two types. PAIR: neighbours along W that one product takes.
struct Full {
  typedef float element;
  static constexpr int64_t PAIR = 1;
  static LaneKernel lanes(int64_t step, int shape) { return kernels_here().lanes[step - 1][shape]; }
  static TapKernel taps(int64_t step, int h, int w) { return kernels_here().taps[step - 1][h][w]; }
  static CopyKernel copy() { return kernels_here().copy; }
  static float wide(float v) { return v; }
  static void row(const float *a, float bias, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = a[i] + bias;
  }
  static void pairs(const float *a, const float *b, float bias, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
      out[2 * i] = a[i] + bias;
      out[2 * i + 1] = b[i] + bias;
    }
  }
  static void weights(const float *const *rows, int64_t n, float *out) {
    for (int64_t i = 0; i < n; i++) std::copy_n(rows[i], LANES, out + i * LANES);
  }
  static void part(const float *, float *, int64_t) {}
};

struct Half {
  typedef uint16_t element;
  static constexpr int64_t PAIR = 2;
  static const HalfKernels &kernels() { return *half_kernels_here(); }
  static LaneKernel lanes(int64_t step, int shape) { return kernels().lanes[step - 1][shape]; }
  static TapKernel taps(int64_t step, int h, int w) { return kernels().taps[step - 1][h][w]; }
  static HalfCopyKernel copy() { return kernels().copy; }
  static float wide(uint16_t v) {
    const uint32_t bits = static_cast<uint32_t>(v) << 16;
    float f;
    std::memcpy(&f, &bits, sizeof f);
    return f;
  }
  static void row(const float *a, float bias, uint16_t *out, int64_t n) { kernels().round(a, bias, out, n); }
  static void pairs(const float *a, const float *b, float bias, uint16_t *out, int64_t n) {
    kernels().round_pairs(a, b, bias, out, n);
  }
  static void weights(const float *const *rows, int64_t n, float *out) { kernels().weights(rows, n, out); }
  // The n elements of even index, then those of odd index.
  static void part(const uint16_t *src, uint16_t *dst, int64_t n) { kernels().part(src, dst, dst + n, n); }
};

template <class E> typename E::element *plane_of(const Planes &p, int64_t n, int64_t c, int64_t volume) {
  const int i = c < p.channels[0] ? 0 : 1;
  if (!p.part[i]) return nullptr;
  return static_cast<typename E::element *>(p.part[i]) + n * p.batch_stride[i] +
         (i ? c - p.channels[0] : c) * volume;
}

} // namespace
} // namespace voxgan
#endif
